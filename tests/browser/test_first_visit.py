"""A whole first visit in a real Chromium, with the real built-in models.

DUET_SCREENSHOTS names a folder for the pictures; those of the README are made with

    DUET_SCREENSHOTS=docs/images pytest --browser tests/browser
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

WIDE = {"width": 1400, "height": 900}
NARROW = {"width": 390, "height": 844}
FIRST_ANSWER_MS = 300_000  # a first start converts the model; the machine may be shared
ANSWER_MS = 120_000
TRAINED_MS = 420_000

GUIDE = """# Brindle bicycle lamp

## Battery

The Brindle lamp runs 41 hours on one charge. It is charged with the Tamsin cable in 3 hours.

## Warranty

The Brindle lamp has a warranty of 29 months. Claims go to the workshop in Lower Quill.
"""

EXAMPLES = [
    ("How long does the Brindle lamp run?", "It runs 41 hours on one charge."),
    ("How many hours does one charge of the Brindle last?", "It runs 41 hours on one charge."),
    ("How long is the warranty of the Brindle lamp?", "The warranty lasts 29 months."),
    ("For how many months is the Brindle under warranty?", "The warranty lasts 29 months."),
    ("Which cable charges the Brindle lamp?", "It is charged with the Tamsin cable."),
    ("Where do warranty claims for the Brindle go?", "They go to the workshop in Lower Quill."),
]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("DUET_SCREENSHOTS") or tmp_path / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def outside() -> list[str]:
    """Addresses that were asked for and are not of this page."""
    return []


@pytest.fixture
def opened(
    chromium: Any, served: Any, outside: list[str]
) -> Iterator[Callable[[dict[str, int], str], Any]]:
    contexts = []

    def open_page(size: dict[str, int], scheme: str = "light") -> Any:
        narrow = size is NARROW
        context = chromium.new_context(
            viewport=size, color_scheme=scheme, has_touch=narrow, is_mobile=narrow
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((served.address, "data:", "blob:"))
                else outside.append(request.url)
            ),
        )
        page.goto(served.address)
        page.wait_for_selector("#turn .welcome", timeout=60_000)
        return page

    yield open_page
    for context in contexts:
        context.close()


def answered(page: Any, timeout: int = ANSWER_MS) -> None:
    """Wait until both sides are whole, so that the vote bar is alive."""
    page.wait_for_selector("#vote-left:not([disabled])", timeout=timeout)


def tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def fits(page: Any) -> bool:
    """Nothing is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_first_visit(
    opened: Callable[..., Any], outside: list[str], pictures: Path, tmp_path: Path
) -> None:
    page = opened(WIDE)
    ask_the_sample_while_it_is_made(page, pictures)
    vote_and_read_a_source(page, pictures)
    see_the_tally(page, pictures)
    read_a_page(page, pictures)
    make_an_assistant(page, tmp_path, pictures)
    ask_it_at_once(page)
    train_it(page, tmp_path, pictures)
    compare_both(page, pictures)
    leave_a_question(page)
    look_around(opened, pictures)
    assert outside == [], "the page asked for something from elsewhere"


def ask_the_sample_while_it_is_made(page: Any, pictures: Path) -> None:
    assert page.locator(".example").count() == 3
    question = page.locator(".example").first.inner_text().strip()
    page.locator(".example").first.click()
    page.wait_for_selector("#turn .waiting, #turn .said p", timeout=20_000)
    assert question in page.locator("#turn .question").inner_text()
    answered(page, FIRST_ANSWER_MS)
    turn = page.locator("#turn")
    assert turn.locator("footer, .cite, .sources").count() == 0, "a blind side shows text alone"
    assert [name.strip() for name in turn.locator(".who").all_inner_texts()] == ["Side A", "Side B"]


