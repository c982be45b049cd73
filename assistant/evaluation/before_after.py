"""Two contenders on the same questions: what was fixed, what broke, what stayed right or wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from assistant.errors import InvalidRequest
from assistant.evaluation.error_classes import ClassedAnswer, ErrorClass
from assistant.question_groups import question_type, topics
from assistant.records import Contender
from retrieval.questions import Question
from retrieval.statistics import mcnemar

Outcome = Literal["fixed", "broken", "still_wrong", "still_right"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

_NO_DOCUMENT = "no document named"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one question. topic: a word that it shares with others, or "other"."""

    before: ClassedAnswer
    after: ClassedAnswer
    topic: str

    @property
    def question(self) -> Question:
        return self.before.evaluated.question

    @property
    def outcome(self) -> Outcome:
        if self.after.right:
            return "still_right" if self.before.right else "fixed"
        return "broken" if self.before.right else "still_wrong"

    @property
    def document(self) -> str:
        """The document that answers the question, where that is known."""
        if self.question.document:
            return self.question.document
        for one in (self.before, self.after):
            if one.passage is not None:
                return one.passage.document
        return _NO_DOCUMENT


@dataclass(frozen=True, slots=True)
class GroupCount:
    """Questions of one group (a document, a topic or a type) by outcome."""

    group: str
    fixed: int
    broken: int
    still_wrong: int
    still_right: int

    @property
    def n(self) -> int:
        return self.fixed + self.broken + self.still_wrong + self.still_right


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """Two contenders on the questions that both were asked.

    p_value: two-sided exact McNemar test that fixed and broken are equally likely; 1 where neither
    happened. unjudged: questions left out because an answer of theirs could not be judged.
    unpaired: questions that only one of the two was asked.
    """

    before: Contender
    after: Contender
    changes: tuple[Change, ...]
    p_value: float
    unjudged: int
    unpaired: int

    def of(self, outcome: Outcome) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.outcome == outcome)

    @property
    def total(self) -> GroupCount:
        return _count("all", self.changes)

    def by_document(self) -> list[GroupCount]:
        return _by(self.changes, lambda change: change.document)

    def by_topic(self) -> list[GroupCount]:
        return _by(self.changes, lambda change: change.topic)

    def by_type(self) -> list[GroupCount]:
        return _by(self.changes, lambda change: question_type(change.question.question))

    def moves(self) -> list[tuple[ErrorClass, ErrorClass, int]]:
        """From which class into which, most frequent first."""
        counts = Counter(
            (change.before.error_class, change.after.error_class) for change in self.changes
        )
        return [(old, new, count) for (old, new), count in counts.most_common()]


def before_after(before: Sequence[ClassedAnswer], after: Sequence[ClassedAnswer]) -> BeforeAfter:
    """Pair the answers of two contenders by the question's words and reference answers.

    The two may come from two evaluations, in which one question may have two ids. Raises
    InvalidRequest where either side is empty, or no question was put to both.
    """
    if not before or not after:
        raise InvalidRequest(
            "One of the two contenders has no answers to compare: evaluate both on the same "
            "questions first."
        )
    old, new = _by_question(before), _by_question(after)
    common = [key for key in old if key in new]
    if not common:
        raise InvalidRequest(
            "The two contenders were asked no question in common: evaluate both on the same "
            "questions, then compare."
        )
    judged = [
        key for key in common if "unjudged" not in (old[key].error_class, new[key].error_class)
    ]
    subjects = topics([old[key].evaluated.question.question for key in judged])
    changes = tuple(
        Change(old[key], new[key], topic) for key, topic in zip(judged, subjects, strict=True)
    )
    p_value = 1.0
    if changes:
        p_value = mcnemar(
            [change.before.right for change in changes], [change.after.right for change in changes]
        )
    return BeforeAfter(
        before=before[0].evaluated.answer.contender,
        after=after[0].evaluated.answer.contender,
        changes=changes,
        p_value=p_value,
        unjudged=len(common) - len(judged),
        unpaired=len(old) + len(new) - 2 * len(common),
    )


def class_counts(classed: Iterable[ClassedAnswer]) -> dict[ErrorClass, int]:
    """How many answers are of each class that occurs, most frequent first."""
    return dict(Counter(one.error_class for one in classed).most_common())


def _by_question(classed: Sequence[ClassedAnswer]) -> dict[object, ClassedAnswer]:
    found: dict[object, ClassedAnswer] = {}
    for one in classed:
        question = one.evaluated.question
        words = " ".join(question.question.split()).casefold()
        found.setdefault((words, question.answers, question.in_scope), one)
    return found


def _by(changes: Sequence[Change], key: Callable[[Change], str]) -> list[GroupCount]:
    """Largest group first."""
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(key(change), []).append(change)
    counted = [_count(name, own) for name, own in groups.items()]
    return sorted(counted, key=lambda one: (-one.n, one.group))


def _count(name: str, changes: Sequence[Change]) -> GroupCount:
    counts = Counter(change.outcome for change in changes)
    return GroupCount(name, *(counts[outcome] for outcome in OUTCOMES))
