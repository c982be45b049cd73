"""The backend that runs a model on this machine, over torch and transformers.

One base model stays resident. Adapters are put on it when first asked for, and the least recently
used give way. All computing happens in one thread of its own, in the order of the questions, so
that a slow reader never holds up the model and OpenMP keeps one team of threads. A batch makes way
for a question at its next step, and goes on behind it.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from assistant.errors import DuetError, GenerationError, ModelError
from assistant.generation import Generated, GenerationRequest, Piece
from assistant.local_model import placement
from assistant.local_model.adapters import WEIGHTS, Adapter, RowAdapters, read_adapter
from assistant.local_model.batching import BatchDecoder, BatchRow
from assistant.local_model.chat_tokenizer import ChatTokenizer
from assistant.local_model.decoding import Decoder, Row
from assistant.local_model.jobs import Answers, Job, Jobs, Turns
from assistant.models import file_sha256, weights_sha256
from assistant.records import Message

logger = logging.getLogger(__name__)

_RESIDENT_ADAPTERS = 8
_CLOSING = 10.0  # seconds that closing waits for the step under way

Progress = Callable[[str, float], None]


class LocalBackend:
    """Answers with the model in a folder, as `models.resolve_model` gives it.

    dtype: "bfloat16", "float16" or "float32"; None takes what is fast on the device. Nothing heavy
    is imported before the first `load` or `generate`; `count_tokens` needs the tokenizer only.
    """

    def __init__(self, model_folder: Path, dtype: str | None = None) -> None:
        self._folder = model_folder
        self._dtype = dtype
        self._loading = threading.Lock()
        self._tokenizing = threading.Lock()
        self._hashing = threading.Lock()
        self._starting = threading.Lock()
        self._closing = threading.Event()
        self._tokenizer: ChatTokenizer | None = None
        self._model: _Loaded | None = None
        self._adapter_hashes: dict[tuple[Path, int, int], str] = {}
        self._jobs: Jobs = queue.SimpleQueue()
        self._end: weakref.finalize[Any, LocalBackend] | None = None

    @property
    def context_length(self) -> int:
        """Tokens that prompt and answer may have together."""
        return self._chat_tokenizer().context_length

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of the messages in the model's own chat template, answer header included."""
        return len(self._chat_tokenizer().prompt_ids(messages))

    def fingerprint(self, adapter: Path | None) -> str:
        """First 16 hexadecimal digits of the SHA-256 of base weights and adapter weights."""
        with self._hashing:
            parts = [self._base_sha256]
            if adapter is not None:
                parts.append(self._adapter_sha256(adapter))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def load(self, progress: Progress | None = None) -> None:
        """Load the model now, so that the first question need not wait for it.

        progress: called with what is being done and the share of it that is done, in [0, 1].
        Raises ModelError where the model cannot be loaded or does not fit.
        """
        self._loaded(progress or _silent)

    def generate(
        self, requests: Sequence[GenerationRequest], cancelled: threading.Event
    ) -> Iterator[Piece]:
        """Answer all requests together; see `generation.Backend`.

        The answering begins with this call, not with the first piece taken.
        """
        job = Job(tuple(requests), cancelled)
        self._enqueue(job)
        return Answers[Piece](job, self)

    def generate_batch(
        self, requests: Sequence[GenerationRequest], cancelled: threading.Event
    ) -> Iterator[Generated]:
        """Answer many requests for throughput; see `generation.Backend`."""
        job = Job(tuple(requests), cancelled, batch=True)
        self._enqueue(job)
        return Answers[Generated](job, self)

    def _enqueue(self, job: Job) -> None:
        with self._starting:
            if self._end is None:
                worker = threading.Thread(
                    target=_work,
                    args=(weakref.ref(self), self._jobs),
                    name="local-model",
                    daemon=True,
                )
                worker.start()
                # Also run when the backend is dropped, and before the interpreter ends.
                self._end = weakref.finalize(self, _end, worker, self._jobs, self._closing)
            self._jobs.put(job)

    def close(self) -> None:
        """Stop answering and give the model's memory back; a later question loads it again.

        The question that is being answered ends as stopped at its next token, and those that wait
        after it as well. A backend that is dropped closes by itself.
        """
        with self._starting:
            if self._end is not None:
                self._end()
                self._end = None
                self._closing.clear()
        with self._loading:
            self._model = None

    @cached_property
    def _base_sha256(self) -> str:
        return weights_sha256(self._folder)

    def _adapter_sha256(self, adapter: Path) -> str:
        path = adapter / WEIGHTS
        try:
            found = path.stat()
        except OSError as error:
            raise ModelError(f"The adapter in {adapter} is gone: train again.") from error
        key = (path, found.st_size, found.st_mtime_ns)
        if key not in self._adapter_hashes:
            self._adapter_hashes[key] = file_sha256(path)
        return self._adapter_hashes[key]

    def _chat_tokenizer(self) -> ChatTokenizer:
        with self._tokenizing:
            if self._tokenizer is None:
                self._tokenizer = ChatTokenizer(self._folder)
            return self._tokenizer

    def _loaded(self, progress: Progress) -> _Loaded:
        end_ids = self._chat_tokenizer().end_ids
        with self._loading:
            if self._model is None:
                self._model = _Loaded(self._folder, self._dtype, end_ids, progress)
            return self._model

    def _perform(self, job: Job, turns: Turns) -> None:
        """Answer one job to its end, failure or cancellation."""
        try:
            for piece in self._answer_batch(job, turns) if job.batch else self._answer(job):
                job.pieces.put(piece)
            job.pieces.put(None)
        except DuetError as error:
            job.pieces.put(error)
        except Exception as error:
            logger.exception("answering failed")
            job.pieces.put(placement.generation_error(error))

    def _answer(self, job: Job) -> Iterator[Piece]:
        model, rows = self._rows(job)
        yield from model.decoder.run(rows, lambda: self._is_over(job))

    def _answer_batch(self, job: Job, turns: Turns) -> Iterator[Generated]:
        model, rows = self._rows(job)
        if not model.batch_decoder.possible:
            yield from self._one_by_one(model, rows, job)
            return
        tokenizer = self._chat_tokenizer()
        batch = []
        for row, request in zip(rows, job.requests, strict=True):
            ids = tokenizer.reference_ids(request.reference) if request.reference else []
            room = tokenizer.context_length - len(row.prompt)
            batch.append(BatchRow(row, tuple(ids[:room])))

        def serve() -> None:
            while (urgent := turns.urgent()) is not None:
                if urgent.begin():
                    self._perform(urgent, turns)

        yield from model.batch_decoder.run(batch, lambda: self._is_over(job), turns.waiting, serve)

    def _one_by_one(self, model: _Loaded, rows: Sequence[Row], job: Job) -> Iterator[Generated]:
        """For models whose caches cannot be joined; references are not scored."""
        for row in rows:
            parts = []
            for piece in model.decoder.run([row], lambda: self._is_over(job)):
                parts.append(piece.text)
                if piece.stopped:
                    return
                if piece.usage is not None:
                    truncated = piece.usage.tokens_out == row.max_new_tokens
                    yield Generated(row.index, "".join(parts), piece.usage, truncated)

    def _is_over(self, job: Job) -> bool:
        return job.is_stopped() or self._closing.is_set()

    def _rows(self, job: Job) -> tuple[_Loaded, list[Row]]:
        tokenizer = self._chat_tokenizer()
        prompts = [tokenizer.prompt_ids(request.messages) for request in job.requests]
        for prompt in prompts:
            if len(prompt) >= tokenizer.context_length:
                raise GenerationError(
                    f"The conversation is {len(prompt)} tokens long and the model takes "
                    f"{tokenizer.context_length}: begin a new conversation, or use fewer passages."
                )
        model = self._loaded(_silent)
        rows = [
            Row(
                index=index,
                prompt=prompt,
                decoding=request.decoding,
                adapter=model.adapter(request.adapter),
                text=tokenizer.answer_text(),
                asked_at=job.asked_at,
                max_new_tokens=min(
                    request.decoding.max_new_tokens, tokenizer.context_length - len(prompt)
                ),
            )
            for index, (request, prompt) in enumerate(zip(job.requests, prompts, strict=True))
        ]
        return model, rows


