"""What an evaluation says, from its answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from assistant.evaluation.records import EvaluatedAnswer, Failure, Mean, Summary
from assistant.evaluation.significance import (
    contender_differences,
    contender_means,
    enough,
    scores_of,
)
from assistant.records import Contender
from retrieval.statistics import bootstrap_mean


def summarise(
    contenders: Sequence[Contender],
    answers: Sequence[EvaluatedAnswer],
    failures: Sequence[Failure],
) -> Summary:
    """Means over the questions of each contender; differences over those that two have in common.

    A failure scores nothing: it is counted apart. Latency is left to who measures it.
    """
    by = {
        contender.id: [one for one in answers if one.answer.contender == contender]
        for contender in contenders
    }
    scores = {contender: scores_of(own) for contender, own in by.items()}
    means = contender_means(scores)
    for contender, own in by.items():
        surprises = [one.scores["perplexity"] for one in own if "perplexity" in one.scores]
        if surprises:
            means[contender]["perplexity"] = _geometric(surprises)
    differences = contender_differences(scores)
    answered = [len(own) for own in by.values() if own]  # who failed at all of them is counted so
    asked = min(answered, default=0)
    return Summary(
        means=means,
        differences=differences,
        truncated={
            contender: sum(one.truncated for one in own) / len(own) if own else 0.0
            for contender, own in by.items()
        },
        tokens={
            contender: sum(one.answer.usage.tokens_out for one in own) / len(own) if own else 0.0
            for contender, own in by.items()
        },
        failed={
            contender.id: sum(one.contender_id == contender.id for one in failures)
            for contender in contenders
        },
        enough=enough(asked, differences, {one.id: one.kind for one in contenders}),
    )


def _geometric(values: Sequence[float]) -> Mean:
    """A few hard references would decide the arithmetic mean of perplexities alone."""
    logs = [math.log(value) for value in values]
    interval = bootstrap_mean(logs)
    mean = sum(logs) / len(logs)
    return Mean(math.exp(mean), math.exp(interval.low), math.exp(interval.high), len(logs))
