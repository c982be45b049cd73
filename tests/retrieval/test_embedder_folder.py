"""What an embedding model's folder says about it: size, length, and what it wants in front."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retrieval import embedder as module
from retrieval.embedder import TransformerEmbedder, load_embedder
from retrieval.embedder_folder import NO_PREFIXES, Prefixes, described
from retrieval.embedders import OFFERED
from retrieval.errors import EmbedderError

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a model folder of settings; its weights are never read."""

    def made(name: str, prompts: dict[str, str] | None = None, **config: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"weights")
        shutil.copy(module._builtin_folder() / "tokenizer.json", folder)
        config = {"hidden_size": 48, "max_position_embeddings": 514, **config}
        (folder / "config.json").write_text(json.dumps(config), "utf-8")
        if prompts is not None:
            settings = json.dumps({"prompts": prompts})
            (folder / "config_sentence_transformers.json").write_text(settings, "utf-8")
        return folder

    return made


@pytest.mark.parametrize(
    ("name", "prefixes"),
    [
        ("multilingual-e5-small", Prefixes("query: ", "passage: ")),
        (
            "bge-small-en-v1.5",
            Prefixes("Represent this sentence for searching relevant passages: "),
        ),
        ("bge-m3", NO_PREFIXES),
        ("paraphrase-multilingual-MiniLM-L12-v2", NO_PREFIXES),
    ],
)
def test_the_prefixes_of_known_families(make: Make, name: str, prefixes: Prefixes) -> None:
    assert described(str(make(name))).prefixes == prefixes


def test_the_models_own_settings_come_first(make: Make) -> None:
    folder = make("e5-mine", {"query": "ask: ", "document": "told: "})
    assert described(str(folder)).prefixes == Prefixes("ask: ", "told: ")
    folder = make("e5-empty", {"query": "", "document": ""})
    assert described(str(folder)).prefixes == Prefixes("query: ", "passage: ")


def test_vectors_with_a_prefix_are_not_those_without(make: Make) -> None:
    plain, prefixed = described(str(make("plain"))), described(str(make("e5-small")))
    assert plain.identity.split("@")[1] == prefixed.identity.split("@")[1].split("+")[0]
    assert "+" in prefixed.identity


def test_a_prefix_counts_as_tokens_of_the_passage(make: Make) -> None:
    embedder = load_embedder(str(make("e5-small")))
    assert embedder.count_tokens(["water"]) == [5]  # two special ones, "passage", ":", "water"
    assert embedder.max_tokens == 512


def test_prefixes_reach_the_model(make: Make) -> None:
    seen: list[str] = []

    class Model:
        device = type("Device", (), {"type": "cpu"})()

        def encode(self, texts: list[str], /, *, prompt: str, **_: Any) -> Any:
            seen.extend(prompt + text for text in texts)
            return [[1.0] * 48 for _ in texts]

    embedder = load_embedder(str(make("e5-small")))
    assert isinstance(embedder, TransformerEmbedder)
    embedder._model = Model()
    embedder.encode(["The tank holds water."])
    embedder.encode_query(["What does it hold?"])
    assert seen == ["passage: The tank holds water.", "query: What does it hold?"]


def test_a_model_without_a_size_is_refused(make: Make) -> None:
    with pytest.raises(EmbedderError, match="do not give its size"):
        described(str(make("odd", hidden_size=None)))


def test_what_is_offered_asks_for_the_prefixes_that_are_given(make: Make) -> None:
    for offered in OFFERED[1:]:
        found = described(str(make(offered.name.split("/")[-1]))).prefixes
        assert found == Prefixes(offered.query_prefix, offered.passage_prefix)
    assert len({offered.name for offered in OFFERED}) == len(OFFERED)
