"""Notices: one sentence beside the thing that it is about, and the bar of a thing under way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from html import escape
from typing import Literal

from assistant.errors import DuetError
from retrieval.errors import RetrievalError

logger = logging.getLogger(__name__)

Tone = Literal["info", "good", "bad", "warn"]

_LABELS: dict[Tone, str] = {"info": "Note", "good": "Done", "bad": "Problem", "warn": "Warning"}

_UNEXPECTED = (
    "Something went wrong that Duet did not expect: nothing stored was changed by it. "
    "Try again; the log of `app.py` has the details."
)


def notice(text: str, tone: Tone = "info") -> str:
    """One sentence in a box; "" for no text. The tone is said in words too."""
    if not text:
        return ""
    role = "alert" if tone == "bad" else "status"
    return (
        f'<div class="notice {tone}" role="{role}"><strong>{_LABELS[tone]}</strong>'
        f"<span>{escape(text)}</span></div>"
    )


def progress(text: str, share: float | None, detail: str = "") -> str:
    """What is under way, with the share of it that is done where that is known."""
    value = "" if share is None else f' value="{min(max(share, 0.0), 1.0):.3f}" max="1"'
    percent = "" if share is None else f'<span class="figures">{100 * share:.0f} %</span>'
    return (
        f'<div class="progress" role="status"><div><span>{escape(text)}</span>{percent}</div>'
        f'<progress aria-label="{escape(text)}"{value}></progress>'
        f"{f'<p class=quiet>{escape(detail)}</p>' if detail else ''}</div>"
    )


def faults(title: str, lines: Sequence[str], shown: int = 20) -> str:
    """Several faults under one sentence, each on its line."""
    rest = len(lines) - shown
    items = "".join(f"<li>{escape(line)}</li>" for line in lines[:shown])
    more = f"<li>and {rest} more</li>" if rest > 0 else ""
    return (
        f'<div class="notice bad" role="alert"><strong>Problem</strong>'
        f"<div>{escape(title)}<ul>{items}{more}</ul></div></div>"
    )


def sentence_of(error: Exception) -> str:
    """The sentence that a person reads; an error that is not ours is logged and not shown."""
    if isinstance(error, DuetError | RetrievalError):
        return str(error)
    logger.exception("unexpected error on the page", exc_info=error)
    return _UNEXPECTED


def tried(action: Callable[[], str]) -> str:
    """What the action says, or a notice of why it failed."""
    try:
        return action()
    except Exception as error:
        return notice(sentence_of(error), "bad")
