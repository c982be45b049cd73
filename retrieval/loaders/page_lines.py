"""A line of a page, with what its place on the page says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of a line between wide gaps; left and right in points."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """size: height of the letters in points, 0 where unknown. top: points above the page's foot.

    cells: its parts where wide gaps part it.
    """

    text: str
    size: float = 0.0
    top: float = 0.0
    cells: tuple[Cell, ...] = ()
