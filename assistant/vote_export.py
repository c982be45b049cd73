"""Votes as text to take away: one row a vote, CSV for spreadsheets and JSONL for programs.

Voters are numbered in the order of their first votes; what identifies them is left out.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

from assistant.records import CRITERIA, CountedVote

_MARKED = [(side, criterion) for side in ("left", "right") for criterion in CRITERIA]
_HEADER = (
    *("comparison", "question", "left", "left_version", "right", "right_version", "choice"),
    *("blind", "comment", "voter", "time"),
    *(f"{side}_{criterion}" for side, criterion in _MARKED),
)
# What spreadsheets take for the beginning of a formula, with the full-width forms:
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def votes_jsonl(votes: Sequence[CountedVote]) -> str:
    """One JSON object a line, with the marks as they were given: side, criterion, 1 to 5."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _rows(votes))


def votes_csv(votes: Sequence[CountedVote]) -> str:
    """RFC 4180 with a header line; a column for each side's mark by each criterion.

    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, _HEADER)
    writer.writeheader()
    for row in _rows(votes):
        marks = row.pop("marks")
        for side, criterion in _MARKED:
            row[f"{side}_{criterion}"] = marks.get(side, {}).get(criterion, "")
        writer.writerow({name: harmless(cell) for name, cell in row.items()})
    return text.getvalue()


def rows_csv(rows: Sequence[Mapping[str, object]]) -> str:
    """A table as CSV, its columns those of the first row; harmless as the votes are."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows({name: harmless(cell) for name, cell in row.items()} for row in rows)
    return text.getvalue()


def _rows(votes: Sequence[CountedVote]) -> Iterable[dict[str, Any]]:
    numbers: dict[str, int] = {}
    ids = {side: side.id for side in {side for vote in votes for side in (vote.left, vote.right)}}
    for counted in sorted(votes, key=lambda counted: counted.vote.created_at):
        vote = counted.vote
        yield {
            "comparison": vote.comparison_id,
            "question": counted.question,
            "left": counted.left.kind,
            "left_version": ids[counted.left],
            "right": counted.right.kind,
            "right_version": ids[counted.right],
            "choice": vote.choice,
            "blind": vote.blind,
            "marks": vote.marks,
            "comment": vote.comment,
            "voter": numbers.setdefault(vote.voter, len(numbers) + 1),
            "time": vote.created_at.astimezone(UTC).isoformat(),
        }


def harmless(cell: object) -> object:
    """The cell, with an apostrophe before a text that a spreadsheet would run as a formula."""
    if isinstance(cell, str) and (
        cell.startswith(_FORMULA_STARTS) or cell.lstrip().startswith(_FORMULA_STARTS)
    ):
        return "'" + cell
    return cell
