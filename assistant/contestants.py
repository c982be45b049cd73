"""Who is asked, before it is known which version answers: a kind, and of a tuned one maybe a run.

Written `tuned` for whatever run is the latest when a question is asked, and `tuned:RUN` for one of
them, so that a new version can be put beside the old.
"""

from __future__ import annotations

from dataclasses import dataclass

from assistant.errors import InvalidRequest
from assistant.records import KINDS, ContenderKind, Conversation

_MARK = ":"


@dataclass(frozen=True, slots=True)
class Contestant:
    """run_id: None for the latest usable run, and for a kind that has none."""

    kind: ContenderKind
    run_id: str | None = None

    @property
    def written(self) -> str:
        return self.kind if self.run_id is None else f"{self.kind}{_MARK}{self.run_id}"


def contestant_of(written: str) -> Contestant:
    """The contestant back from `written`. Raises InvalidRequest."""
    kind, _, run_id = written.strip().partition(_MARK)
    if kind not in KINDS or (run_id and not kind.startswith("tuned")):
        raise InvalidRequest(
            f"“{written}” cannot answer: name {', '.join(KINDS)}, or tuned:RUN for one run."
        )
    return Contestant(kind, run_id or None)


def contestants(conversation: Conversation) -> tuple[Contestant, Contestant | None]:
    """Whom a conversation was begun with, as they were picked; None for no second side."""
    right = None
    if conversation.right is not None:
        right = Contestant(conversation.right, conversation.right_run)
    return Contestant(conversation.left, conversation.left_run), right
