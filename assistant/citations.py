"""Which passage supports which sentence of an answer.

Citations are aligned to the text afterwards, by words and by meaning; the model is never asked for
them, since small models lose or invent them.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.facts import content_words, sentence_spans
from assistant.records import Citation
from assistant.support import Claim, claim, meant
from assistant.support import Encode as Encode
from assistant.support import checkable as checkable
from retrieval.documents import Hit, Passage


def align(answer: str, question: str, hits: Sequence[Hit], encode: Encode) -> tuple[Citation, ...]:
    """Cite for each sentence of the answer the passage that supports it, if one does.

    What supports a sentence is in `assistant.support`. Markers count from 1 in the order of first
    use; a passage has one marker.
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


def _support(sentence: str, question: str, hits: Sequence[Hit], encode: Encode) -> Passage | None:
    asked = content_words(question)
    candidates = []
    for hit in hits:
        passage = hit.passage
        found = claim(sentence, f"{passage.source}\n{passage.text}")
        if found:
            wanted = len(asked & content_words(found.passage))
            candidates.append((found.overlap, wanted, hit.score, found.certain, passage))
    candidates.sort(key=lambda candidate: candidate[:3], reverse=True)
    for _, _, _, certain, passage in candidates:
        if certain or meant([Claim(sentence, passage.text, 0.0)], encode)[0]:
            return passage
    return None
