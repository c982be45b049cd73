"""Whether each document can be found: a sentence of it, searched for, must find its own passage.

The sentence is always the same one of a given state: the one whose words are rarest in the corpus.
A document that fails tells of something that no count shows: text in the wrong order, a passage
without its vector, a page of nothing but a footer.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from retrieval.documents import AddResult, Document, Passage, SelfCheck
from retrieval.errors import Cancelled, DocumentNotFound
from retrieval.lexical import STOP_WORDS, TermRarity, question_words, terms_of
from retrieval.retriever import Retriever
from retrieval.snapshot import Snapshot
from retrieval.units import sentences

logger = logging.getLogger(__name__)

MOST_DOCUMENTS = 200
"""Checked after one addition; of a larger one, this many at even distances."""
FIRST = 3
_FEWEST_TERMS = 3
_WORDS = range(4, 61)
_MOST_SENTENCES = 200

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class SelfCheckReport:
    """The documents that were checked, with the results, and how many others were not."""

    checked: tuple[Document, ...]
    unchecked: int

    @property
    def failed(self) -> tuple[Document, ...]:
        """Those whose sentence did not find its own passage."""
        return tuple(d for d in self.checked if d.self_check and d.self_check.outcome == "failed")

    @property
    def sentence(self) -> str:
        """What came of it, for people."""
        parts = [f"{len(self.checked) - len(self.failed)} of {len(self.checked)} documents passed"]
        if self.failed:
            names = ", ".join(document.name for document in self.failed[:5])
            more = f" and {len(self.failed) - 5} more" if len(self.failed) > 5 else ""
            parts.append(f"not found by a sentence of their own: {names}{more}")
        if self.unchecked:
            parts.append(f"{self.unchecked} were not checked")
        return "; ".join(parts) + "."


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A sentence to search for, and the id of the passage that must be found."""

    sentence: str
    passage: int


def check_added(
    retriever: Retriever, results: Sequence[AddResult], cancelled: threading.Event | None = None
) -> SelfCheckReport:
    """Check what an addition brought, at most 200 documents of it."""
    new = [r.document for r in results if r.document and r.outcome in ("added", "replaced")]
    return check_documents(retriever, new, MOST_DOCUMENTS, cancelled=cancelled)


def with_checks(results: Sequence[AddResult], report: SelfCheckReport) -> list[AddResult]:
    """The results of an addition, their documents with the results of the self-check."""
    checked = {document.id: document for document in report.checked}
    return [
        replace(result, document=checked.get(result.document.id, result.document))
        if result.document
        else result
        for result in results
    ]


def check_documents(
    retriever: Retriever,
    documents: Sequence[Document],
    most: int | None = None,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> SelfCheckReport:
    """Check documents and keep the results with their versions; at most `most`, evenly chosen.

    progress: the document at hand, how many are done, and of how many.
    Raises Cancelled, EmbedderError or CorpusError; what was checked before is kept.
    """
    chosen = list(documents)
    if most is not None and len(chosen) > most:
        chosen = [chosen[place * len(chosen) // most] for place in range(most)]
    checked = []
    for number, document in enumerate(chosen):
        if cancelled is not None and cancelled.is_set():
            raise Cancelled(
                f"The self-check was stopped: {number} of {len(chosen)} documents were checked, "
                "and their results are kept."
            )
        if progress is not None:
            progress(document.name, number, len(chosen))
        try:
            check = _check(retriever, document)
        except DocumentNotFound:
            continue  # removed meanwhile
        retriever.corpus.record_check(document, check)
        checked.append(replace(document, self_check=check))
    return SelfCheckReport(tuple(checked), len(documents) - len(checked))


def _check(retriever: Retriever, document: Document) -> SelfCheck:
    with retriever.corpus.snapshot() as snapshot:
        chosen = _most_distinctive(snapshot, document)
    now = datetime.now(UTC)
    if chosen is None:
        return SelfCheck("no_sentence", "", (), now)
    hits = retriever.search(chosen.sentence, FIRST)
    if any(hit.passage.id == chosen.passage for hit in hits):
        return SelfCheck("passed", chosen.sentence, (), now)
    found = tuple(hit.passage.source for hit in hits)
    logger.warning("A sentence of %s does not find its own passage.", document.name)
    return SelfCheck("failed", chosen.sentence, found, now)


def _most_distinctive(snapshot: Snapshot, document: Document) -> _Chosen | None:
    """The sentence with the most inverse document frequency in its words; the first of equals.

    Of passages that are this document's alone, where it has any with a sentence.
    """
    rarity = TermRarity(snapshot.connection)
    passages, twins = snapshot.passages(document.id), snapshot.twins()
    shared = set(twins) | set(twins.values())
    own = [passage for passage in passages if passage.id not in shared]
    for pool in (own, passages):
        best: tuple[float, _Chosen] | None = None
        for passage, sentence in _sentences(pool):
            words = [word for word in question_words(sentence) if word not in STOP_WORDS]
            terms = terms_of(" ".join(words))
            if len(terms) < _FEWEST_TERMS:
                continue
            rare = sum(map(rarity.idf, terms))
            if best is None or rare > best[0]:
                best = rare, _Chosen(sentence, twins.get(passage.id, passage.id))
        if best is not None:
            return best[1]
    return None


def _sentences(passages: Sequence[Passage]) -> Iterator[tuple[Passage, str]]:
    """Sentences of 4 to 60 words; of many, 200 at even distances."""
    found = []
    for passage in passages:
        for start, end in sentences(passage.text, 0, len(passage.text), "prose"):
            sentence = passage.text[start:end]
            parts = sentence.splitlines() if len(sentence.split()) not in _WORDS else [sentence]
            found += [(passage, part) for part in parts if len(part.split()) in _WORDS]
    step = max(1, -(-len(found) // _MOST_SENTENCES))
    yield from found[::step]
