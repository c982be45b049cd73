"""The metrics as modules of Hugging Face's `evaluate`, without its hub.

`evaluate` 0.4.6 ships no metric scripts and fetches those that are loaded by name; a module that is
a class here works offline. Importing this file imports `evaluate`, and with it torch: seconds.

    F1 = TokenOverlap(keep_in_memory=True)
    F1.compute(predictions=["a tank"], references=[["the tank"]])["f1"]

References are one list for each prediction. `compute` gives means, for BLEU and chrF the figure of
the whole corpus; `compute(..., by_row=True)` gives a list for each name.
"""

from __future__ import annotations

from collections.abc import Sequence

import evaluate
from datasets.features import Features, Value
from datasets.features import Sequence as ListOf

from assistant.evaluation.text_metrics import (
    References,
    Row,
    bleu_rows,
    chrf_rows,
    corpus_bleu,
    corpus_chrf,
    meteor_rows,
    overlap_rows,
    rouge_rows,
)


class _RowMetric(evaluate.Metric):  # type: ignore[misc]
    """A metric that scores each row by itself."""

    about = ""
    source = ""

    def rows(self, predictions: Sequence[str], references: References) -> list[Row]:
        raise NotImplementedError

    def whole(self, predictions: Sequence[str], references: References) -> Row:
        rows = self.rows(predictions, references)
        return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=self.about,
            citation=self.source,
            inputs_description="predictions: n texts; references: n lists of texts, none empty.",
            features=Features(
                {"predictions": Value("string"), "references": ListOf(Value("string"))}
            ),
        )

    def _compute(
        self, predictions: Sequence[str], references: References, by_row: bool = False
    ) -> dict[str, float] | dict[str, list[float]]:
        if not by_row:
            return self.whole(predictions, references)
        rows = self.rows(predictions, references)
        return {name: [row[name] for row in rows] for name in rows[0]}


class TokenOverlap(_RowMetric):
    """exact_match, precision, recall, f1."""

    about = "Exact match, and precision, recall and F1 of tokens, after SQuAD's normalisation."
    source = "P. Rajpurkar et al., SQuAD, EMNLP 2016"

    def rows(self, predictions: Sequence[str], references: References) -> list[Row]:
        return overlap_rows(predictions, references)


class Rouge(_RowMetric):
    """rouge1, rouge2, rougeL."""

    about = "F-measures of shared words, pairs of words, and the longest common subsequence."
    source = "C.-Y. Lin, ROUGE, ACL workshop 2004"

    def rows(self, predictions: Sequence[str], references: References) -> list[Row]:
        return rouge_rows(predictions, references)


class Bleu(_RowMetric):
    """bleu: of the corpus, or of each sentence by row."""

    about = "Precision of word n-grams up to 4 with a penalty for brevity."
    source = "K. Papineni et al., BLEU, ACL 2002; M. Post, sacrebleu, WMT 2018"

    def rows(self, predictions: Sequence[str], references: References) -> list[Row]:
        return bleu_rows(predictions, references)

    def whole(self, predictions: Sequence[str], references: References) -> Row:
        return {"bleu": corpus_bleu(predictions, references)}


class Chrf(_RowMetric):
    """chrf: of the corpus, or of each sentence by row."""

    about = "F-score of character n-grams up to 6, recall counting twice."
    source = "M. Popović, chrF, WMT 2015"

    def rows(self, predictions: Sequence[str], references: References) -> list[Row]:
        return chrf_rows(predictions, references)

    def whole(self, predictions: Sequence[str], references: References) -> Row:
        return {"chrf": corpus_chrf(predictions, references)}


class Meteor(_RowMetric):
    """meteor."""

    about = "Matched words by form, stem and, where WordNet is installed, synonym, in order."
    source = "A. Lavie, A. Agarwal, METEOR, WMT 2007"

    def rows(self, predictions: Sequence[str], references: References) -> list[Row]:
        return meteor_rows(predictions, references)


MODULES: tuple[type[_RowMetric], ...] = (TokenOverlap, Rouge, Bleu, Chrf, Meteor)
