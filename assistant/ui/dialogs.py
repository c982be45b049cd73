"""Dialogs: a question over the page, with focus inside and Escape to leave (see duet.js)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from assistant.ui.services import QUICK, markup


def shown(visible: bool) -> dict[str, Any]:
    """An update that opens or closes; Gradio takes it apart while it is sent, so each is new."""
    return dict(gr.update(visible=visible))


@dataclass(frozen=True, slots=True)
class Dialog:
    """box is made visible to open it; notice says what is wrong, or what is asked."""

    box: gr.Column
    notice: gr.HTML
    cancel: gr.Button
    sure: gr.Button

    def wire(self) -> None:
        """Let Cancel close it."""
        self.cancel.click(lambda: shown(False), None, self.box, **QUICK)


class _Parts:
    dialog: Dialog


@contextmanager
def dialog(title: str, sure: str, elem_id: str, danger: bool = False) -> Iterator[_Parts]:
    """Lay out a dialog around the fields made inside; its parts are complete on leaving."""
    parts = _Parts()
    with gr.Column(elem_id=elem_id, elem_classes="dialog", visible=False) as box:  # noqa: SIM117
        with gr.Column(elem_classes="dialog-card"):
            gr.HTML(f"<h2>{escape(title)}</h2>", apply_default_css=False)
            notice = markup(pressed=False)
            yield parts
            with gr.Row(elem_classes="dialog-buttons"):
                cancel = gr.Button("Cancel", elem_classes="cancel")
                confirm = gr.Button(
                    sure, variant="stop" if danger else "primary", elem_id=f"{elem_id}-sure"
                )
    parts.dialog = Dialog(box, notice, cancel, confirm)
