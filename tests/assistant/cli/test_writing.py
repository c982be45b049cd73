"""duet examples write --with model, over a scripted model."""

from __future__ import annotations

import json

import pytest

import tests.assistant.test_cli as program
from assistant.generation import GenerationRequest
from assistant.records import Assistant
from tests.assistant.test_cli import Duet


def about_the_tank(request: GenerationRequest) -> str:
    if "1.85" not in request.messages[-1].content:
        return "Nothing to ask."
    if request.messages[0].content.startswith("You answer"):
        return "The tank of the Kestrel holds 1.85 litres."
    return "How many litres does the tank of the Kestrel hold?"


def test_examples_are_written_with_a_model_that_is_named(
    duet: Duet, kettle: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("URL", "KEY", "MODEL"):
        monkeypatch.delenv(f"DUET_WRITER_{name}", raising=False)
    monkeypatch.setattr(program, "reply", about_the_tank)
    write = ("examples", "write", "kestrel", "--with", "model", "--paraphrases", "0")
    code, _, err = duet(*write)
    assert code == 1 and "write by rule" in err
    code, out, err = duet(*write, "--model", "builtin")
    assert code == 0 and out == "1 new examples.\n"
    for part in ("few questions are of use", "3 of 3 passages", "no question in the reply 6"):
        assert part in err
    said = json.loads(duet(*write, "--model", "builtin", "--json")[1])
    assert (said["added"], said["kept"], said["known"]) == (0, 1, said["replies"])
    code, _, err = duet(*write, "--model", "builtin", "--candidates", "0")
    assert code == 1 and "ask for 1 to 8 candidates" in err


def test_what_leaves_the_machine_is_said_first(
    duet: Duet, kettle: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUET_WRITER_MODEL", "large")
    address = "http://writer.invalid/v1"
    code, _, err = duet(
        "examples", "write", "kestrel", "--with", "model", "--model", address, "--count", "0"
    )
    assert code == 1 and err.index("are sent to " + address) < err.index("the count is below 1")
