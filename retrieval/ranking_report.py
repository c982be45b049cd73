"""The values of a measured ranking: systems, their metrics, and how they compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from retrieval.ranking_metrics import DEPTHS, TOP

SystemName = Literal["bm25", "dense", "fused", "reranked"]

MAIN_METRIC = f"ndcg@{TOP}"
METRICS = (
    *(f"recall@{depth}" for depth in DEPTHS),
    f"mrr@{TOP}",
    MAIN_METRIC,
    *(f"document_recall@{depth}" for depth in DEPTHS),
)


@dataclass(frozen=True, slots=True)
class Metric:
    """The mean over the questions with its bootstrap 95 % interval, all in [0, 1]."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SystemResult:
    """How one system did. median_ms, p95_ms: latency of a question, in milliseconds."""

    name: SystemName
    metrics: tuple[Metric, ...]
    median_ms: float
    p95_ms: float

    def metric(self, name: str) -> Metric:
        """The metric of that name, one of METRICS."""
        return next(metric for metric in self.metrics if metric.name == name)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The mean of system minus reference in one metric over the same questions.

    low, high: bootstrap 95 % interval. p_value: two-sided, by permutation; adjusted_p: by Holm over
    the comparisons of the report. spread: standard deviation of the differences.
    """

    system: SystemName
    reference: SystemName
    metric: str
    difference: float
    low: float
    high: float
    p_value: float
    adjusted_p: float
    spread: float

    @property
    def told(self) -> bool:
        """Whether the difference is more than chance, at 5 %."""
        return self.adjusted_p < 0.05 and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True)
class TestedQuestion:
    """relevant: how many passages answer it. ranks: of the first of them in each system, in the
    order of the report's systems, from 1; None where it is not among the candidates. document: the
    one that the question names, "" for none. came: the documents of the first three passages of the
    fused search, each once."""

    id: str
    question: str
    relevant: int
    ranks: tuple[int | None, ...]
    document: str = ""
    came: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A question that could not be judged, and why."""

    id: str
    question: str
    reason: str


@dataclass(frozen=True, slots=True)
class RankingReport:
    """How well passages are found. verdicts: in words, for people."""

    systems: tuple[SystemResult, ...]
    comparisons: tuple[Comparison, ...]
    questions: tuple[TestedQuestion, ...]
    left_out: tuple[LeftOut, ...]
    verdicts: tuple[str, ...]

    def system(self, name: SystemName) -> SystemResult | None:
        """The system of that name, None where it was not measured."""
        return next((system for system in self.systems if system.name == name), None)
