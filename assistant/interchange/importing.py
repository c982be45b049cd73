"""Examples from a file: what it holds, what is wrong with it, and taking it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.errors import ExamplesError
from assistant.examples import split_examples
from assistant.interchange.example_rows import example_of
from assistant.interchange.file_rows import FileFormat, FileRow, Row, open_file
from assistant.interchange.masking import FLAG, Masked, findings, masked
from assistant.interchange.personal_data import TITLES, PersonalKind
from assistant.interchange.shapes import (
    Exchange,
    RowContent,
    RowFault,
    Shape,
    content_of,
    shape_of,
)
from assistant.records import Assistant, Example
from assistant.store import Store

FAULTS_NAMED = 20
_KEYS_NAMED = 12


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one line, or row, of a file. line: from 1."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file of examples as it was read; nothing of it is taken in yet.

    shape: None where no row is of a known one. unit: what `line` counts. examples: each once, in
    the order of the file, with the line of each in `lines`. repeated: rows that repeat an earlier
    one word for word. notes: sentences on what was left out or read otherwise than it stands.
    """

    name: str
    format: FileFormat
    shape: Shape | None
    unit: str
    rows: int
    examples: tuple[Example, ...]
    lines: tuple[int, ...]
    faults: tuple[Fault, ...]
    repeated: int
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What was recognised, for people."""
        shape = self.shape or "no known"
        return (
            f"{self.name}: {self.rows:,} rows of {shape} shape ({self.format}), "
            f"{len(self.examples):,} examples, {len(self.faults):,} faults."
        )

    @property
    def refusal(self) -> str:
        """The sentence that names the first faults, "" where there are none."""
        if not self.faults:
            return ""
        named = "; ".join(f"{self.unit} {f.line}: {f.reason}" for f in self.faults[:FAULTS_NAMED])
        more = len(self.faults) - FAULTS_NAMED
        rest = f"; and {more} more" if more > 0 else ""
        count = len(self.faults)
        return (
            f"{self.name} has {count} faulty {self.unit if count == 1 else self.unit + 's'}, so "
            f"nothing was taken in: {named}{rest}. Correct the file and import it again, or import "
            "it without its faulty rows."
        )


@dataclass(frozen=True, slots=True)
class TakenIn:
    """added: examples that were new. skipped: faulty rows that were passed over. masked: pieces of
    personal data that were replaced, by kind."""

    added: int
    known: int
    skipped: int
    masked: Mapping[PersonalKind, int]
    read: ReadFile

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a person should know beside the count, one sentence each."""
        said = list(self.read.notes)
        if self.added == 0:
            said.append("All of them were there already.")
        elif self.known:
            said.append(f"{self.known:,} were there already.")
        if self.skipped:
            first = "; ".join(
                f"{self.read.unit} {f.line}: {f.reason}" for f in self.read.faults[:FAULTS_NAMED]
            )
            said.append(f"{self.skipped:,} faulty {self.read.unit}s were passed over: {first}.")
        if self.masked:
            kinds = ", ".join(f"{TITLES[kind]} {n:,}" for kind, n in self.masked.items())
            said.append(f"Personal data was masked: {kinds}.")
        return tuple(said)


def read_file(path: Path, assistant: Assistant | None = None) -> ReadFile:
    """What a file of examples holds, faults and all.

    assistant: whose system prompt the file's system messages are held against.
    Raises ExamplesError where the file as a whole cannot be read, or holds nothing.
    """
    opened = open_file(path)
    reader = _Reader(path.name)
    for row in opened.rows():
        reader.take(row)
        if reader.unknown and opened.format in ("csv", "parquet"):
            break  # the columns are those of all rows
    if not reader.rows:
        raise ExamplesError(f"{path.name} is empty: it holds no examples.")
    return ReadFile(
        path.name,
        opened.format,
        reader.shape,
        opened.unit,
        reader.rows,
        tuple(example for example, _ in reader.examples.values()),
        tuple(line for _, line in reader.examples.values()),
        tuple(sorted(reader.faults, key=lambda fault: fault.line)),
        reader.repeated,
        (*opened.notes, *reader.notes(assistant)),
    )


def read_examples(path: Path, *, skip_faulty: bool = False) -> list[Example]:
    """The examples of a file, each once, in its order.

    Raises ExamplesError that names the faults with their lines, unless they are to be skipped, and
    where there are no examples.
    """
    return list(_usable(read_file(path), skip_faulty).examples)


