"""The rank of each question's own passage in the assistant's own search."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.writing.filters import Ranks
from retrieval.retriever import LEXICAL_WEIGHT, Retriever

DEEPEST = 10
"""Ranks are looked for among so many passages."""

_AT_ONCE = 128  # questions embedded together; whoever wants to stop waits for them


def search_ranks(
    retriever: Retriever,
    lexical_weight: float = LEXICAL_WEIGHT,
    progress: Callable[[float], None] | None = None,
) -> Ranks:
    """Ranks by this search. progress: called with the share done; what it raises ends the search.

    Raises EmbedderError or CorpusError when called.
    """

    def ranks(questions: Sequence[str], own: Sequence[int]) -> list[int | None]:
        found: list[int | None] = []
        for start in range(0, len(questions), _AT_ONCE):
            asked = questions[start : start + _AT_ONCE]
            orders = retriever.ranked_ids(asked, DEEPEST, lexical_weight)
            for order, passage in zip(orders, own[start : start + _AT_ONCE], strict=True):
                found.append(order.index(passage) + 1 if passage in order else None)
            if progress:
                progress(len(found) / len(questions))
        return found

    return ranks
