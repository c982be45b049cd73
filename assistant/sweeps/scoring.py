"""The held-out questions of a sweep put to its runs, the base model and RAG, a batch at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from filelock import FileLock, Timeout

from assistant.answering import Prepared, Responder
from assistant.errors import Conflict, DocumentsError, GenerationError, StoreError
from assistant.evaluation.answer_scores import recall_and_refusal
from assistant.evaluation.progress import EvaluationProgress, Report, Work
from assistant.evaluation.records import EvaluatedAnswer
from assistant.evaluation.runner import characters
from assistant.records import Assistant, Contender, ContenderKind
from assistant.sweeps.records import SweepFolder
from assistant.sweeps.scores import ScoredAnswer, add_answers, read_answers
from assistant.sweeps.sweeping import SweepStatus, scored_names, sweep_folder, sweep_status
from assistant.workspace import Workspace
from retrieval.questions import Question

_STORED_EVERY = 16  # answers

_KINDS: dict[str, ContenderKind] = {"base": "base", "rag": "rag"}
_Asked = tuple[str, Contender, Question]


def score_sweep(
    workspace: Workspace,
    assistant: Assistant,
    sweep_id: str,
    report: Report,
    cancelled: threading.Event,
) -> SweepStatus:
    """Ask and score what is missing; return the sweep as it stands then.

    Runs that are not done yet are left for later. Setting `cancelled` ends it after the answers
    that are whole; these are kept. An answer that cannot be had is kept as a failure.

    Raises NotFound, Conflict where this sweep is being scored already, ModelError, DocumentsError,
    GenerationError, StoreError.
    """
    folder = sweep_folder(workspace, assistant, sweep_id)
    with _sole(folder):
        status = sweep_status(workspace, assistant, sweep_id)
        names = scored_names(workspace, assistant, status.runs)
        models = {point.run_id: point.base_model for point in status.sweep.points}
        # One base model after the other: two at once may not fit into memory.
        for base_model in dict.fromkeys(models.get(n, assistant.base_model) for n in names):
            own = replace(assistant, base_model=base_model)
            of_model = [n for n in names if models.get(n, assistant.base_model) == base_model]
            asked = _missing(workspace, own, folder, of_model)
            if asked and not cancelled.is_set():
                _ask(workspace, own, folder, asked, report, cancelled)
        return sweep_status(workspace, assistant, sweep_id)


def _missing(
    workspace: Workspace, assistant: Assistant, folder: SweepFolder, names: Sequence[str]
) -> list[_Asked]:
    """Each name, with the version that is to answer, and the questions that it has not."""
    there = {(one.contender, one.question) for one in read_answers(folder)}
    questions = folder.read_questions()
    asked: list[_Asked] = []
    for name in names:
        kind = _KINDS.get(name, "tuned")
        contender = workspace.contender(assistant, kind, name if kind == "tuned" else None)
        asked += [
            (name, contender, question)
            for question in questions
            if (contender.id, question.id) not in there
        ]
    return asked


def _ask(
    workspace: Workspace,
    assistant: Assistant,
    folder: SweepFolder,
    asked: Sequence[_Asked],
    report: Report,
    cancelled: threading.Event,
) -> None:
    report(EvaluationProgress("Loading the model", 0, len(asked)))
    responder = workspace.responder(assistant).remembering()
    prepared: list[tuple[_Asked, Prepared]] = []
    failed: list[ScoredAnswer] = []
    for one in asked:
        if cancelled.is_set():
            return
        ready = _prepared(responder, one)
        if isinstance(ready, ScoredAnswer):
            failed.append(ready)
        else:
            prepared.append((one, ready))
    work = Work(total=len(asked))
    work.failed(len(failed))
    _add(folder, failed)
    work.begin([characters(one) for _, one in prepared])
    kept: list[tuple[_Asked, EvaluatedAnswer]] = []
    try:
        for made in responder.respond_to_many([one for _, one in prepared], cancelled):
            own, put = prepared[made.index]
            kept.append((own, EvaluatedAnswer(own[2], made.answer, (), False, {})))
            work.add(made.answer.usage, characters(put))
            if len(kept) >= _STORED_EVERY:
                _score(folder, kept)
                kept.clear()
            report(work.state("Answering held-out questions"))
    finally:
        _score(folder, kept)


def _prepared(responder: Responder, one: _Asked) -> Prepared | ScoredAnswer:
    name, contender, question = one
    try:
        return responder.prepare(contender, question.question)
    except (GenerationError, DocumentsError) as error:
        return ScoredAnswer(name, contender.id, question.id, "", {}, str(error))


def _score(folder: SweepFolder, answers: Sequence[tuple[_Asked, EvaluatedAnswer]]) -> None:
    references = [answer for one in folder.read_questions() for answer in one.answers]
    scores = recall_and_refusal([one for _, one in answers], references)
    _add(
        folder,
        [
            ScoredAnswer(name, contender.id, question.id, one.answer.text, own)
            for ((name, contender, question), one), own in zip(answers, scores, strict=True)
        ],
    )


def _add(folder: SweepFolder, answers: Sequence[ScoredAnswer]) -> None:
    if not answers:
        return
    try:
        add_answers(folder, answers)
    except OSError as error:
        raise StoreError(
            f"The scores could not be written ({error}); those before are kept: free some space "
            "and go on."
        ) from error


@contextmanager
def _sole(folder: SweepFolder) -> Iterator[None]:
    """One process at a time scores a sweep."""
    if not folder.sweep.is_file():
        yield  # what is not there is told by who reads it
        return
    lock = FileLock(folder.path / ".scoring.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Conflict(
            "This sweep is being scored already: wait for its end, or stop it."
        ) from None
    try:
        yield
    finally:
        lock.release()
