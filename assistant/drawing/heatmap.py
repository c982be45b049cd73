"""A square of figures, coloured by their size: a real table, so that it can be read aloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Cell:
    """text: the figure as it is written. share: how deep its colour is, in [0, 1]. hint: a
    sentence."""

    text: str
    share: float
    hint: str


def heatmap(title: str, names: Sequence[str], cells: Sequence[Sequence[Cell | None]]) -> str:
    """cells: a row for each name, None where there is nothing to say, as on the diagonal."""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(map(_cell, row))}</tr>'
        for name, row in zip(names, cells, strict=True)
    )
    return (
        f'<figure class="heatmap"><figcaption>{escape(title)}</figcaption><div class="scrolled">'
        f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{body}</tbody></table></div></figure>"
    )


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return '<td class="none">–</td>'
    share = min(1.0, max(0.0, cell.share))
    hint = escape(cell.hint)
    return f'<td style="--share:{100 * share:.0f}%" title="{hint}">{escape(cell.text)}</td>'
