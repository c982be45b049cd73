"""The worker: `python -m assistant.training RUN_FOLDER` trains what the folder asks for.

It reads run.json and the rows, appends to progress.jsonl, and ends with adapter/ and done.json or
with one plain sentence in error.json. Killed at any moment, it can be started again on the same
folder and goes on from the last whole checkpoint.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from pathlib import Path

from assistant.errors import DuetError, TrainingError
from assistant.training.folder import RunFolder, write_json
from assistant.training.process import sole_training

logger = logging.getLogger(__name__)

_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")
_DISK = ("no space left", "disk quota exceeded")
_WRITING = ("failed writing file", "file write failed")  # torch does not say why
_FULL = 2**28  # bytes: with less free, that is why
_NICENESS = 5  # a question asked meanwhile goes first


def main(arguments: list[str]) -> int:
    """Train in the folder named by the only argument; return the exit code of the process."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: python -m assistant.training RUN_FOLDER\n")
        return 2
    folder = RunFolder(Path(arguments[0]).absolute())
    try:
        with sole_training(folder) as to_do:
            if to_do:
                # Imported late, so that a broken installation of torch is told as a sentence too.
                from assistant.training.tuning import tune

                tune(folder)
    except Exception as error:
        logger.exception("Run %s failed", folder.path.name)
        folder.drop_incomplete_checkpoints()  # on a full disk, this makes room for the sentence
        write_json(folder.error, {"error": sentence(error, folder), "type": type(error).__name__})
        return 1
    return 0


def sentence(error: Exception, folder: RunFolder) -> str:
    """What happened, what was kept and what to do, for the person who pressed Train."""
    checkpoint = folder.last_checkpoint()
    kept = (
        f"Step {checkpoint.name.rpartition('-')[2]} is kept: resume the run afterwards."
        if checkpoint is not None
        else "Nothing was saved yet: start it again afterwards."
    )
    text = str(error).lower()
    if isinstance(error, DuetError):
        return str(error) if isinstance(error, TrainingError) else f"{error} {kept}"
    if isinstance(error, MemoryError) or any(sign in text for sign in _MEMORY):
        return (
            "The training ran out of memory: choose a smaller batch size, a smaller max length or "
            f"a smaller base model. {kept}"
        )
    full = any(sign in text for sign in _WRITING) and shutil.disk_usage(folder.path).free < _FULL
    if full or any(sign in text for sign in _DISK):
        return f"The disk is full: free some space. {kept}"
    if isinstance(error, ImportError):
        return f"A package that training needs is missing ({error}): install Duet again. {kept}"
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return f"The training failed: {first} {kept} The run's worker.log has the details."


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    sys.exit(main(sys.argv[1:]))
