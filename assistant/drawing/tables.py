"""Tables as HTML: real tables on a wide page, one card a row on a narrow one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Column:
    """numeric columns stand to the right, in figures of one width."""

    title: str
    numeric: bool = False
    hint: str = ""


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    caption: str,
    attributes: Sequence[str] | None = None,
) -> str:
    """rows hold safe HTML, a cell for each column. caption: for who cannot see the heading.

    attributes: of each row, as they stand in its tag.
    """
    own = [f" {one}" for one in attributes] if attributes is not None else [""] * len(rows)
    heads = "".join(
        f'<th scope="col"{_numeric(column)}{_hint(column)}>{escape(column.title)}</th>'
        for column in columns
    )
    body = "".join(
        f"<tr{said}>"
        + "".join(
            f'<td{_numeric(column)} data-label="{escape(column.title)}"><div>{cell}</div></td>'
            for column, cell in zip(columns, row, strict=True)
        )
        + "</tr>"
        for row, said in zip(rows, own, strict=True)
    )
    return (
        f'<table class="list"><caption class="sr">{escape(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    )


def press(label: str, action: str, item: str = "", about: str = "") -> str:
    """A small button inside a table. about: what it acts on, for who cannot see the row."""
    named = f' aria-label="{escape(f"{label} {about}")}"' if about else ""
    return (
        f'<button type="button" class="small" data-action="{action}" '
        f'data-id="{escape(item)}"{named}>{escape(label)}</button>'
    )


def empty(title: str, sentence: str) -> str:
    """What stands where a table would, when there is nothing in it."""
    return f'<div class="empty"><h3>{escape(title)}</h3><p>{escape(sentence)}</p></div>'


def tag(text: str, tone: str = "") -> str:
    """A word in a small box; the tone is never the only signal."""
    return f'<span class="tag {tone}">{escape(text)}</span>'


def _numeric(column: Column) -> str:
    return ' class="number"' if column.numeric else ""


def _hint(column: Column) -> str:
    return f' title="{escape(column.hint)}"' if column.hint else ""
