"""Votes counted: wins, losses, ties, win rates with their intervals, mean marks, and days.

Blind votes rate; open ones, given after the names were seen, are counted apart from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np

from assistant.ratings.comparisons import (
    BOTH_BAD,
    FIRST,
    SECOND,
    TIE,
    Bools,
    Comparisons,
    Ints,
)
from assistant.ratings.judgements import Judgements, of_counted
from assistant.records import CRITERIA, KINDS, ContenderKind, CountedVote

Cell = str | int | float | None

_Z_95 = 1.959963984540054  # two-sided 95 % of the standard normal distribution


@dataclass(frozen=True, slots=True)
class Score:
    """n votes by outcome. win_rate, low and high: in [0, 1], None where there are no votes.

    A tie and a both-bad count as half a win. low, high: Wilson's 95 % interval.
    """

    n: int
    wins: int
    losses: int
    ties: int
    both_bad: int
    win_rate: float | None
    low: float | None
    high: float | None


_NO_SCORE = Score(0, 0, 0, 0, 0, None, None, None)


@dataclass(frozen=True, slots=True)
class MeanMark:
    """The mean, from 1 to 5, of the n marks given by one criterion."""

    criterion: str
    mean: float
    n: int


@dataclass(frozen=True, slots=True)
class Day:
    """The score of everything up to the end of a day of UTC, written as 2026-11-30."""

    day: str
    score: Score


@dataclass(frozen=True, slots=True)
class Standing:
    """How one contender fares against another, or against all (`against` None).

    contender, against: a kind, or a version's id. kind, against_kind: of those versions. marks:
    what the contender's answers got; against_marks: what the other's got in the same votes. days:
    one for each day that had votes, oldest first, cumulative.
    """

    contender: str
    kind: ContenderKind
    against: str | None
    against_kind: ContenderKind | None
    score: Score
    marks: tuple[MeanMark, ...]
    against_marks: tuple[MeanMark, ...]
    days: tuple[Day, ...]

    def row(self) -> dict[str, Cell]:
        """One line of a table, with the same keys for every standing."""
        means = {mark.criterion: mark.mean for mark in self.marks}
        return {
            "contender": self.contender,
            "against": self.against or "all",
            "n": self.score.n,
            "wins": self.score.wins,
            "losses": self.score.losses,
            "ties": self.score.ties,
            "both_bad": self.score.both_bad,
            "win_rate": self.score.win_rate,
            "low": self.score.low,
            "high": self.score.high,
            **{criterion: means.get(criterion) for criterion in CRITERIA},
        }


@dataclass(frozen=True, slots=True)
class Tally:
    """n votes by kind of contender and, finer, by version; every pair stands here once.

    A vote between two versions of one kind says nothing of the kind, and one between a version and
    itself nothing at all: they are left out of those scores, but not out of the marks.
    """

    n: int
    contenders: tuple[Standing, ...]
    pairs: tuple[Standing, ...]
    versions: tuple[Standing, ...]
    version_pairs: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Tallies:
    """Blind votes and open votes, each counted by itself."""

    blind: Tally
    open: Tally

    def rows(self) -> list[dict[str, Cell]]:
        """A table of the kinds: each against all, then each pair; blind votes first."""
        return [
            {"votes": name, **standing.row()}
            for name, tally in (("blind", self.blind), ("open", self.open))
            for standing in (*tally.contenders, *tally.pairs)
        ]

    def version_rows(self) -> list[dict[str, Cell]]:
        """The same table of the versions, with the kind of each."""
        return [
            {
                "votes": name,
                "kind": standing.kind,
                "against_kind": standing.against_kind or "all",
                **standing.row(),
            }
            for name, tally in (("blind", self.blind), ("open", self.open))
            for standing in (*tally.versions, *tally.version_pairs)
        ]


def tally(votes: Sequence[CountedVote]) -> Tallies:
    """Count votes, in whatever order they come."""
    return tally_of(of_counted(votes))


def tally_of(held: Judgements, versions: bool = True) -> Tallies:
    """Count votes by kind and, where asked for, by version."""
    return Tallies(
        blind=_tally(held, held.blind, versions), open=_tally(held, ~held.blind, versions)
    )


def wilson_interval(wins: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a proportion.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n) with p = wins/n (E. B. Wilson, Probable
    Inference, the Law of Succession, and Statistical Inference, JASA 22, 1927, p. 209-212). wins
    may hold halves: half a win varies less than a coin does, so the interval is then wider than it
    need be, never narrower. Raises ValueError unless 0 <= wins <= n and n >= 1.
    """
    if n < 1 or not 0 <= wins <= n:
        raise ValueError(f"{wins} wins of {n} are no proportion")
    rate, z2 = wins / n, _Z_95**2
    centre = rate + z2 / (2 * n)
    half_width = _Z_95 * sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    scale = 1 + z2 / n
    return max(0.0, (centre - half_width) / scale), min(1.0, (centre + half_width) / scale)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Votes between K contenders: `days` (D,) since 1970 of those that had votes, and cumulative
    counts (D, K, K, 4) by outcome, seen from the row; marks (own, other) by side of each vote."""

    days: Ints
    counts: Ints
    marks: dict[tuple[int, int], list[tuple[dict[str, int], dict[str, int]]]]


def _tally(held: Judgements, among: Bools, versions: bool) -> Tally:
    by_kind: dict[str, ContenderKind] = {kind: kind for kind in KINDS}
    kinds = _counted(held, held.by_kind(), among)
    contenders, pairs = _against_all(kinds, by_kind), _in_pairs(kinds, by_kind)
    if not versions:
        return Tally(int(among.sum()), contenders, pairs, (), ())
    by_version = {one.id: one.kind for one in held.contenders}
    each = _counted(held, held.by_version(), among)
    return Tally(
        n=int(among.sum()),
        contenders=contenders,
        pairs=pairs,
        versions=_against_all(each, by_version),
        version_pairs=_in_pairs(each, by_version),
    )


def _counted(held: Judgements, compared: Comparisons, among: Bools) -> _Counted:
    size = len(compared.names)
    days, day = np.unique(held.days[among], return_inverse=True)
    chosen = compared.chosen(among)
    cells = ((day * size + chosen.first) * size + chosen.second) * 4 + chosen.outcomes
    shape = (len(days), size, size, 4)
    left = np.bincount(cells, minlength=len(days) * size * size * 4).reshape(shape)
    # From the other side a win is a loss.
    counts = left + left.swapaxes(1, 2)[..., [SECOND, FIRST, TIE, BOTH_BAD]]
    marks: dict[tuple[int, int], list[tuple[dict[str, int], dict[str, int]]]] = {}
    columns = held.columns
    for row in np.flatnonzero(among & columns.marked).tolist():
        given = columns.marks[row]
        own, other = given.get("left", {}), given.get("right", {})
        one, two = int(compared.first[row]), int(compared.second[row])
        marks.setdefault((one, two), []).append((own, other))
        marks.setdefault((two, one), []).append((other, own))
    return _Counted(days, counts.cumsum(axis=0), marks)


def _against_all(held: _Counted, kinds: dict[str, ContenderKind]) -> tuple[Standing, ...]:
    """Whoever is in a vote at all, also in one against another version of the same."""
    if not len(held.days):
        return ()
    found = []
    for index, (key, kind) in enumerate(kinds.items()):
        if held.counts[-1, index].any():
            among = held.counts[:, index].sum(axis=1) - held.counts[:, index, index]
            given = [
                (other, marks)
                for (own, other), all_ in held.marks.items()
                if own == index
                for marks in all_
            ]
            found.append(
                _standing(
                    (key, kind),
                    (None, None),
                    _days(held.days, among),
                    [own for _, (own, _) in given],
                    [theirs for other, (_, theirs) in given if other != index],
                )
            )
    return tuple(found)


def _in_pairs(held: _Counted, kinds: dict[str, ContenderKind]) -> tuple[Standing, ...]:
    if not len(held.days):
        return ()
    named = list(kinds.items())
    found = []
    for one, other in combinations(range(len(named)), 2):
        if held.counts[-1, one, other].any():
            given = held.marks.get((one, other), [])
            found.append(
                _standing(
                    named[one],
                    named[other],
                    _days(held.days, held.counts[:, one, other]),
                    [own for own, _ in given],
                    [theirs for _, theirs in given],
                )
            )
    return tuple(found)


def _standing(
    own: tuple[str, ContenderKind],
    other: tuple[str, ContenderKind] | tuple[None, None],
    days: tuple[Day, ...],
    own_marks: Sequence[dict[str, int]],
    other_marks: Sequence[dict[str, int]],
) -> Standing:
    return Standing(
        contender=own[0],
        kind=own[1],
        against=other[0],
        against_kind=other[1],
        score=days[-1].score if days else _NO_SCORE,
        marks=_means(own_marks),
        against_marks=_means(other_marks),
        days=days,
    )


def _days(days: Ints, counts: Ints) -> tuple[Day, ...]:
    """days: (D,) since 1970. counts: (D, 4), cumulative; a day without more votes is left out."""
    totals = counts.sum(axis=1)
    more = np.flatnonzero(np.diff(totals, prepend=0))
    names = np.datetime_as_string(days[more].astype("datetime64[D]")).tolist()
    return tuple(
        Day(name, _score(*row)) for name, row in zip(names, counts[more].tolist(), strict=True)
    )


def _score(wins: int, losses: int, ties: int, both_bad: int) -> Score:
    n = wins + losses + ties + both_bad
    points = wins + (ties + both_bad) / 2
    return Score(n, wins, losses, ties, both_bad, points / n, *wilson_interval(points, n))


def _means(marks: Sequence[dict[str, int]]) -> tuple[MeanMark, ...]:
    by_criterion = {
        criterion: [own[criterion] for own in marks if criterion in own] for criterion in CRITERIA
    }
    return tuple(
        MeanMark(criterion, sum(values) / len(values), len(values))
        for criterion, values in by_criterion.items()
        if values
    )
