"""Which model writes examples: the assistant's own, another on this machine, or one at an address.

A model on this machine takes the place of the one that answered: one is resident at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.errors import InvalidRequest, ModelError
from assistant.openai_backend import Endpoint, endpoint_of
from assistant.records import Assistant
from assistant.training.request import base_parameters
from assistant.workspace import Workspace
from assistant.writing.asking import Asks, asks_backend, asks_endpoint

LARGE_ENOUGH = 3_000_000_000
"""Weights from which a model's questions are worth their time: smaller ones seldom keep to what is
asked, and state what the passage does not (docs/examples.md)."""

_BUILTIN_WEIGHTS = 134_515_008


@dataclass(frozen=True, slots=True)
class Writer:
    """name: the model, as an address or `models.resolve_model` knows it.

    endpoint: where it is asked, None for a model on this machine. warning: a sentence where it is
    likely too small. leaving: what is sent away and where to, "" where nothing leaves the machine.
    """

    name: str
    endpoint: Endpoint | None = None
    warning: str = ""

    @property
    def short_name(self) -> str:
        return self.name.rstrip("/").rsplit("/", 1)[-1]

    @property
    def leaving(self) -> str:
        if self.endpoint is None or self.endpoint.on_this_machine:
            return ""
        sent = "Passages of your documents and the questions on them"
        return f"{sent} are sent to {self.endpoint.shown}."

    def opened(
        self,
        workspace: Workspace,
        assistant: Assistant,
        progress: Callable[[str, float], None] | None = None,
    ) -> tuple[Asks, str]:
        """How to ask it, and what tells its replies from another's; loads a model on this machine.

        Raises ModelError.
        """
        if self.endpoint is not None:
            return asks_endpoint(self.endpoint), f"{self.endpoint.url} {self.name}"
        backend = workspace.backend(replace(assistant, base_model=self.name), progress)
        return asks_backend(backend), backend.fingerprint(None)


def chosen_writer(wanted: str | None, assistant: Assistant) -> Writer:
    """An http address, "builtin", a folder or a Hugging Face id; None for what the settings say.

    The settings are DUET_WRITER_URL and DUET_WRITER_MODEL, which also names the model of an address
    given here; without them it is the assistant's own base model, where that is large enough. The
    key, DUET_WRITER_KEY, goes to DUET_WRITER_URL alone where that is set.

    Raises InvalidRequest where no model is named, or the base model is too small.
    """
    model = os.environ.get("DUET_WRITER_MODEL", "").strip()
    known = os.environ.get("DUET_WRITER_URL", "").strip()
    named = wanted if wanted and wanted.startswith(("http://", "https://")) else ""
    if named and not model:
        raise InvalidRequest("A model behind an address needs DUET_WRITER_MODEL: set it.")
    url = named or ("" if wanted else known)
    # The key of one address is not shown to another.
    key = os.environ.get("DUET_WRITER_KEY", "") if known in ("", url) else ""
    endpoint = endpoint_of("DUET_WRITER", url, model, key)
    if endpoint is not None:
        return Writer(endpoint.model, endpoint)
    name = wanted or model or assistant.base_model
    weights = _weights(name)
    if weights is None or weights >= LARGE_ENOUGH:
        return Writer(name)
    small = f"{name} has {_billions(weights)} billion weights"
    needed = f"{_billions(LARGE_ENOUGH)} billion"
    if not wanted and not model:
        raise InvalidRequest(
            f"{small}, and what models below {needed} write is mostly of no use: write by rule, or "
            "name a larger model (a folder, a Hugging Face id or an OpenAI-compatible address)."
        )
    return Writer(
        name,
        warning=f"{small}: below {needed} few questions are of use; look at what is kept.",
    )


def _weights(name: str) -> int | None:
    """How many weights the model has; None where it is not on this machine yet."""
    if name == "builtin":
        return _BUILTIN_WEIGHTS
    folder: Path | None = Path(name).expanduser()
    if folder is not None and not folder.is_dir():
        from assistant.hub_models import cached

        folder = cached(name)
    try:
        return base_parameters(folder) if folder else None
    except ModelError:
        return None


def _billions(weights: int) -> str:
    return f"{weights / 1e9:.2g}"
