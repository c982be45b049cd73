"""The examples of the subjects that an assistant must refuse, kept as its profile has them now."""

from __future__ import annotations

from assistant.evaluation.held_out import without_test_questions
from assistant.guided_start import REFUSED_METHOD, refusal_examples
from assistant.prompts import REFUSED_SUBJECT
from assistant.records import Assistant
from assistant.store import Store


def renew_refusals(store: Store, assistant: Assistant) -> int:
    """Add what is missing, and delete those of subjects that are refused no more; how many are new.

    What a person has edited or rejected stays.
    """
    wanted = refusal_examples(assistant.profile)
    known = store.examples(assistant.id, rejected=None)
    ids = {example.id for example in wanted}
    gone = [
        example.id
        for example in known
        if example.method == REFUSED_METHOD
        and example.answer == REFUSED_SUBJECT
        and not example.rejected
        and example.id not in ids
    ]
    if gone:
        store.delete_examples(assistant.id, gone)
    kept = without_test_questions(wanted, known, store.question_sets(assistant.id))
    return store.add_examples(assistant.id, kept) if kept else 0
