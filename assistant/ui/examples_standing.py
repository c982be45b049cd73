"""What stands over the list: stale examples, the leak check, the coverage map, the data card."""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.drawing.words import counted
from assistant.errors import documents_mapped
from assistant.example_filter import here_of, is_stale
from assistant.interchange.coverage import Coverage, coverage
from assistant.interchange.data_card import examples_sha256
from assistant.interchange.exporting import EXPORT_FORMATS, EXPORT_SHAPES, export_examples
from assistant.interchange.leak_check import LeakCheck, leak_check
from assistant.records import Assistant, content_hash
from assistant.ui.coverage_html import coverage_map, coverage_table, leak_line
from assistant.ui.dialogs import shown
from assistant.ui.downloads import table_address
from assistant.ui.examples_downloads import export_address
from assistant.ui.notices import notice, progress, sentence_of
from assistant.ui.passages import drawer
from assistant.ui.services import PRIVATE, QUICK, Places, Services, markup, pressed_data

_SHAPES = {
    "duet": "Duet's own columns",
    "sharegpt": "ShareGPT",
    "alpaca": "Alpaca",
    "openai": "OpenAI messages",
    "prompt-completion": "Prompt and completion",
}
_FORMATS = {"jsonl": "JSONL", "csv": "CSV", "parquet": "Parquet"}
_KEPT = 4  # assistants whose checks are held until something changes


@dataclass(frozen=True, slots=True)
class Standing:
    """stale: ids of the examples whose section is in the documents no more."""

    coverage: Coverage
    leaks: LeakCheck
    stale: tuple[str, ...]


