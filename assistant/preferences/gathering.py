"""The votes of an assistant as the store has them, with what must not be trained on found out."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.evaluation.held_out import without_test_questions
from assistant.preferences.careless import careless_voters
from assistant.preferences.conversion import Asked, preferences
from assistant.preferences.records import Method, Preferences
from assistant.ratings.judgements import judgements
from assistant.records import Assistant, Example
from assistant.store import Store


def votes_that_train(
    store: Store, assistant: Assistant, method: Method, careless: bool = False
) -> Preferences:
    """What the votes and thumbs of an assistant teach, and what was left out.

    careless: take the votes of voters found careless as well.
    """
    comparisons, replies = store.turns(assistant.id)
    votes = [one.vote for one in store.votes(assistant.id)]
    questions = {one.question for one in comparisons} | {one.question for one in replies}
    return preferences(
        method,
        Asked(
            comparisons=comparisons,
            replies=replies,
            votes=votes,
            thumbs=store.thumbs(assistant.id),
            tests=_test_questions(store, assistant, questions),
            careless=frozenset() if careless else careless_voters(judgements(store, assistant.id)),
        ),
    )


def _test_questions(store: Store, assistant: Assistant, asked: Iterable[str]) -> frozenset[str]:
    """Those asked in the chat that nearly repeat a question of any test."""
    probes = [
        Example(str(place), question, "", "vote", "train")
        for place, question in enumerate(sorted(asked))
    ]
    known = store.examples(assistant.id, rejected=None)
    kept = without_test_questions(probes, known, store.question_sets(assistant.id))
    harmless = {one.question for one in kept}
    return frozenset(one.question for one in probes if one.question not in harmless)
