"""Reading files of examples: shapes, faults, hostile files, and taking them in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.errors import ExamplesError
from assistant.interchange.importing import read_examples
from assistant.prompts import NOT_IN_DOCUMENTS
from assistant.records import example_id


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_jsonl(tmp_path: Path) -> None:
    rows = [
        {"question": "How big?", "answer": "Two litres.", "fact": "tank", "split": "recall"},
        {"question": "Why?", "answerable": False, "unknown": 3},
        {"question": " How  big? ", "answer": "Two litres."},
    ]
    path = written(tmp_path / "e.jsonl", "\n\n".join(map(json.dumps, rows)))
    first, second = read_examples(path)
    assert (first.question, first.answer, first.split) == ("How big?", "Two litres.", "recall")
    assert first.id == example_id("How big?", "Two litres.")
    assert (first.source, first.method, first.fact) == ("imported", "e.jsonl", "tank")
    assert (second.answer, second.answerable, second.split) == (NOT_IN_DOCUMENTS, False, "train")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = ["Question|Answer|Answerable", 'What is "Größe"|"Two\nlines, or; so"|yes', "And?||no"]
    text = "\r\n".join(lines).replace("|", delimiter).replace('"Größe"', "Größe")
    first, second = read_examples(written(tmp_path / "e.csv", text.encode(encoding)))
    assert first.question == "What is Größe"
    assert first.answer == "Two\nlines, or; so"
    assert (second.answer, second.answerable) == (NOT_IN_DOCUMENTS, False)


def test_every_fault_is_listed_with_its_line(tmp_path: Path) -> None:
    lines = [
        '{"question": "a", "answer": "b"}',
        '{"question": "a"',
        "[1]",
        '{"question": "", "answer": 3, "split": "test", "answerable": "maybe"}',
        '{"answer": "b"}',
    ]
    with pytest.raises(ExamplesError) as caught:
        read_examples(written(tmp_path / "e.jsonl", "\n".join(lines)))
    text = str(caught.value)
    assert "4 faulty lines" in text
    for part in (
        "line 2: not valid JSON",
        "line 3: not a JSON object",
        "line 4: answer is not text, answerable is neither true nor false, question is missing, "
        "split is 'test'",
        "line 5: question is missing",
    ):
        assert part in text


def test_the_list_of_faults_is_capped(tmp_path: Path) -> None:
    with pytest.raises(ExamplesError, match="and 30 more") as caught:
        read_examples(written(tmp_path / "e.jsonl", "x\n" * 50))
    assert str(caught.value).count("line ") == 20


def test_faults_of_csv_name_the_line_they_begin_on(tmp_path: Path) -> None:
    text = 'question,answer\n"two\nlines",fine\nonly one cell\n,no question\n'
    with pytest.raises(ExamplesError) as caught:
        read_examples(written(tmp_path / "e.csv", text))
    assert "line 4: 1 cells where the header has 2" in str(caught.value)
    assert "line 5: question is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("e.jsonl", "", "empty"),
        ("e.csv", "question,answer\n", "empty"),
        ("e.csv", "frage,antwort\na,b\n", r"no known shape has its columns \(frage, antwort\)"),
        ("e.jsonl", b"\x81\x8d\x00\x01", "encoding"),
        ("e.jsonl", b'{"question"\x00}', "not a text file"),
    ],
)
def test_unusable_files(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(ExamplesError, match=said):
        read_examples(written(tmp_path / name, content))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ExamplesError, match=r"nothing\.csv cannot be read"):
        read_examples(tmp_path / "nothing.csv")
