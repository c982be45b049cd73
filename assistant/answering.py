"""From a contender and a question to a request, and from generated text to an answer.

Retrieval is measured here too: an answer's seconds count from the moment the question was put.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.citations import Encode, align
from assistant.errors import GenerationError, documents_mapped
from assistant.generation import Backend, Generated, GenerationRequest, Piece
from assistant.prompts import (
    NOT_IN_DOCUMENTS,
    PastTurn,
    PromptPassage,
    question_messages,
)
from assistant.records import Answer, Contender, Message, Usage
from assistant.retrieving import Searcher, found_passages, shortened
from retrieval.documents import Hit
from retrieval.retriever import LEXICAL_WEIGHT

_MARKER = re.compile(r"\s*\[\d+\](?!\()")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question made ready for one contender.

    request is None where nothing relevant was found, so that there is nothing to ask the model.
    hits: the passages in the prompt or, for a contender that does not retrieve, those its answer is
    held against. seconds: what the preparation took. cosine: of the best passage found, relevant or
    not; None where nothing was searched.
    """

    contender: Contender
    question: str
    request: GenerationRequest | None
    hits: tuple[Hit, ...]
    seconds: float
    cosine: float | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """All that the contender at `index` has said so far."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The whole answer of the contender at `index`."""

    index: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """The whole answer to the prepared question at `index`, with what the backend told of it."""

    index: int
    answer: Answer
    generated: Generated | None = None


