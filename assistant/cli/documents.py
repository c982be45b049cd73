"""The commands about what the documents are searched with, and whether they are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from assistant.cli.output import AsJson, bar, note, say, show_json, show_table
from assistant.cli.workspace import Name, opened
from assistant.embedders import change_embedder, embedder_of
from assistant.errors import DocumentsError, documents_mapped
from retrieval.documents import Document
from retrieval.embedders import OFFERED
from retrieval.self_check import check_documents

_OUTCOMES = {
    "passed": "found",
    "failed": "not found",
    "no_sentence": "no sentence to search for",
}


def check_outcome(document: Document) -> str:
    """The result of a document's self-check in words."""
    check = document.self_check
    return _OUTCOMES[check.outcome] if check else "not checked"


def show_documents(documents: Sequence[Document]) -> None:
    """A table of documents with what is known of each."""
    rows = [
        (
            d.name,
            d.language,
            d.pages,
            d.passages,
            d.duplicates,
            d.words,
            check_outcome(d),
            " ".join(d.warnings),
        )
        for d in documents
    ]
    columns = ("Name", "Language", "Pages", "Passages", "Duplicates", "Words", "Check", "Warnings")
    show_table(columns, rows)


def check(name: Name, as_json: AsJson = False) -> None:
    """Search for a sentence of each document, which must find its own passage."""
    with opened() as workspace, documents_mapped(), bar() as report:
        assistant = workspace.assistant(name)
        result = check_documents(
            workspace.retriever(assistant),
            workspace.corpus(assistant).documents(),
            progress=lambda document, done, of: report(document, done / of),
        )
    if as_json:
        show_json(result)
    else:
        rows = [
            (
                d.name,
                check_outcome(d),
                d.self_check.sentence if d.self_check else "",
                "; ".join(d.self_check.found) if d.self_check else "",
            )
            for d in result.checked
        ]
        show_table(("Name", "Result", "Sentence", "Found instead"), rows)
        say(result.sentence)
    if result.failed:
        raise DocumentsError(
            f"{len(result.failed)} of {len(result.checked)} documents are not found by a sentence "
            "of their own: look at their text, or add them in another format."
        )


def embedder(
    name: Name,
    model: Annotated[
        str, typer.Argument(help="builtin, a hub id or a local folder; none shows what there is.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show the embedding model that documents are searched with, or change it."""
    with opened() as workspace:
        assistant = workspace.assistant(name)
        if not model:
            current = embedder_of(workspace, assistant)
            if as_json:
                show_json({"embedder": current, "offered": OFFERED})
                return
            say(f"{assistant.name} is searched with {current}.")
            rows = [
                (one.name, one.languages, one.megabytes, one.max_tokens, one.licence)
                for one in OFFERED
            ]
            show_table(("Offered", "Languages", "MB", "Tokens", "Licence"), rows)
            return
        with bar() as report:
            change = change_embedder(
                workspace,
                assistant,
                model,
                lambda done, of: report(f"{done}/{of} passages", done / max(of, 1)),
            )
    if as_json:
        show_json(change)
        return
    say(f"{change.passages} passages are searched with {change.assistant.embedder} now.")
    if change.longer:
        note(
            f"{change.longer} of them are longer than it takes in whole: their ends are found by "
            "their words only."
        )
    if change.assistant.retrieval != assistant.retrieval:
        note(
            "The threshold of relevance was carried over to the new model; `duet retrieval fit` "
            "fits it on the assistant's own questions."
        )
    say(change.check.sentence)
