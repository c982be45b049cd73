"""The sections for errors, review and use: what they show, and what their presses do."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from assistant.monitoring.use_over_time import use_over_time
from assistant.records import Assistant
from assistant.ui.chat import Chat
from assistant.ui.chat_views import Picked
from assistant.ui.errors import ErrorsSection
from assistant.ui.errors_html import diff_html
from assistant.ui.inline_downloads import csv_link
from assistant.ui.review import ReviewSection
from assistant.ui.services import Places, Services
from assistant.ui.use_html import use_html
from assistant.ui.use_over_time import UseSection
from assistant.ui.voter import COOKIE
from assistant.voters import new_voter
from tests.assistant.evaluation.stored import BASE, RAG, Evaluate, evaluate
from tests.assistant.monitoring.test_use_over_time import SINCE, USE

__all__ = ["evaluate"]


@pytest.fixture
def places() -> Iterator[Places]:
    with gr.Blocks():
        yield Places(gr.State(""), gr.State(""), gr.State(""), gr.State(""))


@pytest.fixture
def errors(services: Services, places: Places) -> ErrorsSection:
    return ErrorsSection(services, places)


@pytest.fixture
def review(services: Services, places: Places) -> ReviewSection:
    return ReviewSection(services, places)


@pytest.fixture
def browser(services: Services) -> Any:
    secret = services.workspace.store.secret()
    return SimpleNamespace(cookies={COOKIE: new_voter(secret)})


def press(**data: str) -> Any:
    return SimpleNamespace(_data=data)


def test_the_report_of_the_newest_evaluation(
    errors: ErrorsSection, kettle: Assistant, evaluate: Evaluate
) -> None:
    evaluate({"base": BASE, "rag": RAG})
    *_, notice, html, _ = errors.opened(kettle.id)
    assert notice == ""
    for said in ("2 fixed, 0 broken", "<del>2 </del><ins>1.85 </ins>", "Wrong fact", "Rule"):
        assert said in html
    assert html.count('type="checkbox"') == 3


def test_nothing_to_report_is_a_sentence(
    errors: ErrorsSection, kettle: Assistant, evaluate: Evaluate
) -> None:
    assert "evaluate its contenders first" in errors.opened(kettle.id)[3]
    assert "has not opened its assistant" in errors.opened("")[3]
    evaluate({"rag": RAG})
    assert "nothing to compare it with" in errors.opened(kettle.id)[4]


def test_ticked_questions_go_to_review_and_to_the_chat(
    errors: ErrorsSection, services: Services, kettle: Assistant, evaluate: Evaluate
) -> None:
    evaluate({"base": BASE, "rag": RAG})
    store = services.workspace.store
    where = (kettle.id, "", "", "")
    said = errors._pressed(press(action="review", chosen="0,2"), *where)[0]
    assert "2 answers sent to review" in said
    assert len(store.review_items(kettle.id)) == 2
    assert "1 question offered" in errors._pressed(press(action="arena", chosen="1"), *where)[0]
    assert len(store.offered_questions(kettle.id)) == 1
    assert "written to train on" in errors._pressed(press(action="wordings", chosen="0"), *where)[0]


@pytest.mark.parametrize("chosen", ["", "99", "x", "-1", "0x1,,"])
def test_nothing_ticked_does_nothing(
    errors: ErrorsSection, services: Services, kettle: Assistant, evaluate: Evaluate, chosen: str
) -> None:
    evaluate({"base": BASE, "rag": RAG})
    said = errors._pressed(press(action="review", chosen=chosen), kettle.id, "", "", "")
    assert "Choose the questions first" in said[0]
    assert services.workspace.store.review_items(kettle.id) == []


def test_a_wording_is_asked_for_and_kept(
    errors: ErrorsSection, services: Services, kettle: Assistant, evaluate: Evaluate
) -> None:
    evaluate({"base": BASE, "rag": RAG})
    where = (kettle.id, "", "", "")
    said, _, subject, wording, answer = errors._pressed(press(action="example", chosen="1"), *where)
    assert "How long is the warranty?" in said
    assert (subject, wording, answer) == ("2", "", "31 months")
    test = errors._save(*where, subject, "how long is the warranty", answer)[0]
    assert "repeats the test question" in test
    said = errors._save(*where, subject, "For what time is it covered?", answer)[0]
    assert "among the examples" in said or "held out" in said


def test_a_review_is_blind_and_kept(
    review: ReviewSection, services: Services, kettle: Assistant, evaluate: Evaluate, browser: Any
) -> None:
    evaluate({"base": BASE, "rag": RAG})
    said, form, results, _ = review._queue_sample(kettle.id, browser)
    assert "6 answers queued" in said
    assert not any(name in form + results for name in ("RAG", "Base model"))
    (first, second, *_) = services.workspace.store.review_items(kettle.id)
    item = form.partition('data-item="')[2].partition('"')[0]
    assert item in (
        first.item.id,
        *(one.item.id for one in services.workspace.store.review_items(kettle.id)),
    )
    empty = review._pressed(press(action="save", item=item), browser, kettle.id, [])
    assert "at least one mark" in empty[0]
    kept = review._pressed(
        press(action="save", item=item, accuracy="4", relevance="9", comment="Fine."),
        browser,
        kettle.id,
        [],
    )
    assert "Kept" in kept[0]
    assert "RAG" not in kept[2], "answers are left, so nobody is named"
    found = [one for one in services.workspace.store.review_items(kettle.id) if one.reviews]
    assert [one.reviews[0].marks for one in found] == [{"accuracy": 4}]
    assert second.item.id


def test_next_and_skip(
    review: ReviewSection, services: Services, kettle: Assistant, evaluate: Evaluate, browser: Any
) -> None:
    evaluate({"base": BASE})
    _, form, _, _ = review._queue_sample(kettle.id, browser)
    items = [one.item.id for one in services.workspace.store.review_items(kettle.id)]
    assert items[0] in form
    _, form, _, passed = review._pressed(
        press(action="next", item=items[0]), browser, kettle.id, []
    )
    assert items[1] in form
    _, form, _, passed = review._pressed(
        press(action="skip", item=items[1]), browser, kettle.id, passed
    )
    assert items[2] in form
    assert services.workspace.store.review_items(kettle.id)[1].reviews == ()


def test_whoever_has_no_cookie_cannot_review(
    review: ReviewSection, kettle: Assistant, evaluate: Evaluate
) -> None:
    evaluate({"base": BASE})
    said = review.opened(kettle.id, SimpleNamespace(cookies={}))[0]  # type: ignore[arg-type]
    assert "cookies" in said


def test_use_has_a_table_and_a_download_for_each_picture(
    services: Services, places: Places, kettle: Assistant
) -> None:
    html = use_html(use_over_time(USE, SINCE))
    assert html.count("<table") >= 3
    assert html.count("text/csv") >= 3
    assert "RAG (r)" in html
    assert "No use yet" in UseSection(services, places).shown(kettle.id, 30)
    assert "from 1 to" in UseSection(services, places).shown(kettle.id, 0)


def test_what_models_and_people_write_is_escaped() -> None:
    assert "<script" not in diff_html("<script>a", "<script>b")
    import base64

    link = csv_link("a.csv", ("x",), [("=1+1",), (" @a",), ("＝1",), ("a",), (-1,)])
    data = base64.b64decode(link.partition("base64,")[2].partition('"')[0]).decode("utf-8-sig")
    assert data.splitlines() == ["x", "'=1+1", "' @a", "'＝1", "a", "-1"]


def test_a_new_chat_offers_the_questions_of_the_arena(
    errors: ErrorsSection, services: Services, kettle: Assistant, evaluate: Evaluate
) -> None:
    evaluate({"base": BASE, "rag": RAG})
    errors._pressed(press(action="arena", chosen="2"), kettle.id, "", "", "")
    view = Chat(services).views.show(kettle.id, "", "5" * 32, Picked("rag", "base", True))
    assert "Who won the cup?" in view.turn + view.history
