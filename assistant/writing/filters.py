"""Which candidates are kept, and why the others are not.

The same checks hold for examples written by rule and with a model: the passage supports the answer,
the question neither gives it away nor points at a text, reads like a question, and has no other
answer anywhere else. A question that does not find its own passage is kept and marked ambiguous.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.examples import near_duplicates
from assistant.facts import content_words, sentence_spans
from assistant.recall import needed_values
from assistant.support import claim, needs_support
from assistant.writing.candidates import Candidate
from assistant.writing.form import badly_formed, broken_off, points_at_passage

AMBIGUOUS = "ambiguous"
SUPPORT = 0.7
"""Share of the content words of each sentence of an answer that its passage must hold."""
SHOWN_PASSAGES = 4
"""A question whose own passage ranks behind this many is ambiguous."""

_SAMPLES = 3

Ranks = Callable[[Sequence[str], Sequence[int]], Sequence[int | None]]
"""From questions and the ids of their own passages to the rank of that passage in the assistant's
search, 1 for the best; None where it is not among those searched for."""

Reason = Literal[
    "not supported by the passage",
    "gives the answer away",
    "points at the passage",
    "badly formed",
    "asked with another answer",
    "repeated",
]


@dataclass(frozen=True, slots=True)
class Kept:
    """A candidate that passed. scores: `support`, the share of the answer's content words that the
    passage holds; `overlap`, of those that the question holds; `rank`, of its own passage, where it
    was found. flags: "ambiguous" where the search does not bring its own passage."""

    candidate: Candidate
    scores: Mapping[str, float]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """A candidate that was not kept. detail: what was wrong in words, "" where the reason says."""

    candidate: Candidate
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DropCount:
    """So many were dropped for one reason; samples: the questions of a few."""

    reason: Reason
    count: int
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sifted:
    """What passed the filters, in the order given, and what did not."""

    kept: tuple[Kept, ...]
    dropped: tuple[Dropped, ...]

    @property
    def report(self) -> tuple[DropCount, ...]:
        """The reasons with their counts, the most frequent first."""
        return drop_counts(self.dropped)


def drop_counts(dropped: Sequence[Dropped]) -> tuple[DropCount, ...]:
    """The reasons with their counts and a few samples, the most frequent first."""
    counts = Counter(one.reason for one in dropped)
    samples: defaultdict[Reason, list[str]] = defaultdict(list)
    for one in dropped:
        if len(samples[one.reason]) < _SAMPLES:
            samples[one.reason].append(one.candidate.question)
    return tuple(
        DropCount(reason, count, tuple(samples[reason])) for reason, count in counts.most_common()
    )


def sift(candidates: Sequence[Candidate], ranks: Ranks | None = None) -> Sifted:
    """Keep the candidates that pass every check.

    ranks: None leaves the search out, so that nothing is marked ambiguous.
    """
    passed: list[Kept] = []
    dropped: list[Dropped] = []
    seen: set[tuple[str, str]] = set()
    for candidate in candidates:
        checked = _checked(candidate)
        key = (candidate.question.casefold(), candidate.answer)
        if isinstance(checked, Dropped):
            dropped.append(checked)
        elif key in seen:
            dropped.append(Dropped(candidate, "repeated"))
        else:
            seen.add(key)
            passed.append(checked)
    rivals = _with_rivals([one.candidate for one in passed])
    dropped += [
        Dropped(one.candidate, "asked with another answer")
        for place, one in enumerate(passed)
        if place in rivals
    ]
    kept = [one for place, one in enumerate(passed) if place not in rivals]
    return Sifted(tuple(ranked(kept, ranks) if ranks else kept), tuple(dropped))


def ranked(kept: Sequence[Kept], ranks: Ranks) -> list[Kept]:
    """The same with the rank of their own passages, and those marked that do not find them."""
    places = ranks(
        [one.candidate.question for one in kept], [one.candidate.passage.id for one in kept]
    )
    return [_with_rank(one, place) for one, place in zip(kept, places, strict=True)]


def support_share(answer: str, passage: str) -> float:
    """The smallest share of the content words of a sentence of the answer that the passage holds;
    0 where it lacks a number or a name. 1 for an answer that states nothing ("Yes.")."""
    shares = []
    for start, end in sentence_spans(answer):
        sentence = answer[start:end]
        if needs_support(sentence):
            found = claim(sentence, passage)
            shares.append(found.overlap if found else 0.0)
    return min(shares, default=1.0)


def gives_away(question: str, answer: str, value: str = "") -> bool:
    """Whether the question holds what it asks for: the value where that is known, else all that the
    answer says."""
    if value and _bare(value) in _bare(question):
        return True
    needed = needed_values(answer, question)
    if needed.quantities or needed.names:
        return False
    return not content_words(answer) - content_words(question)


def _checked(candidate: Candidate) -> Kept | Dropped:
    support = support_share(candidate.answer, candidate.passage.indexed_text)
    if support < SUPPORT:
        return Dropped(candidate, "not supported by the passage")
    if points_at_passage(candidate.question):
        return Dropped(candidate, "points at the passage")
    if broken_off(candidate.answer):
        return Dropped(candidate, "badly formed", "an answer that breaks off")
    if fault := badly_formed(candidate.question):
        return Dropped(candidate, "badly formed", fault)
    asked_for = candidate.subject if candidate.reverse else candidate.value
    if gives_away(candidate.question, candidate.answer, asked_for):
        return Dropped(candidate, "gives the answer away")
    said = content_words(candidate.answer)
    common = len(said & content_words(candidate.question)) / max(len(said), 1)
    return Kept(candidate, {"support": round(support, 3), "overlap": round(common, 3)})


def _with_rivals(candidates: Sequence[Candidate]) -> set[int]:
    """Places of the questions of which a near-duplicate has another answer."""
    groups = near_duplicates([one.question for one in candidates])
    answers: defaultdict[int, set[str]] = defaultdict(set)
    for one, group in zip(candidates, groups, strict=True):
        answers[group].add(one.answer)
    return {place for place, group in enumerate(groups) if len(answers[group]) > 1}


def _with_rank(one: Kept, rank: int | None) -> Kept:
    scores = {**one.scores, "rank": float(rank)} if rank is not None else one.scores
    flags = () if rank is not None and rank <= SHOWN_PASSAGES else (AMBIGUOUS,)
    return Kept(one.candidate, scores, flags)


def _bare(text: str) -> str:
    return f" {' '.join(text.casefold().strip(' .?!').split())} ".replace("?", " ")
