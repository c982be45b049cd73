"""Which passages answer a test question, from what the question says about its answer.

A question may name its document, quote the supporting text, give answers, or all of them: the
document narrows the search, then the supporting text decides, else an answer that stands in the
passage. What cannot be judged is told with the reason and left out of the figures.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from retrieval.documents import Passage
from retrieval.questions import Question

SHINGLE_WORDS = 3
SUPPORT_SHARE = 0.6
_ALL: Mapping[int, int] = {}
_COMMON_SHARE = 0.2
_COMMON_LEAST = 10
_WORD = re.compile(r"\w+(?:[.,:]\d+)*")


@dataclass(frozen=True, slots=True)
class Judged:
    """A question with the ids of the passages, and the documents, that answer it.

    passages: those that are searched; the documents may hold them only as duplicates.
    """

    question: Question
    passages: frozenset[int]
    documents: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A question that is left out of the figures, and why, as a sentence."""

    question: Question
    reason: str


class Judge:
    """Holds the passages of one corpus ready to be searched for what questions say."""

    def __init__(self, passages: Sequence[Passage], twins: Mapping[int, int] = _ALL) -> None:
        """twins: from passages that are not searched to those that say the same in their place."""
        self._twins = twins
        self._documents: defaultdict[str, list[Passage]] = defaultdict(list)
        for passage in passages:
            self._documents[passage.document].append(passage)
        self._all = list(passages)
        self._words = {passage.id: f" {_normalised(passage.text)} " for passage in passages}

    def judge(self, question: Question) -> Judged | Unjudged:
        """The passages that answer the question, or why that cannot be told."""
        if not (question.document or question.support or question.answers):
            return Unjudged(question, "It names no document, supporting text or answer.")
        pool = self._all
        if question.document:
            pool = self._of_document(question.document)
            if not pool:
                return Unjudged(question, f"Its document {question.document} is not here.")
        found = self._supporting(question.support, pool) if question.support else []
        if not found and question.answers:
            found = self._holding(question.answers, pool)
            if not question.document and self._too_common(found):
                return Unjudged(
                    question, f"Its answer stands in {len(found)} passages, too many to tell."
                )
        if not found and question.document:
            found = pool
        if not found:
            said = "supporting text" if question.support else "answer"
            return Unjudged(question, f"No passage holds its {said}.")
        searched = frozenset(self._twins.get(passage.id, passage.id) for passage in found)
        return Judged(question, searched, frozenset(passage.document for passage in found))

    def _of_document(self, name: str) -> list[Passage]:
        """The passages of the documents of that name, or whose path ends in it, or the reverse."""
        wanted = _parts(name)
        return [
            passage
            for document, passages in self._documents.items()
            if _ends_alike(_parts(document), wanted)
            for passage in passages
        ]

    def _supporting(self, support: str, pool: Sequence[Passage]) -> list[Passage]:
        """Passages that hold the text, are held by it, or share 60 % of its runs of three words."""
        text = f" {_normalised(support)} "
        if not text.strip():
            return []
        whole = [p for p in pool if text in self._words[p.id]]
        if whole:
            return whole
        wanted = _shingles(text)
        found = []
        for passage in pool:
            held = self._words[passage.id]
            shared = len(wanted & _shingles(held))
            if (held in text and held.strip()) or shared >= SUPPORT_SHARE * len(wanted):
                found.append(passage)
        return found

    def _holding(self, answers: Sequence[str], pool: Sequence[Passage]) -> list[Passage]:
        """Passages in which one of the answers stands as whole words."""
        texts = [f" {_normalised(answer)} " for answer in answers]
        wanted = [text for text in texts if text.strip()]
        return [p for p in pool if any(text in self._words[p.id] for text in wanted)]

    def _too_common(self, found: Sequence[Passage]) -> bool:
        return len(found) > max(_COMMON_LEAST, _COMMON_SHARE * len(self._all))


def _normalised(text: str) -> str:
    """Words alone, without case and accents' variants: for finding a text within another."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = text.split()
    if len(words) < SHINGLE_WORDS:
        return frozenset((tuple(words),))
    return frozenset(
        tuple(words[place : place + SHINGLE_WORDS])
        for place in range(len(words) - SHINGLE_WORDS + 1)
    )


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name.replace("\\", "/").casefold()).parts


def _ends_alike(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    shared = min(len(left), len(right))
    return bool(shared) and left[-shared:] == right[-shared:]
