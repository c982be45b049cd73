"""Memory of the device as it is now: what is free, what this process holds, and its peak."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import torch

_LOOK_SECONDS = 0.005
_CGROUP = Path("/sys/fs/cgroup")


def free_and_total(device: torch.device) -> tuple[int, int]:
    """Bytes of the device that this process could hold in all, and bytes of the device.

    What other processes hold, a resident chat model among them, is not free; what this one holds
    already counts as free to it on the CPU. The limit of a container is heeded.
    """
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device), total
    memory = psutil.virtual_memory()
    free, total = int(memory.available), int(memory.total)
    limit, used = _cgroup("memory.max"), _cgroup("memory.current")
    if limit is not None and used is not None and limit < total:
        free, total = min(free, max(limit - used, 0)), limit
    return free + held(device), total


def held(device: torch.device) -> int:
    """Bytes that this process has allocated on the GPU, or holds of the machine's memory."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    return int(psutil.Process().memory_info().rss)


def gpu_use(device: torch.device) -> float | None:
    """Share of the last moments in which the GPU was at work; None where it cannot be known."""
    if device.type != "cuda":
        return None
    try:
        return float(torch.cuda.utilization(device)) / 100
    except Exception:  # the package pynvml is not there, or the driver does not tell
        return None


def release(device: torch.device) -> None:
    """Give back what nothing refers to any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


@dataclass(slots=True)
class Peak:
    """The most that was held, in bytes."""

    bytes: int = 0


@contextmanager
def peak_memory(device: torch.device) -> Iterator[Peak]:
    """Watch how much memory is held meanwhile; the result is there when the block has ended.

    On a CPU the resident size is looked at every few milliseconds, from another thread.
    """
    peak = Peak(held(device))
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        yield peak
        peak.bytes = int(torch.cuda.max_memory_allocated(device))
        return
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_SECONDS):
            peak.bytes = max(peak.bytes, held(device))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()
        peak.bytes = max(peak.bytes, held(device))


def _cgroup(name: str) -> int | None:
    try:
        return int((_CGROUP / name).read_text())
    except (OSError, ValueError):  # no container, or "max"
        return None
