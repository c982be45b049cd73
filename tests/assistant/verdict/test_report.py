"""The report: one file with everything in it, in three forms."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.errors import ExportError, InvalidRequest
from assistant.evaluation.records import EvaluatedAnswer, Evaluation, Mean, Summary
from assistant.records import Answer, Assistant, Decision, Usage
from assistant.verdict.report import verdict_report, write_report, written
from assistant.workspace import Workspace
from retrieval.questions import Question


@pytest.fixture
def judged(
    workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> Assistant:
    """An assistant with a run, an evaluation and a decision."""
    add_run(kettle)
    both = workspace.contender(kettle, "rag"), workspace.contender(kettle, "tuned")
    questions = [Question(f"q{n}", f"Question {n}?", ("1.85",)) for n in range(12)]
    evaluation = Evaluation("e1", kettle.id, "recall", "0" * 64, 12, both, datetime.now(UTC))
    store = workspace.store
    store.add_evaluation(evaluation, "e1", questions)
    rows = [
        (
            place,
            EvaluatedAnswer(
                question,
                Answer("It holds 1.85.", one, "f" * 16, Usage(0.1, 9.0, 9, 9)),
                (),
                False,
                {"fact_recall": float(one.kind == "rag")},
            ),
        )
        for place, question in enumerate(questions)
        for one in both
    ]
    store.add_evaluated("e1", rows, [], 1.0)
    store.set_scores("e1", {(place, one.answer.contender.id): one.scores for place, one in rows})
    means = {one.id: {"fact_recall": Mean(float(one.kind == "rag"), 0.7, 1.0, 12)} for one in both}
    store.finish_evaluation("e1", Summary(means=means, enough="With 12 questions, little."))
    store.add_decision(
        Decision("d1", kettle.id, "rag", None, "likely", "Use RAG.", "| agreed", datetime.now(UTC))
    )
    return kettle


def test_markdown_holds_no_html_of_others(workspace: Workspace) -> None:
    named = workspace.create("<script>alert(1)</script> | x", "Answers")
    text = written(verdict_report(workspace, named), "md").partition("```json")[0]
    assert "<script" not in text and "&lt;script>alert(1)" in text and "\\| x" in text


def test_stages_carry_whole_dates(workspace: Workspace, judged: Assistant) -> None:
    html = written(verdict_report(workspace, judged), "html")
    dates = re.findall(r'<small class="quiet">(\d{4}-\d\d-\d\d \d\d:\d\d)</small>', html)
    assert len(dates) == html.count("<li class=") - 1  # what comes next has none


def test_html_holds_everything_and_loads_nothing(workspace: Workspace, judged: Assistant) -> None:
    html = written(verdict_report(workspace, judged), "html")
    for word in (
        "Use RAG, as far as the evidence goes",
        "Answered rightly",
        "Fact recall",
        "With 12 questions, little.",
        "RAG was chosen",
        "duet evaluate kestrel --with rag,tuned",
    ):
        assert word in html, word
    assert not re.search(r'(src|href)="(?!#)|url\((?!#)|@import|<script', html)


def test_json_can_be_read_and_repeats(workspace: Workspace, judged: Assistant) -> None:
    said = json.loads(written(verdict_report(workspace, judged), "json"))
    assert said["verdict"]["recommendation"]["choice"] == "rag"
    assert said["repeat"]["documents"]["files"].keys() == {"manual.md"}
    assert said["repeat"]["evaluations"][0]["questions_sha256"] == "0" * 64
    (run,) = said["repeat"]["runs"].values()
    assert run["assistant"]["name"] == "Kestrel"
    assert said["repeat"]["assistant"]["system_prompt"] == judged.system_prompt


def test_markdown_keeps_its_tables_whole(workspace: Workspace, judged: Assistant) -> None:
    text = written(verdict_report(workspace, judged), "md")
    assert text.startswith("# Kestrel: verdict\n")
    rows = [line for line in text.splitlines() if line.startswith("| rag |")]
    assert rows and "100 %" in rows[0]
    assert "\\| agreed" in text


def test_hostile_names_do_no_harm(workspace: Workspace, judged: Assistant) -> None:
    hostile = workspace.update(judged, name="<img src=x onerror=alert(1)>")
    html = written(verdict_report(workspace, hostile), "html")
    assert "<img" not in html and "&lt;img" in html


def test_an_assistant_with_nothing_has_a_report(workspace: Workspace) -> None:
    empty = workspace.create("New", "Answers")
    made = verdict_report(workspace, empty)
    for form in ("html", "md", "json"):
        assert "add documents" in written(made, form)


def test_the_ending_of_the_file_is_its_form(
    workspace: Workspace, judged: Assistant, tmp_path: Path
) -> None:
    for name in ("a.html", "b.MD", "c.json"):
        write_report(workspace, judged, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 500
    with pytest.raises(InvalidRequest, match="not as “pdf”"):
        write_report(workspace, judged, tmp_path / "d.pdf")
    with pytest.raises(ExportError, match="could not be written"):
        write_report(workspace, judged, tmp_path / "none" / "a.html")
    assert sorted(path.name for path in tmp_path.glob("*.*")) == [
        "a.html",
        "b.MD",
        "c.json",
        "manual.md",
    ]
