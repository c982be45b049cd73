"""Where a base model comes from: built in, a local folder, or a Hugging Face id.

Nothing here imports torch. Weights are safetensors, never pickle, and no code of a model is run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant import builtin_model
from assistant.errors import ModelError

BUILTIN = "builtin"

_MANIFEST = "manifest.json"
_CONVERSION = 1  # raised when the conversion changes, so that older results are made anew
_CHUNK = 4 * 1024 * 1024  # bytes

Progress = Callable[[str, float], None]


def resolve_model(name: str, models: Path, progress: Progress | None = None) -> Path:
    """The folder of a base model: weights as safetensors, configuration, tokenizer, chat template.

    name: "builtin", a local folder, or a Hugging Face id such as "org/model". models: the folder
    in which the built-in model is unpacked, once, also when several processes ask for it at once.
    progress: called with what is being done and the share of that which is done, in [0, 1].

    Raises ModelError, in one sentence, where the model cannot be had.
    """
    report = progress or _silent
    if name == BUILTIN:
        return _builtin(models, report)
    folder = Path(name).expanduser()
    if folder.is_dir():
        check_model_folder(folder, name)
        return folder.absolute()
    if folder.is_absolute() or name.startswith((".", "~")):
        raise ModelError(f"There is no folder {folder}: name a folder that holds a model.")
    from assistant.hub_models import fetch

    folder = fetch(name, report)
    check_model_folder(folder, name)
    return folder


def model_here(name: str, models: Path) -> Path | None:
    """The folder of a base model that is ready on this machine; None where it would be fetched or
    unpacked first, or is not usable. Arguments as of `resolve_model`."""
    if name == BUILTIN:
        folder = models / builtin_model.NAME
        return folder if _intact(folder) else None
    folder = Path(name).expanduser()
    try:
        if not folder.is_dir():
            from assistant.hub_models import cached

            found = cached(name)
            if found is None:
                return None
            folder = found
        check_model_folder(folder, name)
    except ModelError:
        return None
    return folder.absolute()


def check_model_folder(folder: Path, name: str) -> None:
    """Raise ModelError where the folder does not hold a chat model that Duet can use."""
    config = read_json(folder / "config.json")
    if config is None:
        raise ModelError(f"{name} holds no model: its config.json is missing or damaged.")
    if not _writes_text(config):
        kind = (config.get("architectures") or ["a model of no stated kind"])[0]
        raise ModelError(f"{name} is {kind}, which does not write text: choose a chat model.")
    missing = [path.name for path in _weights(folder, name) if not path.is_file()]
    if missing:
        raise ModelError(f"{name} is incomplete, {missing[0]} is missing: download it again.")
    if not (folder / "tokenizer.json").is_file():
        raise ModelError(f"{name} has no tokenizer.json, without which Duet cannot use it.")
    if not _has_chat_template(folder):
        raise ModelError(
            f"{name} has no chat template, so it is not a chat model: choose its instruct version."
        )


def weights_sha256(folder: Path) -> str:
    """SHA-256 of the folder's weights in hexadecimal: of the file, or of the hashes of several.

    The unpacked built-in model carries its hash in a manifest and the hub's cache in the names of
    its files; other weights are read, which takes some seconds for each GB.
    Raises ModelError where the weights cannot be read.
    """
    manifest = read_json(folder / _MANIFEST) or {}
    known = manifest["files"] if "conversion" in manifest else {}
    hashes: dict[str, str] = {}
    for path in _weights(folder, folder.name):
        blob = path.resolve().name  # the hub's cache links to blobs named by their SHA-256
        if path.name in known:
            hashes[path.name] = str(known[path.name]["sha256"])
        elif path.is_symlink() and len(blob) == 64:
            hashes[path.name] = blob
        else:
            hashes[path.name] = file_sha256(path)
    if len(hashes) == 1:
        return next(iter(hashes.values()))
    lines = "".join(f"{name} {own}\n" for name, own in hashes.items())
    return hashlib.sha256(lines.encode()).hexdigest()


def weights_bytes(folder: Path) -> int:
    """Size of the weight files together."""
    return sum(path.stat().st_size for path in _weights(folder, folder.name))


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises ModelError where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error
    return digest.hexdigest()


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object from a file; None where there is none or it is damaged."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _silent(_stage: str, _share: float) -> None:
    pass


def _weights(folder: Path, name: str) -> list[Path]:
    """The weight files that config and index name, sorted."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        weight_map = (read_json(index) or {}).get("weight_map")
        if not isinstance(weight_map, dict) or not weight_map:
            raise ModelError(f"{name} has a damaged index of its weights: download it again.")
        names = sorted({str(one) for one in weight_map.values()})
        if any(Path(one).name != one for one in names):
            raise ModelError(f"{name} has an index that points outside its folder: not used.")
        return [folder / one for one in names]
    single = folder / "model.safetensors"
    if not single.is_file() and any(folder.glob("*.bin")):
        raise ModelError(
            f"{name} keeps its weights as pickle, which can run code: choose one in safetensors."
        )
    return [single]


