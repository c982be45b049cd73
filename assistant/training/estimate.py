"""What a run will need, by arithmetic from the model's configuration and by what was measured.

Bytes of a training by LoRA on a frozen base (docs/training.md words the same):

    weights      parameters x 2 (bf16), or 4 (fp32); with QLoRA the linear layers x 0.53
    adapter      (inputs + outputs) x rank of each target layer, x 16: fp32 weight, gradient and
                 AdamW's two moments
    activations  tokens at once x layers x (C x hidden + 10 x intermediate size), where C is 34 as
                 in Korthikanti et al. 2022 (https://arxiv.org/abs/2205.05198); with gradient
                 checkpointing 2 x hidden a token and layer, and one layer whole
    logits       answer tokens at once x vocabulary x 12: bf16, fp32 and their gradients
    overhead     of the process: the interpreter with its libraries, or the CUDA context
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from assistant.models import read_json, weights_bytes

GIB = 2**30
_OVERHEAD = {"cpu": 0.9 * GIB, "mps": 0.9 * GIB, "cuda": 0.6 * GIB}
_QUANTIZED = 0.53  # bytes a weight: nf4 and its doubly quantised scales
_HIDDEN, _INTERMEDIATE = 34, 10  # bytes a token and layer
_LOGITS = 12  # bytes an answer token and word of the vocabulary
_ADAPTER = 16  # bytes a weight of the adapter


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What of a base model decides its memory, in weights and widths."""

    parameters: int
    layers: int
    hidden: int
    intermediate: int
    heads: int
    key_value_heads: int
    head_size: int
    vocabulary: int

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """Of the model in a folder. Raises ModelError where it cannot be read."""
        config = read_json(folder / "config.json") or {}
        text = config.get("text_config") or config
        bytes_each = 4 if "32" in str(text.get("dtype") or text.get("torch_dtype")) else 2
        return cls.of(config, weights_bytes(folder) // bytes_each)

    @classmethod
    def of(cls, config: dict[str, Any], parameters: int) -> Self:
        """From a config.json, by the names of Llama's or GPT-2's.

        What the configuration does not name counts as 0, so that the weights alone are estimated.
        """
        text = config.get("text_config") or config
        hidden = int(text.get("hidden_size") or text.get("n_embd") or 0)
        heads = int(text.get("num_attention_heads") or text.get("n_head") or 1)
        inner = text.get("intermediate_size") or text.get("n_inner") or 4 * hidden
        return cls(
            parameters=parameters,
            layers=int(text.get("num_hidden_layers") or text.get("n_layer") or 0),
            hidden=hidden,
            intermediate=int(inner),
            heads=heads,
            key_value_heads=int(text.get("num_key_value_heads") or heads),
            head_size=int(text.get("head_dim") or hidden // heads),
            vocabulary=int(text.get("vocab_size") or 0),
        )

    def adapter_weights(self, rank: int, target_layers: str) -> int:
        """Weights of an adapter on the attention's layers, or on all linear ones."""
        inner, shared = self.heads * self.head_size, self.key_value_heads * self.head_size
        widths = 2 * (self.hidden + inner) + 2 * (self.hidden + shared)  # q and o; k and v
        if target_layers == "all":
            widths += 3 * (self.hidden + self.intermediate)  # gate, up and down
        return self.layers * rank * widths


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes by what they are for."""

    weights: int
    adapter: int
    activations: int
    logits: int
    overhead: int

    @property
    def total(self) -> int:
        return self.weights + self.adapter + self.activations + self.logits + self.overhead


def estimated_memory(
    shape: ModelShape,
    *,
    tokens: int,
    answer_tokens: int,
    rank: int,
    target_layers: str = "all",
    device: str = "cpu",
    weight_bytes: int = 2,
    gradient_checkpointing: bool = False,
    qlora: bool = False,
) -> MemoryEstimate:
    """Memory of one pass over so many tokens at once, by the formula above.

    tokens: of all rows of the pass, padding included. answer_tokens: those of them with loss.
    device: "cpu", "cuda" or "mps". weight_bytes: of one weight of the base model.
    """
    embeddings = shape.vocabulary * shape.hidden
    weights = shape.parameters * weight_bytes
    if qlora:
        linear = max(shape.parameters - 2 * embeddings, 0)
        weights = int(linear * _QUANTIZED) + (shape.parameters - linear) * weight_bytes
    layer = _HIDDEN * shape.hidden + _INTERMEDIATE * shape.intermediate
    kept = shape.layers * layer
    if gradient_checkpointing:
        kept = shape.layers * 2 * shape.hidden + layer
    return MemoryEstimate(
        weights=weights,
        adapter=shape.adapter_weights(rank, target_layers) * _ADAPTER,
        activations=tokens * kept,
        logits=answer_tokens * shape.vocabulary * _LOGITS,
        overhead=int(_OVERHEAD[device]),
    )


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found before the first step of a run.

    device: "cpu", "cuda" or "mps"; device_name: its own. rows, validation_rows: that are trained on
    and measured; left_out: training rows longer than the max length. longest: tokens of the longest
    row. steps: of the whole run; evaluations: in it, beside the one before it. batch_size: rows of
    a step; rows_at_once: of one pass; accumulation: passes of a step. estimate: by arithmetic.
    free_bytes: of the device's memory, before the base model was loaded: what the chat model and
    other programs hold is already taken off. measured_bytes: the most that the process held, or had
    allocated on the GPU, in one real step at the longest batch; step_seconds: what that step took;
    minutes: the whole run at that rate; None where no step was made. disk_bytes: of checkpoints and
    adapter together. notices: what is done otherwise than asked for, one sentence each.
    """

    device: str
    device_name: str
    rows: int
    validation_rows: int
    left_out: int
    longest: int
    steps: int
    evaluations: int
    batch_size: int
    rows_at_once: int
    accumulation: int
    gradient_checkpointing: bool
    qlora: bool
    estimate: MemoryEstimate
    free_bytes: int
    total_bytes: int
    disk_bytes: int
    free_disk_bytes: int
    measured_bytes: int | None = None
    step_seconds: float | None = None
    minutes: float | None = None
    notices: tuple[str, ...] = ()

    @classmethod
    def of(cls, value: dict[str, Any]) -> Self:
        """Back from what `asdict` made of it."""
        estimate = MemoryEstimate(**value["estimate"])
        return cls(**value | {"estimate": estimate, "notices": tuple(value["notices"])})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def needed_bytes(self) -> int:
        """As it was measured, else as it was estimated."""
        return self.measured_bytes or self.estimate.total

    @property
    def sentence(self) -> str:
        """What the run will cost, against what is free."""
        where = "of the GPU's memory" if self.device == "cuda" else "of memory"
        cost = f"{self.needed_bytes / GIB:.1f} of {self.free_bytes / GIB:.1f} GiB {where} free now"
        if self.minutes is None:
            return f"By estimate this needs {cost}."
        time = "less than a minute" if self.minutes < 1 else f"about {self.minutes:.0f} minutes"
        return f"This takes {time} for {self.steps} steps and needs {cost}."
