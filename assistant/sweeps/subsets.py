"""Nested parts of the examples, drawn by content hash over facts.

All wordings of a fact go together, or a part would test a wording of what it never taught in any.
Each share is a beginning of one fixed order, so that a smaller one lies whole in every larger one;
and the order is kept for each stratum by itself, so that refusals and splits stay in proportion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from assistant.records import Example, content_hash

_Stratum = tuple[bool, bool, tuple[str, ...]]
"""Whether its examples can be answered, whether they name a fact, and the splits they are of."""


def subset(examples: Sequence[Example], share: float) -> list[Example]:
    """About that share, in (0, 1], of the examples that reach a model, in their order.

    Of each stratum the facts that are nearest to its share of the rows, and at least one; others
    than `train` and `validation` are left out. Raises ValueError for a share that is none.
    """
    if not 0 < share <= 1:
        raise ValueError(f"{share} is no share")
    used = [one for one in examples if one.split in ("train", "validation")]
    facts: defaultdict[str, list[Example]] = defaultdict(list)
    for example in used:
        facts[example.fact or f"#{example.id}"].append(example)
    strata: defaultdict[_Stratum, list[str]] = defaultdict(list)
    for key, own in facts.items():
        splits = tuple(sorted({one.split for one in own}))
        strata[all(one.answerable for one in own), bool(own[0].fact), splits].append(key)
    chosen: set[str] = set()
    for keys in strata.values():
        ordered = sorted(keys, key=lambda key: content_hash(["sweep", key]))
        chosen |= set(_beginning(ordered, [len(facts[key]) for key in ordered], share))
    return [one for one in used if (one.fact or f"#{one.id}") in chosen]


def _beginning(keys: Sequence[str], rows: Sequence[int], share: float) -> Sequence[str]:
    """As many of the keys as come nearest to the share of all rows, the fewer of two as near."""
    wanted, taken = share * sum(rows), 0
    for count, own in enumerate(rows, start=1):
        if count > 1 and taken + own - wanted > wanted - taken - 1e-9:
            return keys[: count - 1]
        taken += own
    return keys
