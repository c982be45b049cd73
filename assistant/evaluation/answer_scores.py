"""All the scores of an evaluated answer: against its references, its passages and its question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from assistant.evaluation.form import refusal
from assistant.evaluation.grounding import Grounding, Held, citation_scores, ground
from assistant.evaluation.holding import best_held, topic_names
from assistant.evaluation.metrics import score_texts
from assistant.evaluation.records import EvaluatedAnswer
from assistant.facts import sentence_spans
from assistant.support import Encode


def score_answers(
    answers: Sequence[EvaluatedAnswer], encode: Encode, modules: bool = False
) -> list[EvaluatedAnswer]:
    """The answers with their scores added to those they have, by the names of `catalogue.METRICS`.

    Text metrics, semantic similarity and fact recall need a reference and a question that the
    documents are meant to answer; groundedness needs an answer that states something; `refusal` is
    there for every answer. Give all answers of all contenders at once: texts are then encoded
    together. modules: see `score_texts`.
    """
    texts = [one.answer.text for one in answers]
    references = [_references(one) for one in answers]
    scored = score_texts(texts, references, modules).rows
    similar = semantic_similarity(texts, references, encode)
    grounded = grounding(answers, encode)
    cited = _citation_scores(answers, encode)
    topic = topic_names(reference for own in references for reference in own)
    return [
        replace(
            one,
            scores={
                **one.scores,
                **scored[row],
                **_named("semantic_similarity", similar[row]),
                **_fact_recall(one, references[row], topic),
                "refusal": refusal_correct(one),
                **grounded[row].scores(),
                **cited[row],
            },
        )
        for row, one in enumerate(answers)
    ]


def recall_and_refusal(
    answers: Sequence[EvaluatedAnswer], references: Sequence[str]
) -> list[dict[str, float]]:
    """`fact_recall` and `refusal` alone, the same as `score_answers` gives, at next to no cost.

    references: of all the questions of the test, where the answers here are a part of it.
    """
    topic = topic_names(references)
    return [
        {**_fact_recall(one, _references(one), topic), "refusal": refusal_correct(one)}
        for one in answers
    ]


def grounding(answers: Sequence[EvaluatedAnswer], encode: Encode) -> list[Grounding]:
    """What of each answer the passages found for its question support, with the unsupported spans
    for the page. A refusal states nothing."""
    return ground(
        [
            Held(
                one.answer.text,
                tuple(passage.held for passage in one.retrieved),
                _states_nothing(one),
            )
            for one in answers
        ],
        encode,
    )


def semantic_similarity(
    predictions: Sequence[str], references: Sequence[Sequence[str]], encode: Encode
) -> list[float | None]:
    """Cosine of each prediction to the closest of its references, cut off below 0; None where there
    is no reference, 0 for an empty prediction. Each text is encoded once."""
    texts = list(
        dict.fromkeys(
            text
            for said, known in zip(predictions, references, strict=True)
            if known and said.strip()
            for text in (said, *known)
        )
    )
    rows = {text: row for row, text in enumerate(texts)}
    vectors = encode(texts) if texts else np.zeros((0, 1), dtype=np.float32)
    found: list[float | None] = []
    for said, known in zip(predictions, references, strict=True):
        if not known or not said.strip():
            found.append(0.0 if known else None)
            continue
        cosines = vectors[[rows[text] for text in known]] @ vectors[rows[said]]
        found.append(min(1.0, max(0.0, float(cosines.max()))))
    return found


def refusal_correct(one: EvaluatedAnswer) -> float:
    """1 where a question outside the documents is refused, or one inside is not; else 0."""
    refused = one.answer.abstained or bool(refusal(one.answer.text))
    return float(refused != one.question.in_scope)


def _references(one: EvaluatedAnswer) -> list[str]:
    known = one.question.answers if one.question.in_scope else ()
    return [answer for answer in known if answer.strip()]


def _named(name: str, score: float | None) -> dict[str, float]:
    return {} if score is None else {name: score}


def _fact_recall(
    one: EvaluatedAnswer, references: Sequence[str], topic: frozenset[str]
) -> dict[str, float]:
    if not references:
        return {}
    recalled = best_held(one.answer.text, references, one.question.question, topic).whole
    return {"fact_recall": float(recalled and not one.answer.abstained)}


def _citation_scores(answers: Sequence[EvaluatedAnswer], encode: Encode) -> list[dict[str, float]]:
    stated = [one.answer if not _states_nothing(one) else None for one in answers]
    headings = {passage.passage_id: passage.heading for one in answers for passage in one.retrieved}
    return citation_scores(
        [(one.text, one.citations) if one else ("", ()) for one in stated], encode, headings
    )


def _states_nothing(one: EvaluatedAnswer) -> bool:
    """Whether the answer is a refusal and no more."""
    text = one.answer.text
    return one.answer.abstained or (bool(refusal(text)) and len(sentence_spans(text)) == 1)
