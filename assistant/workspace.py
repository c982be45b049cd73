"""One DUET_HOME: its assistants, their documents and runs, and the models that answer.

The page and the command line are two faces of this class. Models and corpora are opened when first
used and kept, so that importing this module costs no torch.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import threading
import unicodedata
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Self

from assistant.answering import Responder
from assistant.errors import (
    Conflict,
    ExamplesError,
    InvalidRequest,
    NotFound,
    StoreError,
    documents_mapped,
)
from assistant.evaluation.held_out import (
    Written,
    refuse_test_questions,
)
from assistant.generation import Backend
from assistant.guided_start import checked_profile
from assistant.interchange.importing import take_in
from assistant.prompts import default_system_prompt, prompt_fingerprint
from assistant.ratings.judgements import judgements
from assistant.records import (
    NO_PROFILE,
    Assistant,
    Contender,
    ContenderKind,
    Decoding,
    Example,
    Profile,
)
from assistant.runs import Run, Runs, TrainingSettings
from assistant.settings import Settings
from assistant.store import Store
from assistant.tallies import Tallies, tally_of
from assistant.training.queue import RunQueue
from assistant.vector_index import forget_vectors, retriever_over
from assistant.writing.context_rows import context_passages
from assistant.writing.writing import WritingOptions, write_examples
from retrieval.corpus import Corpus, Limits
from retrieval.embedder import Embedder, load_embedder
from retrieval.retriever import Retriever

logger = logging.getLogger(__name__)

Progress = Callable[[str, float], None]
"""Called with a stage in words and the share of it that is done, in [0, 1]."""

_BUILTIN = "builtin"
_LONGEST_NAME = 80


class Workspace:
    """Everything under one DUET_HOME. Safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        backend_for: Callable[[str, Progress], Backend],
        embedder_for: Callable[[str], Embedder],
    ) -> None:
        self.settings = settings
        self.store = store
        self._backend_for = backend_for
        self._embedder_for = embedder_for
        self._lock = threading.RLock()
        self._loading = threading.Lock()
        self._corpora: dict[str, tuple[Corpus, Retriever]] = {}
        self._runs: dict[str, Runs] = {}
        self.queue = RunQueue(settings.home)
        self._embedders: dict[str, Embedder] = {}
        self._backend: tuple[str, Backend] | None = None

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        backend_for: Callable[[str, Progress], Backend] | None = None,
        embedder_for: Callable[[str], Embedder] | None = None,
    ) -> Self:
        """Open the folder, making it where it is missing.

        backend_for: from a base model's name to its backend, the local one by default.
        Raises StoreError where the folder or database cannot be used.
        """
        try:
            settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(
                f"The folder {settings.home} cannot be made ({error.strerror}): "
                "set DUET_HOME to one that can be written."
            ) from error
        return cls(
            settings,
            Store.open(settings.database_url),
            backend_for or _local_backend(settings.models),
            embedder_for
            or (lambda name: load_embedder(name, settings.home / "embedder-backends.json")),
        )

    def close(self) -> None:
        """Close the database and the corpora."""
        with self._lock:
            for corpus, retriever in self._corpora.values():
                retriever.close()
                corpus.close()
            self._corpora.clear()
            self.store.close()

    # Assistants

    def assistants(self) -> list[Assistant]:
        return self.store.assistants()

    def assistant(self, name: str) -> Assistant:
        """The assistant of that id, slug or name. Raises NotFound."""
        known = self.store.assistants()
        for assistant in known:
            if name in (assistant.id, assistant.slug):
                return assistant
        for assistant in known:
            if name.strip().casefold() == assistant.name.casefold():
                return assistant
        raise NotFound(f"There is no assistant “{name}”: `duet list` names those there are.")

    def create(
        self,
        name: str,
        task: str,
        base_model: str = _BUILTIN,
        system_prompt: str = "",
        profile: Profile = NO_PROFILE,
    ) -> Assistant:
        """Make an assistant. Raises InvalidRequest, or Conflict where the name is taken."""
        name, profile = _checked_name(name), checked_profile(profile)
        self._refuse_taken(name)
        assistant = Assistant(
            id=str(uuid.uuid4()),
            slug=self._free_slug(name),
            name=name,
            task=task.strip(),
            system_prompt=system_prompt.strip() or default_system_prompt(name, task, profile),
            base_model=base_model.strip() or _BUILTIN,
            embedder=_BUILTIN,
            created_at=datetime.now(UTC),
            profile=profile,
        )
        self.store.add_assistant(assistant)
        return assistant

    def update(
        self,
        assistant: Assistant,
        *,
        name: str | None = None,
        task: str | None = None,
        system_prompt: str | None = None,
        base_model: str | None = None,
        profile: Profile | None = None,
    ) -> Assistant:
        """Change what is given. A system prompt that was never edited follows the rest.

        Raises InvalidRequest, or Conflict where the name is taken.
        """
        new_name = assistant.name if name is None else _checked_name(name)
        if new_name.casefold() != assistant.name.casefold():
            self._refuse_taken(new_name)
        new_task = assistant.task if task is None else task.strip()
        prompt = assistant.system_prompt if system_prompt is None else system_prompt.strip()
        new_profile = assistant.profile if profile is None else checked_profile(profile)
        if not prompt or prompt == default_system_prompt(
            assistant.name, assistant.task, assistant.profile
        ):
            prompt = default_system_prompt(new_name, new_task, new_profile)
        changed = replace(
            assistant,
            name=new_name,
            task=new_task,
            system_prompt=prompt,
            base_model=(base_model or assistant.base_model).strip(),
            profile=new_profile,
        )
        self.store.update_assistant(changed)
        return changed

    def delete(self, assistant: Assistant) -> None:
        """Delete the assistant with its documents, runs, conversations and votes.

        Raises Conflict while one of its runs is going.
        """
        self.runs(assistant).withdraw_all()
        if any(run.live for run in self.runs(assistant).list()):
            raise Conflict(f"{assistant.name} is being trained: stop the run, then delete it.")
        forget_vectors(self.settings, lambda: self.retriever(assistant))
        with self._lock:
            opened = self._corpora.pop(assistant.id, None)
            self._runs.pop(assistant.id, None)
        if opened:
            opened[1].close()
            opened[0].close()
        self.store.delete_assistant(assistant.id)
        folder = self.folder(assistant)
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            logger.warning("%s could not be deleted whole and can be removed by hand", folder)

    # Documents

    def corpus(self, assistant: Assistant) -> Corpus:
        """The assistant's documents. Raises DocumentsError."""
        return self._opened(assistant)[0]

    def retriever(self, assistant: Assistant) -> Retriever:
        """The search over the assistant's documents. Raises DocumentsError."""
        return self._opened(assistant)[1]

    # Examples and runs

    def import_examples(self, assistant: Assistant, path: Path) -> int:
        """Take in a file of examples (`assistant.interchange.importing`); how many were new."""
        return take_in(self.store, assistant, path).added

    def write_examples(
        self,
        assistant: Assistant,
        options: WritingOptions | None = None,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> Written:
        """Write examples from the documents by rule (`assistant.writing.writing`)."""
        with documents_mapped():
            retriever = self.retriever(assistant)
        return write_examples(self.store, retriever, assistant, options, progress, stop)

    def runs(self, assistant: Assistant) -> Runs:
        with self._lock:
            if assistant.id not in self._runs:
                self._runs[assistant.id] = Runs(self.folder(assistant) / "runs", queue=self.queue)
            return self._runs[assistant.id]

    def train(
        self,
        assistant: Assistant,
        settings: TrainingSettings,
        progress: Progress | None = None,
        log_to: Sequence[str] = (),
    ) -> Run:
        """Start a run on the assistant's examples. Raises ExamplesError, ModelError, TrainingError.

        progress: of fetching the base model, where it is not there yet. log_to: see `Runs.start`.
        """
        from assistant.models import resolve_model

        examples = self.training_examples(assistant)
        model = resolve_model(assistant.base_model, self.settings.models, progress)
        with documents_mapped():
            documents = {one.name: one.sha256 for one in self.corpus(assistant).documents()}
            passages_for = None
            if settings.checked().context_share:
                passages_for = context_passages(
                    self.retriever(assistant),
                    examples,
                    settings.context_share,
                    assistant.retrieval.lexical_weight,
                )
        return self.runs(assistant).start(
            assistant, model, examples, settings, passages_for, documents=documents, log_to=log_to
        )

    def training_examples(self, assistant: Assistant) -> list[Example]:
        """All examples but the rejected, some to train on among them. Raises ExamplesError."""
        examples = self.store.examples(assistant.id)
        if not any(example.split == "train" for example in examples):
            rejected = self.store.examples(assistant.id, "train", rejected=True)
            raise ExamplesError(
                f"All {len(rejected)} training examples are rejected: keep some, or write more."
                if rejected
                else "There are no examples to train on: import some, or write them from the "
                "documents."
            )
        # A question file may have come after the examples.
        refuse_test_questions(examples, examples, self.store.question_sets(assistant.id))
        return examples

    # Answering

    def unavailable(
        self, assistant: Assistant, kind: ContenderKind, run_id: str | None = None
    ) -> str:
        """Why this contender cannot answer yet, as a sentence; "" where it can.

        run_id: the run that is asked for, for which no other has to be there.
        """
        if kind in ("rag", "tuned+rag"):
            with documents_mapped():
                if not self.corpus(assistant).documents():
                    return "There are no documents yet: add some, and RAG answers from them."
        tuned = kind in ("tuned", "tuned+rag") and run_id is None
        if tuned and self.runs(assistant).latest_usable() is None:
            return "There is no tuned model yet: train one, and it answers here."
        return ""

    def contender(
        self, assistant: Assistant, kind: ContenderKind, run_id: str | None = None
    ) -> Contender:
        """The current version of a contender, with the latest usable run where none is named.

        Raises InvalidRequest where it cannot answer yet, NotFound for an unknown run.
        """
        reason = self.unavailable(assistant, kind, run_id)
        if reason:
            raise InvalidRequest(reason)
        retrieves = kind in ("rag", "tuned+rag")
        run = self._usable_run(assistant, run_id) if kind in ("tuned", "tuned+rag") else None
        return Contender(
            kind=kind,
            assistant_id=assistant.id,
            base_model=assistant.base_model,
            run_id=run.id if run else None,
            adapter_sha256=_adapter_sha256(run.adapter) if run and run.adapter else None,
            index_generation=self.corpus(assistant).generation if retrieves else None,
            retrieval=assistant.retrieval if retrieves else None,
            prompt_sha256=prompt_fingerprint(assistant.system_prompt),
            decoding=Decoding(),
        )

    def backend(self, assistant: Assistant, progress: Progress | None = None) -> Backend:
        """The backend of the assistant's base model; one stays resident. Raises ModelError.

        progress: called with a stage and its share done while the model is made ready.
        """
        with self._loading:
            if self._backend is None or self._backend[0] != assistant.base_model:
                self._backend = None  # two models at once may not fit into memory
                made = self._backend_for(assistant.base_model, progress or _unwatched)
                self._backend = (assistant.base_model, made)
            return self._backend[1]

    def warm(self, assistant: Assistant, progress: Progress | None = None) -> None:
        """Load the base model and the embedder, so that the next question waits for neither.

        Raises ModelError, DocumentsError.
        """
        self.backend(assistant, progress)
        with documents_mapped():
            self.corpus(assistant).embedder.encode([assistant.name])

    def backend_ready(self, assistant: Assistant) -> bool:
        """Whether the assistant's base model is resident."""
        resident = self._backend
        return resident is not None and resident[0] == assistant.base_model

    def responder(self, assistant: Assistant) -> Responder:
        """What answers for this assistant. Raises ModelError, DocumentsError."""
        corpus, retriever = self._opened(assistant)
        runs = self.runs(assistant)

        def adapter(run_id: str) -> Path:
            folder = runs.get(run_id).adapter
            if folder is None:
                raise NotFound(f"Run {run_id} has no adapter: it ended before one was saved.")
            return folder

        return Responder(
            assistant.system_prompt,
            self.backend(assistant),
            retriever,
            corpus.embedder.encode,
            adapter,
        )

    # Votes

    def tallies(self, assistant: Assistant) -> Tallies:
        return tally_of(judgements(self.store, assistant.id))

    def folder(self, assistant: Assistant) -> Path:
        """The folder that holds all of the assistant but what is in the database."""
        return self.settings.assistants / assistant.slug

    def _opened(self, assistant: Assistant) -> tuple[Corpus, Retriever]:
        with self._lock:
            if assistant.id not in self._corpora:
                with documents_mapped():
                    embedder = self.embedder(assistant.embedder)
                    limits = Limits(file_bytes=self.settings.max_file_bytes)
                    corpus = Corpus.open(self.folder(assistant), embedder, limits, self.embedder)
                    self._corpora[assistant.id] = (corpus, retriever_over(corpus, self.settings))
            return self._corpora[assistant.id]

    def embedder(self, name: str) -> Embedder:
        """The embedding model of that name, kept once it is made. Raises DocumentsError."""
        with self._lock, documents_mapped():
            if name not in self._embedders:
                self._embedders[name] = self._embedder_for(name)
            return self._embedders[name]

    def _usable_run(self, assistant: Assistant, run_id: str | None) -> Run:
        runs = self.runs(assistant)
        run = runs.latest_usable() if run_id is None else runs.get(run_id)
        if run is None or run.adapter is None:
            raise InvalidRequest(f"Run {run_id} has no adapter: choose one that is done.")
        return run

    def _refuse_taken(self, name: str) -> None:
        """The store keeps equal names apart; these differ at most in capitals."""
        if any(name.casefold() == known.name.casefold() for known in self.store.assistants()):
            raise Conflict(f"There is an assistant named “{name}” already: choose another name.")

    def _free_slug(self, name: str) -> str:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "assistant"
        taken = {assistant.slug for assistant in self.store.assistants()}
        slug, number = stem, 1
        while slug in taken or (self.settings.assistants / slug).exists():
            number += 1
            slug = f"{stem}-{number}"
        return slug


def _local_backend(models: Path) -> Callable[[str, Progress], Backend]:
    def make(base_model: str, progress: Progress) -> Backend:
        from assistant.local_model import LocalBackend
        from assistant.models import resolve_model

        backend = LocalBackend(resolve_model(base_model, models, progress))
        backend.load(progress)
        return backend

    return make


def _unwatched(stage: str, share: float) -> None:
    logger.info("%s: %.0f %%", stage, 100 * share)


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise InvalidRequest("Give the assistant a name.")
    if len(name) > _LONGEST_NAME:
        raise InvalidRequest(f"The name has {len(name)} characters: use at most {_LONGEST_NAME}.")
    return name


def _adapter_sha256(folder: Path) -> str:
    weights = folder / "adapter_model.safetensors"
    stat = weights.stat()
    return _sha256(weights, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _sha256(path: Path, mtime_ns: int, size: int) -> str:
    """SHA-256 of a file, read again only when its time or size has changed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
