"""The frozen values that the core passes around. They know no storage, no page and no torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

ContenderKind = Literal["base", "rag", "tuned", "tuned+rag"]
KINDS: tuple[ContenderKind, ...] = get_args(ContenderKind)

Choice = Literal["left", "right", "tie", "both_bad"]
CHOICES: tuple[Choice, ...] = get_args(Choice)

CRITERIA = ("relevance", "accuracy", "coherence", "creativity")

ExampleSource = Literal["written", "imported", "generated", "vote"]
SplitName = Literal["train", "validation", "recall", "generalisation"]

Role = Literal["system", "user", "assistant"]


def content_hash(value: Any) -> str:
    """SHA-256, as 64 hexadecimal digits, of a JSON-serialisable value in canonical form."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """How a contender retrieves.

    passages: how many go into the prompt. context_tokens: budget for them, in tokens of the base
    model. min_cosine: raw cosine similarity, in [-1, 1], from which the best passage is relevant.
    min_overlap: share, in [0, 1], of the question's inverse document frequency mass that makes a
    passage relevant from half that cosine on (`retrieval.abstention.ThresholdRule`).
    lexical_weight: share of BM25 in the fused score, in [0, 1]. mmr: weight of relevance against
    novelty in maximal marginal relevance, in (0, 1]; at 1 only near-duplicates are left out.
    reranker: a cross-encoder's local folder or hub id, "" for none. relevance_logit: intercept and
    the weights of cosine and overlap (`retrieval.abstention.LogisticRule`); where it is given it
    decides instead of the two thresholds.
    """

    passages: int = 4
    context_tokens: int = 1000
    min_cosine: float = 0.45
    min_overlap: float = 0.4
    lexical_weight: float = 0.5
    mmr: float = 1.0
    reranker: str = ""
    relevance_logit: tuple[float, float, float] | None = None


# Fields that came after the first votes: at their defaults they are left out of a contender's hash,
# so that the versions that votes name stay what they were.
_LATER_SETTINGS = ("lexical_weight", "mmr", "reranker", "relevance_logit")


def retrieval_settings_of(values: dict[str, Any]) -> RetrievalSettings:
    """Settings from what JSON gave back of them; what is missing has its default."""
    logit = values.get("relevance_logit")
    return RetrievalSettings(**{**values, "relevance_logit": tuple(logit) if logit else None})


@dataclass(frozen=True, slots=True)
class Profile:
    """What the guided start asked for; "" or () for what was left out.

    purpose: the kind of work, as customer support or law. audience: who asks. tone: how it answers.
    refusals: subjects that it must refuse. disclaimer: shown with its answers. questions: to begin
    a chat with. emphasis: metrics that an evaluation of this field looks at first.
    """

    purpose: str = ""
    audience: str = ""
    tone: str = ""
    refusals: tuple[str, ...] = ()
    disclaimer: str = ""
    questions: tuple[str, ...] = ()
    emphasis: tuple[str, ...] = ()


NO_PROFILE = Profile()


def profile_of(values: Mapping[str, Any]) -> Profile:
    """A profile from what JSON gave back of it; what is missing has its default."""
    known: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return Profile(**known)


@dataclass(frozen=True, slots=True)
class Assistant:
    """What a person builds. `slug` names its folder and never changes; `name` may."""

    id: str
    slug: str
    name: str
    task: str
    system_prompt: str
    base_model: str  # "builtin", a hub id or a local folder
    embedder: str  # "builtin" (others come later)
    created_at: datetime
    retrieval: RetrievalSettings = RetrievalSettings()
    profile: Profile = NO_PROFILE


@dataclass(frozen=True, slots=True)
class Decoding:
    """How text is drawn. temperature 0 is greedy; seed is used only above 0."""

    max_new_tokens: int = 160
    temperature: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Contender:
    """An immutable version of one way to answer; its id is the hash of everything below."""

    kind: ContenderKind
    assistant_id: str
    base_model: str
    run_id: str | None
    adapter_sha256: str | None
    index_generation: int | None
    retrieval: RetrievalSettings | None
    prompt_sha256: str
    decoding: Decoding

    @property
    def id(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the fields."""
        values = asdict(self)
        if self.retrieval is not None:
            plain = RetrievalSettings()
            for name in _LATER_SETTINGS:
                if getattr(self.retrieval, name) == getattr(plain, name):
                    del values["retrieval"][name]
        return content_hash(values)[:16]

    @property
    def retrieves(self) -> bool:
        return self.kind in ("rag", "tuned+rag")

    @property
    def tuned(self) -> bool:
        return self.kind in ("tuned", "tuned+rag")


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that supports a stretch of an answer.

    marker: the number shown, from 1. start, end: character span of the passage in its document's
    text. answer_start, answer_end: character span of the supported sentence in the answer.
    page: from 1, None where the format has no pages.
    """

    marker: int
    document_id: str
    document: str
    passage_id: int
    page: int | None
    start: int
    end: int
    text: str
    answer_start: int
    answer_end: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost. Seconds are wall time from the moment the question was asked."""

    seconds_to_first_token: float
    tokens_per_second: float
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a contender said, whole.

    text has no citation markers in it; they are placed from the citations' spans when shown.
    fingerprint: first 16 hexadecimal digits of the SHA-256 of base weights and adapter.
    stopped: the person stopped it, so that it may not be voted on. retrieval_cosine: raw cosine of
    the best passage found, in [-1, 1]; None where nothing was searched, or it was not kept.
    """

    text: str
    contender: Contender
    fingerprint: str
    usage: Usage
    citations: tuple[Citation, ...] = ()
    abstained: bool = False
    stopped: bool = False
    retrieval_cosine: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and what each side said to it; `right` is None with a single pane."""

    question: str
    left: str
    right: str | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns that belong together; each side continues its own.

    left, right: the kinds the person chose (right is None with a single pane); with `blind` the
    sides are drawn anew for every comparison. updated_at: when the last turn came. left_run,
    right_run: the run of a tuned one, None for the latest at every question.
    """

    id: str
    assistant_id: str
    title: str
    left: ContenderKind
    right: ContenderKind | None
    blind: bool
    created_at: datetime
    updated_at: datetime
    left_run: str | None = None
    right_run: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One question put to a single contender, with its answer."""

    id: str
    assistant_id: str
    conversation_id: str
    question: str
    answer: Answer
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """One question put to two contenders, stored before anyone can vote on it.

    seed: the recorded draw by which the sides were placed.
    """

    id: str
    assistant_id: str
    conversation_id: str
    question: str
    left: Answer
    right: Answer
    blind: bool
    seed: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Vote:
    """A voter's judgement of a comparison; marks maps a side to its marks, 1 to 5, by criterion."""

    comparison_id: str
    voter: str
    choice: Choice
    blind: bool
    created_at: datetime
    marks: dict[str, dict[str, int]] = field(default_factory=dict)
    comment: str = ""


