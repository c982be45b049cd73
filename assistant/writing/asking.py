"""How a model that writes examples is asked: in batches on this machine, or several at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.errors import GenerationError
from assistant.generation import Backend, GenerationRequest
from assistant.openai_backend import Endpoint, EndpointError
from assistant.records import Decoding, Message

AT_ONCE = 4  # prompts on their way to an address
_ATTEMPTS = 4
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds before asking again
_MOST_FAILURES = 5  # in a row, after which an address is given up
_LOOKS_SECONDS = 0.1  # between looks at whether to stop


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked, and how it draws its reply."""

    messages: tuple[Message, ...]
    decoding: Decoding


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. truncated: it ended at the limit of new tokens. fault: why there is no text,
    None where there is some."""

    text: str = ""
    truncated: bool = False
    fault: Literal["no reply", "too long for the model"] | None = None


Asks = Callable[[Sequence[Prompt], threading.Event], Iterator[tuple[int, Reply]]]
"""Prompts to their places and replies, in any order. Setting the event ends it early.

Raises ModelError, GenerationError where the model cannot be had at all.
"""


def asks_backend(backend: Backend) -> Asks:
    """Many prompts at once on this machine; one that does not fit its context has no reply."""

    def asks(prompts: Sequence[Prompt], cancelled: threading.Event) -> Iterator[tuple[int, Reply]]:
        fitting: list[int] = []
        for place, prompt in enumerate(prompts):
            room = backend.context_length - prompt.decoding.max_new_tokens
            if backend.count_tokens(prompt.messages) <= room:
                fitting.append(place)
            else:
                yield place, Reply(fault="too long for the model")
        requests = [
            GenerationRequest(prompts[place].messages, prompts[place].decoding) for place in fitting
        ]
        if requests:
            for made in backend.generate_batch(requests, cancelled):
                yield fitting[made.index], Reply(made.text, made.truncated)

    return asks


def asks_endpoint(
    endpoint: Endpoint, at_once: int = AT_ONCE, first_pause: float = _FIRST_PAUSE
) -> Asks:
    """Several prompts on their way at a time; asked again after a failure that may pass.

    An address that asks for a pause gets it, up to a minute. Five prompts in a row without a reply,
    or a key that is refused, raise the GenerationError. Stopping waits for no reply.
    """

    def asks(prompts: Sequence[Prompt], cancelled: threading.Event) -> Iterator[tuple[int, Reply]]:
        ended = threading.Event()
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[int, str | EndpointError]] = queue.SimpleQueue()
        for place in range(len(prompts)):
            waiting.put(place)

        def work() -> None:
            while not ended.is_set():
                try:
                    place = waiting.get_nowait()
                except queue.Empty:
                    return
                done.put((place, _patiently(endpoint, prompts[place], ended, first_pause)))

        for _ in range(min(at_once, len(prompts))):
            # A daemon, so that a reply that nobody waits for keeps no program from ending.
            threading.Thread(target=work, name="asking", daemon=True).start()
        failures = 0
        try:
            for _ in range(len(prompts)):
                found = _next(done, cancelled)
                if found is None:
                    return
                place, said = found
                failures = failures + 1 if isinstance(said, EndpointError) else 0
                if isinstance(said, EndpointError):
                    if failures >= _MOST_FAILURES or said.status in (401, 403, 404):
                        raise GenerationError(str(said)) from said
                    yield place, Reply(fault="no reply")
                else:
                    yield place, Reply(said)
        finally:
            ended.set()

    return asks


def _next(
    done: queue.SimpleQueue[tuple[int, str | EndpointError]], cancelled: threading.Event
) -> tuple[int, str | EndpointError] | None:
    """The next that is whole; None once it is to stop."""
    while not cancelled.is_set():
        try:
            return done.get(timeout=_LOOKS_SECONDS)
        except queue.Empty:
            continue
    return None


def _patiently(
    endpoint: Endpoint, prompt: Prompt, ended: threading.Event, first_pause: float
) -> str | EndpointError:
    """The reply, asked for again after a failure that may pass; else the last failure."""
    pause = first_pause
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return endpoint.complete(prompt.messages, prompt.decoding)
        except EndpointError as error:
            if not error.again or attempt == _ATTEMPTS:
                return error
            wished = pause if error.after is None else error.after
            last = error
        if ended.wait(min(wished, _LONGEST_PAUSE)):
            return last
        pause *= 2
    raise AssertionError("every attempt returns or goes on")
