"""Several processes on one run, one for each GPU, as torch.distributed.run starts them.

Rank 0 writes to the run's folder and decides; the others train along and follow. Every function
here that exchanges something has to be called by all ranks at the same place, and costs nothing in
a process that is alone.
"""

from __future__ import annotations

import math
import os
from datetime import timedelta

import torch
from accelerate import PartialState  # type: ignore[import-untyped]
from torch import distributed
from torch.distributed.tensor import DTensor

from assistant.errors import TrainingError

# A rank that waits longer for the others has lost them; the first step of a large model is slow.
_PATIENCE = timedelta(minutes=30)


def world_size() -> int:
    """How many processes train."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """Whether this process writes and decides."""
    return os.environ.get("RANK", "0") == "0"


def sharded() -> bool:
    """Whether accelerate was told to divide the weights themselves among the processes (FSDP)."""
    return world_size() > 1 and os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"


def join(cpu: bool) -> None:
    """Meet the other processes, over NCCL on GPUs and gloo without. To be called first."""
    if world_size() == 1:
        return
    if not cpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    PartialState(cpu=cpu, timeout=_PATIENCE)


def wait() -> None:
    """Until all ranks are here."""
    if world_size() > 1:
        PartialState().wait_for_everyone()


def decided(value: float) -> float:
    """What rank 0 says."""
    shared = _shared([value])
    if world_size() > 1:
        distributed.broadcast(shared, src=0)
    return float(shared[0])


def decided_figure(value: float | None) -> float | None:
    """What rank 0 measured; None where it did not."""
    found = decided(float("nan") if value is None else value)
    return None if math.isnan(found) else found


def totals(values: list[float]) -> list[float]:
    """Each value summed over the ranks."""
    shared = _shared(values)
    if world_size() > 1:
        distributed.all_reduce(shared)
    return [float(one) for one in shared]


def least(value: float) -> float:
    """The smallest of the ranks' values."""
    shared = _shared([value])
    if world_size() > 1:
        distributed.all_reduce(shared, op=distributed.ReduceOp.MIN)
    return float(shared[0])


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """A weight as one tensor, gathered from the ranks where it is divided among them."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def share_of_batch(batch_size: int) -> int:
    """Rows of one step that each rank takes. Raises TrainingError where it cannot be divided."""
    share, rest = divmod(batch_size, world_size())
    if rest:
        raise TrainingError(
            f"A batch of {batch_size} rows cannot be divided among {world_size()} processes: "
            f"choose a batch size that is a multiple of {world_size()}."
        )
    return share


def _shared(values: list[float]) -> torch.Tensor:
    """In double precision, in which counts are exact; on the GPU where NCCL exchanges."""
    device = torch.device("cpu")
    if world_size() > 1 and distributed.get_backend() == "nccl":
        device = torch.device("cuda", torch.cuda.current_device())
    return torch.tensor(values, dtype=torch.float64, device=device)
