"""Models by their Hugging Face id: from the local cache where whole, otherwise downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import ModelError

if TYPE_CHECKING:
    from huggingface_hub import DryRunFileInfo

_WANTED = ["*.safetensors", "*.json", "*.jinja", "LICENSE*"]
_UNWANTED = ["*/*", "consolidated*"]

Progress = Callable[[str, float], None]


def cached(name: str) -> Path | None:
    """The local snapshot of a model, None where there is none that is whole. Asks no network."""
    from huggingface_hub import errors, snapshot_download

    try:
        return Path(
            snapshot_download(
                name, local_files_only=True, allow_patterns=_WANTED, ignore_patterns=_UNWANTED
            )
        )
    except (errors.HFValidationError, errors.LocalEntryNotFoundError, ValueError, OSError):
        return None


def fetch(name: str, progress: Progress) -> Path:
    """The local snapshot of a model, downloading what is missing of it.

    A snapshot that is whole is used as it is, without asking the network. Raises ModelError.
    """
    from huggingface_hub import errors, snapshot_download

    try:
        cached = snapshot_download(
            name, local_files_only=True, allow_patterns=_WANTED, ignore_patterns=_UNWANTED
        )
        return Path(cached)
    except errors.HFValidationError as error:
        raise ModelError(
            f"{name} is neither a folder nor a Hugging Face id such as org/model: check the name."
        ) from error
    except (errors.LocalEntryNotFoundError, errors.IncompleteSnapshotError):
        pass
    try:
        return _download(name, progress)
    except errors.GatedRepoError as error:
        raise ModelError(
            f"{name} is gated: accept its terms on its Hugging Face page, run `hf auth login`, and "
            "try again."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(
            f"There is no public model {name} on Hugging Face: check the id, or log in with "
            "`hf auth login` if it is private."
        ) from error
    except (errors.LocalEntryNotFoundError, ConnectionError) as error:
        raise ModelError(
            f"{name} is not on this machine and Hugging Face cannot be reached: connect to the "
            "network once, name a local folder, or use the built-in model."
        ) from error
    except ModelError:
        raise
    except Exception as error:  # of the HTTP client, which changes with the hub's versions
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ModelError(
            f"{name} could not be downloaded ({reason}); what has arrived is kept: try again."
        ) from error


def _download(name: str, progress: Progress) -> Path:
    from huggingface_hub import errors, hf_hub_download, snapshot_download

    try:
        files: list[DryRunFileInfo] = snapshot_download(
            name, allow_patterns=_WANTED, ignore_patterns=_UNWANTED, dry_run=True
        )
    except errors.DryRunError as error:
        # Either the hub's own refusal (gated, unknown), or whatever kept it from being reached.
        if isinstance(error.__cause__, errors.HfHubHTTPError):
            raise error.__cause__ from None
        raise ConnectionError(str(error)) from error
    if not any(file.filename.endswith(".safetensors") for file in files):
        raise ModelError(
            f"{name} has no weights as safetensors, the only kind that Duet loads: choose another."
        )
    missing = [file for file in files if file.will_download]
    total = sum(file.file_size or 0 for file in missing)
    _check_disk(name, total)
    received = _Received(f"Downloading {name}", total, progress)
    for file in missing:
        hf_hub_download(
            name, file.filename, revision=file.commit_hash, tqdm_class=received.bar_class()
        )
    return Path(files[0].local_path).parent


def _check_disk(name: str, needed: int) -> None:
    from huggingface_hub.constants import HF_HUB_CACHE

    folder = Path(HF_HUB_CACHE)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ModelError(
            f"{name} is {needed / 1e9:.1f} GB and {folder} has {free / 1e9:.1f} GB free: free some "
            "disk, or choose a smaller model."
        )


class _Received:
    """Counts the bytes of all files, which the hub's client reports to a progress bar of ours."""

    def __init__(self, stage: str, total: int, progress: Progress) -> None:
        self._stage = stage
        self._total = max(total, 1)
        self._progress = progress
        self._bytes = 0.0

    def add(self, count: float) -> None:
        self._bytes += count
        self._progress(self._stage, min(self._bytes / self._total, 1.0))

    def bar_class(self) -> Any:
        from tqdm import tqdm  # type: ignore[import-untyped]

        received = self

        class Bar(tqdm):  # type: ignore[misc]
            def __init__(self, *args: Any, **settings: Any) -> None:
                settings.pop("name", None)
                super().__init__(*args, **{**settings, "disable": True})
                received.add(settings.get("initial") or 0)

            def update(self, n: float | None = 1) -> None:
                received.add(n or 0)

        return Bar
