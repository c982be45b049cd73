"""The documents tab as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from assistant.drawing.languages import language_name
from assistant.drawing.tables import Column, empty, press, table, tag
from assistant.drawing.words import counted, moment, size
from assistant.ui.indexing import Indexing
from assistant.ui.notices import notice, progress
from retrieval.documents import AddResult, Document
from retrieval.loaders.formats import SUFFIXES

PAGE_ROWS = 25

FILTERS = {
    "all": "All documents",
    "failed": "Self-check failed",
    "warnings": "With warnings",
    "unchecked": "Not checked",
}

_COLUMNS = (
    Column("Document"),
    Column("Pages", numeric=True),
    Column(
        "Passages",
        numeric=True,
        hint="Stretches of the document that are searched. Of passages that say the same, one is "
        "searched and names the others.",
    ),
    Column("Words", numeric=True),
    Column("Language"),
    Column(
        "State",
        hint="Ready: a sentence of the document, searched for, found its own passage.",
    ),
    Column("Added"),
    Column(""),
)
_OUTCOMES = {
    "added": ("Added", "good"),
    "replaced": ("Replaced", "good"),
    "unchanged": ("Duplicate", ""),
    "failed": ("Refused", "bad"),
}


@dataclass(frozen=True, slots=True)
class View:
    """Which documents are shown. name: part of the names. state: one of FILTERS. page: from 0."""

    name: str = ""
    state: str = "all"
    page: int = 0


def document_table(documents: Sequence[Document], view: View | None = None) -> str:
    """A page of the documents with what became of them, or what to do where there are none."""
    if not documents:
        return empty(
            "No documents yet",
            "Drop files above. You can ask about them as soon as they are in the list.",
        )
    view = view or View()
    found = [document for document in documents if _is_shown(document, view)]
    pages = max(1, -(-len(found) // PAGE_ROWS))
    page = min(max(view.page, 0), pages - 1)
    shown = found[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
    total = f'<p class="total">{_total(documents, found)}</p>'
    if not found:
        return total + empty("None of them", "Choose another state, or write another name.")
    return total + table(_COLUMNS, [_row(one) for one in shown], "Documents") + _pager(page, pages)


def _is_shown(document: Document, view: View) -> bool:
    if view.name.strip().casefold() not in document.name.casefold():
        return False
    check = document.self_check
    if view.state == "failed":
        return check is not None and check.outcome == "failed"
    if view.state == "unchecked":
        return check is None
    return view.state != "warnings" or bool(document.warnings)


def _row(document: Document) -> tuple[str, ...]:
    passages = f"{document.passages:,}"
    if document.duplicates:
        hint = (
            f"{counted(document.duplicates, 'passage')} of it stand in another place too: one of "
            "each is searched, and names the others."
        )
        passages = f'<span class="hinted" title="{hint}">{passages}</span>'
    return (
        f'<strong class="name">{escape(document.name)}</strong>'
        f'<small class="quiet">{size(document.size)}</small>',
        f"{document.pages:,}" if document.pages else "–",
        passages,
        f"{document.words:,}",
        escape(language_name(document.language)),
        _state(document),
        moment(document.added_at),
        '<span class="presses">'
        + press("Passages", "passages", document.id, f"of {document.name}")
        + press("Remove", "remove", document.id, document.name)
        + "</span>",
    )


def _total(documents: Sequence[Document], found: Sequence[Document]) -> str:
    text = (
        f"{counted(len(documents), 'document')}, "
        f"{counted(sum(one.passages for one in documents), 'passage')}, "
        f"{counted(sum(one.words for one in documents), 'word')}"
    )
    same = sum(one.duplicates for one in documents)
    if same:
        text += f"; {counted(same, 'passage')} of them say the same as another"
    failed = sum(one.self_check is not None and one.self_check.outcome == "failed" for one in found)
    if failed:
        text += f"; {counted(failed, 'self-check')} failed"
    if len(found) != len(documents):
        text += f". {len(found):,} shown"
    return text


def _pager(page: int, pages: int) -> str:
    if pages == 1:
        return ""
    before = press("Previous", "page", str(page - 1), "page of documents") if page else ""
    after = press("Next", "page", str(page + 1), "page of documents") if page < pages - 1 else ""
    return (
        f'<p class="pager">{before}<span class="quiet figures">Page {page + 1} of {pages}</span>'
        f"{after}</p>"
    )


def indexing_html(state: Indexing) -> str:
    """How far an addition is, or what became of each file of the last one."""
    if state.active:
        return _going(state) + _results(state.results)
    failed = notice(state.failure, "bad")
    checked = f'<p class="total">Self-check: {escape(state.checked)}</p>' if state.checked else ""
    return failed + _results(state.results) + checked


def _state(document: Document) -> str:
    state = _checked(document) if document.passages else tag("Empty", "bad")
    if document.version > 1:
        state += tag(f"version {document.version}")
    check = document.self_check
    if check is not None and check.outcome == "failed":
        came = f"found {'; '.join(check.found)} instead" if check.found else "found nothing"
        state += f'<small class="bad-text">“{escape(check.sentence)}” {escape(came)}.</small>'
    if document.warnings:
        count = counted(len(document.warnings), "warning")
        hint = escape(" ".join(document.warnings))
        state += f'<span class="tag warn" title="{hint}">{count}</span>'
        state += f'<small class="quiet">{escape(document.warnings[0])}</small>'
    return f'<span class="tags">{state}</span>'


def _checked(document: Document) -> str:
    check = document.self_check
    if check is None:
        return tag("Not checked")
    if check.outcome == "failed":
        return tag("Self-check failed", "bad")
    hint = (
        f"Found by its sentence “{check.sentence}”"
        if check.sentence
        else "It has no sentence that could be told from others, so none was searched for."
    )
    return f'<span class="tag good" title="{escape(hint)}">Ready</span>'


def _going(state: Indexing) -> str:
    waiting = f"{counted(state.waiting, 'file')} more waiting" if state.waiting else ""
    check = state.checking
    if check is not None:
        said = f"Self-check: {check.done + 1} of {check.total}, {check.document}"
        return progress(said, check.done / max(check.total, 1), waiting)
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
    return f'<div class="results"><p>{summary(results)}</p><ul>{"".join(items)}</ul></div>'


def summary(results: Sequence[AddResult]) -> str:
    """Files in = indexed + duplicates + refused."""
    refused = sum(result.outcome == "failed" for result in results)
    same = sum(result.outcome == "unchanged" for result in results)
    indexed = len(results) - refused - same
    parts = [f"{indexed:,} indexed"]
    if same:
        parts.append(counted(same, "duplicate"))
    if refused:
        parts.append(f"{refused:,} refused")
    return f"{counted(len(results), 'file')}: {', '.join(parts)}."


def locked_html(locked: Sequence[AddResult]) -> str:
    """The sentence of the first file that asks for a password, and how many there are."""
    if not locked:
        return ""
    more = f" {counted(len(locked) - 1, 'more file')} asks for one." if len(locked) == 2 else ""
    if len(locked) > 2:
        more = f" {len(locked) - 1} more files ask for one."
    return notice(locked[0].reason + more, "warn")


def formats_html() -> str:
    """What can be dropped, with every ending on hover."""
    hint = escape(" ".join(sorted(SUFFIXES)))
    return (
        f'<p class="quiet formats"><span class="hinted" title="{hint}" tabindex="0">'
        f"All {len(SUFFIXES)} endings</span></p>"
    )
