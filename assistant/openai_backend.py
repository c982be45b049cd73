"""A model behind an OpenAI-compatible address, asked one message list at a time.

Nothing is sent anywhere unless a person has set the address. A failure is a GenerationError with
one sentence; the key is in none of them.
"""

from __future__ import annotations

import ipaddress
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.errors import GenerationError, InvalidRequest
from assistant.records import Decoding, Message
from assistant.settings import without_password

if TYPE_CHECKING:
    import httpx

_SECONDS = 60.0
_LONGEST_REPLY = 1_000_000  # bytes
_AGAIN = (408, 425, 429, 500, 502, 503, 504)  # states in which asking again may help
_GREEDY = Decoding(max_new_tokens=256)


class EndpointError(GenerationError):
    """A reply could not be had.

    status: of HTTP, 0 where there was none. again: asking the same again may help; after: in so
    many seconds, where the address says.
    """

    def __init__(
        self, sentence: str, status: int = 0, again: bool = False, after: float | None = None
    ) -> None:
        super().__init__(sentence)
        self.status, self.again, self.after = status, again, after


@dataclass(frozen=True, slots=True)
class Endpoint:
    """url: up to and without /chat/completions. seconds: how long a reply may take."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    seconds: float = _SECONDS

    @property
    def shown(self) -> str:
        """The address without a password in it."""
        return without_password(self.url)

    @property
    def on_this_machine(self) -> bool:
        """Whether its address is a loopback one, so that nothing leaves the machine."""
        host = urlsplit(self.url).hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def complete(self, messages: Sequence[Message], decoding: Decoding = _GREEDY) -> str:
        """The text of the reply. Raises EndpointError."""
        import httpx

        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        address = f"{self.url.rstrip('/')}/chat/completions"
        until = time.monotonic() + self.seconds
        try:
            with (
                httpx.Client(timeout=self.seconds, follow_redirects=False) as client,
                client.stream(
                    "POST", address, json=self._body(messages, decoding), headers=headers
                ) as reply,
            ):
                if reply.status_code != 200:
                    raise self._refused(reply)
                content = b""
                for part in reply.iter_bytes():
                    content += part
                    if len(content) > _LONGEST_REPLY:
                        raise self._refused(reply)
                    if time.monotonic() > until:  # a reply that drips never times out by itself
                        raise self._late()
        except httpx.TimeoutException as error:
            raise self._late() from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EndpointError(
                f"The model at {self.shown} cannot be reached ({type(error).__name__}): check the "
                "address.",
                again=True,
            ) from error
        return self._text(content)

    def _body(self, messages: Sequence[Message], decoding: Decoding) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": one.role, "content": one.content} for one in messages],
            "temperature": decoding.temperature,
            "max_tokens": decoding.max_new_tokens,
        }
        return body | ({"seed": decoding.seed} if decoding.temperature else {})

    def _text(self, content: bytes) -> str:
        try:
            text = json.loads(content)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError) as error:
            raise self._unreadable() from error
        if not isinstance(text, str):
            raise self._unreadable()
        return text

    def _refused(self, reply: httpx.Response) -> EndpointError:
        status = reply.status_code
        check = "the address, the key and the model's name"
        if status in (401, 403):
            check = "the key, which it does not accept"
        return EndpointError(
            f"The model at {self.shown} refused or failed (status {status}): check {check}.",
            status,
            again=status in _AGAIN,
            after=_seconds_after(reply.headers.get("Retry-After", "")),
        )

    def _late(self) -> EndpointError:
        return EndpointError(
            f"The model at {self.shown} did not reply within {self.seconds:.0f} s: nothing was "
            "kept of this question; try again, or choose a faster one.",
            again=True,
        )

    def _unreadable(self) -> EndpointError:
        return EndpointError(
            f"The reply of {self.shown} is not that of an OpenAI-compatible address: check it."
        )


def endpoint_from_environment() -> Endpoint | None:
    """DUET_JUDGE_URL, DUET_JUDGE_KEY and DUET_JUDGE_MODEL; None without the first.

    Raises InvalidRequest as `endpoint_of` does.
    """
    url, model = os.environ.get("DUET_JUDGE_URL", ""), os.environ.get("DUET_JUDGE_MODEL", "")
    return endpoint_of("DUET_JUDGE", url, model, os.environ.get("DUET_JUDGE_KEY", ""))


def endpoint_of(variables: str, url: str, model: str, key: str) -> Endpoint | None:
    """The address that three variables name; None without a URL. variables: how they begin.

    Raises InvalidRequest for an address that is not http, or without the model's name.
    """
    url, model = url.strip(), model.strip()
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        raise InvalidRequest(
            f"{variables}_URL is not an http address: correct it, or leave it out."
        )
    if not model:
        raise InvalidRequest(f"{variables}_URL is set without {variables}_MODEL: name the model.")
    return Endpoint(url, model, key)


def _seconds_after(text: str) -> float | None:
    """What Retry-After says, in seconds or as a date; None where it says nothing."""
    text = text.strip()
    if text.isdigit():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None
