"""Which facts are asked for when not all can be: every section keeps some, tables drown nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.writing.candidates import WrittenFact, fact_key
from retrieval.corpus import Side
from retrieval.documents import Passage

ROUNDS = 2
"""A passage gives at most so many facts where no count is asked for; of a table, a third of the
rows counts as one."""

_WORTH = {
    "figure": 3.0,
    "code": 3.0,
    "name": 3.0,
    "date": 3.0,
    "list": 2.8,
    "table": 2.0,
    "faq": 1.5,
    "definition": 1.0,
    "heading": 0.0,
}
_PRICE = re.compile(r"\b(?:price|cost|fee)\b")


@dataclass(frozen=True, slots=True)
class FoundFact:
    """A fact with the passage that states it; side: of its section."""

    fact: WrittenFact
    passage: Passage
    side: Side

    @property
    def key(self) -> str:
        """Names the fact over all its wordings."""
        return fact_key(self.passage, self.fact.method, self.fact.answer)


def worth(fact: WrittenFact) -> float:
    """How specific what is asked for is: figures in digits, names and codes first."""
    value = fact.value
    base = _WORTH.get(fact.method, 1.0)
    digits = any(map(str.isdigit, value))
    if fact.method == "figure" and not digits:
        base = 1.2  # "two people"
    if fact.method == "table":
        base += 0.8 if digits else 0.4 if value[:1].isupper() and " " in value else 0.0
        base += 0.2 if _PRICE.search(fact.answer) else 0.0
    return base + (0.1 if re.search(r"\d[.,]?\d", value) else 0.0)


def in_rounds(found: Sequence[FoundFact]) -> Iterator[list[FoundFact]]:
    """The facts in the order in which they are to be taken: in each round the best that is left of
    every passage, or of a table the best of a third of its rows.

    What merely stands first under a heading is taken only where a passage has nothing else.
    """
    by_passage: defaultdict[int, list[FoundFact]] = defaultdict(list)
    for one in found:
        by_passage[one.passage.id].append(one)
    queues = [(_at_once(facts), _ordered(facts)) for facts in by_passage.values()]
    while any(queue for _, queue in queues):
        taken: list[FoundFact] = []
        for size, queue in queues:
            taken += queue[:size]
            del queue[:size]
        yield taken


def _ordered(facts: Sequence[FoundFact]) -> list[FoundFact]:
    """The best first; of a table the best of each row before the second of any."""
    telling = [one for one in facts if worth(one.fact) > 0]
    chosen = telling or list(facts)
    rank: dict[str, int] = defaultdict(int)
    keyed: list[tuple[tuple[float, float], FoundFact]] = []
    for one in sorted(chosen, key=_by_worth):
        place = rank[one.fact.evidence] if one.fact.method == "table" else 0
        rank[one.fact.evidence] += 1
        keyed.append(((float(place), -worth(one.fact)), one))
    return [one for _, one in sorted(keyed, key=lambda pair: pair[0])]


def _by_worth(one: FoundFact) -> tuple[float, int]:
    """The best first, and what stands first before what stands later."""
    place = one.passage.text.find(one.fact.evidence[:20]) if one.fact.evidence else 0
    return -worth(one.fact), place


def _at_once(facts: Sequence[FoundFact]) -> int:
    rows = {one.fact.evidence for one in facts if one.fact.method == "table"}
    return max(1, (len(rows) + 2) // 3)