def _work(backend: weakref.ref[LocalBackend], jobs: Jobs) -> None:
    """The thread: one job after the other, without keeping alive a backend that nobody has."""
    turns = Turns(jobs)
    while (job := turns.next()) is not None:
        owner = backend()
        if owner is not None and job.begin():
            owner._perform(job, turns)
        del owner, job


def _end(worker: threading.Thread, jobs: Jobs, closing: threading.Event) -> None:
    closing.set()
    jobs.put(None)
    if worker is not threading.current_thread():
        worker.join(timeout=_CLOSING)


class _Loaded:
    """The resident model and the adapters on it. Used by the backend's own thread alone."""

    def __init__(
        self, folder: Path, dtype: str | None, end_ids: frozenset[int], progress: Progress
    ) -> None:
        self._folder = folder
        self._network: Any = placement.load_network(folder, dtype, progress)
        self._row_adapters = RowAdapters(self._network)
        self.decoder = Decoder(self._network, self._row_adapters, end_ids)
        self.batch_decoder = BatchDecoder(self._network, self._row_adapters, end_ids)
        self._adapters: OrderedDict[tuple[Path, int, int], Adapter] = OrderedDict()

    def adapter(self, folder: Path | None) -> Adapter | None:
        """The adapter in a folder, read when it is new or has changed."""
        if folder is None:
            return None
        try:
            found = (folder / WEIGHTS).stat()
        except OSError as error:
            raise ModelError(f"The adapter in {folder} is gone: train again.") from error
        key = (folder.absolute(), found.st_size, found.st_mtime_ns)
        if key not in self._adapters:
            adapter = read_adapter(folder, self._network, self._comparable_sha256)
            self._row_adapters.hook(adapter)
            self._adapters[key] = adapter
            while len(self._adapters) > _RESIDENT_ADAPTERS:
                self._adapters.popitem(last=False)
        self._adapters.move_to_end(key)
        return self._adapters[key]

    @cached_property
    def _comparable_sha256(self) -> str:
        """What a run states of its base; of weights in several files it hashes another text."""
        single = (self._folder / "model.safetensors").is_file()
        return weights_sha256(self._folder) if single else ""


def _silent(_stage: str, _share: float) -> None:
    pass
