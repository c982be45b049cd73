"""A run's name and note, a trial that is kept, and runs that are deleted."""

from __future__ import annotations

from assistant.errors import Conflict, InvalidRequest, NotFound, StoreError
from assistant.runs import Run, Runs
from assistant.training.folder import RunFolder, read_json, write_json
from assistant.training.graves import Deleted, bury, missing

LONGEST_NAME = 60
LONGEST_NOTE = 2000


def rename(runs: Runs, run_id: str, name: str) -> Run:
    """Give a run a name, "" for none. Raises NotFound, InvalidRequest, Conflict, StoreError.

    A name is one's own among the runs of the assistant, whatever its capitals.
    """
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME:
        raise InvalidRequest(f"The name has {len(name)} characters: use at most {LONGEST_NAME}.")
    for other in runs.list():
        if name and other.id != run_id and name.casefold() in (other.name.casefold(), other.id):
            raise Conflict(f"Run {other.id} is named “{name}” already: choose another name.")
    return _labelled(runs, run_id, {"name": name})


def annotate(runs: Runs, run_id: str, note: str) -> Run:
    """Write a note on a run, in place of the one it had. Raises NotFound, InvalidRequest."""
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise InvalidRequest(f"The note has {len(note)} characters: use at most {LONGEST_NOTE}.")
    return _labelled(runs, run_id, {"note": note})


def keep_trial(runs: Runs, run_id: str) -> Run:
    """Let a run of a sweep answer as any other: the newest run with an adapter is “Tuned”.

    Raises NotFound, Conflict where it is no trial.
    """
    if not runs.get(run_id).trial:
        raise Conflict(f"Run {run_id} is no trial of a sweep: nothing was changed.")
    return _labelled(runs, run_id, {"kept": True})


def delete(runs: Runs, run_id: str) -> Deleted:
    """Delete a run's folder. Raises NotFound, Conflict while it is live, StoreError.

    One that waits leaves the queue. Votes and evaluations of it stay.
    """
    with runs.queue.alone():
        run = runs.get(run_id)
        if run.live:
            raise Conflict(f"Run {run.title} is {run.state}: stop it, then delete it.")
        try:
            return bury(RunFolder(runs.folder / run.id), run.name)
        except OSError as error:
            raise StoreError(
                f"Run {run.title} could not be deleted ({error}); it is kept: try again."
            ) from error


def run_named(runs: Runs, name: str) -> Run:
    """The run of that id or name. Raises NotFound, which says where it was deleted."""
    known = runs.list()
    for run in known:
        if name == run.id or (run.name and name.strip().casefold() == run.name.casefold()):
            return run
    raise NotFound(missing(runs.folder, name))


def _labelled(runs: Runs, run_id: str, changes: dict[str, str | bool]) -> Run:
    run = runs.get(run_id)
    path = RunFolder(runs.folder / run.id).label
    try:
        with runs.queue.alone():  # two at once would lose what one of them wrote
            write_json(path, {**(read_json(path) or {}), **changes})
    except OSError as error:
        raise StoreError(f"The run could not be labelled ({error}); try again.") from error
    return runs.get(run_id)
