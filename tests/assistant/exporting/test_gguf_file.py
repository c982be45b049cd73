"""GGUF: names, the order of rotary rows, tokenizers that have a name there, the Modelfile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from assistant.builtin_model import _unpermuted
from assistant.errors import ModelError
from assistant.exporting.gguf_file import modelfile, write_gguf

CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "rope_parameters": {"rope_type": "default", "rope_theta": 500.0},
    "vocab_size": 6,
    "bos_token_id": 0,
    "eos_token_id": [1, 0],
}
TOKENIZER: dict[str, Any] = {
    "model": {"type": "BPE", "vocab": {"a": 2, "b": 3, "ab": 4}, "merges": [["a", "b"]]},
    "added_tokens": [
        {"id": 0, "content": "<s>", "special": True},
        {"id": 1, "content": "</s>", "special": True},
    ],
    "pre_tokenizer": {"type": "ByteLevel"},
}
SHAPES = {
    "model.embed_tokens.weight": (6, 8),
    "model.norm.weight": (8,),
    "model.layers.0.input_layernorm.weight": (8,),
    "model.layers.0.self_attn.q_proj.weight": (8, 8),
    "model.layers.0.self_attn.k_proj.weight": (4, 8),
    "model.layers.0.mlp.down_proj.weight": (8, 16),
}


def write_model(
    folder: Path, config: dict[str, Any] = CONFIG, tokenizer: dict[str, Any] = TOKENIZER
) -> dict[str, np.ndarray]:
    """A folder as transformers writes it, with bfloat16 values that float32 holds exactly."""
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    header, data, values = {}, b"", {}
    for number, (name, shape) in enumerate(SHAPES.items()):
        bits = (np.arange(np.prod(shape)) + 0x3F80 + number).astype(np.uint16).reshape(shape)
        values[name] = (bits.astype(np.uint32) << 16).view(np.float32)
        header[name] = {
            "dtype": "BF16",
            "shape": shape,
            "data_offsets": [len(data), len(data) + bits.nbytes],
        }
        data += bits.tobytes()
    encoded = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(encoded).to_bytes(8, "little") + encoded + data)
    return values


def silent(_stage: str, _share: float) -> None:
    pass


def read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    reader = gguf.GGUFReader(path)
    fields = {key: field.contents() for key, field in reader.fields.items()}
    tensors = {
        one.name: gguf.dequantize(one.data, one.tensor_type).reshape(
            tuple(int(size) for size in reversed(one.shape))
        )
        for one in reader.tensors
    }
    return fields, tensors


def test_every_weight_comes_back_exactly(tmp_path: Path) -> None:
    values = write_model(tmp_path)
    write_gguf(tmp_path, tmp_path / "model.gguf", "tiny", silent)
    fields, tensors = read(tmp_path / "model.gguf")
    assert np.array_equal(tensors["token_embd.weight"], values["model.embed_tokens.weight"])
    assert np.array_equal(tensors["output_norm.weight"], values["model.norm.weight"])
    assert np.array_equal(
        tensors["blk.0.ffn_down.weight"], values["model.layers.0.mlp.down_proj.weight"]
    )
    # The reader of the built-in model undoes the order of a file that others have written.
    for key, part in (("attn_q", "q_proj"), ("attn_k", "k_proj")):
        name = f"blk.0.{key}.weight"
        own = values[f"model.layers.0.self_attn.{part}.weight"]
        assert not np.array_equal(tensors[name], own)
        assert np.array_equal(_unpermuted(name, tensors[name], fields), own)


def test_settings_and_tokens_are_told(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_gguf(tmp_path, tmp_path / "model.gguf", "tiny", silent)
    fields, _ = read(tmp_path / "model.gguf")
    assert fields["llama.rope.freq_base"] == 500.0
    assert fields["llama.attention.head_count_kv"] == 1
    assert fields["tokenizer.ggml.pre"] == "gpt-2"
    assert fields["tokenizer.ggml.tokens"] == ["<s>", "</s>", "a", "b", "ab", "[PAD5]"]
    assert fields["tokenizer.ggml.token_type"] == [3, 3, 1, 1, 1, 1]
    assert fields["tokenizer.ggml.merges"] == ["a b"]
    assert fields["tokenizer.ggml.eos_token_id"] == 1
    assert fields["tokenizer.chat_template"] == "{{ messages }}"


@pytest.mark.parametrize(
    ("config", "tokenizer", "said"),
    [
        ({"architectures": ["Qwen2ForCausalLM"]}, {}, "only models of the Llama architecture"),
        ({"rope_parameters": {"rope_type": "yarn"}}, {}, "stretches its positions"),
        ({}, {"pre_tokenizer": {"type": "Metaspace"}}, "not known here"),
        ({}, {"model": {"type": "Unigram"}}, "not known here"),
    ],
)
def test_what_has_no_gguf_form_is_refused(
    tmp_path: Path, config: dict[str, Any], tokenizer: dict[str, Any], said: str
) -> None:
    write_model(tmp_path, CONFIG | config, TOKENIZER | tokenizer)
    with pytest.raises(ModelError, match=said):
        write_gguf(tmp_path, tmp_path / "model.gguf", "tiny", silent)


def test_a_system_prompt_cannot_end_its_quotes() -> None:
    text = modelfile("a.gguf", 'Be brief. """\nFROM evil', 160)
    assert text.count('"""') == 2
    assert text.startswith("FROM ./a.gguf\n")
