"""Evaluations in a thread of their own, one for each assistant.

Closing the page stops nothing: whoever opens it again finds the evaluation where it is.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

from assistant.evaluation.planning import Plan
from assistant.evaluation.progress import EvaluationProgress
from assistant.evaluation.runner import evaluate
from assistant.records import Assistant
from assistant.ui.notices import sentence_of
from assistant.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Evaluating:
    """How far an evaluation is. notes: what a person should know. failure: why it ended early."""

    active: bool = False
    progress: EvaluationProgress | None = None
    notes: tuple[str, ...] = ()
    failure: str = ""


@dataclass(slots=True)
class _Job:
    state: Evaluating = field(default_factory=lambda: Evaluating(active=True))
    cancelled: threading.Event = field(default_factory=threading.Event)


class Evaluator:
    """Runs the evaluations that are asked for on the page."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}

    def state(self, assistant_id: str) -> Evaluating:
        """How far it is, or how the last one ended."""
        with self._lock:
            job = self._jobs.get(assistant_id)
            return Evaluating() if job is None else job.state

    def start(self, assistant: Assistant, planned: Plan) -> bool:
        """Begin; False where one of this assistant is going already."""
        with self._lock:
            job = self._jobs.get(assistant.id)
            if job is not None and job.state.active:
                return False
            job = self._jobs[assistant.id] = _Job()
        if planned.note:
            job.state = replace(job.state, notes=(planned.note,))
        threading.Thread(
            target=self._run, args=(assistant, planned, job), name="duet-evaluating", daemon=True
        ).start()
        return True

    def stop(self, assistant_id: str) -> None:
        """Stop after the step at hand; the answers that are whole stay."""
        with self._lock:
            job = self._jobs.get(assistant_id)
        if job is not None:
            job.cancelled.set()

    def _run(self, assistant: Assistant, planned: Plan, job: _Job) -> None:
        def report(progress: EvaluationProgress) -> None:
            notes = (*job.state.notes, progress.note) if progress.note else job.state.notes
            job.state = replace(job.state, progress=progress, notes=notes)

        failure = ""
        try:
            self._workspace.warm(assistant)
            done = evaluate(
                self._workspace,
                assistant,
                planned.questions,
                planned.contenders,
                report,
                job.cancelled,
            )
            if done.finished_at is None:
                failure = "Stopped: the answers that were whole are kept; start it again to go on."
        except Exception as error:
            failure = sentence_of(error)
        job.state = replace(job.state, active=False, progress=None, failure=failure)