def _writes_text(config: dict[str, Any]) -> bool:
    architectures = [str(one) for one in config.get("architectures") or ()]
    # Models that also see images carry the configuration of the part that writes.
    endings = ["ForCausalLM", "LMHeadModel"]
    if "text_config" in config:
        endings.append("ForConditionalGeneration")
    return any(one.endswith(tuple(endings)) for one in architectures)


def _has_chat_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    return bool((read_json(folder / "tokenizer_config.json") or {}).get("chat_template"))


def _builtin(models: Path, report: Progress) -> Path:
    from filelock import FileLock

    folder = models / builtin_model.NAME
    if _intact(folder):
        return folder
    try:
        models.mkdir(parents=True, exist_ok=True)
        with FileLock(models / f".{builtin_model.NAME}.lock"):
            # Another process may have unpacked it while this one waited.
            if not _intact(folder):
                _unpack(models, folder, report)
    except OSError as error:
        raise ModelError(
            f"The built-in model could not be unpacked to {models} ({error.strerror or error}): "
            "it needs 300 MB of disk that can be written to."
        ) from error
    return folder


def _unpack(models: Path, folder: Path, report: Progress) -> None:
    source = builtin_model.find_gguf()
    builtin_model.check_gguf(source, report)
    _clear_leftovers(models)
    making = Path(tempfile.mkdtemp(prefix=f".{builtin_model.NAME}-", dir=models))
    try:
        builtin_model.unpack(source, making, report)
        _write_manifest(making)
        if folder.exists():
            shutil.rmtree(folder)
        making.rename(folder)
        _sync_folder(models)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _clear_leftovers(models: Path) -> None:
    """Remove what a killed conversion left; the caller holds the lock."""
    for leftover in models.glob(f".{builtin_model.NAME}-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _write_manifest(folder: Path) -> None:
    files = {
        path.name: {
            "bytes": path.stat().st_size,
            "modified_ns": path.stat().st_mtime_ns,
            "sha256": file_sha256(path),
        }
        for path in sorted(folder.iterdir())
    }
    manifest = {
        "conversion": _CONVERSION,
        "source_sha256": builtin_model.GGUF_SHA256,
        "files": files,
    }
    with (folder / _MANIFEST).open("w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=2)
        file.flush()
        os.fsync(file.fileno())


def _intact(folder: Path) -> bool:
    """Whether the unpacked model is the one that was written.

    Sizes and times are compared; a file whose time differs (copied, restored) is hashed.
    """
    manifest = read_json(folder / _MANIFEST)
    if manifest is None or manifest.get("conversion") != _CONVERSION:
        return False
    if manifest.get("source_sha256") != builtin_model.GGUF_SHA256:
        return False
    for name, known in manifest["files"].items():
        try:
            found = (folder / name).stat()
        except OSError:
            return False
        if found.st_size != known["bytes"]:
            return False
        touched = found.st_mtime_ns != known["modified_ns"]
        if touched and file_sha256(folder / name) != known["sha256"]:
            return False
    return True


def _sync_folder(folder: Path) -> None:
    """Make a rename durable, where the system lets a folder be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
