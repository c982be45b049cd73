"""The errors of a stored evaluation, and every way in which there is nothing to report."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assistant.errors import InvalidRequest, NotFound
from assistant.evaluation.error_report import chosen_evaluation, error_report
from assistant.evaluation.stated_facts import StatedFacts
from assistant.records import Assistant
from assistant.runs import Runs
from assistant.workspace import Workspace
from retrieval.questions import Question
from tests.assistant.evaluation.stored import BASE, QUESTIONS, RAG, Evaluate


def test_two_contenders_of_the_newest_evaluation(
    workspace: Workspace, kettle: Assistant, evaluate: Evaluate
) -> None:
    evaluate({"base": BASE, "rag": RAG})
    report = error_report(workspace, kettle)
    base, rag = report.contenders
    assert [one.error_class for one in report.answers(base)] == [
        "wrong_fact",
        "not_recalled",
        "not_refused",
    ]
    assert [one.error_class for one in report.answers(rag)] == ["correct", "missed", "correct"]
    assert report.comparison is not None
    assert (report.comparison.before.kind, report.comparison.after.kind) == ("base", "rag")
    assert report.comparison.total.fixed == 2
    assert [entry.key for entry in report.ledger.entries] == ["tank", "warranty"]
    assert report.ledger.entries[0].trained is None


def test_the_pair_is_chosen_by_kind_or_id(
    workspace: Workspace, kettle: Assistant, evaluate: Evaluate
) -> None:
    evaluate({"base": BASE, "rag": RAG})
    rag = workspace.contender(kettle, "rag")
    report = error_report(workspace, kettle, before=rag.id, after="base")
    assert report.comparison is not None
    assert report.comparison.total.broken == 2
    with pytest.raises(InvalidRequest, match="tuned was not asked"):
        error_report(workspace, kettle, after="tuned")


def test_two_evaluations_over_the_same_questions(
    workspace: Workspace, kettle: Assistant, evaluate: Evaluate
) -> None:
    evaluate({"base": BASE}, "v1")
    evaluate({"rag": RAG}, "v2", QUESTIONS[::-1][1:])
    report = error_report(workspace, kettle, "v2", "base", "rag", "v1")
    assert report.comparison is not None
    assert len(report.comparison.changes) == 2
    assert report.comparison.unpaired == 1


def test_times_trained_are_read_from_the_run(
    workspace: Workspace, kettle: Assistant, evaluate: Evaluate, add_run: Callable[[Assistant], str]
) -> None:
    run = add_run(kettle)
    folder = workspace.runs(kettle).folder / run
    folder.joinpath("train.jsonl").write_text(
        '{"prompt": [{"role": "user", "content": "What does the tank hold?"}], '
        '"completion": [{"role": "assistant", "content": "It holds 1.85 litres."}]}\n',
        "utf-8",
    )
    evaluate({"base": BASE, "tuned": RAG})
    ledger = error_report(workspace, kettle).ledger
    assert ledger.run_id == run
    assert [entry.trained for entry in ledger.entries] == [1, 0]


def test_a_run_that_was_deleted_leaves_the_report(
    workspace: Workspace, kettle: Assistant, evaluate: Evaluate, add_run: Callable[[Assistant], str]
) -> None:
    run = add_run(kettle)
    evaluate({"base": BASE, "tuned": RAG})
    runs: Runs = workspace.runs(kettle)
    for path in sorted((runs.folder / run).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    ledger = error_report(workspace, kettle).ledger
    assert ledger.run_id == ""
    assert ledger.entries[0].trained is None


def test_a_document_that_was_deleted_is_said(
    workspace: Workspace, kettle: Assistant, evaluate: Evaluate
) -> None:
    evaluate({"base": BASE, "rag": RAG})
    corpus = workspace.corpus(kettle)
    corpus.remove(corpus.documents()[0].id)
    report = error_report(workspace, kettle)
    assert report.answers(report.contenders[1])[1].error_class == "no_source"


def test_no_evaluation_and_no_answers_are_sentences(
    workspace: Workspace, kettle: Assistant, evaluate: Evaluate
) -> None:
    with pytest.raises(InvalidRequest, match="no evaluation of Kestrel yet"):
        error_report(workspace, kettle)
    with pytest.raises(NotFound, match="no evaluation nothing"):
        error_report(workspace, kettle, "nothing")
    evaluate({"rag": []}, finished=False)
    with pytest.raises(InvalidRequest, match="no answers yet"):
        error_report(workspace, kettle)


def test_one_contender_has_classes_and_no_comparison(
    workspace: Workspace, kettle: Assistant, evaluate: Evaluate
) -> None:
    evaluate({"rag": RAG})
    report = error_report(workspace, kettle)
    assert len(report.classed) == 1
    assert report.comparison is None
    assert "nothing to compare" in report.reason


def test_a_finished_evaluation_comes_before_one_that_is_going(
    workspace: Workspace, kettle: Assistant, evaluate: Evaluate
) -> None:
    evaluate({"rag": RAG}, "v1")
    evaluate({"base": BASE}, "v2", finished=False)
    assert chosen_evaluation(workspace, kettle).id == "v1"


def test_which_document_states_a_fact(workspace: Workspace, kettle: Assistant) -> None:
    finds = StatedFacts(workspace.corpus(kettle).passages())
    assert finds(QUESTIONS[0]) == "manual.md"
    assert finds(QUESTIONS[1]) == "manual.md"
    assert finds(Question("4", "How loud is it?", ("99 decibels",))) == ""
    assert finds(Question("5", "How long is it?", ("31 months",), "other.md")) == ""
