"""A merged model of the Llama architecture as one GGUF file, and the Modelfile that serves it.

The weights are written as they are stored (bfloat16, norms in float32), so that nothing is lost on
the way. Query and key rows are put into llama.cpp's order, rotary halves interleaved.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import ModelError
from assistant.models import read_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ARCHITECTURE = "LlamaForCausalLM"

_PARTS = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_WHOLE = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
_NORMAL, _CONTROL = 1, 3  # ggml's kinds of tokens

# llama.cpp's names of the rules by which text is cut before byte-pair encoding.
_LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

Progress = Callable[[str, float], None]


def write_gguf(folder: Path, path: Path, name: str, progress: Progress) -> None:
    """Write the model of a folder (config, safetensors, tokenizer, chat template) as GGUF.

    Raises ModelError where the model is not of the Llama architecture or its tokenizer has no name
    in llama.cpp, OSError where the file cannot be written.
    """
    import gguf

    config = read_json(folder / "config.json") or {}
    if ARCHITECTURE not in (config.get("architectures") or []):
        kind = (config.get("architectures") or ["of no stated kind"])[0]
        raise ModelError(
            f"{name} is {kind}, and only models of the Llama architecture can be written as GGUF: "
            "export it merged, as safetensors."
        )
    tokenizer = read_json(folder / "tokenizer.json") or {}
    cutting = _cutting_rule(tokenizer, name)
    writer = gguf.GGUFWriter(path, "llama")
    _add_config(writer, config, name)
    _add_tokenizer(writer, folder, tokenizer, config, cutting)
    tensors = list(_tensors(folder))
    for done, (key, dtype, shape, data) in enumerate(tensors, 1):
        _add_tensor(writer, key, dtype, shape, data, config)
        progress("Reading the weights", done / len(tensors))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    progress("Writing the GGUF file", 0.0)
    writer.write_tensors_to_file()
    writer.close()
    progress("Writing the GGUF file", 1.0)


def modelfile(gguf_name: str, system_prompt: str, max_new_tokens: int) -> str:
    """What `ollama create NAME -f Modelfile` reads. Text that would end its quotes is escaped."""
    quoted = system_prompt.replace('"""', '"" "')
    return (
        f'FROM ./{gguf_name}\nSYSTEM """{quoted}"""\nPARAMETER temperature 0\n'
        f"PARAMETER num_predict {max_new_tokens}\n"
    )


def _cutting_rule(tokenizer: dict[str, Any], name: str) -> str:
    """llama.cpp's name of the tokenizer's first step. Raises ModelError for an unknown one."""
    rule = tokenizer.get("pre_tokenizer") or {}
    steps = rule.get("pretokenizers") or [rule]
    kinds = [step.get("type") for step in steps]
    if (tokenizer.get("model") or {}).get("type") == "BPE":
        if kinds == ["Digits", "ByteLevel"] and steps[0].get("individual_digits"):
            return "smollm"
        if kinds == ["ByteLevel"]:
            return "gpt-2"
        if kinds == ["Split", "ByteLevel"]:
            pattern = (steps[0].get("pattern") or {}).get("Regex")
            if pattern == _LLAMA3_PATTERN:
                return "llama-bpe"
    raise ModelError(
        f"The tokenizer of {name} is of a kind whose name in GGUF is not known here: export the "
        "model merged, and convert it with llama.cpp's own script."
    )


def _add_config(writer: Any, config: dict[str, Any], name: str) -> None:
    heads = config["num_attention_heads"]
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if rope.get("rope_type", "default") != "default":
        raise ModelError(
            f"{name} stretches its positions ({rope['rope_type']}), which is not written to GGUF "
            "here: export it merged, as safetensors."
        )
    writer.add_name(name)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads", heads))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    head_size = config.get("head_dim") or config["hidden_size"] // heads
    writer.add_rope_dimension_count(head_size)
    writer.add_key_length(head_size)
    writer.add_value_length(head_size)
    writer.add_rope_freq_base(float(rope.get("rope_theta") or config.get("rope_theta", 10000.0)))
    writer.add_vocab_size(config["vocab_size"])
    import gguf

    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)


