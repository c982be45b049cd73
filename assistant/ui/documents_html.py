"""The documents tab as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.drawing.tables import Column, empty, press, table, tag
from assistant.drawing.words import counted, moment, size
from assistant.ui.indexing import Indexing
from assistant.ui.notices import notice, progress
from retrieval.documents import AddResult, Document

_COLUMNS = (
    Column("Document"),
    Column("Pages", numeric=True),
    Column("Passages", numeric=True, hint="Stretches of the document that are searched."),
    Column("Words", numeric=True),
    Column("Size", numeric=True),
    Column("State"),
    Column("Added"),
    Column(""),
)
_OUTCOMES = {
    "added": ("Added", "good"),
    "replaced": ("Replaced", "good"),
    "unchanged": ("Unchanged", ""),
    "failed": ("Not added", "bad"),
}


def document_table(documents: Sequence[Document]) -> str:
    """All documents with what became of them, or what to do where there are none."""
    if not documents:
        return empty(
            "No documents yet",
            "Drop files above. You can ask about them as soon as they are in the list.",
        )
    rows = [
        (
            f'<strong class="name">{escape(document.name)}</strong>',
            f"{document.pages:,}" if document.pages else "–",
            f"{document.passages:,}",
            f"{document.words:,}",
            size(document.size),
            _state(document),
            moment(document.added_at),
            '<span class="presses">'
            + press("Passages", "passages", document.id, f"of {document.name}")
            + press("Remove", "remove", document.id, document.name)
            + "</span>",
        )
        for document in documents
    ]
    total = (
        f"{counted(len(documents), 'document')}, "
        f"{counted(sum(one.passages for one in documents), 'passage')}, "
        f"{counted(sum(one.words for one in documents), 'word')}"
    )
    return f'<p class="total">{total}</p>{table(_COLUMNS, rows, "Documents")}'


def indexing_html(state: Indexing) -> str:
    """How far an addition is, or what became of each file of the last one."""
    if state.active:
        return _going(state) + _results(state.results)
    failed = notice(state.failure, "bad")
    return failed + _results(state.results)


def _state(document: Document) -> str:
    state = tag("Ready", "good") if document.passages else tag("Empty", "bad")
    if document.version > 1:
        state += tag(f"version {document.version}")
    if document.warnings:
        count = counted(len(document.warnings), "warning")
        hint = escape(" ".join(document.warnings))
        state += f'<span class="tag warn" title="{hint}">{count}</span>'
        state += f'<small class="quiet">{escape(document.warnings[0])}</small>'
    return f'<span class="tags">{state}</span>'


def _going(state: Indexing) -> str:
    waiting = f"{counted(state.waiting, 'file')} more waiting" if state.waiting else ""
    now = state.progress
    if now is None:
        return progress("Reading the files", None, waiting)
    files = f"File {min(now.documents_done + 1, now.documents_total)} of {now.documents_total}"
    if not now.passages_total:
        return progress(f"{files}: reading {now.document}", None, waiting)
    share = now.passages_done / now.passages_total
    passages = f"{now.passages_done:,} of {counted(now.passages_total, 'passage')} indexed"
    return progress(f"{files}: {now.document}, {passages}", share, waiting)


def _results(results: Sequence[AddResult]) -> str:
    if not results:
        return ""
    items = []
    for result in sorted(results, key=lambda result: result.outcome != "failed"):
        word, tone = _OUTCOMES[result.outcome]
        detail = result.reason
        if not detail and result.document is not None:
            detail = counted(result.document.passages, "passage")
        detail = detail.removeprefix(result.name).strip()
        items.append(
            f'<li>{tag(word, tone)}<span><strong class="name">{escape(result.name)}</strong> '
            f"{escape(detail)}</span></li>"
        )
    failed = sum(result.outcome == "failed" for result in results)
    heading = f"{counted(len(results) - failed, 'file')} in the list"
    if failed:
        heading += f", {failed} not added; the others went in all the same"
    return f'<div class="results"><p>{heading}.</p><ul>{"".join(items)}</ul></div>'
