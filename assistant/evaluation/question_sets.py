"""The question sets an assistant can be tested on, and which questions of a set are asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from assistant.errors import InvalidRequest, documents_mapped
from assistant.evaluation.records import QuestionSet
from assistant.records import Example, content_hash
from retrieval.questions import Question, read_questions

OwnSet = Literal["recall", "generalisation", "out_of_scope", "all"]
OWN_SETS: tuple[OwnSet, ...] = get_args(OwnSet)

_EMPTY = {
    "recall": "examples with the split recall (a trained fact in a wording not trained)",
    "generalisation": "examples with the split generalisation (from sections not trained on)",
    "out_of_scope": "examples that are not answerable and not trained on",
    "all": "test examples: splits recall or generalisation, or not answerable",
}


def read_question_set(path: Path) -> QuestionSet:
    """The questions of a JSONL file, under its name. Raises DocumentsError with every fault."""
    with documents_mapped():
        return QuestionSet(path.name, tuple(read_questions(path)))


def own_question_set(
    name: OwnSet, examples: Iterable[Example], imported: Iterable[QuestionSet] = ()
) -> QuestionSet:
    """One of the assistant's own sets, or all of them together.

    imported: question files taken in before, whose questions out of scope belong to `out_of_scope`.
    Raises InvalidRequest where there are no such questions.
    """
    held = [example for example in examples if example.split != "train"]
    parts: dict[str, list[Question]] = {
        "recall": [_question(e) for e in held if e.answerable and e.split == "recall"],
        "generalisation": [
            _question(e) for e in held if e.answerable and e.split == "generalisation"
        ],
        "out_of_scope": [
            *(_question(e) for e in held if not e.answerable),
            # Ids are one's own within a file only: two files may both number from 1.
            *(
                replace(question, id=f"{one.sha256[:12]}-{question.id}")
                for one in imported
                for question in one.questions
                if not question.in_scope
            ),
        ],
    }
    chosen = [question for own in parts.values() for question in own]
    if name != "all":
        chosen = parts[name]
    asked = {" ".join(question.question.split()).casefold(): question for question in chosen[::-1]}
    if not asked:
        raise InvalidRequest(
            f"There are no questions to ask: the set “{name}” holds {_EMPTY[name]}. Import such "
            "examples, or name a file with --questions."
        )
    return QuestionSet(name, tuple(asked.values())[::-1])


def sampled(questions: QuestionSet, limit: int | None, seed: int = 0) -> QuestionSet:
    """At most `limit` of the questions, in their order: the same for the same seed.

    They are spread over the facts (over the documents where no fact is named): one of each comes
    before a second of any. Raises InvalidRequest for a limit below 1.
    """
    if limit is None or limit >= len(questions.questions):
        return questions
    if limit < 1:
        raise InvalidRequest("The limit is below 1: ask at least one question.")
    groups: dict[str, list[int]] = defaultdict(list)
    for position, question in enumerate(questions.questions):
        groups[question.fact or question.document or f"#{position}"].append(position)
    ranked: list[tuple[int, str, int]] = []
    for key, positions in groups.items():
        drawn = sorted(positions, key=lambda one: content_hash([seed, key, one]))
        ranked += [
            (turn, content_hash([seed, key]), position) for turn, position in enumerate(drawn)
        ]
    chosen = sorted(position for _, _, position in sorted(ranked)[:limit])
    return QuestionSet(questions.name, tuple(questions.questions[one] for one in chosen))


def without(questions: QuestionSet, left_out: Sequence[Question]) -> QuestionSet:
    """The set without some of its questions. Raises InvalidRequest where none is left."""
    gone = {question.id for question in left_out}
    kept = tuple(question for question in questions.questions if question.id not in gone)
    if not kept:
        raise InvalidRequest(
            f"All questions of {questions.name} were trained on, so that they test nothing: take "
            "questions that are not among the training examples."
        )
    return QuestionSet(questions.name, kept)


def _question(example: Example) -> Question:
    return Question(
        id=example.id,
        question=example.question,
        answers=(example.answer,) if example.answerable else (),
        document=example.document,
        support=example.passage,
        in_scope=example.answerable,
        fact=example.fact,
    )
