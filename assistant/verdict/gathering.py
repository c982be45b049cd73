"""The evidence of one assistant, read from its store, its runs and its documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations

import numpy as np

from assistant.errors import InvalidRequest, documents_mapped
from assistant.evaluation.question_sets import own_question_set
from assistant.ratings.judgements import Judgements, judgements
from assistant.ratings.records import Pair, Ratings
from assistant.ratings.report import kind_ratings
from assistant.records import KINDS, Assistant, ContenderKind, Decision
from assistant.registry.sources import learned
from assistant.runs import Run
from assistant.verdict.evidence import (
    ContenderEvidence,
    Evidence,
    PairEvidence,
    Preference,
    VoteDifference,
)
from assistant.verdict.lifecycle import Stage, lifecycle
from assistant.verdict.quality import Quality, quality
from assistant.verdict.recommendation import Recommendation, name, recommend
from assistant.workspace import Workspace
from retrieval.documents import Document


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is recommended, on what evidence, and how it came to be.

    outdated: sentences about evidence that is of earlier versions than those in use.
    """

    assistant: Assistant
    recommendation: Recommendation
    evidence: Evidence
    outdated: tuple[str, ...]
    stages: tuple[Stage, ...]
    decisions: tuple[Decision, ...]


def verdict(workspace: Workspace, assistant: Assistant) -> Verdict:
    """The verdict as things stand. Raises DocumentsError, StoreError."""
    store = workspace.store
    with documents_mapped():
        documents = workspace.corpus(assistant).documents()
    runs = workspace.runs(assistant).list()
    measured = quality(store, assistant.id)
    votes = judgements(store, assistant.id)
    rated = kind_ratings(votes)
    outdated = _outdated(workspace, assistant, measured, votes)
    evidence = replace(
        _evidence(workspace, assistant, documents, runs, measured, rated),
        outdated=tuple(outdated),
    )
    recommendation = recommend(evidence)
    decisions = store.decisions(assistant.id)
    return Verdict(
        assistant=assistant,
        recommendation=recommendation,
        evidence=evidence,
        outdated=tuple(outdated.values()),
        stages=lifecycle(
            documents,
            runs,
            measured.evaluations,
            _blind_times(votes),
            decisions,
            recommendation.next_step,
        ),
        decisions=tuple(decisions),
    )


def _evidence(
    workspace: Workspace,
    assistant: Assistant,
    documents: Sequence[Document],
    runs: Sequence[Run],
    measured: Quality,
    rated: Ratings,
) -> Evidence:
    usable = next((run for run in runs if run.usable), None)
    known = learned(workspace, assistant, usable) if usable else None
    stale = known.stale_documents if known else ()
    contenders = tuple(
        _contender(workspace, assistant, kind, measured, rated, usable, stale)
        for kind in KINDS
        if kind in measured.kinds
        or _preference(kind, rated) is not None
        or _can_answer(kind, documents, usable)
    )
    pairs = tuple(
        pair
        for first, second in combinations(KINDS, 2)
        if (pair := _pair(first, second, measured, rated)) is not None
    )
    return Evidence(
        contenders=contenders,
        pairs=pairs,
        unused_questions=_unused(workspace, assistant, measured),
        has_documents=bool(documents),
        has_run=usable is not None,
        stale_examples=known.stale if known else 0,
    )


def _can_answer(kind: ContenderKind, documents: Sequence[Document], usable: Run | None) -> bool:
    return (kind in ("base", "tuned") or bool(documents)) and (
        kind in ("base", "rag") or usable is not None
    )


def _contender(
    workspace: Workspace,
    assistant: Assistant,
    kind: ContenderKind,
    measured: Quality,
    rated: Ratings,
    usable: Run | None,
    stale: Sequence[str],
) -> ContenderEvidence:
    own = measured.kinds.get(kind)
    latency = own.latency if own else None
    return ContenderEvidence(
        kind=kind,
        contender_id=own.contender.id if own else "",
        quality=own.quality if own else None,
        quality_by_set=own.by_set if own else (),
        grounded=own.grounded if own else None,
        refused_rightly=own.refused_rightly if own else None,
        preference=_preference(kind, rated),
        first_word_seconds=latency.first_token if latency else None,
        answer_seconds=latency.whole if latency else None,
        memory_gib=latency.memory_gib if latency else None,
        build_minutes=_build_minutes(workspace, assistant, kind, usable),
        freshness=freshness(kind, stale),
    )


def _preference(kind: ContenderKind, rated: Ratings) -> Preference | None:
    found = rated.of(kind)
    if found is None or found.rating is None or found.low is None or found.high is None:
        return None
    return Preference(found.rating, found.low, found.high, found.n)


