"""Spelling is always checked, grammar only where its tool and its server are installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from assistant.evaluation import side_checks as checks
from assistant.evaluation.side_checks import side_checks


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModuleType]:
    """language_tool_python as far as it is used, with a home folder of its own."""

    class LanguageTool:
        def __init__(self, language: str) -> None:
            assert language == "en-US"

        def check(self, text: str) -> list[SimpleNamespace]:
            return [SimpleNamespace(message="Use “an”.")] if "a error" in text else []

    module = ModuleType("language_tool_python")
    module.LanguageTool = LanguageTool  # type: ignore[attr-defined]
    module.__spec__ = ModuleSpec("language_tool_python", None)
    monkeypatch.setitem(sys.modules, "language_tool_python", module)
    monkeypatch.setenv("HOME", str(tmp_path))
    checks._language_tool.cache_clear()
    yield module
    checks._language_tool.cache_clear()


def test_spelling_knows_the_words_of_the_documents() -> None:
    spelling = side_checks("The brewhead is made of brass.")["Spelling"]
    assert spelling("The brewhead is definately clean.") == ["definately"]


def test_grammar_is_not_checked_where_nothing_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "language_tool_python", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert set(side_checks("")) == {"Spelling"}


def test_grammar_is_not_checked_where_its_server_would_be_fetched(tool: ModuleType) -> None:
    assert "Grammar" not in side_checks("")


def test_grammar_where_it_is_installed(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / ".cache" / "language_tool_python" / "LanguageTool-6.6").mkdir(parents=True)
    grammar = side_checks("")["Grammar"]
    assert grammar("It is a error.") == ["Use “an”."]
    assert grammar("It is right.") == []


def test_grammar_is_left_out_where_java_is_missing(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(language: str) -> None:
        raise RuntimeError("no java")

    monkeypatch.setattr(tool, "LanguageTool", fails)
    (tmp_path / ".cache" / "language_tool_python" / "LanguageTool-6.6").mkdir(parents=True)
    assert side_checks("")["Grammar"]("It is a error.") == []
