"""The command that writes examples from the documents, by rule or with a model."""

from __future__ import annotations

import threading
from typing import Annotated, Literal

import typer

from assistant.cli.evaluation import interruptible
from assistant.cli.output import AsJson, bar, note, plain, say, show_json
from assistant.cli.workspace import Name, opened
from assistant.writing.model_writing import ModelOptions, ModelWritten, write_with_model
from assistant.writing.writers import chosen_writer


def write(
    name: Name,
    method: Annotated[
        Literal["rules", "model"], typer.Option("--with", help="By rule, or with a model.")
    ] = "rules",
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL_OR_URL",
            help="With a model: builtin, a folder, a hub id or an OpenAI-compatible address; "
            "DUET_WRITER_URL and DUET_WRITER_MODEL, else the base model, where not given.",
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option(help="With a model: end once there are so many examples.")
    ] = None,
    candidates: Annotated[
        int, typer.Option(help="With a model: questions asked for of each passage.")
    ] = 3,
    paraphrases: Annotated[
        int, typer.Option(help="With a model: other wordings of each question kept.")
    ] = 2,
    as_json: AsJson = False,
) -> None:
    """Write examples from the documents.

    With a model, Ctrl-C keeps every reply; the same command goes on from there.
    """
    if method == "model":
        options = ModelOptions(count, candidates, paraphrases)
        _show_model(_with_model(name, model, options), as_json)
        return
    with opened() as workspace:
        written = workspace.write_examples(workspace.assistant(name))
    if as_json:
        left_out = [one.question for one in written.left_out]
        show_json({"added": written.added, "left_out": left_out})
        return
    say(f"{written.added} new examples.")
    if written.note:
        note(written.note)


def _with_model(name: str, model: str | None, options: ModelOptions) -> ModelWritten:
    stop = threading.Event()
    with opened() as workspace:
        assistant = workspace.assistant(name)
        writer = chosen_writer(model, assistant)
        for sentence in filter(None, (writer.leaving, writer.warning)):
            note(sentence)
        with bar() as shown, interruptible(stop):
            return write_with_model(workspace, assistant, writer, options, shown, stop)


def _show_model(written: ModelWritten, as_json: bool) -> None:
    if as_json:
        left_out = [one.question for one in written.left_out]
        show_json({**plain(written), "left_out": left_out})
        return
    say(f"{written.added} new examples.")
    for sentence in written.sentences:
        note(sentence)
