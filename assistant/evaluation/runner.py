"""An evaluation from its questions to its summary: resumable, and whole at every moment.

Answers are stored as they come, a batch in one transaction; whoever asks for the same evaluation
after an interruption goes on where it stopped. What makes it the same is its key: the questions and
the contender versions.
"""

from __future__ import annotations

import logging
import math
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.answering import BatchAnswer, Prepared, Responder
from assistant.errors import Conflict, DocumentsError, GenerationError, InvalidRequest
from assistant.evaluation.answer_scores import score_answers
from assistant.evaluation.latency import measure_latency
from assistant.evaluation.progress import EvaluationProgress, Report, Work
from assistant.evaluation.records import (
    EvaluatedAnswer,
    Evaluation,
    Failure,
    QuestionSet,
    RetrievedPassage,
)
from assistant.evaluation.summary import summarise
from assistant.records import Assistant, Contender, content_hash
from assistant.workspace import Workspace
from retrieval.questions import Question

logger = logging.getLogger(__name__)

_WINDOW = 256  # questions whose prompts are made ready at once
_STORED_EVERY = 16  # answers in one transaction, unless the seconds below pass first
_STORED_SECONDS = 5.0
_SCORED_AT_ONCE = 64
_MOST_SURPRISED = 100.0  # nats a token, so that a perplexity stays a number
_PASSAGES = 4  # kept with each question, where no contender says otherwise


def evaluate(
    workspace: Workspace,
    assistant: Assistant,
    questions: QuestionSet,
    contenders: Sequence[Contender],
    report: Report,
    cancelled: threading.Event,
    *,
    latency_questions: int = 5,
) -> Evaluation:
    """Put every question to every contender, score the answers, and store what they say.

    An interrupted evaluation of the same questions and versions is gone on with. Setting
    `cancelled` ends it after the answers that are whole; what is there is kept, and the evaluation
    returned has no finished_at. latency_questions: so many are asked again, one at a time, for the
    time that a person waits; 0 leaves that out.

    Raises InvalidRequest without questions or contenders, Conflict where another evaluation of this
    assistant is going, ModelError, DocumentsError, GenerationError.
    """
    if not questions.questions or not contenders:
        raise InvalidRequest("An evaluation needs at least one question and one contender.")
    with _sole(workspace.folder(assistant)):
        evaluation = _begun(workspace, assistant, questions, contenders, report)
        responder = workspace.responder(assistant)
        asking = _Asking(workspace, evaluation, responder.remembering(), report, cancelled)
        asking.answer_all()
        if not cancelled.is_set():
            score(workspace, assistant, evaluation.id, report, cancelled)
        if cancelled.is_set():
            return workspace.store.evaluation(evaluation.id)
        measured = measure_latency(
            responder, contenders, questions.questions, latency_questions, report, cancelled
        )
        summary = summarise(
            evaluation.contenders,
            [one for _, one, _ in workspace.store.evaluated_at(evaluation.id)],
            [failure for _, failure in workspace.store.evaluation_failures(evaluation.id)],
        )
        if not cancelled.is_set():
            workspace.store.finish_evaluation(evaluation.id, replace(summary, latency=measured))
        return workspace.store.evaluation(evaluation.id)


def score(
    workspace: Workspace,
    assistant: Assistant,
    evaluation_id: str,
    report: Report,
    cancelled: threading.Event,
) -> None:
    """Score the answers that have not been scored yet."""
    held = workspace.store.evaluated_at(evaluation_id)
    waiting = [(position, one) for position, one, scored in held if not scored]
    if not waiting:
        return
    encode = workspace.corpus(assistant).embedder.encode
    for start in range(0, len(waiting), _SCORED_AT_ONCE):
        if cancelled.is_set():
            return
        report(EvaluationProgress("Scoring", start, len(waiting)))
        part = waiting[start : start + _SCORED_AT_ONCE]
        scored = score_answers([one for _, one in part], encode, modules=True)
        workspace.store.set_scores(
            evaluation_id,
            {
                (position, one.answer.contender.id): one.scores
                for (position, _), one in zip(part, scored, strict=True)
            },
        )


def evaluation_key(questions: QuestionSet, contenders: Sequence[Contender]) -> str:
    """Hash of all that makes an evaluation the same when it is resumed."""
    return content_hash([questions.sha256, [contender.id for contender in contenders]])


def _begun(
    workspace: Workspace,
    assistant: Assistant,
    questions: QuestionSet,
    contenders: Sequence[Contender],
    report: Report,
) -> Evaluation:
    """The evaluation to go on with, or a new one."""
    key = evaluation_key(questions, contenders)
    interrupted = workspace.store.unfinished_evaluations(assistant.id)
    total = len(questions.questions) * len(contenders)
    for other_key, found in interrupted:
        if other_key == key:
            done = len(workspace.store.answered(found.id))
            note = f"Going on with what was interrupted: {done} of {total} answers are there."
            report(EvaluationProgress("Answering", done, total, note=note))
            return found
    made = Evaluation(
        id=str(uuid.uuid4()),
        assistant_id=assistant.id,
        question_set=questions.name,
        questions_sha256=questions.sha256,
        questions=len(questions.questions),
        contenders=tuple(contenders),
        created_at=datetime.now(UTC),
    )
    workspace.store.add_evaluation(made, key, questions.questions)
    kinds = {contender.kind for contender in contenders}
    for _, found in interrupted:
        if found.question_set == questions.name and kinds == {c.kind for c in found.contenders}:
            changed = (
                "the questions have"
                if found.questions_sha256 != questions.sha256
                else "a contender has"
            )
            note = f"This evaluation starts anew, since {changed} changed since the last one."
            report(EvaluationProgress("Answering", 0, total, note=note))
            break
    return made


