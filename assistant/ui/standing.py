"""Where two contenders stand, in a sentence."""

from __future__ import annotations

from assistant.drawing.words import counted
from assistant.ratings.comparisons import pair_counts
from assistant.ratings.judgements import Judgements
from assistant.records import KINDS, Contender


def standing(
    held: Judgements, sides: tuple[Contender, Contender], names: tuple[str, str], blind: bool
) -> str:
    """Wins of each, ties and both-bads among the blind or the open votes on this pair.

    The versions of a kind are counted together, but for two versions of one kind, which are held
    against each other.
    """
    word = "blind" if blind else "open"
    first, second = sides
    chosen = held.chosen(held.blind == blind)
    if first.kind != second.kind:
        counts = pair_counts(chosen.by_kind())
        one, other = KINDS.index(first.kind), KINDS.index(second.kind)
    else:
        counts = pair_counts(chosen.by_version())
        places = {version.id: place for place, version in enumerate(held.contenders)}
        one, other = places.get(first.id, 0), places.get(second.id, 0)
    if one == other or not counts.games[one, other]:
        return f"There are no {word} votes on this pair yet."
    parts = [
        f"{names[0]} {counted(int(counts.wins[one, other]), 'win')}",
        f"{names[1]} {counted(int(counts.wins[other, one]), 'win')}",
    ]
    if ties := int(counts.ties[one, other]):
        parts.append(counted(ties, "tie"))
    if both_bad := int(counts.both_bad[one, other]):
        parts.append(f"both bad {counted(both_bad, 'time')}")
    return f"In {word} votes: {', '.join(parts)}."