def vote_and_read_a_source(page: Any, pictures: Path) -> None:
    page.locator("#turn .question").click()  # away from the question box, where keys are typing
    page.keyboard.press("1")
    page.wait_for_selector("#turn footer", timeout=20_000)
    names = {name.strip() for name in page.locator("#turn .who").all_inner_texts()}
    assert names == {"RAG", "Tuned"}
    assert "In blind votes:" in page.locator("#vote-prompt").inner_text()
    page.wait_for_selector("#turn .source", timeout=5_000)
    page.screenshot(path=pictures / "chat-light-1400.png")
    page.locator("#turn .source").first.click()
    drawer = page.get_by_role("dialog")
    drawer.locator("mark").wait_for(timeout=10_000)
    page.wait_for_timeout(300)  # the drawer slides in
    page.screenshot(path=pictures / "citation.png")
    page.keyboard.press("Escape")
    drawer.wait_for(state="detached", timeout=10_000)


def see_the_tally(page: Any, pictures: Path) -> None:
    tab(page, "Results")
    page.locator("#results .interval").first.wait_for(timeout=10_000)
    assert "blind vote" in page.locator("#results").inner_text()
    page.locator("#verdict .recommendation").wait_for(timeout=20_000)
    assert "Answered rightly" not in page.locator("#verdict").inner_text(), "nothing was tested"
    assert "What would help most" in page.locator("#verdict").inner_text()
    with page.expect_download() as download:
        page.locator("#results").get_by_role("link", name="CSV", exact=True).click()
    lines = Path(download.value.path()).read_text("utf-8").splitlines()
    assert len(lines) == 2


def read_a_page(page: Any, pictures: Path) -> None:
    tab(page, "Documents")
    row = page.locator("#documents tr", has_text="manual.pdf")
    row.get_by_role("button", name="Passages").click()
    picture = page.locator(".drawer .sheet img").first
    picture.wait_for(timeout=10_000)
    page.wait_for_function("document.querySelector('.drawer .sheet img').naturalWidth > 300")
    page.screenshot(path=pictures / "passages.png")
    page.keyboard.press("Escape")
    page.locator(".drawer").wait_for(state="detached", timeout=10_000)


def make_an_assistant(page: Any, folder: Path, pictures: Path) -> None:
    page.locator("#new-assistant").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Brindle help")
    dialog.get_by_label("Task").fill("Answers questions about the Brindle bicycle lamp.")
    page.locator("#new-dialog-sure").click()
    page.get_by_role("heading", name="Brindle help").wait_for(timeout=10_000)
    guide, broken = folder / "brindle.md", folder / "broken.pdf"
    guide.write_text(GUIDE, "utf-8")
    broken.write_bytes(b"%PDF-1.7 this is not a PDF")
    page.locator("#drop input[type=file]").set_input_files([guide, broken])
    page.locator("#documents .list").wait_for(timeout=120_000)
    page.locator("#indexing .results").wait_for(timeout=120_000)
    page.locator("#documents .list", has_text="Ready").wait_for(timeout=60_000)
    results = page.locator("#indexing .results").inner_text()
    assert "Refused" in results and "broken.pdf" in results
    page.screenshot(path=pictures / "documents.png")


def ask_it_at_once(page: Any) -> None:
    tab(page, "Chat")
    page.wait_for_selector("#turn .welcome", timeout=20_000)
    page.locator("#ask textarea").fill("How many hours does the Brindle lamp run on one charge?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#turn .thumb", timeout=ANSWER_MS)
    assert "41" in page.locator("#turn .said").inner_text()
    page.get_by_role("button", name="Good answer").click()
    page.wait_for_selector('#turn .thumb[aria-pressed="true"]', timeout=10_000)


