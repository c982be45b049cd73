"""Cross-encoders in safetensors are read; what cannot be read says so in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import EmbedderError
from retrieval.reranker import CrossEncoderReranker, OverlapReranker, load_reranker

PASSAGES = ["The tank holds 1.85 litres.", "The whistle is tuned.", ""]


def test_the_shipped_fake_counts_words() -> None:
    fake = load_reranker("overlap")
    assert isinstance(fake, OverlapReranker)
    assert fake.scores("The tank holds what?", PASSAGES) == [0.75, 0.25, 0.0]
    assert fake.scores("", PASSAGES) == [0.0, 0.0, 0.0]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder of two layers with random weights, and its word list."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("cross-encoder")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "tank", "holds", "whistle", "is"]
    (folder / "vocab.txt").write_text("\n".join(words), "utf-8")
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        num_labels=1,
    )
    model: Any = BertForSequenceClassification(config)
    model.save_pretrained(folder)
    return folder


# Slow: imports torch and sentence-transformers.
@pytest.mark.slow
def test_a_local_cross_encoder_scores_each_pair(tiny: Path) -> None:
    reranker = CrossEncoderReranker(str(tiny))
    scores = reranker.scores("the tank", PASSAGES)
    assert len(scores) == 3 and len(set(scores)) == 3
    assert reranker.scores("the tank", PASSAGES[::-1]) == pytest.approx(scores[::-1], abs=1e-5)
    assert reranker.scores("the tank", []) == []


@pytest.mark.slow
def test_pickled_weights_are_never_read(tiny: Path, tmp_path: Path) -> None:
    import torch

    for file in tiny.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(EmbedderError, match="cross-encoder in safetensors"):
        CrossEncoderReranker(str(tmp_path)).scores("the tank", PASSAGES)


@pytest.mark.slow
def test_a_folder_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="cannot be loaded"):
        CrossEncoderReranker(str(tmp_path)).scores("the tank", PASSAGES)
