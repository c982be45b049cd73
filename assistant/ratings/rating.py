"""Ratings of contenders from their comparisons, with what is known of each pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

import numpy as np

from assistant.errors import InvalidRequest
from assistant.ratings.bootstrap import bootstrap
from assistant.ratings.bradley_terry import Fit, fit, with_prior
from assistant.ratings.comparisons import Bools, Comparisons, Floats, PairCounts, pair_counts
from assistant.ratings.elo import DEFAULT_K, elo_ratings
from assistant.ratings.sequence import confidence_sequence, more_votes_needed, settled
from retrieval.statistics import sign_test, votes_needed

Method = Literal["bt", "elo"]
METHODS: tuple[Method, ...] = get_args(Method)

MOST_CONTENDERS = 1_000
MOST_ROUNDS = 10_000
_LARGEST_K = 1_000.0
_LARGEST_PRIOR = 100.0
_MOST_FORECASTS = 50  # pairs for which the votes still needed are computed, a few ms each


@dataclass(frozen=True, slots=True)
class RatingSettings:
    """How to rate.

    method: "bt", Bradley-Terry, or "elo", game after game. k: points that a game can move an Elo
    rating. prior: pseudo-votes added to each side of every pair that has met; 0 is the plain
    maximum likelihood. bootstrap: rounds of drawing the comparisons anew; 0 gives no intervals.
    """

    method: Method = "bt"
    k: float = DEFAULT_K
    prior: float = 0.5
    bootstrap: int = 1_000
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises InvalidRequest with every mistake together."""
        faults = []
        if self.method not in METHODS:
            faults.append(f"the method must be one of {', '.join(METHODS)}")
        if not 0 < self.k <= _LARGEST_K:
            faults.append(f"k must be above 0 and at most {_LARGEST_K:.0f}")
        if not 0 <= self.prior <= _LARGEST_PRIOR:
            faults.append(f"the prior must be from 0 to {_LARGEST_PRIOR:.0f}")
        if not 0 <= self.bootstrap <= MOST_ROUNDS:
            faults.append(f"the bootstrap rounds must be from 0 to {MOST_ROUNDS}")
        if faults:
            raise InvalidRequest("Nothing was rated: " + "; ".join(faults) + ".")


@dataclass(frozen=True, slots=True)
class Rating:
    """How one contender fares.

    rating: on the 400/1000 scale, by the method of the settings; low, high: its 95 % interval,
    of Bradley-Terry alone. rank: 1 and the number of contenders of its group whose interval lies
    wholly above this one's. log_strength: Bradley-Terry's, natural log, mean 0 in its group. elo:
    sequential. win_rate: share of the points, ties and both-bads as halves. group: from 1;
    contenders that no chain of comparisons joins are in different ones, and their ratings cannot
    be compared. Whatever cannot be known is None.
    """

    contender: str
    rating: float | None
    low: float | None
    high: float | None
    rank: int | None
    log_strength: float | None
    elo: float | None
    n: int
    wins: int
    losses: int
    ties: int
    both_bad: int
    win_rate: float | None
    group: int | None


@dataclass(frozen=True, slots=True)
class Pair:
    """What the comparisons say of two contenders, seen from the first.

    win_rate: share of the decisive ones; low, high: its interval by the confidence sequence, valid
    however often one looks; winner: who may be named by it. p_value: of the exact sign test, true
    only where the number of votes was fixed before. more_needed: decisive votes from now until a
    winner is named, with a chance of 80 % at the rate so far; 0 where one is, None where it would
    take thousands, or where there are many pairs and this one has few votes. in_one_test: decisive
    votes in all for one sign test at the end to have 80 % power at this rate.
    """

    first: str
    second: str
    n: int
    wins: int
    losses: int
    ties: int
    both_bad: int
    win_rate: float | None
    low: float
    high: float
    winner: str | None
    p_value: float
    more_needed: int | None
    in_one_test: int | None

    @property
    def decisive(self) -> int:
        return self.wins + self.losses


