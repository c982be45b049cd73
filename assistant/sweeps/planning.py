"""What a sweep would try within the minutes, before anything is started."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.errors import InvalidRequest
from assistant.evaluation.held_out import already_trained
from assistant.evaluation.question_sets import own_question_set, sampled, without
from assistant.evaluation.records import QuestionSet
from assistant.model_ladder import LADDER, Rung, next_rung
from assistant.models import resolve_model
from assistant.records import Assistant, Example, content_hash
from assistant.registry.waiting import measured_speeds, seconds_of_run
from assistant.sweeps.records import LeftOut, SweepKind
from assistant.sweeps.subsets import subset
from assistant.training.request import (
    base_parameters,
    characters,
    portable_name,
    training_rows,
)
from assistant.training.settings import TrainingSettings
from assistant.workspace import Workspace

SHARES = (0.1, 0.25, 0.5, 1.0)
FACTORS = (0.5, 1.0, 2.0)
QUESTIONS = 60  # asked of every contender: enough for the shape of a curve, minutes on a CPU

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run that could be a point of the curve. seconds: of its training, None where unmeasured.

    assistant: with the base model of this point. settings: with nothing left to choose.
    """

    label: str
    value: float
    assistant: Assistant
    examples: tuple[Example, ...]
    settings: TrainingSettings
    seconds: float | None


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What would be tried, in ascending order of its value, and what would not.

    data_sha256: of all the examples that the largest part is of.
    """

    kind: SweepKind
    minutes: float | None
    settings: TrainingSettings
    candidates: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]
    questions: QuestionSet
    data_sha256: str

    @property
    def seconds(self) -> float | None:
        """Of all trainings together, None where one of them was never measured here."""
        known = [one.seconds for one in self.candidates if one.seconds is not None]
        return sum(known) if len(known) == len(self.candidates) else None

    @property
    def sentence(self) -> str:
        """What it would do and cost."""
        labels = ", ".join(one.label for one in self.candidates)
        seconds = self.seconds
        cost = "how long they take was not measured on this machine yet"
        if seconds is not None:
            cost = f"about {max(1, round(seconds / 60))} minutes of training"
        asked = len(self.questions.questions)
        said = (
            f"{len(self.candidates)} runs ({labels}), {cost}; then {asked} held-out questions to "
            "each, to the base model and to RAG."
        )
        return " ".join([said, *(one.reason for one in self.left_out)])


def plan_sweep(
    workspace: Workspace,
    assistant: Assistant,
    kind: SweepKind,
    settings: TrainingSettings,
    minutes: float | None = None,
    *,
    ladder: Sequence[Rung] = LADDER,
    most_questions: int = QUESTIONS,
    progress: Progress | None = None,
) -> SweepPlan:
    """Candidates that fit into the minutes of training, by what was measured on this machine.

    All candidates are trained for the same epochs, those that all the data would have: then a
    smaller part is less work, and what differs is what was varied. The scoring comes on top.

    Raises ExamplesError without examples, InvalidRequest for wrong settings, without held-out
    questions, where nothing was measured yet that the minutes could be held against, where fewer
    than two points fit, or where there is no larger model; ModelError, StoreError.
    """
    settings = settings.checked()
    examples = workspace.training_examples(assistant)
    questions = held_out_questions(workspace, assistant, examples, most_questions)
    folder = resolve_model(assistant.base_model, workspace.settings.models, progress)
    speeds = measured_speeds(workspace.queue)
    everything = subset(examples, 1.0)
    rows = sum(one.split == "train" for one in everything)
    settled = settings.settled(rows, base_parameters(folder))

    def candidate(
        label: str, value: float, own: Assistant, used: Sequence[Example], how: TrainingSettings
    ) -> Candidate:
        trained = training_rows(own, [one for one in used if one.split == "train"], None)
        seconds = seconds_of_run(
            portable_name(own.base_model), characters(trained), how.epochs or 0.0, speeds
        )
        return Candidate(label, value, own, tuple(used), how, seconds)

    if kind == "data":
        candidates = [
            candidate(f"{100 * share:.0f} %", share, assistant, subset(examples, share), settled)
            for share in SHARES
        ]
        order = sorted(range(len(candidates)), reverse=True)  # all the data says most
    elif kind == "learning-rate":
        rate = settled.learning_rate or 0.0
        candidates = [
            candidate(
                f"{rate * factor:.3g}",
                rate * factor,
                assistant,
                everything,
                replace(settled, learning_rate=rate * factor),
            )
            for factor in FACTORS
        ]
        order = [1, 0, 2]
    else:
        candidates = _models(assistant, settings, settled, everything, folder, ladder, candidate)
        order = [0, 1]
    chosen, left_out = fitted(candidates, order, minutes)
    return SweepPlan(kind, minutes, settled, chosen, left_out, questions, data_sha256(everything))


def data_sha256(examples: Sequence[Example]) -> str:
    """Of the examples that a sweep trains on."""
    return content_hash([[one.id, one.split, one.fact] for one in examples])


def held_out_questions(
    workspace: Workspace, assistant: Assistant, examples: Sequence[Example], most: int
) -> QuestionSet:
    """Recall questions, spread over the facts, but for those that are trained on.

    Raises InvalidRequest where there are none.
    """
    if not any(one.answerable and one.split == "recall" for one in examples):
        raise InvalidRequest(
            "A sweep is scored on the recall test, and that has no questions: write examples from "
            "the documents, which keeps some wordings for it, or import some of the split recall."
        )
    own = own_question_set("recall", examples)
    asked = {question.id for question in own.questions}
    trained = already_trained(own.questions, [one for one in examples if one.id not in asked])
    return sampled(without(own, trained) if trained else own, most)


def fitted(
    candidates: Sequence[Candidate], order: Sequence[int], minutes: float | None
) -> tuple[tuple[Candidate, ...], tuple[LeftOut, ...]]:
    """The candidates that fit together, taken in `order` while they do, and the others.

    Raises InvalidRequest where fewer than two fit, or where one was not measured.
    """
    if minutes is None:
        return tuple(candidates), ()
    if any(one.seconds is None for one in candidates):
        raise InvalidRequest(
            "No run of this base model was measured on this machine yet, so that nothing says what "
            f"fits into {minutes:g} minutes: train once (Quick is enough), or give no minutes."
        )
    left, taken = 60 * minutes, set()
    for index in order:
        seconds = candidates[index].seconds or 0.0
        if seconds <= left:
            left -= seconds
            taken.add(index)
    if len(taken) < 2:
        least = sum(sorted(one.seconds or 0.0 for one in candidates)[:2]) / 60
        raise InvalidRequest(
            f"{minutes:g} minutes hold {len(taken)} of the runs, and a curve needs two: give at "
            f"least {least:.1f} minutes."
        )
    left_out = [
        LeftOut(
            one.label,
            one.value,
            f"{one.label} is left out: its {(one.seconds or 0.0) / 60:.1f} minutes do not fit into "
            f"the {minutes:g}.",
        )
        for index, one in enumerate(candidates)
        if index not in taken
    ]
    return tuple(candidates[index] for index in sorted(taken)), tuple(left_out)


_Make = Callable[[str, float, Assistant, Sequence[Example], TrainingSettings], Candidate]


def _models(
    assistant: Assistant,
    settings: TrainingSettings,
    settled: TrainingSettings,
    examples: Sequence[Example],
    folder: Path,
    ladder: Sequence[Rung],
    make: _Make,
) -> list[Candidate]:
    """The base model as it is, and the next one up, whose work grows with its weights.

    Training takes about 6 operations a weight and token (J. Kaplan and others, Scaling Laws for
    Neural Language Models, 2020, section 2.1), so that what was never measured is reckoned from
    what was. Each is trained at the learning rate of its size, unless one was given.
    """
    parameters = base_parameters(folder)
    larger = next_rung(assistant.base_model, parameters, ladder)
    if larger is None:
        raise InvalidRequest(
            f"{portable_name(assistant.base_model)} is the largest model of the ladder: there is "
            "no next one to try."
        )
    own = make(_short(assistant.base_model), float(parameters), assistant, examples, settled)
    rows = sum(one.split == "train" for one in examples)
    up = replace(assistant, base_model=larger.name)
    how = replace(settings, epochs=settled.epochs).settled(rows, int(larger.parameters))
    made = make(_short(larger.name), float(larger.parameters), up, examples, how)
    if made.seconds is None and own.seconds is not None:
        made = replace(made, seconds=own.seconds * larger.parameters / parameters)
    return [own, made]


def _short(base_model: str) -> str:
    return portable_name(base_model).rpartition("/")[2]
