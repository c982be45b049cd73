"""The options of `duet train` that set the training, made from the table that explains them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Annotated, Any, Literal

import typer

from assistant.runs import PRESETS, TrainingSettings
from assistant.training.setting_fields import SETTING_FIELDS, SettingField

Preset = Literal["quick", "standard", "thorough"]

_NAMES = [field.name for field in SETTING_FIELDS]


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """A command that takes `settings`, given an option for each of its fields in its place.

    What is not given is as the preset has it.
    """
    own = inspect.signature(command, eval_str=True).parameters
    options = [_parameter(field) for field in SETTING_FIELDS]
    rest = [one for name, one in own.items() if name != "settings"]
    first = [one for one in rest if one.default is one.empty]
    parameters = [*first, *options, *(one for one in rest if one.default is not one.empty)]

    @wraps(command)
    def taking(**given: Any) -> None:
        preset = given["preset"]
        chosen = {name: value for name in _NAMES if (value := given.pop(name)) is not None}
        command(settings=replace(PRESETS[preset], **chosen), **given)

    taking.__dict__.pop("__wrapped__")  # typer would look at it
    taking.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    taking.__annotations__ = {one.name: one.annotation for one in parameters}
    return taking


def settings_line(settings: TrainingSettings) -> str:
    """All values in one line, as `rank 16`."""
    return ", ".join(
        f"{field.label.lower()} {field.shown(getattr(settings, field.name))}"
        for field in SETTING_FIELDS
    )


def _parameter(field: SettingField) -> inspect.Parameter:
    names = [field.option, f"--no-{field.option[2:]}"] if field.switch else [field.option]
    default = "standard" if field.name == "preset" else None
    preset = getattr(PRESETS["standard"], field.name)
    told = f"{field.explanation} {field.allowed[:1].upper()}{field.allowed[1:]}"
    told += "." if field.name == "preset" else f"; {field.shown(preset)} if not given."
    option = typer.Option(
        "/".join(names), help=told, rich_help_panel=field.group, show_default=field.name == "preset"
    )
    return inspect.Parameter(
        field.name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=default,
        annotation=Annotated[_kind(field) if default else _kind(field) | None, option],
    )


def _kind(field: SettingField) -> Any:
    if field.switch:
        return bool
    if field.choices:
        return Literal.__getitem__(field.choices)
    return int if field.whole else float