@dataclass(frozen=True, slots=True)
class Ratings:
    """n comparisons rated; `decisive` of them were won by somebody.

    ratings: the best first, those without a rating last. pairs: those that met, in the order of the
    names. groups: the contenders that can be compared with each other, where there is more than one
    group. never_compared: named, but in no comparison. without_maximum: no finite rating fits them,
    which happens only with a prior of 0. rounds_left_out: bootstrap rounds of which the same holds.
    """

    settings: RatingSettings
    n: int
    decisive: int
    ratings: tuple[Rating, ...]
    pairs: tuple[Pair, ...]
    groups: tuple[tuple[str, ...], ...]
    never_compared: tuple[str, ...]
    without_maximum: tuple[str, ...]
    rounds_left_out: int

    def of(self, contender: str) -> Rating | None:
        return next((one for one in self.ratings if one.contender == contender), None)

    def pair(self, one: str, other: str) -> Pair | None:
        """The pair, whichever of the two stands first in it."""
        return next(
            (pair for pair in self.pairs if {pair.first, pair.second} == {one, other}), None
        )


def rate(held: Comparisons, settings: RatingSettings | None = None) -> Ratings:
    """Rate the contenders.

    Raises InvalidRequest for more than MOST_CONTENDERS of them.
    """
    settings = settings or RatingSettings()
    if len(held.names) > MOST_CONTENDERS:
        raise InvalidRequest(
            f"There are {len(held.names)} contenders, and at most {MOST_CONTENDERS} can be rated "
            "together: nothing was rated; leave out those with few votes."
        )
    counts = pair_counts(held)
    games = counts.games
    fitted = fit(with_prior(counts.points, games > 0, settings.prior)[None])
    size = len(held.names)
    low, high, left_out = np.full(size, np.nan), np.full(size, np.nan), 0
    if settings.method == "bt" and settings.bootstrap:
        drawn = bootstrap(
            counts, settings.prior, fitted.strengths[0], settings.bootstrap, settings.seed
        )
        low, high, left_out = drawn.low, drawn.high, drawn.left_out
    elo = elo_ratings(held, settings.k)
    compared = games.sum(axis=1) > 0
    infinite = ~fitted.finite[0] & compared
    numbered = _numbered(fitted, compared)
    members: dict[int, list[str]] = {}
    for name, group in zip(held.names, numbered, strict=True):
        if group is not None:
            members.setdefault(group, []).append(name)
    return Ratings(
        settings=settings,
        n=int(games.sum()) // 2,
        decisive=int(counts.wins.sum()),
        ratings=_ratings(held.names, counts, fitted, (low, high), elo, numbered, settings.method),
        pairs=_pairs(held.names, counts),
        groups=tuple(map(tuple, members.values())) if len(members) > 1 else (),
        never_compared=_named(held.names, ~compared),
        without_maximum=_named(held.names, infinite),
        rounds_left_out=left_out,
    )


def sentences(ratings: Ratings, named: Callable[[str], str] = str) -> list[str]:
    """What to know before reading the ratings; nothing where all is plain. named: for people."""
    said = []
    if not ratings.n:
        said.append("There are no comparisons between two contenders yet, so nothing is rated.")
    elif not ratings.decisive:
        said.append("Every vote is a tie or a both-bad: nothing tells these contenders apart yet.")
    if ratings.groups:
        groups = "; ".join(_listed(group, named) for group in ratings.groups)
        said.append(
            "No chain of comparisons joins these groups, so that ratings can be compared only "
            f"within each: {groups}. One vote across would join two of them."
        )
    if ratings.n and ratings.never_compared:
        said.append(
            f"Never compared, so without a rating: {_listed(ratings.never_compared, named)}."
        )
    if ratings.without_maximum and ratings.settings.method == "bt":
        said.append(
            f"No finite rating fits {_listed(ratings.without_maximum, named)}: some of them lost "
            "no point to the others, and their rating would grow without end. Use a prior of 0.5, "
            "or collect more votes."
        )
    if ratings.rounds_left_out and not ratings.without_maximum:
        said.append(
            f"{ratings.rounds_left_out} of {ratings.settings.bootstrap} bootstrap rounds had no "
            "finite maximum and were left out: the intervals are too narrow; use a prior of 0.5."
        )
    return said


