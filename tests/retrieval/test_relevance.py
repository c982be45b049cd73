"""Which passages count as answering a question, and which questions cannot be judged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.corpus import Corpus
from retrieval.questions import Question
from retrieval.relevance import Judge, Judged, Unjudged

DOCUMENTS = {
    "a/tank.md": "# Tank\n\nThe tank holds 1.85 litres of water.\n\n# Lid\n\nThe lid is red.",
    "b/tank.md": "# Tank\n\nThis tank holds 2 litres of water.",
    "steam.md": "# Steam\n\nThe steam works at 133 degrees, says Ottoline Marsh.",
}


@pytest.fixture
def judge(corpus: Corpus, write: Callable[[str, str | bytes], Path]) -> Judge:
    folder = [write(name, text) for name, text in DOCUMENTS.items()][-1].parent
    corpus.add([folder])
    return Judge(corpus.passages())


def texts(corpus: Corpus, judged: Judged | Unjudged) -> list[str]:
    assert isinstance(judged, Judged), judged
    return [p.text for p in corpus.passages() if p.id in judged.passages]


def test_an_answer_within_the_named_document(judge: Judge, corpus: Corpus) -> None:
    asked = Question("1", "How much?", ("1.85",), document="a/tank.md")
    assert texts(corpus, judge.judge(asked)) == ["The tank holds 1.85 litres of water."]


@pytest.mark.parametrize("name", ["steam.md", "STEAM.md", "docs/steam.md", "x\\y\\steam.md"])
def test_a_document_is_named_by_the_end_of_its_path(judge: Judge, name: str) -> None:
    judged = judge.judge(Question("1", "?", document=name))
    assert isinstance(judged, Judged)
    assert judged.documents == {"steam.md"}


def test_a_bare_name_means_every_document_of_that_name(judge: Judge) -> None:
    judged = judge.judge(Question("1", "?", document="tank.md"))
    assert isinstance(judged, Judged)
    assert judged.documents == {"a/tank.md", "b/tank.md"}


def test_a_name_is_not_matched_inside_another(judge: Judge) -> None:
    assert isinstance(judge.judge(Question("1", "?", document="team.md")), Unjudged)


def test_supporting_text_whatever_its_case_and_spaces(judge: Judge, corpus: Corpus) -> None:
    asked = Question("1", "?", support="the  TANK holds\n1.85 litres")
    assert texts(corpus, judge.judge(asked)) == ["The tank holds 1.85 litres of water."]


def test_supporting_text_that_was_edited_a_little(judge: Judge, corpus: Corpus) -> None:
    asked = Question("1", "?", support="The steam works at 133 degrees, says Mrs Marsh")
    assert texts(corpus, judge.judge(asked)) == [
        "The steam works at 133 degrees, says Ottoline Marsh."
    ]


def test_an_answer_alone_counts_as_whole_words(judge: Judge, corpus: Corpus) -> None:
    assert texts(corpus, judge.judge(Question("1", "?", ("ottoline marsh",)))) != []
    # 85 is part of 1.85, and 13 of 133
    for part in ("85", "13"):
        assert isinstance(judge.judge(Question("1", "?", (part,))), Unjudged)


def test_an_answer_in_too_many_passages_tells_nothing(
    corpus: Corpus, write: Callable[[str, str | bytes], Path]
) -> None:
    corpus.add([write(f"{n}.md", f"# N{n}\n\nyes number {n}") for n in range(12)])
    judge = Judge(corpus.passages())
    told = judge.judge(Question("1", "?", ("yes",)))
    assert isinstance(told, Unjudged)
    assert "12 passages" in told.reason
    assert isinstance(judge.judge(Question("1", "?", ("yes",), document="3.md")), Judged)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (Question("1", "?"), "names no document"),
        (Question("1", "?", document="gone.md"), "gone.md is not here"),
        (Question("1", "?", ("unheard of",)), "holds its answer"),
        (Question("1", "?", support="nobody wrote this anywhere"), "holds its supporting text"),
    ],
)
def test_what_cannot_be_judged_says_why(judge: Judge, asked: Question, reason: str) -> None:
    told = judge.judge(asked)
    assert isinstance(told, Unjudged)
    assert reason in told.reason