class Responder:
    """Answers for one assistant.

    adapter: from a run's id to its adapter folder. encode: the corpus' embedder.
    """

    def __init__(
        self,
        system_prompt: str,
        backend: Backend,
        retriever: Searcher,
        encode: Encode,
        adapter: Callable[[str], Path],
    ) -> None:
        self._system_prompt = system_prompt
        self._backend = backend
        self._retriever = retriever
        self._encode = encode
        self._adapter = adapter

    def prepare(
        self, contender: Contender, question: str, history: Sequence[PastTurn] = ()
    ) -> Prepared:
        """Retrieve where the contender does, and fit the prompt into the model's context.

        Raises DocumentsError, ModelError or GenerationError.
        """
        started = time.perf_counter()
        adapter = self._adapter(contender.run_id) if contender.run_id else None
        hits: tuple[Hit, ...] = ()
        cosine: float | None = None
        if contender.retrieves:
            assert contender.retrieval is not None
            found = found_passages(self._retriever, contender.retrieval, question, history)
            hits, cosine = found.hits, found.cosine
            if not hits:
                seconds = time.perf_counter() - started
                return Prepared(contender, question, None, (), seconds, cosine)
        messages, hits = self._fitted(contender, question, history, hits)
        request = GenerationRequest(messages, contender.decoding, adapter)
        seconds = time.perf_counter() - started
        return Prepared(contender, question, request, hits, seconds, cosine)

    def respond(
        self, prepared: Sequence[Prepared], cancelled: threading.Event
    ) -> Iterator[Said | Answered]:
        """Answer for all contenders at once; each ends with one Answered.

        Raises ModelError or GenerationError.
        """
        asked = [index for index, one in enumerate(prepared) if one.request is not None]
        for index, one in enumerate(prepared):
            if one.request is None:
                yield Said(index, NOT_IN_DOCUMENTS)
                yield Answered(index, self._abstention(one))
        requests = [one.request for one in prepared if one.request is not None]
        texts = [""] * len(prepared)
        for piece in self._backend.generate(requests, cancelled) if requests else ():
            index = asked[piece.index]
            if piece.text:
                texts[index] += piece.text
                yield Said(index, _shown(texts[index]))
            if piece.usage is not None:
                yield Answered(index, self._whole(prepared[index], texts[index], piece))

    def respond_to_many(
        self, prepared: Sequence[Prepared], cancelled: threading.Event
    ) -> Iterator[BatchAnswer]:
        """Answer many questions for throughput, in no order; an empty answer is kept as it is.

        Raises ModelError or GenerationError.
        """
        for index, one in enumerate(prepared):
            if one.request is None:
                yield BatchAnswer(index, self._abstention(one))
        asked = [index for index, one in enumerate(prepared) if one.request is not None]
        requests = [one.request for one in prepared if one.request is not None]
        for made in self._backend.generate_batch(requests, cancelled) if requests else ():
            index = asked[made.index]
            yield BatchAnswer(index, self._told(prepared[index], made.text, made.usage), made)

    def remembering(self) -> Responder:
        """The same, with a search that is done once for each question."""
        return Responder(
            self._system_prompt,
            self._backend,
            _Remembered(self._retriever),
            self._encode,
            self._adapter,
        )

    def search(self, question: str, top: int) -> list[Hit]:
        """The best passages for a question, also where none of them is relevant.

        Raises DocumentsError.
        """
        with documents_mapped():
            return self._retriever.search(question, top)

    def _fitted(
        self,
        contender: Contender,
        question: str,
        history: Sequence[PastTurn],
        hits: tuple[Hit, ...],
    ) -> tuple[tuple[Message, ...], tuple[Hit, ...]]:
        """The messages within the context: the oldest turns go first, then the last passages, then
        the end of the only passage left."""
        room = self._backend.context_length - contender.decoding.max_new_tokens
        if contender.retrieval is not None:
            hits = self._within(hits, contender.retrieval.context_tokens)
        turns = list(history)

        def asked(hits: Sequence[Hit]) -> tuple[Message, ...]:
            passages = [PromptPassage(hit.passage.source, hit.passage.text) for hit in hits]
            return question_messages(self._system_prompt, question, passages, turns)

        def fits(hits: Sequence[Hit]) -> bool:
            return self._backend.count_tokens(asked(hits)) <= room

        while turns and not fits(hits):
            turns.pop(0)
        while len(hits) > 1 and not fits(hits):
            hits = hits[:-1]
        if hits and not fits(hits):
            shorter = shortened(hits[0], lambda hit: fits([hit]))
            if shorter is None:
                raise self._too_long()
            hits = (shorter,)
        if not fits(hits):
            raise self._too_long()
        return asked(hits), hits

    def _within(self, hits: tuple[Hit, ...], tokens: int) -> tuple[Hit, ...]:
        """The first hits whose texts have so many tokens together; of the first, what fits."""

        def counted(hit: Hit) -> int:
            return self._backend.count_tokens([Message("user", hit.passage.text)])

        kept: list[Hit] = []
        used = 0
        for hit in hits:
            used += counted(hit)
            if used > tokens:
                break
            kept.append(hit)
        if not kept and hits:
            shorter = shortened(hits[0], lambda hit: counted(hit) <= tokens)
            kept = [shorter or hits[0]]
        return tuple(kept)

    def _too_long(self) -> GenerationError:
        return GenerationError(
            "The question is longer than the model can read: shorten it and ask again."
        )

    def _abstention(self, prepared: Prepared) -> Answer:
        return Answer(
            text=NOT_IN_DOCUMENTS,
            contender=prepared.contender,
            fingerprint=self._backend.fingerprint(self._adapter_of(prepared)),
            usage=Usage(prepared.seconds, 0.0, 0, 0),
            abstained=True,
            retrieval_cosine=prepared.cosine,
        )

    def _whole(self, prepared: Prepared, text: str, piece: Piece) -> Answer:
        usage = piece.usage
        assert usage is not None
        if not _shown(text).strip() and not piece.stopped:
            raise GenerationError(
                "The model gave an empty answer: nothing was kept; ask again in other words."
            )
        return self._told(prepared, text, usage, piece.stopped)

    def _told(self, prepared: Prepared, text: str, usage: Usage, stopped: bool = False) -> Answer:
        text = _shown(text).strip()
        abstained = _is_refusal(text)
        hits = prepared.hits or self._held_against(prepared, text)
        return Answer(
            text=text,
            contender=prepared.contender,
            fingerprint=self._backend.fingerprint(self._adapter_of(prepared)),
            usage=replace(
                usage, seconds_to_first_token=usage.seconds_to_first_token + prepared.seconds
            ),
            citations=() if abstained else align(text, prepared.question, hits, self._encode),
            abstained=abstained,
            stopped=stopped,
            retrieval_cosine=prepared.cosine,
        )

    def _held_against(self, prepared: Prepared, text: str) -> tuple[Hit, ...]:
        """The passages that could support an answer given without any."""
        with documents_mapped():
            return tuple(self._retriever.search(f"{prepared.question} {text}", 4))

    def _adapter_of(self, prepared: Prepared) -> Path | None:
        run_id = prepared.contender.run_id
        return self._adapter(run_id) if run_id else None


class _Remembered:
    """A search that keeps what it found."""

    def __init__(self, retriever: Searcher) -> None:
        self.corpus = retriever.corpus
        self._retriever = retriever
        self._found: dict[tuple[str, int, float], list[Hit]] = {}

    def search(
        self, question: str, top: int = 5, lexical_weight: float = LEXICAL_WEIGHT
    ) -> list[Hit]:
        key = (question, top, lexical_weight)
        if key not in self._found:
            self._found[key] = self._retriever.search(question, top, lexical_weight)
        return self._found[key]


def _shown(text: str) -> str:
    """The text without citation markers that the model made up."""
    return _MARKER.sub("", text)


def _is_refusal(text: str) -> bool:
    return text.strip().rstrip(".").casefold() == NOT_IN_DOCUMENTS.rstrip(".").casefold()
