"""The commands about documents and examples, and the one app that gathers them all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.cli import (
    assistants,
    chat,
    errors,
    evaluation,
    exporting,
    monitor,
    ratings,
    retrieval,
    review,
    run_registry,
    scoring,
    sweeping,
    training,
    verdict,
    writing,
)
from assistant.cli.documents import check as check_documents
from assistant.cli.documents import embedder, show_documents
from assistant.cli.examples import examples
from assistant.cli.output import AsJson, bar, note, plain, say, show_json
from assistant.cli.workspace import Name, opened
from assistant.errors import DocumentsError, documents_mapped
from retrieval.documents import IndexingProgress
from retrieval.self_check import check_added, with_checks

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Build a domain assistant twice, by retrieval and by fine-tuning, and compare the two.",
)
documents = typer.Typer(no_args_is_help=True, help="The documents of an assistant.")
app.add_typer(documents, name="documents")
documents.command("check")(check_documents)
documents.command("embedder")(embedder)
app.add_typer(examples, name="examples")
examples.command("write")(writing.write)
app.add_typer(training.runs, name="runs")
run_registry.add_to(training.runs)
app.add_typer(sweeping.sweeps, name="sweeps")
app.command("sweep")(sweeping.sweep)
app.add_typer(retrieval.retrieval, name="retrieval")
app.add_typer(evaluation.evaluations, name="evaluations")
app.command("new")(assistants.new)
app.command("list")(assistants.list_assistants)
app.command("profile")(assistants.profile)
app.command("evaluate")(evaluation.evaluate)
app.command("verdict")(verdict.verdict)
app.command("report")(verdict.report)
app.command("decide")(verdict.decide)
app.command("train")(training.train)
app.command("export")(exporting.export)
app.command("ask")(chat.ask)
app.command("compare")(chat.compare)
app.command("vote")(chat.vote)
app.command("tallies")(chat.tallies)
app.command("ratings")(ratings.ratings)
app.command("errors")(errors.errors)
app.command("review")(review.review)
app.command("monitor")(monitor.monitor)
app.command("score")(scoring.score)


@app.command()
def sample(as_json: AsJson = False) -> None:
    """Make the sample assistant, or complete it."""
    from assistant.sample import make_sample

    with opened() as workspace, bar() as report:
        assistant = make_sample(workspace, report)
    if as_json:
        show_json(assistant)
    else:
        say(f"{assistant.name} is ready. Next: duet ask {assistant.slug} QUESTION --with rag")


@app.command()
def search(
    name: Name,
    question: str,
    top: Annotated[int, typer.Option(min=1, max=100, help="How many passages.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Search the documents: passages with scores, document, page and span."""
    with opened() as workspace:
        retriever = workspace.retriever(workspace.assistant(name))
        with documents_mapped():
            hits = retriever.search(question, top)
    if as_json:
        show_json([{**plain(hit.passage), **plain(hit), "passage": hit.passage.id} for hit in hits])
        return
    for hit in hits:
        page = f", p. {hit.passage.page}" if hit.passage.page else ""
        also = f"\n   also in {'; '.join(hit.also_in)}" if hit.also_in else ""
        say(
            f"{hit.rank}. {hit.passage.document}{page} [{hit.passage.start}-{hit.passage.end}] "
            f"score {hit.score:.3f}, cosine {hit.cosine:.3f}, BM25 {hit.bm25:.2f}{also}\n"
            f"   {hit.passage.text}"
        )


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 7860,
) -> None:
    """Serve the page."""
    from assistant.settings import settings_from_environment
    from assistant.ui import serve as serve_page

    serve_page(settings_from_environment(), host, port)


@documents.command("add")
def add_documents(
    name: Name,
    paths: Annotated[list[Path], typer.Argument(help="Files, zip archives, or folders to walk.")],
    password: Annotated[
        str | None, typer.Option(help="Tried for each PDF and zip that asks for one; not kept.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add documents; a file that cannot be read is named with the reason, the others go in."""
    with opened() as workspace, bar() as report:

        def indexed(state: IndexingProgress) -> None:
            share = state.passages_done / max(state.passages_total, 1)
            report(f"{state.documents_done}/{state.documents_total} {state.document}", share)

        assistant = workspace.assistant(name)
        corpus = workspace.corpus(assistant)
        with documents_mapped():
            passwords = None if password is None else {"": password}
            results = corpus.add(paths, indexed, passwords=passwords)
            report("Checking that each document is found", 1.0)
            check = check_added(workspace.retriever(assistant), results)
            results = with_checks(results, check)
    if as_json:
        show_json(results)
    else:
        for result in results:
            say(f"{result.outcome}: {result.name}{' - ' if result.reason else ''}{result.reason}")
        if check.checked:
            say(f"Self-check: {check.sentence}")
    failed = [result for result in results if result.outcome == "failed"]
    if any(result.needs_password for result in failed) and not as_json:
        note("Add what asks for a password again with --password TEXT.")
    if failed:
        raise DocumentsError(
            f"{len(failed)} of {len(results)} files could not be read; the others are in."
            if len(failed) < len(results)
            else "No file could be read; nothing was changed."
        )


@documents.command("list")
def list_documents(name: Name, as_json: AsJson = False) -> None:
    """List the documents."""
    with opened() as workspace, documents_mapped():
        found = workspace.corpus(workspace.assistant(name)).documents()
    if as_json:
        show_json(found)
    else:
        show_documents(found)


@documents.command("remove")
def remove_documents(
    name: Name,
    documents: Annotated[list[str], typer.Argument(help="Names or ids.")],
    as_json: AsJson = False,
) -> None:
    """Remove documents; their passages are gone at once."""
    with opened() as workspace, documents_mapped():
        corpus = workspace.corpus(workspace.assistant(name))
        chosen = [corpus.document(document) for document in documents]
        removed = [corpus.remove(document.id) for document in chosen]
    if as_json:
        show_json(removed)
    else:
        say("\n".join(f"removed: {document.name}" for document in removed))
