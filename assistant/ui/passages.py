"""Passages as a person reads them: in the drawer, marked in their surroundings, and in lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby

from assistant.facts import STOP_WORDS
from retrieval.documents import Document, Hit, Passage

_AROUND = 400  # characters shown on either side of a passage

CLOSE = (
    '<button type="button" class="close" data-action="close" aria-label="Close">'
    '<span aria-hidden="true">×</span></button>'
)


def place(document: str, page: int | None) -> str:
    """Where a passage stands, in words."""
    return f"{document}, p. {page}" if page else document


def drawer(title: str, subtitle: str, body: str, *, wide: bool = False) -> str:
    """A panel at the side of the page; body is safe HTML."""
    kind = "drawer wide" if wide else "drawer"
    return (
        f'<aside class="{kind}" role="dialog" aria-modal="false" aria-label="{escape(title)}">'
        f'<header><div><h2>{escape(title)}</h2><p class="quiet">{escape(subtitle)}</p></div>'
        f'{CLOSE}</header><div class="drawer-body" tabindex="0">{body}</div></aside>'
    )


def marked_passage(text: str, start: int, end: int, supported: str = "") -> str:
    """The passage at [start, end) of a document's text, marked, with what stands around it.

    supported: the sentence of the answer that it supports.
    """
    since, upto = max(start - _AROUND, 0), min(end + _AROUND, len(text))
    before = text[since:start]
    after = text[end:upto]
    if since:
        before = "… " + before.partition(" ")[2]
    if upto < len(text):
        after = after.rpartition(" ")[0] + " …"
    lead = f'<p class="quiet">Supports: “{escape(supported)}”</p>' if supported else ""
    return (
        f'{lead}<div class="excerpt">{escape(before)}<mark>{escape(text[start:end])}</mark>'
        f"{escape(after)}</div>"
    )


def lone_passage(text: str, supported: str = "") -> str:
    """A passage whose document has since changed or gone."""
    lead = f'<p class="quiet">Supports: “{escape(supported)}”</p>' if supported else ""
    return (
        f'{lead}<div class="excerpt"><mark>{escape(text)}</mark></div>'
        '<p class="quiet">The document has changed or gone since this answer was given; '
        "this is the passage as it was.</p>"
    )


def drawable(document: Document) -> bool:
    """Whether its pages can be shown as pictures."""
    return document.pages is not None and document.name.lower().endswith(".pdf")


def passages_as_cut(
    passages: Sequence[Passage], document: Document, text: str, picture: Callable[[int], str]
) -> str:
    """The passages of a document beside its pages or, where it has none, within its text.

    text: of the whole document. picture: from a page to the address of its picture.
    """
    warnings = "".join(f'<p class="warning">{escape(one)}</p>' for one in document.warnings)
    if not passages:
        return warnings + '<p class="quiet">No passages were cut from this document.</p>'
    if not drawable(document):
        return warnings + _in_text(passages, text)
    pages = groupby(passages, key=lambda passage: passage.page or 1)
    return warnings + "".join(
        f'<section class="sheet"><figure><img loading="lazy" src="{escape(picture(page))}" '
        f'alt="Page {page} of {escape(document.name)}" data-missing="This page cannot be drawn: '
        'it may ask for a password or be damaged.">'
        f"<figcaption>Page {page}</figcaption></figure>{_cards(list(own))}</section>"
        for page, own in pages
    )


def _in_text(passages: Sequence[Passage], text: str) -> str:
    """The text of a document from top to bottom, with its passages framed where they stand."""
    parts = []
    place = 0
    for passage in passages:
        between = text[place : passage.start].strip()
        if between:
            parts.append(f'<p class="excerpt quiet between">{escape(between)}</p>')
        parts.append(_cards([passage]))
        place = max(place, passage.end)
    rest = text[place:].strip()
    if rest:
        parts.append(f'<p class="excerpt quiet between">{escape(rest)}</p>')
    return "".join(parts)


def _cards(passages: Sequence[Passage]) -> str:
    items = "".join(
        f'<li><p class="quiet">{_heading(passage)}</p><p>{escape(passage.text)}</p></li>'
        for passage in passages
    )
    return f'<ol class="passages">{items}</ol>'


def found_list(hits: Sequence[Hit], question: str) -> str:
    """What a search found, best first, with its scores and the words of the question marked."""
    if not hits:
        return '<p class="quiet">Nothing was found.</p>'
    items = []
    for hit in hits:
        path = " › ".join(hit.passage.heading_path)
        items.append(
            f"<li><p><strong>{escape(place(hit.passage.document, hit.passage.page))}</strong> "
            f'<span class="quiet">{escape(path)}</span></p>'
            f"<p>{_words_marked(hit.passage.text, question)}</p>"
            f'<p class="quiet figures">score {hit.score:.2f} · cosine {hit.cosine:.2f} '
            f"· BM25 {hit.bm25:.1f}</p></li>"
        )
    return f'<ol class="passages found">{"".join(items)}</ol>'


def _heading(passage: Passage) -> str:
    parts = [f"{passage.ordinal + 1}"]
    if passage.page:
        parts.append(f"p. {passage.page}")
    if passage.heading_path:
        parts.append(escape(" › ".join(passage.heading_path)))
    return " · ".join(parts)


def _words_marked(text: str, question: str) -> str:
    asked = {word.lower() for word in re.findall(r"\w{3,}", question)} - STOP_WORDS
    words = sorted(asked, key=len, reverse=True)
    if not words:
        return escape(text)
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, words))})\b", re.IGNORECASE)
    pieces = pattern.split(text)
    return "".join(
        f"<mark>{escape(piece)}</mark>" if index % 2 else escape(piece)
        for index, piece in enumerate(pieces)
    )
