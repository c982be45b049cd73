"""Measuring an assistant's retrieval, keeping the reports, adopting what they speak for."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import DocumentsError, InvalidRequest
from assistant.records import Assistant, Example, example_id
from assistant.retrieval_quality import (
    adopt,
    evaluate,
    fit_threshold,
    last_report,
    own_questions,
)
from assistant.retrieval_reports import KEPT, Choice, reports
from assistant.workspace import Workspace
from retrieval.questions import Question

QUESTIONS = [
    Question("1", "How many litres does the tank hold?", ("1.85 litres",), "manual.md"),
    Question("2", "Where are repairs made?", support="Repairs are made in Brannock"),
    Question("3", "How is the whistle tuned?", ("440 hertz",)),
    Question("4", "Who won the cup?", in_scope=False),
    Question("5", "What colour is it?", ("turquoise",)),
]


def example(question: str, answer: str, answerable: bool = True, passage: str = "") -> Example:
    return Example(
        example_id(question, answer),
        question,
        answer,
        "imported",
        "train",
        answerable=answerable,
        document="manual.md" if answerable else "",
        passage=passage,
    )


def test_a_report_is_kept_and_comes_back_as_it_was(workspace: Workspace, kettle: Assistant) -> None:
    assert last_report(workspace, kettle) is None
    report = evaluate(workspace, kettle, QUESTIONS, reranker="overlap", sweep=True, source="five")
    assert last_report(workspace, kettle) == report
    assert report.sweep is not None and report.abstention is not None
    assert (report.source, report.reranker, report.passages) == ("five", "overlap", 3)
    assert [one.id for one in report.ranking.questions] == ["1", "2", "3"]
    assert [one.id for one in report.ranking.left_out] == ["5"]
    assert report.abstention.own_out == 1
    assert "too few" in report.abstention.sentence


def test_only_the_newest_reports_are_kept(workspace: Workspace, kettle: Assistant) -> None:
    made = [evaluate(workspace, kettle, QUESTIONS, source=str(n)) for n in range(KEPT + 2)]
    kept = reports(workspace.folder(kettle))
    assert [one.source for one in kept] == [one.source for one in made[:1:-1]]


def test_a_damaged_report_is_left_out(workspace: Workspace, kettle: Assistant) -> None:
    evaluate(workspace, kettle, QUESTIONS, source="old")
    evaluate(workspace, kettle, QUESTIONS, source="new")
    newest = max((workspace.folder(kettle) / "retrieval-reports").glob("*.json"))
    newest.write_text(newest.read_text("utf-8")[:100], "utf-8")
    found = last_report(workspace, kettle)
    assert found is not None and found.source == "old"


def test_stopping_keeps_nothing(workspace: Workspace, kettle: Assistant) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(DocumentsError, match="stopped"):
        evaluate(workspace, kettle, QUESTIONS, cancelled=cancelled)
    assert last_report(workspace, kettle) is None


def test_there_must_be_questions_and_documents(workspace: Workspace, kettle: Assistant) -> None:
    with pytest.raises(InvalidRequest, match="no questions to measure on"):
        evaluate(workspace, kettle, [QUESTIONS[3]])
    empty = workspace.create("Empty", "nothing")
    with pytest.raises(InvalidRequest, match="no documents yet"):
        evaluate(workspace, empty, QUESTIONS)


def test_own_questions_are_the_examples(workspace: Workspace, kettle: Assistant) -> None:
    answer = "The tank of the Kestrel holds 1.85 litres."
    workspace.store.add_examples(
        kettle.id,
        [
            example("How big is the tank?", answer, passage=answer),
            example("How much is it?", "The documents do not say.", answerable=False),
        ],
    )
    first, second = own_questions(workspace, kettle)
    assert (first.support, first.document, first.in_scope) == (answer, "manual.md", True)
    assert (second.answers, second.document, second.in_scope) == ((), "", False)
    assert evaluate(workspace, kettle, [first, second]).ranking.questions[0].ranks[2] == 1


def test_a_choice_changes_the_settings_and_the_contender(
    workspace: Workspace, kettle: Assistant
) -> None:
    before = workspace.contender(kettle, "rag")
    changed = adopt(workspace, kettle, Choice("sweep", "", {"lexical_weight": 0.3}))
    assert changed.retrieval == replace(kettle.retrieval, lexical_weight=0.3)
    assert workspace.assistant("kestrel") == changed
    after = workspace.contender(changed, "rag")
    assert after.retrieval == changed.retrieval
    assert after.id != before.id
    with pytest.raises(InvalidRequest, match="settings that there are not"):
        adopt(workspace, kettle, Choice("sweep", "", {"colour": "red"}))


def test_adopting_keeps_what_another_change_made_meanwhile(
    workspace: Workspace, kettle: Assistant
) -> None:
    workspace.update(kettle, name="Renamed")
    adopt(workspace, kettle, Choice("threshold", "", {"min_cosine": 0.3}))
    now = workspace.assistant("kestrel")
    assert (now.name, now.retrieval.min_cosine) == ("Renamed", 0.3)


def test_the_threshold_is_fitted_on_the_assistants_own_questions(
    workspace: Workspace, kettle: Assistant
) -> None:
    facts = [
        ("How many litres does the tank of the Kestrel hold?", "1.85 litres"),
        ("Which warranty does the Kestrel have?", "31 months"),
        ("To how many hertz is the whistle of the Kestrel tuned?", "440 hertz"),
    ]
    workspace.store.add_examples(
        kettle.id,
        [example(f"{q[:-1]}{' please' * n}?", a) for q, a in facts for n in range(12)]
        + [
            example(f"Who sang song number {n}?", "The documents do not say.", answerable=False)
            for n in range(12)
        ],
    )
    report = fit_threshold(workspace, kettle)
    assert (report.questions_in, report.own_out) == (36, 12)
    assert report.questions_out > 60
    assert report.points


def test_a_sweep_tries_other_sizes_and_its_winner_is_adopted_whole(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    story = tmp_path / "story.md"
    story.write_text("\n\n".join(f"Paragraph {n} about whale{n}. " * 8 for n in range(12)), "utf-8")
    workspace.corpus(kettle).add([story])
    asked = [
        *QUESTIONS,
        *(
            Question(f"w{n}", f"Which is about whale{n}?", support=f"about whale{n}")
            for n in range(9)
        ),
    ]
    report = evaluate(workspace, kettle, asked, sweep=True)
    assert report.sweep is not None
    assert {row.passage_tokens for row in report.sweep.rows} == {64, 128, 192, 256}
    assert sum(row.present for row in report.sweep.rows) == 1
    assert workspace.corpus(kettle).passage_tokens == report.passage_tokens == 256
    choice = Choice("sweep", "", {"lexical_weight": 0.4}, 64)
    changed = adopt(workspace, kettle, choice)
    assert changed.retrieval.lexical_weight == 0.4
    assert workspace.corpus(kettle).passage_tokens == 64


def test_a_choice_that_is_stopped_changes_nothing(workspace: Workspace, kettle: Assistant) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(DocumentsError, match="as they were"):
        adopt(
            workspace,
            kettle,
            Choice("sweep", "", {"lexical_weight": 0.4}, 64),
            cancelled=cancelled,
        )
    assert workspace.assistant("kestrel") == kettle
    assert workspace.corpus(kettle).passage_tokens == 256