@contextmanager
def _sole(folder: Path) -> Iterator[None]:
    """One evaluation of an assistant at a time, of all processes."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".evaluation.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Conflict(
            "An evaluation of this assistant is going on already: wait for its end, or stop it."
        ) from None
    try:
        yield
    finally:
        lock.release()


@dataclass(slots=True)
class _Asking:
    """The part in which answers are generated."""

    workspace: Workspace
    evaluation: Evaluation
    responder: Responder
    report: Report
    cancelled: threading.Event
    work: Work = field(default_factory=Work)

    def answer_all(self) -> None:
        questions = self.workspace.store.evaluation_questions(self.evaluation.id)
        there = self.workspace.store.answered(self.evaluation.id)
        missing = [
            (position, contender)
            for position in range(len(questions))
            for contender in self.evaluation.contenders
            if (position, contender.id) not in there
        ]
        self.work = Work(total=len(there) + len(missing), done=len(there))
        many = len(self.evaluation.contenders) * _WINDOW
        for start in range(0, len(missing), many):
            if self.cancelled.is_set():
                return
            self._answer(questions, missing[start : start + many])

    def _answer(
        self, questions: Sequence[Question], asked: Sequence[tuple[int, Contender]]
    ) -> None:
        found: dict[int, tuple[RetrievedPassage, ...]] = {}
        prepared: list[tuple[int, Prepared]] = []
        failures: list[tuple[int, Failure]] = []
        for count, (position, contender) in enumerate(asked):
            if self.cancelled.is_set():
                return
            question = questions[position]
            if position not in found:
                stage = f"Searching for question {count // len(self.evaluation.contenders) + 1}"
                self.report(self.work.state(stage))
                found[position] = self._retrieved(question)
            try:
                one = self.responder.prepare(contender, question.question)
            except (GenerationError, DocumentsError) as error:
                failures.append((position, Failure(contender.id, str(error))))
                continue
            if one.request is not None and question.answers:
                request = replace(one.request, reference=question.answers[0])
                one = replace(one, request=request)
            prepared.append((position, one))
        self.workspace.store.add_evaluated(self.evaluation.id, [], failures, 0.0)
        self.work.failed(len(failures))
        self._stored(questions, prepared, found)

    def _stored(
        self,
        questions: Sequence[Question],
        prepared: Sequence[tuple[int, Prepared]],
        found: dict[int, tuple[RetrievedPassage, ...]],
    ) -> None:
        """Generate, and store what is whole from time to time, and at the end."""
        kept: list[tuple[int, EvaluatedAnswer]] = []
        self.work.begin([characters(one) for _, one in prepared])
        since = time.perf_counter()

        def store() -> None:
            nonlocal since
            now = time.perf_counter()
            self.workspace.store.add_evaluated(self.evaluation.id, kept, [], now - since)
            since = now
            kept.clear()

        answers = self.responder.respond_to_many([one for _, one in prepared], self.cancelled)
        try:
            for made in answers:
                position = prepared[made.index][0]
                kept.append((position, _evaluated(questions[position], found[position], made)))
                self.work.add(made.answer.usage, characters(prepared[made.index][1]))
                if len(kept) >= _STORED_EVERY or time.perf_counter() - since > _STORED_SECONDS:
                    store()
                self.report(self.work.state("Answering"))
        finally:
            if kept:
                store()

    def _retrieved(self, question: Question) -> tuple[RetrievedPassage, ...]:
        many = [c.retrieval.passages for c in self.evaluation.contenders if c.retrieval is not None]
        hits = self.responder.search(question.question, max(many, default=_PASSAGES))
        return tuple(
            RetrievedPassage(
                hit.passage.id,
                hit.passage.document,
                hit.passage.text,
                hit.rank,
                hit.cosine,
                " > ".join(hit.passage.heading_path),
            )
            for hit in hits
        )


def characters(prepared: Prepared) -> int:
    """Of a prompt, 0 where nothing is asked of the model."""
    messages = prepared.request.messages if prepared.request is not None else ()
    return sum(len(message.content) for message in messages)


def _evaluated(
    question: Question, found: tuple[RetrievedPassage, ...], made: BatchAnswer
) -> EvaluatedAnswer:
    generated = made.generated
    scores = {}
    if generated is not None and generated.reference is not None:
        mean = generated.reference.nll / max(generated.reference.tokens, 1)
        scores["perplexity"] = math.exp(min(mean, _MOST_SURPRISED))
    truncated = generated is not None and generated.truncated
    return EvaluatedAnswer(question, made.answer, found, truncated, scores)
