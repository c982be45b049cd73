"""The scored answers of a sweep, kept line by line, so that scoring goes on where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.sweeps.records import SweepFolder

METRIC = "fact_recall"


@dataclass(frozen=True, slots=True)
class ScoredAnswer:
    """An answer to a held-out question, or why there is none.

    name: "base", "rag" or the id of a run. contender: the version that answered. scores: by metric
    name, empty where it failed.
    """

    name: str
    contender: str
    question: str
    text: str
    scores: Mapping[str, float]
    failure: str = ""


@dataclass(frozen=True, slots=True)
class KeptScores:
    """By name, the answers of the version that has most of them, the latest of those as many."""

    answers: Mapping[str, Mapping[str, ScoredAnswer]]

    def answered(self, name: str) -> int:
        """Questions that were put to it."""
        return len(self.answers.get(name, {}))

    def recall(self, name: str) -> dict[str, float]:
        """Fact recall by question id, of those that could be answered."""
        return {
            question: one.scores[METRIC]
            for question, one in self.answers.get(name, {}).items()
            if METRIC in one.scores
        }


def kept_scores(folder: SweepFolder) -> KeptScores:
    """What is scored so far. A line that a kill cut short is passed over. Raises OSError."""
    versions: dict[str, dict[str, dict[str, ScoredAnswer]]] = {}
    for one in read_answers(folder):
        own = versions.setdefault(one.name, {})
        own.setdefault(one.contender, {})[one.question] = one
    return KeptScores(
        {
            name: max(reversed(list(own.values())), key=len)  # max takes the first, so the latest
            for name, own in versions.items()
        }
    )


def read_answers(folder: SweepFolder) -> list[ScoredAnswer]:
    """All answers in the order in which they were scored. Raises OSError."""
    try:
        lines = folder.scores.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            value: dict[str, Any] = json.loads(line)
        except ValueError:
            continue
        found.append(ScoredAnswer(**value))
    return found


def add_answers(folder: SweepFolder, answers: Sequence[ScoredAnswer]) -> None:
    """Append answers, on the disk when it returns. Raises OSError."""
    with folder.scores.open("a+b") as file:
        if file.tell() and not _ends_in_newline(folder):
            file.write(b"\n")  # after a line that a kill cut short
        for one in answers:
            file.write(json.dumps(asdict(one), ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _ends_in_newline(folder: SweepFolder) -> bool:
    with folder.scores.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
