"""Examples written to a file in the shapes that others read, with a data card beside it.

What is read from such a file is what was written: the questions, answers and all else of the
examples, in their order.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from assistant.errors import ExamplesError, ExportError, InvalidRequest
from assistant.interchange.cells import cell_written
from assistant.interchange.checks import check_assistant
from assistant.interchange.coverage import coverage_of
from assistant.interchange.data_card import data_card
from assistant.interchange.example_rows import Row, flat, row_of
from assistant.interchange.parquet import write_parquet
from assistant.models import file_sha256
from assistant.records import Assistant, Example
from assistant.workspace import Workspace

ExportShape = Literal["duet", "sharegpt", "alpaca", "openai", "prompt-completion"]
EXPORT_SHAPES: tuple[ExportShape, ...] = get_args(ExportShape)
ExportFormat = Literal["jsonl", "csv", "parquet"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)

_ENDINGS: dict[str, ExportFormat] = {
    ".jsonl": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".parquet": "parquet",
}
_LISTS = ("sharegpt", "openai")  # shapes that a CSV file cannot hold


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of examples and its data card. sha256: of the file, 64 hexadecimal digits."""

    path: Path
    card: Path
    count: int
    shape: ExportShape
    format: ExportFormat
    sha256: str


def export_examples(
    workspace: Workspace,
    assistant: Assistant,
    target: Path,
    shape: ExportShape = "duet",
    format: ExportFormat | None = None,
) -> Exported:
    """Write an assistant's examples, rejected ones left out, whole or not at all.

    target: a new file, beside which its card is written as NAME.card.md; or a folder, which gets
    examples.jsonl (.csv, .parquet) and README.md. format: told from the file's ending, JSONL where
    there is none.

    Raises InvalidRequest for a shape that the format cannot hold, ExamplesError without examples,
    ExportError where a file is there already or cannot be written, DocumentsError.
    """
    chosen = format or _ENDINGS.get(target.suffix.lower(), "jsonl")
    if shape not in EXPORT_SHAPES or chosen not in EXPORT_FORMATS:
        raise InvalidRequest(
            f"Choose a shape of {', '.join(EXPORT_SHAPES)} and a format of "
            f"{', '.join(EXPORT_FORMATS)}."
        )
    if chosen == "csv" and shape in _LISTS:
        raise InvalidRequest(
            f"A CSV file cannot hold the conversations of the {shape} shape: choose JSONL or "
            "Parquet."
        )
    examples = workspace.store.examples(assistant.id)
    if not examples:
        raise ExamplesError("There are no examples to export: write or import some first.")
    path, card = _places(target.expanduser(), chosen)
    for taken in (path, card):
        if taken.exists():
            raise ExportError(f"{taken} is there already and was left alone: name a new file.")
    report, spread = check_assistant(workspace, assistant), coverage_of(workspace, assistant)
    with tempfile.TemporaryDirectory(prefix=".examples-", dir=_folder(path)) as aside:
        written, described = Path(aside) / path.name, Path(aside) / card.name
        try:
            write_examples_file(written, examples, assistant.system_prompt, shape, chosen)
            sha256 = file_sha256(written)
            text = data_card(
                assistant, examples, report, spread, path.name, shape, sha256, datetime.now(UTC)
            )
            described.write_text(text, "utf-8")
            _put(written, path)
            _put(described, card)
        except OSError as error:
            raise _failed(path, error) from error
    return Exported(path, card, len(examples), shape, chosen, sha256)


def write_examples_file(
    path: Path,
    examples: Sequence[Example],
    system_prompt: str,
    shape: ExportShape,
    format: ExportFormat,
) -> None:
    """Write the examples alone. system_prompt: of the shapes that hold one. Raises OSError."""
    rows = [_shaped(example, system_prompt, shape, format) for example in examples]
    if format == "parquet":
        write_parquet(path, rows)
    elif format == "csv":
        _write_csv(path, rows)
    else:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _shaped(example: Example, system_prompt: str, shape: ExportShape, format: ExportFormat) -> Row:
    """A row of the shape, with what else is known of the example in columns behind it."""
    row = row_of(example)
    rest = {name: row[name] for name in row if name not in ("question", "answer")}
    rest = rest if format == "jsonl" else flat(rest)
    question, answer = example.question, example.answer
    system = [("system", system_prompt)] if system_prompt.strip() else []
    spoken = [*system, ("user", question), ("assistant", answer)]
    shaped: Row
    if shape == "sharegpt":
        names = {"user": "human", "assistant": "gpt", "system": "system"}
        shaped = {"conversations": [{"from": names[who], "value": said} for who, said in spoken]}
    elif shape == "openai":
        shaped = {"messages": _messages(spoken)}
    elif shape == "alpaca":
        shaped = {"instruction": question, "input": "", "output": answer}
    elif shape == "prompt-completion" and format == "csv":
        shaped = {"prompt": question, "completion": answer}
    elif shape == "prompt-completion":
        shaped = {"prompt": _messages(spoken[:-1]), "completion": _messages(spoken[-1:])}
    else:
        shaped = {"question": question, "answer": answer}
    return {**shaped, **rest}


def _messages(spoken: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"role": who, "content": said} for who, said in spoken]


def _write_csv(path: Path, rows: Sequence[Row]) -> None:
    # The byte order mark is what makes spreadsheets read UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(rows[0])
        writer.writerows([_cell(value) for value in row.values()] for row in rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else cell_written(str(value))


def _places(target: Path, format: ExportFormat) -> tuple[Path, Path]:
    """Where the examples and their card go."""
    if target.is_dir() or not target.suffix:
        return target / f"examples.{format}", target / "README.md"
    return target, target.with_name(f"{target.name}.card.md")


def _folder(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _failed(path, error) from error
    return path.parent


def _put(written: Path, path: Path) -> None:
    with written.open("r+b") as file:
        os.fsync(file.fileno())
    written.rename(path)


def _failed(path: Path, error: OSError) -> ExportError:
    reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
    return ExportError(f"{path} could not be written ({reason}): choose another place.")
