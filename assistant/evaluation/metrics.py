"""Answers scored against reference answers by all the text metrics together."""

from __future__ import annotations

import tempfile
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.errors import InvalidRequest
from assistant.evaluation.text_metrics import (
    Row,
    bleu_rows,
    chrf_rows,
    corpus_bleu,
    corpus_chrf,
    installed_wordnet,
    meteor_rows,
    overlap_rows,
    rouge_rows,
)

TEXT_METRICS = (
    "exact_match",
    "precision",
    "recall",
    "f1",
    "rouge1",
    "rouge2",
    "rougeL",
    "bleu",
    "chrf",
    "meteor",
)
"""Names of the text metrics, in the order in which they are shown; all in [0, 1]."""

_SHOWN_FAULTS = 20


@dataclass(frozen=True, slots=True)
class TextScores:
    """Scores of n answers. rows: by metric name, {} for an answer without a reference.

    means: over the `scored` answers that have one; {} where none has. corpus: BLEU and chrF of
    them all as one text. meteor: by what METEOR matched words, "exact, stem" or
    "exact, stem, synonyms".
    """

    rows: tuple[Mapping[str, float], ...]
    means: Mapping[str, float]
    corpus: Mapping[str, float]
    scored: int
    meteor: str

    @property
    def n(self) -> int:
        return len(self.rows)


def score_texts(
    predictions: Sequence[str], references: Sequence[str | Sequence[str]], modules: bool = False
) -> TextScores:
    """Score each prediction against its reference, or the best of several.

    A blank reference is none; a prediction without any is left out. modules: through the modules of
    `evaluate`, as an evaluation does; the figures are the same, and importing them takes seconds.
    Raises InvalidRequest, naming each row, where a prediction or a reference is not a text.
    """
    said, known = _checked(predictions, references)
    kept = [row for row, references_of in enumerate(known) if references_of]
    rows: list[Mapping[str, float]] = [{} for _ in said]
    means: dict[str, float] = {}
    corpus: dict[str, float] = {}
    if kept:
        compute = _by_modules if modules else _by_functions
        scored, corpus = compute([said[row] for row in kept], [known[row] for row in kept])
        for row, scores in zip(kept, scored, strict=True):
            rows[row] = scores
        means = {name: sum(row[name] for row in scored) / len(kept) for name in TEXT_METRICS}
    return TextScores(tuple(rows), means, corpus, len(kept), meteor_matches())


def meteor_matches() -> str:
    """By what METEOR matches words here: synonyms only where nltk's WordNet is installed."""
    return "exact, stem, synonyms" if installed_wordnet() else "exact, stem"


def _by_functions(
    predictions: list[str], references: list[list[str]]
) -> tuple[list[Row], dict[str, float]]:
    families = (overlap_rows, rouge_rows, bleu_rows, chrf_rows, meteor_rows)
    scored = zip(*(family(predictions, references) for family in families), strict=True)
    corpus = {
        "bleu": corpus_bleu(predictions, references),
        "chrf": corpus_chrf(predictions, references),
    }
    return [dict(ChainMap(*reversed(parts))) for parts in scored], corpus


def _by_modules(
    predictions: list[str], references: list[list[str]]
) -> tuple[list[Row], dict[str, float]]:
    from assistant.evaluation.evaluate_modules import MODULES, Bleu, Chrf

    columns: dict[str, list[float]] = {}
    corpus: dict[str, float] = {}
    # `evaluate` makes a folder for each module even where all is kept in memory.
    with tempfile.TemporaryDirectory(prefix="duet-metrics-") as folder:
        for module in MODULES:
            metric = module(keep_in_memory=True, cache_dir=folder, seed=0)
            columns |= metric.compute(predictions=predictions, references=references, by_row=True)
            if module in (Bleu, Chrf):
                corpus |= metric.compute(predictions=predictions, references=references)
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    return rows, corpus


def _checked(
    predictions: Sequence[str], references: Sequence[str | Sequence[str]]
) -> tuple[list[str], list[list[str]]]:
    if len(predictions) != len(references):
        raise InvalidRequest(
            f"There are {len(predictions)} predictions and {len(references)} rows of references: "
            "give one row of references for each prediction."
        )
    said: list[str] = []
    known: list[list[str]] = []
    faults: list[str] = []
    for row, (prediction, given) in enumerate(zip(predictions, references, strict=True), start=1):
        listed = [given] if isinstance(given, str) or not isinstance(given, Sequence) else given
        if not isinstance(prediction, str):
            faults.append(f"row {row}: the prediction is {_called(prediction)}, not a text")
        faults += [
            f"row {row}: a reference is {_called(one)}, not a text"
            for one in listed
            if not isinstance(one, str)
        ]
        if not faults:
            said.append(_storable(prediction))
            known.append([_storable(one) for one in listed if one.strip()])
    if faults:
        shown = "; ".join(faults[:_SHOWN_FAULTS])
        more = f"; and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
        raise InvalidRequest(f"Nothing was scored: {shown}{more}.")
    return said, known


def _called(value: Any) -> str:
    if value is None:
        return "missing"
    if value != value:
        return "NaN"
    return f"of type {type(value).__name__}"


def _storable(text: str) -> str:
    """Without halves of surrogate pairs, which no UTF-8 can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
