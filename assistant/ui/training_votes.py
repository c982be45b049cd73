"""Votes that train, on the training tab: how many, what is left out and why, and the button."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from assistant.preferences.gathering import votes_that_train
from assistant.preferences.records import METHODS, Method, Preferences
from assistant.preferences.start import train_on_votes
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import PRIVATE, Places, Services, markup, pressed_data

_WORDS: dict[Method, tuple[str, str]] = {
    "dpo": (
        "Prefer the better answer (DPO)",
        "From blind votes for one of two answers: pairs of a chosen and a rejected one.",
    ),
    "kto": (
        "More like the good ones (KTO)",
        "From thumbs and from both bad: single answers, each good or bad.",
    ),
}
_NO_TUNED = "Votes train a model that is tuned already: train on the examples first."


class TrainingVotes:
    """Builds the cards inside the current Blocks."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places
        with gr.Accordion("Votes that train", open=False, elem_id="votes-train"):
            self.said = markup(elem_id="votes-notice", pressed=False)
            self.cards = markup(elem_id="votes-cards")
        self.shown: list[Any] = [self.cards]

    def wire(self) -> None:
        assistant = self._places.assistant
        self.started = self.cards.click(
            self._pressed, assistant, [self.said, *self.shown], **PRIVATE
        )

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        try:
            workspace = self._services.workspace
            assistant = self._services.assistant(assistant_id)
            tuned = workspace.runs(assistant).latest_usable() is not None
            found = [votes_that_train(workspace.store, assistant, method) for method in METHODS]
        except Exception as error:
            return [notice(sentence_of(error), "bad")]
        return [votes_cards(found, tuned)]

    def _pressed(self, event: gr.EventData, assistant_id: str) -> list[Any]:
        pressed = pressed_data(event).get("id", "")
        method = next((one for one in METHODS if one == pressed), None)
        if method is None:
            return [gr.skip()] * (1 + len(self.shown))
        try:
            assistant = self._services.assistant(assistant_id)
            run = train_on_votes(self._services.workspace, assistant, method)
            text = f"Run {run.id} goes on from the tuned model and learns from the votes."
            if run.state == "queued":
                text = f"Run {run.id} waits in the queue, and begins by itself."
            said = notice(text, "good")
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [said, *self.values(assistant_id)]


def votes_cards(found: list[Preferences], tuned: bool) -> str:
    """A card for each method, its button disabled with the reason where it cannot be used."""
    cards = []
    for one in found:
        title, words = _WORDS[one.method]
        why = one.lacking or ("" if tuned else _NO_TUNED)
        reason = f'<p class="quiet">{escape(why)}</p>' if why else ""
        disabled = " disabled" if why else ""
        cards.append(
            f'<div class="try"><strong>{title}</strong><p>{words}</p>'
            f"<p>{escape(one.sentence)}</p>{reason}"
            f'<button type="button" class="small" data-action="votes" data-id="{one.method}"'
            f"{disabled}>Train on these</button></div>"
        )
    kept = (
        "Test questions are never among them. The new version stands beside the old one: both "
        "can be picked in the chat."
    )
    return f'<div class="tries two">{"".join(cards)}</div><p class="quiet">{kept}</p>'
