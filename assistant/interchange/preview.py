"""Examples as they will be trained: the chat template applied, and the trained stretches marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.models import resolve_model
from assistant.records import Assistant, Example
from assistant.training.request import training_rows
from assistant.training.row_text import Preview, RowTokenizer, Segment
from assistant.training.settings import TrainingSettings
from assistant.workspace import Workspace

__all__ = ["Preview", "Segment", "preview_examples"]


def preview_examples(
    workspace: Workspace,
    assistant: Assistant,
    examples: Sequence[Example],
    max_length: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> list[Preview]:
    """What training would see of each example, asked from memory.

    max_length: tokens, that of the training settings where not given. progress: of fetching the
    base model, where it is not there yet. Raises ModelError or TrainingError with the sentence that
    training would end with.
    """
    limit = TrainingSettings().max_length if max_length is None else max_length
    folder = resolve_model(assistant.base_model, workspace.settings.models, progress)
    tokenizer = RowTokenizer(folder)
    return [tokenizer.preview(row, limit) for row in training_rows(assistant, examples, None)]
