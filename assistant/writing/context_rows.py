"""Training rows with passages in the prompt, as chat shows them: the one that answers among others
that the search finds for the same question (RAFT, https://arxiv.org/abs/2403.10131).

They teach to answer from passages and to pass over those that only look alike. A question that the
documents do not answer is shown passages as well, none of which answers it.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.prompts import PromptPassage
from assistant.records import Example, content_hash
from assistant.training.request import PassagesFor
from retrieval.documents import Passage
from retrieval.retriever import LEXICAL_WEIGHT, Retriever

DISTRACTORS = 3
"""Passages beside the one that answers; a question without an answer gets one more."""


def context_passages(
    retriever: Retriever,
    examples: Sequence[Example],
    share: float,
    lexical_weight: float = LEXICAL_WEIGHT,
) -> PassagesFor | None:
    """The passages to train an example with as well, for about that share of the training examples.

    share: in [0, 1]; which examples is drawn by their hash. None where there are none to show. An
    example whose passage is no longer in the documents is shown none.
    Raises DocumentsError.
    """
    chosen = [one for one in examples if one.split == "train" and _drawn(one, share)]
    passages = {passage.id: passage for passage in retriever.corpus.passages()}
    by_text = {passage.text: passage for passage in passages.values()}
    shown: dict[str, tuple[PromptPassage, ...]] = {}
    orders = retriever.ranked_ids([one.question for one in chosen], DISTRACTORS + 2, lexical_weight)
    for example, order in zip(chosen, orders, strict=True):
        found = [passages[place] for place in order if place in passages]
        shown[example.id] = _shown(example, by_text.get(example.passage), found)
    kept = {key: value for key, value in shown.items() if value}
    return (lambda example: kept.get(example.id, ())) if kept else None


def _shown(
    example: Example, gold: Passage | None, found: Sequence[Passage]
) -> tuple[PromptPassage, ...]:
    """The passages of one prompt, in an order drawn by hash."""
    if example.answerable and gold is None:
        return ()
    others = [one for one in found if gold is None or one.text != gold.text]
    wanted = others[: DISTRACTORS + (gold is None)]
    together = [*([gold] if gold is not None else []), *wanted]
    drawn = sorted(together, key=lambda one: content_hash([example.id, one.text]))
    return tuple(PromptPassage(one.source, one.text) for one in drawn)


def _drawn(example: Example, share: float) -> bool:
    return int(content_hash(["context", example.id])[:8], 16) < share * 16**8
