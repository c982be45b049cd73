"""LoRA adapters on one resident model, an adapter of its own for each row of a batch.

Adapters are read in the format that peft writes. They are applied by hooks of our own on the
model's linear layers: on a CPU, a step of a base and a tuned row takes 1.5 times as long by peft's
mixed batches, whose small products each wake a second thread (tests/benchmarks/two_contenders.py).
The base weights are never touched, and a row without adapter never meets one.

Low-rank adaptation: h = W x + (alpha / r) B A x (Hu et al. 2021, https://arxiv.org/abs/2106.09685).
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import ModelError
from assistant.models import read_json

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"

_FEW = 2  # rows up to which one product a row is quicker than one of all
_KEY = re.compile(r"base_model\.model\.(?P<layer>.+)\.lora_(?P<part>[AB])\.weight")
# Settings of peft that change the computation without a weight that would show it.
_UNSUPPORTED = ("use_dora", "fan_in_fan_out", "alpha_pattern", "layer_replication", "use_qalora")


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """One adapter: for each linear layer A, (r, inputs), and B times alpha / r, (outputs, r)."""

    folder: Path
    layers: Mapping[str, tuple[torch.Tensor, torch.Tensor]]


def read_adapter(folder: Path, model: torch.nn.Module, base_sha256: str = "") -> Adapter:
    """Read an adapter's folder and check that it belongs on this model.

    base_sha256: of the model's weights, held against what the adapter's run says that it was
    trained on; "" leaves it to the names and shapes of the layers. The weights are kept in float32
    on the model's device.

    Raises ModelError where a file is missing or damaged, where the adapter is of another kind than
    plain LoRA, or of another model.
    """
    import torch
    from safetensors.torch import load_file

    config = read_json(folder / CONFIG)
    if config is None or not (folder / WEIGHTS).is_file():
        raise ModelError(
            f"The adapter in {folder} is missing or damaged: train the assistant again."
        )
    _check_kind(folder, config)
    run = read_json(folder.parent / "run.json") or read_json(folder / "run.json") or {}
    if base_sha256 and run.get("base_sha256", base_sha256) not in (base_sha256, ""):
        raise _foreign(folder)
    try:
        tensors = load_file(folder / WEIGHTS)
    except Exception as error:
        raise ModelError(
            f"The adapter in {folder} cannot be read ({type(error).__name__}): train again."
        ) from error
    linears = {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
    halves: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        match = _KEY.fullmatch(key)
        if match is None:
            raise ModelError(f"The adapter in {folder} is not plain LoRA ({key}): train again.")
        if match["layer"] not in linears:
            raise _foreign(folder)
        halves.setdefault(match["layer"], {})[match["part"]] = tensor
    device = next(model.parameters()).device
    layers: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    for name, half in halves.items():
        if half.keys() != {"A", "B"}:
            raise ModelError(f"The adapter in {folder} lacks half of a layer: train again.")
        down, up = half["A"], half["B"]
        rank = down.shape[0]
        if down.shape != (rank, linears[name].in_features) or up.shape != (
            linears[name].out_features,
            rank,
        ):
            raise _foreign(folder)
        scale = config["lora_alpha"] / (math.sqrt(rank) if config.get("use_rslora") else rank)
        layers[name] = (
            down.to(device, torch.float32).contiguous(),
            (up.to(device, torch.float32) * scale).contiguous(),
        )
    return Adapter(folder, layers)


def _check_kind(folder: Path, config: dict[str, Any]) -> None:
    if config.get("peft_type") != "LORA" or not isinstance(config.get("lora_alpha"), int | float):
        raise ModelError(f"The adapter in {folder} is not a LoRA adapter: train again.")
    for setting in _UNSUPPORTED:
        if config.get(setting):
            raise ModelError(
                f"The adapter in {folder} uses {setting}, which Duet does not apply: train again."
            )


def _foreign(folder: Path) -> ModelError:
    return ModelError(
        f"The adapter in {folder} was trained on another base model: choose that model for the "
        "assistant, or train again."
    )


@dataclass(slots=True, eq=False)
class RowAdapters:
    """Hooks that add, to each row of a batch, the contribution of that row's adapter.

    A layer is hooked when the first adapter for it appears. Outside of `rows` every row is base.
    """

    model: torch.nn.Module
    _hooked: dict[str, _LayerRows] = field(default_factory=dict)

    def hook(self, adapter: Adapter) -> None:
        """Prepare the layers that an adapter changes; the base's outputs stay as they are."""
        for name in adapter.layers:
            if name not in self._hooked:
                rows = _LayerRows()
                self.model.get_submodule(name).register_forward_hook(rows)
                self._hooked[name] = rows

    @contextmanager
    def rows(self, adapters: Sequence[Adapter | None]) -> Iterator[None]:
        """Within, row i of every batch is computed with adapters[i], None being the base."""
        for name, layer in self._hooked.items():
            layer.set(name, adapters)
        try:
            yield
        finally:
            for layer in self._hooked.values():
                layer.clear()


class _LayerRows:
    """The forward hook of one linear layer: which rows take which low-rank pair."""

    __slots__ = ("_groups",)

    def __init__(self) -> None:
        self._groups: list[tuple[slice, torch.Tensor, torch.Tensor]] = []

    def set(self, name: str, adapters: Sequence[Adapter | None]) -> None:
        """Neighbouring rows of one adapter are computed together."""
        self._groups = []
        start = 0
        for stop in range(1, len(adapters) + 1):
            if stop < len(adapters) and adapters[stop] is adapters[start]:
                continue
            adapter = adapters[start]
            pair = adapter.layers.get(name) if adapter is not None else None
            if pair is not None:
                self._groups.append((slice(start, stop), *pair))
            start = stop

    def clear(self) -> None:
        self._groups = []

    def __call__(
        self, _layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor
    ) -> None:
        # inputs[0]: (rows, tokens, inputs); output: (rows, tokens, outputs), changed in place
        for rows, down, up in self._groups:
            taken = inputs[0][rows].float()
            if taken.shape[1] == 1 and len(taken) <= _FEW and taken.device.type == "cpu":
                # Matrix times vector is a single call without a parallel region, which at this
                # size would cost more in waking a thread than in computing.
                for row, vector in enumerate(taken[:, 0].unbind(), start=rows.start):
                    output[row, 0].add_(up.mv(down.mv(vector)))
            else:
                output[rows].add_((taken @ down.T) @ up.T)
