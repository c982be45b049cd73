"""Examples from files, and their split into what is trained on and what is held back."""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from assistant.errors import ExamplesError
from assistant.facts import content_words, names, numbers, words
from assistant.prompts import NOT_IN_DOCUMENTS
from assistant.records import Example, SplitName, content_hash, example_id

SPLITS: tuple[SplitName, ...] = get_args(SplitName)

_FAULTS_SHOWN = 20
_TEXT_FIELDS = ("question", "answer", "document", "passage", "fact", "section", "split")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_NEAR = 0.75  # share of common words from which two questions count as one


def read_examples(path: Path) -> list[Example]:
    """The examples of a JSONL or CSV file, each once, in the order of the file.

    Fields or columns: `question` and `answer`, and if wanted `split`, `fact`, `document`,
    `passage`, `section` and `answerable`; others are passed over. An example that is not answerable
    needs no answer. Text may be UTF-8, UTF-16 or UTF-32 with a byte order mark, UTF-8 without, or
    Windows-1252.

    Raises ExamplesError that names every fault with its line; nothing is taken in then.
    """
    lines = _csv_rows(path) if path.suffix.lower() in (".csv", ".tsv") else _json_rows(path)
    examples: dict[str, Example] = {}
    faults: list[str] = []
    for number, row in lines:
        wrong = row if isinstance(row, str) else _fault(row)
        if wrong:
            faults.append(f"line {number}: {wrong}")
        elif not isinstance(row, str):
            example = _example(row, path.name)
            examples.setdefault(example.id, example)
    if faults:
        more = len(faults) - _FAULTS_SHOWN
        rest = f"; and {more} more" if more > 0 else ""
        raise ExamplesError(
            f"{path.name} has {len(faults)} faulty {'line' if len(faults) == 1 else 'lines'}, so "
            f"nothing was taken in: {'; '.join(faults[:_FAULTS_SHOWN])}{rest}. Correct the file "
            "and import it again."
        )
    if not examples:
        raise ExamplesError(f"{path.name} is empty: it holds no examples.")
    return list(examples.values())


def split_examples(examples: Sequence[Example], validation_share: float = 0.1) -> list[Example]:
    """The examples with about that share of the training examples marked `validation`.

    Examples that are marked otherwise stay so; where some are marked `validation` already, no more
    are drawn. Nothing leaks into validation: questions that are near-duplicates of each other, and
    wordings of one fact, go to one side together. A fact with `recall` questions stays trained, or
    these would no longer be of a trained fact; it may give one wording to validation, where that is
    no near-duplicate of another and two wordings stay. The choice depends on the words alone.

    A training example that nearly repeats a held-back question is held back with it.
    """
    held = [example for example in examples if example.split != "train"]
    train = [example for example in examples if example.split == "train"]
    near = near_duplicates([example.question for example in [*train, *held]])
    held_splits = dict(zip(near[len(train) :], (e.split for e in held), strict=True))
    moved = {e.id: held_splits[g] for e, g in zip(train, near, strict=False) if g in held_splits}
    kept = [(e, g) for e, g in zip(train, near, strict=False) if g not in held_splits]
    wanted = 0 if any(e.split == "validation" for e in held) else len(kept) * validation_share
    held_facts = {example.fact for example in held if example.fact}
    moved |= dict.fromkeys(_validation_ids(kept, held_facts, math.floor(wanted)), "validation")
    return [replace(example, split=moved.get(example.id, example.split)) for example in examples]


