"""The part of `Store` that is about question sets and evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from assistant.evaluation.records import (
    EvaluatedAnswer,
    Evaluation,
    Failure,
    QuestionSet,
    Summary,
)
from assistant.store import evaluations, question_sets
from assistant.store.database import Database
from retrieval.questions import Question


class EvaluationStore:
    """Each method is one transaction, as in `Store`."""

    _database: Database

    def add_question_set(self, assistant_id: str, added: QuestionSet) -> bool:
        """Keep an imported question file, once; whether it is new. Raises NotFound.

        From then on no example that repeats one of its questions can be trained on.
        """
        with self._database.write() as connection:
            return question_sets.add_set(connection, assistant_id, added, datetime.now(UTC))

    def question_sets(self, assistant_id: str) -> list[QuestionSet]:
        """The imported question files, in the order in which they were added."""
        with self._database.read() as connection:
            return question_sets.sets_of(connection, assistant_id)

    def delete_question_set(self, assistant_id: str, sha256: str) -> bool:
        """Whether it was there. Its questions may be trained on from then on."""
        with self._database.write() as connection:
            return question_sets.delete_set(connection, assistant_id, sha256)

    def add_evaluation(
        self, evaluation: Evaluation, key: str, questions: Sequence[Question]
    ) -> None:
        """Begin an evaluation. key: hash of all that makes it the same when it is resumed."""
        with self._database.write() as connection:
            evaluations.add_evaluation(connection, evaluation, key, questions)

    def evaluation(self, evaluation_id: str) -> Evaluation:
        """Raises NotFound."""
        with self._database.read() as connection:
            return evaluations.evaluation(connection, evaluation_id)

    def evaluations(self, assistant_id: str, contender_id: str | None = None) -> list[Evaluation]:
        """Newest first, with their summaries; those of one contender version where it is named."""
        with self._database.read() as connection:
            return evaluations.evaluations_of(connection, assistant_id, contender_id)

    def unfinished_evaluations(self, assistant_id: str) -> list[tuple[str, Evaluation]]:
        """Key and evaluation of those that were interrupted, newest first."""
        with self._database.read() as connection:
            return evaluations.unfinished(connection, assistant_id)

    def delete_evaluation(self, evaluation_id: str) -> None:
        """Delete it with its answers. Raises NotFound."""
        with self._database.write() as connection:
            evaluations.delete_evaluation(connection, evaluation_id)

    def evaluation_questions(self, evaluation_id: str) -> list[Question]:
        """What was asked, in order; [] where there is no such evaluation."""
        with self._database.read() as connection:
            return evaluations.questions_of(connection, evaluation_id)

    def answered(self, evaluation_id: str) -> set[tuple[int, str]]:
        """Position of the question and contender id of all that needs no more asking."""
        with self._database.read() as connection:
            return evaluations.answered(connection, evaluation_id)

    def add_evaluated(
        self,
        evaluation_id: str,
        added: Sequence[tuple[int, EvaluatedAnswer]],
        failures: Sequence[tuple[int, Failure]],
        seconds: float,
    ) -> None:
        """Keep answers, and failures, with the positions of their questions.

        seconds: what their generation took. Raises NotFound.
        """
        with self._database.write() as connection:
            evaluations.add_answers(connection, evaluation_id, added, failures, seconds)

    def evaluated(self, evaluation_id: str) -> list[EvaluatedAnswer]:
        """The answers, by question, then by contender. Raises NotFound."""
        with self._database.read() as connection:
            return [one for _, one, _ in evaluations.answers_of(connection, evaluation_id)]

    def evaluated_at(self, evaluation_id: str) -> list[tuple[int, EvaluatedAnswer, bool]]:
        """As `evaluated`, with the question's position, and whether the answer was scored."""
        with self._database.read() as connection:
            return evaluations.answers_of(connection, evaluation_id)

    def evaluation_scores(
        self, evaluation_id: str
    ) -> list[tuple[Question, str, Mapping[str, float]]]:
        """Question, contender id and scores of every answer that was had, without the answers."""
        with self._database.read() as connection:
            return evaluations.scores_of(connection, evaluation_id)

    def evaluation_failures(self, evaluation_id: str) -> list[tuple[int, Failure]]:
        """Answers that could not be had, with the positions of their questions."""
        with self._database.read() as connection:
            return evaluations.failures_of(connection, evaluation_id)

    def set_scores(
        self, evaluation_id: str, scores: Mapping[tuple[int, str], Mapping[str, float]]
    ) -> None:
        """Put scores in the place of earlier ones, by question's position and contender id."""
        with self._database.write() as connection:
            evaluations.set_scores(connection, evaluation_id, scores)

    def finish_evaluation(self, evaluation_id: str, summary: Summary) -> None:
        """Raises NotFound."""
        with self._database.write() as connection:
            now = datetime.now(UTC)
            evaluations.change_evaluation(
                connection, evaluation_id, finished_at=now, summary=summary
            )

    def set_judged(self, evaluation_id: str, judged: Mapping[str, object]) -> None:
        """Keep what a judge said. Raises NotFound."""
        with self._database.write() as connection:
            evaluations.change_evaluation(connection, evaluation_id, judged=dict(judged))