def train_it(page: Any, folder: Path, pictures: Path) -> None:
    tab(page, "Examples")
    file = folder / "examples.jsonl"
    rows = [{"question": question, "answer": answer} for question, answer in EXAMPLES]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with page.expect_file_chooser() as chooser:
        page.locator("#import-examples").click()
    chooser.value.set_files(file)
    page.locator("#import-preview .template .trained").wait_for(timeout=30_000)
    assert "question and answer" in page.locator("#import-report").inner_text()
    page.get_by_role("button", name="Take in 6 examples").click()
    page.locator("#examples .list").wait_for(timeout=20_000)
    tab(page, "Training")
    page.get_by_role("radio", name="Quick").click()
    page.wait_for_selector('[data-id="quick"][aria-checked="true"]', timeout=10_000)
    page.locator("#train").click()
    page.locator("#run .progress").wait_for(timeout=60_000)
    page.get_by_text("this model answers in the chat").wait_for(timeout=TRAINED_MS)
    page.locator("#run .chart").wait_for(timeout=10_000)
    page.screenshot(path=pictures / "training.png")


def compare_both(page: Any, pictures: Path) -> None:
    tab(page, "Chat")
    page.locator("#fresh").click()
    page.wait_for_selector("#turn .welcome", timeout=20_000)
    page.locator("#pick-right input").click()
    page.get_by_role("option", name="Tuned", exact=True).click()
    page.locator("#blind input").wait_for(timeout=10_000)
    page.locator("#ask textarea").fill("How long is the warranty of the Brindle lamp?")
    page.keyboard.press("Enter")
    answered(page)
    page.locator("#vote-tie").click()
    page.wait_for_selector("#turn footer", timeout=20_000)
    assert {"RAG", "Tuned"} == set(page.locator("#turn .who").all_inner_texts())


def leave_a_question(page: Any) -> None:
    """A new chat before the answer is whole: the conversation is kept and shown in the sidebar."""
    question = "Who may repair the lamp of Brindle?"
    page.locator("#fresh").click()
    page.wait_for_selector("#turn .welcome", timeout=20_000)
    page.locator("#ask textarea").fill(question)
    page.keyboard.press("Enter")
    page.locator("#turn", has_text=question).wait_for(timeout=20_000)
    page.locator("#fresh").click()
    page.wait_for_selector("#turn .welcome", timeout=20_000)
    left = page.locator("#conversations .entry", has_text=question[:20])
    left.wait_for(timeout=ANSWER_MS)
    left.click()
    page.locator("#turn .turn", has_text=question).wait_for(timeout=20_000)


def look_around(opened: Callable[..., Any], pictures: Path) -> None:
    """The same in the dark and in a narrow window: nothing is hidden, nothing overflows."""
    for size, scheme in ((WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")):
        page = opened(size, scheme)
        kind = f"{scheme}-{size['width']}"
        if size is NARROW:
            page.get_by_role("button", name="Assistants and conversations").click()
        page.locator("#assistants .entry", has_text="Aurora").click()
        page.get_by_role("heading", name="Aurora", exact=False).first.wait_for(timeout=10_000)
        if size is NARROW:
            page.get_by_role("button", name="Assistants and conversations").click()
        page.locator("#conversations .entry").first.click()
        page.wait_for_selector("#turn .turn", timeout=10_000)
        page.wait_for_timeout(400)  # the sidebar slides out
        assert fits(page), kind
        page.screenshot(path=pictures / f"chat-{kind}.png")
        if size is NARROW:
            page.locator('[data-side-tab="right"]').click()
            page.wait_for_selector('[data-side-tab="right"][aria-pressed="true"]', timeout=5_000)
            assert page.locator("#vote-left").is_visible(), "the vote bar stays"
        for name in ("Documents", "Examples", "Training", "Results"):
            assert page.get_by_role("tab", name=name).is_visible()
            tab(page, name)
            page.wait_for_timeout(500)
            assert fits(page), (kind, name)
        page.screenshot(path=pictures / f"results-{kind}.png")
        if size is WIDE:
            page.locator("#conversations .entry").first.click()
            page.get_by_role("tab", name="Chat", selected=True).wait_for(timeout=10_000)
