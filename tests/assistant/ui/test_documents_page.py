"""The documents tab: its table, what asks for a password, the self-check and the embedder."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import gradio as gr
import pytest

from assistant.drawing.languages import language_name
from assistant.records import Assistant
from assistant.ui.background import Background, Report, work_html
from assistant.ui.documents import DocumentsTab
from assistant.ui.documents_embedder import embedder_html
from assistant.ui.documents_html import PAGE_ROWS, View, document_table, locked_html, summary
from assistant.ui.indexing import Indexer
from assistant.ui.services import Places, Services, markup
from retrieval.documents import AddResult, Document, SelfCheck

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
DOCUMENT = Document("d", "b.md", "0" * 64, 1, 5, None, 3, 2, (), NOW)
HOSTILE = "<img src=x onerror=alert(1)>.md"


@pytest.fixture
def tab(services: Services) -> DocumentsTab:
    with gr.Blocks():
        return DocumentsTab(services, Places(*(gr.State("") for _ in range(4))), markup())


def until(reached: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(600):
        if reached():
            return
        waited.wait(0.05)
    raise AssertionError("it did not come to that within 30 s")


def many(count: int) -> list[Document]:
    return [replace(DOCUMENT, id=str(n), name=f"part{n:04}.md") for n in range(count)]


def test_many_documents_come_in_pages_and_the_totals_are_of_all() -> None:
    documents = many(2 * PAGE_ROWS + 1)
    first, last = document_table(documents), document_table(documents, View(page=99))
    assert first.count("<tr>") == PAGE_ROWS + 1 and "Page 1 of 3" in first
    assert "part0050.md" in last and "Page 3 of 3" in last and last.count("<tr>") == 2
    assert "51 documents, 153 passages" in last


def test_the_table_is_filtered_by_name_and_state() -> None:
    failed = replace(
        DOCUMENT,
        name="Turned.pdf",
        self_check=SelfCheck("failed", "A rare <b>sentence</b>.", ("b.md > Tank",), NOW),
    )
    warned = replace(DOCUMENT, name="c.md", warnings=("Page 2 is empty.",))
    documents = [DOCUMENT, failed, warned]
    html = document_table(documents, View(state="failed"))
    assert "Turned.pdf" in html and "c.md" not in html and "1 shown" in html
    assert "Self-check failed" in html and "found b.md &gt; Tank instead" in html
    assert "&lt;b&gt;sentence" in html and "<b>" not in html
    assert "c.md" in document_table(documents, View(state="warnings"))
    assert "b.md" in document_table([DOCUMENT], View(state="unchecked"))
    assert "None of them" in document_table(documents, View(name="nothing"))
    assert "Turned.pdf" in document_table(documents, View(name="TURNED"))


def test_a_hostile_name_is_text_everywhere() -> None:
    refused = AddResult(HOSTILE, "failed", None, f"{HOSTILE} asks for a password.", True)
    hostile = replace(DOCUMENT, name=HOSTILE)
    for html in (document_table([hostile]), locked_html([refused]), embedder_html(HOSTILE)):
        assert "<img" not in html and "&lt;img" in html


def test_what_came_in_adds_up() -> None:
    results = [
        AddResult("a", "added", DOCUMENT),
        AddResult("b", "replaced", DOCUMENT),
        AddResult("c", "unchanged", DOCUMENT),
        AddResult("d", "failed", None, "No."),
    ]
    assert summary(results).startswith("4 files: 2 indexed, 1 duplicate, 1 refused")


def test_languages_are_named() -> None:
    assert [language_name(code) for code in ("de", "ht", "xx", None)] == [
        "German",
        "Haitian Creole",
        "xx",
        "–",
    ]


class Locked:
    """A corpus that asks for the password of locked.pdf, which is `right`."""

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []

    def add(
        self, paths: list[Path], progress: object, cancelled: object, passwords: dict[str, str]
    ) -> list[AddResult]:
        self.seen.append(dict(passwords or {}))
        assert all(path.exists() for path in paths)
        return [
            AddResult(path.name, "added", None)
            if path.name != "locked.pdf" or (passwords or {}).get(path.name) == "right"
            else AddResult(path.name, "failed", None, "locked.pdf asks for a password.", True)
            for path in paths
        ]


@pytest.fixture
def locked(tab: DocumentsTab, kettle: Assistant, monkeypatch: pytest.MonkeyPatch) -> Locked:
    corpus = Locked()
    monkeypatch.setattr(tab.indexer._workspace, "corpus", lambda assistant: corpus)
    return corpus


def uploaded(folder: Path, name: str) -> Path:
    path = folder / f"upload-{name}" / name
    path.parent.mkdir()
    path.write_bytes(b"x")
    return path


def idle(indexer: Indexer, kettle: Assistant) -> None:
    until(lambda: not indexer.state(kettle.id).active)


def test_a_locked_file_is_kept_until_its_password_is_right(
    tab: DocumentsTab, kettle: Assistant, locked: Locked, tmp_path: Path
) -> None:
    indexer, path = tab.indexer, uploaded(tmp_path, "locked.pdf")
    indexer.add(kettle, [path, uploaded(tmp_path, "open.md")])
    idle(indexer, kettle)
    assert path.exists() and [one.name for one in indexer.state(kettle.id).locked] == ["locked.pdf"]
    assert "Write the password" in tab._unlock("", kettle.id)[1]
    assert tab._unlock("wrong", kettle.id)[0] == ""
    idle(indexer, kettle)
    assert path.exists() and summary(indexer.state(kettle.id).results).startswith(
        "2 files: 1 indexed, 1 refused"
    )
    tab._unlock("right", kettle.id)
    idle(indexer, kettle)
    state = indexer.state(kettle.id)
    assert summary(state.results) == "2 files: 2 indexed." and not state.locked
    assert not path.parent.exists()
    assert "right" not in repr(state) and "right" not in repr(indexer._jobs)


# Made by `zip -P secret`: the library that reads locked archives cannot write them.
LOCKED = base64.b64decode(
    "UEsDBAoACQAAAHeRdl2074IVKAAAABwAAAAIAAAAbm90ZS50eHRuqGN8n3kUiai2avMnbvcB3NJ2v5aXthnimh37"
    "Fj6dQIc5uk8uqUN6UEsHCLTvghUoAAAAHAAAAFBLAQIeAwoACQAAAHeRdl2074IVKAAAABwAAAAIAAAAAAAAAAEA"
    "AACkgQAAAABub3RlLnR4dFBLBQYAAAAAAQABADYAAABeAAAAAAA="
)


def test_a_locked_file_is_kept_whatever_the_spelling_of_its_name(
    tab: DocumentsTab, kettle: Assistant, tmp_path: Path
) -> None:
    indexer, path = tab.indexer, uploaded(tmp_path, "gru\u0308n.zip")  # as macOS spells it
    path.write_bytes(LOCKED)
    indexer.add(kettle, [path])
    idle(indexer, kettle)
    assert path.exists() and len(indexer.state(kettle.id).locked) == 1
    tab._unlock("secret", kettle.id)
    idle(indexer, kettle)
    assert summary(indexer.state(kettle.id).results) == "1 file: 1 indexed."


def test_a_locked_file_that_is_dismissed_is_deleted(
    tab: DocumentsTab, kettle: Assistant, locked: Locked, tmp_path: Path
) -> None:
    path = uploaded(tmp_path, "locked.pdf")
    tab.indexer.add(kettle, [path])
    idle(tab.indexer, kettle)
    assert "left out" in tab._dismiss(kettle.id)[0]
    assert not path.exists() and not tab.indexer.state(kettle.id).locked


def test_an_addition_is_self_checked(services: Services, kettle: Assistant, tmp_path: Path) -> None:
    indexer, path = Indexer(services.workspace), uploaded(tmp_path, "lid.md")
    path.write_text("# Lid\n\nThe lid of the kettle is made of varnished birch wood.\n", "utf-8")
    indexer.add(kettle, [path])
    idle(indexer, kettle)
    state = indexer.state(kettle.id)
    assert state.checked == "1 of 1 documents passed." and state.checking is None
    assert "Ready" in document_table(services.workspace.corpus(kettle).documents())


def test_check_all_checks_every_document(tab: DocumentsTab, kettle: Assistant) -> None:
    assert "Not checked" in str(tab.values(kettle.id))
    tab._check(kettle.id)
    until(lambda: not tab.checks.state(kettle.id).active)
    shown = str(tab.values(kettle.id))
    assert "1 of 1 documents passed" in shown and "Not checked" not in shown


def test_pages_are_turned_by_numbers_only(tab: DocumentsTab, kettle: Assistant) -> None:
    page, _ = tab._turned(gr.EventData(None, {"action": "page", "id": "-1"}), kettle.id, "", "all")
    assert page == gr.skip()
    page, table = tab._turned(
        gr.EventData(None, {"action": "page", "id": "7"}), kettle.id, "", "all"
    )
    assert page == 7 and "manual.md" in table


def test_the_present_embedder_is_marked_and_a_change_needs_another(
    tab: DocumentsTab, kettle: Assistant
) -> None:
    section = tab.embedder
    assert "In use" in section.values(kettle.id)[0]
    assert "already" in section._change("builtin", kettle.id)[0]
    assert 'role="alert"' in section._change(" ", kettle.id)[0]
    section._change("BAAI/bge-small-en-v1.5", kettle.id)
    until(lambda: not section.work.state(kettle.id).active)
    assert "BAAI/bge-small-en-v1.5 now" in section.values(kettle.id)[1]


def test_work_goes_on_without_a_page_and_can_be_stopped() -> None:
    work, begun = Background("duet-test"), threading.Event()

    def action(report: Report, cancelled: threading.Event) -> str:
        report("Half <done>", 0.5)
        begun.set()
        cancelled.wait(30)
        raise ValueError("not for people")

    assert work.start("a", "Beginning", action) and not work.start("a", "Again", action)
    begun.wait(30)
    html = work_html(work.state("a"))
    assert "Half &lt;done&gt;" in html and "50 %" in html
    work.stop("a")
    until(lambda: not work.state("a").active)
    assert "not for people" not in work_html(work.state("a")) and work.state("a").failure
