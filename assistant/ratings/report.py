"""All that an assistant's votes say: ratings over time, by topic and by voter, and the voters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from assistant.ratings.bootstrap import bootstrap
from assistant.ratings.bradley_terry import fit, with_prior
from assistant.ratings.comparisons import Bools, Comparisons, Ints, pair_counts
from assistant.ratings.judgements import Judgements
from assistant.ratings.raters import (
    Agreement,
    Share,
    agreement_between,
    agreement_with_oneself,
    biases,
)
from assistant.ratings.rating import rate
from assistant.ratings.records import Ratings, RatingSettings
from assistant.records import KINDS, ContenderKind

_PRIOR = 0.5
_PART_ROUNDS = 200
_MOST_PARTS = 12
_MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class PartRating:
    """A kind's rating from a part of the votes, with its 95 % interval; None where it has none."""

    contender: ContenderKind
    rating: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the blind votes: those on one topic, or of one voter. ratings: one for each kind."""

    name: str
    n: int
    ratings: tuple[PartRating, ...]


@dataclass(frozen=True, slots=True)
class DayRatings:
    """Ratings by all blind votes up to the end of a day of UTC; None for who has none by then."""

    day: str
    n: int
    ratings: dict[ContenderKind, float | None]


@dataclass(frozen=True, slots=True)
class Report:
    """What the blind votes of an assistant say; `open_votes` are counted and rate nothing.

    kinds: versions pooled. versions: each by itself, named by its id; kind_of says of which kind.
    days: oldest first, those with votes. topics: by the document that the answers cite first, most
    votes first. voters: numbered in the order of their first votes, the busiest first.
    """

    kinds: Ratings
    versions: Ratings
    kind_of: dict[str, ContenderKind]
    open_votes: int
    days: tuple[DayRatings, ...]
    topics: tuple[Part, ...]
    voters: tuple[Part, ...]
    biases: tuple[Share, ...]
    with_oneself: Share
    between: Agreement


def report(held: Judgements) -> Report:
    """Made once for the same votes."""
    made = _made.get(held)
    if made is None:
        made = _made[held] = _report(held)
    return made


_made: WeakKeyDictionary[Judgements, Report] = WeakKeyDictionary()


def _report(held: Judgements) -> Report:
    blind = held.chosen(held.blind)
    kinds = blind.by_kind()
    documents = held.known.documents.texts()
    return Report(
        kinds=kind_ratings(held),
        versions=rate(blind.by_version(), RatingSettings(bootstrap=_PART_ROUNDS)),
        kind_of={one.id: one.kind for one in held.contenders},
        open_votes=int((~held.blind).sum()),
        days=_days(kinds, blind.days),
        topics=_parts(kinds, topics_of(blind), lambda number, _: documents[number]),
        voters=_parts(kinds, blind.columns.voters, lambda _, place: f"Voter {place}"),
        biases=biases(blind),
        with_oneself=agreement_with_oneself(blind),
        between=agreement_between(blind),
    )


def kind_ratings(held: Judgements) -> Ratings:
    """The blind votes rated, versions pooled; made once for the same votes."""
    made = _rated.get(held)
    if made is None:
        made = _rated[held] = rate(held.by_kind().chosen(held.blind))
    return made


_rated: WeakKeyDictionary[Judgements, Ratings] = WeakKeyDictionary()


def topics_of(votes: Judgements) -> Ints:
    """(n,) numbers of the documents that the answers cite first, that of NO_DOCUMENT for none."""
    left, right = votes.columns.documents.T
    return np.asarray(np.where(left > 0, left, np.maximum(right, 0)))


def _parts(
    kinds: Comparisons, numbers: Ints, name_of: Callable[[int, int], str]
) -> tuple[Part, ...]:
    """numbers: (n,) of the part of each vote. name_of: from the number of a part, and its place,
    from 1, in the order of their first votes."""
    found, first, counts = np.unique(numbers, return_index=True, return_counts=True)
    places = np.empty(len(found), np.int64)
    places[np.argsort(first)] = np.arange(1, len(found) + 1)
    most = np.lexsort((first, -counts))[:_MOST_PARTS].tolist()
    return tuple(
        _part(name_of(int(found[one]), int(places[one])), kinds.chosen(numbers == found[one]))
        for one in most
    )


def _part(name: str, some: Comparisons) -> Part:
    counts = pair_counts(some)
    games = counts.games
    fitted = fit(with_prior(counts.points, games > 0, _PRIOR)[None])
    drawn = bootstrap(counts, _PRIOR, fitted.strengths[0], _PART_ROUNDS)
    values = (fitted.ratings[0], drawn.low, drawn.high)
    ratings = []
    for place, kind in enumerate(KINDS):
        rating, low, high = (
            float(value[place]) if np.isfinite(value[place]) else None for value in values
        )
        ratings.append(PartRating(kind, rating, low, high, int(games[place].sum())))
    return Part(name, int(games.sum()) // 2, tuple(ratings))


def _days(kinds: Comparisons, days: Ints) -> tuple[DayRatings, ...]:
    apart: Bools = kinds.first != kinds.second
    held = np.unique(days[apart])
    if len(held) > _MOST_DAYS:
        held = held[np.unique(np.linspace(0, len(held) - 1, _MOST_DAYS).astype(np.int64))]
    if not len(held):
        return ()
    size = len(KINDS)
    # Votes of a day that is left out count from the next one that is kept on.
    bins = np.searchsorted(held, days[apart])
    cells = ((bins * size + kinds.first[apart]) * size + kinds.second[apart]) * 4
    counted = np.bincount(cells + kinds.outcomes[apart], minlength=len(held) * size * size * 4)
    by_outcome = counted.reshape(len(held), size, size, 4).cumsum(axis=0)
    won, lost, ties, both_bad = np.moveaxis(by_outcome, 3, 0)
    points = won + lost.swapaxes(1, 2) + _symmetric(ties + both_bad) / 2
    met = _symmetric(won + lost + ties + both_bad) > 0
    ratings = fit(with_prior(points, met, _PRIOR)).ratings
    names = np.datetime_as_string(held.astype("datetime64[D]")).tolist()
    totals = by_outcome.sum(axis=(1, 2, 3)).tolist()
    return tuple(
        DayRatings(
            day,
            n,
            {
                kind: float(value) if np.isfinite(value) else None
                for kind, value in zip(KINDS, row, strict=True)
            },
        )
        for day, n, row in zip(names, totals, ratings, strict=True)
    )


def _symmetric(counts: Ints) -> Ints:
    return np.asarray(counts + counts.swapaxes(1, 2))
