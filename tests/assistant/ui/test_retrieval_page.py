"""The retrieval section: measured in the background, shown, adopted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest

from assistant.records import Assistant, Example
from assistant.retrieval_quality import last_report
from assistant.retrieval_reports import Choice, RetrievalReport, report_json
from assistant.ui.retrieval import RetrievalSection, adopted, label
from assistant.ui.retrieval_html import report_html
from assistant.ui.services import Places, Services
from assistant.workspace import Workspace
from retrieval import ranking_report

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def section(services: Services) -> RetrievalSection:
    with gr.Blocks():
        return RetrievalSection(services, Places(*(gr.State("") for _ in range(4))))


def until(reached: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(600):
        if reached():
            return
        waited.wait(0.05)
    raise AssertionError("it did not come to that within 30 s")


def ended(section: RetrievalSection, kettle: Assistant) -> str:
    until(lambda: not section.work.state(kettle.id).active)
    return str(section.values(kettle.id))


@pytest.fixture
def report(workspace: Workspace, section: RetrievalSection, kettle: Assistant) -> RetrievalReport:
    workspace.store.add_examples(
        kettle.id,
        [
            Example("e1", "How big is the tank?", "1.85 litres", "written", "train"),
            Example("e2", "How long is the warranty?", "31 months", "written", "train"),
        ],
    )
    section._start(kettle.id, "", False)
    assert "Measured on 2 questions" in ended(section, kettle)
    made = last_report(workspace, kettle)
    assert made is not None
    return made


def test_without_questions_it_says_what_to_do(section: RetrievalSection, kettle: Assistant) -> None:
    assert "write examples first" in section._start(kettle.id, "", False)[0]
    assert "Not measured yet" in str(section.values(kettle.id))


def test_a_measurement_is_shown_verdict_first(
    section: RetrievalSection, kettle: Assistant, report: RetrievalReport
) -> None:
    html = report_html(report, kettle.slug)
    assert html.index("can show only large differences") < html.index("Searches compared")
    for part in (
        "BM25",
        "Dense",
        "Fused",
        "nDCG@10",
        "retrieval.json",
        "Risk, %",
        "Risk by coverage",
    ):
        assert part in html
    written = json.loads(report_json(report))
    assert written["ranking"]["systems"][0]["name"] == "bm25" and written["verdicts"]


def test_missed_questions_name_what_came_instead(report: RetrievalReport) -> None:
    assert report.ranking.questions[0].came == ("manual.md",)
    missed = ranking_report.TestedQuestion("q", HOSTILE, 1, (None, None, None), HOSTILE, (HOSTILE,))
    ranking = replace(
        report.ranking,
        questions=(missed,),
        left_out=(ranking_report.LeftOut("l", HOSTILE, HOSTILE),),
    )
    html = report_html(replace(report, ranking=ranking, source=HOSTILE, embedder=HOSTILE), "k")
    assert "<script" not in html and html.count("&lt;script") == 7
    assert "Missed questions: 1 of 1" in html


def test_a_faulty_file_is_refused_with_its_lines_and_deleted(
    section: RetrievalSection, kettle: Assistant, tmp_path: Path
) -> None:
    upload = tmp_path / "asked.jsonl"
    upload.write_text('{"question": "How big?"}\n{"answers": []}\nno\n', "utf-8")
    said = section._file(str(upload), kettle.id, "", False)[0]
    assert "line 2: no question" in said and "line 3: no JSON" in said
    assert not upload.exists()


def test_a_file_is_measured_with_a_reranker_and_a_sweep(
    section: RetrievalSection, kettle: Assistant, tmp_path: Path
) -> None:
    upload = tmp_path / "asked.jsonl"
    upload.write_text('{"question": "How big is the tank?", "answers": ["1.85 litres"]}\n', "utf-8")
    section._file(str(upload), kettle.id, "overlap", True)
    shown = ended(section, kettle)
    assert "asked.jsonl" in shown and "Fused + reranker" in shown
    assert "Passage sizes and weights" in shown and "reranker overlap" in shown


def test_too_few_questions_leave_the_threshold(
    section: RetrievalSection, kettle: Assistant, report: RetrievalReport
) -> None:
    section._fit(kettle.id)
    assert "too few to fit it" in ended(section, kettle)


def test_what_a_measurement_speaks_for_is_offered_until_it_is_adopted(
    workspace: Workspace,
    section: RetrievalSection,
    kettle: Assistant,
    report: RetrievalReport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choice = Choice("sweep", "Use a BM25 share of 0.7", {"lexical_weight": 0.7})
    offering = replace(report, choices=(choice,))
    monkeypatch.setattr("assistant.ui.retrieval.last_report", lambda *_: offering)
    assert section.values(kettle.id)[2]["value"] == "Use a BM25 share of 0.7"
    assert not section.values(kettle.id)[3]["visible"]
    section._adopt(0, kettle.id)
    assert "Adopted: Use a BM25 share of 0.7" in ended(section, kettle)
    assert workspace.assistant(kettle.id).retrieval.lexical_weight == 0.7
    assert not section.values(kettle.id)[2]["visible"]
    assert "not offered any more" in section._adopt(0, kettle.id)[0]


def test_another_size_says_what_it_costs(kettle: Assistant, report: RetrievalReport) -> None:
    choice = Choice("sweep", "Use passages of 64 tokens", {}, 64)
    assert label(choice, report).endswith("(cuts and embeds 1 document anew)")
    assert adopted(choice, kettle, 64) and not adopted(choice, kettle, 128)
