"""How the examples spread over the documents: a count for every section, also those with none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.errors import documents_mapped
from assistant.interchange.sections import located, sections_of
from assistant.records import Assistant, Example, SplitName
from assistant.workspace import Workspace
from retrieval.documents import Passage
from retrieval.sections import Side, section_sides


@dataclass(frozen=True, slots=True)
class SectionCoverage:
    """A section and its examples. heading: the path of headings, "" where there is none. side:
    whether it may be tuned on. words: of its text. counts: examples by split. facts: different
    facts among them."""

    document: str
    section: str
    heading: str
    page: int | None
    side: Side
    words: int
    counts: Mapping[SplitName, int]
    facts: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class DocumentCoverage:
    """A document and its sections in their order."""

    document: str
    sections: tuple[SectionCoverage, ...]

    @property
    def counts(self) -> dict[SplitName, int]:
        found: Counter[SplitName] = Counter()
        for section in self.sections:
            found.update(section.counts)
        return dict(found)

    @property
    def total(self) -> int:
        return sum(section.total for section in self.sections)

    @property
    def empty(self) -> tuple[SectionCoverage, ...]:
        """The sections without any example."""
        return tuple(section for section in self.sections if not section.total)

    @property
    def share(self) -> float:
        """Share of the sections that have an example, in [0, 1]."""
        return 1 - len(self.empty) / len(self.sections) if self.sections else 0.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """The documents in their order. elsewhere: answerable examples that are from no section of
    them. unanswerable: examples that ask for what they do not say, and are from none on purpose."""

    documents: tuple[DocumentCoverage, ...]
    elsewhere: int
    unanswerable: int

    @property
    def sections(self) -> int:
        return sum(len(document.sections) for document in self.documents)

    @property
    def covered(self) -> int:
        """Sections that have an example."""
        return self.sections - sum(len(document.empty) for document in self.documents)

    @property
    def share(self) -> float:
        return self.covered / self.sections if self.sections else 0.0

    @property
    def sentence(self) -> str:
        if not self.sections:
            return "There are no documents yet, so there is nothing to cover."
        return (
            f"{self.covered:,} of {self.sections:,} sections ({self.share:.0%}) have examples in "
            f"{len(self.documents):,} {'document' if len(self.documents) == 1 else 'documents'}."
        )


def coverage_of(workspace: Workspace, assistant: Assistant) -> Coverage:
    """The coverage of an assistant as it is now. Raises DocumentsError."""
    with documents_mapped():
        passages = workspace.corpus(assistant).passages()
    return coverage(workspace.store.examples(assistant.id), passages)


def coverage(examples: Sequence[Example], passages: Sequence[Passage]) -> Coverage:
    """Count the examples of each section. A section that stands in two documents counts in both."""
    sections, sides = sections_of(passages), section_sides(passages)
    places = located(examples, sections)
    counts: defaultdict[str, Counter[SplitName]] = defaultdict(Counter)
    facts: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        if section := places.get(example.id):
            counts[section][example.split] += 1
            facts[section].add(example.fact or example.answer)
    by_document: defaultdict[str, list[SectionCoverage]] = defaultdict(list)
    for one in sections:
        by_document[one.document].append(
            SectionCoverage(
                one.document,
                one.id,
                one.heading,
                one.page,
                sides[one.id],
                len(one.text.split()),
                dict(counts[one.id]),
                len(facts[one.id]),
            )
        )
    elsewhere = [example for example in examples if example.id not in places]
    return Coverage(
        tuple(DocumentCoverage(name, tuple(own)) for name, own in by_document.items()),
        sum(example.answerable for example in elsewhere),
        sum(not example.answerable for example in elsewhere),
    )
