"""What is made ready behind the page: the sample assistant at a first start, the base model, and
what the results tab shows.

The server is up before any of it begins; the page shows how far it is, and a question asked
meanwhile waits here and is then answered.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.errors import DuetError
from assistant.ratings.judgements import judgements
from assistant.ratings.report import report
from assistant.records import Assistant
from assistant.sample import make_sample, sample_id, sample_wanted
from assistant.ui.notices import sentence_of
from assistant.verdict.quality import quality
from assistant.workspace import Workspace

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class Stage:
    """What is being made ready, in words, and the share of it that is done, in [0, 1]."""

    text: str
    share: float


class Preparation:
    """Makes the sample and loads models, in threads of its own, and says how far it is."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._stage: Stage | None = None
        self._sample: threading.Thread | None = None
        self._loading: dict[str, threading.Thread] = {}
        self._failures: dict[str, Exception] = {}
        self._reading: dict[str, threading.Thread] = {}
        self._started = False
        self.sample_failure = ""

    @property
    def stage(self) -> Stage | None:
        """What is being made ready now; None when nothing is."""
        return self._stage

    @property
    def making_sample(self) -> bool:
        """Whether the sample is still being made."""
        return self._sample is not None and self._sample.is_alive()

    def makes(self, assistant: Assistant) -> bool:
        """Whether this assistant is the sample, and still being made."""
        return self.making_sample and assistant.id == sample_id(self._workspace)

    def start(self) -> None:
        """Make the sample where it is wanted, then load the model of the assistant there is."""
        self._started = True
        self._sample = threading.Thread(target=self._first, name="duet-sample", daemon=True)
        self._sample.start()

    def first_assistant(self, cancelled: threading.Event) -> Iterator[Stage | Assistant]:
        """Stages until there is an assistant to ask, then that assistant; ends early if cancelled.

        Raises DuetError where the sample could not be made and there is no other.
        """
        while self.making_sample and not cancelled.is_set():
            yield self._stage or Stage("The sample assistant is being made", 0.0)
            cancelled.wait(_POLL_SECONDS)
        known = self._workspace.assistants()
        if not known:
            raise DuetError(self.sample_failure or "There is no assistant yet: make one first.")
        yield known[0]

    def ready(self, assistant: Assistant, cancelled: threading.Event) -> Iterator[Stage]:
        """Stages while the assistant's base model is loaded; at once done where it is resident.

        Raises ModelError where it cannot be had.
        """
        thread = self._load(assistant)
        while thread is not None and thread.is_alive() and not cancelled.is_set():
            yield self._stage or Stage("The model is being loaded", 0.0)
            thread.join(_POLL_SECONDS)
        failure = self._failures.pop(assistant.base_model, None)
        if failure is not None:
            raise failure

    def read_results(self, assistant: Assistant) -> None:
        """Read the votes and the evaluations in a thread, so that the results tab finds them read.

        The tab itself reads what came since, so that it never shows less than there is. Nothing is
        done where no server was started, or while an earlier reading is going on.
        """
        with self._lock:
            going = self._reading.get(assistant.id)
            if not self._started or (going is not None and going.is_alive()):
                return
            self._reading[assistant.id] = threading.Thread(
                target=self._read, args=(assistant,), name="duet-results", daemon=True
            )
            self._reading[assistant.id].start()

    def _read(self, assistant: Assistant) -> None:
        try:
            report(judgements(self._workspace.store, assistant.id))
            quality(self._workspace.store, assistant.id)
        except Exception as error:
            logger.info("the results were not read beforehand: %s", error)

    def _first(self) -> None:
        try:
            if sample_wanted(self._workspace):
                make_sample(self._workspace, self._report)
        except Exception as error:
            self.sample_failure = sentence_of(error)
            logger.warning("the sample was not made: %s", self.sample_failure)
        finally:
            self._stage = None
        known = self._workspace.assistants()
        if known:
            self._load(known[0])
        for assistant in known:
            self.read_results(assistant)

    def _load(self, assistant: Assistant) -> threading.Thread | None:
        """Begin to load the model, or join in where that has begun; None where it is resident."""
        if self._workspace.backend_ready(assistant):
            return None
        with self._lock:
            going = self._loading.get(assistant.base_model)
            if going is None or not going.is_alive():
                self._failures.pop(assistant.base_model, None)
                going = threading.Thread(
                    target=self._loaded, args=(assistant,), name="duet-model", daemon=True
                )
                self._loading[assistant.base_model] = going
                going.start()
            return going

    def _loaded(self, assistant: Assistant) -> None:
        try:
            self._workspace.warm(assistant, self._report)
        except Exception as error:
            logger.warning("the model was not loaded: %s", error)
            self._failures[assistant.base_model] = error
        finally:
            self._stage = None

    def _report(self, text: str, share: float) -> None:
        self._stage = Stage(text, share)
