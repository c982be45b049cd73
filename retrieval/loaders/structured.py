"""JSON and JSON Lines: each record becomes a line or a few that name their keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from retrieval.errors import UnreadableDocument
from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder, clean_line, table_row
from retrieval.loaders.text import decoded, refuse_binary

_RECORD_LINE = 400
_DEPTH = 60


def read_json(path: Path, name: str, _: Opening) -> Parsed:
    """A JSON file: an array of records, or one value with named parts."""
    text, warnings = _text(path, name)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        records = _lines_of_records(text)
        if records is None:
            raise _damaged(name, error) from error
        value = records
    builder = TextBuilder()
    if isinstance(value, list):
        _add_records(builder, value)
    else:
        _add_value(builder, value)
    return builder.parsed(warnings=warnings)


def read_jsonl(path: Path, name: str, _: Opening) -> Parsed:
    """A JSON Lines file; lines that are no JSON are left out and told."""
    text, warnings = _text(path, name)
    records, bad = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            records.append(json.loads(line))
        except (ValueError, RecursionError):
            bad.append(number)
    if bad and not records:
        raise UnreadableDocument(
            f"{name} holds no line that is JSON: check how it was made, or add it as txt."
        )
    if bad:
        shown = ", ".join(map(str, bad[:5])) + (" and others" if len(bad) > 5 else "")
        warnings = (*warnings, f"{len(bad)} lines are no JSON and were left out: {shown}.")
    builder = TextBuilder()
    _add_records(builder, records)
    return builder.parsed(warnings=warnings)


def _text(path: Path, name: str) -> tuple[str, tuple[str, ...]]:
    data = path.read_bytes()
    refuse_binary(data, name)
    return decoded(data, name)


def _damaged(name: str, error: Exception) -> UnreadableDocument:
    place = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
    return UnreadableDocument(
        f"{name} is not valid JSON{place}: check how it was made, or add it as txt."
    )


def _lines_of_records(text: str) -> list[Any] | None:
    """The records of JSON Lines under the name of JSON, as many programs write them."""
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        return [json.loads(line) for line in lines] if len(lines) > 1 else None
    except (ValueError, RecursionError):
        return None


def _add_records(builder: TextBuilder, records: list[Any]) -> None:
    """Short records as lines of one list, long ones as paragraphs of their own."""
    waiting: list[str] = []
    for record in records:
        flat = list(_flattened(record))
        line = table_row([key for key, _ in flat], [value for _, value in flat])
        if len(line) <= _RECORD_LINE:
            waiting.append(line)
            continue
        builder.lines("\n".join(waiting))
        waiting = []
        builder.lines("\n".join(_pair(key, value) for key, value in flat if value.strip()))
    builder.lines("\n".join(waiting))


def _add_value(builder: TextBuilder, value: Any) -> None:
    """An object: plain members first, then a section for each that has parts of its own."""
    if not isinstance(value, dict):
        return _add_records(builder, [value])
    plain = {key: part for key, part in value.items() if not isinstance(part, dict | list)}
    _add_records(builder, [{key: part} for key, part in plain.items()])
    for key, part in value.items():
        if isinstance(part, dict):
            builder.heading(str(key), 1)
            _add_records(builder, [{inner: held} for inner, held in part.items()])
        elif isinstance(part, list):
            builder.heading(str(key), 1)
            _add_records(builder, part)


def _flattened(value: Any) -> Iterator[tuple[str, str]]:
    """Dotted keys and texts of all the plain values in a value."""
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    while waiting:
        key, held, depth = waiting.pop()
        if isinstance(held, dict | list) and depth > _DEPTH:
            yield key, json.dumps(held, ensure_ascii=False)
        elif isinstance(held, dict):
            inner = [(f"{key}.{name}" if key else str(name), part) for name, part in held.items()]
            waiting += [(name, part, depth + 1) for name, part in reversed(inner)]
        elif isinstance(held, list) and not any(isinstance(part, dict | list) for part in held):
            yield key, ", ".join(_shown(part) for part in held)
        elif isinstance(held, list):
            waiting += [(key, part, depth + 1) for part in reversed(held)]
        else:
            yield key, _shown(held)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _pair(key: str, value: str) -> str:
    return f"{key}: {clean_line(value)}" if key else clean_line(value)
