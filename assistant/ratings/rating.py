"""Ratings of contenders from their comparisons, with what is known of each pair."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, isfinite

import numpy as np

from assistant.errors import InvalidRequest
from assistant.ratings.bootstrap import bootstrap
from assistant.ratings.bradley_terry import Fit, fit, with_prior
from assistant.ratings.comparisons import Bools, Comparisons, Floats, PairCounts, pair_counts
from assistant.ratings.elo import elo_ratings
from assistant.ratings.records import Method, Pair, Rating, Ratings, RatingSettings
from assistant.ratings.sequence import (
    ALPHA,
    confidence_sequence,
    more_votes_needed,
    settled,
)
from retrieval.statistics import sign_test, votes_needed

MOST_CONTENDERS = 1_000

_MOST_FORECASTS = 20  # pairs for which the votes still needed are computed, a few ms each


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
    rounds = settings.bootstrap if settings.method == "bt" else 0
    drawn = bootstrap(counts, settings.prior, fitted.strengths[0], rounds, settings.seed)
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
        ratings=_ratings(
            held.names, counts, fitted, (drawn.low, drawn.high), elo, numbered, settings.method
        ),
        pairs=_pairs(held.names, counts),
        groups=tuple(map(tuple, members.values())) if len(members) > 1 else (),
        never_compared=_named(held.names, ~compared),
        without_maximum=_named(held.names, infinite),
        rounds_left_out=drawn.left_out,
    )


def alpha_of_pair(counts: PairCounts) -> float:
    """The level at which one pair is looked at, so that equal contenders yield a winner of any
    pair with a chance of 5 % at most: 5 % over the pairs of those compared (C. E. Bonferroni)."""
    compared = int((counts.games.sum(axis=1) > 0).sum())
    return ALPHA / max(1, comb(compared, 2))


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
    alpha = alpha_of_pair(counts)
    low, high = confidence_sequence(wins, losses, alpha)
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
                winner=leader if settled(won, lost, alpha) else None,
                p_value=sign_test(won, lost),
                more_needed=more_votes_needed(won, lost, alpha=alpha) if place in most else None,
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
