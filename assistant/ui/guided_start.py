"""What an assistant is for: the fields of the guided start, in two dialogs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from assistant.errors import DuetError
from assistant.evaluation.catalogue import METRICS
from assistant.guided_start import checked_profile, with_purpose
from assistant.prompts import default_system_prompt
from assistant.purposes import HEADING, PURPOSES
from assistant.records import NO_PROFILE, Assistant, Profile
from assistant.ui.notices import notice
from assistant.ui.services import QUICK, markup

_NO_PURPOSE = ("Not said", "")
_FOLD = "What is it for? Audience, tone, what it must refuse"


class GuidedStart:
    """Builds its fields inside the current dialog, below those for name and task.

    Another purpose fills in what the one before had filled in; what a person wrote stays. The
    system prompt follows all fields until a person writes their own.
    """

    def __init__(self, prefix: str, name: gr.Textbox, task: gr.Textbox, opened: bool) -> None:
        self._prefix = prefix
        self._name, self._task = name, task
        self._purpose_before = gr.State("")
        self._prompt_before = gr.State("")
        with gr.Accordion(_FOLD, open=opened, elem_id=f"{prefix}-guided", elem_classes="guided"):
            gr.HTML(
                '<p class="quiet">All of it can be left out, and changed later.</p>',
                apply_default_css=False,
            )
            with gr.Row(elem_classes="guided-columns"):
                with gr.Column(min_width=280):
                    self._build_answers()
                with gr.Column(min_width=280):
                    self._build_filled()
            self.fault = markup(elem_id=f"{prefix}-guided-fault", pressed=False)
        self._wire()

    def _build_answers(self) -> None:
        self.purpose = gr.Dropdown(
            [_NO_PURPOSE, *((one.title, name) for name, one in PURPOSES.items())],
            value="",
            label="Purpose",
            info="Fills in the rest.",
            filterable=False,
            elem_id=f"{self._prefix}-purpose",
        )
        self.audience = gr.Textbox(
            label="Who asks", max_lines=1, max_length=120, elem_id=f"{self._prefix}-audience"
        )
        self.tone = gr.Textbox(
            label="Tone",
            placeholder="friendly and brief",
            max_lines=1,
            max_length=80,
            elem_id=f"{self._prefix}-tone",
        )
        self.offered = gr.CheckboxGroup(
            [], label="It must refuse", visible=False, elem_id=f"{self._prefix}-refusals"
        )
        self.refused = gr.Textbox(
            label="Other subjects that it must refuse",
            info="One a line. Refusing them is written into the prompt and into the examples.",
            lines=2,
            max_lines=5,
            max_length=3000,
            elem_id=f"{self._prefix}-refused",
        )

    def _build_filled(self) -> None:
        self.prompt = gr.Textbox(
            label="System prompt",
            info="Follows your answers until you change it here. Empty it to have it follow again.",
            lines=5,
            max_lines=12,
            max_length=8000,
            elem_id=f"{self._prefix}-prompt",
        )
        self.disclaimer = gr.Textbox(
            label="Line shown with its answers",
            lines=1,
            max_lines=3,
            max_length=300,
            elem_id=f"{self._prefix}-disclaimer",
        )
        self.questions = gr.Textbox(
            label="Questions to begin with",
            info=f"One a line. {HEADING} becomes a heading of your documents.",
            lines=2,
            max_lines=6,
            max_length=3000,
            elem_id=f"{self._prefix}-questions",
        )
        self.emphasis = gr.Dropdown(
            [(metric.title, name) for name, metric in METRICS.items()],
            value=[],
            multiselect=True,
            label="Metrics that evaluations show first",
            elem_id=f"{self._prefix}-emphasis",
        )

    def _wire(self) -> None:
        self.purpose.input(
            self._recast, [*self.inputs, self._purpose_before], self.outputs, **QUICK
        )
        # Gradio's `input` of a text box tells of keys alone, not of what is pasted or deleted. One
        # event for all, since the answer to an earlier one would come in between.
        typed = (self._name, self._task, self.audience, self.tone, self.offered, self.refused)
        gr.on(
            [field.change for field in typed],
            self._follow,
            self.inputs,
            [self.prompt, self._prompt_before, self.fault],
            trigger_mode="always_last",
            **QUICK,
        )

    @property
    def inputs(self) -> list[Any]:
        """What `profile` and `system_prompt` are made from, name and task first."""
        return [
            self._name,
            self._task,
            self.purpose,
            self.audience,
            self.tone,
            self.offered,
            self.refused,
            self.disclaimer,
            self.questions,
            self.emphasis,
            self.prompt,
            self._prompt_before,
        ]

    @property
    def outputs(self) -> list[Any]:
        """What `values` is for: all fields but name and task."""
        return [
            self.purpose,
            self.audience,
            self.tone,
            self.offered,
            self.refused,
            self.disclaimer,
            self.questions,
            self.emphasis,
            self.prompt,
            self._prompt_before,
            self._purpose_before,
            self.fault,
        ]

    def values(self, assistant: Assistant | None) -> list[Any]:
        """A value for each of `outputs`, for an assistant or for a new one."""
        if assistant is None:
            return [*_field_values(NO_PROFILE), "", "", "", ""]
        made = default_system_prompt(assistant.name, assistant.task, assistant.profile)
        purpose = assistant.profile.purpose
        return [*_field_values(assistant.profile), assistant.system_prompt, made, purpose, ""]

    def profile(self, *inputs: Any) -> Profile:
        """The profile of the fields. Raises InvalidRequest."""
        return checked_profile(_profile(*inputs[2:10]))

    def system_prompt(self, *inputs: Any) -> str:
        """What a person wrote as the system prompt, "" where it follows the other fields."""
        prompt, before = (inputs[10] or "").strip(), inputs[11]
        return "" if prompt == before else prompt

    def _recast(self, *values: Any) -> list[Any]:
        """Another purpose was chosen."""
        *inputs, before = values
        name, task, purpose = inputs[:3]
        try:
            shown = replace(_profile(*inputs[2:10]), purpose=before or "")
            profile = with_purpose(shown, purpose or "")
        except DuetError as error:
            same = [gr.skip()] * (len(self.outputs) - 1)
            return [*same, notice(str(error), "bad")]
        made = default_system_prompt(name or "", task or "", profile)
        prompt = gr.skip() if self.system_prompt(*inputs) else made
        filled = _field_values(profile)
        filled[1].pop("value")  # no purpose fills it in, and it may be typed into meanwhile
        return [*filled, prompt, made, profile.purpose, ""]

    def _follow(self, *inputs: Any) -> list[Any]:
        """The prompt from the fields as they are, unless a person wrote their own."""
        name, task = inputs[0] or "", inputs[1] or ""
        try:
            made = default_system_prompt(name, task, self.profile(*inputs))
        except DuetError as error:
            return [gr.skip(), gr.skip(), notice(str(error), "bad")]
        return [gr.skip() if self.system_prompt(*inputs) else made, made, ""]


def _profile(
    purpose: str | None,
    audience: str | None,
    tone: str | None,
    offered: list[str] | None,
    refused: str | None,
    disclaimer: str | None,
    questions: str | None,
    emphasis: list[str] | None,
) -> Profile:
    known = PURPOSES[purpose].subjects if purpose in PURPOSES else ()
    ticked = [subject for subject in known if subject in (offered or ())]
    # Boxes of the purpose before, which are still ticked while another one is being chosen.
    ticked += [subject for subject in offered or () if subject not in known]
    return Profile(
        purpose=purpose or "",
        audience=audience or "",
        tone=tone or "",
        refusals=(*ticked, *_lines(refused)),
        disclaimer=disclaimer or "",
        questions=_lines(questions),
        emphasis=tuple(emphasis or ()),
    )


def _field_values(profile: Profile) -> list[Any]:
    """Values for the fields from purpose to emphasis."""
    purpose = PURPOSES.get(profile.purpose)
    offered = purpose.subjects if purpose else ()
    others = [subject for subject in profile.refusals if subject not in offered]
    return [
        profile.purpose if purpose else "",
        gr.update(value=profile.audience, placeholder=purpose.audience if purpose else ""),
        profile.tone,
        gr.update(
            choices=list(offered),
            value=[subject for subject in offered if subject in profile.refusals],
            visible=bool(offered),
        ),
        "\n".join(others),
        profile.disclaimer,
        "\n".join(profile.questions),
        list(profile.emphasis),
    ]


def _lines(text: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for line in (text or "").splitlines() if line.strip())
