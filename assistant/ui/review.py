"""The review section of the results: answers judged blind, one at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import gradio as gr

from assistant.drawing.words import counted
from assistant.errors import InvalidRequest
from assistant.evaluation.error_report import chosen_evaluation
from assistant.records import CRITERIA, Assistant
from assistant.review.queue import (
    correction_as_example,
    find_item,
    queue_from_chat,
    queue_sample,
)
from assistant.review.records import Review, ReviewItem
from assistant.ui.notices import notice, sentence_of
from assistant.ui.review_html import item_html, nothing_html, results_html
from assistant.ui.services import PRIVATE, QUICK, Places, Services, markup, pressed_data

_SAMPLE = 20

# The form's values go with the press; keys work while the form has the focus, but not in its texts.
_FORM = """
const send = (action) => {
  const form = element.querySelector('[data-item]');
  if (!form) return;
  const sent = {action, item: form.dataset.item};
  form.querySelectorAll('input[data-mark]:checked').forEach((box) => {
    sent[box.dataset.mark] = box.value;
  });
  form.querySelectorAll('[data-field]').forEach((field) => {
    sent[field.dataset.field] = field.value;
  });
  trigger('click', sent);
};
element.addEventListener('click', (event) => {
  const pressed = event.target.closest('[data-action]');
  if (pressed && element.contains(pressed)) send(pressed.dataset.action);
});
element.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest('textarea, button, summary')) return;
  const row = event.target.closest('[data-criterion]');
  if (row && event.key >= '1' && event.key <= '5') {
    row.querySelector(`input[value="${event.key}"]`).checked = true;
    const next = row.nextElementSibling || element.querySelector('[data-field]');
    next.focus();
  } else if (event.key === 'Enter') send('save');
  else if (event.key === 'n' || event.key === 'N') send('next');
  else if (event.key === 's' || event.key === 'S') send('skip');
  else return;
  event.preventDefault();
});
"""


class ReviewSection:
    """Builds the section inside the current Blocks."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places
        with gr.Accordion("Review", open=False, elem_id="review-section") as self.box:
            with gr.Row(elem_classes="tools"):
                self.from_chat = gr.Button(
                    "Queue what was judged badly in the chat", elem_id="review-from-chat"
                )
                self.sample = gr.Button(
                    f"Draw {_SAMPLE} answers of the newest evaluation", elem_id="review-sample"
                )
            self.notice = markup(elem_id="review-notice", pressed=False)
            self.form = gr.HTML(elem_id="review", apply_default_css=False, js_on_load=_FORM)
            self.results = markup(elem_id="review-results")
            self.passed = gr.State([])
        self._wire()

    def _wire(self) -> None:
        assistant = self._places.assistant
        shown = [self.notice, self.form, self.results, self.passed]
        self.box.expand(self.opened, assistant, shown, **QUICK)
        assistant.change(
            lambda: [gr.update(open=False), "", "", "", []], None, [self.box, *shown], **QUICK
        )
        self.from_chat.click(self._queue_chat, assistant, shown, **QUICK)
        self.sample.click(self._queue_sample, assistant, shown, **QUICK)
        self.form.click(self._pressed, [assistant, self.passed], shown, **QUICK)
        self.results.click(self._keep, assistant, self.notice, **PRIVATE)

    def opened(self, assistant_id: str, request: gr.Request) -> list[Any]:
        """What waits for this reviewer, and what was said so far."""
        return self._shown(assistant_id, request, "", [])

    def _shown(
        self, assistant_id: str, request: gr.Request, said: str, passed: list[str]
    ) -> list[Any]:
        """passed: ids of the items looked at and left for later in this visit."""
        try:
            assistant = self._services.assistant(assistant_id)
            reviewer = self._services.voter(request)
            store = self._services.workspace.store
            waiting = store.waiting_for_review(assistant.id, reviewer)
            items = store.review_items(assistant.id)
        except Exception as error:
            return [notice(sentence_of(error), "bad"), "", "", passed]
        item = _next(waiting, passed)
        form = nothing_html(len(items)) if item is None else item_html(item, len(waiting))
        return [said, form, results_html(items, blind=bool(waiting)), passed]

    def _queue_chat(self, assistant_id: str, request: gr.Request) -> list[Any]:
        def queued(assistant: Assistant) -> int:
            return queue_from_chat(self._services.workspace.store, assistant)

        return self._queued(assistant_id, request, queued)

    def _queue_sample(self, assistant_id: str, request: gr.Request) -> list[Any]:
        def queued(assistant: Assistant) -> int:
            workspace = self._services.workspace
            evaluation = chosen_evaluation(workspace, assistant)
            answers = workspace.store.evaluated(evaluation.id)
            return queue_sample(workspace.store, assistant, answers, evaluation.id, _SAMPLE)

        return self._queued(assistant_id, request, queued)

    def _queued(self, assistant_id: str, request: gr.Request, queued: Any) -> list[Any]:
        try:
            added = queued(self._services.assistant(assistant_id))
            said = notice(f"{counted(added, 'answer')} queued.", "good")
            if not added:
                said = notice("Nothing new to queue: those there are, are under review already.")
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return self._shown(assistant_id, request, said, [])

    def _pressed(
        self, event: gr.EventData, request: gr.Request, assistant_id: str, passed: list[str]
    ) -> list[Any]:
        data = pressed_data(event)
        item = data.get("item", "")
        if data.get("action") == "next":
            return self._shown(assistant_id, request, "", [*passed, item])
        try:
            self._save(assistant_id, request, item, data)
        except Exception as error:
            # The form stays as it is, so that what was written is not lost.
            return [notice(sentence_of(error), "bad"), gr.skip(), gr.skip(), gr.skip()]
        said = "" if data.get("action") == "skip" else notice("Kept.", "good")
        return self._shown(assistant_id, request, said, [one for one in passed if one != item])

    def _save(
        self, assistant_id: str, request: gr.Request, item: str, data: dict[str, str]
    ) -> None:
        assistant = self._services.assistant(assistant_id)
        find_item(self._services.workspace.store, assistant, item)
        skipped = data.get("action") == "skip"
        marks = {
            name: int(data[name])
            for name in CRITERIA
            if not skipped and data.get(name) in {"1", "2", "3", "4", "5"}
        }
        review = Review(
            item_id=item,
            reviewer=self._services.voter(request),
            created_at=datetime.now(UTC),
            marks=marks,
            comment="" if skipped else data.get("comment", "").strip(),
            correction="" if skipped else data.get("correction", "").strip(),
            skipped=skipped,
        )
        self._services.workspace.store.add_review(review)

    def _keep(self, event: gr.EventData, assistant_id: str) -> str:
        item, _, reviewer = pressed_data(event).get("id", "").partition(":")
        try:
            store = self._services.workspace.store
            reviewed = find_item(store, self._services.assistant(assistant_id), item)
            review = next((one for one in reviewed.reviews if one.reviewer == reviewer), None)
            if review is None:
                raise InvalidRequest("This review is gone: look at the list again.")
            made = correction_as_example(store, reviewed, review)
        except Exception as error:
            return notice(sentence_of(error), "bad")
        return notice(f"Saved as an example for “{made.question}”.", "good")


def _next(waiting: list[ReviewItem], passed: list[str]) -> ReviewItem | None:
    """The first that was not passed over in this visit; the first of all when all were."""
    fresh = [item for item in waiting if item.id not in passed]
    return fresh[0] if fresh else waiting[0] if waiting else None
