"""The passage behind a citation, opened in its surroundings."""

from __future__ import annotations

from assistant.errors import DuetError, NotFound, documents_mapped
from assistant.records import Answer, Citation
from assistant.ui.passages import drawer, lone_passage, marked_passage, place
from assistant.ui.services import Services


class Sources:
    """Opens what answers cite."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def opened(self, answered: str, side: str, marker: int, voter: str) -> str:
        """The drawer with the passage behind a marker.

        Raises NotFound, and where the names are not shown yet: what a side cites would tell.
        """
        answer = self._answer_of(answered, side, voter)
        citation = next((one for one in answer.citations if one.marker == marker), None)
        if citation is None:
            raise NotFound("This answer has no such source.")
        supported = answer.text[citation.answer_start : citation.answer_end]
        return drawer(
            place(citation.document, citation.page),
            "The marked passage is what the answer stands on.",
            self._excerpt(citation, answer.contender.assistant_id, supported),
        )

    def _answer_of(self, answered: str, side: str, voter: str) -> Answer:
        store = self._services.workspace.store
        try:
            comparison = store.comparison(answered)
        except NotFound:
            return store.reply(answered).answer
        if not self._services.arena.revealed(comparison, voter):
            raise NotFound("Sources are shown after your vote.")
        return comparison.right if side == "right" else comparison.left

    def _excerpt(self, citation: Citation, assistant_id: str, supported: str) -> str:
        assistant = self._services.assistant(assistant_id)
        try:
            with documents_mapped():
                text = self._services.workspace.corpus(assistant).text(citation.document_id)
        except DuetError:
            text = ""
        if text[citation.start : citation.end] == citation.text:
            return marked_passage(text, citation.start, citation.end, supported)
        return lone_passage(citation.text, supported)
