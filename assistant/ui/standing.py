"""Where two contenders stand, in a sentence."""

from __future__ import annotations

from assistant.drawing.words import NAMES, counted
from assistant.records import ContenderKind
from assistant.tallies import Tallies


def standing(tallies: Tallies, first: ContenderKind, second: ContenderKind, blind: bool) -> str:
    """Wins of each, ties and both-bads among the blind or the open votes on this pair."""
    among = tallies.blind if blind else tallies.open
    word = "blind" if blind else "open"
    pair = next(
        (one for one in among.pairs if {one.kind, one.against_kind} == {first, second}), None
    )
    if pair is None:
        return f"There are no {word} votes on this pair yet."
    swapped = pair.kind != first
    score = pair.score
    wins = (score.losses, score.wins) if swapped else (score.wins, score.losses)
    parts = [
        f"{NAMES[first]} {counted(wins[0], 'win')}",
        f"{NAMES[second]} {counted(wins[1], 'win')}",
    ]
    if score.ties:
        parts.append(counted(score.ties, "tie"))
    if score.both_bad:
        parts.append(f"both bad {counted(score.both_bad, 'time')}")
    return f"In {word} votes: {', '.join(parts)}."
