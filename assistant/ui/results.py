"""The results tab: sections one below the other, each made in a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.records import Assistant
from assistant.ui import results_sections
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import Services, markup


@dataclass(frozen=True, slots=True)
class Section:
    """html: what stands in it, "" for nothing; what it raises is shown in its place alone."""

    elem_id: str
    html: Callable[[Services, Assistant], str]


# Below the verdict, in the order in which a person asks: on what grounds, and who says so.
SECTIONS = (
    Section("results", results_sections.ratings),
    Section("voters", results_sections.voters),
)


class ResultsTab:
    """Builds the tab inside the current Blocks."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.shown: list[gr.HTML] = [
            markup(elem_id=section.elem_id, pressed=False) for section in SECTIONS
        ]

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        try:
            assistant = self._services.assistant(assistant_id)
        except Exception as error:
            return [notice(sentence_of(error), "bad"), *[""] * (len(SECTIONS) - 1)]
        return [self._html(section, assistant) for section in SECTIONS]

    def _html(self, section: Section, assistant: Assistant) -> str:
        try:
            return section.html(self._services, assistant)
        except Exception as error:
            return notice(sentence_of(error), "bad")
