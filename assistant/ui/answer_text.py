"""From what a model said to safe HTML: Markdown without raw HTML, links or pictures.

Whatever a model, a document or a person wrote is escaped here or in `html.escape`; nothing of it
ever becomes a tag, an address that the browser would load, or a script.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from assistant.citations import checkable
from assistant.facts import sentence_spans
from assistant.records import Citation

# Private-use characters stand for our own tags while Markdown is rendered; an answer cannot hold
# them, because they are taken out of it first.
_CITE, _END, _OPEN, _CLOSE = "\ue000", "\ue001", "\ue002", "\ue003"
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_PLACED = re.compile(f"\\s*{_CITE}(\\d+){_END}")
_BLOCK_START = re.compile(r"(?:\s*(?:[-*+>]|\d+[.)]|#{1,6})\s+)+")
_INLINE_MARKUP = re.compile(r"[*_`\[\]|~\n]")

UNSUPPORTED = "No document supports this statement."


def answer_html(
    text: str, citations: Sequence[Citation] = (), held_against_documents: bool = False
) -> str:
    """An answer as HTML with a marker after each supported sentence.

    held_against_documents: underline sentences that state a number or a name and that no citation
    supports.
    """
    marked = _marked(_PRIVATE.sub("\ufffd", text), citations, held_against_documents)
    html = str(_markdown().render(marked))
    html = _PLACED.sub(lambda match: _marker(int(match.group(1))), html)
    html = html.replace(_OPEN, f'<span class="unsupported" title="{UNSUPPORTED}">')
    return html.replace(_CLOSE, "</span>")


def _marked(text: str, citations: Sequence[Citation], underline: bool) -> str:
    """The text with our marks in it, placed from the end so that the spans stay true."""
    cited = {(citation.answer_start, citation.answer_end) for citation in citations}
    marks = [
        (citation.answer_end, f" {_CITE}{citation.marker}{_END}")
        for citation in citations
        if citation.answer_end <= len(text)
    ]
    if underline:
        for start, end in sentence_spans(text):
            lead = _BLOCK_START.match(text, start, end)
            start = lead.end() if lead else start
            plain = not _INLINE_MARKUP.search(text[start:end])
            overlaps = any(start < upto and since < end for since, upto in cited)
            if plain and not overlaps and checkable(text[start:end]):
                marks += [(start, _OPEN), (end, _CLOSE)]
    for position, mark in sorted(marks, key=lambda mark: mark[0], reverse=True):
        text = text[:position] + mark + text[position:]
    return text


def _marker(number: int) -> str:
    return (
        f'<button type="button" class="cite" data-action="cite" data-marker="{number}" '
        f'aria-label="Source {number}">{number}</button>'
    )


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    markdown.add_render_rule("image", _picture)
    markdown.add_render_rule("link_open", _link_open)
    markdown.add_render_rule("link_close", _link_close)
    markdown.add_render_rule("heading_open", _heading_open)
    markdown.add_render_rule("heading_close", _heading_close)
    return markdown


def _picture(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """A picture is never loaded: it would tell its host that the answer was read."""
    described = escape(tokens[index].content) or "without a description"
    return f'<span class="removed">[picture left out: {described}]</span>'


def _link_open(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return f'<span class="address" title="{escape(str(tokens[index].attrGet("href") or ""))}">'


def _link_close(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return "</span>"


def _heading_open(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return '<p class="heading">'


def _heading_close(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return "</p>"
