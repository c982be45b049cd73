"""One export: written aside, loaded again and asked, then put in its place whole."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.errors import ExportError, ModelError
from assistant.exporting.gguf_file import modelfile, write_gguf
from assistant.exporting.merged import load_gguf, write_merged
from assistant.exporting.model_card import CardScores, base_licence, model_card
from assistant.generation import Backend, GenerationRequest
from assistant.prompts import question_messages
from assistant.records import Assistant, Decoding, Example
from assistant.runs import Run
from assistant.training.folder import ADAPTER_FILES

Form = Literal["adapter", "merged", "gguf"]
QUESTIONS = 10
_LIBRARIES: dict[Form, str] = {"adapter": "peft", "merged": "transformers", "gguf": "gguf"}

Progress = Callable[[str, float], None]
BackendFor = Callable[[Path], Backend]
"""From a model's folder to a backend over it."""


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """What the app and the export, loaded again, said to one question."""

    question: str
    app: str
    export: str

    @property
    def equal(self) -> bool:
        return self.app == self.export


@dataclass(frozen=True, slots=True)
class Export:
    """files: names and sizes in bytes. unchecked: why it was not asked, "" where it was."""

    folder: Path
    form: Form
    files: tuple[tuple[str, int], ...]
    checked: tuple[CheckedAnswer, ...]
    unchecked: str = ""


def export_run(
    assistant: Assistant,
    run: Run,
    run_json: Path,
    base: Path,
    form: Form,
    folder: Path,
    *,
    backend_for: BackendFor,
    examples: Sequence[Example] = (),
    scores: CardScores | None = None,
    progress: Progress | None = None,
) -> Export:
    """Export a run's model into a new folder, and check it against the app's own answers.

    base: the folder of the base model. examples: the first ten training questions are asked.
    scores: for the card.

    Raises ExportError where the folder is taken or cannot be written, or the run has no adapter;
    ModelError where the model cannot be written in this form. Nothing is left then.
    """
    report = progress or _silent
    if run.adapter is None:
        raise ExportError(f"Run {run.id} has no tuned weights: let it train to its end first.")
    folder = folder.expanduser().absolute()
    if folder.exists():
        raise ExportError(f"{folder} is there already and was left alone: name a new folder.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
            made = Path(aside) / "export"
            made.mkdir()
            name = f"{assistant.slug}-{run.id}"
            answers, unchecked = _written(
                assistant, run.adapter, base, form, made, name, backend_for, examples, report
            )
            card = model_card(
                run, run_json, base_licence(run.base_model, base), scores or {}, _LIBRARIES[form]
            )
            (made / "README.md").write_text(card, "utf-8")
            files = tuple((one.name, one.stat().st_size) for one in sorted(made.iterdir()))
            made.rename(folder)
    except OSError as error:
        raise ExportError(
            f"The export could not be written to {folder} ({error.strerror or error}): nothing was "
            "left there; free some space or name another folder."
        ) from error
    return Export(folder, form, files, answers, unchecked)


def _written(
    assistant: Assistant,
    adapter: Path,
    base: Path,
    form: Form,
    made: Path,
    name: str,
    backend_for: BackendFor,
    examples: Sequence[Example],
    report: Progress,
) -> tuple[tuple[CheckedAnswer, ...], str]:
    """Write the export into `made` and ask it the questions that the app is asked."""
    if form == "adapter":
        for one in ADAPTER_FILES:
            shutil.copyfile(adapter / one, made / one)
        return _checked(assistant, base, adapter, base, made, backend_for, examples, report)
    if form == "merged":
        write_merged(base, adapter, made, report)
        return _checked(assistant, base, adapter, made, None, backend_for, examples, report)
    merged, again = made.parent / "merged", made.parent / "again"
    merged.mkdir()
    write_merged(base, adapter, merged, report)
    gguf = made / f"{name}.gguf"
    write_gguf(merged, gguf, name, report)
    (made / "Modelfile").write_text(
        modelfile(gguf.name, assistant.system_prompt, Decoding().max_new_tokens), "utf-8"
    )
    again.mkdir()
    load_gguf(gguf, merged, again)
    return _checked(assistant, base, adapter, again, None, backend_for, examples, report)


def _checked(
    assistant: Assistant,
    base: Path,
    adapter: Path,
    export: Path,
    export_adapter: Path | None,
    backend_for: BackendFor,
    examples: Sequence[Example],
    report: Progress,
) -> tuple[tuple[CheckedAnswer, ...], str]:
    questions = list(dict.fromkeys(one.question for one in examples if one.split == "train"))[
        :QUESTIONS
    ]
    if not questions:
        return (), "There are no training questions to ask it."
    try:
        report("Asking the app's model", 0.0)
        app = _answers(backend_for(base), assistant, questions, adapter)
        report("Asking the exported model", 0.5)
        own = _answers(backend_for(export), assistant, questions, export_adapter)
    except ModelError as error:
        return (), f"It was written, but could not be asked: {error}"
    report("Asking the exported model", 1.0)
    return tuple(map(CheckedAnswer, questions, app, own)), ""


def _answers(
    backend: Backend, assistant: Assistant, questions: Sequence[str], adapter: Path | None
) -> list[str]:
    requests = [
        GenerationRequest(question_messages(assistant.system_prompt, question), Decoding(), adapter)
        for question in questions
    ]
    texts = [""] * len(requests)
    for index, request in enumerate(requests):  # one at a time, as in the chat
        for piece in backend.generate([request], threading.Event()):
            texts[index] += piece.text
    return [text.strip() for text in texts]


def _silent(_stage: str, _share: float) -> None:
    pass
