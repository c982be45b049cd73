"""The frame around the tabs: assistants and conversations, the head, the next step, the dialogs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from assistant.errors import DuetError, InvalidRequest
from assistant.next_step import next_step
from assistant.records import Assistant
from assistant.trained_prompt import prompt_changed
from assistant.ui.dialogs import dialog, shown
from assistant.ui.guided_start import GuidedStart
from assistant.ui.notices import notice, progress, sentence_of
from assistant.ui.services import QUICK, Places, Services, markup
from assistant.ui.sidebar_html import Facts, assistant_list, brand, conversation_list, head, step

_DELETE_ASSISTANT = (
    "Delete {name} with its documents, examples, runs, conversations and votes? "
    "This cannot be undone."
)
_DELETE_CONVERSATION = "Delete the conversation “{name}”? Its votes stay counted."


def _task(text: str | None) -> str:
    if not (text or "").strip():
        raise InvalidRequest("Say in a sentence what it is for.")
    return str(text)


class Sidebar:
    """Builds the sidebar and the head, and answers for what they show."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places

    def build(self) -> None:
        """Add the sidebar's components to the current Blocks."""
        with gr.Column(elem_id="sidebar", scale=0, min_width=0):
            gr.HTML(brand(), apply_default_css=False)
            gr.HTML("<h2 class='eyebrow'>Assistants</h2>", apply_default_css=False)
            self.assistants = markup(elem_id="assistants")
            self.new = gr.Button("New assistant", elem_id="new-assistant", size="sm")
            with gr.Column(elem_classes="next-step", elem_id="next-step"):
                self.step = markup(elem_id="next-step-text", pressed=False)
                self.go = gr.Button("Go", elem_id="next-step-button", size="sm")
            gr.HTML("<h2 class='eyebrow'>Conversations</h2>", apply_default_css=False)
            self.conversations = markup(elem_id="conversations")
            self.settings = gr.Button("Settings", elem_id="settings", size="sm")

    def build_head(self) -> None:
        """Add the head of the page and, for narrow windows, the next step below it."""
        self.head = markup(elem_id="head", pressed=False)
        self.preparing = markup(elem_id="preparing", pressed=False)
        with gr.Row(elem_classes="next-step", elem_id="next-step-narrow"):
            self.step_narrow = markup(pressed=False)
            self.go_narrow = gr.Button("Go", size="sm")

    def build_dialogs(self) -> None:
        """Add the dialogs, which are hidden until they are asked for."""
        self.subject = gr.State("")  # "assistant:<id>" or "conversation:<id>"
        with dialog("New assistant", "Make it", "new-dialog") as parts:
            self.new_name = gr.Textbox(label="Name", max_lines=1, max_length=80, elem_id="new-name")
            self.new_task = gr.Textbox(
                label="Task",
                info="What it is for, in your words.",
                placeholder="Answers questions about our products from the manuals.",
                lines=2,
                max_length=2000,
                elem_id="new-task",
            )
            self.start = GuidedStart("new", self.new_name, self.new_task, opened=False)
        self.making = parts.dialog
        with dialog("Change assistant", "Save", "change-dialog") as parts:
            self.changed_name = gr.Textbox(
                label="Name", max_lines=1, max_length=80, elem_id="change-name"
            )
            self.changed_task = gr.Textbox(
                label="Task", lines=2, max_length=2000, elem_id="change-task"
            )
            self.change = GuidedStart("change", self.changed_name, self.changed_task, opened=True)
            self.retrain = markup(elem_id="change-retrain", pressed=False)
        self.changing = parts.dialog
        with dialog("Rename", "Rename", "rename-dialog") as parts:
            self.name = gr.Textbox(
                label="New name", max_lines=1, max_length=200, elem_id="rename-name"
            )
        self.naming = parts.dialog
        with dialog("Delete", "Delete", "delete-dialog", danger=True) as parts:
            pass
        self.deleting = parts.dialog

    @property
    def shown(self) -> list[Any]:
        """What `values` is for."""
        return [
            self.assistants,
            self.conversations,
            self.head,
            self.step,
            self.go,
            self.step_narrow,
            self.go_narrow,
        ]

    def values(self, assistant_id: str, conversation_id: str) -> list[Any]:
        """A value for each of `shown`."""
        workspace = self._services.workspace
        known = workspace.assistants()
        current = next((one for one in known if one.id == assistant_id), None)
        training = {one.id for one in known if self._training(one)}
        talks = workspace.store.conversations(current.id) if current else []
        facts, next_thing = None, None
        if current is not None:
            try:
                facts = self._facts(current, current.id in training)
                next_thing = next_step(workspace, current)
            except Exception as error:
                sentence_of(error)

        def label() -> dict[str, Any]:
            # Gradio takes an update apart while it is sent: each button needs its own.
            name = next_thing.label if next_thing else ""
            return dict(gr.update(value=name, visible=next_thing is not None))

        text = step(next_thing)
        return [
            assistant_list(known, assistant_id, training),
            conversation_list(talks, conversation_id),
            head(current, facts),
            text,
            label(),
            text,
            label(),
        ]

    def action(self, assistant_id: str) -> str:
        """What the next step's button does; "" where there is none."""
        try:
            assistant = self._services.assistant(assistant_id)
            return next_step(self._services.workspace, assistant).action
        except DuetError:
            return ""

    def preparing_html(self) -> str:
        """What is being made ready, "" when nothing is."""
        preparation = self._services.preparation
        stage = preparation.stage
        if stage is not None:
            return progress(stage.text, stage.share)
        if preparation.sample_failure:
            return notice(preparation.sample_failure, "bad")
        return ""

    def wire_dialogs(self) -> None:
        """Open and close the dialogs; what they decide is wired by the page."""
        self.new.click(
            lambda: [shown(True), "", "", "", *self.start.values(None)],
            None,
            [
                self.making.box,
                self.making.notice,
                self.new_name,
                self.new_task,
                *self.start.outputs,
            ],
            **QUICK,
        )
        self.change.prompt.change(
            self._retrain, [self.subject, self.change.prompt], self.retrain, **QUICK
        )
        for box in (self.making, self.changing, self.naming, self.deleting):
            box.wire()

    def asked(self, kind: str, data: dict[str, str]) -> list[Any]:
        """Open the dialog for a pressed pen or bin: values for `dialog_outputs`."""
        item, action = data.get("id", ""), data.get("action")
        same = [gr.skip()] * len(self.dialog_outputs)
        if action not in ("rename", "delete"):
            return same
        try:
            name = self._name_of(kind, item)
        except DuetError:
            return same
        subject = f"{kind}:{item}"
        if action == "rename" and kind == "assistant":
            assistant = self._services.assistant(item)
            fields = [assistant.name, assistant.task, *self.change.values(assistant)]
            return [subject, *same[1:6], shown(True), "", *fields]
        if action == "rename":
            return [subject, shown(True), "", name, *same[4:]]
        text = _DELETE_ASSISTANT if kind == "assistant" else _DELETE_CONVERSATION
        sentence = notice(text.format(name=name), "warn")
        return [subject, *same[1:4], shown(True), sentence, *same[6:]]

    @property
    def dialog_outputs(self) -> list[Any]:
        """What `asked` is for."""
        return [
            self.subject,
            self.naming.box,
            self.naming.notice,
            self.name,
            self.deleting.box,
            self.deleting.notice,
            self.changing.box,
            self.changing.notice,
            self.changed_name,
            self.changed_task,
            *self.change.outputs,
        ]

    def made(self, *inputs: Any) -> Assistant:
        """Make an assistant from the fields of the dialog. Raises DuetError."""
        name, task = inputs[0] or "", _task(inputs[1])
        prompt, profile = self.start.system_prompt(*inputs), self.start.profile(*inputs)
        workspace = self._services.workspace
        return workspace.create(name, task, system_prompt=prompt, profile=profile)

    def changed(self, subject: str, *inputs: Any) -> None:
        """Change the assistant of the dialog as its fields say. Raises DuetError."""
        self._services.workspace.update(
            self._services.assistant(subject.partition(":")[2]),
            name=inputs[0] or "",
            task=_task(inputs[1]),
            system_prompt=self.change.system_prompt(*inputs),
            profile=self.change.profile(*inputs),
        )

    def renamed(self, subject: str, name: str) -> None:
        """Rename the conversation of the dialog. Raises DuetError."""
        self._services.workspace.store.rename_conversation(subject.partition(":")[2], name)

    def deleted(self, subject: str) -> None:
        """Delete the subject of the dialog. Raises DuetError."""
        kind, _, item = subject.partition(":")
        if kind == "assistant":
            self._services.workspace.delete(self._services.assistant(item))
        else:
            self._services.workspace.store.delete_conversation(item)

    def _retrain(self, subject: str, prompt: str) -> str:
        """Whether the tuned model knows the prompt as it stands in the dialog."""
        try:
            assistant = self._services.assistant(subject.partition(":")[2])
            runs = self._services.workspace.runs(assistant)
            return notice(prompt_changed(runs, prompt or ""), "info")
        except DuetError:
            return ""

    def _name_of(self, kind: str, item: str) -> str:
        if kind == "assistant":
            return self._services.assistant(item).name
        return self._services.workspace.store.conversation(item).title or "New conversation"

    def _training(self, assistant: Assistant) -> bool:
        return any(run.live for run in self._services.workspace.runs(assistant).list())

    def _facts(self, assistant: Assistant, training: bool) -> Facts:
        workspace = self._services.workspace
        usable = [run for run in workspace.runs(assistant).list() if run.adapter]
        return Facts(
            documents=len(workspace.corpus(assistant).documents()),
            runs=len(usable),
            votes=workspace.store.judgement_state(assistant.id)[0],
            training=training,
        )
