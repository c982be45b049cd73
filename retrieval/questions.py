"""Questions with what is known of their answers, read from a JSONL file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.errors import QuestionsError
from retrieval.loaders.parsed import clean

_SHOWN_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Question:
    """A question to test with.

    answers: reference answers, any of which will do; () where none is given. document: the name of
    the document that answers it (a name, or the end of a relative path), "" where not given.
    support: text that the right passage holds, "" where not given. in_scope: whether the documents
    are meant to answer it. fact: key shared by the wordings of one fact, "" where not known.
    """

    id: str
    question: str
    answers: tuple[str, ...] = ()
    document: str = ""
    support: str = ""
    in_scope: bool = True
    fact: str = ""


def read_questions(path: Path) -> list[Question]:
    """The questions of a JSONL file, in order.

    A line is {"id", "question", "answers": [...], "doc", "support", "scope": "in"|"out"}; only
    `question` is required, and a line without an id gets its number. Raises QuestionsError with
    every fault and its line; nothing is taken then.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise QuestionsError(
            f"{path.name} cannot be read ({error.strerror}): check that it is there."
        ) from error
    except UnicodeDecodeError as error:
        raise QuestionsError(f"{path.name} is not in UTF-8: save it as such.") from error
    questions: list[Question] = []
    faults: list[str] = []
    known: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = _question(line, number)
            if question.id in known:
                raise ValueError(f"the id {question.id} is there twice")
        except ValueError as error:
            faults.append(f"line {number}: {error}")
            continue
        known.add(question.id)
        questions.append(question)
    if faults:
        shown = "; ".join(faults[:_SHOWN_FAULTS])
        more = f"; and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
        raise QuestionsError(f"{path.name} was not taken: {shown}{more}.")
    if not questions:
        raise QuestionsError(f"{path.name} has no questions: write one JSON object to a line.")
    return questions


def _question(line: str, number: int) -> Question:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON ({error.msg})") from None
    except RecursionError:
        raise ValueError("no JSON that can be read (nested too deep)") from None
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    question = _text(row, "question")
    if not question:
        raise ValueError("no question")
    answers = row.get("answers") or []
    if isinstance(answers, str):
        answers = [answers]
    if not isinstance(answers, list) or not all(isinstance(one, str) for one in answers):
        raise ValueError("answers is not a list of texts")
    scope = row.get("scope", "in")
    if scope not in ("in", "out"):
        raise ValueError("scope is neither in nor out")
    identity = row.get("id")
    if identity is not None and not isinstance(identity, str | int):
        raise ValueError("id is neither a text nor a number")
    return Question(
        id=str(number) if identity is None else clean(str(identity)),
        question=question,
        answers=tuple(filter(None, (clean(answer).strip() for answer in answers))),
        document=_text(row, "doc"),
        support=_text(row, "support"),
        in_scope=scope == "in",
        fact=_text(row, "fact"),
    )


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{key} is not a text")
    return clean(value).strip()
