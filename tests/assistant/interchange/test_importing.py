"""Reading files of examples: shapes, faults, hostile files, and taking them in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.errors import ExamplesError
from assistant.interchange import file_rows, text_lines
from assistant.interchange.importing import read_examples, read_file, take_in
from assistant.interchange.parquet import write_parquet
from assistant.prompts import NOT_IN_DOCUMENTS
from assistant.records import Assistant, example_id
from assistant.workspace import Workspace


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


def lines(*rows: object) -> str:
    return "\n".join(json.dumps(row) for row in rows)


TURNS = [("human", "How big is the tank?"), ("gpt", "Two litres.")]


def sharegpt(*turns: tuple[str, str], **more: object) -> dict[str, object]:
    return {"conversations": [{"from": who, "value": said} for who, said in turns], **more}


@pytest.mark.parametrize(
    ("shape", "row"),
    [
        ("duet", {"question": "How big is the tank?", "answer": "Two litres.", "split": "train"}),
        ("question-answer", {"question": "How big is the tank?", "answer": "Two litres."}),
        ("sharegpt", sharegpt(*TURNS)),
        ("sharegpt", {"conversations": [{"role": "user", "content": "How big is the tank?"},
                                        {"role": "assistant", "content": "Two litres."}]}),
        ("alpaca", {"instruction": "How big is the tank?", "input": "", "output": "Two litres."}),
        ("prompt-completion", {"prompt": "How big is the tank?", "completion": "Two litres."}),
        (
            "prompt-completion",
            {
                "prompt": [{"role": "user", "content": "How big is the tank?"}],
                "completion": [{"role": "assistant", "content": "Two litres."}],
            },
        ),
        (
            "openai",
            {
                "messages": [
                    {"role": "developer", "content": "Be brief."},
                    {"role": "user", "content": [{"type": "text", "text": "How big is the tank?"}]},
                    {"role": "assistant", "content": "Two litres."},
                ]
            },
        ),
    ],
)  # fmt: skip
def test_shapes_are_recognised(tmp_path: Path, shape: str, row: dict[str, object]) -> None:
    for name, content in (("e.jsonl", json.dumps(row)), ("e.json", json.dumps([row], indent=1))):
        read = read_file(written(tmp_path / name, content))
        assert (read.shape, read.faults) == (shape, ())
        (example,) = read.examples
        assert (example.question, example.answer) == ("How big is the tank?", "Two litres.")
        assert shape in read.sentence


def test_alpaca_joins_the_input_to_the_instruction(tmp_path: Path) -> None:
    row = {"instruction": "Name it.", "input": "A red cup", "output": "Cup."}
    (example,) = read_examples(written(tmp_path / "e.jsonl", lines(row)))
    assert example.question == "Name it.\n\nA red cup"


def test_of_a_conversation_questions_that_stand_by_themselves_are_taken(tmp_path: Path) -> None:
    row = sharegpt(
        ("gpt", "Welcome."),
        *TURNS,
        ("human", "And how long does it take to fill?"),
        ("gpt", "A minute."),
        ("human", "Where are the filters of the Kestrel sold?"),
        ("gpt", "In Brannock."),
        ("human", "Und der Filter?"),
        ("gpt", "Auch."),
    )
    read = read_file(written(tmp_path / "e.jsonl", lines(row)))
    assert [one.question for one in read.examples] == [
        "How big is the tank?",
        "Where are the filters of the Kestrel sold?",
    ]
    assert any("2 later questions of 1 conversation." in note for note in read.notes)
    assert any("the first message of 1 conversation" in note for note in read.notes)


def test_system_messages_of_others_are_told(tmp_path: Path, kettle: Assistant) -> None:
    rows = [sharegpt(("system", text), *TURNS) for text in ("One", "Two", kettle.system_prompt)]
    read = read_file(written(tmp_path / "e.jsonl", lines(*rows)), kettle)
    assert any("stand in 2 rows (2 different)" in note for note in read.notes)
    assert any("count once: 2." in note for note in read.notes)


def test_weights_of_zero_are_not_trained_on(tmp_path: Path) -> None:
    messages = [
        {"role": "user", "content": "How big is it?"},
        {"role": "assistant", "content": "Huge.", "weight": 0},
        {"role": "user", "content": "How big is the tank of the Kestrel?"},
        {"role": "assistant", "content": "Two litres.", "weight": 1},
    ]
    read = read_file(written(tmp_path / "e.jsonl", lines({"messages": messages})))
    assert [one.answer for one in read.examples] == ["Two litres."]
    assert "Left out for a weight of 0: 1 answer." in read.notes


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (sharegpt(("human", "Why?")), "no question with an answer"),
        (sharegpt(*TURNS, ("human", "Why?")), "ends with a question that has no answer"),
        (sharegpt(("robot", "x"), *TURNS), "unknown role 'robot'"),
        (sharegpt(("tool", "x"), *TURNS), "calls tools"),
        (sharegpt(("human", ""), ("gpt", "x")), "question is missing"),
        ({"conversations": []}, "conversations is empty"),
        ({"conversations": ["x"]}, "a message is not an object"),
        ({"conversations": [{"from": "human", "value": 3}]}, "a message is not text"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, r"\(image_url\)"),
        ({"instruction": 3, "output": "x"}, "instruction is not text"),
        ({"text": "x", "label": 1}, r"no known shape has its columns \(text, label\)"),
        ({}, "no known shape has its columns: "),
        ({"question": "a\u0000", "answer": "b"}, "question holds a character that is no text"),
        ({"question": "a", "answer": "\ud800"}, "answer holds a character that is no text"),
    ],
)
def test_faults_of_rows(tmp_path: Path, row: dict[str, object], said: str) -> None:
    with pytest.raises(ExamplesError, match=f"line 1: .*{said}"):
        read_examples(written(tmp_path / "e.jsonl", lines(row)))


def test_a_row_of_another_shape_is_a_fault(tmp_path: Path) -> None:
    content = lines(sharegpt(*TURNS), {"instruction": "a", "output": "b"})
    with pytest.raises(ExamplesError, match="line 2: it is of alpaca shape"):
        read_examples(written(tmp_path / "e.jsonl", content))


def test_sound_rows_of_a_faulty_file_where_they_are_wanted(tmp_path: Path) -> None:
    content = lines({"question": "a", "answer": "b"}, {"question": "c"}) + "\nx"
    path = written(tmp_path / "e.jsonl", content)
    assert [one.question for one in read_examples(path, skip_faulty=True)] == ["a"]
    assert [fault.line for fault in read_file(path).faults] == [2, 3]
    with pytest.raises(ExamplesError, match="Faulty: 1 line"):
        read_examples(written(path, "x"), skip_faulty=True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 200_000, "nested too deep"),
        ('{"question": "a", "answer": ' + "[" * 200_000, "nested too deep"),
        ('{"question": "a", "answer": "b", "question": "c"}', "the key question is there twice"),
        ('{"question": "a", "answer": NaN}', "NaN is no JSON value"),
        ('{"question": "a", "answer": ' + "9" * 5000 + "}", "not valid JSON"),
        ('{"question": "a", "answer": "b"} {"x": 1}', "more behind character"),
        ('[{"question": "a", "answer": "b"} {"x": 1}]', "row 2: not valid JSON"),
        ('[{"question": "a", "answer": "b"}, {"x": 1', "row 2: not valid JSON"),
        ('[{"question": "a", "answer": "b"}', "the array does not end"),
        ('[{"question": "a", "answer": "b"}] x', "the array does not end"),
    ],
)
def test_hostile_json(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(ExamplesError, match=said):
        read_examples(written(tmp_path / "e.jsonl", content))


def test_a_json_object_may_hold_the_rows(tmp_path: Path) -> None:
    content = json.dumps({"version": 1, "data": [{"question": "a", "answer": "b"}]}, indent=1)
    (example,) = read_examples(written(tmp_path / "e.json", content))
    assert example.answer == "b"


def test_endless_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_lines, "LONGEST_LINE", 100)
    content = lines({"question": "a" * 350, "answer": "b"}, {"question": "c", "answer": "d"})
    with pytest.raises(ExamplesError, match=r"1 faulty line, .*line 1: longer than"):
        read_examples(written(tmp_path / "e.jsonl", content))
    with pytest.raises(ExamplesError, match="line is longer than"):
        read_examples(written(tmp_path / "e.csv", f"question,answer\n{'a' * 300},b\n"))


def test_hostile_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = ",".join(["question", "answer", *(f"c{number}" for number in range(10_000))])
    with pytest.raises(ExamplesError, match=r"10,002 columns, of which at most 1,000"):
        read_examples(written(tmp_path / "e.csv", f"{wide}\n"))
    with pytest.raises(ExamplesError, match="the column answer is there twice"):
        read_examples(written(tmp_path / "e.csv", "question,answer,Answer\na,b,c\n"))
    with pytest.raises(ExamplesError, match="not valid CSV"):
        read_examples(written(tmp_path / "e.csv", 'question,answer\n"a,b\n'))
    monkeypatch.setattr(file_rows, "MOST_ROWS", 2)
    with pytest.raises(ExamplesError, match="more than 2 rows"):
        read_examples(written(tmp_path / "e.csv", "question,answer\na,b\nc,d\ne,f\n"))


def test_formulas_stay_text(tmp_path: Path) -> None:
    content = "question,answer\n=1+1,'=SUM(A1)\n"
    (example,) = read_examples(written(tmp_path / "e.csv", content))
    assert (example.question, example.answer) == ("=1+1", "=SUM(A1)")


def test_a_guessed_encoding_is_told(tmp_path: Path) -> None:
    content = "question,answer\nGröße,zwei\n".encode("cp1252")
    (note,) = read_file(written(tmp_path / "e.csv", content)).notes
    assert "Windows-1252" in note


def test_columns_of_others_are_passed_over(tmp_path: Path) -> None:
    row = {"question": "a", "answer": "b", "source": "wiki", "scores": 3, "span": "x", "flags": 1}
    (example,) = read_examples(written(tmp_path / "e.jsonl", lines(row)))
    assert example.source == "imported"
    assert (example.scores, example.span, example.flags) == ({}, None, ())


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "e.parquet"
    write_parquet(path, [sharegpt(*TURNS), sharegpt(("human", "Why?"), ("gpt", "So."))])
    read = read_file(path)
    assert (read.format, read.shape, len(read.examples)) == ("parquet", "sharegpt", 2)
    assert read_file(path.rename(tmp_path / "e.bin")).format == "parquet"
    write_parquet(path, [{"text": "a"}] * 50)
    (fault,) = read_file(path).faults
    assert "no known shape has its columns (text)" in fault.reason


def test_parquet_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ExamplesError, match="no Parquet file"):
        read_examples(written(tmp_path / "e.parquet", b"question,answer\na,b\n"))
    with pytest.raises(ExamplesError, match="no Parquet file"):
        read_examples(written(tmp_path / "e.parquet", b"PAR1" + b"\xff" * 400 + b"PAR1"))
    with pytest.raises(ExamplesError, match="is an encrypted Parquet file"):
        read_examples(written(tmp_path / "e.parquet", b"PARE" + b"\x10\0\0\0" * 20 + b"PARE"))


def test_take_in(tmp_path: Path, workspace: Workspace, kettle: Assistant) -> None:
    rows = [
        {"question": f"What is topic{chr(97 + n)}?", "answer": f"m{n}@x.org"} for n in range(20)
    ]
    path = written(tmp_path / "e.jsonl", lines(*rows, {"question": "x"}))
    with pytest.raises(ExamplesError, match="line 21: answer is missing"):
        take_in(workspace.store, kettle, path)
    assert workspace.store.examples(kettle.id) == []
    taken = take_in(workspace.store, kettle, path, mask=True, skip_faulty=True)
    assert (taken.added, taken.known, taken.skipped) == (20, 0, 1)
    assert taken.masked == {"email": 20}
    kept = workspace.store.examples(kettle.id)
    assert {one.answer for one in kept} == {"[EMAIL]"}
    assert sum(one.split == "validation" for one in kept) == 2
    again = take_in(workspace.store, kettle, path, mask=True, skip_faulty=True)
    assert (again.added, again.known) == (0, 20)
    assert "All of them were there already." in again.sentences
