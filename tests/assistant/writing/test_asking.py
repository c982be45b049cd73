"""An address that writes examples: its faults, its pauses, and stopping at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from assistant.errors import GenerationError
from assistant.generation import GenerationRequest, ScriptedBackend
from assistant.openai_backend import Endpoint
from assistant.records import Decoding, Message
from assistant.writing.asking import Prompt, Reply, asks_backend, asks_endpoint

Serve = Callable[[Callable[[dict[str, Any]], tuple[Any, ...]]], Endpoint]
NEVER = threading.Event()
SHORT = Decoding(max_new_tokens=20)


def said(text: str) -> tuple[int, bytes]:
    return 200, json.dumps({"choices": [{"message": {"content": text}}]}).encode()


def patient(served: Serve, reply: Callable[[dict[str, Any]], tuple[Any, ...]]) -> Endpoint:
    """Waits long enough for a busy machine."""
    return replace(served(reply), seconds=20)


def prompts(*texts: str, decoding: Decoding = SHORT) -> list[Prompt]:
    return [Prompt((Message("user", text),), decoding) for text in texts]


def echo(body: dict[str, Any]) -> tuple[int, bytes]:
    return said(body["messages"][-1]["content"].upper())


def test_replies_come_to_their_places_with_key_seed_and_limit(served: Serve) -> None:
    bodies: list[dict[str, Any]] = []

    def reply(body: dict[str, Any]) -> tuple[int, bytes]:
        bodies.append(body)
        return echo(body)

    asks = asks_endpoint(patient(served, reply))
    asked = [*prompts("a", "b"), *prompts("c", decoding=Decoding(9, 0.7, 3))]
    assert dict(asks(asked, NEVER)) == {0: Reply("A"), 1: Reply("B"), 2: Reply("C")}
    warm = next(body for body in bodies if body["temperature"])
    assert (warm["seed"], warm["max_tokens"], warm["key"]) == (3, 9, "Bearer secret")
    assert all("seed" not in body for body in bodies if not body["temperature"])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failure_that_passes_is_asked_again(served: Serve, status: int) -> None:
    failed: list[int] = []

    def reply(body: dict[str, Any]) -> tuple[Any, ...]:
        if len(failed) < 2:
            failed.append(status)
            return status, b"later", {"Retry-After": "0"}
        return echo(body)

    assert list(asks_endpoint(patient(served, reply), 1, 60)(prompts("a"), NEVER)) == [
        (0, Reply("A"))
    ]
    assert len(failed) == 2


def test_the_pause_that_is_asked_for_is_kept_and_can_be_stopped(served: Serve) -> None:
    asked: list[float] = []

    def busy(body: dict[str, Any]) -> tuple[Any, ...]:
        asked.append(time.monotonic())
        return 429, b"", {"Retry-After": "3600"}

    stop = threading.Event()
    threading.Timer(0.4, stop.set).start()
    assert list(asks_endpoint(patient(served, busy))(prompts("a"), stop)) == []
    assert len(asked) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_name_ends_it_at_once(served: Serve, status: int) -> None:
    asked: list[int] = []

    def refuse(body: dict[str, Any]) -> tuple[int, bytes]:
        asked.append(status)
        return status, b"no"

    with pytest.raises(GenerationError, match="the key") as raised:
        list(asks_endpoint(patient(served, refuse), 1)(prompts(*"abcdefgh"), NEVER))
    assert len(asked) <= 2 and "secret" not in str(raised.value)


def test_one_bad_prompt_is_left_out_and_five_in_a_row_end_it(served: Serve) -> None:
    def picky(body: dict[str, Any]) -> tuple[int, bytes]:
        return (400, b"no") if body["messages"][-1]["content"] == "b" else echo(body)

    found = dict(asks_endpoint(patient(served, picky), 1)(prompts("a", "b", "c"), NEVER))
    assert found == {0: Reply("A"), 1: Reply(fault="no reply"), 2: Reply("C")}
    with pytest.raises(GenerationError, match="status 400"):
        list(asks_endpoint(patient(served, picky), 1)(prompts(*"bbbbbbb"), NEVER))


def test_silent_endless_and_dripping_replies_are_given_up(served: Serve) -> None:
    def silent(body: dict[str, Any]) -> tuple[int, bytes]:
        time.sleep(0.5)
        return echo(body)

    def dripping(body: dict[str, Any]) -> tuple[int, Iterator[bytes]]:
        return 200, (time.sleep(0.05) or b" " for _ in range(20))  # type: ignore[func-returns-value]

    # An empty reply is one; a large one is not read to its end, nor is one that never ends.
    assert dict(asks_endpoint(patient(served, lambda _: said("")))(prompts("a"), NEVER)) == {
        0: Reply("")
    }
    large = asks_endpoint(patient(served, lambda _: (200, b"x" * 1_100_000)), first_pause=0)
    short = [replace(served(way), seconds=0.25) for way in (silent, dripping)]
    late, slow = (asks_endpoint(endpoint, first_pause=0) for endpoint in short)
    for asks in (large, late, slow):
        assert dict(asks(prompts("a"), NEVER)) == {0: Reply(fault="no reply")}


def test_stopping_waits_for_no_reply(served: Serve) -> None:
    begun, release = threading.Event(), threading.Event()

    def stuck(body: dict[str, Any]) -> tuple[int, bytes]:
        begun.set()
        release.wait(5)
        return echo(body)

    stop = threading.Event()
    endpoint = Endpoint(served(stuck).url, "m", seconds=30)
    threading.Thread(target=lambda: (begun.wait(5), stop.set())).start()
    assert list(asks_endpoint(endpoint)(prompts("a", "b"), stop)) == []
    release.set()


def test_a_model_here_is_asked_in_one_batch() -> None:
    def reply(request: GenerationRequest) -> str:
        return "one two three" if "long" in request.messages[-1].content else "yes"

    backend = ScriptedBackend(reply)
    asked = prompts("short", "long", "far too " * 2000, decoding=Decoding(2))
    found = dict(asks_backend(backend)(asked, NEVER))
    assert found == {
        0: Reply("yes"),
        1: Reply("one two", truncated=True),
        2: Reply(fault="too long for the model"),
    }
    assert len(backend.requests) == 2


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:1/v1", True),
        ("https://127.0.0.1.example.org/v1", False),
        ("http://192.168.1.4/v1", False),
    ],
)
def test_what_stays_on_this_machine_is_known(url: str, here: bool) -> None:
    assert Endpoint(url, "m").on_this_machine is here
