"""Where two contenders stand, in a sentence."""

from __future__ import annotations

from assistant.drawing.words import NAMES, counted
from assistant.ratings.comparisons import pair_counts
from assistant.ratings.judgements import Judgements
from assistant.records import KINDS, ContenderKind


def standing(held: Judgements, first: ContenderKind, second: ContenderKind, blind: bool) -> str:
    """Wins of each, ties and both-bads among the blind or the open votes on this pair."""
    word = "blind" if blind else "open"
    counts = pair_counts(held.by_kind().chosen(held.blind == blind))
    one, other = KINDS.index(first), KINDS.index(second)
    if not counts.games[one, other]:
        return f"There are no {word} votes on this pair yet."
    parts = [
        f"{NAMES[first]} {counted(int(counts.wins[one, other]), 'win')}",
        f"{NAMES[second]} {counted(int(counts.wins[other, one]), 'win')}",
    ]
    if ties := int(counts.ties[one, other]):
        parts.append(counted(ties, "tie"))
    if both_bad := int(counts.both_bad[one, other]):
        parts.append(f"both bad {counted(both_bad, 'time')}")
    return f"In {word} votes: {', '.join(parts)}."
