"""The errors of an evaluation: every answer classed, two contenders compared, facts followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.errors import InvalidRequest, NotFound, documents_mapped
from assistant.evaluation.before_after import BeforeAfter, before_after
from assistant.evaluation.error_classes import Check, ClassedAnswer, classed
from assistant.evaluation.fact_ledger import FactLedger, fact_ledger, trained_rows
from assistant.evaluation.holding import topic_names
from assistant.evaluation.records import Evaluation
from assistant.evaluation.side_checks import side_checks
from assistant.evaluation.stated_facts import StatedFacts
from assistant.records import Assistant, Contender
from assistant.training.folder import RunFolder
from assistant.workspace import Workspace

_PAIRS = (("base", "tuned"), ("rag", "tuned+rag"), ("base", "rag"), ("rag", "tuned"))


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """classed: by contender id, in the order of the questions. comparison: None where there are
    not two contenders, or where what they were asked cannot be compared; reason says so then."""

    evaluation: Evaluation
    before_evaluation: Evaluation
    contenders: tuple[Contender, ...]
    classed: Mapping[str, tuple[ClassedAnswer, ...]]
    comparison: BeforeAfter | None
    reason: str
    ledger: FactLedger

    def answers(self, contender: Contender) -> tuple[ClassedAnswer, ...]:
        return self.classed.get(contender.id, ())


def error_report(
    workspace: Workspace,
    assistant: Assistant,
    evaluation_id: str = "",
    before: str = "",
    after: str = "",
    before_evaluation_id: str = "",
) -> ErrorReport:
    """Class the answers of an evaluation, the newest that has any where none is named.

    before, after: a kind or a version's id; base and tuned, or RAG and tuned with RAG, where not
    given. before_evaluation_id: another evaluation, from which `before` is taken.
    Raises InvalidRequest, NotFound or DocumentsError.
    """
    evaluation = chosen_evaluation(workspace, assistant, evaluation_id)
    earlier = evaluation
    if before_evaluation_id:
        earlier = chosen_evaluation(workspace, assistant, before_evaluation_id)
    with documents_mapped():
        passages = workspace.corpus(assistant).passages()
    finds = StatedFacts(passages)
    checks = side_checks(" ".join(passage.indexed_text for passage in passages))
    by_contender = _classed(workspace, evaluation, finds, checks)
    if not by_contender:
        raise InvalidRequest(
            "This evaluation has no answers yet: wait until it has, or resume it, then look at "
            "its errors."
        )
    others = by_contender
    if earlier.id != evaluation.id:
        others = _classed(workspace, earlier, finds, checks)
    comparison, reason = None, ""
    try:
        first, second = _pair(earlier, evaluation, before, after)
        comparison = before_after(others.get(first.id, ()), by_contender.get(second.id, ()))
    except _Incomparable as error:
        reason = str(error)
    return ErrorReport(
        evaluation=evaluation,
        before_evaluation=earlier,
        contenders=tuple(one for one in evaluation.contenders if one.id in by_contender),
        classed=by_contender,
        comparison=comparison,
        reason=reason,
        ledger=_ledger(workspace, assistant, by_contender),
    )


def chosen_evaluation(
    workspace: Workspace, assistant: Assistant, evaluation_id: str = ""
) -> Evaluation:
    """The evaluation of this id, or the newest, those that are done before those that are not.

    Raises InvalidRequest where there is none yet, NotFound for an unknown id.
    """
    known = workspace.store.evaluations(assistant.id)
    if evaluation_id:
        found = next((one for one in known if one.id == evaluation_id), None)
        if found is None:
            raise NotFound(
                f"There is no evaluation {evaluation_id} of {assistant.name}: it may have been "
                "deleted, choose another."
            )
        return found
    if not known:
        raise InvalidRequest(
            f"There is no evaluation of {assistant.name} yet, so there are no errors to look at: "
            "evaluate its contenders first (`duet evaluate`)."
        )
    return next((one for one in known if one.finished_at is not None), known[0])


def contender_of(evaluation: Evaluation, name: str) -> Contender:
    """The contender of this kind or id. Raises InvalidRequest."""
    found = [one for one in evaluation.contenders if name in (one.kind, one.id)]
    if len(found) == 1:
        return found[0]
    asked = ", ".join(f"{one.kind} ({one.id})" for one in evaluation.contenders)
    if found:
        raise InvalidRequest(f"There are {len(found)} of the kind {name}: name one by id: {asked}.")
    raise InvalidRequest(f"{name} was not asked in this evaluation; there are {asked}.")


class _Incomparable(Exception):
    """There are no two contenders to compare."""


def _pair(
    earlier: Evaluation, evaluation: Evaluation, before: str, after: str
) -> tuple[Contender, Contender]:
    if before and after:
        return contender_of(earlier, before), contender_of(evaluation, after)
    if before or after:
        given = contender_of(earlier, before) if before else contender_of(evaluation, after)
        rest = evaluation if before else earlier
        other = next((one for one in rest.contenders if one.id != given.id), None)
        if other is not None:
            return (given, other) if before else (other, given)
    for old, new in _PAIRS:
        first = next((one for one in earlier.contenders if one.kind == old), None)
        second = next((one for one in evaluation.contenders if one.kind == new), None)
        if first and second:
            return first, second
    for first in earlier.contenders:
        for second in evaluation.contenders:
            if first.id != second.id or earlier.id != evaluation.id:
                return first, second
    raise _Incomparable(
        "This evaluation has one contender, so there is nothing to compare it with: evaluate two "
        "on the same questions, as base and tuned."
    )


def _classed(
    workspace: Workspace, evaluation: Evaluation, finds: StatedFacts, checks: Mapping[str, Check]
) -> dict[str, tuple[ClassedAnswer, ...]]:
    found: dict[str, list[ClassedAnswer]] = {}
    answers = workspace.store.evaluated(evaluation.id)
    topic = topic_names(reference for one in answers for reference in one.question.answers)
    for one in answers:
        found.setdefault(one.answer.contender.id, []).append(classed(one, finds, checks, topic))
    return {contender: tuple(own) for contender, own in found.items()}


def _ledger(
    workspace: Workspace,
    assistant: Assistant,
    by_contender: Mapping[str, tuple[ClassedAnswer, ...]],
) -> FactLedger:
    """The ledger, with the rows of the newest run among the contenders."""
    answers = [one for own in by_contender.values() for one in own]
    runs = {one.evaluated.answer.contender.run_id for one in answers} - {None}
    run_id = max((str(run) for run in runs), default="")
    rows = None
    if run_id:
        rows = trained_rows(RunFolder(workspace.runs(assistant).folder / run_id).train)
    return fact_ledger(answers, rows, workspace.store.examples(assistant.id), run_id)
