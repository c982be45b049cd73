"""Question files: what is read, and how faults are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.errors import QuestionsError
from retrieval.questions import Question, read_questions


def write(folder: Path, *rows: object) -> Path:
    path = folder / "questions.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_only_the_question_is_required(tmp_path: Path) -> None:
    path = write(tmp_path, {"question": " How big? "}, "", {"id": 7, "question": "Why?"})
    assert read_questions(path) == [Question("1", "How big?"), Question("7", "Why?")]


def test_every_field_is_taken(tmp_path: Path) -> None:
    row = {
        "id": "a",
        "question": "How big?",
        "answers": ["1.85 litres", " "],
        "doc": "manuals/kettle.md",
        "support": "holds 1.85",
        "scope": "out",
        "fact": "tank",
    }
    expected = Question(
        "a", "How big?", ("1.85 litres",), "manuals/kettle.md", "holds 1.85", False, "tank"
    )
    assert read_questions(write(tmp_path, row)) == [expected]


def test_one_answer_may_be_a_text(tmp_path: Path) -> None:
    path = write(tmp_path, {"question": "How big?", "answers": "1.85 litres"})
    assert read_questions(path)[0].answers == ("1.85 litres",)


def test_every_fault_is_told_with_its_line_and_nothing_is_taken(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {"id": "a", "question": "Good?"},
        "{",
        [1],
        {"answers": ["x"]},
        {"question": "x", "answers": [1]},
        {"question": "x", "scope": "maybe"},
        {"id": "a", "question": "Again?"},
        {"question": "x", "doc": 3},
        {"id": [1], "question": "x"},
    )
    with pytest.raises(QuestionsError) as caught:
        read_questions(path)
    told = str(caught.value)
    for line in range(2, 10):
        assert f"line {line}: " in told
    assert "line 1:" not in told


def test_files_that_are_no_question_files(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match="cannot be read"):
        read_questions(tmp_path / "none.jsonl")
    with pytest.raises(QuestionsError, match="no questions"):
        read_questions(write(tmp_path, ""))
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes(b'{"question": "\xe9"}')
    with pytest.raises(QuestionsError, match="UTF-8"):
        read_questions(latin)


def test_what_cannot_be_stored_is_left_out_of_a_question(tmp_path: Path) -> None:
    (question,) = read_questions(
        write(
            tmp_path,
            r'{"question": "a\ud800b\u0000c?", "answers": ["x\u0000"], "doc": "u\u0308.md"}',
        )
    )
    assert (question.question, question.answers, question.document) == ("abc?", ("x",), "ü.md")


def test_nesting_beyond_what_can_be_read_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match="line 1: no JSON"):
        read_questions(write(tmp_path, "[" * 200_000))
