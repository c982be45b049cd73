"""Who may be the judge: a model on this machine, or one behind an OpenAI-compatible address.

A model on this machine takes the place of the one that answered: one is resident at a time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.errors import GenerationError, InvalidRequest
from assistant.evaluation.judge import Asks, Prompt
from assistant.generation import Backend, GenerationRequest
from assistant.openai_backend import Endpoint, endpoint_from_environment
from assistant.records import Assistant, Decoding, Message
from assistant.workspace import Workspace

FROM_SETTINGS = "settings"

_REPLY_TOKENS = 64
_MOST_FAILURES = 5  # in a row, after which a judge is given up


@dataclass(frozen=True, slots=True)
class Judge:
    """endpoint: where it is asked, None for a model on this machine.

    name: the model, as an address or `models.resolve_model` knows it.
    """

    name: str
    endpoint: Endpoint | None = None

    def asks(
        self,
        workspace: Workspace,
        assistant: Assistant,
        progress: Callable[[str, float], None] | None = None,
    ) -> Asks:
        """How to ask it; loads a model on this machine. Raises ModelError."""
        if self.endpoint is not None:
            return one_by_one(self.endpoint.complete)
        return in_batches(workspace.backend(replace(assistant, base_model=self.name), progress))


def chosen_judge(wanted: str) -> Judge:
    """An http address, "builtin", a folder, a Hugging Face id, or "settings".

    "settings" is what DUET_JUDGE_URL and DUET_JUDGE_MODEL say: without an address, the model on
    this machine. Of an address DUET_JUDGE_MODEL names the model. Raises InvalidRequest.
    """
    model = os.environ.get("DUET_JUDGE_MODEL", "").strip()
    if wanted.startswith(("http://", "https://")):
        if not model:
            raise InvalidRequest("A judge behind an address needs DUET_JUDGE_MODEL: set it.")
        return Judge(model, Endpoint(wanted, model, os.environ.get("DUET_JUDGE_KEY", "")))
    if wanted != FROM_SETTINGS:
        return Judge(wanted)
    endpoint = endpoint_from_environment()
    if endpoint is not None:
        return Judge(endpoint.model, endpoint)
    if not model:
        raise InvalidRequest(
            "There is no judge: set DUET_JUDGE_MODEL to a model on this machine, or with "
            "DUET_JUDGE_URL to one behind an OpenAI-compatible address."
        )
    return Judge(model)


def one_by_one(complete: Callable[[Sequence[Message]], str]) -> Asks:
    """Asks that wait for each reply; five failures in a row raise the GenerationError."""

    def asks(
        prompts: Sequence[Prompt], cancelled: threading.Event
    ) -> Iterator[tuple[int, str | None]]:
        failures = 0
        for place, prompt in enumerate(prompts):
            if cancelled.is_set():
                return
            reply = None
            try:
                reply = complete(prompt)
                failures = 0
            except GenerationError:
                failures += 1
                if failures >= _MOST_FAILURES:
                    raise
            yield place, reply

    return asks


def in_batches(backend: Backend) -> Asks:
    """Asks over a backend, many prompts at once; one that is too long for it has no reply."""

    def asks(
        prompts: Sequence[Prompt], cancelled: threading.Event
    ) -> Iterator[tuple[int, str | None]]:
        room = backend.context_length - _REPLY_TOKENS
        fitting = [n for n, prompt in enumerate(prompts) if backend.count_tokens(prompt) <= room]
        for place in sorted(set(range(len(prompts))) - set(fitting)):
            yield place, None
        decoding = Decoding(max_new_tokens=_REPLY_TOKENS)
        requests = [GenerationRequest(tuple(prompts[place]), decoding) for place in fitting]
        for made in backend.generate_batch(requests, cancelled):
            yield fitting[made.index], made.text

    return asks