class ExamplesStanding:
    """Builds these parts inside the current Blocks. panel: where the data card is shown."""

    def __init__(self, services: Services, places: Places, panel: gr.HTML) -> None:
        self._services = services
        self._places = places
        self._panel = panel
        self._known: OrderedDict[str, tuple[tuple[object, ...], Standing]] = OrderedDict()
        with gr.Row(visible=False, elem_id="stale", elem_classes="tools") as self.stale:
            self.stale_said = markup(pressed=False)
            self.renew = gr.Button("Reject them and write anew", elem_id="stale-renew")
            self.show_stale = gr.Button("Show them", elem_id="stale-show")
        self.leaks = markup(elem_id="leaks")
        with gr.Accordion("Coverage of the documents", open=False, elem_id="coverage-box"):
            self.map = markup(elem_id="coverage")
            self.table = markup(elem_id="coverage-table", pressed=False)
        self.page = gr.State(0)
        self.shown: list[Any] = [
            self.stale,
            self.stale_said,
            self.leaks,
            self.map,
            self.table,
        ]

    def build_export(self) -> None:
        """The row that takes the examples away."""
        with gr.Accordion("Export and data card", open=False, elem_id="export-box"):
            with gr.Row(elem_classes="tools filters"):
                self.shape = gr.Dropdown(
                    [(_SHAPES[one], one) for one in EXPORT_SHAPES],
                    value="duet",
                    label="Shape",
                    filterable=False,
                    elem_id="export-shape",
                )
                self.format = gr.Dropdown(
                    [(_FORMATS[one], one) for one in EXPORT_FORMATS],
                    value="jsonl",
                    label="Format",
                    filterable=False,
                    elem_id="export-format",
                )
                self.card = gr.Button("Show the data card", elem_id="data-card")
            self.link = markup(elem_id="export-link", pressed=False)
            self.card_notice = markup(elem_id="data-card-notice", pressed=False)
        self.export_shown: list[Any] = [self.link, self.card_notice]

    def wire(self) -> None:
        assistant = self._places.assistant
        self.map.click(self._turned, assistant, [self.page, self.map], **QUICK)
        gr.on(
            [self.shape.input, self.format.input],
            self.exported,
            [assistant, self.shape, self.format],
            self.export_shown,
            **QUICK,
        )
        self.card.click(self._card, assistant, [self._panel, self.card_notice], **PRIVATE)

    def standing(self, assistant: Assistant) -> Standing:
        """The checks of an assistant, held until its examples or documents change.

        Raises DocumentsError, StoreError.
        """
        workspace = self._services.workspace
        corpus, store = workspace.corpus(assistant), workspace.store
        examples = store.examples(assistant.id)
        tests = store.question_sets(assistant.id)
        with documents_mapped():
            own = content_hash([(one.section, one.source, one.document) for one in examples])
            asked = tuple((one.name, len(one.questions)) for one in tests)
            key = (corpus.generation, examples_sha256(examples), own, asked)
            known = self._known.get(assistant.id)
            if known is not None and known[0] == key:
                return known[1]
            passages = corpus.passages()
        here = here_of(workspace, assistant)
        found = Standing(
            coverage(examples, passages),
            leak_check(examples, tests, passages),
            tuple(one.id for one in examples if is_stale(one, here)),
        )
        self._known[assistant.id] = (key, found)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found

    def waiting(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown` while the checks are made, where none are held."""
        if assistant_id in self._known:
            return [gr.skip()] * len(self.shown)
        said = progress("Checking coverage, and that no test leaks into training", None)
        return [shown(False), "", said if assistant_id else "", "", ""]

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        try:
            assistant = self._services.assistant(assistant_id)
            found = self.standing(assistant)
        except Exception as error:
            return [shown(False), "", notice(sentence_of(error), "bad"), "", ""]
        count = len(found.stale)
        said = (
            f"Documents changed: {counted(count, 'example')} {'is' if count == 1 else 'are'} stale."
        )
        has = found.leaks.trained or found.leaks.tests
        return [
            shown(bool(count)),
            notice(said, "warn") if count else "",
            leak_line(found.leaks) + covered_line(found.coverage) if has else "",
            coverage_map(found.coverage, 0),
            coverage_table(found.coverage, table_address(assistant.slug, "coverage")),
        ]

    def exported(self, assistant_id: str, shape: str, format: str) -> list[Any]:
        """A value for each of `export_shown`."""
        try:
            assistant = self._services.assistant(assistant_id)
        except Exception as error:
            return ["", notice(sentence_of(error), "bad")]
        if format == "csv" and shape in ("sharegpt", "openai"):
            return ["", notice("A CSV file cannot hold conversations: choose JSONL or Parquet.")]
        href = escape(export_address(assistant.slug, shape, format))
        link = f'<a href="{href}" download>Download examples with their data card (zip)</a>'
        return [f'<p class="downloads">{link}</p>', ""]

    def _turned(self, event: gr.EventData, assistant_id: str) -> tuple[Any, Any]:
        data = pressed_data(event)
        page = data.get("id", "")
        if data.get("action") != "map-page" or not page.isdecimal():
            return gr.skip(), gr.skip()
        try:
            found = self.standing(self._services.assistant(assistant_id))
        except Exception as error:
            return gr.skip(), notice(sentence_of(error), "bad")
        return int(page), coverage_map(found.coverage, int(page))

    def _card(self, assistant_id: str) -> Iterator[list[Any]]:
        yield [gr.skip(), progress("Making the data card", None)]
        try:
            assistant = self._services.assistant(assistant_id)
            with tempfile.TemporaryDirectory(prefix="duet-card-") as folder:
                exported = export_examples(self._services.workspace, assistant, Path(folder))
                text = exported.card.read_text("utf-8")
        except Exception as error:
            yield [gr.skip(), notice(sentence_of(error), "bad")]
            return
        body = f'<pre class="data-card" dir="auto">{escape(text)}</pre>'
        yield [drawer("Data card", "What is in an export of these examples", body, wide=True), ""]


def covered_line(found: Coverage) -> str:
    """The coverage in one sentence, below the leak check."""
    return f'<p class="covered">{escape(found.sentence)}</p>'
