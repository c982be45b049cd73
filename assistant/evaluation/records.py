"""The values of an evaluation: contenders times a question set, with a score for each metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from assistant.records import Answer, Contender, content_hash
from retrieval.questions import Question


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions under a name: `recall`, `generalisation`, `out_of_scope`, or a file's name."""

    name: str
    questions: tuple[Question, ...]

    @property
    def sha256(self) -> str:
        """Of the questions with their answers, as 64 hexadecimal digits."""
        return content_hash([asdict(question) for question in self.questions])


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of a metric over n questions, with its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of one contender minus that of another, over the questions that both were scored on.

    first, second: contender ids. adjusted: the p-value by Holm over all metrics and pairs.
    """

    metric: str
    first: str
    second: str
    difference: float
    low: float
    high: float
    p_value: float
    adjusted: float
    n: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Answers given one at a time. Seconds from the question on: median, and 95th percentile.

    memory_gib: most that the process held meanwhile, in GiB; None where it was not measured.
    """

    first_token: float
    whole: float
    whole_p95: float
    tokens_per_second: float
    n: int
    memory_gib: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What an evaluation says. The outer keys are contender ids.

    truncated: share of answers that ended at the limit of new tokens. tokens: of an answer, mean.
    failed: answers that could not be had. enough: whether the questions are enough to tell the
    contenders apart, in one to three sentences.
    """

    means: Mapping[str, Mapping[str, Mean]] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    latency: Mapping[str, Latency] = field(default_factory=dict)
    truncated: Mapping[str, float] = field(default_factory=dict)
    tokens: Mapping[str, float] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    enough: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation; finished_at is None while it is going, or where it was interrupted.

    questions: how many each contender is asked. seconds: generation alone, over all contenders.
    judged: what a judge said, empty where none was asked (`evaluation.judge`).
    """

    id: str
    assistant_id: str
    question_set: str
    questions_sha256: str
    questions: int
    contenders: tuple[Contender, ...]
    created_at: datetime
    finished_at: datetime | None = None
    seconds: float = 0.0
    summary: Summary = Summary()
    judged: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A passage that was in the prompt, or that the answer was held against; rank from 1.

    heading: the headings it stands under, the outermost first.
    """

    passage_id: int
    document: str
    text: str
    rank: int
    cosine: float
    heading: str = ""

    @property
    def held(self) -> str:
        """What of it supports an answer: the names of document and headings, and the text."""
        return "\n".join(filter(None, (self.document, self.heading, self.text)))


@dataclass(frozen=True, slots=True)
class EvaluatedAnswer:
    """What a contender answered to a question, and how that scores.

    retrieved: passages found for the question, best first, also for contenders that do not read
    them. truncated: the answer ended at the limit of new tokens. scores: by metric name; a metric
    that does not apply to this question is left out, never NaN.
    """

    question: Question
    answer: Answer
    retrieved: tuple[RetrievedPassage, ...]
    truncated: bool
    scores: Mapping[str, float]

    @property
    def reference(self) -> str:
        """The first reference answer, "" where there is none."""
        return self.question.answers[0] if self.question.answers else ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A question to which a contender could not give an answer, with the reason as a sentence."""

    contender_id: str
    reason: str
