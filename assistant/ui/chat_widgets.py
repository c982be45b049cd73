"""The widgets of the chat tab, without what they do."""

from __future__ import annotations

import gradio as gr

from assistant.drawing.words import NAMES
from assistant.records import CRITERIA, KINDS, Choice
from assistant.ui.chat_views import ONE_SIDE
from assistant.ui.services import markup
from assistant.ui.turns import SIDE_TABS

_VOTES: dict[Choice, str] = {
    "left": "A is better",
    "tie": "Tie",
    "both_bad": "Both bad",
    "right": "B is better",
}
MORE, CORRECT = "Marks, comment, the right answer", "The right answer"
NOBODY = ("Nobody", ONE_SIDE)


class ChatWidgets:
    """Lays the chat out inside the current Blocks."""

    def __init__(self) -> None:
        self._build()

    def _build(self) -> None:
        with gr.Column(elem_id="thread"):
            gr.HTML(SIDE_TABS, apply_default_css=False, elem_id="side-tabs")
            self.history = markup(elem_id="history")
            self.turn = markup(elem_id="turn")
            self.notice = markup(elem_id="chat-notice", pressed=False)
        with gr.Column(elem_id="dock"):
            with gr.Row(elem_id="vote-bar", visible=False) as self.vote_bar:
                self.prompt = markup(elem_id="vote-prompt", pressed=False)
                self.votes = {
                    choice: gr.Button(
                        label,
                        elem_id=f"vote-{choice.replace('_', '-')}",
                        elem_classes="vote",
                        interactive=False,
                    )
                    for choice, label in _VOTES.items()
                }
            with gr.Accordion(MORE, open=False, visible=False, elem_id="more") as self.more:
                self._build_more()
            with gr.Row(elem_id="composer"):
                self.question = gr.Textbox(
                    label="Your question",
                    placeholder="Ask something",
                    lines=1,
                    max_lines=6,
                    max_length=8000,
                    container=False,
                    elem_id="ask",
                    autofocus=True,
                )
                self.send = gr.Button("Ask", variant="primary", elem_id="send")
                self.stop = gr.Button("Stop", elem_id="stop", visible=False)
            with gr.Row(elem_id="options"):
                self.left = gr.Dropdown(
                    [(NAMES[kind], kind) for kind in KINDS],
                    value="rag",
                    label="Who answers",
                    elem_id="pick-left",
                    filterable=False,
                )
                self.right = gr.Dropdown(
                    [*((NAMES[kind], kind) for kind in KINDS), NOBODY],
                    value="tuned",
                    label="Against",
                    elem_id="pick-right",
                    filterable=False,
                )
                self.blind = gr.Checkbox(
                    True,
                    label="Blind",
                    info="",
                    elem_id="blind",
                    container=False,
                )
                self.choose = gr.Button("Duet chooses", elem_id="choose", size="sm")
                self.fresh = gr.Button("New chat", elem_id="fresh", size="sm")

    def _build_more(self) -> None:
        with gr.Column(elem_id="judging") as self.judging:
            with gr.Row(elem_id="marks"):
                self.marks = []
                for side, letter in (("left", "A"), ("right", "B")):
                    with gr.Column(elem_classes=["marks", side], min_width=220):
                        gr.HTML(f"<h3>Side {letter}</h3>", apply_default_css=False)
                        for criterion in CRITERIA:
                            self.marks.append(
                                gr.Radio(
                                    ["1", "2", "3", "4", "5"],
                                    label=criterion.capitalize(),
                                    elem_id=f"mark-{side}-{criterion}",
                                    elem_classes="mark",
                                )
                            )
            self.comment = gr.Textbox(
                label="Comment on the two answers",
                info="Goes with your vote, like the marks.",
                lines=1,
                max_lines=4,
                max_length=10_000,
                elem_id="comment",
            )
        with gr.Row(elem_id="correction"):
            self.right_answer = gr.Textbox(
                label="The right answer",
                info="Saved as an example to train on.",
                lines=1,
                max_lines=4,
                max_length=8000,
                elem_id="right-answer",
            )
            self.save = gr.Button("Save as example", elem_id="save-example")
        self.saved = markup(elem_id="saved", pressed=False)