@dataclass(frozen=True, slots=True)
class CountedVote:
    """A vote with what it judged: the question, and the contender version on each side."""

    vote: Vote
    left: Contender
    right: Contender
    question: str


class Judgement(NamedTuple):
    """A vote with what is known of the two answers, and without their text.

    time: ISO 8601 in UTC. left, right: ids of the contender versions. *_length: characters;
    *_seconds: until the answer was whole; *_document: the first that it cites, None where it cites
    none. marks: as in `Vote`.
    """

    comparison_id: str
    voter: str
    blind: bool
    choice: Choice
    time: str
    marks: dict[str, dict[str, int]]
    question: str
    left: str
    right: str
    left_length: int
    right_length: int
    left_seconds: float
    right_seconds: float
    left_document: str | None
    right_document: str | None


class JudgementColumns(NamedTuple):
    """n judgements as they are read, a sequence of n for each field of `Judgement`, in its order.

    times: microseconds since 1970 in UTC.
    """

    comparison_ids: Sequence[str]
    voters: Sequence[str]
    blind: Sequence[bool]
    choices: Sequence[Choice]
    times: Sequence[int]
    marks: Sequence[Mapping[str, dict[str, int]]]
    questions: Sequence[str]
    left: Sequence[str]
    right: Sequence[str]
    left_lengths: Sequence[int]
    right_lengths: Sequence[int]
    left_seconds: Sequence[float]
    right_seconds: Sequence[float]
    left_documents: Sequence[str | None]
    right_documents: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Thumb:
    """A voter's judgement of a single pane's reply: up or down."""

    reply_id: str
    voter: str
    up: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Example:
    """A question and a reference answer, with where it came from.

    passage: the text that supports it, "" where the documents do not say (`answerable` False).
    fact: examples of one fact in several wordings share this key. section: content hash of the
    section the passage is from. method: the rule or file that made it. span: where the answer's
    evidence begins and ends in the passage, in characters. scores: of the filters that it passed,
    by name. flags: what a person should look at, as "ambiguous" or "personal data". rejected: a
    person does not want it; it is kept, so that writing examples again does not bring it back, and
    neither trained on nor tested with.
    """

    id: str
    question: str
    answer: str
    source: ExampleSource
    split: SplitName
    answerable: bool = True
    document: str = ""
    passage: str = ""
    fact: str = ""
    section: str = ""
    method: str = ""
    span: tuple[int, int] | None = None
    scores: Mapping[str, float] = field(default_factory=dict, hash=False)
    flags: tuple[str, ...] = ()
    rejected: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Which contender a person chose to use. certainty, sentence: what the verdict said then."""

    id: str
    assistant_id: str
    kind: ContenderKind
    run_id: str | None
    certainty: str
    sentence: str
    note: str
    created_at: datetime


def example_id(question: str, answer: str) -> str:
    """Content id of an example: two with the same words are the same example."""
    return content_hash([" ".join(question.split()), " ".join(answer.split())])[:16]
