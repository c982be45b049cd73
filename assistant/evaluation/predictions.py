"""Answers of any system with their references, read from a JSONL file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import InvalidRequest

_SHOWN_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Prediction:
    """A line of the file. references: () where none is given. id: the line's number by default."""

    id: str
    text: str
    references: tuple[str, ...]


def read_predictions(path: Path) -> list[Prediction]:
    """The predictions of a JSONL file, in order.

    A line is {"prediction", "references": [...]}; "reference" with a single text does as well, and
    an "id" is kept. Raises InvalidRequest with every fault and its line; nothing is taken then.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise InvalidRequest(
            f"{path.name} cannot be read ({error.strerror}): check that it is there."
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{path.name} is not in UTF-8: save it as such.") from error
    found: list[Prediction] = []
    faults: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(_prediction(line, number))
        except ValueError as error:
            faults.append(f"line {number}: {error}")
    if faults:
        shown = "; ".join(faults[:_SHOWN_FAULTS])
        more = f"; and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
        raise InvalidRequest(f"{path.name} was not scored: {shown}{more}.")
    if not found:
        raise InvalidRequest(
            f'{path.name} has no predictions: write one JSON object {{"prediction": "...", '
            '"references": ["..."]} to a line.'
        )
    return found


def _prediction(line: str, number: int) -> Prediction:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON ({error.msg})") from None
    except (ValueError, RecursionError):
        raise ValueError(
            "no JSON that can be read (a number too long, or nested too deep)"
        ) from None
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    if "prediction" not in row:
        raise ValueError("no prediction")
    if not isinstance(row["prediction"], str):
        raise ValueError(f"the prediction is {_called(row['prediction'])}, not a text")
    return Prediction(_id(row, number), row["prediction"], _references(row))


def _references(row: dict[str, Any]) -> tuple[str, ...]:
    if "references" not in row and "reference" not in row:
        raise ValueError("no references")
    known: list[str] = []
    for key in ("references", "reference"):
        given = row.get(key, [])
        for one in given if isinstance(given, list) else [given]:
            if not isinstance(one, str):
                raise ValueError(f"a reference is {_called(one)}, not a text")
            known.append(one)
    return tuple(known)


def _id(row: dict[str, Any], number: int) -> str:
    given = row.get("id")
    if given is None:
        return str(number)
    if not isinstance(given, str | int):
        raise ValueError("the id is neither a text nor a number")
    return str(given)


def _called(value: Any) -> str:
    if isinstance(value, float) and value != value:
        return "NaN"
    return {type(None): "null", bool: "true or false", dict: "an object", list: "a list"}.get(
        type(value), "a number"
    )
