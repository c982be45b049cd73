"""What a verdict stands on, as plain values: each contender's figures and each pair's tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assistant.records import ContenderKind


@dataclass(frozen=True, slots=True)
class Measured:
    """A mean over n items in [0, 1], with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Preference:
    """A contender's Bradley-Terry rating (400 scale, mean 1000) from n blind votes."""

    rating: float
    low: float
    high: float
    votes: int


@dataclass(frozen=True, slots=True)
class ContenderEvidence:
    """What is known of one contender; None where it was not measured.

    quality: share of the test questions handled rightly, by fact recall or, out of scope, by a
    refusal. quality_by_set: the same for each question set. grounded: share of the sentences that
    a passage supports. refused_rightly: share of the questions out of scope that it refused.
    first_word_seconds, answer_seconds: medians of answers given one at a time. memory_gib: peak of
    the process while it answered. build_minutes: of indexing, training or both. freshness: what
    happens when a document changes, in a sentence.
    """

    kind: ContenderKind
    contender_id: str
    quality: Measured | None = None
    quality_by_set: tuple[tuple[str, Measured], ...] = ()
    grounded: Measured | None = None
    refused_rightly: Measured | None = None
    preference: Preference | None = None
    first_word_seconds: float | None = None
    answer_seconds: float | None = None
    memory_gib: float | None = None
    build_minutes: float | None = None
    freshness: str = ""


@dataclass(frozen=True, slots=True)
class QualityDifference:
    """Paired difference of quality, first minus second, over n questions both answered.

    low, high: 95 % interval. p_value: two-sided, with Holm's correction over the pairs.
    questions_needed: to find a difference of this size at 80 % power.
    """

    difference: float
    low: float
    high: float
    p_value: float
    n: int
    questions_needed: int | None


@dataclass(frozen=True, slots=True)
class VoteDifference:
    """Decisive blind votes between two contenders.

    low, high: the always-valid 95 % interval of the first one's share of them. votes_needed: how
    many more would tell them apart at 80 % power at this share, None where none can be named.
    """

    wins: int
    losses: int
    ties: int
    low: float
    high: float
    votes_needed: int | None

    @property
    def decisive(self) -> int:
        return self.wins + self.losses


_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """Two contenders held against each other, by tests, by votes, or by both."""

    first: ContenderKind
    second: ContenderKind
    tested: QualityDifference | None = None
    voted: VoteDifference | None = None

    @property
    def tests_prefer(self) -> ContenderKind | None:
        """The better one by the tests, None where they do not tell the two apart."""
        if self.tested is None or self.tested.p_value >= _LEVEL or not self.tested.difference:
            return None
        return self.first if self.tested.difference > 0 else self.second

    @property
    def voters_prefer(self) -> ContenderKind | None:
        """The better one by the votes, None while their always-valid interval holds one half."""
        if self.voted is None:
            return None
        if self.voted.low > 0.5:
            return self.first
        return self.second if self.voted.high < 0.5 else None

    @property
    def opposed(self) -> bool:
        """Whether tests and votes each settle it, in opposite ways."""
        tests, voters = self.tests_prefer, self.voters_prefer
        return tests is not None and voters is not None and tests != voters

    @property
    def better(self) -> ContenderKind | None:
        """The one that the evidence prefers, None where it is silent or contradicts itself."""
        return None if self.opposed else self.tests_prefer or self.voters_prefer


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything at hand for one assistant.

    unused_questions: test questions that no evaluation has asked yet. has_documents, has_run:
    whether RAG and a tuned model can answer at all. stale_examples: rows that the tuned model
    learned from what has changed or gone since. outdated: the kinds whose tests, or most of whose
    votes, are of another version than the one in use.
    """

    contenders: tuple[ContenderEvidence, ...]
    pairs: tuple[PairEvidence, ...]
    unused_questions: int
    has_documents: bool
    has_run: bool
    stale_examples: int = 0
    outdated: tuple[ContenderKind, ...] = ()

    def contender(self, kind: ContenderKind) -> ContenderEvidence | None:
        return next((one for one in self.contenders if one.kind == kind), None)

    def pair(self, first: ContenderKind, second: ContenderKind) -> PairEvidence | None:
        """The evidence between the two, in whatever order it is kept."""
        return next(
            (pair for pair in self.pairs if {pair.first, pair.second} == {first, second}), None
        )

    def known(self) -> Iterator[ContenderEvidence]:
        """The contenders that were tested or voted on."""
        for one in self.contenders:
            if one.quality is not None or one.preference is not None:
                yield one
