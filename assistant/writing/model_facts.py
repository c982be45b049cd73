"""Questions and answers from a model, passage by passage: the most specific kept.

For each passage the model is asked for several questions; the most specific one is then answered
with the passage in view. Where the answer does not pass the filters, the next question is tried, so
that a passage is given up only when none is left. What passed is worded anew.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from assistant.facts import sentence_spans
from assistant.records import Decoding
from assistant.support import claim
from assistant.writing.asking import Asks, Prompt, Reply
from assistant.writing.candidates import Candidate, evidence_span, fact_key
from assistant.writing.filters import Reason, sift
from assistant.writing.journal import Journal
from assistant.writing.model_prompts import answer_prompt, paraphrase_prompt, question_prompt
from assistant.writing.replies import Fault, Read, read_answer, read_paraphrase, read_question
from assistant.writing.specificity import Specificity
from retrieval.documents import Passage

_QUESTION_TOKENS, _ANSWER_TOKENS = 60, 100
_WARMTH = 0.7  # temperature of all candidates and paraphrases but the first
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Discarded:
    """So many replies came to nothing, for one reason. samples: the beginning of a few."""

    reason: str
    count: int
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelFact:
    """What came of a passage: candidates for one fact, the first wording first.

    specificity: of the question that was chosen, in nats.
    """

    passage: Passage
    candidates: tuple[Candidate, ...]
    specificity: float


class Stopped(Exception):
    """The event was set before all replies were there."""


@dataclass(slots=True)
class ModelFacts:
    """Asks one model about passages.

    questions, paraphrases: how many are asked for, of a passage and of a question that was kept.
    replied: replies so far, of which `known` had been there from before.
    """

    asks: Asks
    journal: Journal
    specificity: Specificity
    method: str
    stop: threading.Event
    questions: int = 3
    paraphrases: int = 2
    replied: int = 0
    known: int = 0
    _reasons: Counter[str] = field(default_factory=Counter)
    _samples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def discarded(self) -> tuple[Discarded, ...]:
        """Why replies came to nothing, the most frequent reason first."""
        return tuple(
            Discarded(reason, count, tuple(self._samples[reason]))
            for reason, count in self._reasons.most_common()
        )

    def of(self, passages: Sequence[Passage]) -> list[ModelFact]:
        """The facts of some passages, at most one of each, in their order.

        Raises Stopped, ModelError, GenerationError, StoreError.
        """
        left = dict(zip(passages, self._asked(passages), strict=True))
        chosen: dict[int, tuple[float, Candidate]] = {}
        while left := {passage: ranked for passage, ranked in left.items() if ranked}:
            tried = [(passage, ranked[0]) for passage, ranked in left.items()]
            answers = self._replies(
                (passage, _answer(passage, question)) for passage, (_, question) in tried
            )
            for (passage, (score, question)), reply in zip(tried, answers, strict=True):
                left[passage] = left[passage][1:]
                kept = self._candidate(passage, question, reply)
                if kept is not None:
                    chosen[passage.id] = (score, kept)
                    left[passage] = []
        found = [passage for passage in passages if passage.id in chosen]
        worded = self._worded([chosen[passage.id][1] for passage in found])
        return [
            ModelFact(passage, own, chosen[passage.id][0])
            for passage, own in zip(found, worded, strict=True)
        ]

    def _asked(self, passages: Sequence[Passage]) -> list[list[tuple[float, str]]]:
        """For each passage its questions with their specificity, the most specific first."""
        asked = [
            (passage, _question(passage, variant))
            for passage in passages
            for variant in range(self.questions)
        ]
        found: dict[int, dict[str, float]] = defaultdict(dict)
        for (passage, _), reply in zip(asked, self._replies(asked), strict=True):
            read = self._read(reply, read_question(reply.text, passage.text, reply.truncated))
            score = self.specificity(read, passage) if read else 0.0
            if score > 0:
                found[passage.id].setdefault(read, score)
            elif read:
                self._discard("asks nothing of the passage", read)
        return [
            sorted(
                ((score, question) for question, score in found[passage.id].items()),
                key=lambda pair: (-pair[0], pair[1]),
            )
            for passage in passages
        ]

    def _candidate(self, passage: Passage, question: str, reply: Reply) -> Candidate | None:
        """The question with its answer, None where a filter would drop it."""
        answer = self._read(reply, read_answer(reply.text, passage.text, reply.truncated))
        if not answer:
            return None
        made = Candidate(
            question=question,
            answer=answer,
            passage=passage,
            span=_evidence(passage, answer),
            method=self.method,
            fact=fact_key(passage, "model", answer),
        )
        for one in (sifted := sift([made])).dropped:
            self._discard(one.reason, question)
        return made if sifted.kept else None

    def _worded(self, chosen: Sequence[Candidate]) -> list[tuple[Candidate, ...]]:
        """Each with its other wordings."""
        asked = [
            (one.passage, _paraphrase(one.question, variant))
            for one in chosen
            for variant in range(self.paraphrases)
        ]
        replies = iter(self._replies(asked))
        worded = []
        for one in chosen:
            questions = [one.question]
            for _ in range(self.paraphrases):
                reply = next(replies)
                text = one.passage.text
                read = self._read(
                    reply, read_paraphrase(reply.text, one.question, text, reply.truncated)
                )
                if read and read not in questions:
                    questions.append(read)
            worded.append(tuple(_reworded(one, question) for question in questions))
        return worded

    def _replies(self, asked: Iterable[tuple[Passage, Prompt]]) -> list[Reply]:
        """A reply to each, from the journal where it is there. Raises Stopped."""
        pairs = list(asked)
        replies = [self.journal.reply(passage.section, prompt) for passage, prompt in pairs]
        missing = [place for place, reply in enumerate(replies) if reply is None]
        self.known += len(pairs) - len(missing)
        self.replied += len(pairs) - len(missing)
        for number, reply in self.asks([pairs[place][1] for place in missing], self.stop):
            passage, prompt = pairs[missing[number]]
            self.journal.add(passage.section, prompt, reply)
            replies[missing[number]] = reply
            self.replied += 1
        if any(reply is None for reply in replies):
            raise Stopped
        return [reply for reply in replies if reply is not None]

    def _read(self, reply: Reply, read: Read) -> str:
        """The text, "" where there is none; what was wrong is counted."""
        fault: Fault | None = reply.fault or read.fault
        if fault:
            self._discard(fault, reply.text)
            return ""
        return read.text

    def _discard(self, reason: Fault | Reason, text: str) -> None:
        self._reasons[reason] += 1
        if len(self._samples[reason]) < _SAMPLES:
            self._samples[reason].append(" ".join(text.split())[:120])


def _question(passage: Passage, variant: int) -> Prompt:
    return Prompt(question_prompt(passage, variant), _decoding(_QUESTION_TOKENS, variant))


def _answer(passage: Passage, question: str) -> Prompt:
    return Prompt(answer_prompt(passage, question), _decoding(_ANSWER_TOKENS, 0))


def _paraphrase(question: str, variant: int) -> Prompt:
    return Prompt(paraphrase_prompt(question, variant), _decoding(_QUESTION_TOKENS, variant))


def _decoding(tokens: int, variant: int) -> Decoding:
    """Greedy for the first, drawn with a seed of its own for each other."""
    if variant == 0:
        return Decoding(max_new_tokens=tokens)
    return Decoding(max_new_tokens=tokens, temperature=_WARMTH, seed=variant)


def _reworded(one: Candidate, question: str) -> Candidate:
    return Candidate(question, one.answer, one.passage, one.span, one.method, one.fact)


def _evidence(passage: Passage, answer: str) -> tuple[int, int]:
    """The sentence of the passage that supports most of the answer."""
    best, most = "", 0.0
    for start, end in sentence_spans(passage.text):
        sentence = passage.text[start:end]
        found = claim(answer, sentence)
        if found is not None and found.overlap > most:
            best, most = sentence, found.overlap
    return evidence_span(passage, best)
