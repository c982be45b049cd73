"""Other programs that a run's figures can be read in: TensorBoard, trackio, MLflow.

What a run says of itself is in progress.jsonl; a log is a copy for those who know another tool. All
of them lie in this DUET_HOME, and none of these tools is told of any other place.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from assistant.errors import InvalidRequest
from assistant.training.folder import RunFolder, read_json

LOGS = {"tensorboard": "TensorBoard", "trackio": "trackio", "mlflow": "MLflow"}
"""By the name that a person gives, and that is the package's, what to call it."""


def checked_logs(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once. Raises InvalidRequest for what is unknown or not installed."""
    chosen = tuple(dict.fromkeys(names))
    unknown = [name for name in chosen if name not in LOGS]
    if unknown:
        raise InvalidRequest(f"“{unknown[0]}” is no log: name {', '.join(LOGS)}.")
    missing = [name for name in chosen if not installed(name)]
    if missing:
        raise InvalidRequest(
            f"{LOGS[missing[0]]} is not installed, so nothing was started: run `uv pip install "
            f"{missing[0]}`, or train without this log."
        )
    return chosen


def installed(name: str) -> bool:
    """Whether the package of a log is there."""
    return find_spec(name) is not None


def log_place(name: str, folder: RunFolder) -> Path:
    """Where a log lies: TensorBoard's in the run's folder, the others' with those of other runs."""
    if name == "tensorboard":
        return folder.path / "tensorboard"
    home = (read_json(folder.local) or {}).get("home")
    return (Path(home) if home else folder.path) / name


def log_command(name: str, folder: RunFolder) -> str:
    """What to type to look at a log."""
    place = log_place(name, folder)
    return {
        "tensorboard": f"tensorboard --logdir {place.parent.parent}",
        "trackio": f"TRACKIO_DIR={place} trackio show",
        "mlflow": f"mlflow ui --backend-store-uri sqlite:///{place / 'mlflow.db'}",
    }[name]
