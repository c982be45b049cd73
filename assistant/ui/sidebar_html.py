"""The frame around the tabs, as HTML: assistants, conversations, the head and the next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from assistant.drawing.words import NAMES, counted, model_name, moment
from assistant.next_step import NextStep
from assistant.records import Assistant, Conversation

LOGO = (
    '<svg class="logo" viewBox="0 0 44 28" aria-hidden="true">'
    '<circle cx="15" cy="14" r="12" class="logo-left"/>'
    '<circle cx="29" cy="14" r="12" class="logo-right"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the head says of an assistant. run: number of the newest usable run, from 1; 0: none."""

    documents: int
    runs: int
    votes: int
    training: bool


def brand() -> str:
    """The name of the product, and the switch between light and dark."""
    return (
        f'<div class="brand">{LOGO}<span>Duet</span><button type="button" class="theme" '
        f'data-toggle="theme" aria-label="Light or dark" title="Light or dark">{_HALF}</button>'
        "</div>"
    )


def assistant_list(assistants: Sequence[Assistant], current: str, training: set[str]) -> str:
    """The assistants; the current one with its actions."""
    if not assistants:
        return '<p class="quiet side-empty">None yet.</p>'
    items = []
    for assistant in assistants:
        here = assistant.id == current
        dot = '<span class="dot" title="Training now">training</span>'
        items.append(
            f'<li class="{"here" if here else ""}">'
            f'<button type="button" class="entry" data-action="open" data-id="{assistant.id}" '
            f'{"aria-current=true " if here else ""}title="{escape(assistant.task)}">'
            f"<span>{escape(assistant.name)}</span>"
            f"{dot if assistant.id in training else ''}</button>"
            f"{_actions(assistant.id, assistant.name, 'Change')}</li>"
        )
    return f'<ul class="entries">{"".join(items)}</ul>'


def conversation_list(conversations: Sequence[Conversation], current: str) -> str:
    """Earlier conversations, newest first."""
    conversations = [one for one in conversations if one.title or one.id == current]
    if not conversations:
        return '<p class="quiet side-empty">Your conversations are kept here.</p>'
    items = []
    for conversation in conversations:
        here = conversation.id == current
        title = conversation.title or "New conversation"
        items.append(
            f'<li class="{"here" if here else ""}">'
            f'<button type="button" class="entry" data-action="open" '
            f'data-id="{escape(conversation.id)}" {"aria-current=true " if here else ""}'
            f'title="{escape(title)}"><span>{escape(title)}</span>'
            f"<small>{escape(_about(conversation))}</small></button>"
            f"{_actions(conversation.id, title, 'Rename')}</li>"
        )
    return f'<ul class="entries">{"".join(items)}</ul>'


def head(assistant: Assistant | None, facts: Facts | None) -> str:
    """The name of the assistant and what it stands on."""
    if assistant is None:
        words = "Two answers side by side, and evidence to choose between them."
        return f'<div class="headline">{_MENU}<h1>Duet</h1><p class="quiet">{words}</p></div>'
    chips = [("Base model", model_name(assistant.base_model))]
    if facts is not None:
        chips.append(("Documents", counted(facts.documents, "document")))
        chips.append(("Training", f"run {facts.runs}" if facts.runs else "not trained"))
        chips.append(("Votes", counted(facts.votes, "vote")))
    shown = "".join(
        f'<li title="{label}"><span class="sr">{label}: </span>{escape(text)}</li>'
        for label, text in chips
    )
    title = f"<h1>{escape(assistant.name)}</h1>"
    return f'<div class="headline">{_MENU}{title}<ul class="chips">{shown}</ul></div>'


def step(next_step: NextStep | None) -> str:
    """The next step's sentence."""
    if next_step is None:
        return ""
    return f'<p><span class="eyebrow">Next step</span>{escape(next_step.sentence)}</p>'


def _about(conversation: Conversation) -> str:
    kinds = NAMES[conversation.left]
    if conversation.right == conversation.left:
        kinds = f"Two versions of {kinds}" + (", blind" if conversation.blind else "")
    elif conversation.right is not None:
        kinds += f" and {NAMES[conversation.right]}" + (", blind" if conversation.blind else "")
    return f"{kinds} · {moment(conversation.updated_at)}"


def _actions(item: str, name: str, pen: str) -> str:
    """Change and delete, for the pointer and for the keyboard. pen: what the first is called."""
    label = escape(name)
    return (
        '<span class="entry-actions">'
        f'<button type="button" data-action="rename" data-id="{escape(item)}" '
        f'aria-label="{pen} {label}" title="{pen}">{_PEN}</button>'
        f'<button type="button" data-action="delete" data-id="{escape(item)}" '
        f'aria-label="Delete {label}" title="Delete">{_BIN}</button></span>'
    )


_PEN = (
    '<svg viewBox="0 0 16 16" aria-hidden="true">'
    '<path d="M11.3 2.2l2.5 2.5-8 8-3.2.7.7-3.2z"/></svg>'
)
_BIN = (
    '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8'
    'l.6-9"/></svg>'
)
_HALF = (
    '<svg viewBox="0 0 18 18" aria-hidden="true"><circle cx="9" cy="9" r="6.5"/>'
    '<path d="M9 2.5a6.5 6.5 0 0 1 0 13z" fill="currentColor"/></svg>'
)
_MENU = (
    '<button type="button" class="menu" data-toggle="sidebar" aria-label="Assistants and '
    'conversations"><svg viewBox="0 0 18 18" aria-hidden="true"><path d="M2.5 5h13M2.5 9h13'
    'M2.5 13h13"/></svg></button>'
)
