"""What repeats at the edges of pages goes and is told; what only looks like it stays."""

from __future__ import annotations

import pytest

from retrieval.loaders.page_edges import without_running_heads
from retrieval.loaders.page_lines import Line

BODY = 10.0


def page(*lines: str, size: float = BODY) -> list[Line]:
    return [Line(text, size, 800.0 - 12 * row) for row, text in enumerate(lines)]


def texts(pages: list[list[Line]]) -> list[list[str]]:
    return [[line.text for line in lines] for lines in pages]


def cleaned(pages: list[list[Line]]) -> tuple[list[list[str]], tuple[str, ...]]:
    kept, warnings = without_running_heads(pages, BODY)
    return texts(kept), warnings


def body(number: int) -> list[str]:
    words = ("tank", "valve", "steam", "brass", "lamp", "cup", "dial", "ring")
    return [f"The {words[number % 8]} {word} stands here." for word in ("one", "two", "three")]


def test_head_and_foot_go_and_are_quoted() -> None:
    pages = [page("Aurora manual", *body(n), f"Page {n + 1} of 6") for n in range(6)]
    kept, (warning,) = cleaned(pages)
    assert kept == [["Aurora manual", *body(0)], *(body(n) for n in range(1, 6))]
    assert '"Aurora manual"' in warning and "page numbers" in warning


def test_heads_of_two_lines_and_of_left_and_right_pages() -> None:
    pages = [page("Aurora manual", f"Version 2, page {n + 5}", *body(n)) for n in range(6)]
    kept = cleaned(pages)[0]
    assert kept[1:] == [body(n) for n in range(1, 6)]
    assert kept[0][0] == "Aurora manual"  # a letterhead may be the only place of an address


def test_heads_that_change_with_the_chapter() -> None:
    chapters = ["1.1. SPACES"] * 4 + ["1.2. METRICS"] * 1 + ["2.1. KNOTS"] * 5
    pages = [page(f"{n + 3} {title}", *body(n)) for n, title in enumerate(chapters)]
    assert cleaned(pages)[0] == [body(n) for n in range(10)]


@pytest.mark.parametrize("mark", ["{n}", "- {n} -", "Seite {n}", "{n} / 8", "p. {n}"])
def test_page_numbers(mark: str) -> None:
    pages = [page(*body(n), mark.format(n=n + 1)) for n in range(8)]
    kept, (warning,) = cleaned(pages)
    assert kept == [body(n) for n in range(8)]
    assert "page numbers" in warning


def test_numbered_steps_in_large_letters_stay() -> None:
    pages = [[Line(f"Step {n + 1}", 18.0, 800.0), *page(*body(n))] for n in range(6)]
    kept, warnings = cleaned(pages)
    assert [lines[0] for lines in kept] == [f"Step {n + 1}" for n in range(6)] and not warnings


def test_figures_that_do_not_count_the_pages_stay() -> None:
    prices = (120, 80, 455, 20, 310, 75)
    pages = [page(f"Total: {price} EUR", *body(n)) for n, price in enumerate(prices)]
    kept, warnings = cleaned(pages)
    assert kept[2][0] == "Total: 455 EUR" and not warnings


def test_years_at_the_foot_are_no_page_numbers() -> None:
    years = ("1990", "1994", "2001", "2002", "2010")
    pages = [page(*body(n), year) for n, year in enumerate(years)]
    assert cleaned(pages) == ([[*body(n), year] for n, year in enumerate(years)], ())


def test_what_only_two_of_many_pages_share_stays() -> None:
    pages = [page(*body(n)) for n in range(7)]
    pages[2][0] = pages[5][0] = Line("Note the following.", BODY, 800.0)
    kept, warnings = cleaned(pages)
    assert kept[2][0] == "Note the following." and not warnings


def test_a_line_in_the_middle_is_never_taken() -> None:
    pages = [page("First " + body(n)[0], "Warning: hot.", body(n)[1]) for n in range(6)]
    assert all("Warning: hot." in lines for lines in cleaned(pages)[0])


def test_a_document_of_one_page_keeps_all() -> None:
    pages = [page("Aurora manual", *body(1), "1")]
    assert cleaned(pages) == (texts(pages), ())
