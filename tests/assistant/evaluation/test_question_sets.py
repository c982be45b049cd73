from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.errors import InvalidRequest
from assistant.evaluation.question_sets import own_question_set, sampled
from assistant.evaluation.records import QuestionSet
from assistant.records import Example
from retrieval.questions import Question

PLAIN = Example("e", "How?", "So.", "written", "train", fact="f")
EXAMPLES = [
    PLAIN,
    replace(PLAIN, id="r", question="How, then?", split="recall"),
    replace(PLAIN, id="g", question="Why?", split="generalisation"),
    replace(PLAIN, id="u", question="Who?", split="validation", answerable=False),
    replace(PLAIN, id="t", question="Where?", answerable=False),
]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("recall", ["How, then?"]),
        ("generalisation", ["Why?"]),
        ("out_of_scope", ["Who?", "What?"]),
        ("all", ["How, then?", "Why?", "Who?", "What?"]),
    ],
)
def test_own_sets_hold_what_was_not_trained(name: str, asked: list[str]) -> None:
    imported = QuestionSet("file", (Question("9", "What?", in_scope=False), Question("8", "So?")))
    found = own_question_set(name, EXAMPLES, [imported])  # type: ignore[arg-type]
    assert [one.question for one in found.questions] == asked
    assert all(one.in_scope == bool(one.answers) for one in found.questions)


def test_questions_of_two_files_with_the_same_ids_stay_apart() -> None:
    files = [
        QuestionSet("one", (Question("1", "What?", in_scope=False),)),
        QuestionSet("two", (Question("1", "When?", in_scope=False),)),
    ]
    found = own_question_set("all", EXAMPLES, files)
    assert len({one.id for one in found.questions}) == len(found.questions) == 5


def test_a_set_without_questions_says_what_it_would_hold() -> None:
    with pytest.raises(InvalidRequest, match="the set “recall” holds examples with the split"):
        own_question_set("recall", [PLAIN])


def test_a_sample_is_spread_over_facts_and_the_same_each_time() -> None:
    questions = QuestionSet(
        "many",
        tuple(
            Question(f"{fact}-{wording}", f"{fact} {wording}?", fact=fact)
            for fact in "abcdef"
            for wording in range(5)
        ),
    )
    chosen = sampled(questions, 6)
    assert {one.fact for one in chosen.questions} == set("abcdef")
    assert chosen == sampled(questions, 6) != sampled(questions, 6, seed=1)
    order = [questions.questions.index(one) for one in sampled(questions, 9).questions]
    assert order == sorted(order) and len(order) == 9
    assert sampled(questions, 30) is questions
    assert len(sampled(questions, 1).questions) == 1
    with pytest.raises(InvalidRequest):
        sampled(questions, 0)
