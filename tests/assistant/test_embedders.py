"""Changing the embedding model of an assistant, from the core and from the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from assistant.carried_threshold import CosineScale, carried_over
from assistant.cli import commands
from assistant.embedders import change_embedder, embedder_of
from assistant.errors import DocumentsError, InvalidRequest
from assistant.records import Assistant, RetrievalSettings
from assistant.retrieving import found_passages, rule_of
from assistant.workspace import Workspace
from retrieval.embedder import Embedder, HashingEmbedder, Progress, Vectors, normalised
from retrieval.errors import EmbedderError


def load(name: str, notes: Path | None = None) -> Embedder:
    if name == "missing":
        raise EmbedderError("The embedding model missing is neither a folder nor was it fetched.")
    return HashingEmbedder(64 if name == "builtin" else int(name))


@pytest.fixture
def changing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with fake embedders by dimension."""
    monkeypatch.setattr(workspace, "_embedder_for", load)
    return workspace


def test_a_change_is_kept_and_searched_with(changing: Workspace, kettle: Assistant) -> None:
    before = changing.retriever(kettle).search("tank")
    assert before
    assert embedder_of(changing, kettle) == "builtin"
    seen: list[tuple[int, int]] = []
    change = change_embedder(changing, kettle, " 32 ", lambda *count: seen.append(count))
    assert change.assistant.embedder == "32"
    assert changing.assistant(kettle.id).embedder == "32"
    assert change.passages == len(changing.corpus(kettle).passages())
    assert change.longer == 0
    assert change.check.failed == ()
    assert seen[-1] == (change.passages, change.passages)
    for known in (kettle, change.assistant):  # also by who still holds the assistant of before
        assert changing.corpus(known).embedder.dimension == 32
        hits = changing.retriever(known).search("tank")
        assert hits[0].passage == before[0].passage
    assert embedder_of(changing, kettle) == "32"


def test_a_model_that_cannot_be_had_changes_nothing(changing: Workspace, kettle: Assistant) -> None:
    with pytest.raises(DocumentsError, match="neither a folder"):
        change_embedder(changing, kettle, "missing")
    with pytest.raises(InvalidRequest, match="Name an embedding model"):
        change_embedder(changing, kettle, " ")
    assert changing.assistant(kettle.id).embedder == "builtin"
    assert changing.retriever(kettle).search("tank")


def test_another_window_follows(changing: Workspace, kettle: Assistant) -> None:
    other = Workspace.open(changing.settings, embedder_for=load)
    retriever = other.retriever(kettle)
    assert retriever.search("tank")
    change_embedder(changing, kettle, "32")
    assert retriever.search("tank")[0].cosine > 0
    assert other.corpus(kettle).embedder.name == "hashing-32"
    other.close()


def test_the_commands(
    changing: Workspace, kettle: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUET_HOME", str(changing.settings.home))
    monkeypatch.setattr("assistant.workspace.load_embedder", load)
    runner = CliRunner()
    shown = runner.invoke(commands.app, ["documents", "embedder", kettle.slug, "--json"])
    told = json.loads(shown.stdout)
    assert told["embedder"] == "builtin"
    assert {"BAAI/bge-small-en-v1.5", "intfloat/multilingual-e5-small"} <= {
        one["name"] for one in told["offered"]
    }
    changed = runner.invoke(commands.app, ["documents", "embedder", kettle.slug, "32"])
    assert "searched with 32 now" in changed.stdout
    checked = runner.invoke(commands.app, ["documents", "check", kettle.slug, "--json"])
    assert checked.exit_code == 0
    outcomes = [d["self_check"]["outcome"] for d in json.loads(checked.stdout)["checked"]]
    assert set(outcomes) == {"passed"}
    listed = runner.invoke(commands.app, ["documents", "list", kettle.slug])
    assert "Language" in listed.stdout
    assert "found" in listed.stdout


def test_a_folder_is_kept_by_its_whole_path(
    changing: Workspace, kettle: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "48").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(changing, "_embedder_for", lambda name: load(Path(name).name))
    change = change_embedder(changing, kettle, "48")
    assert change.assistant.embedder == str(tmp_path / "48")


class Crowded(HashingEmbedder):
    """A model for which even unrelated texts are near each other, as E5 is."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "crowded"

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = super().encode(texts, progress)
        return normalised(vectors + np.float32(0.25))


def test_the_threshold_moves_with_the_scale_of_the_model(
    workspace: Workspace, kettle: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        workspace, "_embedder_for", lambda name: Crowded() if name == "crowded" else load(name)
    )
    unrelated, related = "Who won the chess game?", "How much does the tank hold?"
    settings = kettle.retrieval
    assert not found_passages(workspace.retriever(kettle), settings, unrelated).hits
    assert found_passages(workspace.retriever(kettle), settings, related).hits
    changed = change_embedder(workspace, kettle, "crowded").assistant
    found = found_passages(workspace.retriever(changed), changed.retrieval, unrelated)
    assert found.cosine is not None and found.cosine > settings.min_cosine
    assert not found.hits
    assert found_passages(workspace.retriever(changed), changed.retrieval, related).hits


def test_what_was_changed_meanwhile_stays(changing: Workspace, kettle: Assistant) -> None:
    def rename(done: int, of: int) -> None:
        changing.update(changing.assistant(kettle.id), task="Knows kettles")

    assert change_embedder(changing, kettle, "32", rename).assistant.task == "Knows kettles"
    assert changing.assistant(kettle.id).task == "Knows kettles"


def test_a_fitted_line_is_carried_over_exactly() -> None:
    settings = RetrievalSettings(relevance_logit=(-2.0, 4.0, 1.0))
    moved = carried_over(settings, CosineScale(0.1, 0.1), CosineScale(0.8, 0.05))
    assert moved.min_cosine == pytest.approx(0.975)
    # As far from unrelated texts as before: 0.3 was two deviations above, as 0.9 is now.
    old, new = rule_of(settings), rule_of(moved)
    assert new.confidence(0.9, 0.5) == pytest.approx(old.confidence(0.3, 0.5))
