"""The examples tab in a real Chromium: write, filter, keys, undo, coverage, import with preview."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_first_visit import NARROW, WIDE, fits, opened, outside, pictures, tab

__all__ = ["opened", "outside", "pictures"]  # fixtures

pytestmark = pytest.mark.browser

GUIDE = """# Tarn pump

## Hose

The hose of the Tarn pump is 14 metres long. It is made by Osk & Daughters in Brannock.

## Filter

The filter of the Tarn pump is changed every 45 days. A spare filter costs 12 euros.

## Noise

The Tarn pump makes 52 decibels of noise at one metre.
"""
ROWS = "#examples tr[data-example]"


def test_examples_are_written_and_looked_through(
    opened: Callable[..., Any], pictures: Path, tmp_path: Path
) -> None:
    page = opened(WIDE)
    make(page, tmp_path)
    write(page)
    go_through_with_keys(page, pictures)
    narrow_by_a_section(page)
    import_with_preview(page, tmp_path, pictures)
    open_another_assistant(page)
    narrow = opened(NARROW, "dark")
    narrow.get_by_role("button", name="Assistants and conversations").click()
    narrow.locator("#assistants .entry", has_text="Tarn").click()
    tab(narrow, "Examples")
    narrow.locator(ROWS).first.wait_for(timeout=10_000)
    assert fits(narrow)
    narrow.screenshot(path=pictures / "examples-dark-390.png")


def make(page: Any, folder: Path) -> None:
    page.locator("#new-assistant").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Tarn help")
    dialog.get_by_label("Task").first.fill("Answers questions about the Tarn pump.")
    page.locator("#new-dialog-sure").click()
    page.get_by_role("heading", name="Tarn help").wait_for(timeout=10_000)
    documents = page.locator("#documents")
    page.locator("#assistants .entry", has_text="Aurora").click()
    documents.get_by_text("manual.pdf").first.wait_for(
        timeout=120_000
    )  # the sample may be made yet
    page.locator("#assistants .entry", has_text="Tarn").click()
    documents.get_by_text("No documents yet").wait_for(timeout=20_000)
    guide = folder / "tarn.md"
    guide.write_text(GUIDE, "utf-8")
    page.locator("#drop input[type=file]").set_input_files([guide])
    page.locator("#documents .list", has_text="Ready").wait_for(timeout=120_000)


def write(page: Any) -> None:
    tab(page, "Examples")
    page.get_by_text("No examples yet").wait_for(timeout=10_000)
    page.locator("#write-examples").click()
    page.locator("#writing-begin").click()
    page.locator("#writing", has_text="written from the documents").wait_for(timeout=120_000)
    page.locator(ROWS).first.wait_for(timeout=10_000)
    page.locator("#leaks .leak").wait_for(timeout=20_000)


def open_another_assistant(page: Any) -> None:
    """The open tab is then that assistant's."""
    for name, question in (("Aurora", "Aurora"), ("Tarn", "Tarn pump")):
        page.locator("#assistants .entry", has_text=name).click()
        page.locator(ROWS, has_text=question).first.wait_for(timeout=20_000)
    assert "Aurora" not in page.locator("#examples").inner_text()


def go_through_with_keys(page: Any, pictures: Path) -> None:
    page.locator("#filter-words textarea, #filter-words input").fill("hose jr")
    page.get_by_text("None of these").wait_for(timeout=10_000)  # typing in a field presses nothing
    page.locator("#filter-words textarea, #filter-words input").fill("")
    page.locator(ROWS).nth(2).wait_for(timeout=10_000)
    count = page.locator(ROWS).count()
    page.locator("#examples-summary").click()
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.dataset.example")
    page.keyboard.press("o")
    page.locator("[data-drawer-example]").wait_for(timeout=10_000)
    page.wait_for_timeout(300)  # the drawer slides in
    page.screenshot(path=pictures / "example.png")
    page.keyboard.press("Escape")
    page.locator("[data-drawer-example]").wait_for(state="detached", timeout=10_000)
    page.wait_for_function(f"document.activeElement.dataset.example === '{first}'")
    page.keyboard.press("r")
    page.locator(f'{ROWS}[data-example="{first}"]').wait_for(state="detached", timeout=10_000)
    page.wait_for_function("document.activeElement.matches('#examples tr')")
    assert page.locator(ROWS).count() == count - 1
    page.keyboard.press("u")
    page.locator(f'{ROWS}[data-example="{first}"]').wait_for(timeout=10_000)
    assert page.locator(ROWS).count() == count
    page.screenshot(path=pictures / "examples-light-1400.png")


def narrow_by_a_section(page: Any) -> None:
    page.locator("#coverage-box > button").click()
    page.locator("#coverage button.block[data-said*='Hose']").click()
    page.locator(".narrowed", has_text="Hose").wait_for(timeout=10_000)
    assert "14" in page.locator("#examples").inner_text()
    page.get_by_role("button", name="Show all").click()
    page.locator(".narrowed").wait_for(state="detached", timeout=10_000)
    page.locator("#coverage-box > button").click()


def import_with_preview(page: Any, folder: Path, pictures: Path) -> None:
    file = folder / "pump.jsonl"
    said = [{"role": "user", "content": "Who sells it?"}, {"role": "assistant", "content": "Osk."}]
    file.write_text(json.dumps({"messages": said}) + "\nno json\n", "utf-8")
    with page.expect_file_chooser() as chooser:
        page.locator("#import-examples").click()
    chooser.value.set_files(file)
    page.locator("#import-preview .template .trained").wait_for(timeout=60_000)
    assert "line 2: not valid JSON" in page.locator("#import-report").inner_text()
    page.screenshot(path=pictures / "examples-import.png")
    page.get_by_role("button", name="Take in 1 example").click()
    page.locator("#examples-notice", has_text="1 new example taken in").wait_for(timeout=10_000)
    page.locator("#import-preview").wait_for(state="hidden", timeout=10_000)
