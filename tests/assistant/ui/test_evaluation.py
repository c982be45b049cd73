"""The evaluation section, called as Gradio calls it but without a server."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from assistant.evaluation.judge import PairJudged, VoteAgreement, described
from assistant.records import Assistant, Example
from assistant.ui.evaluation import EvaluationSection
from assistant.ui.services import Places, Services


@pytest.fixture
def section(services: Services, kettle: Assistant) -> EvaluationSection:
    tested = Example("r1", "How big is the tank?", "It holds 1.85 litres.", "written", "recall")
    services.workspace.store.add_examples(kettle.id, [tested])
    with gr.Blocks():
        return EvaluationSection(services, Places(*(gr.State("") for _ in range(4))))


def text(values: list[Any]) -> str:
    return " ".join(str(value) for value in values)


def finished(section: EvaluationSection, assistant: Assistant) -> str:
    deadline = time.monotonic() + 60
    while section.evaluator.state(assistant.id).active:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return text(section.values(assistant.id))


def test_an_evaluation_started_here_goes_on_by_itself_and_is_shown(
    section: EvaluationSection, kettle: Assistant
) -> None:
    assert "No evaluation yet" in text(section.values(kettle.id))
    section._start(kettle.id, "recall", 10, ["base", "rag"])
    shown = finished(section, kettle)
    assert "Fact recall" in shown and "1 question" in shown and "Whole answer" in shown
    (evaluation,) = section._services.workspace.store.evaluations(kettle.id)
    assert f"/downloads/{kettle.slug}/evaluations/{evaluation.id}.csv" in shown


def test_what_cannot_be_started_says_why(section: EvaluationSection, kettle: Assistant) -> None:
    assert "no tuned model yet" in text(section._start(kettle.id, "recall", 5, ["tuned"]))
    assert "at least one" in text(section._start(kettle.id, "recall", 5, []))
    assert "import it again" in text(section._start(kettle.id, "nothing of that", 5, ["base"]))
    assert "has not opened its assistant" in text(section.values(""))


def test_an_imported_file_is_one_of_the_choices(
    section: EvaluationSection, kettle: Assistant, tmp_path: Path
) -> None:
    file = tmp_path / "<exam>.jsonl"
    file.write_text(json.dumps({"question": "How many hertz?", "answers": ["440"]}), "utf-8")
    said = section._import(str(file), kettle.id)
    assert "kept out of training" in str(said[0]) and "&lt;exam&gt;" in str(said[0])
    assert not file.exists()
    (held,) = section._services.workspace.store.question_sets(kettle.id)
    section._start(kettle.id, held.sha256, None, ["base"])
    assert "&lt;exam&gt;.jsonl, 1 question" in finished(section, kettle)


def test_what_a_judge_preferred_is_shown(section: EvaluationSection, kettle: Assistant) -> None:
    section._start(kettle.id, "recall", 10, ["base", "rag"])
    finished(section, kettle)
    store = section._services.workspace.store
    (evaluation,) = store.evaluations(kettle.id)
    first, second = evaluation.contenders
    pair = PairJudged(first.id, second.id, 3, 17, 2, 5, 4)
    store.set_judged(evaluation.id, described("<judge>", [pair], VoteAgreement(20, 0.75, 0.5)))
    shown = text(section.values(kettle.id))
    assert "&lt;judge&gt;" in shown and "Undecided" in shown and ">17<" in shown
    assert "75 % of 20 comparisons" in shown and "kappa 0.50" in shown
    store.set_judged(evaluation.id, described("judge", [pair], None))
    assert "no blind votes to hold it against" in text(section.values(kettle.id))


def test_what_it_would_take_is_said_from_the_last_one(
    section: EvaluationSection, kettle: Assistant
) -> None:
    said = section._estimated(kettle.id, "recall", 5, ["base", "rag"])
    assert "2 answers: how long that takes is not known" in said
    assert section._estimated(kettle.id, "recall", 5, ["tuned"]) == ""
    section._start(kettle.id, "recall", 10, ["base", "rag"])
    finished(section, kettle)
    assert "at the speed of the last evaluation" in section._estimated(
        kettle.id, "recall", 5, ["base"]
    )


def test_an_evaluation_is_deleted_when_asked_twice(
    section: EvaluationSection, kettle: Assistant
) -> None:
    section._start(kettle.id, "recall", 10, ["base"])
    finished(section, kettle)
    store = section._services.workspace.store
    (evaluation,) = store.evaluations(kettle.id)
    pressed = gr.EventData(None, {"action": "delete", "id": evaluation.id})
    subject, _, asked = section._asked(pressed, kettle.id)
    assert subject == evaluation.id and "cannot be undone" in asked
    assert len(store.evaluations(kettle.id)) == 1
    other = section._services.workspace.create("Other", "Answers")
    assert "no such evaluation" in text(section._delete(evaluation.id, other.id))
    assert "was deleted" in text(section._delete(evaluation.id, kettle.id))
    assert store.evaluations(kettle.id) == []
    assert "no such evaluation" in text(section._delete(evaluation.id, kettle.id))
