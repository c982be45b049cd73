"""What went wrong in the worker, as one sentence."""

from __future__ import annotations

import shutil

from assistant.errors import DuetError, TrainingError
from assistant.training.folder import RunFolder

_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")
_DISK = ("no space left", "disk quota exceeded")
_WRITING = ("failed writing file", "file write failed")  # torch does not say why
_FULL = 2**28  # bytes: with less free, that is why


def out_of_memory(error: BaseException) -> bool:
    """Whether this error says that memory was not enough, on the CPU or on a GPU."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _MEMORY)


def sentence(error: Exception, folder: RunFolder) -> str:
    """What happened, what was kept and what to do, for the person who pressed Train."""
    checkpoint = folder.last_checkpoint()
    kept = (
        f"Step {checkpoint.name.rpartition('-')[2]} is kept: resume the run afterwards."
        if checkpoint is not None
        else "Nothing was saved yet: start it again afterwards."
    )
    if folder.estimate_only.exists():
        kept = "Only one step was measured: nothing was trained."
    text = str(error).lower()
    if isinstance(error, DuetError):
        return str(error) if isinstance(error, TrainingError) else f"{error} {kept}"
    if out_of_memory(error):
        return (
            "The training ran out of memory: choose a smaller max length, a smaller batch size, a "
            f"smaller base model, or QLoRA on an NVIDIA GPU. {kept}"
        )
    full = any(sign in text for sign in _WRITING) and shutil.disk_usage(folder.path).free < _FULL
    if full or any(sign in text for sign in _DISK):
        return f"The disk is full: free some space. {kept}"
    if isinstance(error, ImportError):
        return f"A package that training needs is missing ({error}): install Duet again. {kept}"
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    failed = f"The training failed: {first.rstrip('.')}. {kept}"
    if folder.estimate_only.exists():  # its folder is deleted with its log
        return failed
    return f"{failed} The run's worker.log has the details."
