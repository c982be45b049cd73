"""Training with as many rows at a time as memory takes, found by trying where need be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

from assistant.training import loading, memory, ranks
from assistant.training.estimate import Preflight
from assistant.training.failures import out_of_memory
from assistant.training.folder import RunFolder, checkpoint_step, read_json

logger = logging.getLogger(__name__)


class Prepared(Protocol):
    """A run that is ready to train."""

    @property
    def found(self) -> Preflight: ...


P = TypeVar("P", bound=Prepared)


def train_with_what_fits(
    folder: RunFolder,
    prepare: Callable[[int | None, str], P],
    measured: Callable[[P], P],
    finish: Callable[[P], None],
    fewest: int = 1,
) -> None:
    """Prepare, measure a step and train; where memory runs out, again with half as many rows.

    prepare: takes the most rows of one pass, None for no limit, and the notice that says why.
    fewest: rows of a pass, below which there is nothing to halve. Once training has begun, memory
    may run out once. A folder with `estimate-only` in it is measured and not trained.
    """
    earlier = earlier_preflight(folder)
    at_most = earlier.rows_at_once if earlier else None
    notice, halved = "", False
    while True:
        preparation = prepare(at_most, notice)
        rows = preparation.found.rows_at_once
        training = False
        try:
            preparation = measured(preparation)
            if folder.estimate_only.exists():
                return
            training = True
            finish(preparation)
            return
        except Exception as error:
            # Ranks that are still well cannot know of it: they would train on without this one.
            if not out_of_memory(error) or rows <= fewest or halved or ranks.world_size() > 1:
                raise
            logger.warning("Out of memory with %d rows at once", rows, exc_info=True)
        # The error is gone here, and with it all that its frames held.
        del preparation
        memory.release(loading.device())
        halved, at_most = training, rows // 2
        when = _when(folder) if training else "in the step before training"
        notice = f"Memory ran out {when} with {rows} rows at once: at most {at_most} are taken now."


def earlier_preflight(folder: RunFolder) -> Preflight | None:
    """What was found before this run was interrupted or ran out of memory."""
    found = read_json(folder.preflight)
    return Preflight.of(found) if found is not None else None


def _when(folder: RunFolder) -> str:
    checkpoint = folder.last_checkpoint()
    if checkpoint is None:
        return "before anything was saved, so the run began anew,"
    return f"and the run went on from step {checkpoint_step(checkpoint)},"
