"""A model behind an OpenAI-compatible address, asked one message list at a time.

Nothing is sent anywhere unless a person has set the address. A failure is a GenerationError with
one sentence; the key is in none of them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.errors import GenerationError, InvalidRequest
from assistant.records import Message

_SECONDS = 60.0
_LONGEST_REPLY = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Endpoint:
    """url: up to and without /chat/completions. seconds: how long a reply may take."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    seconds: float = _SECONDS

    def complete(self, messages: Sequence[Message], max_tokens: int = 256) -> str:
        """The text of the reply, greedy. Raises GenerationError."""
        import httpx

        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        body = {
            "model": self.model,
            "messages": [{"role": one.role, "content": one.content} for one in messages],
            "temperature": 0,
            "max_tokens": max_tokens,
        }
        address = f"{self.url.rstrip('/')}/chat/completions"
        try:
            with httpx.Client(timeout=self.seconds, follow_redirects=False) as client:
                reply = client.post(address, json=body, headers=headers)
        except httpx.TimeoutException as error:
            raise GenerationError(
                f"The model at {self.url} did not reply within {self.seconds:.0f} s: nothing was "
                "kept of this question; try again, or choose a faster one."
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise GenerationError(
                f"The model at {self.url} cannot be reached ({type(error).__name__}): check the "
                "address."
            ) from error
        if reply.status_code != 200 or len(reply.content) > _LONGEST_REPLY:
            raise GenerationError(
                f"The model at {self.url} refused or failed (status {reply.status_code}): check "
                "the address, the key and the model's name."
            )
        try:
            text = reply.json()["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError) as error:
            raise self._unreadable() from error
        if not isinstance(text, str):
            raise self._unreadable()
        return text

    def _unreadable(self) -> GenerationError:
        return GenerationError(
            f"The reply of {self.url} is not that of an OpenAI-compatible address: check it."
        )


def endpoint_from_environment() -> Endpoint | None:
    """DUET_JUDGE_URL, DUET_JUDGE_KEY and DUET_JUDGE_MODEL; None without the first.

    Raises InvalidRequest for an address that is not http, or without the model's name.
    """
    url = os.environ.get("DUET_JUDGE_URL", "").strip()
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        raise InvalidRequest("DUET_JUDGE_URL is not an http address: correct it, or leave it out.")
    model = os.environ.get("DUET_JUDGE_MODEL", "").strip()
    if not model:
        raise InvalidRequest("DUET_JUDGE_URL is set without DUET_JUDGE_MODEL: name the model.")
    return Endpoint(url, model, os.environ.get("DUET_JUDGE_KEY", ""))