def _add_tokenizer(
    writer: Any, folder: Path, tokenizer: dict[str, Any], config: dict[str, Any], cutting: str
) -> None:
    model = tokenizer["model"]
    ids = dict(model["vocab"])
    control = set()
    for added in tokenizer.get("added_tokens", ()):
        ids[added["content"]] = added["id"]
        if added.get("special"):
            control.add(added["id"])
    size = max(config["vocab_size"], max(ids.values()) + 1)
    tokens = [f"[PAD{index}]" for index in range(size)]
    for token, index in ids.items():
        tokens[index] = token
    merges = [one if isinstance(one, str) else " ".join(one) for one in model["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(cutting)
    writer.add_token_list(tokens)
    writer.add_token_types([_CONTROL if index in control else _NORMAL for index in range(size)])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(_one(config.get("bos_token_id"), 0))
    writer.add_eos_token_id(_one(config.get("eos_token_id"), 0))
    if config.get("pad_token_id") is not None:
        writer.add_pad_token_id(_one(config["pad_token_id"], 0))
    unknown = model.get("unk_token") or (read_json(folder / "tokenizer_config.json") or {}).get(
        "unk_token"
    )
    if isinstance(unknown, str) and unknown in ids:
        writer.add_unk_token_id(ids[unknown])
    writer.add_add_bos_token(False)
    template = folder / "chat_template.jinja"
    written = (
        template.read_text("utf-8")
        if template.is_file()
        else (read_json(folder / "tokenizer_config.json") or {}).get("chat_template")
    )
    if isinstance(written, str):
        writer.add_chat_template(written)


def _one(value: Any, otherwise: int) -> int:
    """A token id, of several the first."""
    if isinstance(value, list):
        value = value[0] if value else None
    return otherwise if value is None else int(value)


def _tensors(folder: Path) -> Iterator[tuple[str, str, tuple[int, ...], memoryview]]:
    """Name, dtype, shape and bytes of every tensor of the folder's safetensors files.

    The format: length of the header (8 bytes), header as JSON, then the data.
    """
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        start = 8 + int.from_bytes(view[:8], "little")
        header = json.loads(bytes(view[8:start]))
        for name, about in header.items():
            if name == "__metadata__":
                continue
            begin, end = about["data_offsets"]
            yield name, about["dtype"], tuple(about["shape"]), view[start + begin : start + end]


def _add_tensor(
    writer: Any,
    name: str,
    dtype: str,
    shape: tuple[int, ...],
    data: memoryview,
    config: dict[str, Any],
) -> None:
    import gguf
    import numpy as np

    if dtype != "BF16":
        raise ModelError(f"The weights are {dtype}, where bfloat16 was written: export it again.")
    values: NDArray[np.uint16] = np.frombuffer(data, dtype=np.uint16).reshape(shape)
    key = _gguf_name(name)
    if len(shape) == 1:
        exact = (values.astype(np.uint32) << 16).view(np.float32)
        writer.add_tensor(key, exact)
        return
    if ".attn_q." in key:
        values = _permuted(values, config["num_attention_heads"])
    elif ".attn_k." in key:
        heads = config.get("num_key_value_heads", config["num_attention_heads"])
        values = _permuted(values, heads)
    packed = np.ascontiguousarray(values).view(np.uint8)
    writer.add_tensor(key, packed, raw_dtype=gguf.GGMLQuantizationType.BF16)


def _gguf_name(name: str) -> str:
    if name in _WHOLE:
        return _WHOLE[name]
    prefix, _, rest = name.removeprefix("model.layers.").partition(".")
    part, _, kind = rest.rpartition(".")
    if not prefix.isdigit() or part not in _PARTS:
        raise ModelError(f"The weight {name} has no place in a GGUF file of the Llama kind.")
    return f"blk.{prefix}.{_PARTS[part]}.{kind}"


def _permuted(values: NDArray[np.uint16], heads: int) -> NDArray[np.uint16]:
    """Rows of each head with their rotary halves interleaved, as llama.cpp wants them."""
    rows, columns = values.shape
    split = values.reshape(heads, 2, rows // heads // 2, columns)
    return split.swapaxes(1, 2).reshape(rows, columns)
