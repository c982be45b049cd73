"""Which passage supports which sentence of an answer.

Citations are aligned to the text afterwards, by words and by meaning; the model is never asked for
them, since small models lose or invent them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.facts import content_words, names, numbers, sentence_spans, words
from assistant.records import Citation
from retrieval.documents import Hit, Passage

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

# Share of a sentence's content words that a passage must hold to support it by words alone, and
# the share from which the meaning decides, by the cosine to the passage's closest sentence.
_OVERLAP_ALONE = 0.75
_OVERLAP_WITH_MEANING = 0.4
_MEANING = 0.6


def align(answer: str, question: str, hits: Sequence[Hit], encode: Encode) -> tuple[Citation, ...]:
    """Cite for each sentence of the answer the passage that supports it, if one does.

    A sentence with a number or a name that a passage lacks is never supported by that passage.
    encode: texts to L2-normalised vectors of shape (n, dimension). Markers count from 1 in the
    order of first use; a passage has one marker.
    """
    citations: list[Citation] = []
    markers: dict[int, int] = {}
    for start, end in sentence_spans(answer):
        passage = _support(answer[start:end], question, hits, encode)
        if passage is None:
            continue
        marker = markers.setdefault(passage.id, len(markers) + 1)
        citations.append(
            Citation(
                marker=marker,
                document_id=passage.document_id,
                document=passage.document,
                passage_id=passage.id,
                page=passage.page,
                start=passage.start,
                end=passage.end,
                text=passage.text,
                answer_start=start,
                answer_end=end,
            )
        )
    return tuple(citations)


def checkable(sentence: str) -> bool:
    """Whether a sentence states a number or a name, so that a missing support matters."""
    return bool(numbers(sentence) or names(sentence))


def _support(sentence: str, question: str, hits: Sequence[Hit], encode: Encode) -> Passage | None:
    said = content_words(sentence)
    if len(said) < 2 and not checkable(sentence):
        return None
    asked = content_words(question)
    candidates = []
    for hit in hits:
        passage = hit.passage
        held = content_words(passage.source) | content_words(passage.text)
        overlap = len(said & held) / len(said) if said else 0.0
        if overlap >= _OVERLAP_WITH_MEANING and _holds_facts(sentence, passage):
            candidates.append((overlap, len(asked & held), hit.score, passage))
    candidates.sort(key=lambda candidate: candidate[:3], reverse=True)
    for overlap, _, _, passage in candidates:
        if overlap >= _OVERLAP_ALONE or _means(sentence, said, passage, encode):
            return passage
    return None


def _holds_facts(sentence: str, passage: Passage) -> bool:
    text = f"{passage.source}\n{passage.text}"
    held = {word.lower() for word in words(text)}
    return numbers(sentence) <= numbers(text) and names(sentence) <= held


def _means(sentence: str, said: frozenset[str], passage: Passage, encode: Encode) -> bool:
    spans = sentence_spans(passage.text)
    closest = max(
        (passage.text[start:end] for start, end in spans),
        key=lambda text: len(said & content_words(text)),
        default=passage.text,
    )
    vectors = encode([sentence, closest])
    return float(vectors[0] @ vectors[1]) >= _MEANING
