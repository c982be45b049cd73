"""Measurements of an assistant's retrieval, kept in its folder: one JSON file each, the newest ten.

They are for looking at and can be measured again, so that they need no place in the database.
"""

from __future__ import annotations

import json
import logging
import os
import types
import typing
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from assistant.errors import StoreError
from assistant.records import RetrievalSettings
from retrieval.abstention import AbstentionReport
from retrieval.ranking_report import RankingReport
from retrieval.sweep import SweepReport

logger = logging.getLogger(__name__)

KEPT = 10
_FOLDER = "retrieval-reports"


@dataclass(frozen=True, slots=True)
class Choice:
    """A change that the measurement speaks for, to be adopted or not.

    key: `threshold`, `reranker` or `sweep`. label: for a button. changes: fields of
    RetrievalSettings. passage_tokens: the longest passage in the embedder's tokens, None where the
    passages stay as they are cut.
    """

    key: str
    label: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    passage_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """One measurement of how an assistant retrieves.

    source: where the questions are from, in words. generation: of the documents measured.
    settings, passage_tokens: what was in use. reranker: the model measured, "" for none.
    abstention: None where there was nothing to hold against each other. sweep: None where it was
    not asked for. choices: what the measurement speaks for.
    """

    id: str
    assistant_id: str
    created_at: datetime
    source: str
    embedder: str
    generation: int
    documents: int
    passages: int
    passage_tokens: int
    settings: RetrievalSettings
    reranker: str
    ranking: RankingReport
    abstention: AbstentionReport | None
    sweep: SweepReport | None
    choices: tuple[Choice, ...]

    @property
    def verdicts(self) -> tuple[str, ...]:
        """All that the measurement says, in sentences."""
        return (
            *self.ranking.verdicts,
            *([self.abstention.sentence] if self.abstention else []),
            *([self.sweep.sentence] if self.sweep else []),
        )


def keep_report(folder: Path, report: RetrievalReport) -> None:
    """Write the report beside the others and let the oldest go. Raises StoreError."""
    kept = folder / _FOLDER
    stamp = report.created_at.strftime("%Y%m%dT%H%M%S%f")
    path = kept / f"{stamp}-{report.id}.json"
    temporary = kept / f".{uuid.uuid4().hex}"
    try:
        kept.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(asdict(report), file, ensure_ascii=False, default=datetime.isoformat)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        for old in sorted(kept.glob("*.json"))[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreError(
            f"The measurement could not be kept ({error.strerror}): free some disk space and "
            "measure again; earlier ones are still there."
        ) from error


def report_json(report: RetrievalReport) -> str:
    """The whole report with its verdicts, as JSON text."""
    whole = {**asdict(report), "verdicts": report.verdicts}
    return json.dumps(whole, ensure_ascii=False, indent=2, default=datetime.isoformat)


def reports(folder: Path) -> list[RetrievalReport]:
    """Those kept in an assistant's folder, newest first; one that cannot be read is left out."""
    found = []
    for path in sorted((folder / _FOLDER).glob("*.json"), reverse=True):
        try:
            found.append(_record(RetrievalReport, json.loads(path.read_text("utf-8"))))
        except (OSError, ValueError, TypeError, KeyError) as error:
            logger.warning("%s cannot be read and is left out (%s)", path.name, error)
    return found


def _record(kind: Any, value: Any) -> Any:
    """What JSON gave back, as the annotated type: records, tuples of them, times."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        if value is None:
            return None
        return _record(next(one for one in arguments if one is not type(None)), value)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return tuple(_record(arguments[0], item) for item in value)
        return tuple(_record(a, item) for a, item in zip(arguments, value, strict=True))
    if isinstance(kind, type) and is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        known = {one.name: one for one in fields(kind)}
        return kind(**{name: _record(hints[name], value[name]) for name in known if name in value})
    if kind is datetime:
        return datetime.fromisoformat(value)
    return value
