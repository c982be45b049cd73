"""The Advanced part of the training tab: every setting with its unit, explanation and range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import gradio as gr

from assistant.errors import InvalidRequest
from assistant.runs import PRESETS, TrainingSettings
from assistant.training.setting_fields import SETTING_FIELDS, SettingField
from assistant.ui.services import PRIVATE, QUICK, markup

FIELDS: tuple[SettingField, ...] = tuple(one for one in SETTING_FIELDS if one.name != "preset")
_GROUPS = tuple(dict.fromkeys(field.group for field in FIELDS))


class AdvancedSettings:
    """Builds the folded part inside the current Blocks. inputs: its widgets, as FIELDS stand."""

    def __init__(self) -> None:
        made: dict[str, Any] = {}
        with gr.Accordion("Advanced", open=False, elem_id="advanced"):
            self.changed = markup(elem_id="advanced-changed", pressed=False)
            for group in _GROUPS:
                gr.HTML(f"<h4 class='section'>{escape(group)}</h4>", apply_default_css=False)
                with gr.Row(elem_classes="numbers"):
                    for field in FIELDS:
                        if field.group == group:
                            made[field.name] = _widget(field)
            self.restore = gr.Button(
                "Back to the preset's values", size="sm", elem_id="advanced-restore"
            )
        self.inputs: list[Any] = [made[field.name] for field in FIELDS]

    def wire(self, preset: gr.State) -> None:
        """Show what differs from the preset whenever a value is changed."""
        gr.on(
            [one.change for one in self.inputs],
            changes_html,
            [preset, *self.inputs],
            self.changed,
            **{**PRIVATE, "trigger_mode": "always_last"},
        )
        self.restore.click(standing, preset, self.inputs, **QUICK)


def standing(preset: str) -> list[Any]:
    """The preset's own values, as the widgets show them."""
    settings = PRESETS.get(preset, PRESETS["standard"])
    return [getattr(settings, field.name) for field in FIELDS]


def settings_from(preset: str, values: Sequence[Any]) -> TrainingSettings:
    """The preset with what was changed by hand. Raises InvalidRequest with every mistake."""
    if preset not in PRESETS:
        raise InvalidRequest("Choose one of the three presets.")
    own = {
        field.name: _value(field, value, getattr(PRESETS[preset], field.name))
        for field, value in zip(FIELDS, values, strict=True)
    }
    return replace(PRESETS[preset], **own).checked()


def changes_html(preset: str, *values: Any) -> str:
    """What differs from the preset, and every mistake, above the fields."""
    settings = PRESETS.get(preset, PRESETS["standard"])
    changed, wrong = [], []
    for field, value in zip(FIELDS, values, strict=True):
        usual = getattr(settings, field.name)
        own = _value(field, value, usual)
        if not field.allows(own):
            wrong.append(f"{field.label} must be {field.range}")
        elif own != usual:
            changed.append(f"{field.label} {_said(field, own)} in place of {_said(field, usual)}")
    if wrong:
        items = "".join(f"<li>{escape(one)}</li>" for one in wrong)
        return (
            '<div class="notice bad" role="alert"><strong>Problem</strong><div>These values cannot '
            f"be used:<ul>{items}</ul></div></div>"
        )
    if not changed:
        return '<p class="quiet">All values are those of the preset.</p>'
    return f'<p class="quiet">Changed: {escape("; ".join(changed))}.</p>'


def setting_rows(settings: TrainingSettings) -> list[tuple[str, str]]:
    """All settings of a run with their labels, for reading."""
    rows = [("Preset", settings.preset)]
    rows += [(field.label, _said(field, getattr(settings, field.name))) for field in FIELDS]
    return rows


def _widget(field: SettingField) -> Any:
    info = f"{field.explanation} {_allowed(field)}"
    label = f"{field.label} ({field.unit})" if field.unit else field.label
    value = getattr(PRESETS["standard"], field.name)
    name = f"setting-{field.name.replace('_', '-')}"
    if field.switch:
        return gr.Checkbox(bool(value), label=label, info=info, elem_id=name)
    if field.choices:
        return gr.Dropdown(
            list(field.choices), value=value, label=label, info=info, filterable=False, elem_id=name
        )
    precision = 0 if field.whole else None
    return gr.Number(value, label=label, info=info, precision=precision, elem_id=name)


def _allowed(field: SettingField) -> str:
    if field.automatic:
        return f"Empty or 0: {field.automatic}. Else {field.range}."
    return "" if field.switch or field.choices else f"{field.range[:1].upper()}{field.range[1:]}."


def _value(field: SettingField, value: Any, usual: Any) -> Any:
    """What a widget holds as the setting wants it; an emptied field is the preset's value.

    An empty number field of the page is 0, which no setting that can be chosen for one allows.
    """
    if value is None or value == "" or (field.automatic and value == 0):
        return usual
    if field.whole and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _said(field: SettingField, value: Any) -> str:
    if value is None:
        return field.automatic
    if isinstance(value, bool):
        return "on" if value else "off"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{text} {field.unit}".strip()
