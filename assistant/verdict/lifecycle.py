"""The life of an assistant as a line of versions: data, run, evaluation, votes, decision, next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Literal

from assistant.evaluation.records import Evaluation
from assistant.records import Decision
from assistant.runs import Run
from assistant.verdict.recommendation import Step, name
from retrieval.documents import Document

StageKind = Literal["data", "run", "evaluation", "votes", "decision", "next"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One version, or what comes next. at: when it was made; None for what comes next."""

    kind: StageKind
    title: str
    detail: str
    at: datetime | None


def lifecycle(
    documents: Sequence[Document],
    runs: Sequence[Run],
    evaluations: Sequence[Evaluation],
    blind_votes: Sequence[datetime],
    decisions: Sequence[Decision],
    next_step: Step,
) -> tuple[Stage, ...]:
    """All stages, oldest first, and the next step at the end. blind_votes: when each was given."""
    stages = [
        *_data(documents),
        *map(_run, runs),
        *(_evaluation(one) for one in evaluations if one.finished_at is not None),
        *_votes(blind_votes, [run.created_at for run in runs]),
        *map(_decision, decisions),
    ]
    stages.sort(key=lambda stage: stage.at or datetime.max.replace(tzinfo=UTC))
    return (*stages, Stage("next", "Next", next_step.sentence, None))


def _data(documents: Sequence[Document]) -> Iterable[Stage]:
    """A stage for each day on which documents came that are still here."""
    ordered = sorted(documents, key=lambda document: document.added_at)
    known = 0
    for _, group in groupby(ordered, key=lambda document: document.added_at.date()):
        own = list(group)
        known += len(own)
        replaced = sum(document.version > 1 for document in own)
        detail = f"{_counted(len(own), 'document')} of {known}"
        if replaced:
            detail += f", {replaced} in a new version"
        yield Stage("data", "Documents", detail, own[-1].added_at)


def _run(run: Run) -> Stage:
    rows = run.rows.get("train", 0)
    state = "" if run.state == "done" else f", {run.state}"
    return Stage("run", f"Run {run.id}", f"{_counted(rows, 'training row')}{state}", run.created_at)


def _evaluation(one: Evaluation) -> Stage:
    kinds = ", ".join(contender.kind for contender in one.contenders)
    detail = f"{_counted(one.questions, 'question')} to {kinds}"
    return Stage("evaluation", f"Evaluation on {one.question_set}", detail, one.created_at)


def _votes(given: Sequence[datetime], runs: Sequence[datetime]) -> Iterable[Stage]:
    """The votes between one run and the next, dated by the last of them."""
    ordered = sorted(given)
    starts = sorted(runs)

    def after(vote: datetime) -> int:
        return sum(start <= vote for start in starts)

    for _, group in groupby(ordered, key=after):
        own = list(group)
        yield Stage("votes", "Votes", _counted(len(own), "blind vote"), own[-1])


def _decision(decision: Decision) -> Stage:
    chosen = name(decision.kind)
    detail = f"{chosen[0].upper()}{chosen[1:]} was chosen; the evidence was {decision.certainty}."
    return Stage("decision", "Decision", f"{detail} {decision.note}".strip(), decision.created_at)


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"
