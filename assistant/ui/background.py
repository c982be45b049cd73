"""Work that a person asked for and may leave: one thing at a time for each assistant.

Closing the page stops nothing: whoever opens it again finds the work where it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from assistant.drawing.words import duration
from assistant.ui.notices import notice, progress, sentence_of

Report = Callable[[str, float], None]
Action = Callable[[Report, threading.Event], str]

_SOONEST = 2.0  # seconds of a stage before its end is guessed


@dataclass(frozen=True, slots=True)
class Work:
    """How far it is, or how it ended. share: of the stage at hand, in [0, 1], None where unknown.

    seconds_left: of this stage. said: the sentence at its end. failure: why it ended early.
    """

    active: bool = False
    stage: str = ""
    share: float | None = None
    seconds_left: float | None = None
    said: str = ""
    failure: str = ""


@dataclass(slots=True)
class _Job:
    state: Work
    cancelled: threading.Event = field(default_factory=threading.Event)
    stage_began: float = field(default_factory=time.monotonic)


class Background:
    """Runs actions in threads, at most one for each assistant."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}

    def state(self, assistant_id: str) -> Work:
        """How far it is, or how the last one ended."""
        with self._lock:
            job = self._jobs.get(assistant_id)
            return Work() if job is None else job.state

    def start(self, assistant_id: str, stage: str, action: Action) -> bool:
        """Begin; False where something is going already. The action returns what to say."""
        with self._lock:
            known = self._jobs.get(assistant_id)
            if known is not None and known.state.active:
                return False
            job = self._jobs[assistant_id] = _Job(Work(active=True, stage=stage))
        threading.Thread(target=_run, args=(job, action), name=self._name, daemon=True).start()
        return True

    def stop(self, assistant_id: str) -> None:
        """Ask it to end after the step at hand."""
        with self._lock:
            job = self._jobs.get(assistant_id)
        if job is not None:
            job.cancelled.set()


def work_html(state: Work) -> str:
    """How far the work is, or how it ended."""
    if not state.active:
        return notice(state.failure, "bad") + notice(state.said, "good")
    left = f"About {duration(state.seconds_left)} left." if state.seconds_left else ""
    return progress(state.stage, state.share, left)


def _run(job: _Job, action: Action) -> None:
    def report(stage: str, share: float) -> None:
        now = time.monotonic()
        if stage != job.state.stage:
            job.stage_began = now
        passed = now - job.stage_began
        known = passed >= _SOONEST and share > 0
        left = passed * (1 - share) / share if known else None
        job.state = replace(job.state, stage=stage, share=share, seconds_left=left)

    said = failure = ""
    try:
        said = action(report, job.cancelled)
    except Exception as error:
        failure = sentence_of(error)
    job.state = Work(said=said, failure=failure)
