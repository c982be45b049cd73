"""The one protocol by which text is generated: requests in, pieces or whole answers out.

Nothing above this module knows where a model runs. `ScriptedBackend` is the fake that ships, for
tests and for looking at the page without a model.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant.records import Decoding, Message, Usage, content_hash


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One side of a generation. adapter: the folder of a LoRA adapter, None for the base model.

    reference: an answer to say how likely it is under this prompt; read by `generate_batch` alone.
    """

    messages: tuple[Message, ...]
    decoding: Decoding
    adapter: Path | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of new text for the request at `index`.

    The last piece of each request carries `usage` (its text may be empty); stopped says that the
    generation was cancelled before the model was done.
    """

    index: int
    text: str
    usage: Usage | None = None
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class ReferenceScore:
    """How likely a reference is after a prompt, its end included.

    nll: summed negative log-likelihood in nats. tokens: over how many tokens.
    """

    nll: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Generated:
    """The whole answer to the request at `index` of a batch.

    Its usage counts its own tokens; its seconds are those of the batch and say nothing of how long
    a person would wait. truncated: it ended at the limit of new tokens.
    """

    index: int
    text: str
    usage: Usage
    truncated: bool
    reference: ReferenceScore | None = None


class Backend(Protocol):
    """A place where one base model answers, with or without an adapter on it."""

    @property
    def context_length(self) -> int:
        """Tokens that prompt and answer may have together."""

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of the messages in the model's own chat template, answer header included."""

    def fingerprint(self, adapter: Path | None) -> str:
        """First 16 hexadecimal digits of the SHA-256 of base weights and adapter weights."""

    def generate(
        self, requests: Sequence[GenerationRequest], cancelled: threading.Event
    ) -> Iterator[Piece]:
        """Answer all requests, their pieces interleaved as they come.

        Setting `cancelled`, or closing the iterator, ends all of them at the next token. Calls
        from several threads are served one after the other.

        Raises ModelError where the model or an adapter cannot be had, GenerationError where
        answering failed.
        """

    def generate_batch(
        self, requests: Sequence[GenerationRequest], cancelled: threading.Event
    ) -> Iterator[Generated]:
        """Answer many requests, as many at once as pays, each yielded when it is whole.

        They come in an order of the backend's choosing. What is asked by `generate` meanwhile goes
        first. Setting `cancelled`, or closing the iterator, gives up those that are not whole.

        Raises as `generate` does.
        """


class ScriptedBackend:
    """A backend that says what a function tells it to, word by word.

    reply: called with each request, returns its whole answer or raises. delay: seconds a word.
    """

    context_length = 2048

    def __init__(self, reply: Callable[[GenerationRequest], str], delay: float = 0.0) -> None:
        self._reply = reply
        self._delay = delay
        self.requests: list[GenerationRequest] = []

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) + 4 for message in messages)

    def fingerprint(self, adapter: Path | None) -> str:
        return content_hash(["scripted", adapter.name if adapter else None])[:16]

    def generate(
        self, requests: Sequence[GenerationRequest], cancelled: threading.Event
    ) -> Iterator[Piece]:
        self.requests.extend(requests)
        started = time.perf_counter()
        words = [self._reply(request).split(" ") for request in requests]
        first = [0.0] * len(requests)
        for position in range(max(map(len, words), default=0)):
            for index, own in enumerate(words):
                if position >= len(own) or cancelled.is_set():
                    continue
                time.sleep(self._delay)
                if position == 0:
                    first[index] = time.perf_counter() - started
                yield Piece(index, own[position] if position == 0 else " " + own[position])
                if position == len(own) - 1:
                    yield self._last(index, requests[index], len(own), first[index], started)
        if cancelled.is_set():
            for index, own in enumerate(words):
                last = self._last(index, requests[index], len(own), first[index], started)
                yield Piece(index, "", last.usage, stopped=True)

    def generate_batch(
        self, requests: Sequence[GenerationRequest], cancelled: threading.Event
    ) -> Iterator[Generated]:
        """Answers are cut at the limit of words; a reference costs one nat a word."""
        self.requests.extend(requests)
        for index, request in enumerate(requests):
            if cancelled.is_set():
                return
            words = self._reply(request).split(" ")
            time.sleep(self._delay * len(words))
            kept = words[: request.decoding.max_new_tokens]
            usage = Usage(0.0, 0.0, self.count_tokens(request.messages), len(kept))
            told = len(request.reference.split())
            yield Generated(
                index,
                " ".join(kept),
                usage,
                truncated=len(kept) < len(words),
                reference=ReferenceScore(float(told), told) if told else None,
            )

    def _last(
        self, index: int, request: GenerationRequest, words: int, first: float, started: float
    ) -> Piece:
        seconds = max(time.perf_counter() - started - first, 1e-6)
        tokens_in = self.count_tokens(request.messages)
        return Piece(index, "", Usage(first, max(words - 1, 0) / seconds, tokens_in, words))