def _pair(
    first: ContenderKind, second: ContenderKind, measured: Quality, rated: Ratings
) -> PairEvidence | None:
    tested = measured.differences.get((first, second))
    voted = rated.pair(first, second)
    if tested is None and voted is None:
        return None
    return PairEvidence(first, second, tested, _vote_difference(voted, first) if voted else None)


def _vote_difference(pair: Pair, first: ContenderKind) -> VoteDifference:
    """The pair seen from `first`."""
    ties = pair.ties + pair.both_bad
    if pair.first == first:
        return VoteDifference(pair.wins, pair.losses, ties, pair.low, pair.high, pair.more_needed)
    return VoteDifference(
        pair.losses, pair.wins, ties, 1 - pair.high, 1 - pair.low, pair.more_needed
    )


def _build_minutes(
    workspace: Workspace, assistant: Assistant, kind: ContenderKind, usable: Run | None
) -> float | None:
    """Minutes of indexing, of training, or of both; None where one of them was not measured."""
    if kind == "base":
        return None
    minutes = 0.0
    if kind in ("rag", "tuned+rag"):
        with documents_mapped():
            seconds = workspace.corpus(assistant).indexing_seconds
        if seconds is None:
            return None
        minutes += seconds / 60
    if kind in ("tuned", "tuned+rag"):
        if usable is None or not usable.steps:
            return None
        minutes += usable.steps[-1].seconds / 60
    return minutes


def freshness(kind: ContenderKind, stale: Sequence[str]) -> str:
    """What happens to this kind of contender when a document changes."""
    follows = "answers from a changed document as soon as it is indexed"
    if kind == "base":
        return "Knows none of the documents."
    if kind == "rag":
        return f"{follows[0].upper()}{follows[1:]}."
    count = f"{len(stale)} document{'' if len(stale) == 1 else 's'}"
    learned = (
        f"learned from {count} that changed or went since"
        if stale
        else "learned from the documents as they are now, and not from later changes"
    )
    if kind == "tuned":
        return f"{learned[0].upper()}{learned[1:]}."
    return f"{follows[0].upper()}{follows[1:]}; its tuned part {learned}."


def _unused(workspace: Workspace, assistant: Assistant, measured: Quality) -> int:
    """Test questions that were not put to at least two contenders."""
    store = workspace.store
    try:
        own = own_question_set(
            "all", store.examples(assistant.id), store.question_sets(assistant.id)
        )
    except InvalidRequest:
        return 0
    asked = [set(kind.right) for kind in measured.kinds.values()]
    return sum(
        sum(" ".join(question.question.split()).casefold() in one for one in asked) < 2
        for question in own.questions
    )


def _outdated(
    workspace: Workspace, assistant: Assistant, measured: Quality, votes: Judgements
) -> dict[ContenderKind, str]:
    """For each kind whose evidence is of another version than the one in use, a sentence."""
    said: dict[ContenderKind, str] = {}
    for kind in KINDS:
        own = measured.kinds.get(kind)
        blind, of_version = _blind_votes(votes, kind)
        if own is None and not blind:
            continue
        if workspace.unavailable(assistant, kind):
            said[kind] = (
                f"What was measured of {name(kind)} is of a version that is gone: its run or its "
                "documents were deleted."
            )
            continue
        current = workspace.contender(assistant, kind).id
        if own is not None and own.contender.id != current:
            said[kind] = (
                f"The tests of {name(kind)} are of an earlier version: its documents, run, prompt "
                "or settings have changed since, so evaluate it again."
            )
        elif 2 * of_version.get(current, 0) < blind:
            older = blind - of_version.get(current, 0)
            said[kind] = (
                f"{older:,} of {blind:,} blind votes on {name(kind)} are of earlier versions than "
                "the one in use: vote on that one too."
            )
    return said


def _blind_votes(votes: Judgements, kind: ContenderKind) -> tuple[int, dict[str, int]]:
    """Blind votes on a kind, and how many of them each of its versions had."""
    sides = np.concatenate([votes.left[votes.blind], votes.right[votes.blind]])
    counts = np.bincount(sides, minlength=len(votes.contenders)).tolist()
    own = {
        one.id: count
        for one, count in zip(votes.contenders, counts, strict=True)
        if one.kind == kind
    }
    return sum(own.values()), own


def _blind_times(votes: Judgements) -> list[datetime]:
    moments = votes.columns.times[votes.blind].astype("datetime64[us]").tolist()
    return [moment.replace(tzinfo=UTC) for moment in moments]