def take_in(
    store: Store,
    assistant: Assistant,
    path: Path,
    *,
    mask: bool = False,
    skip_faulty: bool = False,
) -> TakenIn:
    """Add the examples of a file to an assistant.

    A file that names other splits than `train` is kept as it is split; of any other a part is set
    aside for validation. mask: replace personal data first; what still holds some is flagged.
    Raises ExamplesError with the faults and their lines, or where a test question would be trained
    on; nothing is taken in then.
    """
    read = _usable(read_file(path, assistant), skip_faulty)
    hidden = masked(read.examples) if mask else Masked(read.examples, {})
    examples = [_flagged(example) for example in hidden.examples]
    if all(example.split == "train" for example in examples):
        examples = split_examples(examples)
    added = store.add_examples(assistant.id, examples)
    return TakenIn(added, len(examples) - added, len(read.faults), hidden.counts, read)


def _flagged(example: Example) -> Example:
    if FLAG in example.flags or not findings(example):
        return example
    return replace(example, flags=(*example.flags, FLAG))


def _usable(read: ReadFile, skip_faulty: bool) -> ReadFile:
    if read.faults and not skip_faulty:
        raise ExamplesError(read.refusal)
    if not read.examples:
        raise ExamplesError(
            f"{read.name} holds no example that could be taken in."
            + (f" All {len(read.faults):,} rows are faulty." if read.faults else "")
        )
    return read


class _Reader:
    """Turns rows into examples and faults; the first row of a known shape decides for the file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.shape: Shape | None = None
        self.unknown = False  # whether a row has the columns of no shape
        self.rows = 0
        self.repeated = 0
        self.examples: dict[str, tuple[Example, int]] = {}
        self.faults: list[Fault] = []
        self._systems: dict[str, int] = {}
        self._leaning = self._leaning_in = self._untrained = self._greetings = 0

    def take(self, row: FileRow) -> None:
        self.rows += 1
        if row.fault:
            self.faults.append(Fault(row.number, row.fault))
            return
        try:
            for example in self._examples(row.value):
                if example.id in self.examples:
                    self.repeated += 1
                else:
                    self.examples[example.id] = (example, row.number)
        except RowFault as fault:
            self.faults.append(Fault(row.number, str(fault)))

    def notes(self, assistant: Assistant | None) -> list[str]:
        """What was left out, and what is used instead, as sentences."""
        own = assistant.system_prompt.strip() if assistant else None
        others = {text: count for text, count in self._systems.items() if text != own}
        said = []
        if others:
            said.append(
                f"{sum(others.values()):,} rows bring a system message of their own "
                f"({len(others):,} different): the assistant's system prompt is trained with "
                "instead."
            )
        if self._leaning:
            said.append(
                f"{self._leaning:,} later questions of {self._leaning_in:,} conversations lean on "
                "what was said before and were left out: an example is asked by itself."
            )
        if self._untrained:
            said.append(f"{self._untrained:,} answers of weight 0 were left out.")
        if self._greetings:
            said.append(
                f"{self._greetings:,} conversations begin with an answer to nothing, which was "
                "left out."
            )
        if self.repeated:
            said.append(f"{self.repeated:,} rows repeat an earlier one and count once.")
        return said

    def _examples(self, row: Row) -> list[Example]:
        found = shape_of(row)
        self.shape = self.shape or found
        if found is None and not any(name in row for name in ("question", "answer")):
            self.unknown = True
            raise RowFault(_unknown(row))
        if found not in (None, self.shape) and {found, self.shape} != {"duet", "question-answer"}:
            raise RowFault(f"it is of {found} shape, the rows before it of {self.shape} shape")
        shape = found or "question-answer"
        if shape in ("duet", "question-answer"):
            if shape == "duet":
                self.shape = "duet"
            return [example_of(row, self._name)]
        content = content_of(row, shape)
        self._count(content)
        common = {name: row[name] for name in row if name not in ("question", "answer")}
        return [example_of({**common, **_asked(one)}, self._name) for one in content.exchanges]

    def _count(self, content: RowContent) -> None:
        if content.system.strip():
            text = content.system.strip()
            self._systems[text] = self._systems.get(text, 0) + 1
        self._leaning += content.leaning
        self._leaning_in += bool(content.leaning)
        self._untrained += content.untrained
        self._greetings += content.greeting


def _asked(exchange: Exchange) -> Row:
    return {"question": exchange.question, "answer": exchange.answer}


def _unknown(row: Row) -> str:
    names = ", ".join(str(name)[:40] for name in list(row)[:_KEYS_NAMED])
    return (
        "no known shape has its columns"
        + (f" ({names})" if names else "")
        + ": question and answer, instruction and output, prompt and completion, messages, or "
        "conversations are wanted"
    )
