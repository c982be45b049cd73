"""Passages as a person reads them: in the drawer, marked in their surroundings, and in lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

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


def drawer(title: str, subtitle: str, body: str) -> str:
    """A panel at the side of the page; body is safe HTML."""
    return (
        f'<aside class="drawer" role="dialog" aria-modal="false" aria-label="{escape(title)}">'
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


def passage_list(passages: Sequence[Passage], document: Document) -> str:
    """All passages of a document, as cut."""
    warnings = "".join(f'<p class="warning">{escape(text)}</p>' for text in document.warnings)
    items = "".join(
        f'<li><p class="quiet">{_heading(passage)}</p><p>{escape(passage.text)}</p></li>'
        for passage in passages
    )
    return f'{warnings}<ol class="passages">{items}</ol>'


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
