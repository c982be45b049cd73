"""Fact by fact: was it found, was it answered, was it trained, and how often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import TrainingError
from assistant.evaluation.error_classes import ClassedAnswer
from assistant.evaluation.holding import best_held
from assistant.facts import content_words
from assistant.records import KINDS, ContenderKind, Example
from assistant.training.folder import read_rows
from retrieval.questions import Question


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the questions about a fact were answered right."""

    right: int
    asked: int


@dataclass(frozen=True, slots=True)
class FactEntry:
    """What is known of one fact.

    key: shared by its wordings, "" where the questions carry none. rank: of the best passage found
    that holds it, from 1; None where none did. answered: right answers by kind of contender, for
    the kinds that were asked. trained: rows of the run's train.jsonl that carry it; None where the
    run is not known any more.
    """

    key: str
    reference: str
    document: str
    questions: tuple[Question, ...]
    rank: int | None
    answered: Mapping[ContenderKind, Share]
    trained: int | None

    def right(self, kind: ContenderKind) -> bool | None:
        """Whether every question about it was answered right; None where none was asked."""
        share = self.answered.get(kind)
        return None if share is None else share.right == share.asked


@dataclass(frozen=True, slots=True)
class FactLedger:
    """All facts of the questions. keyed: whether the questions name their facts; where they do
    not, each question counts as a fact of its own. run_id: whose rows were counted, "" for none."""

    entries: tuple[FactEntry, ...]
    keyed: bool
    run_id: str


def fact_ledger(
    classed: Iterable[ClassedAnswer],
    rows: Sequence[Mapping[str, Any]] | None = None,
    examples: Sequence[Example] = (),
    run_id: str = "",
) -> FactLedger:
    """The ledger of all in-scope answers that have a reference, in the order of the questions.

    rows: of the run's train.jsonl, None where it is gone. examples: those of the assistant; the
    rows of a fact are those of its examples, and where no example names the fact, those whose
    answer holds the reference and that speak of most of the question's content words.
    """
    groups: dict[str, list[ClassedAnswer]] = {}
    keyed = False
    for one in classed:
        question = one.evaluated.question
        if not question.in_scope or not question.answers:
            continue
        keyed = keyed or bool(question.fact)
        groups.setdefault(question.fact or f"question {question.id}", []).append(one)
    trained = _Trained(rows, examples) if rows is not None else None
    entries = tuple(_entry(own, trained) for own in groups.values())
    return FactLedger(entries, keyed, run_id if rows is not None else "")


def trained_rows(path: Path) -> list[dict[str, Any]] | None:
    """The rows of a train.jsonl; None where the file is gone.

    Raises TrainingError where it cannot be read.
    """
    try:
        return read_rows(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The training rows in {path.parent.name} cannot be read, so how often a fact was "
            "trained is not known: put the run's train.jsonl back, or choose another run."
        ) from error


class _Trained:
    """Counts the rows that carry a fact."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], examples: Sequence[Example]) -> None:
        self._rows = [(_asked(row), _said(row)) for row in rows]
        self._meanings = [content_words(f"{asked} {said}") for asked, said in self._rows]
        self._of_fact: dict[str, set[str]] = {}
        for example in examples:
            if example.fact and example.split == "train":
                self._of_fact.setdefault(example.fact, set()).add(_plain(example.question))

    def count(self, question: Question) -> int:
        wordings = self._of_fact.get(question.fact) if question.fact else None
        if wordings:
            # A row with passages asks at the end of its message, after “Question:”.
            return sum(
                _plain(asked) in wordings or _plain(asked.rpartition("Question:")[2]) in wordings
                for asked, _ in self._rows
            )
        wanted = content_words(question.question)
        return sum(
            2 * len(wanted & meaning) > len(wanted)
            and best_held(said, question.answers, question.question).whole
            for (_, said), meaning in zip(self._rows, self._meanings, strict=True)
        )


def _entry(own: Sequence[ClassedAnswer], trained: _Trained | None) -> FactEntry:
    questions = {one.evaluated.question.id: one.evaluated.question for one in own}
    first = next(iter(questions.values()))
    ranks = [one.passage.rank for one in own if one.passage is not None]
    passages = [one.passage.document for one in own if one.passage is not None]
    answered: dict[ContenderKind, Share] = {}
    for kind in KINDS:
        of_kind = [one for one in own if one.evaluated.answer.contender.kind == kind]
        if of_kind:
            answered[kind] = Share(sum(one.right for one in of_kind), len(of_kind))
    return FactEntry(
        key=first.fact,
        reference=first.answers[0],
        document=first.document or (passages[0] if passages else ""),
        questions=tuple(questions.values()),
        rank=min(ranks, default=None),
        answered=answered,
        trained=None if trained is None else trained.count(first),
    )


def _asked(row: Mapping[str, Any]) -> str:
    return _last(row.get("prompt"))


def _said(row: Mapping[str, Any]) -> str:
    return _last(row.get("completion"))


def _last(messages: Any) -> str:
    """The text of the last message; "" for a row that is no prompt or completion of messages."""
    if isinstance(messages, list) and messages and isinstance(messages[-1], dict):
        return str(messages[-1].get("content", ""))
    return ""


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
