"""An evaluation as files: a row for each answer, or all of it as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from assistant.evaluation.catalogue import METRICS
from assistant.evaluation.records import EvaluatedAnswer, Evaluation
from assistant.vote_export import rows_csv


def answer_rows(answers: Sequence[EvaluatedAnswer]) -> list[dict[str, object]]:
    """A row for each answer, with a column for each metric, None where it does not apply."""
    return [
        {
            "question": one.question.question,
            "question_id": one.question.id,
            "in_scope": one.question.in_scope,
            "reference": " | ".join(one.question.answers),
            "contender": one.answer.contender.kind,
            "version": one.answer.contender.id,
            "answer": one.answer.text,
            "abstained": one.answer.abstained,
            "truncated": one.truncated,
            "cited": " | ".join(dict.fromkeys(c.document for c in one.answer.citations)),
            "retrieved": " | ".join(dict.fromkeys(p.document for p in one.retrieved)),
            "tokens_out": one.answer.usage.tokens_out,
            **{metric: one.scores.get(metric) for metric in METRICS},
        }
        for one in answers
    ]


def evaluation_csv(answers: Sequence[EvaluatedAnswer]) -> str:
    return rows_csv(answer_rows(answers))


def evaluation_json(evaluation: Evaluation, answers: Sequence[EvaluatedAnswer]) -> str:
    described: dict[str, Any] = asdict(evaluation)
    for shown, contender in zip(described["contenders"], evaluation.contenders, strict=True):
        shown["id"] = contender.id
    described["answers"] = answer_rows(answers)
    return json.dumps(described, ensure_ascii=False, indent=2, default=str)
