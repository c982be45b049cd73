"""How the examples spread over the documents, and whether a test leaks, as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from assistant.drawing.tables import Column, press, table
from assistant.drawing.words import counted
from assistant.interchange.coverage import Coverage, DocumentCoverage, SectionCoverage
from assistant.interchange.leak_check import LeakCheck
from assistant.ui.examples_html import SPLITS, clipped

DOCUMENTS = 40  # rows of the map shown at once
_BLOCKS = 400  # sections of one document drawn; the table and the download have all
_ROWS = 200  # of the table on the page
_LEAKS = 30

_KINDS = {
    "trained": "trained on",
    "tested": "tested alone",
    "both": "trained on and tested",
    "none": "no example",
}


def section_kind(section: SectionCoverage) -> str:
    """A key of the map's legend: whether its examples train, test, or do both."""
    trains = section.counts.get("train", 0) + section.counts.get("validation", 0)
    tests = section.total - trains
    if trains and tests:
        return "both"
    return "trained" if trains else "tested" if tests else "none"


def coverage_map(coverage: Coverage, page: int) -> str:
    """Each document as a row, its sections as blocks. page: of documents, from 0."""
    if not coverage.sections:
        return f'<p class="quiet">{escape(coverage.sentence)}</p>'
    shown = coverage.documents[page * DOCUMENTS : (page + 1) * DOCUMENTS]
    legend = "".join(
        f'<li><i class="block {kind}"></i>{escape(said)}</li>' for kind, said in _KINDS.items()
    )
    outside = []
    if coverage.elsewhere:
        outside.append(f"{counted(coverage.elsewhere, 'example')} from no section of the documents")
    if coverage.unanswerable:
        outside.append(f"{coverage.unanswerable:,} on what the documents do not say")
    also = f'<p class="quiet">Besides: {escape(", ".join(outside))}.</p>' if outside else ""
    rows = "".join(_document(document) for document in shown)
    return (
        f'<ul class="legend">{legend}</ul><ul class="coverage">{rows}</ul>'
        f"{_pager(len(coverage.documents), page)}{also}"
    )


def coverage_table(coverage: Coverage, address: str) -> str:
    """The same figures as a table. address: where all of them are to be had as CSV."""
    columns = (
        Column("Document"),
        Column("Section"),
        *(Column(name, numeric=True) for name in SPLITS.values()),
        Column("Facts", numeric=True),
    )
    sections = [one for document in coverage.documents for one in document.sections]
    rows = [
        (
            escape(clipped(one.document, 80)),
            escape(clipped(one.heading or "without a heading", 120)),
            *(f"{one.counts.get(split, 0):,}" for split in SPLITS),
            f"{one.facts:,}",
        )
        for one in sections[:_ROWS]
    ]
    more = len(sections) - _ROWS
    rest = f'<p class="quiet">and {more:,} more in the file</p>' if more > 0 else ""
    link = (
        f'<p class="downloads"><a href="{escape(address)}" download>Download as CSV</a></p>'
        if sections
        else ""
    )
    if not sections:
        return ""
    return (
        f"<details><summary>As a table</summary>"
        f"{table(columns, rows, 'Examples by section')}{rest}</details>{link}"
    )


def coverage_rows(coverage: Coverage) -> Iterator[dict[str, object]]:
    """The rows of the download, one a section."""
    for document in coverage.documents:
        for one in document.sections:
            yield {
                "document": one.document,
                "section": one.section,
                "heading": one.heading,
                "page": one.page,
                "side": one.side,
                "words": one.words,
                **{split: one.counts.get(split, 0) for split in SPLITS},
                "facts": one.facts,
            }


def leak_line(check: LeakCheck) -> str:
    """One line, green or red, with the details to open."""
    if not check.tests:
        return f'<p class="leak quiet">{escape(check.sentence)}</p>'
    tone, word = ("good", "No leak") if check.ok else ("bad", "Leak")
    sentence = escape(check.sentence.removeprefix("No leak: ") if check.ok else check.sentence)
    sentence = sentence[:1].upper() + sentence[1:]
    said = f"<strong>{word}</strong><span>{sentence}</span>"
    if check.ok:
        return f'<div class="leak {tone}" role="status">{said}</div>'
    items = "".join(
        f'<li><span class="tag bad">{escape(one.kind)}</span> <span dir="auto">'
        f"“{escape(clipped(one.test))}”"
        + (f" is trained on as “{escape(clipped(one.trained))}”" if one.trained else "")
        + f'</span> <span class="quiet">{escape(clipped(one.detail))}</span> '
        + (press("Open", "open-leak", one.ids[0], f"“{clipped(one.test, 80)}”") if one.ids else "")
        + "</li>"
        for one in check.leaks[:_LEAKS]
    )
    more = len(check.leaks) - _LEAKS
    items += f'<li class="quiet">and {more:,} more</li>' if more > 0 else ""
    return (
        f'<details class="leak {tone}"><summary>{said}</summary>'
        f'<ul class="plain">{items}</ul>'
        "<p>Edit or reject the examples named: a test whose answer was trained on says nothing."
        "</p></details>"
    )


def _document(document: DocumentCoverage) -> str:
    own = document.sections
    said = (
        f"{len(own) - len(document.empty):,} of {counted(len(own), 'section')}, "
        f"{counted(document.total, 'example')}"
    )
    blocks = "".join(_block(section) for section in own[:_BLOCKS])
    more = len(own) - _BLOCKS
    blocks += f'<span class="quiet">and {more:,} more</span>' if more > 0 else ""
    name = escape(document.document)
    return (
        f'<li><div><button type="button" class="link" dir="auto" data-action="document" '
        f'data-id="{name}">{escape(clipped(document.document, 120))}</button>'
        f'<small class="quiet">{said}</small></div><div class="blocks">{blocks}</div></li>'
    )


def _block(section: SectionCoverage) -> str:
    kind = section_kind(section)
    counts = [
        f"{section.counts[split]:,} {name.lower()}"
        for split, name in SPLITS.items()
        if section.counts.get(split)
    ]
    heading = section.heading or "Without a heading"
    said = escape(f"{clipped(heading, 160)}: {', '.join(counts) or 'no example'}")
    return (
        f'<button type="button" class="block {kind}" data-action="section" '
        f'data-id="{escape(section.section)}" data-said="{said}" title="{said}" '
        f'aria-label="{said}"></button>'
    )


def _pager(documents: int, page: int) -> str:
    if documents <= DOCUMENTS:
        return ""
    first, last = page * DOCUMENTS + 1, min((page + 1) * DOCUMENTS, documents)
    earlier = press("Earlier", "map-page", str(page - 1)) if page else ""
    later = press("Later", "map-page", str(page + 1)) if last < documents else ""
    said = f"{first:,} to {last:,} of {counted(documents, 'document')}"
    return f'<div class="pager">{earlier}<span class="quiet">{said}</span>{later}</div>'
