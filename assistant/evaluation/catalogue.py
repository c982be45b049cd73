"""The metrics by name: what to call them, how to read them, and which way is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """title: as shown. about: one sentence for a reader. right_or_wrong: each answer has 0 or 1.

    higher_is_better and bounded: whether its values lie in [0, 1].
    """

    title: str
    about: str
    right_or_wrong: bool = False
    higher_is_better: bool = True
    bounded: bool = True


METRICS: dict[str, Metric] = {
    "fact_recall": Metric(
        "Fact recall",
        "Whether the answer holds every number and name of a reference that the question lacks.",
        right_or_wrong=True,
    ),
    "exact_match": Metric(
        "Exact match",
        "Whether the answer is a reference, but for case, punctuation and articles.",
        right_or_wrong=True,
    ),
    "f1": Metric("Token F1", "Harmonic mean of token precision and token recall."),
    "precision": Metric("Token precision", "Share of the answer's words that a reference has."),
    "recall": Metric("Token recall", "Share of a reference's words that the answer has."),
    "rouge1": Metric("ROUGE-1", "F-measure of shared words."),
    "rouge2": Metric("ROUGE-2", "F-measure of shared pairs of words."),
    "rougeL": Metric("ROUGE-L", "F-measure of the longest sequence of words in the same order."),
    "bleu": Metric("BLEU", "Precision of runs of one to four words, with a penalty for brevity."),
    "chrf": Metric("chrF", "F-score of runs of one to six letters."),
    "meteor": Metric("METEOR", "Words matched by form or stem, with a penalty for their disorder."),
    "semantic_similarity": Metric(
        "Semantic similarity", "Cosine of the answer to a reference, by the assistant's embedder."
    ),
    "refusal": Metric(
        "Refusal correct",
        "Whether a question outside the documents is refused, and one inside is not.",
        right_or_wrong=True,
    ),
    "groundedness": Metric(
        "Groundedness", "Share of the answer's sentences that a passage found for it supports."
    ),
    "values_supported": Metric(
        "Values supported", "Share of the answer's numbers and names that a passage has."
    ),
    "citation_precision": Metric(
        "Citation precision", "Share of the cited sentences that their citation supports."
    ),
    "citation_recall": Metric(
        "Citation recall", "Share of the sentences that state something and have a citation."
    ),
    "perplexity": Metric(
        "Perplexity",
        "How surprised the model is by a word of the reference: lower is better, 1 is least.",
        higher_is_better=False,
        bounded=False,
    ),
}
"""In the order in which they are shown, the most telling first."""

MAIN_METRICS = ("fact_recall", "f1", "refusal")
"""What contenders are told apart by: the first of these that the questions allow."""


def ordered(emphasis: Sequence[str] = ()) -> dict[str, Metric]:
    """The metrics in the order in which they are shown, those of an assistant's emphasis first."""
    first = {name: METRICS[name] for name in emphasis if name in METRICS}
    return first | {name: metric for name, metric in METRICS.items() if name not in first}


def title(name: str) -> str:
    """How a metric is shown; an unknown one by its name."""
    return METRICS[name].title if name in METRICS else name
