"""Stored evaluations of the kettle's assistant, with answers made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from assistant.evaluation.records import (
    EvaluatedAnswer,
    Evaluation,
    QuestionSet,
    RetrievedPassage,
    Summary,
)
from assistant.records import Answer, Assistant, ContenderKind, Usage
from assistant.workspace import Workspace
from retrieval.questions import Question

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TANK = "The tank of the Kestrel holds 1.85 litres."
QUESTIONS = (
    Question("1", "How much does the tank hold?", (TANK,), "manual.md", TANK, fact="tank"),
    Question("2", "How long is the warranty?", ("31 months",), "manual.md", fact="warranty"),
    Question("3", "Who won the cup?", in_scope=False),
)
Evaluate = Callable[..., Evaluation]


@pytest.fixture
def evaluate(workspace: Workspace, kettle: Assistant) -> Evaluate:
    """Stores an evaluation with these answers, by kind, to the three questions."""

    def make(
        said: dict[ContenderKind, Sequence[str]],
        key: str = "v1",
        questions: Sequence[Question] = QUESTIONS,
        finished: bool = True,
    ) -> Evaluation:
        contenders = {kind: workspace.contender(kettle, kind) for kind in said}
        evaluation = Evaluation(
            key,
            kettle.id,
            "recall",
            QuestionSet("recall", tuple(questions)).sha256,
            len(questions),
            tuple(contenders.values()),
            NOW,
        )
        workspace.store.add_evaluation(evaluation, key, questions)
        passage = RetrievedPassage(1, "manual.md", TANK, 1, 0.7)
        answers = [
            (
                place,
                EvaluatedAnswer(
                    question,
                    Answer(text, contenders[kind], "weights", Usage(0.1, 9.0, 5, 5)),
                    (passage,),
                    False,
                    {},
                ),
            )
            for kind, texts in said.items()
            for place, (question, text) in enumerate(zip(questions, texts, strict=False))
        ]
        workspace.store.add_evaluated(key, answers, [], 1.0)
        if finished:
            workspace.store.finish_evaluation(key, Summary())
        return evaluation

    return make


BASE = ["2 litres", "a year or so", "Denver"]
RAG = ["1.85 litres", "a year or so", "The documents do not say."]
