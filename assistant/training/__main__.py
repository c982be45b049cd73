"""The worker: `python -m assistant.training RUN_FOLDER` trains what the folder asks for.

It reads run.json and the rows, appends to progress.jsonl, and ends with adapter/ and done.json or
with one plain sentence in error.json. Killed at any moment, it can be started again on the same
folder and goes on from the last whole checkpoint.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from assistant.training.failures import sentence
from assistant.training.folder import RunFolder, read_json, write_json
from assistant.training.process import sole_training

logger = logging.getLogger(__name__)

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
                _train(folder)
    except Exception as error:
        logger.exception("Run %s failed", folder.path.name)
        _tell(error, folder)
        return 1
    return 0


def _tell(error: Exception, folder: RunFolder) -> None:
    """Leave the sentence. Of several processes the first to fail tells why: the others fail because
    they have lost it."""
    if folder.error.exists() and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return
    folder.drop_incomplete_checkpoints()  # on a full disk, this makes room for the sentence
    write_json(folder.error, {"error": sentence(error, folder), "type": type(error).__name__})


def _train(folder: RunFolder) -> None:
    """By the method of run.json. Torch is imported late, so that a broken installation of it is
    told as a sentence too."""
    if (read_json(folder.run) or {}).get("method", "sft") == "sft":
        from assistant.training.tuning import tune

        tune(folder)
    else:
        from assistant.training.preference import train_on_preferences

        train_on_preferences(folder)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    sys.exit(main(sys.argv[1:]))
