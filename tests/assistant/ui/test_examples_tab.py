"""Import with its preview, writing, coverage and checks of the examples tab, without a server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from assistant.drawing.histogram import Bin, histogram
from assistant.interchange.leak_check import Leak, LeakCheck
from assistant.interchange.preview import Preview, Segment
from assistant.records import Assistant, Example
from assistant.store import Store
from assistant.ui.coverage_html import coverage_map, coverage_rows, leak_line, section_kind
from assistant.ui.examples import ExamplesTab
from assistant.ui.examples_downloads import examples_router
from assistant.ui.import_html import preview_html
from assistant.ui.services import Places, Services, markup
from assistant.ui.writing_html import written_html
from assistant.writing.filters import DropCount

HOSTILE = "<script>alert(1)</script>"
NOTHING = ("",) * 7


@pytest.fixture
def tab(services: Services) -> ExamplesTab:
    with gr.Blocks():
        return ExamplesTab(services, Places(*(gr.State("") for _ in range(4))), markup())


@pytest.fixture
def store(services: Services) -> Store:
    return services.workspace.store


@pytest.fixture
def upload(tab: ExamplesTab, kettle: Assistant, tmp_path: Path) -> Callable[..., list[Any]]:
    """Uploads rows as Gradio leaves them, and waits until the file was read."""

    def uploaded(*rows: object, name: str = "rows.jsonl") -> list[Any]:
        file = tmp_path / name
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        file.write_text("\n".join(lines), "utf-8")
        tab.importing.start(str(file), kettle.id)
        assert not file.exists()
        settled(tab.importing.work, kettle)
        return tab.importing.values(kettle.id)

    return uploaded


def settled(work: Any, assistant: Assistant) -> None:
    until = time.monotonic() + 30
    while work.state(assistant.id).active:
        assert time.monotonic() < until
        time.sleep(0.01)


def press(**data: str) -> gr.EventData:
    return gr.EventData(None, data)


def text(values: Any) -> str:
    return " ".join(str(value) for value in values)


def token(tab: ExamplesTab, values: list[Any]) -> str:
    return str(values[tab.importing.shown.index(tab.importing.token)])


def test_the_tab_has_a_value_for_each_output(tab: ExamplesTab, kettle: Assistant) -> None:
    assert len(tab.values(kettle.id, *NOTHING)) == len(tab.shown)
    for values in (tab.standing.values, tab.standing.waiting, tab._checked):
        assert len(values(kettle.id)) == len(tab.standing.shown)
    narrowed = len(tab._stale(kettle.id))
    for action in ("section", "document", "map-page"):
        assert len(tab._pressed(press(action=action, id="x"), kettle.id)) == narrowed


def test_a_file_is_looked_at_before_anything_is_taken_in(
    tab: ExamplesTab, kettle: Assistant, store: Store, upload: Callable[..., list[Any]]
) -> None:
    chat = [{"role": "user", "content": "How big?"}, {"role": "assistant", "content": "1.85 l."}]
    values = upload(
        {"messages": chat},
        {"messages": [{"role": "user", "content": "Who?"}, {**chat[1], "content": "a@b.example"}]},
        "no json",
    )
    said = text(values)
    for told in ("OpenAI messages", "line 3: not valid JSON", "E-mail address", "Take in 2"):
        assert told in said, told
    assert store.examples(kettle.id) == []
    done = text(tab._take(token(tab, values), True, True, kettle.id, *NOTHING))
    assert "2 new examples taken in" in done and "masked" in done and "passed over" in done
    assert not any("a@b.example" in one.answer for one in store.examples(kettle.id))
    assert tab.importing._held == {}


def test_a_faulty_file_may_be_refused_whole(
    tab: ExamplesTab, kettle: Assistant, store: Store, upload: Callable[..., list[Any]]
) -> None:
    values = upload({"question": "a", "answer": "b"}, {"question": ""})
    said = text(tab._take(token(tab, values), False, False, kettle.id, *NOTHING))
    assert "line 2" in said and 'role="alert"' in said
    assert store.examples(kettle.id) == []
    assert "Take in 1 example" in text(tab.importing.values(kettle.id)), "it waits as before"


def test_a_file_that_was_replaced_elsewhere_is_not_taken_in(
    tab: ExamplesTab, kettle: Assistant, store: Store, upload: Callable[..., list[Any]]
) -> None:
    first = token(tab, upload({"question": "a", "answer": "b"}))
    second = token(tab, upload({"question": "c", "answer": "d"}, name="other.jsonl"))
    assert "not waiting any more" in text(tab._take(first, False, True, kettle.id, *NOTHING))
    tab.importing._left(first, kettle.id)
    assert store.examples(kettle.id) == []
    assert "other.jsonl" in text(tab.importing.values(kettle.id))
    tab.importing._left(second, kettle.id)
    assert "other.jsonl" not in text(tab.importing.values(kettle.id))


def test_a_file_of_something_else_leaves_a_sentence(
    tab: ExamplesTab, kettle: Assistant, upload: Callable[..., list[Any]]
) -> None:
    said = text(upload("\0\1\2", name="photo.jsonl"))
    assert 'role="alert"' in said and tab.importing._held == {}


def test_the_preview_turns_from_one_example_to_the_next(
    tab: ExamplesTab, kettle: Assistant, upload: Callable[..., list[Any]]
) -> None:
    key = token(tab, upload(*({"question": f"Q{n}?", "answer": HOSTILE} for n in range(3))))
    shown = tab.importing._sample(press(action="sample", id="1"), key, False, kettle.id)
    assert "Q1?" in shown and "Example 2 of 3" in shown and HOSTILE not in shown
    last = tab.importing._sample(press(action="sample", id="99"), key, False, kettle.id)
    assert "Q2?" in last and ">Next<" not in last


def test_trained_tokens_are_marked() -> None:
    segments = (Segment("<|user|>How?", False, 4), Segment("So.<|end|>", True, 3))
    html = preview_html(Preview(segments, 7, 3, 5, False), 0, 1)
    assert '<span class="trained">So.&lt;|end|&gt;</span>' in html
    assert "7 tokens, of which 3" in html and "training leaves it out" in html


def test_examples_are_written_behind_the_page_and_the_checks_follow(
    tab: ExamplesTab, kettle: Assistant, store: Store
) -> None:
    tab.writing.start(kettle.id)
    settled(tab.writing.work, kettle)
    assert "written from the documents" in text(tab.writing.values(kettle.id))
    assert store.examples(kettle.id)
    checks = text(tab._checked(kettle.id))
    assert "No leak" in checks or "no test questions yet" in checks
    assert "sections" in checks and "manual.md" in checks


@pytest.mark.parametrize("count", ["0", "-1", "many", "1.5"])
def test_a_wrong_count_is_said_before_it_begins(
    tab: ExamplesTab, kettle: Assistant, count: str
) -> None:
    assert "whole number" in text(tab.writing.start(kettle.id, "rules", count))
    assert not tab.writing.work.state(kettle.id).active


def test_without_documents_writing_says_what_to_do(tab: ExamplesTab, services: Services) -> None:
    bare = services.workspace.create("Bare", "Nothing in it")
    tab.writing.start(bare.id)
    settled(tab.writing.work, bare)
    assert "add some first" in text(tab.writing.values(bare.id))


def test_a_model_that_is_too_small_is_told_before_it_begins(
    tab: ExamplesTab, kettle: Assistant
) -> None:
    assert "write by rule" in tab.writing._about(kettle.id, "model", "")
    assert "by rule" in tab.writing._about(kettle.id, "rules", "")


def test_stale_examples_are_rejected_and_written_anew(
    tab: ExamplesTab, kettle: Assistant, store: Store
) -> None:
    gone = Example("gone", "Old?", "Yes.", "generated", "train", section="f" * 64)
    store.add_examples(kettle.id, [gone])
    assert "Documents changed: 1 example is stale." in text(tab.standing.values(kettle.id))
    assert "Old?" in text(tab._stale(kettle.id))
    values = tab._renew((), 0, kettle.id, *NOTHING)
    assert "1 example was rejected." in text(values)
    settled(tab.writing.work, kettle)
    assert store.example(kettle.id, "gone").rejected and len(store.examples(kettle.id)) > 1
    assert "stale" not in text(tab.standing.values(kettle.id))


def test_a_section_of_the_map_narrows_the_list(
    tab: ExamplesTab, kettle: Assistant, services: Services, store: Store
) -> None:
    passages = services.workspace.corpus(kettle).passages()
    first, second = (
        next(one.section for one in passages if words in one.text)
        for words in ("1.85", "31 months")
    )
    one = Example("one", "First?", "Yes.", "generated", "train", section=first)
    two = Example("two", "Second?", "Yes.", "generated", "recall", section=second)
    store.add_examples(kettle.id, [one, two])
    found = tab.standing.standing(services.workspace.assistant(kettle.id)).coverage
    kinds = {one.section: section_kind(one) for one in found.documents[0].sections}
    assert (kinds[first], kinds[second]) == ("trained", "tested") and "none" in kinds.values()
    html = coverage_map(found, 0)
    assert f'data-id="{first}"' in html and "Tank: 1 train" in html
    assert sum(int(str(row["train"])) for row in coverage_rows(found)) == 1
    pressed = tab._pressed(press(action="section", id=first, said="Tank: 1 train"), kettle.id)
    assert "First?" in text(pressed) and "Second?" not in text(pressed)
    assert "Tank: 1 train" in text(pressed)


def test_a_leak_is_one_red_line_with_its_details() -> None:
    leaks = tuple(
        Leak("repeated question", f"{HOSTILE} {n}", HOSTILE, ("a", "b"), HOSTILE) for n in range(40)
    )
    html = leak_line(LeakCheck(leaks, 10, 40))
    assert 'class="leak bad"' in html and "40 test questions are trained on" in html
    assert HOSTILE not in html and "and 10 more" in html
    green = leak_line(LeakCheck((), 10, 40))
    assert 'class="leak good"' in green and "None of 40 test questions" in green


def test_the_report_of_writing_says_what_the_filters_left_out() -> None:
    left = [DropCount("gives the answer away", 3, (HOSTILE,))]
    html = written_html("5 new examples.", ["A note."], left)
    assert "3 candidates left out by the filters" in html and "holds what it asks for" in html
    assert HOSTILE not in html


def test_a_histogram_has_its_figures_as_a_table() -> None:
    html = histogram([Bin(0, 10, 4), Bin(10, 20, 0), Bin(20, 30, 2)], "tokens", "examples", "Said")
    assert html.count("<i ") == 3 and "0 to 9 tokens: 4 examples" in html
    assert html.count("<tr>") == 3  # the heading and the two that hold something
    assert histogram([], "tokens", "examples", "Said") == ""


def test_examples_are_exported_with_their_card(services: Services, kettle: Assistant) -> None:
    import io
    import zipfile

    from fastapi import FastAPI
    from starlette.testclient import TestClient

    app = FastAPI()
    app.include_router(examples_router(services.workspace))
    client = TestClient(app)
    assert client.get("/downloads/kestrel/examples/duet.jsonl.zip").status_code == 400
    one = Example("one", "First?", "Yes.", "generated", "train")
    services.workspace.store.add_examples(kettle.id, [one])
    got = client.get("/downloads/kestrel/examples/openai.jsonl.zip")
    with zipfile.ZipFile(io.BytesIO(got.content)) as archive:
        assert set(archive.namelist()) == {"examples.jsonl", "README.md"}
        assert b'"content": "First?"' in archive.read("examples.jsonl")
    assert client.get("/downloads/kestrel/examples/openai.csv.zip").status_code == 400
    assert client.get("/downloads/kestrel/examples/secret.csv.zip").status_code == 404
    assert client.get("/downloads/nobody/examples/duet.csv.zip").status_code == 404


def finished(tab: ExamplesTab, assistant: Assistant, *chosen: str) -> str:
    tab.writing.start(assistant.id, *chosen)
    settled(tab.writing.work, assistant)
    return text(tab.writing.values(assistant.id))


def test_a_count_gives_fewer_and_a_second_time_nothing_new(
    tab: ExamplesTab, kettle: Assistant, store: Store
) -> None:
    assert "new example" in finished(tab, kettle, "rules", " 4 ")
    few = len(store.examples(kettle.id))
    assert "facts were found, of which" in finished(tab, kettle, "rules", "4") and few
    assert len(store.examples(kettle.id)) == few
    assert "Nothing new" in text(tab.writing.values(kettle.id))
    assert "new example" in finished(tab, kettle) and len(store.examples(kettle.id)) > few


def test_writing_that_is_stopped_does_not_say_that_all_is_here(
    tab: ExamplesTab, kettle: Assistant, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = tab.writing.work.start

    def stopped_at_once(assistant_id: str, stage: str, action: Any) -> bool:
        def ended(report: Any, cancelled: Any) -> str:
            tab.writing._stop(assistant_id)
            return str(action(report, cancelled))

        return start(assistant_id, stage, ended)

    monkeypatch.setattr(tab.writing.work, "start", stopped_at_once)
    said = finished(tab, kettle)
    assert "Stopped: no examples were written" in said and "No new examples yet" in said
    assert store.examples(kettle.id) == []


def test_where_the_filters_leave_nothing_their_reasons_are_told(
    tab: ExamplesTab, kettle: Assistant, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.writing.filters.support_share", lambda answer, passage: 0.0)
    said = finished(tab, kettle)
    assert "not supported by the passage" in said and 'role="alert"' in said
    assert store.examples(kettle.id) == []


def test_the_filters_report_is_shown_by_rule(
    tab: ExamplesTab, kettle: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "assistant.writing.filters.points_at_passage", lambda question: "litres" in question
    )
    said = finished(tab, kettle)
    assert "left out by the filters" in said and "which nobody sees in a chat" in said


def test_imported_personal_data_is_found_by_its_filter(
    tab: ExamplesTab, kettle: Assistant, store: Store, upload: Callable[..., list[Any]]
) -> None:
    values = upload(
        {"question": "Who?", "answer": "a@b.example"}, {"question": "A?", "answer": "b"}
    )
    tab._take(token(tab, values), False, True, kettle.id, *NOTHING)
    assert [one.flags for one in store.examples(kettle.id)] == [("personal data",), ()]
