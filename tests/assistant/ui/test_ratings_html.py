"""The results tab: verdict, ratings and voters, from votes to HTML."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from assistant.drawing.heatmap import Cell, heatmap
from assistant.drawing.ratings import ratings, verdict
from assistant.errors import StoreError
from assistant.ratings.judgements import judgements_from
from assistant.ratings.report import Report, report
from assistant.records import (
    Assistant,
    Choice,
    Contender,
    ContenderKind,
    Decoding,
    Judgement,
)
from assistant.ui.results import SECTIONS, ResultsTab, Section
from assistant.ui.services import Services
from assistant.ui.voters_html import voters

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def contender(kind: ContenderKind, run: str | None = None) -> Contender:
    return Contender(kind, "a1", "builtin", run, None, None, None, "cd" * 32, Decoding())


RAG, TUNED, NEWER = contender("rag"), contender("tuned", "r1"), contender("tuned", "r2")


def judged(
    choice: Choice,
    number: int = 0,
    left: Contender = RAG,
    right: Contender = TUNED,
    day: int = 0,
    voter: str = "ann",
) -> Judgement:
    time = (NOON + timedelta(days=day, seconds=number)).isoformat(timespec="microseconds")
    cited = "=manual<1>.pdf" if left is RAG else None
    return Judgement(
        *(f"m{number}", voter, True, choice, time, {}, f"Question {number}?", left.id, right.id),
        *(200, 100, 2.0, 1.0, cited, None),
    )


def report_of(rows: list[Judgement]) -> Report:
    return report(judgements_from(rows, {one.id: one for one in (RAG, TUNED, NEWER)}))


def test_nothing_is_said_of_no_votes() -> None:
    nothing = report_of([])
    assert "No blind votes yet" in verdict(nothing)
    assert voters(nothing) == ""


def test_few_votes_settle_nothing_and_many_do() -> None:
    few = verdict(report_of([judged("left", 1), judged("right", 2), judged("left", 3)]))
    assert "Not settled: RAG won 2 of 3 decisive blind votes against Tuned" in few
    many = verdict(report_of([judged("left", number) for number in range(20)]))
    assert "RAG is preferred to Tuned: it won 20 of 20 decisive blind votes (100 %" in many
    lost = verdict(report_of([judged("right", number) for number in range(20)]))
    assert "Tuned is preferred to RAG: it won 20 of 20" in lost and "100 %)" in lost
    ties = verdict(report_of([judged("tie", number) for number in range(20)]))
    assert "20 blind votes, all ties or both bad" in ties


def test_a_settled_look_of_a_fixed_test_is_not_enough() -> None:
    # 6-0 has p = .03, and whoever looks after every vote would be fooled by it.
    six = verdict(report_of([judged("left", number) for number in range(6)]))
    assert "Not settled" in six and "2 more decisive votes would settle it" in six


def test_ratings_have_pictures_tables_topics_and_versions() -> None:
    rows = [judged("left", number, day=number % 3) for number in range(9)]
    rows += [judged("right", 20 + number, left=RAG, right=NEWER) for number in range(4)]
    html = ratings(report_of(sorted(rows, key=lambda row: row.time)))
    for part in (
        'class="interval"',
        ">Ratings</caption>",
        ">By pair</caption>",
        'class="heatmap"',
        "<polyline",
        "kind-rag",
        ">Ratings by version</caption>",
        NEWER.id[:8],
    ):
        assert part in html
    assert "=manual&lt;1&gt;.pdf" in html and "manual<1>" not in html
    assert "2026-03-04" in html and "2026-03-06" in html
    assert "Never compared, so without a rating: Base model and Tuned + RAG." in html


def test_one_version_of_each_kind_is_not_said_twice() -> None:
    assert "Ratings by version" not in ratings(report_of([judged("left")]))


def test_voters_are_shown_with_their_shares_and_agreement() -> None:
    rows = [judged("left", number) for number in range(8)]
    rows.append(judged("right", 3, voter="bob")._replace(comparison_id="m3"))
    html = voters(report_of(rows))
    assert "the longer one" in html and "differs" in html
    assert "Cohen&#x27;s kappa 0.00" in html and ">Voter 2<" in html
    assert "No voter has judged a question again" in html


def test_a_heatmap_is_a_table_of_escaped_names() -> None:
    html = heatmap("Votes", ["a<b", "c"], [[None, Cell("70 %", 0.7, "a & c")], [None, None]])
    assert '<th scope="row">a&lt;b</th>' in html and "--share:70%" in html
    assert 'title="a &amp; c"' in html


def test_one_broken_section_leaves_the_others(
    services: Services, kettle: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gradio as gr

    def broken(services: Services, assistant: Assistant) -> str:
        raise StoreError("The disk is full.")

    with gr.Blocks():
        tab = ResultsTab(services)
    assert "Nothing to count yet" in tab.values(kettle.id)[0]
    changed = [SECTIONS[0], Section("voters", broken)]
    monkeypatch.setattr("assistant.ui.results.SECTIONS", changed)
    values = tab.values(kettle.id)
    assert "Nothing to count yet" in values[0] and "The disk is full." in values[1]
