"""The use of one assistant, read from its store."""

from __future__ import annotations

from datetime import UTC, datetime

from assistant.errors import InvalidRequest, documents_mapped
from assistant.monitoring.unanswered import grouped
from assistant.monitoring.use_over_time import UseOverTime, since_days, use_over_time
from assistant.records import Assistant
from assistant.workspace import Workspace

_MOST_DAYS = 3650


def watched(
    workspace: Workspace, assistant: Assistant, days: int = 30, now: datetime | None = None
) -> UseOverTime:
    """Use over the last days, today among them. Raises InvalidRequest, DocumentsError."""
    if not 1 <= days <= _MOST_DAYS:
        raise InvalidRequest(f"The number of days must be from 1 to {_MOST_DAYS:,}.")
    since = since_days(days, now or datetime.now(UTC))
    refused = workspace.store.refused_questions(assistant.id, since)
    groups = []
    if refused:
        with documents_mapped():
            embedder = workspace.corpus(assistant).embedder
            groups = grouped(refused, embedder.encode)
    return use_over_time(workspace.store.use(assistant.id, since), since, groups)
