"""Votes taken away: one row each, nothing that names a voter, nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from assistant.records import Contender, CountedVote, Decoding, Vote
from assistant.vote_export import votes_csv, votes_jsonl

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
RAG = Contender("rag", "a1", "builtin", None, None, 3, None, "cd" * 32, Decoding())
TUNED = replace(RAG, kind="tuned", run_id="r1", index_generation=None)


def _vote(**changes: Any) -> CountedVote:
    question = changes.pop("question", "How much?")
    plain = Vote("m1", "f00d" * 8, "left", True, NOON)
    return CountedVote(replace(plain, **changes), RAG, TUNED, question)


def _read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_no_votes_are_no_rows() -> None:
    assert votes_jsonl([]) == ""
    assert _read(votes_csv([])) == []
    assert votes_csv([]) == votes_csv([_vote()]).splitlines(keepends=True)[0]


def test_csv_has_a_row_a_vote_and_a_column_a_mark() -> None:
    marks = {"left": {"accuracy": 5}, "right": {"creativity": 1}}
    (row,) = _read(votes_csv([_vote(marks=marks, comment='say "yes",\nor no')]))
    assert row == {
        "comparison": "m1",
        "question": "How much?",
        "left": "rag",
        "left_version": RAG.id,
        "right": "tuned",
        "right_version": TUNED.id,
        "choice": "left",
        "blind": "True",
        "comment": 'say "yes",\nor no',
        "voter": "1",
        "time": "2026-03-04T12:00:00+00:00",
        "left_relevance": "",
        "left_accuracy": "5",
        "left_coherence": "",
        "left_creativity": "",
        "right_relevance": "",
        "right_accuracy": "",
        "right_coherence": "",
        "right_creativity": "1",
    }


def test_jsonl_has_an_object_a_vote() -> None:
    marks = {"left": {"accuracy": 5}}
    text = votes_jsonl([_vote(marks=marks, comment="水\nfresh"), _vote(comparison_id="m2")])
    first, second = (json.loads(line) for line in text.splitlines())
    assert (first["comment"], first["marks"]) == ("水\nfresh", marks)
    assert (first["left"], first["left_version"]) == ("rag", RAG.id)
    assert (second["comparison"], second["blind"]) == ("m2", True)


def test_voters_are_numbered_by_their_first_votes() -> None:
    zone = timezone(timedelta(hours=-3))
    votes = [
        _vote(voter="carol", created_at=NOON + timedelta(2)),
        _vote(voter="bob", created_at=NOON + timedelta(1)),
        _vote(voter="ann", created_at=NOON.astimezone(zone)),
        _vote(voter="ann", created_at=NOON + timedelta(3), blind=False),
    ]
    for text in (votes_csv(votes), votes_jsonl(votes)):
        assert not any(name in text for name in ("ann", "bob", "carol"))
    rows = _read(votes_csv(votes))
    assert [row["voter"] for row in rows] == ["1", "2", "3", "1"]
    assert rows[0]["time"] == "2026-03-04T12:00:00+00:00"
    assert [json.loads(line)["voter"] for line in votes_jsonl(votes).splitlines()] == [1, 2, 3, 1]


@pytest.mark.parametrize(
    "formula",
    [
        '=HYPERLINK("http://example.com")',
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "＝1+1",
        "\N{NO-BREAK SPACE}=1",
    ],
)
@pytest.mark.parametrize("column", ["question", "comment"])
def test_no_cell_begins_a_formula(formula: str, column: str) -> None:
    (row,) = _read(votes_csv([_vote(**{column: formula})]))
    assert row[column] == "'" + formula
    (line,) = [
        json.loads(line) for line in votes_jsonl([_vote(**{column: formula})]).split("\n")[:-1]
    ]
    assert line[column] == formula
