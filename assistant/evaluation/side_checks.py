"""Side checks of an answer's language; they are notes beside its class and never decide it."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from assistant.evaluation.error_classes import Check
from assistant.evaluation.spelling import Spelling

logger = logging.getLogger(__name__)

_TOOL = "language_tool_python"
_LONGEST = 5000  # characters of an answer whose grammar is checked


def side_checks(corpus_text: str) -> dict[str, Check]:
    """The checks that can be made here, by the name of their note.

    corpus_text: all the documents, whose own words are no misspellings. Grammar is checked where
    language_tool_python is installed with its server already on the disk: it would be fetched
    otherwise, and nothing is fetched here.
    """
    checks: dict[str, Check] = {"Spelling": _spelling(corpus_text)}
    if importlib.util.find_spec(_TOOL) is not None and _server_folder() is not None:
        checks["Grammar"] = _grammar
    return checks


@lru_cache(maxsize=2)
def _spelling(corpus_text: str) -> Spelling:
    return Spelling(corpus_text)


def _grammar(text: str) -> Sequence[str]:
    """What LanguageTool objects to, each as its message."""
    tool = _language_tool()
    if tool is None:
        return []
    return [str(match.message) for match in tool.check(text[:_LONGEST])]


@lru_cache(maxsize=1)
def _language_tool() -> Any:
    try:
        return importlib.import_module(_TOOL).LanguageTool("en-US")
    except Exception as error:  # Java is missing or too old: every kind of error comes from it
        logger.warning("grammar is not checked: %s", error)
        return None


def _server_folder() -> Path | None:
    """Where the server lies, None where it was never fetched."""
    folder = Path.home() / ".cache" / _TOOL
    return next((path for path in folder.glob("LanguageTool-*") if path.is_dir()), None)
