"""What a run was trained on, taken away: its rows as they were, with a card that describes them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from assistant.errors import ExportError
from assistant.models import file_sha256
from assistant.runs import Run
from assistant.training.folder import RunFolder, read_json


def export_training_data(run: Run, run_folder: Path, folder: Path) -> tuple[tuple[str, int], ...]:
    """Copy train.jsonl, validation.jsonl and, if any, general.jsonl into a new folder.

    Returns names and sizes in bytes.

    Raises ExportError where the folder is taken, cannot be written, or the rows are gone.
    """
    kept, folder = RunFolder(run_folder), folder.expanduser().absolute()
    if folder.exists():
        raise ExportError(f"{folder} is there already and was left alone: name a new folder.")
    if not kept.train.is_file():
        raise ExportError(f"The rows of run {run.id} are not in its folder any more.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
            made = Path(aside) / "export"
            made.mkdir()
            for path in (kept.train, kept.general, kept.validation):
                if path.is_file():
                    shutil.copyfile(path, made / path.name)
            (made / "README.md").write_text(_card(run, kept, made), "utf-8")
            files = tuple((one.name, one.stat().st_size) for one in sorted(made.iterdir()))
            made.rename(folder)
    except OSError as error:
        raise ExportError(
            f"The export could not be written to {folder} ({error.strerror or error}): nothing was "
            "left there; free some space or name another folder."
        ) from error
    return files


def _card(run: Run, kept: RunFolder, made: Path) -> str:
    about = read_json(kept.run) or {}
    sources: dict[str, int] = {}
    for one in about.get("sources") or []:
        name = one["document"] or "(no document named)"
        sources[name] = sources.get(name, 0) + one["rows"]
    documents = "\n".join(
        f"| {_plain(name)} | {rows:,} |" for name, rows in sorted(sources.items())
    )
    hashes = "\n".join(
        f"- `{one.name}`: SHA-256 `{file_sha256(one)}`" for one in sorted(made.iterdir())
    )
    general = (
        " `general.jsonl` holds requests of no field with the base model's own answers, which were "
        "trained beside the others."
        if kept.general.is_file()
        else ""
    )
    name = _plain(str((about.get("assistant") or {}).get("name", "Assistant")))
    return f"""# Training data of {name}, run {run.id}

**Licence:** (fill in before this data is passed on; the documents it was written from have licences
of their own)

{run.rows.get("train", 0):,} rows were trained on, {run.rows.get("validation", 0):,} watched.

Each line is a JSON object with the messages `prompt` and `completion`, or what votes give,
as the model saw them before its chat template.{general}

{hashes}

## Documents

| Document | Training rows |
| --- | --- |
{documents or "| not recorded | |"}
"""


def _plain(text: str) -> str:
    kept = " ".join(text.split())
    return kept.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")
