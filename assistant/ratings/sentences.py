"""What ratings say, in sentences no stronger than the evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.ratings.records import Pair, Ratings
from assistant.ratings.sequence import MOST_VOTES_AHEAD

_ENOUGH_TO_FORECAST = 20  # decisive votes from which a rate near one half says something


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


def pair_sentence(pair: Pair, named: Callable[[str], str] = str) -> str:
    """Who is preferred, or how far that is from settled. named: contenders for people."""
    first, second = named(pair.first), named(pair.second)
    if not pair.decisive:
        return (
            f"{first} against {second}: {_votes(pair.n)}, all ties or both bad, so that nothing "
            "tells the two apart yet."
        )
    ahead, behind, won, low, high = first, second, pair.wins, pair.low, pair.high
    if pair.losses > pair.wins:
        ahead, behind, won = second, first, pair.losses
        low, high = 1 - pair.high, 1 - pair.low
    of = f"{won:,} of {_votes(pair.decisive, 'decisive ')}"
    span = f"95 % interval {100 * low:.0f} to {100 * high:.0f} %"
    if pair.winner:
        share = 100 * won / pair.decisive
        return f"{ahead} is preferred to {behind}: it won {of} ({share:.0f} %, {span})."
    if pair.wins == pair.losses:
        return (
            f"Not settled: {first} and {second} won {won:,} each of "
            f"{_votes(pair.decisive, 'decisive ')}. {_forecast(pair)}"
        )
    return f"Not settled: {ahead} won {of} against {behind} ({span}). {_forecast(pair)}"


def _forecast(pair: Pair) -> str:
    if pair.more_needed is not None:
        one = pair.more_needed == 1
        return (
            f"{pair.more_needed:,} more decisive {'vote' if one else 'votes'} would settle it with "
            "a chance of 80 %, if votes go on falling like this."
        )
    if pair.decisive < _ENOUGH_TO_FORECAST:
        return "It is too early to say how many more votes that takes."
    return (
        f"At this rate it would take more than {MOST_VOTES_AHEAD:,} more: the difference, if there "
        "is one, is small."
    )


def _votes(count: int, kind: str = "") -> str:
    return f"{count:,} {kind}blind {'vote' if count == 1 else 'votes'}"


def _listed(names: Sequence[str], named: Callable[[str], str], most: int = 8) -> str:
    shown = [named(name) for name in names[:most]]
    rest = [f"{len(names) - most} more"] if len(names) > most else []
    *front, last = [*shown, *rest]
    return f"{', '.join(front)} and {last}" if front else last
