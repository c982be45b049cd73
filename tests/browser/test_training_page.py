"""The training tab in a real Chromium: a run that is stopped, resumed and looked at afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_first_visit import (
    NARROW,
    TRAINED_MS,
    WIDE,
    fits,
    opened,
    outside,
    pictures,
    tab,
)

__all__ = ["opened", "outside", "pictures"]  # fixtures

pytestmark = pytest.mark.browser

# Facts in three wordings, enough for some dozens of steps.
FACTS = {
    "The Osk saw cuts 38 centimetres deep.": "How deep|How many centimetres deep|What depth",
    "The Osk saw weighs 6.2 kilograms.": "How heavy|How many kilograms|What weight",
    "The Osk saw is made in Brannock.": "Where is it made|In which town is it made|What town",
}


def test_a_run_is_stopped_resumed_and_looked_at(
    opened: Callable[..., Any], pictures: Path, tmp_path: Path
) -> None:
    page = opened(WIDE)
    make(page)
    tab(page, "Training")
    page.get_by_text("no examples", exact=False).first.wait_for(timeout=10_000)
    take_in(page, tmp_path)
    start(page)
    queue_another(page, pictures)
    stop(page)
    resume(page, pictures)
    look(page, pictures)
    compare(page, pictures)
    take_away(page, pictures)
    on_a_telephone(opened, pictures)


def make(page: Any) -> None:
    page.locator("#new-assistant").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Osk help")
    dialog.get_by_label("Task").first.fill("Answers questions about the Osk saw.")
    page.locator("#new-dialog-sure").click()
    page.get_by_role("heading", name="Osk help").wait_for(timeout=10_000)


def take_in(page: Any, folder: Path) -> None:
    tab(page, "Examples")
    rows = [
        {"question": f"{asked} of the Osk saw, number {number}?", "answer": answer}
        for answer, wordings in FACTS.items()
        for number in range(4)
        for asked in wordings.split("|")
    ]
    file = folder / "saw.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with page.expect_file_chooser() as chooser:
        page.locator("#import-examples").click()
    chooser.value.set_files(file)
    page.get_by_role("button", name="Take in 36 examples").click(timeout=60_000)
    page.locator("#examples .list").wait_for(timeout=20_000)


def start(page: Any) -> None:
    tab(page, "Training")
    page.get_by_role("radio", name="Quick").click()
    page.wait_for_selector('[data-id="quick"][aria-checked="true"]', timeout=10_000)
    page.locator("#train").click()
    page.locator("#run .tag", has_text="Running").wait_for(timeout=60_000)


def queue_another(page: Any, pictures: Path) -> None:
    page.locator("#train").click()
    page.locator("#queue", has_text="Take out").wait_for(timeout=30_000)
    page.locator("#runs").get_by_role("button", name="Show").last.click()
    page.locator("#run .chart").first.wait_for(timeout=TRAINED_MS)
    page.screenshot(path=pictures / "training-running.png", full_page=True)
    page.locator("#queue").get_by_role("button", name="Take out").click()
    page.locator("#runs .tag", has_text="Not started").wait_for(timeout=30_000)


def stop(page: Any) -> None:
    page.locator("#train-stop").click()
    page.locator("#runs .tag", has_text="Stopped and saved").wait_for(timeout=120_000)


def resume(page: Any, pictures: Path) -> None:
    row = page.locator("#runs tr", has_text="Stopped and saved")
    row.get_by_role("button", name="Resume").click()
    page.locator("#runs .tag", has_text="Done").wait_for(timeout=TRAINED_MS)
    page.get_by_text("this model answers in the chat").wait_for(timeout=10_000)
    page.screenshot(path=pictures / "training-done.png", full_page=True)


def look(page: Any, pictures: Path) -> None:
    row = page.locator("#runs tr", has_text="Done")
    row.get_by_role("button", name="Details").click()
    page.get_by_role("button", name="Name and note").click(timeout=10_000)
    dialog = page.get_by_role("dialog").filter(has_text="Note")
    dialog.get_by_label("Name").fill("First try")
    dialog.get_by_label("Note").fill("Twelve wordings of three facts.")
    dialog.get_by_role("button", name="Save").click()
    page.locator("#runs tr", has_text="First try").wait_for(timeout=10_000)
    page.screenshot(path=pictures / "training-drawer.png")


def compare(page: Any, pictures: Path) -> None:
    page.keyboard.press("Escape")
    for state in ("Done", "Not started"):
        row = page.locator("#runs tr", has_text=state)
        row.get_by_role("button", name="Compare", exact=False).first.click()
        row.get_by_role("button", name="Uncompare").wait_for(timeout=10_000)
    page.get_by_text("2 runs side by side").wait_for(timeout=10_000)
    page.screenshot(path=pictures / "training-compared.png", full_page=True)
    page.locator("#runs-compared").get_by_role("button", name="Close").click()


def take_away(page: Any, pictures: Path) -> None:
    page.locator("#runs tr", has_text="Done").get_by_role("button", name="Details").click()
    page.get_by_role("button", name="Export", exact=True).first.click(timeout=10_000)
    dialog = page.get_by_role("dialog").filter(has_text="Export this run")
    dialog.wait_for(timeout=10_000)
    page.screenshot(path=pictures / "training-export.png")
    dialog.get_by_label("Training data", exact=False).check()
    page.locator("#export-dialog-sure").click()
    page.locator("#exports a").first.wait_for(timeout=60_000)


def on_a_telephone(opened: Callable[..., Any], pictures: Path) -> None:
    page = opened(NARROW, "dark")
    page.get_by_role("button", name="Assistants and conversations").click()
    page.locator("#assistants .entry", has_text="Osk").click()
    tab(page, "Training")
    page.locator("#runs tr", has_text="First try").wait_for(timeout=10_000)
    assert fits(page)
    page.screenshot(path=pictures / "training-dark-390.png", full_page=True)
