"""The setting of the vector index reaches the search, and deleting reaches the vectors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import DocumentsError, InvalidRequest
from assistant.generation import ScriptedBackend
from assistant.settings import Settings, settings_from_environment
from assistant.workspace import Workspace
from retrieval.embedder import HashingEmbedder


def opened(settings: Settings) -> Workspace:
    return Workspace.open(
        settings,
        backend_for=lambda model, progress: ScriptedBackend(lambda request: ""),
        embedder_for=lambda name: HashingEmbedder(),
    )


def test_vectors_in_milvus_go_with_the_assistant(settings: Settings, tmp_path: Path) -> None:
    pytest.importorskip("milvus_lite", reason="milvus-lite is not installed")
    from pymilvus import MilvusClient

    place = tmp_path / "vectors"
    workspace = opened(replace(settings, vector_index=f"milvus:{place}"))
    file = tmp_path / "a.md"
    file.write_text("# Tank\n\nIt holds 1.85 litres.", "utf-8")
    for name in ("Kestrel", "Heron"):
        assistant = workspace.create(name, "")
        workspace.corpus(assistant).add([file])
        assert workspace.retriever(assistant).search("litres")[0].passage.document == "a.md"
    workspace.close()

    again = opened(replace(settings, vector_index=f"milvus:{place}"))
    again.delete(again.assistant("Heron"))
    assert len(MilvusClient(str(place / "milvus.db")).list_collections()) == 1
    assert again.retriever(again.assistant("Kestrel")).search("litres")
    again.close()


def test_an_assistant_is_whole_where_its_vectors_cannot_be_deleted(settings: Settings) -> None:
    pytest.importorskip("pymilvus", reason="pymilvus is not installed")
    workspace = opened(replace(settings, vector_index="http://127.0.0.1:1"))
    assistant = workspace.create("Kestrel", "")
    with pytest.raises(DocumentsError, match="did not answer"):
        workspace.delete(assistant)
    assert workspace.assistant("Kestrel") == assistant
    workspace.close()


def test_an_address_that_says_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUET_VECTOR_INDEX", "faiss")
    with pytest.raises(InvalidRequest, match="DUET_VECTOR_INDEX is faiss"):
        settings_from_environment()
    monkeypatch.setenv("DUET_VECTOR_INDEX", "https://milvus.example:19530")
    monkeypatch.setenv("DUET_MILVUS_TOKEN", "root:secret")
    settings = settings_from_environment()
    assert settings.milvus_token == "root:secret"
    assert "secret" not in repr(settings)
