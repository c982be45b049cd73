"""What a run learned from: documents and sections with their rows, and how many are stale.

A row is stale when the section that it is from is in the documents no more, by the hash of its
words: so a document that was deleted and added again, moved or renamed makes nothing stale, and of
one that was changed only the sections that were. An example that names no section is held to its
document: stale when there is none of that name, or the file of that name has other bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.errors import documents_mapped
from assistant.records import Assistant, Example
from assistant.runs import Run
from assistant.training.folder import RunFolder, read_json, read_rows
from assistant.training.request import section_hash_of
from assistant.workspace import Workspace
from retrieval.documents import Document


@dataclass(frozen=True, slots=True)
class Source:
    """Training rows from one section of a document; section "" where their examples name none.

    sha256: of the document's bytes when the run was made, "" where that is not known.
    """

    document: str
    section: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """What a run learned from one document: sections, rows, and how many of these are stale."""

    document: str
    sections: int
    rows: int
    stale: int


@dataclass(frozen=True, slots=True)
class Learned:
    """What a run learned from. rows: all training rows. unknown: those of which nothing is known.

    An old run may have been made before this was written down, from examples that are gone.
    """

    documents: tuple[DocumentRows, ...]
    rows: int
    unknown: int

    @property
    def stale(self) -> int:
        """Rows whose section, or whose document, is not there any more as it was."""
        return sum(one.stale for one in self.documents)

    @property
    def stale_documents(self) -> tuple[str, ...]:
        """Names of the documents with stale rows."""
        return tuple(one.document for one in self.documents if one.stale)

    @property
    def sentence(self) -> str:
        """What to know about its freshness; "" where all of its rows are of what is there."""
        said = []
        if self.stale:
            rows = f"{self.stale:,} of {self.rows:,} rows"
            were = "was" if self.stale == 1 else "were"
            said.append(f"Stale: {rows} {were} learned from what has changed or gone since.")
        if self.unknown:
            said.append(f"Of {self.unknown:,} rows it is not known what they were written from.")
        return " ".join(said)


def learned(workspace: Workspace, assistant: Assistant, run: Run) -> Learned:
    """What a run learned from, held against the documents as they are. Raises DocumentsError.

    Of a run on votes it is what the run that it goes on from had learned.
    """
    folder = RunFolder(workspace.runs(assistant).folder / run.id)
    about = read_json(folder.run) or {}
    while "sources" not in about and (about.get("parent") or {}).get("run"):
        # Votes teach no document: what a run on votes knows, the run before it had learned.
        folder = RunFolder(folder.path.parent / about["parent"]["run"])
        about = read_json(folder.run) or {}
    rows = (about.get("rows") or run.rows).get("train", 0)
    if "sources" in about:
        sources = [Source(**one) for one in about["sources"]]
    else:
        sources = matched_sources(
            _asked(folder), workspace.store.examples(assistant.id, rejected=None)
        )
    with documents_mapped():
        corpus = workspace.corpus(assistant)
        documents, sections = corpus.documents(), corpus.sections()
    return held_against(sources, rows, documents, sections, run)


def held_against(
    sources: Sequence[Source],
    rows: int,
    documents: Sequence[Document],
    sections: frozenset[str],
    run: Run,
) -> Learned:
    """The sources by document, with what of them is stale."""
    here = {document.name: document for document in documents}
    by_document: dict[str, list[Source]] = {}
    for source in sources:
        if source.document or source.section:
            by_document.setdefault(source.document, []).append(source)
    found = [
        DocumentRows(
            document=name,
            sections=len({one.section for one in own if one.section}),
            rows=sum(one.rows for one in own),
            stale=sum(one.rows for one in own if _stale(one, here, sections, run)),
        )
        for name, own in sorted(by_document.items())
    ]
    return Learned(tuple(found), rows, max(0, rows - sum(one.rows for one in sources)))


def _stale(
    source: Source, here: Mapping[str, Document], sections: frozenset[str], run: Run
) -> bool:
    if source.section:
        return source.section not in sections
    document = here.get(source.document)
    if document is None:
        return True
    if source.sha256:
        return document.sha256 != source.sha256
    return document.version > 1 and document.added_at > run.created_at


def stale_examples(
    examples: Sequence[Example], documents: Sequence[Document], sections: frozenset[str]
) -> int:
    """Examples from sections, or of documents, that are not there any more."""
    here = {document.name for document in documents}
    return sum(
        section not in sections if section else bool(one.document) and one.document not in here
        for one in examples
        for section in (section_hash_of(one),)
    )


def matched_sources(asked: Sequence[tuple[str, str]], examples: Sequence[Example]) -> list[Source]:
    """Sources of an old run by questions and answers; rows of no known example are left out."""
    known = {(one.question.strip(), one.answer.strip()): one for one in examples}
    counts: Counter[tuple[str, str]] = Counter()
    for question, answer in asked:
        example = known.get((question, answer))
        if example is not None:
            counts[example.document, section_hash_of(example)] += 1
    return [Source(document, section, "", n) for (document, section), n in counts.items()]


def _asked(folder: RunFolder) -> list[tuple[str, str]]:
    """Question and answer of each training row, [] where the file is gone or of another shape.

    Of a prompt with passages the question stands behind them, on its last line.
    """
    try:
        rows: list[dict[str, Any]] = read_rows(folder.train)
        asked = [(row["prompt"][-1]["content"], row["completion"][-1]["content"]) for row in rows]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return []
    return [
        (str(prompt).rpartition("\nQuestion: ")[2].strip(), str(answer).strip())
        for prompt, answer in asked
    ]
