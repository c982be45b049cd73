"""Votes as columns of numbers: every text is a number of a vocabulary, so that numpy can count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from assistant.ratings.comparisons import BOTH_BAD, FIRST, SECOND, TIE, Bools, Floats, Ints
from assistant.records import JudgementColumns

OUTCOMES = {"left": FIRST, "right": SECOND, "tie": TIE, "both_bad": BOTH_BAD}

NO_DOCUMENT = ""
"""Stands for no document among the topics; its number is 0."""
NOT_CITED = -1
"""The number of the document of an answer that cites none."""


class Vocabulary:
    """Numbers for texts, from 0. It only grows, so that a number stands for one text for good."""

    def __init__(self, *first: str) -> None:
        self._numbers: dict[str, int] = {text: number for number, text in enumerate(first)}

    def number(self, text: str) -> int:
        """The number of a text, a new one where it has none."""
        return self._numbers.setdefault(text, len(self._numbers))

    def numbers(self, texts: Iterable[str]) -> Ints:
        """(n,) numbers."""
        known = self._numbers
        return np.array([known.setdefault(text, len(known)) for text in texts], np.int64)

    def texts(self) -> list[str]:
        """The texts in the order of their numbers."""
        return list(self._numbers)


class Wordings(Vocabulary):
    """A vocabulary in which case and white space make no difference."""

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[str, int] = {}  # by the text as it was written

    def numbers(self, texts: Iterable[str]) -> Ints:
        known = self._written
        found = []
        for text in texts:
            number = known.get(text)
            if number is None:
                number = known[text] = self.number(" ".join(text.casefold().split()))
            found.append(number)
        return np.array(found, np.int64)


@dataclass(frozen=True, slots=True)
class Vocabularies:
    """What the numbers of the columns stand for. contenders: ids of versions."""

    comparisons: Vocabulary = field(default_factory=Vocabulary)
    voters: Vocabulary = field(default_factory=Vocabulary)
    questions: Vocabulary = field(default_factory=Wordings)
    contenders: Vocabulary = field(default_factory=Vocabulary)
    documents: Vocabulary = field(default_factory=lambda: Vocabulary(NO_DOCUMENT))


@dataclass(frozen=True, slots=True, eq=False)
class VoteColumns:
    """n votes, oldest first.

    comparisons, voters, questions: (n,) numbers. contenders: (n, 2), of the left side and the
    right. outcomes: (n,), FIRST where the left side was better. blind: (n,). times: (n,)
    microseconds since 1970 in UTC. marks: (n,) mappings by side; marked: (n,) which have any.
    lengths: (n, 2) characters. seconds: (n, 2) until the answer was whole. documents: (n, 2), the
    first that each answer cites, NOT_CITED where it cites none.
    """

    comparisons: Ints
    voters: Ints
    questions: Ints
    contenders: Ints
    outcomes: Ints
    blind: Bools
    times: Ints
    marks: NDArray[np.object_]
    marked: Bools
    lengths: Ints
    seconds: Floats
    documents: Ints

    def __len__(self) -> int:
        return len(self.outcomes)

    def chosen(self, rows: Bools | Ints) -> VoteColumns:
        """Some of them: a mask of (n,), or their positions."""
        return VoteColumns(*(getattr(self, one.name)[rows] for one in fields(self)))

    def joined(self, later: VoteColumns) -> VoteColumns:
        """With those of `later` behind these."""
        return VoteColumns(
            *(
                np.concatenate((getattr(self, one.name), getattr(later, one.name)))
                for one in fields(self)
            )
        )


def columns_of(read: JudgementColumns, known: Vocabularies) -> VoteColumns:
    """Votes in whatever order; `known` learns their texts."""
    made = VoteColumns(
        comparisons=known.comparisons.numbers(read.comparison_ids),
        voters=known.voters.numbers(read.voters),
        questions=known.questions.numbers(read.questions),
        contenders=_sides(*(known.contenders.numbers(side) for side in (read.left, read.right))),
        outcomes=np.array([OUTCOMES[choice] for choice in read.choices], np.int64),
        blind=np.array(read.blind, np.bool_),
        times=np.array(read.times, np.int64),
        marks=_objects(read.marks),
        marked=np.array([bool(one) for one in read.marks], np.bool_),
        lengths=_sides(np.array(read.left_lengths), np.array(read.right_lengths)),
        seconds=np.stack((read.left_seconds, read.right_seconds), axis=1, dtype=np.float64),
        documents=_sides(
            *(_documents(side, known) for side in (read.left_documents, read.right_documents))
        ),
    )
    return made.chosen(_order(made, read))


def _order(made: VoteColumns, read: JudgementColumns) -> Ints:
    """By time; votes of one moment by comparison, voter, and the blind one first."""
    order = np.argsort(made.times, kind="stable")
    if np.all(np.diff(made.times[order])):
        return order
    ids, voters, open_ = read.comparison_ids, read.voters, (~made.blind).tolist()

    def key(row: int) -> tuple[int, str, str, bool]:
        return read.times[row], ids[row], voters[row], open_[row]

    return np.array(sorted(range(len(made)), key=key), np.int64)


def _sides(left: Ints, right: Ints) -> Ints:
    return np.stack((left, right), axis=1).astype(np.int64)


def _documents(names: Iterable[str | None], known: Vocabularies) -> Ints:
    number = known.documents.number
    return np.array([NOT_CITED if name is None else number(name) for name in names], np.int64)


def _objects(values: Iterable[object]) -> NDArray[np.object_]:
    held = list(values)
    made = np.empty(len(held), np.object_)
    made[:] = held
    return made
