"""The values of an evaluation: contenders times a question set, with a score for each metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

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
class Evaluation:
    """One evaluation; finished_at is None while it is going, or where it was interrupted.

    questions: how many each contender is asked. seconds: generation alone, over all contenders.
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


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A passage that was in the prompt, or that the answer was held against; rank from 1."""

    passage_id: int
    document: str
    text: str
    rank: int
    cosine: float


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
