"""The keeper of the queue: `python -m assistant.training.keeper DUET_HOME RUN_FOLDERS`.

It starts the next run when the one before has ended, however that ended, and goes when none waits.
Any number of them may be started: one stays. It knows no torch, and costs some MB.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.errors import DuetError
from assistant.training.queue import KEEPER_LOCK, RunQueue

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
_SECOND_SECONDS = 5.0  # after which a second keeper gives way


def keep(queue: RunQueue, look_seconds: float = _LOOK_SECONDS) -> None:
    """Start runs of the queue one after the other until none waits.

    It leaves while it holds the queue's lock: who adds a run holds that too, and so either finds
    the keeper at work with the run in sight, or gone.
    """
    lock = FileLock(queue.home / KEEPER_LOCK, timeout=_SECOND_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        return
    try:
        while queue.home.is_dir():
            try:
                with queue.alone():
                    queue.start_next()
                    if not queue.waiting():
                        lock.release()
                        return
            except (DuetError, OSError) as error:
                logger.warning("The queue cannot be read now: %s", error)
            time.sleep(look_seconds)
    finally:
        lock.release()


def main(arguments: list[str]) -> int:
    """Keep the queue of the folder and pattern named; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    if len(arguments) != 2 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: python -m assistant.training.keeper DUET_HOME RUN_FOLDERS\n")
        return 2
    keep(RunQueue(Path(arguments[0]), run_folders=arguments[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
