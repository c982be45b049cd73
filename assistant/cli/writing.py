"""The command that writes examples from the documents, by rule or with a model."""

from __future__ import annotations

import threading
from typing import Annotated, Literal

import typer

from assistant.cli.evaluation import interruptible
from assistant.cli.output import AsJson, bar, note, plain, say, show_json
from assistant.cli.workspace import Name, opened
from assistant.evaluation.held_out import Written
from assistant.writing.model_writing import ModelOptions, ModelWritten, write_with_model
from assistant.writing.writers import chosen_writer
from assistant.writing.writing import WritingOptions


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
        int | None, typer.Option(help="About so many examples; as many as help where not given.")
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

    Ctrl-C ends it: by rule nothing is written then; with a model every reply is kept, and the same
    command goes on from there.
    """
    if method == "model":
        options = ModelOptions(count, candidates, paraphrases)
        _show(_with_model(name, model, options), as_json)
        return
    stop = threading.Event()
    with opened() as workspace, bar() as shown, interruptible(stop):
        assistant = workspace.assistant(name)
        _show(workspace.write_examples(assistant, WritingOptions(count), shown, stop), as_json)


def _with_model(name: str, model: str | None, options: ModelOptions) -> ModelWritten:
    stop = threading.Event()
    with opened() as workspace:
        assistant = workspace.assistant(name)
        writer = chosen_writer(model, assistant)
        for sentence in filter(None, (writer.leaving, writer.warning)):
            note(sentence)
        with bar() as shown, interruptible(stop):
            return write_with_model(workspace, assistant, writer, options, shown, stop)


def _show(written: Written | ModelWritten, as_json: bool) -> None:
    if as_json:
        left_out = [one.question for one in written.left_out]
        show_json({**plain(written), "left_out": left_out})
        return
    say(f"{written.added} new examples.")
    for sentence in written.sentences:
        note(sentence)
