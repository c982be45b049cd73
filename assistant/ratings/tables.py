"""The tables of a report as rows to take away, with the same keys in every row of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from assistant.ratings.report import Part, Report

Row = dict[str, object]


def rating_rows(held: Report) -> list[Row]:
    return [asdict(one) for one in held.kinds.ratings]


def version_rows(held: Report) -> list[Row]:
    return [{"kind": held.kind_of[one.contender], **asdict(one)} for one in held.versions.ratings]


def pair_rows(held: Report) -> list[Row]:
    return [asdict(pair) for pair in held.kinds.pairs]


def day_rows(held: Report) -> list[Row]:
    return [{"day": day.day, "n": day.n} | dict(day.ratings.items()) for day in held.days]


def topic_rows(held: Report) -> list[Row]:
    return _part_rows("document", held.topics)


def voter_rows(held: Report) -> list[Row]:
    return _part_rows("voter", held.voters)


def bias_rows(held: Report) -> list[Row]:
    return [asdict(share) for share in (*held.biases, held.with_oneself)]


TABLES: dict[str, Callable[[Report], list[Row]]] = {
    "ratings": rating_rows,
    "versions": version_rows,
    "pairs": pair_rows,
    "days": day_rows,
    "topics": topic_rows,
    "voters": voter_rows,
    "biases": bias_rows,
}


def _part_rows(title: str, parts: Sequence[Part]) -> list[Row]:
    return [
        {title: part.name, "votes": part.n, **asdict(rating)}
        for part in parts
        for rating in part.ratings
        if rating.n
    ]
