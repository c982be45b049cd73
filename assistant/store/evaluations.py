"""SQL of evaluations: what was asked, what each contender answered, and how that scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, insert, select, update

from assistant.errors import NotFound
from assistant.evaluation.records import (
    Difference,
    EvaluatedAnswer,
    Evaluation,
    Failure,
    Latency,
    Mean,
    RetrievedPassage,
    Summary,
)
from assistant.records import Contender
from assistant.store import rows
from assistant.store.question_sets import question_of
from assistant.store.schema import (
    contenders,
    evaluated_answers,
    evaluation_contenders,
    evaluation_questions,
    evaluations,
)
from assistant.store.statements import inserted, row_of
from retrieval.questions import Question

_NO_EVALUATION = "There is no such evaluation: it was deleted, look at the list again."


def add_evaluation(
    connection: Connection, evaluation: Evaluation, key: str, questions: Sequence[Question]
) -> None:
    values = {
        name: getattr(evaluation, name)
        for name in (
            "id",
            "assistant_id",
            "question_set",
            "questions_sha256",
            "questions",
            "created_at",
            "finished_at",
            "seconds",
        )
    }
    connection.execute(insert(evaluations).values(key=key, summary={}, judged={}, **values))
    # In one order everywhere, so that two programs that add the same ones do not wait in a circle.
    for added in sorted(evaluation.contenders, key=lambda contender: contender.id):
        known = select(contenders.c.id).where(contenders.c.id == added.id)
        if connection.execute(known).first() is None:
            made = rows.contender_values(added, evaluation.created_at)
            inserted(connection, contenders, made)
    connection.execute(
        insert(evaluation_contenders),
        [
            {
                "evaluation_id": evaluation.id,
                "contender_id": contender.id,
                "assistant_id": evaluation.assistant_id,
                "position": position,
            }
            for position, contender in enumerate(evaluation.contenders)
        ],
    )
    connection.execute(
        insert(evaluation_questions),
        [
            {"evaluation_id": evaluation.id, "position": position, "question": asdict(question)}
            for position, question in enumerate(questions)
        ],
    )


def evaluation(connection: Connection, evaluation_id: str) -> Evaluation:
    row_of(connection, evaluations, evaluation_id, _NO_EVALUATION)
    (found,) = _read(connection, select(evaluations).where(evaluations.c.id == evaluation_id))
    return found


def evaluations_of(
    connection: Connection, assistant_id: str, contender_id: str | None
) -> list[Evaluation]:
    """Newest first; with contender_id, those that it takes part in."""
    statement = select(evaluations).where(evaluations.c.assistant_id == assistant_id)
    if contender_id is not None:
        named = select(evaluation_contenders.c.evaluation_id).filter_by(contender_id=contender_id)
        statement = statement.where(evaluations.c.id.in_(named))
    return _read(connection, statement)


def unfinished(connection: Connection, assistant_id: str) -> list[tuple[str, Evaluation]]:
    """Key and evaluation of those that were interrupted, newest first."""
    statement = select(evaluations).where(
        evaluations.c.assistant_id == assistant_id, evaluations.c.finished_at.is_(None)
    )
    keys = {row["id"]: row["key"] for row in connection.execute(statement).mappings()}
    return [(keys[found.id], found) for found in _read(connection, statement)]


def delete_evaluation(connection: Connection, evaluation_id: str) -> None:
    statement = delete(evaluations).where(evaluations.c.id == evaluation_id)
    if not connection.execute(statement).rowcount:
        raise NotFound(_NO_EVALUATION)


def questions_of(connection: Connection, evaluation_id: str) -> list[Question]:
    statement = (
        select(evaluation_questions.c.question)
        .where(evaluation_questions.c.evaluation_id == evaluation_id)
        .order_by(evaluation_questions.c.position)
    )
    return [question_of(values) for values in connection.execute(statement).scalars()]


def answered(connection: Connection, evaluation_id: str) -> set[tuple[int, str]]:
    """Position of the question and contender id of all that needs no more asking."""
    table = evaluated_answers
    statement = select(table.c.position, table.c.contender_id).filter_by(
        evaluation_id=evaluation_id
    )
    return {(row.position, row.contender_id) for row in connection.execute(statement)}


def add_answers(
    connection: Connection,
    evaluation_id: str,
    added: Iterable[tuple[int, EvaluatedAnswer]],
    failures: Iterable[tuple[int, Failure]],
    seconds: float,
) -> None:
    """Keep answers with the positions of their questions, and the time that they took."""
    row_of(connection, evaluations, evaluation_id, _NO_EVALUATION)
    made = [_answer_values(evaluation_id, position, one) for position, one in added]
    made += [_failure_values(evaluation_id, position, one) for position, one in failures]
    retrieved = {position: one.retrieved for position, one in added}
    for position, passages in retrieved.items():
        connection.execute(
            update(evaluation_questions)
            .filter_by(evaluation_id=evaluation_id, position=position)
            .values(retrieved=[asdict(passage) for passage in passages])
        )
    if made:
        connection.execute(insert(evaluated_answers), made)
    connection.execute(
        update(evaluations)
        .where(evaluations.c.id == evaluation_id)
        .values(seconds=evaluations.c.seconds + seconds)
    )


def set_scores(
    connection: Connection,
    evaluation_id: str,
    scores: Mapping[tuple[int, str], Mapping[str, float]],
) -> None:
    """Put these scores in the place of earlier ones, by position and contender id."""
    for (position, contender_id), own in scores.items():
        connection.execute(
            update(evaluated_answers)
            .filter_by(evaluation_id=evaluation_id, position=position, contender_id=contender_id)
            .values(scores=dict(own), scored=True)
        )


def change_evaluation(connection: Connection, evaluation_id: str, **values: Any) -> None:
    """Set finished_at, summary or judged."""
    changed = {
        name: asdict(value) if isinstance(value, Summary) else value
        for name, value in values.items()
    }
    statement = update(evaluations).where(evaluations.c.id == evaluation_id).values(**changed)
    if not connection.execute(statement).rowcount:
        raise NotFound(_NO_EVALUATION)


def answers_of(
    connection: Connection, evaluation_id: str
) -> list[tuple[int, EvaluatedAnswer, bool]]:
    """Position, answer, and whether it has been scored; by question, then by contender."""
    by_id = {one.id: one for one in evaluation(connection, evaluation_id).contenders}
    order = {contender_id: place for place, contender_id in enumerate(by_id)}
    asked = select(evaluation_questions).filter_by(evaluation_id=evaluation_id)
    questions = {
        row["position"]: (
            question_of(row["question"]),
            tuple(RetrievedPassage(**one) for one in row["retrieved"] or ()),
        )
        for row in connection.execute(asked).mappings()
    }
    statement = select(evaluated_answers).filter_by(evaluation_id=evaluation_id, failure="")
    found = [
        (row["position"], _answer_of(row, by_id, *questions[row["position"]]), row["scored"])
        for row in connection.execute(statement).mappings()
    ]
    return sorted(found, key=lambda one: (one[0], order[one[1].answer.contender.id]))


def scores_of(
    connection: Connection, evaluation_id: str
) -> list[tuple[Question, str, Mapping[str, float]]]:
    asked = questions_of(connection, evaluation_id)
    found = connection.execute(
        select(
            evaluated_answers.c.position,
            evaluated_answers.c.contender_id,
            evaluated_answers.c.scores,
        )
        .where(
            evaluated_answers.c.evaluation_id == evaluation_id, evaluated_answers.c.failure == ""
        )
        .order_by(evaluated_answers.c.position, evaluated_answers.c.contender_id)
    )
    return [(asked[row.position], row.contender_id, row.scores) for row in found]


def failures_of(connection: Connection, evaluation_id: str) -> list[tuple[int, Failure]]:
    table = evaluated_answers
    statement = (
        select(table.c.position, table.c.contender_id, table.c.failure)
        .where(table.c.evaluation_id == evaluation_id, table.c.failure != "")
        .order_by(table.c.position, table.c.contender_id)
    )
    return [
        (row.position, Failure(row.contender_id, row.failure))
        for row in connection.execute(statement)
    ]


def _read(connection: Connection, statement: Select[Any]) -> list[Evaluation]:
    newest = statement.order_by(evaluations.c.created_at.desc(), evaluations.c.id)
    held = connection.execute(newest).mappings().all()
    part = (
        select(evaluation_contenders.c.evaluation_id, contenders)
        .join(contenders, contenders.c.id == evaluation_contenders.c.contender_id)
        .where(
            evaluation_contenders.c.evaluation_id.in_(statement.with_only_columns(evaluations.c.id))
        )
        .order_by(evaluation_contenders.c.position)
    )
    taking_part: dict[str, list[Contender]] = {}
    for row in connection.execute(part).mappings():
        taking_part.setdefault(row["evaluation_id"], []).append(rows.contender_of(row))
    return [
        Evaluation(
            contenders=tuple(taking_part.get(row["id"], ())),
            summary=_summary_of(row["summary"]),
            **{
                name: row[name]
                for name in (
                    "id",
                    "assistant_id",
                    "question_set",
                    "questions_sha256",
                    "questions",
                    "created_at",
                    "finished_at",
                    "seconds",
                    "judged",
                )
            },
        )
        for row in held
    ]


def _summary_of(values: dict[str, Any]) -> Summary:
    if not values:
        return Summary()
    return Summary(
        means={
            contender: {metric: Mean(**mean) for metric, mean in own.items()}
            for contender, own in values["means"].items()
        },
        differences=tuple(Difference(**one) for one in values["differences"]),
        latency={contender: Latency(**own) for contender, own in values["latency"].items()},
        truncated=values["truncated"],
        tokens=values.get("tokens", {}),
        failed=values["failed"],
        enough=values["enough"],
    )


def _answer_values(evaluation_id: str, position: int, one: EvaluatedAnswer) -> rows.Values:
    values = rows.answer_values(one.answer)
    del values["assistant_id"]
    return {
        "evaluation_id": evaluation_id,
        "position": position,
        "truncated": one.truncated,
        "failure": "",
        "scores": dict(one.scores),
        "scored": False,
        **values,
    }


def _failure_values(evaluation_id: str, position: int, one: Failure) -> rows.Values:
    return {
        "evaluation_id": evaluation_id,
        "position": position,
        "contender_id": one.contender_id,
        "text": "",
        "fingerprint": "",
        "seconds_to_first_token": 0.0,
        "tokens_per_second": 0.0,
        "tokens_in": 0,
        "tokens_out": 0,
        "citations": [],
        "abstained": False,
        "stopped": False,
        "truncated": False,
        "failure": one.reason,
        "scores": {},
        "scored": True,
    }


def _answer_of(
    row: RowMapping,
    by_id: Mapping[str, Contender],
    question: Question,
    retrieved: tuple[RetrievedPassage, ...],
) -> EvaluatedAnswer:
    return EvaluatedAnswer(
        question=question,
        answer=rows.answer_of(row, by_id[row["contender_id"]]),
        retrieved=retrieved,
        truncated=row["truncated"],
        scores=row["scores"],
    )
