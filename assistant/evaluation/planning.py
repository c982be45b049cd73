"""What an evaluation is to ask, and whom, from what a person chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import InvalidRequest
from assistant.evaluation.held_out import already_trained, run_questions
from assistant.evaluation.question_sets import (
    OwnSet,
    own_question_set,
    read_question_set,
    sampled,
    without,
)
from assistant.evaluation.records import QuestionSet
from assistant.records import KINDS, Assistant, Contender, ContenderKind
from assistant.training.folder import RunFolder
from assistant.workspace import Workspace
from retrieval.questions import Question


@dataclass(frozen=True, slots=True)
class Plan:
    """left_out: questions that a contender was trained on, so that they would test nothing."""

    questions: QuestionSet
    contenders: tuple[Contender, ...]
    left_out: tuple[Question, ...] = ()

    @property
    def note(self) -> str:
        """A sentence that names the questions left out, "" where there are none."""
        if not self.left_out:
            return ""
        named = "; ".join(f"“{one.question}”" for one in self.left_out[:3])
        more = f"; and {len(self.left_out) - 3} more" if len(self.left_out) > 3 else ""
        count = len(self.left_out)
        which = "One question is" if count == 1 else f"{count} questions are"
        return f"{which} left out, since the training examples hold the same: {named}{more}."


def plan(
    workspace: Workspace,
    assistant: Assistant,
    kinds: Sequence[ContenderKind],
    *,
    own: OwnSet = "all",
    file: Path | None = None,
    imported: str = "",
    limit: int | None = None,
    run_id: str | None = None,
) -> Plan:
    """The questions of a file, of an imported set by its SHA-256, or of the assistant's own.

    A file is kept with the assistant, so that none of its questions can be trained on later.
    Raises InvalidRequest, NotFound for an unknown run, DocumentsError for a faulty file.
    """
    if not kinds:
        raise InvalidRequest(f"Name at least one contender of {', '.join(KINDS)}.")
    contenders = tuple(
        workspace.contender(assistant, kind, run_id if kind.startswith("tuned") else None)
        for kind in dict.fromkeys(kinds)
    )
    questions = _questions(workspace, assistant, own, file, imported)
    examples = workspace.store.examples(assistant.id)
    asked = {question.id for question in questions.questions}
    left_out = already_trained(
        questions.questions,
        [example for example in examples if example.id not in asked],
        _trained_rows(workspace, assistant, contenders),
    )
    kept = without(questions, left_out) if left_out else questions
    return Plan(sampled(kept, limit), contenders, tuple(left_out))


def _questions(
    workspace: Workspace, assistant: Assistant, own: OwnSet, file: Path | None, imported: str
) -> QuestionSet:
    if file is not None:
        read = read_question_set(file)
        workspace.store.add_question_set(assistant.id, read)
        return read
    held = workspace.store.question_sets(assistant.id)
    if imported:
        chosen = next((one for one in held if one.sha256 == imported), None)
        if chosen is None:
            raise InvalidRequest("There is no such question file any more: import it again.")
        return chosen
    return own_question_set(own, workspace.store.examples(assistant.id), held)


def _trained_rows(
    workspace: Workspace, assistant: Assistant, contenders: Sequence[Contender]
) -> list[str]:
    """The questions that the runs of these contenders were trained on."""
    folder = workspace.runs(assistant).folder
    runs = {one.run_id for one in contenders if one.run_id}
    return [row for run in sorted(runs) for row in run_questions(RunFolder(folder / run).train)]
