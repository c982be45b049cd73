"""What ratings are: the settings they are made by, and the values they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from assistant.errors import InvalidRequest
from assistant.ratings.elo import DEFAULT_K

Method = Literal["bt", "elo"]
METHODS: tuple[Method, ...] = get_args(Method)

MOST_ROUNDS = 10_000
_LARGEST_K = 1_000.0
_LARGEST_PRIOR = 100.0


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
    however often one looks, and at 95 % for all pairs together; winner: who may be named by it.
    p_value: of the exact sign test, true only where the number of votes was fixed before.
    more_needed: decisive votes from now until a winner is named, with a chance of 80 % at the rate
    so far; 0 where one is, None where it would take thousands, or where there are many pairs and
    this one has few votes. in_one_test: decisive votes in all for one sign test at the end to have
    80 % power at this rate.
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
