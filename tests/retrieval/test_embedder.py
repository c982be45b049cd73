"""The fake, the hash check, and (slow) the real model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from retrieval import embedder as module
from retrieval.embedder import HashingEmbedder, TransformerEmbedder, load_embedder
from retrieval.errors import EmbedderError


def test_the_fake_is_deterministic_and_knows_shared_words() -> None:
    fake = HashingEmbedder()
    vectors = fake.encode(["the tank holds water", "water in the tank", "quite another matter"])
    assert vectors.shape == (3, 64)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(
        vectors,
        HashingEmbedder().encode(
            ["the tank holds water", "water in the tank", "quite another matter"]
        ),
    )
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_an_empty_text_is_a_vector_of_zeros() -> None:
    assert not HashingEmbedder().encode([""]).any()
    assert HashingEmbedder().encode([]).shape == (0, 64)


def test_progress_counts_up() -> None:
    seen: list[int] = []
    HashingEmbedder().encode(["a", "b", "c"], seen.append)
    assert seen == [1, 2, 3]


def test_the_builtin_tokenizer_needs_no_torch() -> None:
    code = (
        "import sys; from retrieval.embedder import load_embedder;"
        "import retrieval.corpus, retrieval.retriever; e = load_embedder();"
        "assert e.token_spans('Two litres.') == [(0, 3), (4, 10), (10, 11)], "
        "e.token_spans('Two litres.');"
        "assert e.count_tokens(['Two litres.', '']) == [5, 2];"
        "assert not {'torch', 'transformers', 'gradio', 'sentence_transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_long_texts_are_counted_whole() -> None:
    assert load_embedder().count_tokens(["water " * 1000]) == [1002]


def test_changed_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(module, "_builtin_folder", lambda: tmp_path)
    with pytest.raises(EmbedderError, match="not the published ones"):
        load_embedder()


def test_a_missing_model_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_builtin_folder", lambda: tmp_path)
    with pytest.raises(EmbedderError, match="install"):
        load_embedder()


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(EmbedderError, match=r"no model\.safetensors"):
        load_embedder(str(tmp_path))


def test_a_local_folder_takes_the_place_of_the_builtin_one() -> None:
    folder = module._builtin_folder()
    local = load_embedder(str(folder))
    assert isinstance(local, TransformerEmbedder)
    assert (local.dimension, local.max_tokens) == (384, 256)
    assert local.name == f"model@{module.BUILTIN_SHA256[:12]}"


@pytest.mark.slow
def test_the_real_model_agrees_with_sentence_transformers_in_fp32() -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    texts = [
        "The tank holds two litres of water.",
        "How much water does the tank hold?",
        "A heron waits by the river. " * 12,
    ] * 20
    real = load_embedder()
    seen: list[int] = []
    vectors = real.encode(texts, seen.append)
    reference = SentenceTransformer(
        str(module._builtin_folder()), device="cpu", model_kwargs={"dtype": torch.float32}
    ).encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (vectors * reference).sum(axis=1).min() > 0.995
    assert vectors[0] @ vectors[1] > 0.6 > 0.4 > vectors[0] @ vectors[2]
    assert seen[-1] == len(texts)
    assert len(seen) > 1