def _ratings(
    names: Sequence[str],
    counts: PairCounts,
    fitted: Fit,
    ends: tuple[Floats, Floats],
    elo: Sequence[float],
    groups: Sequence[int | None],
    method: Method,
) -> tuple[Rating, ...]:
    games, points = counts.games.sum(axis=1), counts.points.sum(axis=1)
    strengths = fitted.strengths[0]
    values = np.asarray(elo) if method == "elo" else fitted.ratings[0]
    values = np.where(games > 0, values, np.nan)
    low, high = ends if np.isfinite(ends[0]).any() else (values, values)
    found = []
    for index, name in enumerate(names):
        group = groups[index]
        rated = isfinite(values[index])
        same = np.array([other == group for other in groups])
        rank = 1 + int(np.sum(low[same] > high[index])) if rated else None
        found.append(
            Rating(
                contender=name,
                rating=_known(values[index]),
                low=_known(ends[0][index]),
                high=_known(ends[1][index]),
                rank=rank,
                log_strength=_known(strengths[index]),
                elo=elo[index] if games[index] else None,
                n=int(games[index]),
                wins=int(counts.wins[index].sum()),
                losses=int(counts.wins[:, index].sum()),
                ties=int(counts.ties[index].sum()),
                both_bad=int(counts.both_bad[index].sum()),
                win_rate=float(points[index] / games[index]) if games[index] else None,
                group=group,
            )
        )
    last = -float("inf")
    return tuple(
        sorted(found, key=lambda one: one.rating if one.rating is not None else last, reverse=True)
    )


def _pairs(names: Sequence[str], counts: PairCounts) -> tuple[Pair, ...]:
    games = counts.games
    first, second = np.nonzero(np.triu(games))
    wins, losses = counts.wins[first, second], counts.wins[second, first]
    low, high = confidence_sequence(wins, losses)
    most = set(np.argsort(-games[first, second], kind="stable")[:_MOST_FORECASTS].tolist())
    found = []
    for place, (one, other) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        won, lost = int(wins[place]), int(losses[place])
        share = won / (won + lost) if won + lost else None
        leader = names[one] if won > lost else names[other]
        found.append(
            Pair(
                first=names[one],
                second=names[other],
                n=int(games[one, other]),
                wins=won,
                losses=lost,
                ties=int(counts.ties[one, other]),
                both_bad=int(counts.both_bad[one, other]),
                win_rate=share,
                low=float(low[place]),
                high=float(high[place]),
                winner=leader if settled(won, lost) else None,
                p_value=sign_test(won, lost),
                more_needed=more_votes_needed(won, lost) if place in most else None,
                in_one_test=None if share is None or share == 0.5 else votes_needed(share),
            )
        )
    return tuple(found)


def _numbered(fitted: Fit, compared: Bools) -> list[int | None]:
    """The groups, from 1 in the order of their first names; None for who met nobody."""
    numbers: dict[int, int] = {}
    return [
        numbers.setdefault(int(component), len(numbers) + 1) if met else None
        for component, met in zip(fitted.components[0], compared, strict=True)
    ]


def _named(names: Sequence[str], chosen: Bools) -> tuple[str, ...]:
    return tuple(names[index] for index in np.flatnonzero(chosen).tolist())


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _listed(names: Sequence[str], named: Callable[[str], str], most: int = 8) -> str:
    shown = [named(name) for name in names[:most]]
    rest = [f"{len(names) - most} more"] if len(names) > most else []
    *front, last = [*shown, *rest]
    return f"{', '.join(front)} and {last}" if front else last
