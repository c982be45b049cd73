"""Answers sent to review: from a list of errors, from the chat, or drawn from an evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from assistant.errors import InvalidRequest, NotFound
from assistant.evaluation.records import EvaluatedAnswer
from assistant.examples import near_duplicates
from assistant.facts import words
from assistant.records import Answer, Assistant, Example, example_id
from assistant.review.records import Origin, Review, ReviewedItem, ReviewItem, ReviewPassage
from assistant.store import Store

_PASSAGES = 4
_LONGEST = 20_000  # characters of an answer or passage that are kept for review


def item_of(
    assistant: Assistant, evaluated: EvaluatedAnswer, origin: Origin, origin_id: str, now: datetime
) -> ReviewItem:
    """An answer of an evaluation as it is queued."""
    question, answer = evaluated.question, evaluated.answer
    return ReviewItem(
        assistant_id=assistant.id,
        question=question.question,
        answer=answer.text[:_LONGEST],
        reference=question.answers[0] if question.answers else "",
        passages=tuple(
            ReviewPassage(passage.document, passage.text[:_LONGEST])
            for passage in evaluated.retrieved[:_PASSAGES]
        ),
        contender_id=answer.contender.id,
        kind=answer.contender.kind,
        origin=origin,
        origin_id=origin_id,
        queued_at=now,
    )


def queue_answers(
    store: Store,
    assistant: Assistant,
    evaluated: Iterable[EvaluatedAnswer],
    origin: Origin,
    origin_id: str,
) -> int:
    """Queue answers; returns how many were not queued before."""
    now = datetime.now(UTC)
    items = [item_of(assistant, one, origin, origin_id, now) for one in evaluated]
    return store.add_review_items(assistant.id, items)


def queue_sample(
    store: Store,
    assistant: Assistant,
    evaluated: Sequence[EvaluatedAnswer],
    origin_id: str,
    count: int,
    seed: int = 0,
) -> int:
    """Queue a random sample, the same for the same seed; returns how many were new.

    Raises InvalidRequest where there is nothing to draw from.
    """
    import random

    if not evaluated:
        raise InvalidRequest("This evaluation has no answers to review: run it first.")
    if count < 1:
        raise InvalidRequest("Choose at least one answer to review.")
    drawn = random.Random(seed).sample(list(evaluated), min(count, len(evaluated)))
    return queue_answers(store, assistant, drawn, "sample", origin_id)


def queue_from_chat(store: Store, assistant: Assistant) -> int:
    """Queue what was judged badly in the chat: thumbs down, and both sides of both-bad votes."""
    items: dict[str, ReviewItem] = {}

    def add(question: str, answer: Answer, origin_id: str) -> None:
        item = _chat_item(assistant, question, answer, origin_id)
        items[item.id] = item

    for thumb in store.thumbs(assistant.id):
        if not thumb.up:
            reply = store.reply(thumb.reply_id)
            add(reply.question, reply.answer, reply.id)
    for counted in store.votes(assistant.id):
        if counted.vote.choice == "both_bad":
            comparison = store.comparison(counted.vote.comparison_id)
            for side in (comparison.left, comparison.right):
                add(comparison.question, side, comparison.id)
    return store.add_review_items(assistant.id, list(items.values()))


def correction_as_example(store: Store, reviewed: ReviewedItem, review: Review) -> Example:
    """Keep a corrected answer as an example to train on.

    A question that tests (a recall or generalisation example, or one of an evaluation) is never
    trained on: InvalidRequest names it. Raises InvalidRequest without a correction too.
    """
    item = reviewed.item
    answer = review.correction.strip()
    if not answer:
        raise InvalidRequest("There is no corrected answer to keep: write one in the review first.")
    if item.origin != "chat":
        raise InvalidRequest(
            f"“{item.question}” is a test question, so it is not trained on; write another wording "
            "of it under Errors, and that is added with the corrected answer."
        )
    refuse_repeats(store, item.assistant_id, item.question)
    example = Example(
        id=example_id(item.question, answer),
        question=item.question,
        answer=answer,
        source="written",
        split="train",
        method="corrected in review",
    )
    store.add_examples(item.assistant_id, [example])
    return example


def refuse_repeats(
    store: Store, assistant_id: str, question: str, more_tests: Sequence[str] = ()
) -> None:
    """Raise InvalidRequest where the question nearly repeats a test question, naming that."""
    tests = [*test_questions(store, assistant_id), *more_tests]
    for test in repeats([question], tests).values():
        raise InvalidRequest(
            f"This repeats the test question “{test}”, so it was not added: a test question that "
            "is trained on tests nothing. Ask for the fact in other words."
        )


def repeats(wordings: Sequence[str], tests: Sequence[str]) -> dict[str, str]:
    """The wordings that nearly repeat a test question, each with that question.

    The same words in another case repeat it too, though names are then no longer seen as names.
    """
    groups = near_duplicates([*wordings, *tests])
    tested: dict[int | tuple[str, ...], str] = {}
    for test, group in zip(tests, groups[len(wordings) :], strict=True):
        tested.setdefault(group, test)
        tested.setdefault(_plain(test), test)
    found = {}
    for wording, group in zip(wordings, groups, strict=False):
        repeated = tested.get(group) or tested.get(_plain(wording))
        if repeated is not None:
            found[wording] = repeated
    return found


def _plain(question: str) -> tuple[str, ...]:
    return tuple(word.casefold() for word in words(question))


def test_questions(store: Store, assistant_id: str) -> list[str]:
    """The questions of all examples that test, and of the imported files."""
    return [
        *(
            example.question
            for example in store.examples(assistant_id)
            if example.split in ("recall", "generalisation")
        ),
        *(asked.question for one in store.question_sets(assistant_id) for asked in one.questions),
    ]


def find_item(store: Store, assistant: Assistant, item_id: str) -> ReviewedItem:
    """Raises NotFound."""
    for one in store.review_items(assistant.id):
        if one.item.id == item_id:
            return one
    raise NotFound("There is no such answer in the review: it was deleted, look at the list again.")


def _chat_item(assistant: Assistant, question: str, answer: Answer, origin_id: str) -> ReviewItem:
    cited = {citation.passage_id: citation for citation in answer.citations}
    return ReviewItem(
        assistant_id=assistant.id,
        question=question,
        answer=answer.text[:_LONGEST],
        reference="",
        passages=tuple(
            ReviewPassage(one.document, one.text[:_LONGEST])
            for one in list(cited.values())[:_PASSAGES]
        ),
        contender_id=answer.contender.id,
        kind=answer.contender.kind,
        origin="chat",
        origin_id=origin_id,
        queued_at=datetime.now(UTC),
    )