def near_duplicates(questions: Sequence[str]) -> list[int]:
    """A group number for each question, the same for near-duplicates.

    Near-duplicates name the same numbers and names and share at least three quarters of all their
    words, and of those that carry meaning (Jaccard similarity); groups are the connected components
    of that.
    """
    sets = [frozenset(word.casefold() for word in words(question)) for question in questions]
    meanings = [content_words(question) for question in questions]
    keys = [(numbers(question), names(question)) for question in questions]
    frequency = Counter(word for own in sets for word in own)
    parent = list(range(len(questions)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    # Sets that share three quarters have one of their rarest quarter in common, which is what is
    # looked up, so that ten thousand questions need no fifty million comparisons.
    seen: dict[Any, list[int]] = defaultdict(list)
    for index, own in enumerate(sets):
        rare_first = sorted(own, key=lambda word: (frequency[word], word))
        rare = rare_first[: len(own) - math.ceil(_NEAR * len(own)) + 1] or [""]
        for other in {other for word in rare for other in seen[keys[index], word]}:
            if _alike(own, sets[other]) and _alike(meanings[index], meanings[other]):
                parent[root(index)] = root(other)
        for word in rare:
            seen[keys[index], word].append(index)
    return [root(index) for index in range(len(questions))]


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _NEAR * len(one | other)


def _validation_ids(
    train: Sequence[tuple[Example, int]], held_facts: set[str], wanted: int
) -> set[str]:
    """Ids of the examples that go to validation, at most `wanted`."""
    groups = _joined(train)
    whole = [group for group in groups if not any(e.fact in held_facts for e, _ in group)]
    chosen: set[str] = set()
    for group in sorted(whole, key=_draw):
        if len(chosen) + len(group) <= wanted and len(group) < len(train):
            chosen |= {example.id for example, _ in group}
    for group in sorted((g for g in groups if g not in whole), key=_draw):
        copies = Counter(near for _, near in group)
        single = [example for example, near in group if copies[near] == 1]
        if len(chosen) < wanted and single and len(group) >= 3:
            chosen.add(min(single, key=lambda example: content_hash(example.id)).id)
    return chosen


def _joined(train: Sequence[tuple[Example, int]]) -> list[list[tuple[Example, int]]]:
    """Training examples in groups that belong together, by fact or by near-duplicate question."""
    group_of: dict[Any, int] = {}
    members: dict[int, list[tuple[Example, int]]] = {}
    for number, (example, near) in enumerate(train):
        keys = [("near", near), *([("fact", example.fact)] if example.fact else [])]
        merged = {group_of[key] for key in keys if key in group_of}
        target = min(merged, default=number)
        joined = [member for group in sorted(merged) for member in members.pop(group)]
        members[target] = [*joined, (example, near)]
        for member, own in members[target]:
            group_of["near", own] = target
            if member.fact:
                group_of["fact", member.fact] = target
    return list(members.values())


def _draw(group: Sequence[tuple[Example, int]]) -> str:
    return content_hash(sorted(example.id for example, _ in group))


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Line number and object, or what is wrong with the line."""
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            yield number, f"not valid JSON ({error.msg} at character {error.pos + 1})"
            continue
        yield number, value if isinstance(value, dict) else "not a JSON object"


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Line number and row by column name in lower case, or what is wrong with the row."""
    text = _text(path)
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    try:
        before = 0
        for cells in reader:
            number, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = [cell.strip().lower() for cell in cells]
                missing = [name for name in ("question", "answer") if name not in columns]
                if missing:
                    yield number, f"the column {' and the column '.join(missing)} is missing"
                    return
            elif len(cells) != len(columns):
                yield number, f"{len(cells)} cells where the header has {len(columns)}"
            else:
                row = dict(zip(columns, cells, strict=True))
                yield number, {name: cell for name, cell in row.items() if cell.strip()}
    except csv.Error as error:
        yield reader.line_num, f"not valid CSV ({error})"


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ExamplesError(f"{path.name} cannot be read ({error.strerror}).") from error
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        text = _windows_text(path, content, error)
    if "\0" in text:
        raise ExamplesError(f"{path.name} is not a text file: save it as UTF-8 JSONL or CSV.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _windows_text(path: Path, content: bytes, error: UnicodeDecodeError) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        line = content.count(b"\n", 0, error.start) + 1
        raise ExamplesError(
            f"{path.name} is in an unknown encoding (line {line}): save it as UTF-8."
        ) from error


def _fault(row: dict[str, Any]) -> str:
    """Everything that is wrong with a row, "" where nothing is."""
    faults = [
        f"{name} is not text"
        for name in _TEXT_FIELDS
        if row.get(name) is not None and not isinstance(row[name], str)
    ]
    answerable = _answerable(row.get("answerable"))
    if answerable is None:
        faults.append("answerable is neither true nor false")
    for name in ("question", "answer"):
        value = row.get(name)
        needed = name == "question" or answerable is not False
        if needed and (value is None or (isinstance(value, str) and not value.strip())):
            faults.append(f"{name} is missing")
    split = row.get("split")
    if isinstance(split, str) and split.strip() and split.strip().lower() not in SPLITS:
        faults.append(f"split is {split.strip()!r}, not one of {', '.join(SPLITS)}")
    return ", ".join(faults)


def _answerable(value: Any) -> bool | None:
    """True, False, or None for what is neither. Nothing at all means True."""
    if value is None or isinstance(value, bool):
        return value is not False
    text = str(value).strip().lower()
    return True if text in _YES else False if text in _NO else None


def _example(row: dict[str, Any], file_name: str) -> Example:
    text = {name: (row.get(name) or "").strip() for name in _TEXT_FIELDS}
    answerable = bool(_answerable(row.get("answerable")))
    answer = text["answer"] or NOT_IN_DOCUMENTS
    split: SplitName = next((name for name in SPLITS if name == text["split"].lower()), "train")
    return Example(
        id=example_id(text["question"], answer),
        question=text["question"],
        answer=answer,
        source="imported",
        split=split,
        answerable=answerable,
        document=text["document"],
        passage=text["passage"],
        fact=text["fact"],
        section=text["section"],
        method=file_name,
    )
