"""The ladder of base models that the page offers, the smallest first, all of an open licence.

Memory is of the weights and what goes with them, in GiB, reckoned and not measured: for chat two
bytes a weight and a fifth more; for LoRA in bf16, without a checkpoint of the gradient, twice that
again for activations and the adapter's optimiser at short rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rung:
    """A base model. name: "builtin" or a hub id. parameters: its weights. licence: SPDX."""

    name: str
    parameters: float
    licence: str

    @property
    def chat_gib(self) -> float:
        """Memory to answer with it."""
        return 1.2 * 2 * self.parameters / 2**30

    @property
    def lora_gib(self) -> float:
        """Memory to tune an adapter on it."""
        return 2 * self.chat_gib


LADDER = (
    Rung("builtin", 134.5e6, "Apache-2.0"),
    Rung("Qwen/Qwen2.5-0.5B-Instruct", 494e6, "Apache-2.0"),
    Rung("HuggingFaceTB/SmolLM2-1.7B-Instruct", 1.71e9, "Apache-2.0"),
    Rung("Qwen/Qwen3-4B-Instruct-2507", 4.02e9, "Apache-2.0"),
    Rung("Qwen/Qwen3-8B", 8.19e9, "Apache-2.0"),
    Rung("Qwen/Qwen3-14B", 14.8e9, "Apache-2.0"),
)


def next_rung(base_model: str, parameters: float, ladder: Sequence[Rung] = LADDER) -> Rung | None:
    """The next larger model than this one, None where there is none on the ladder.

    parameters: its weights, for a model that is not on the ladder itself; a model that is nearly as
    large does not count as larger.
    """
    known = next((one.parameters for one in ladder if one.name == base_model), parameters)
    return next((one for one in ladder if one.parameters > 1.2 * known), None)
