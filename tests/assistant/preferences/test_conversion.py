"""Which votes become rows, and that every other one has its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from assistant.preferences.conversion import Asked, preferences
from assistant.preferences.records import FEWEST_ROWS, Pair, Preferences
from assistant.preferences.rows import held_back, preference_rows
from assistant.prompts import NOT_IN_DOCUMENTS, question_messages
from assistant.records import (
    Answer,
    Choice,
    Comparison,
    Contender,
    ContenderKind,
    Decoding,
    Reply,
    Thumb,
    Usage,
    Vote,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def answer(text: str, kind: ContenderKind = "tuned", stopped: bool = False) -> Answer:
    run = "r1" if kind.startswith("tuned") else None
    contender = Contender(kind, "a1", "builtin", run, None, None, None, "p", Decoding())
    return Answer(text, contender, "f", Usage(0.1, 1.0, 1, 1), stopped=stopped)


def comparison(
    name: str,
    left: Answer | str = "It holds 2 litres.",
    right: Answer | str = "It holds 1.85 litres.",
    question: str = "How big is the tank?",
    conversation: str = "",
) -> Comparison:
    sides = [one if isinstance(one, Answer) else answer(one) for one in (left, right)]
    return Comparison(name, "a1", conversation or name, question, *sides, True, 0, NOON)


def vote(
    about: str, choice: Choice = "right", voter: str = "ann", blind: bool = True, minute: int = 0
) -> Vote:
    return Vote(about, voter, choice, blind, NOON + timedelta(minutes=minute))


def dpo(comparisons: list[Comparison], votes: list[Vote], **more: frozenset[str]) -> Preferences:
    found = preferences("dpo", Asked(comparisons, [], votes, [], **more))
    assert found.used == sum(pair.votes for pair in found.pairs)
    return found


def test_a_decisive_blind_vote_is_a_pair() -> None:
    found = dpo([comparison("c1")], [vote("c1")])
    (pair,) = found.pairs
    assert pair == Pair(
        *("How big is the tank?", "It holds 1.85 litres.", "It holds 2 litres.", "tuned", "tuned")
    )
    (left,) = dpo([comparison("c1")], [vote("c1", "left")]).pairs
    assert (left.chosen, left.rejected) == (pair.rejected, pair.chosen)


@pytest.mark.parametrize(
    ("made", "given", "reason"),
    [
        (comparison("c1"), vote("c1", blind=False), "open"),
        (comparison("c1"), vote("c1", "tie"), "tie"),
        (comparison("c1"), vote("c1", "both_bad"), "both_bad"),
        (comparison("c1"), vote("c1", voter="bot"), "careless"),
        (comparison("c1", question="A test question?"), vote("c1"), "test"),
        (comparison("c1", answer("It", stopped=True)), vote("c1"), "stopped"),
        (comparison("c1", " [1]"), vote("c1"), "stopped"),
        (comparison("c1", "It holds  1.85 litres [2]"), vote("c1"), "identical"),
        (comparison("c1", right="The passages say 2."), vote("c1"), "passages"),
        (comparison("c1", right="As passage 2 has it, 2."), vote("c1"), "passages"),
        (comparison("c1"), vote("gone"), "deleted"),
    ],
)
def test_a_vote_that_does_not_train_says_why(made: Comparison, given: Vote, reason: str) -> None:
    found = dpo([made], [given], tests=frozenset({"A test question?"}), careless=frozenset({"bot"}))
    assert found.pairs == ()
    assert {one: count for one, count in found.left_out.items() if count} == {reason: 1}


def test_what_rag_said_teaches_closed_book_and_so_does_its_abstention() -> None:
    """Markers and line ends go; an answer that points at passages may still be the worse one."""
    passages = answer("It holds 1.85\nlitres [1].", "rag")
    found = dpo(
        [
            comparison("c1", passages, "The passages do not tell."),
            comparison("c2", answer(NOT_IN_DOCUMENTS, "rag"), "Rex.", "Who is the king?"),
        ],
        [vote("c1", "left"), vote("c2", "left")],
    )
    assert [(pair.chosen, pair.chosen_by, pair.rejected_by) for pair in found.pairs] == [
        ("It holds 1.85 litres.", "rag", "tuned"),
        (NOT_IN_DOCUMENTS, "rag", "tuned"),
    ]


def test_contradictory_votes_go_with_the_majority_or_out() -> None:
    """Also across comparisons, with the sides swapped and the question in other spelling."""
    swapped = comparison(
        "c2", "It holds 1.85 litres", "It holds 2 litres.", "how big is  the tank?"
    )
    votes = [vote("c1", "right", "ann"), vote("c2", "left", "bob"), vote("c1", "left", "cem")]
    found = dpo([comparison("c1"), swapped], votes)
    (pair,) = found.pairs
    assert (pair.chosen, pair.votes, pair.against) == ("It holds 1.85 litres.", 2, 1)
    assert found.left_out["disagree"] == 1
    even = dpo([comparison("c1"), swapped], votes[1:])
    assert even.pairs == () and even.left_out["disagree"] == 2


def test_a_voters_last_word_counts() -> None:
    again = comparison("c2")
    votes = [vote("c1", "left", minute=0), vote("c2", "right", minute=5)]
    found = dpo([comparison("c1"), again], votes[::-1])
    assert [pair.chosen for pair in found.pairs] == ["It holds 1.85 litres."]
    assert found.left_out["repeated"] == 1


def test_a_follow_up_trains_if_it_stands_by_itself() -> None:
    first = comparison("c1", conversation="v")
    leaning = comparison("c2", question="And how long is it?", conversation="v")
    whole = comparison("c3", question="What does the Kestrel warranty cover?", conversation="v")
    found = dpo([first, leaning, whole], [vote("c2"), vote("c3")])
    assert [pair.question for pair in found.pairs] == [whole.question]
    assert found.left_out["follow_up"] == 1
    alone = dpo([replace(leaning, conversation_id="w")], [vote("c2")])
    assert len(alone.pairs) == 1


def reply(name: str, text: str = "It holds 1.85 litres.", question: str = "How big?") -> Reply:
    return Reply(name, "a1", name, question, answer(text), NOON)


def test_thumbs_and_both_bad_are_judged_answers() -> None:
    compared = [comparison("c1"), comparison("c2", question="Why?")]
    votes = [vote("c1", "both_bad"), vote("c2", "tie"), vote("c2", "left", "bob")]
    thumbs = [
        Thumb("r1", "ann", True, NOON),
        Thumb("r2", "ann", False, NOON),
        Thumb("r3", "ann", True, NOON),
        Thumb("gone", "ann", True, NOON),
    ]
    replies = [reply("r1"), reply("r2", "Two."), reply("r3", "The passages say so.")]
    found = preferences("kto", Asked(compared, replies, votes, thumbs))
    assert [(one.question, one.answer, one.good) for one in found.judged] == [
        ("How big is the tank?", "It holds 2 litres.", False),
        ("How big is the tank?", "It holds 1.85 litres.", False),
        ("How big?", "It holds 1.85 litres.", True),
        ("How big?", "Two.", False),
    ]
    assert found.left_out == {
        "tie": 1,
        "decisive": 1,
        "passages": 1,
        "deleted": 1,
        "repeated": 0,
        "disagree": 0,
    }
    assert (found.read, found.used, found.good) == (8, 4, 1)


def test_judged_answers_are_voted_on_too() -> None:
    thumbs = [
        Thumb("r1", "ann", True, NOON),
        Thumb("r2", "bob", True, NOON),
        Thumb("r1", "cem", False, NOON),
    ]
    found = preferences("kto", Asked([], [reply("r1"), reply("r2")], [], thumbs))
    (one,) = found.judged
    assert (one.good, one.votes, one.against) == (True, 2, 1)
    even = preferences("kto", Asked([], [reply("r1"), reply("r2")], [], thumbs[1:]))
    assert even.judged == () and even.left_out["disagree"] == 2


def many(count: int, questions: int | None = None) -> Preferences:
    made = [
        comparison(f"c{n}", f"Wrong {n}.", f"Right {n}.", f"Question {n % (questions or count)}?")
        for n in range(count)
    ]
    return dpo(made, [vote(one.id) for one in made])


def test_rows_are_what_the_tuned_model_is_asked() -> None:
    rows = preference_rows("You are Kestrel.", many(20))
    assert (len(rows["train"]), len(rows["validation"])) == (18, 2)
    row = rows["train"][0]
    asked = question_messages("You are Kestrel.", row["prompt"][-1]["content"])
    assert row["prompt"] == [{"role": one.role, "content": one.content} for one in asked]
    assert row["chosen"][0]["content"].startswith("Right")
    assert row["rejected"][0] == {
        "role": "assistant",
        "content": row["chosen"][0]["content"].replace("Right", "Wrong"),
    }


def test_no_question_is_on_both_sides_and_the_held_back_stay() -> None:
    some, more = many(60, questions=30), many(90, questions=30)
    rows = preference_rows("s", some)
    asked = {split: {row["prompt"][-1]["content"] for row in own} for split, own in rows.items()}
    assert asked["validation"] and not asked["train"] & asked["validation"]
    assert held_back(some.pairs) <= held_back(more.pairs) | asked["validation"]
    assert held_back(many(3, questions=1).pairs) == frozenset()


def test_good_and_bad_answers_are_both_held_back() -> None:
    replies = [reply(f"r{n}", f"Answer {n}.", f"Question {n}?") for n in range(30)]
    thumbs = [Thumb(one.id, "ann", place % 6 > 0, NOON) for place, one in enumerate(replies)]
    found = preferences("kto", Asked([], replies, [], thumbs))
    rows = preference_rows("s", found)
    assert {row["label"] for row in rows["validation"]} == {True, False}
    assert {row["label"] for row in rows["train"]} == {True, False}
    assert rows["train"][0]["completion"][0]["role"] == "assistant"


def test_too_few_are_told_with_what_to_do() -> None:
    few = many(3)
    assert f"at least {FEWEST_ROWS} pairs (our floor), and the votes give 3" in few.lacking
    assert many(FEWEST_ROWS).lacking == ""
    thumbs = [Thumb("r1", "ann", True, NOON)]
    kto = preferences("kto", Asked([], [reply("r1")], [], thumbs))
    assert "there are 1 good and 0 bad" in kto.lacking
    tied = dpo([comparison("c1")], [vote("c1", "tie")])
    assert "1 of 1 were left out: ties" in tied.lacking
    assert tied.sentence == (
        "0 of 1 votes give 0 pairs. Left out: 1 ties, which prefer neither answer."
    )
