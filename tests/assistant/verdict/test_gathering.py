"""Evidence as it is read from store, runs and documents."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.evaluation.records import EvaluatedAnswer, Evaluation, Latency, Summary
from assistant.records import Answer, Assistant, Contender, Example, Usage
from assistant.runs import read_json, write_json
from assistant.verdict.gathering import verdict
from assistant.verdict.quality import handled_rightly, quality
from assistant.workspace import Workspace
from retrieval.questions import Question

Evaluate = Callable[..., Evaluation]


def question(number: int, in_scope: bool = True) -> Question:
    return Question(f"q{number}", f"Question {number}?", ("1.85",), in_scope=in_scope)


@pytest.fixture
def evaluate(workspace: Workspace, kettle: Assistant) -> Evaluate:
    """Stores a finished evaluation: for each contender, the score of every question."""

    def made(
        key: str,
        right: Mapping[Contender, list[float]],
        question_set: str = "recall",
        in_scope: bool = True,
        first: int = 0,
        finished: bool = True,
    ) -> Evaluation:
        count = len(next(iter(right.values())))
        questions = [question(first + number, in_scope) for number in range(count)]
        evaluation = Evaluation(
            key, kettle.id, question_set, "0" * 64, count, tuple(right), datetime.now(UTC)
        )
        store = workspace.store
        store.add_evaluation(evaluation, key, questions)
        metric = "fact_recall" if in_scope else "refusal"
        rows = []
        for contender, values in right.items():
            answer = Answer("It holds 1.85.", contender, "f" * 16, Usage(0.1, 9.0, 9, 9))
            for place, value in enumerate(values):
                scores = {metric: value, "groundedness": 0.5}
                rows.append((place, EvaluatedAnswer(questions[place], answer, (), False, scores)))
        store.add_evaluated(key, rows, [], 1.0)
        store.set_scores(key, {(place, one.answer.contender.id): one.scores for place, one in rows})
        if finished:
            latency = {one.id: Latency(0.5, 2.0, 3.0, 9.0, 5, 1.25) for one in right}
            store.finish_evaluation(key, Summary(latency=latency))
        return evaluation

    return made


@pytest.fixture
def both(
    workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> tuple[Contender, Contender]:
    add_run(kettle)
    return workspace.contender(kettle, "rag"), workspace.contender(kettle, "tuned")


def test_a_new_assistant_is_told_what_to_do(workspace: Workspace) -> None:
    empty = workspace.create("New", "Answers")
    said = verdict(workspace, empty)
    assert said.recommendation.next_step.action == "add_documents"
    assert [one.kind for one in said.evidence.contenders] == ["base"]
    assert [stage.kind for stage in said.stages] == ["next"]


def test_documents_alone_ask_for_training(workspace: Workspace, kettle: Assistant) -> None:
    said = verdict(workspace, kettle)
    assert said.recommendation.next_step.action == "train"
    rag = said.evidence.contender("rag")
    assert rag is not None and rag.build_minutes is not None and rag.quality is None


def test_an_evaluation_is_read_with_its_tests(
    workspace: Workspace, kettle: Assistant, both: tuple[Contender, Contender], evaluate: Evaluate
) -> None:
    rag, tuned = both
    evaluate("e1", {rag: [1.0] * 28 + [0.0] * 2, tuned: [1.0] * 10 + [0.0] * 20})
    said = verdict(workspace, kettle)
    assert (said.recommendation.choice, said.recommendation.certainty) == ("rag", "likely")
    found = said.evidence.contender("rag")
    assert found is not None and found.quality is not None
    assert found.quality.value == pytest.approx(28 / 30) and found.quality.n == 30
    assert found.quality.low < 28 / 30 < found.quality.high
    assert found.quality_by_set == (("recall", found.quality),)
    assert found.grounded is not None and found.grounded.value == 0.5
    assert (found.first_word_seconds, found.answer_seconds, found.memory_gib) == (0.5, 2.0, 1.25)
    pair = said.evidence.pair("tuned", "rag")
    assert pair is not None and pair.tested is not None
    assert pair.tested.difference == pytest.approx(18 / 30) and pair.tested.p_value < 0.001
    assert [stage.kind for stage in said.stages].count("evaluation") == 1
    assert said.outdated == ()


def test_sets_are_pooled_and_told_apart(
    workspace: Workspace, kettle: Assistant, both: tuple[Contender, Contender], evaluate: Evaluate
) -> None:
    rag, tuned = both
    evaluate("e1", {rag: [1.0] * 4, tuned: [1.0] * 4})
    evaluate("e2", {rag: [0.0] * 2, tuned: [1.0] * 2}, "out_of_scope", False, first=10)
    found = quality(workspace.store, kettle.id).kinds["rag"]
    assert found.quality.value == pytest.approx(4 / 6)
    assert [(name, one.value, one.n) for name, one in found.by_set] == [
        ("out_of_scope", 0.0, 2),
        ("recall", 1.0, 4),
    ]
    assert found.refused_rightly is not None and found.refused_rightly.n == 2


def test_of_a_question_asked_twice_the_last_answer_counts(
    workspace: Workspace, kettle: Assistant, both: tuple[Contender, Contender], evaluate: Evaluate
) -> None:
    rag, _ = both
    evaluate("e1", {rag: [0.0, 0.0]})
    time.sleep(0.01)
    evaluate("e2", {rag: [1.0]})
    assert quality(workspace.store, kettle.id).kinds["rag"].quality.value == 0.5


def test_an_evaluation_that_goes_on_does_not_count(
    workspace: Workspace, kettle: Assistant, both: tuple[Contender, Contender], evaluate: Evaluate
) -> None:
    evaluate("e1", {both[0]: [1.0]}, finished=False)
    assert quality(workspace.store, kettle.id).kinds == {}
    workspace.store.finish_evaluation("e1", Summary())
    assert "rag" in quality(workspace.store, kettle.id).kinds


def test_a_changed_document_makes_evidence_and_run_outdated(
    workspace: Workspace,
    kettle: Assistant,
    both: tuple[Contender, Contender],
    evaluate: Evaluate,
    tmp_path: Path,
) -> None:
    evaluate("e1", {both[0]: [1.0] * 3, both[1]: [1.0] * 3})
    runs = workspace.runs(kettle)
    run_json = runs.folder / runs.list()[0].id / "run.json"
    (document,) = workspace.corpus(kettle).documents()
    source = {"document": "manual.md", "section": "", "sha256": document.sha256, "rows": 1}
    write_json(run_json, (read_json(run_json) or {}) | {"sources": [source]})
    assert verdict(workspace, kettle).evidence.stale_examples == 0
    manual = tmp_path / "manual.md"
    manual.write_text("# Kestrel\n\nThe tank holds 2.1 litres now.\n", "utf-8")
    workspace.corpus(kettle).add([manual])
    said = verdict(workspace, kettle)
    assert said.evidence.stale_examples == 1
    assert "1 trained example with them" in said.recommendation.next_step.sentence
    tuned = said.evidence.contender("tuned")
    assert tuned is not None and "1 document that changed or went since" in tuned.freshness
    assert len(said.outdated) == 1 and said.outdated[0].startswith("The tests of RAG")


def test_tests_of_a_deleted_run_are_told_and_settle_nothing(
    workspace: Workspace, kettle: Assistant, both: tuple[Contender, Contender], evaluate: Evaluate
) -> None:
    evaluate("e1", {both[0]: [0.0] * 30, both[1]: [1.0] * 30})
    runs = workspace.runs(kettle)
    shutil.rmtree(runs.folder / runs.list()[0].id)
    said = verdict(workspace, kettle)
    assert said.evidence.outdated == ("tuned",)
    assert "of a version that is gone" in said.outdated[0]
    assert said.recommendation.certainty != "settled"


def test_questions_all_answered_rightly_still_have_an_interval(
    workspace: Workspace, kettle: Assistant, both: tuple[Contender, Contender], evaluate: Evaluate
) -> None:
    evaluate("e1", {both[0]: [1.0] * 12})
    found = quality(workspace.store, kettle.id).kinds["rag"].quality
    assert found.value == found.high == 1.0 and 0.7 < found.low < 0.8


def test_test_questions_not_asked_yet_are_counted(
    workspace: Workspace, kettle: Assistant, both: tuple[Contender, Contender], evaluate: Evaluate
) -> None:
    rag, tuned = both
    workspace.store.add_examples(
        kettle.id,
        [Example(f"t{n}", f"Question {n}?", "1.85", "written", "recall") for n in range(5)],
    )
    assert verdict(workspace, kettle).evidence.unused_questions == 5
    evaluate("e1", {rag: [1.0] * 3, tuned: [1.0] * 2 + [0.0]})
    assert verdict(workspace, kettle).evidence.unused_questions == 2


@pytest.mark.parametrize(
    ("in_scope", "scores", "expected"),
    [
        (True, {"fact_recall": 1.0, "f1": 0.2, "refusal": 0.0}, 1.0),
        (True, {"f1": 0.2, "refusal": 1.0}, None),
        (True, {}, None),
        (False, {"refusal": 1.0, "fact_recall": 0.0}, 1.0),
        (False, {"f1": 1.0}, None),
    ],
)
def test_what_counts_as_right(
    in_scope: bool, scores: dict[str, float], expected: float | None
) -> None:
    assert handled_rightly(question(1, in_scope), scores) == expected


def test_own_tests_asked_together_are_told_apart(
    workspace: Workspace, kettle: Assistant, both: tuple[Contender, Contender], evaluate: Evaluate
) -> None:
    workspace.store.add_examples(
        kettle.id,
        [
            Example("q0", "Question 0?", "1.85", "written", "recall"),
            Example("q1", "Question 1?", "1.85", "written", "generalisation"),
        ],
    )
    evaluate("e1", {both[0]: [1.0, 0.0, 1.0]}, "all")
    found = quality(workspace.store, kettle.id).kinds["rag"]
    assert [(name, one.value) for name, one in found.by_set] == [
        ("all", 1.0),
        ("generalisation", 0.0),
        ("recall", 1.0),
    ]
