"""Files of votes: the spellings in the wild, and every fault with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import InvalidRequest
from assistant.ratings.comparisons import BOTH_BAD, FIRST, SECOND, TIE
from assistant.ratings.vote_file import read_votes


def written(folder: Path, text: str, name: str = "votes.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("winner", "outcome"),
    [
        ("model_a", FIRST),
        ("MODEL_B", SECOND),
        ("Model A", FIRST),
        ("gpt", FIRST),
        ("GPT", FIRST),
        ("Claude", SECOND),
        ("tie", TIE),
        ("Tie", TIE),
        ("draw", TIE),
        ("both_bad", BOTH_BAD),
        ("Both Bad", BOTH_BAD),
        ("bothbad", BOTH_BAD),
        ("both-bad", BOTH_BAD),
        ("tie (bothbad)", BOTH_BAD),
        ("Tie (both bad)", BOTH_BAD),
        ("bothbad_vote", BOTH_BAD),
        ("neither", BOTH_BAD),
        ("leftvote", FIRST),
        ("rightvote", SECOND),
        ("tievote", TIE),
    ],
)
def test_winners_as_they_are_written(tmp_path: Path, winner: str, outcome: int) -> None:
    held = read_votes(written(tmp_path, f"model_a,model_b,winner\ngpt,Claude,{winner}\n"))
    assert held.names == ("gpt", "Claude")
    assert held.outcomes.tolist() == [outcome]


def test_a_name_goes_before_a_word(tmp_path: Path) -> None:
    text = "model_a,model_b,winner\nmodel_b,model_a,model_a\ntie,b,tie\nA,B,B\n"
    assert read_votes(written(tmp_path, text)).outcomes.tolist() == [SECOND, FIRST, SECOND]


def test_columns_in_any_order_case_and_delimiter(tmp_path: Path) -> None:
    text = "﻿Winner;id;MODEL_B;Model_A\nx;1;y;x\n\ntie;2;x;y\n"
    held = read_votes(written(tmp_path, text))
    assert held.names == ("x", "y")
    assert list(zip(held.first, held.second, held.outcomes, strict=True)) == [
        (0, 1, FIRST),
        (1, 0, TIE),
    ]


def test_jsonl(tmp_path: Path) -> None:
    text = '{"model_a": "x", "model_b": 2, "winner": "model_b", "turn": 1}\n\n'
    held = read_votes(written(tmp_path, text, "votes.jsonl"))
    assert held.names == ("x", "2") and held.outcomes.tolist() == [SECOND]


def test_every_fault_has_its_line(tmp_path: Path) -> None:
    text = "model_a,model_b,winner\nx,y,x\n,y,y\nx,NaN,x\nx,x,tie\nx,y,z\nx,y\nx,y,\n"
    with pytest.raises(InvalidRequest) as raised:
        read_votes(written(tmp_path, text))
    said = str(raised.value)
    for fault in (
        "6 faulty lines, so nothing was rated",
        "line 3: model_a is empty",
        "line 4: model_b is empty",
        "line 5: “x” is compared with itself",
        "line 6: winner “z” is neither of the two",
        "line 7: the row ends before its last column",
        "line 8: winner is empty",
    ):
        assert fault in said


def test_faults_of_jsonl(tmp_path: Path) -> None:
    lines = ['{"model_a": NaN, "model_b": "y", "winner": "y"}', "[1]", "{", '{"model_a": null}']
    with pytest.raises(InvalidRequest) as raised:
        read_votes(written(tmp_path, "\n".join(lines), "votes.jsonl"))
    said = str(raised.value)
    assert "line 1: model_a is empty" in said and "line 2: this is not a JSON object" in said
    assert "line 3" in said and "line 4" in said


def test_many_faults_are_cut_short(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"300 faulty lines.*and 280 more\.$"):
        read_votes(written(tmp_path, "model_a,model_b,winner\n" + "x,y,z\n" * 300))


@pytest.mark.parametrize("text", ["", "a,b,c\n1,2,3\n", "model_a,winner\nx,x\n"])
def test_missing_columns_are_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"no column .*model_b"):
        read_votes(written(tmp_path, text))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_votes(tmp_path / "none.csv")
    (tmp_path / "x.csv").write_bytes(b"model_a,model_b,winner\n\xff\xfe,y,y\n")
    with pytest.raises(InvalidRequest, match="not text in UTF-8"):
        read_votes(tmp_path / "x.csv")


def test_a_file_without_votes(tmp_path: Path) -> None:
    held = read_votes(written(tmp_path, "model_a,model_b,winner\n"))
    assert len(held) == 0 and held.names == ()
