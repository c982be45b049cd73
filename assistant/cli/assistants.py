"""The commands that make assistants, list them, and show or change what they are for."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from assistant.cli.output import AsJson, note, plain, say, show_json, show_table
from assistant.cli.workspace import Name, opened
from assistant.evaluation.catalogue import title
from assistant.guided_start import with_purpose
from assistant.purposes import PURPOSES
from assistant.records import NO_PROFILE, Assistant, Profile
from assistant.trained_prompt import prompt_changed

Purpose = Annotated[
    str | None,
    typer.Option(help=f"The kind of work: {', '.join(PURPOSES)}. It fills in the rest."),
]
Audience = Annotated[str | None, typer.Option(help="Who asks.")]
Tone = Annotated[str | None, typer.Option(help="How it answers, as in: friendly and brief.")]
Refuse = Annotated[
    list[str] | None,
    typer.Option(help='A subject that it must refuse; give it again for another, "" for none.'),
]
Disclaimer = Annotated[str | None, typer.Option(help="A line shown with its answers.")]


def new(
    name: Name,
    task: Annotated[str, typer.Option(help="What the assistant is for, in your words.")],
    model: Annotated[
        str, typer.Option(help="Base model: builtin, a hub id or a local folder.")
    ] = "builtin",
    purpose: Purpose = None,
    audience: Audience = None,
    tone: Tone = None,
    refuse: Refuse = None,
    disclaimer: Disclaimer = None,
    as_json: AsJson = False,
) -> None:
    """Make an assistant."""
    profile = _profile(NO_PROFILE, purpose, audience, tone, refuse, disclaimer)
    with opened() as workspace:
        assistant = workspace.create(name, task, model, profile=profile)
    if as_json:
        show_json(assistant)
        return
    say(f"Made {assistant.name}. Next: duet documents add {assistant.slug} PATH...")
    if assistant.profile != NO_PROFILE:
        _show(assistant)


def list_assistants(as_json: AsJson = False) -> None:
    """List the assistants."""
    with opened() as workspace:
        known = workspace.assistants()
    if as_json:
        show_json(known)
    else:
        rows = [(a.slug, a.name, a.task, a.base_model) for a in known]
        show_table(("Slug", "Name", "Task", "Base model"), rows)


def profile(
    name: Name,
    purpose: Purpose = None,
    audience: Audience = None,
    tone: Tone = None,
    refuse: Refuse = None,
    disclaimer: Disclaimer = None,
    question: Annotated[
        list[str] | None,
        typer.Option(help="A question to begin a chat with; {heading} is filled in. Repeatable."),
    ] = None,
    emphasis: Annotated[
        list[str] | None, typer.Option(help="A metric that evaluations show first. Repeatable.")
    ] = None,
    system_prompt: Annotated[
        str | None,
        typer.Option(help='In your own words, or "" for the one made from the profile.'),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what an assistant is for, or change what is given.

    Another purpose fills in anew what the old one had filled in; a system prompt that was written
    by hand stays.
    """
    with opened() as workspace:
        assistant = workspace.assistant(name)
        changed = _profile(assistant.profile, purpose, audience, tone, refuse, disclaimer)
        if question is not None:
            changed = replace(changed, questions=tuple(question))
        if emphasis is not None:
            changed = replace(changed, emphasis=tuple(emphasis))
        if changed != assistant.profile or system_prompt is not None:
            assistant = workspace.update(assistant, profile=changed, system_prompt=system_prompt)
        warning = prompt_changed(workspace.runs(assistant), assistant.system_prompt)
    if as_json:
        shown = {"system_prompt": assistant.system_prompt, **plain(assistant.profile)}
        show_json(shown)
    else:
        _show(assistant)
    if warning:
        note(warning)


def _profile(
    before: Profile,
    purpose: str | None,
    audience: str | None,
    tone: str | None,
    refuse: list[str] | None,
    disclaimer: str | None,
) -> Profile:
    changed = before if purpose is None else with_purpose(before, purpose)
    given = {"audience": audience, "tone": tone, "disclaimer": disclaimer}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    changed = replace(changed, **changes)
    return changed if refuse is None else replace(changed, refusals=tuple(refuse))


def _show(assistant: Assistant) -> None:
    kept = assistant.profile
    rows = [
        ("Purpose", PURPOSES[kept.purpose].title if kept.purpose in PURPOSES else ""),
        ("Audience", kept.audience),
        ("Tone", kept.tone),
        ("Refuses", "; ".join(kept.refusals)),
        ("Disclaimer", kept.disclaimer),
        ("Questions", " ".join(kept.questions)),
        ("Shown first", ", ".join(map(title, kept.emphasis))),
        ("System prompt", assistant.system_prompt),
    ]
    for label, value in rows:
        if value:
            say(f"{label}: {value}")
