"""The pieces of the page that are plain functions from values to HTML."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from assistant.drawing import words
from assistant.drawing.charts import Interval, Line, interval_chart, line_chart
from assistant.next_step import NextStep
from assistant.ratings.judgements import of_counted
from assistant.records import (
    Answer,
    Assistant,
    Citation,
    Comparison,
    Contender,
    Conversation,
    CountedVote,
    Decoding,
    Example,
    Reply,
    Usage,
    Vote,
)
from assistant.ui.documents_html import document_table, indexing_html
from assistant.ui.example_drawer import evidence, example_drawer
from assistant.ui.examples_html import PAGE, example_table, summary
from assistant.ui.indexing import Indexing
from assistant.ui.notices import notice, progress, sentence_of
from assistant.ui.passages import drawer, found_list, marked_passage, passages_as_cut
from assistant.ui.sidebar_html import Facts, assistant_list, conversation_list, head, step
from assistant.ui.standing import standing
from assistant.ui.turns import Speaking, compared_turn, replied_turn, speaking_turn, welcome
from retrieval.documents import AddResult, Document, Hit, IndexingProgress, Passage

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOSTILE = '<img src=x onerror="alert(1)">'


def contender(kind: str) -> Contender:
    run = "run-1" if "tuned" in kind else None
    return Contender(kind, "a", "builtin", run, None, None, None, "0" * 64, Decoding())  # type: ignore[arg-type]


def answer(kind: str, text: str, citations: tuple[Citation, ...] = ()) -> Answer:
    usage = Usage(0.71, 21.4, 1812, 34)
    return Answer(text, contender(kind), "3fa9c1d2e4b5a697", usage, citations)


def citation(document: str = "manual.pdf") -> Citation:
    return Citation(1, "d1", document, 7, 4, 0, 9, "The tank holds 1.8 litres.", 0, 18)


def comparison(blind: bool = True) -> Comparison:
    left = answer("rag", "It holds 1.8 litres.", (citation(),))
    right = answer("tuned", "It holds 2 litres.")
    return Comparison("c1", "a", "t1", "How much?", left, right, blind, 5, NOW)


def test_an_unrevealed_side_shows_its_text_alone() -> None:
    html = compared_turn(comparison(), revealed=False)
    assert "It holds 1.8 litres." in html and "It holds 2 litres." in html
    for told in ("RAG", "Tuned", "manual.pdf", "first word", "tokens", "3fa9", 'class="cite"'):
        assert told not in html


def test_the_disclaimer_stands_below_each_answer_blind_or_not() -> None:
    for revealed in (False, True):
        html = compared_turn(comparison(), revealed, disclaimer=HOSTILE)
        assert html.count('class="disclaimer"') == 2 and "<img" not in html
        assert 'class="disclaimer"' not in compared_turn(comparison(), revealed)
    reply = Reply("r", "a", "t", "How much?", answer("rag", "It holds 1.8 litres."), NOW)
    assert replied_turn(reply, disclaimer="Not advice.").count("Not advice.") == 1


def test_a_revealed_side_shows_what_it_stands_on_and_what_it_cost() -> None:
    html = compared_turn(comparison(), revealed=True)
    for told in ("RAG", "Tuned", "manual.pdf, p. 4", "0.7 s to first word", "21 tokens/s"):
        assert told in html
    assert "1,812 tokens in, 34 out" in html and "3fa9c1d2e4b5a697" in html
    assert "unsupported" in html  # the tuned side's wrong figure


def test_a_side_that_did_not_search_is_supported_by() -> None:
    tuned = answer("tuned", "It holds 1.8 litres.", (citation(),))
    html = compared_turn(replace(comparison(), right=tuned), revealed=True)
    assert "supported by" in html and "unsupported" not in html


def test_words_of_people_and_documents_are_escaped() -> None:
    hostile = replace(
        comparison(),
        question=HOSTILE,
        left=answer("rag", HOSTILE, (citation(HOSTILE),)),
    )
    named = Assistant("a", "a", HOSTILE, HOSTILE, "", HOSTILE, "builtin", NOW)
    talk = Conversation("t", "a", HOSTILE, "rag", "tuned", True, NOW, NOW)
    document = Document("d", HOSTILE, "0" * 64, 1, 5, None, 1, 2, (HOSTILE,), NOW)
    passage = Passage(1, "d", HOSTILE, 0, HOSTILE, (HOSTILE,), 3, 0, 9, "s")
    example = Example("e", HOSTILE, HOSTILE, "written", "train", document=HOSTILE, method=HOSTILE)
    shown = (
        compared_turn(hostile, True),
        speaking_turn(HOSTILE, Speaking(text=HOSTILE), Speaking(failed=HOSTILE, waiting=HOSTILE)),
        welcome(HOSTILE, HOSTILE, [HOSTILE], HOSTILE),
        assistant_list([named], "a", {"a"}),
        conversation_list([talk], "t"),
        head(named, Facts(1, 1, 1, False)),
        step(NextStep(HOSTILE, "Go", "ask")),
        document_table([document]),
        indexing_html(Indexing(False, None, 0, (AddResult(HOSTILE, "failed", None, HOSTILE),))),
        indexing_html(Indexing(True, IndexingProgress(HOSTILE, 0, 1, 1, 2))),
        drawer(HOSTILE, HOSTILE, passages_as_cut([passage], document, HOSTILE, str)),
        found_list([Hit(passage, 1, 1.0, 0.5, 2.0, 0.5)], "img onerror"),
        marked_passage(HOSTILE, 1, 5, HOSTILE),
        example_table([example], 0, 1),
        example_drawer(replace(example, passage=HOSTILE, span=(1, 4)), [example], HOSTILE, True),
        notice(HOSTILE, "bad"),
        progress(HOSTILE, 0.5, HOSTILE),
        interval_chart([Interval(HOSTILE, HOSTILE, 0.5, 0.2, 0.8, 3)]),
    )
    for html in shown:
        assert "<img" not in html and 'onerror="' not in html


def test_thumbs_say_which_is_pressed() -> None:
    reply = Reply("r", "a", "t", "How much?", answer("rag", "It holds 1.8 litres."), NOW)
    html = replied_turn(reply, True)
    assert 'data-up="yes" aria-pressed="true"' in html
    assert 'data-up="no" aria-pressed="false"' in html


def test_a_passage_is_marked_in_its_surroundings() -> None:
    text = "Before it. The tank holds 1.8 litres. After it."
    html = marked_passage(text, 11, 37)
    assert "Before it. <mark>The tank holds 1.8 litres.</mark> After it." in html


def test_passages_stand_in_their_text_or_beside_their_pages() -> None:
    text = "Before. The tank. Between. The lid. After."
    cut = [
        Passage(n, "d", "a.md", n, text[start:end], (), page, start, end, "s")
        for n, (start, end, page) in enumerate([(8, 17, 1), (27, 35, 2)])
    ]
    plain = Document("d", "a.md", "0" * 64, 1, 9, None, 2, 9, (), NOW)
    html = passages_as_cut(cut, plain, text, str)
    places = [html.index(word) for word in ("Before.", "The tank.", "Between.", "The lid.")]
    assert places == sorted(places) and "After." in html and "<img" not in html
    paged = replace(plain, name="a.pdf", pages=2)
    html = passages_as_cut(cut, paged, text, lambda page: f"/pages/{page}")
    assert html.index("/pages/1") < html.index("The tank.") < html.index("/pages/2")
    assert "Before." not in html
    assert "No passages were cut" in passages_as_cut([], paged, text, str)


def test_searched_words_are_marked() -> None:
    passage = Passage(1, "d", "manual.md", 0, "The tank & the lid", (), None, 0, 9, "s")
    html = found_list([Hit(passage, 1, 1.0, 0.5, 2.0, 0.5)], "tank")
    assert "The <mark>tank</mark> &amp; the lid" in html


def test_a_failed_file_is_named_with_its_reason_and_the_others_are_counted() -> None:
    document = Document("d", "b.md", "0" * 64, 1, 5, None, 3, 2, (), NOW)
    results_ = (
        AddResult("b.md", "added", document),
        AddResult("a.pdf", "failed", None, "a.pdf asks for a password."),
    )
    html = indexing_html(Indexing(results=results_))
    assert "2 files: 1 indexed, 1 refused" in html
    named = '<strong class="name">a.pdf</strong> asks for a password.'
    assert html.index(named) < html.index("3 passages"), "what failed comes first"


def test_indexing_says_how_far_it_is() -> None:
    html = indexing_html(Indexing(True, IndexingProgress("b.md", 1, 4, 30, 120), waiting=2))
    assert "File 2 of 4: b.md, 30 of 120 passages indexed" in html
    assert "25 %" in html and "2 files more waiting" in html


def examples(count: int) -> list[Example]:
    return [
        Example(f"e{n}", f"Question {n}?", "Yes.", "imported", "train", answerable=n % 2 == 0)
        for n in range(count)
    ]


def test_examples_are_paged() -> None:
    many = examples(PAGE + 5)
    first = example_table(many, 0, len(many))
    assert f"1 to {PAGE} of {PAGE + 5} examples" in first
    assert ">Later<" in first and ">Earlier<" not in first
    last = example_table(many, 1, len(many))
    assert ">Later<" not in last and ">Earlier<" in last


def test_a_row_can_be_accepted_only_where_it_is_flagged() -> None:
    plain, flagged = examples(2)
    flagged = replace(flagged, flags=("ambiguous",))
    assert 'data-action="accept"' not in example_table([plain], 0, 1)
    assert 'data-action="accept"' in example_table([flagged], 0, 1)
    rejected = example_table([replace(flagged, rejected=True)], 0, 1)
    assert 'data-action="take-back"' in rejected and 'data-action="reject"' not in rejected


def test_the_evidence_is_marked_where_it_is_known() -> None:
    assert evidence("It holds <2> litres.", (9, 12)) == "It holds <mark>&lt;2&gt;</mark> litres."
    for span in (None, (3, 3), (5, 99)):
        assert "<mark>" not in evidence("It holds 2 litres.", span)


def test_an_example_whole_says_what_was_measured_in_words() -> None:
    one, other = examples(2)
    one = replace(one, scores={"support": 0.93, "rank": 3.0, "own": 0.5}, flags=("ambiguous",))
    html = example_drawer(one, [other] * 14, "Tank › Filling", stale=True)
    for told in ("holds 93 % of", "comes in place 3", "own: 0.50", "does not bring its own"):
        assert told in html
    assert "Question 1?" in html and "and 2 more" in html


def test_examples_are_summed_up_by_use() -> None:
    assert "<strong>4</strong> train" in summary(examples(4))
    assert "<strong>2</strong> not in the documents" in summary(examples(4))


def test_lines_are_drawn_within_the_picture() -> None:
    html = line_chart([Line("loss", "trained", [(0, 3.0), (10, 1.0)])], "step", "Loss", "falls")
    assert 'points="0.00,' in html and "100.00," in html and 'aria-label="falls"' in html
    assert line_chart([], "step", "Loss", "nothing") == ""


def test_the_labels_of_the_axes_say_where_the_lines_are() -> None:
    lines = [Line("loss", "trained", [(1.0, 2.95), (2.0, 0.1)])]
    html = line_chart(lines, "step", "Loss", "falls")
    assert "<span>2.25</span>" in html and "<span>0.75</span>" in html
    assert "<span>1</span><span>step</span><span>2</span>" in html


def test_the_mark_of_an_interval_is_nearer_to_the_preferred_name() -> None:
    html = interval_chart([Interval("RAG", "Tuned", 0.8, 0.6, 0.9, 20)])
    assert 'class="rate" style="left:20.0%"' in html
    assert "RAG is preferred to Tuned in 80 % of 20 votes" in html


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(4.4, "4 s"), (60, "1 min"), (95, "1 min 35 s"), (1200, "20 min"), (5400, "1 h 30 min")],
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


def test_small_words() -> None:
    assert words.counted(1, "file") == "1 file" and words.counted(1200, "file") == "1,200 files"
    assert words.size(200 * 1024 * 1024) == "210 MB" and words.size(999) == "999 B"
    assert words.moment(NOW - timedelta(days=400), NOW) == "16 Oct 2025"
    assert words.model_name("org/Some-Model-1B") == "Some-Model-1B"


def test_an_error_that_is_not_ours_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    said = sentence_of(ValueError("/home/someone/secret"))
    assert "secret" not in said and "secret" in caplog.text


def counted(choice: str, day: int, number: int) -> CountedVote:
    when = NOW + timedelta(days=day, seconds=number)
    vote = Vote(f"c{number}", "v", choice, True, when, {"left": {"accuracy": 4}})  # type: ignore[arg-type]
    return CountedVote(vote, contender("rag"), contender("tuned"), "How much?")


def test_standing_is_said_from_the_side_of_who_was_asked_first() -> None:
    votes = of_counted([counted("left", 0, 1), counted("tie", 0, 2)])
    sides, names = (contender("tuned"), contender("rag")), ("Tuned", "RAG")
    assert standing(votes, sides, names, True) == (
        "In blind votes: Tuned 0 wins, RAG 1 win, 1 tie."
    )
    assert "no open votes" in standing(votes, sides, names, False)


def test_two_versions_of_a_kind_are_held_against_each_other() -> None:
    old, new = contender("tuned"), replace(contender("tuned"), run_id="new")
    vote = Vote("c", "v", "right", True, NOW)
    votes = of_counted([counted("left", 0, 1), CountedVote(vote, old, new, "How much?")])
    said = standing(votes, (new, old), ("Tuned (run new)", "Tuned (run old)"), True)
    assert said == "In blind votes: Tuned (run new) 1 win, Tuned (run old) 0 wins."
    assert "no blind votes" in standing(votes, (new, new), ("a", "b"), True)
