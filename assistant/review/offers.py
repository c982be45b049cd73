"""Questions offered in the chat are taken back once they were asked as they were offered."""

from __future__ import annotations

from assistant.records import Comparison
from assistant.store import Store


def take_back_compared(store: Store, comparison: Comparison) -> bool:
    """Whether this comparison was on offer, and is no more.

    Asked of another pair, in the open, or with a side that was stopped, a question stays on offer:
    the blind vote it was offered for could not be given.
    """
    if not comparison.blind or comparison.left.stopped or comparison.right.stopped:
        return False
    kinds = {comparison.left.contender.kind, comparison.right.contender.kind}
    return any(
        store.take_back_question(comparison.assistant_id, offered.question)
        for offered in store.offered_questions(comparison.assistant_id)
        if offered.question.strip() == comparison.question
        and {offered.left, offered.right} == kinds
    )
