"""How well each contender answers the test questions, and what the pairs' tests say.

Of each kind the version that was evaluated last counts, with all evaluations of that version: a
question asked twice counts once, as answered last.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, pstdev
from weakref import WeakKeyDictionary

from assistant.evaluation.records import Evaluation, Latency
from assistant.evaluation.significance import metric_mean
from assistant.records import KINDS, Contender, ContenderKind
from assistant.store import Store
from assistant.verdict.evidence import Measured, QualityDifference
from retrieval.questions import Question
from retrieval.statistics import holm, paired_bootstrap, questions_needed

_MOST_QUESTIONS_NEEDED = 100_000

Scores = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class KindQuality:
    """What is known of the version of a kind that was evaluated last.

    right: for each question, by its words, how well it was handled, in [0, 1].
    """

    contender: Contender
    right: Mapping[str, float]
    quality: Measured
    by_set: tuple[tuple[str, Measured], ...]
    grounded: Measured | None
    refused_rightly: Measured | None
    latency: Latency | None


@dataclass(frozen=True, slots=True)
class Quality:
    """kinds: those evaluated. differences: first minus second, for each pair of them."""

    kinds: Mapping[ContenderKind, KindQuality]
    differences: Mapping[tuple[ContenderKind, ContenderKind], QualityDifference]
    evaluations: tuple[Evaluation, ...]


def handled_rightly(question: Question, scores: Scores) -> float | None:
    """How well a question was handled, in [0, 1]; None where nothing says.

    A question in scope by fact recall, one out of scope by whether it was refused.
    """
    return scores.get("fact_recall" if question.in_scope else "refusal")


def quality(store: Store, assistant_id: str) -> Quality:
    """Read and compute; of finished evaluations seen before nothing is read again."""
    with _lock:
        kept = _kept.setdefault(store, {}).setdefault(assistant_id, _Kept())
    return kept.quality(store, assistant_id)


_Scored = tuple[str, Question, str, Scores]
"""A question by its words, the question, the id of a contender, and how its answer scores."""


class _Kept:
    """What was made of the evaluations of one assistant; one thread makes it, others wait."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._key: tuple[str, ...] | None = None
        self._scores: dict[str, list[_Scored]] = {}
        self._made: Quality | None = None

    def quality(self, store: Store, assistant_id: str) -> Quality:
        with self._making:
            finished = [one for one in store.evaluations(assistant_id) if one.finished_at]
            used = _used(finished)
            key = tuple(evaluation.id for evaluation in used)
            if self._made is None or self._key != key:
                self._scores = {one: self._scores.get(one) or _scores(store, one) for one in key}
                splits = {one.id: one.split for one in store.examples(assistant_id)}
                self._made = _computed(used, self._scores, splits)
                self._key = key
            return self._made


_kept: WeakKeyDictionary[Store, dict[str, _Kept]] = WeakKeyDictionary()
_lock = threading.Lock()


def _scores(store: Store, evaluation_id: str) -> list[_Scored]:
    return [
        (" ".join(question.question.split()).casefold(), question, contender_id, scores)
        for question, contender_id, scores in store.evaluation_scores(evaluation_id)
    ]


def _used(finished: Sequence[Evaluation]) -> list[Evaluation]:
    """Those, newest first, that hold the version evaluated last of some kind."""
    current = set(_versions(finished).values())
    return [one for one in finished if any(each.id in current for each in one.contenders)]


def _versions(finished: Sequence[Evaluation]) -> dict[ContenderKind, str]:
    """The contender id of each kind's version that was evaluated last. finished: newest first."""
    versions: dict[ContenderKind, str] = {}
    for evaluation in finished:
        for contender in evaluation.contenders:
            versions.setdefault(contender.kind, contender.id)
    return versions


@dataclass(slots=True)
class _Answered:
    """Scores of one version: of each question, by its words, the set and the scores."""

    contender: Contender
    latency: Latency | None
    answers: dict[str, tuple[str, Question, Scores]]


def _computed(
    used: Sequence[Evaluation],
    scores: Mapping[str, Sequence[_Scored]],
    splits: Mapping[str, str],
) -> Quality:
    """splits: that of each example of the assistant, by its id."""
    answered = _answered(used, scores)
    kinds = {
        kind: made
        for kind in KINDS
        if kind in answered and (made := _kind_quality(answered[kind], splits)) is not None
    }
    return Quality(kinds, _differences(kinds), tuple(used))


def _answered(
    used: Sequence[Evaluation], scored: Mapping[str, Sequence[_Scored]]
) -> dict[ContenderKind, _Answered]:
    current = {version: kind for kind, version in _versions(used).items()}
    answered: dict[ContenderKind, _Answered] = {}
    for evaluation in used:  # newest first, so that the first answer to a question is the last
        for contender in evaluation.contenders:
            if contender.id in current:
                one = answered.setdefault(contender.kind, _Answered(contender, None, {}))
                one.latency = one.latency or evaluation.summary.latency.get(contender.id)
        for asked, question, contender_id, scores in scored[evaluation.id]:
            if contender_id in current:
                answers = answered[current[contender_id]].answers
                answers.setdefault(asked, (evaluation.question_set, question, scores))
    return answered


def _kind_quality(own: _Answered, splits: Mapping[str, str]) -> KindQuality | None:
    right: dict[str, float] = {}
    by_set: dict[str, list[float]] = {}
    grounded: list[float] = []
    refused: list[float] = []
    for asked, (question_set, question, scores) in own.answers.items():
        value = handled_rightly(question, scores)
        if value is None:
            continue
        right[asked] = value
        name = _set_name(splits.get(question.id, question_set), question)
        by_set.setdefault(name, []).append(value)
        if "groundedness" in scores:
            grounded.append(scores["groundedness"])
        if not question.in_scope:
            refused.append(value)
    if not right:
        return None
    return KindQuality(
        contender=own.contender,
        right=right,
        quality=_measured(list(right.values())),
        by_set=tuple((name, _measured(values)) for name, values in sorted(by_set.items())),
        grounded=_measured(grounded) if grounded else None,
        refused_rightly=_measured(refused) if refused else None,
        latency=own.latency,
    )


def _set_name(question_set: str, question: Question) -> str:
    """Recall and generalisation are told apart, also where all own tests were asked together."""
    return question_set if question.in_scope else "out_of_scope"


def _measured(values: Sequence[float]) -> Measured:
    mean = metric_mean(values)
    return Measured(mean.mean, mean.low, mean.high, mean.n)


def _differences(
    kinds: Mapping[ContenderKind, KindQuality],
) -> dict[tuple[ContenderKind, ContenderKind], QualityDifference]:
    found = {}
    for first, second in combinations(kinds, 2):
        one, other = kinds[first].right, kinds[second].right
        shared = [asked for asked in one if asked in other]
        if shared:
            found[first, second] = ([one[a] for a in shared], [other[a] for a in shared])
    tests = {pair: paired_bootstrap(*values) for pair, values in found.items()}
    adjusted = holm([test.p_value for test in tests.values()])
    return {
        pair: QualityDifference(
            test.difference, test.low, test.high, p_value, test.n, _needed(*found[pair])
        )
        for (pair, test), p_value in zip(tests.items(), adjusted, strict=True)
    }


def _needed(one: Sequence[float], other: Sequence[float]) -> int | None:
    """Questions to find a difference of the size seen; None where there is hardly any."""
    differences = [a - b for a, b in zip(one, other, strict=True)]
    mean = fmean(differences)
    if not mean:
        return None
    needed = questions_needed(mean, pstdev(differences))
    return needed if needed <= _MOST_QUESTIONS_NEEDED else None
