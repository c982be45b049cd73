"""The results tab: what the votes say."""

from __future__ import annotations

from typing import Any

import gradio as gr

from assistant.ui.downloads import address
from assistant.ui.notices import notice, sentence_of
from assistant.ui.results_html import results, verdict
from assistant.ui.services import Services, markup


class ResultsTab:
    """Builds the tab inside the current Blocks."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.verdict = markup(elem_id="verdict", pressed=False)
        self.results = markup(elem_id="results", pressed=False)
        self.shown: list[gr.HTML] = [self.verdict, self.results]

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        try:
            assistant = self._services.assistant(assistant_id)
            tallies = self._services.workspace.tallies(assistant)
        except Exception as error:
            return ["", notice(sentence_of(error), "bad")]
        slug = assistant.slug
        return [verdict(tallies), results(tallies, address(slug, "csv"), address(slug, "jsonl"))]
