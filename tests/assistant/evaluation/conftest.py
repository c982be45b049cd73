"""Evaluated answers made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from assistant.evaluation.records import EvaluatedAnswer, RetrievedPassage
from assistant.records import (
    Answer,
    Contender,
    ContenderKind,
    Decoding,
    RetrievalSettings,
    Usage,
)
from retrieval.questions import Question
from tests.assistant.evaluation.stored import evaluate

__all__ = ["evaluate", "evaluated"]

Evaluated = Callable[..., EvaluatedAnswer]


def contender(kind: ContenderKind) -> Contender:
    tuned, reads = kind in ("tuned", "tuned+rag"), kind in ("rag", "tuned+rag")
    return Contender(
        kind=kind,
        assistant_id="a1",
        base_model="builtin",
        run_id="run-1" if tuned else None,
        adapter_sha256="f" * 64 if tuned else None,
        index_generation=1 if reads else None,
        retrieval=RetrievalSettings() if reads else None,
        prompt_sha256="0" * 64,
        decoding=Decoding(),
    )


@pytest.fixture
def evaluated() -> Evaluated:
    """Makes an evaluated answer; passages are texts, best first, all of manual.pdf."""

    def make(
        text: str,
        question: str | Question = "How much does the tank hold?",
        answers: Sequence[str] = (),
        passages: Sequence[str] = (),
        kind: ContenderKind = "rag",
        truncated: bool = False,
        abstained: bool = False,
    ) -> EvaluatedAnswer:
        asked = Question("q1", question, tuple(answers)) if isinstance(question, str) else question
        return EvaluatedAnswer(
            question=asked,
            answer=Answer(
                text, contender(kind), "weights", Usage(0.1, 20.0, 100, 10), (), abstained
            ),
            retrieved=tuple(
                RetrievedPassage(number, "manual.pdf", passage, number, 0.6)
                for number, passage in enumerate(passages, start=1)
            ),
            truncated=truncated,
            scores={},
        )

    return make
