"""Exports: what is read back is what was written, in every shape and format."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from assistant.errors import ExamplesError, ExportError, InvalidRequest
from assistant.interchange.cells import cell_read, cell_written
from assistant.interchange.exporting import (
    EXPORT_FORMATS,
    EXPORT_SHAPES,
    ExportFormat,
    ExportShape,
    export_examples,
    write_examples_file,
)
from assistant.interchange.importing import read_examples, read_file
from assistant.models import file_sha256
from assistant.records import Assistant, Example, ExampleSource, SplitName, example_id
from assistant.workspace import Workspace

PIECES = [
    "=1+1", "+49", "-5 °C", "@home", "'=x", "''-", "\t", ",", ";", '"', "'", "\n", "\u2028", "|",
    "Größe", "漢字", "🙂", "<|im_end|>", "a", "null", "NaN", "{}", "[1]", "true", " ", "\\", "é",
]  # fmt: skip


def any_text(draw: random.Random, stripped: bool = True) -> str:
    text = "".join(draw.choices(PIECES, k=draw.randint(1, 6)))
    return (text.strip() or "x") if stripped else text


def any_example(draw: random.Random) -> Example:
    question, answer = any_text(draw), any_text(draw)
    passage = draw.choice(["", f"a{any_text(draw, stripped=False)}\r\n"])
    return Example(
        id=example_id(question, answer),
        question=question,
        answer=answer,
        source=draw.choice(get_args(ExampleSource)),
        split=draw.choice(get_args(SplitName)),
        answerable=draw.random() < 0.8,
        document=draw.choice(["", "=a,b.md", "b.md"]),
        passage=passage,
        fact=draw.choice(["", "-fact"]),
        section=draw.choice(["", "a" * 64]),
        method=draw.choice(["rule", "@rule"]),
        span=(0, len(passage)) if passage and draw.random() < 0.5 else None,
        scores=draw.choice([{}, {"support": 0.5}, {"a": 1.0, "b": -0.25}]),
        flags=draw.choice([(), ("personal data", "=x")]),
        rejected=draw.random() < 0.1,
    )


@pytest.mark.parametrize("format", EXPORT_FORMATS)
@pytest.mark.parametrize("shape", EXPORT_SHAPES)
def test_what_is_read_is_what_was_written(
    tmp_path: Path, shape: ExportShape, format: ExportFormat
) -> None:
    if format == "csv" and shape in ("sharegpt", "openai"):
        return
    draw = random.Random(f"{shape} {format}")
    made = {one.id: one for one in (any_example(draw) for _ in range(200))}
    path = tmp_path / f"e.{format}"
    write_examples_file(path, list(made.values()), "Be brief.", shape, format)
    read = read_file(path)
    assert (read.shape, read.format) == (shape, format)
    assert list(read.examples) == list(made.values())


def test_no_cell_begins_like_a_formula(tmp_path: Path) -> None:
    draw = random.Random(5)
    path = tmp_path / "e.csv"
    write_examples_file(path, [any_example(draw) for _ in range(200)], "", "duet", "csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert cells and not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
    assert all(cell_read(cell_written(text)) == text for text in (*PIECES, "'a", "''=", "'"))


def test_shapes_are_those_that_others_read(tmp_path: Path) -> None:
    example = Example("x", "Why?", "So.", "written", "train")
    rows: dict[str, dict[str, object]] = {}
    for shape in EXPORT_SHAPES:
        path = tmp_path / f"{shape}.jsonl"
        write_examples_file(path, [example], "Be brief.", shape, "jsonl")
        rows[shape] = json.loads(path.read_text("utf-8"))
    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    said = {"role": "assistant", "content": "So."}
    assert rows["openai"]["messages"] == [*asked, said]
    assert rows["prompt-completion"]["prompt"] == asked
    assert rows["prompt-completion"]["completion"] == [said]
    assert rows["sharegpt"]["conversations"] == [
        {"from": "system", "value": "Be brief."},
        {"from": "human", "value": "Why?"},
        {"from": "gpt", "value": "So."},
    ]
    assert (rows["alpaca"]["instruction"], rows["alpaca"]["output"]) == ("Why?", "So.")
    assert all(row["split"] == "train" for row in rows.values())


def test_export_with_its_card(workspace: Workspace, kettle: Assistant, tmp_path: Path) -> None:
    passage = "The tank of the Kestrel holds 1.85 litres."
    kept = Example(
        example_id("How big?", "Ask a@b.org."), "How big?", "Ask a@b.org.", "generated", "train",
        passage=passage, method="rule|x",
    )  # fmt: skip
    unwanted = replace(kept, id="x", question="Bigger?", rejected=True)
    with pytest.raises(ExamplesError, match="no examples to export"):
        export_examples(workspace, kettle, tmp_path / "e.jsonl")
    workspace.store.add_examples(kettle.id, [kept, unwanted])
    done = export_examples(workspace, kettle, tmp_path / "new" / "e.csv")
    assert (done.count, done.format, done.sha256) == (1, "csv", file_sha256(done.path))
    assert read_examples(done.path) == [kept]
    card = done.card.read_text("utf-8")
    for part in (
        "# Examples of Kestrel",
        "**Licence:** (fill in",
        done.sha256,
        "| train | 1 |",
        "| rule\\|x | 1 |",
        "| manual.md | 1 of 3 | 1 |",
        "- manual.md: Kestrel kettle > Warranty",
        "There are no test questions yet",
        "| E-mail address | 1 |",
    ):
        assert part in card, part
    assert "a@b.org" not in card
    with pytest.raises(ExportError, match="is there already"):
        export_examples(workspace, kettle, done.path)
    folder = export_examples(workspace, kettle, tmp_path / "folder", "openai", "parquet")
    assert sorted(path.name for path in folder.path.parent.iterdir()) == [
        "README.md",
        "examples.parquet",
    ]
    with pytest.raises(InvalidRequest, match="cannot hold the conversations"):
        export_examples(workspace, kettle, tmp_path / "f.csv", "sharegpt")


def test_nothing_is_left_of_an_export_that_fails(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    workspace.store.add_examples(kettle.id, [Example("x", "Why?", "So.", "written", "train")])
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(ExportError, match="could not be written"):
        export_examples(workspace, kettle, tmp_path / "file" / "e.jsonl")
    assert [path.name for path in tmp_path.glob(".examples*")] == []
