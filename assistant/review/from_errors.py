"""What can be done about errors: other wordings of a fact to train on, and a blind comparison.

A test question itself is never trained on, or it would test nothing. What is added is the fact
that it asks for, in other words: wordings made by rule from the passage that states it, or one that
a person writes. Each is held against all test questions, and one that repeats any is refused and
named. A fact of a held-out section is not trained on at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from assistant.errors import InvalidRequest, documents_mapped
from assistant.evaluation.error_classes import holds_support, same_document
from assistant.evaluation.holding import best_held
from assistant.records import Assistant, ContenderKind, Example, content_hash, example_id
from assistant.review.queue import refuse_repeats, repeats, test_questions
from assistant.review.records import OfferedQuestion
from assistant.workspace import Workspace
from assistant.writing.candidates import WrittenFact
from assistant.writing.rules import written_facts
from retrieval.corpus import section_sides
from retrieval.documents import Passage
from retrieval.questions import Question

_HELD_OUT = "the section that states it is held out of training, so that it can test generalisation"
_NO_PASSAGE = "no passage of the documents states it now"
_NO_RULE = "the rules find no wording for it: write one by hand"
_NO_REFERENCE = "it has no reference answer"


@dataclass(frozen=True, slots=True)
class MoreWordings:
    """examples: what was added. refused: wordings that repeat a test question, with that question.
    passed_over: test questions for whose fact nothing could be added, with the reason."""

    examples: tuple[Example, ...]
    refused: tuple[tuple[str, str], ...]
    passed_over: tuple[tuple[str, str], ...]


def more_wordings(
    workspace: Workspace, assistant: Assistant, questions: Sequence[Question]
) -> MoreWordings:
    """Write training examples, by rule, for the facts that these questions ask for.

    Raises InvalidRequest without questions, DocumentsError.
    """
    if not questions:
        raise InvalidRequest("Choose the questions first: tick them in the list.")
    with documents_mapped():
        passages = workspace.corpus(assistant).passages()
    sides = section_sides(passages)
    begun = _section_starts(passages)
    tests = [
        *test_questions(workspace.store, assistant.id),
        *(question.question for question in questions),
    ]
    written: dict[str, Example] = {}
    refused: dict[str, str] = {}
    passed_over: list[tuple[str, str]] = []
    for question in questions:
        stating = _stating(question, passages)
        tuned = [passage for passage in stating if sides[passage.section] == "tuned"]
        found = [
            (passage, fact)
            for passage in tuned
            for fact in written_facts(passage, passage.id in begun)
            if _same_fact(fact, question)
        ]
        if not found:
            reason = (
                _NO_REFERENCE
                if not question.answers
                else _NO_PASSAGE
                if not stating
                else _NO_RULE
                if tuned
                else _HELD_OUT
            )
            passed_over.append((question.question, reason))
        for passage, fact in found:
            for wording in fact.wordings:
                example = _example(question, passage, fact, wording)
                written.setdefault(example.id, example)
    clashes = repeats([example.question for example in written.values()], tests)
    kept = []
    for example in written.values():
        if example.question in clashes:
            refused[example.question] = clashes[example.question]
        else:
            kept.append(example)
    known = {example.id for example in workspace.store.examples(assistant.id)}
    new = [example for example in kept if example.id not in known]
    workspace.store.add_examples(assistant.id, new)
    return MoreWordings(tuple(new), tuple(refused.items()), tuple(passed_over))


def add_wording(
    workspace: Workspace, assistant: Assistant, question: Question, wording: str, answer: str
) -> Example:
    """Add a person's own wording of the fact that a test question asks for, to train on.

    Raises InvalidRequest where it is empty or repeats a test question, or where the fact is of a
    held-out section.
    """
    wording, answer = wording.strip(), answer.strip()
    if not wording or not answer:
        raise InvalidRequest("Write both the question and the answer; nothing was added.")
    refuse_repeats(workspace.store, assistant.id, wording, [question.question])
    with documents_mapped():
        passages = workspace.corpus(assistant).passages()
    stating = _stating(question, passages)
    sides = section_sides(passages)
    if stating and all(sides[passage.section] == "held_out" for passage in stating):
        raise InvalidRequest(f"This fact was not added: {_HELD_OUT}.")
    passage = stating[0] if stating else None
    example = Example(
        id=example_id(wording, answer),
        question=wording,
        answer=answer,
        source="written",
        split="train",
        document=passage.document if passage else question.document,
        passage=passage.text if passage else "",
        fact=question.fact,
        section=passage.section if passage else "",
        method="written for an error",
    )
    if not workspace.store.add_examples(assistant.id, [example]):
        raise InvalidRequest("This example was here already; nothing was added.")
    return example


def offer_in_chat(
    workspace: Workspace,
    assistant: Assistant,
    questions: Sequence[Question],
    left: ContenderKind,
    right: ContenderKind,
) -> int:
    """Offer the questions in the chat, for a blind comparison of the two; how many were new.

    Raises InvalidRequest without questions, or for a kind against itself.
    """
    if not questions:
        raise InvalidRequest("Choose the questions first: tick them in the list.")
    if left == right:
        raise InvalidRequest(
            "Both answers are of the same kind of contender, which the chat does not compare: "
            "choose two kinds."
        )
    now = datetime.now(UTC)
    offered = [OfferedQuestion(question.question, left, right, now) for question in questions]
    return workspace.store.offer_questions(assistant.id, offered)


def _stating(question: Question, passages: Sequence[Passage]) -> list[Passage]:
    """The passages that state what the question asks for."""
    exact = [passage for passage in passages if holds_support(passage.text, question)]
    if exact or not question.answers:
        return exact
    return [
        passage
        for passage in passages
        if (not question.document or same_document(passage.document, question.document))
        and best_held(passage.text, question.answers, question.question).whole
    ]


def _same_fact(fact: WrittenFact, question: Question) -> bool:
    """Whether a fact read off the passage is the one that the question asks for."""
    return bool(question.answers) and (
        best_held(fact.answer, question.answers, question.question).whole
        or any(best_held(answer, [fact.value], "").whole for answer in question.answers)
    )


def _section_starts(passages: Sequence[Passage]) -> set[int]:
    """Ids of the passages that hold the first sentence under their heading."""
    first: dict[tuple[str, tuple[str, ...]], int] = {}
    for passage in passages:
        first.setdefault((passage.document_id, passage.heading_path), passage.id)
    return set(first.values())


def _example(question: Question, passage: Passage, fact: WrittenFact, wording: str) -> Example:
    key = content_hash([passage.document, fact.method, fact.answer])[:16]
    return Example(
        id=example_id(wording, fact.answer),
        question=wording,
        answer=fact.answer,
        source="generated",
        split="train",
        document=passage.document,
        passage=passage.text,
        fact=question.fact or key,
        section=passage.section,
        method=fact.method,
    )
