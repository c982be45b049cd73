"""Votes counted: wins, losses, ties, win rates with their intervals, mean marks, and days.

Blind votes rate; open ones, given after the names were seen, are counted apart from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby
from math import sqrt
from typing import Literal

from assistant.records import CRITERIA, KINDS, Choice, Contender, ContenderKind, CountedVote

Outcome = Literal["win", "loss", "tie", "both_bad"]
Cell = str | int | float | None

_Z_95 = 1.959963984540054  # two-sided 95 % of the standard normal distribution

_LEFT_OUTCOMES: dict[Choice, Outcome] = {
    "left": "win",
    "right": "loss",
    "tie": "tie",
    "both_bad": "both_bad",
}
_RIGHT_OUTCOMES: dict[Choice, Outcome] = _LEFT_OUTCOMES | {"left": "loss", "right": "win"}


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


@dataclass(frozen=True, slots=True)
class _Seen:
    """A vote as seen from one of its sides."""

    own: str
    other: str
    outcome: Outcome
    day: str
    own_marks: dict[str, int]
    other_marks: dict[str, int]


def tally(votes: Sequence[CountedVote]) -> Tallies:
    """Count votes, in whatever order they come."""
    ordered = sorted(votes, key=lambda counted: counted.vote.created_at)
    return Tallies(
        blind=_tally([counted for counted in ordered if counted.vote.blind]),
        open=_tally([counted for counted in ordered if not counted.vote.blind]),
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


def _tally(votes: Sequence[CountedVote]) -> Tally:
    sides = dict.fromkeys(side for counted in votes for side in (counted.left, counted.right))
    ids = {side: side.id for side in sides}  # each is a hash of the whole, made once
    by_kind: dict[str, ContenderKind] = {kind: kind for kind in KINDS}
    versions = sorted(ids, key=lambda version: KINDS.index(version.kind))
    by_version = {ids[version]: version.kind for version in versions}
    kind_views = _views(votes, lambda contender: contender.kind)
    version_views = _views(votes, lambda contender: ids[contender])
    return Tally(
        n=len(votes),
        contenders=_against_all(kind_views, by_kind),
        pairs=_in_pairs(kind_views, by_kind),
        versions=_against_all(version_views, by_version),
        version_pairs=_in_pairs(version_views, by_version),
    )


def _views(votes: Iterable[CountedVote], key: Callable[[Contender], str]) -> list[_Seen]:
    """Every vote from both of its sides, oldest first."""
    views = []
    for counted in votes:
        vote = counted.vote
        left, right = key(counted.left), key(counted.right)
        day = vote.created_at.astimezone(UTC).date().isoformat()
        marks = vote.marks.get("left", {}), vote.marks.get("right", {})
        views.append(_Seen(left, right, _LEFT_OUTCOMES[vote.choice], day, *marks))
        views.append(_Seen(right, left, _RIGHT_OUTCOMES[vote.choice], day, *reversed(marks)))
    return views


def _against_all(views: Sequence[_Seen], kinds: dict[str, ContenderKind]) -> tuple[Standing, ...]:
    grouped = {key: [seen for seen in views if seen.own == key] for key in kinds}
    return tuple(
        _standing(key, kind, None, None, grouped[key])
        for key, kind in kinds.items()
        if grouped[key]
    )


def _in_pairs(views: Sequence[_Seen], kinds: dict[str, ContenderKind]) -> tuple[Standing, ...]:
    places = {key: place for place, key in enumerate(kinds)}
    grouped: dict[tuple[str, str], list[_Seen]] = {}
    for seen in views:
        if places[seen.own] < places[seen.other]:
            grouped.setdefault((seen.own, seen.other), []).append(seen)
    pairs = sorted(grouped, key=lambda pair: (places[pair[0]], places[pair[1]]))
    return tuple(
        _standing(own, kinds[own], other, kinds[other], grouped[own, other]) for own, other in pairs
    )


def _standing(
    own: str,
    kind: ContenderKind,
    other: str | None,
    other_kind: ContenderKind | None,
    views: Sequence[_Seen],
) -> Standing:
    scored = [seen for seen in views if seen.own != seen.other]
    return Standing(
        contender=own,
        kind=kind,
        against=other,
        against_kind=other_kind,
        score=_score([seen.outcome for seen in scored]),
        marks=_means(seen.own_marks for seen in views),
        against_marks=_means(seen.other_marks for seen in scored),
        days=_days(scored),
    )


def _score(outcomes: Sequence[Outcome]) -> Score:
    n = len(outcomes)
    wins, losses = outcomes.count("win"), outcomes.count("loss")
    ties, both_bad = outcomes.count("tie"), outcomes.count("both_bad")
    if not n:
        return Score(0, 0, 0, 0, 0, None, None, None)
    points = wins + (ties + both_bad) / 2
    return Score(n, wins, losses, ties, both_bad, points / n, *wilson_interval(points, n))


def _means(given: Iterable[dict[str, int]]) -> tuple[MeanMark, ...]:
    marks = list(given)
    by_criterion = {
        criterion: [own[criterion] for own in marks if criterion in own] for criterion in CRITERIA
    }
    return tuple(
        MeanMark(criterion, sum(values) / len(values), len(values))
        for criterion, values in by_criterion.items()
        if values
    )


def _days(views: Sequence[_Seen]) -> tuple[Day, ...]:
    outcomes: list[Outcome] = []
    days = []
    for day, group in groupby(views, key=lambda seen: seen.day):
        outcomes += [seen.outcome for seen in group]
        days.append(Day(day, _score(outcomes)))
    return tuple(days)
