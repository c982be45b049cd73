"""Whether anything that is tested was trained on: by question, by section and by fact.

Wording: no test question nearly repeats one that is trained on or watched while training, as
`assistant.evaluation.held_out` decides it. Sections: none is trained on and tested for
generalisation, nor two that nearly say the same; examples written from the documents keep to the
side of their section (DESIGN: fixed by content hash before any question is written). Facts: recall
is asked of facts that are trained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.errors import documents_mapped
from assistant.evaluation.held_out import near_repeats, trains
from assistant.evaluation.records import QuestionSet
from assistant.interchange.sections import located, sections_of
from assistant.records import Assistant, Example
from assistant.workspace import Workspace
from retrieval.documents import Passage
from retrieval.sections import section_groups, section_sides

LeakKind = Literal[
    "repeated question", "shared section", "similar sections", "wrong side", "untrained fact"
]

_WORDS: dict[LeakKind, tuple[str, str]] = {
    "repeated question": ("a test question is trained on", "test questions are trained on"),
    "shared section": (
        "a section is trained on and tested for generalisation",
        "sections are trained on and tested for generalisation",
    ),
    "similar sections": (
        "a section that is tested for generalisation nearly repeats a trained one",
        "sections that are tested for generalisation nearly repeat a trained one",
    ),
    "wrong side": (
        "an example is on the wrong side of its section's split",
        "examples are on the wrong side of their section's split",
    ),
    "untrained fact": (
        "a recall question asks for a fact that is not trained",
        "recall questions ask for facts that are not trained",
    ),
}


@dataclass(frozen=True, slots=True)
class Leak:
    """One leak. test: the question that tests. trained: the question that is trained on, "" for an
    untrained fact or a wrong side. ids: of the examples concerned. detail: what else a person needs
    to find it (the section's place, the name of the question file, the fact's key)."""

    kind: LeakKind
    test: str
    trained: str
    ids: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LeakCheck:
    """The result. trained, tests: how many examples train, and how many questions test.
    unplaced: test examples for generalisation whose section is not known, so that only their
    wording was checked. factless: recall examples that name no fact."""

    leaks: tuple[Leak, ...]
    trained: int
    tests: int
    unplaced: int = 0
    factless: int = 0

    @property
    def ok(self) -> bool:
        return not self.leaks

    @property
    def sentence(self) -> str:
        """The one line, green or red."""
        if not self.tests:
            return "There are no test questions yet, so nothing can leak."
        if self.leaks:
            counts = Counter(leak.kind for leak in self.leaks)
            said = "; ".join(
                f"{count:,} {_WORDS[kind][1]}" if count > 1 else _WORDS[kind][0]
                for kind, count in counts.items()
            )
            return f"The tests leak: {said}."
        return (
            f"No leak: none of {self.tests:,} test questions repeats one of {self.trained:,} that "
            f"are trained on, and no section or fact is on the wrong side.{self._unknown}"
        )

    @property
    def _unknown(self) -> str:
        parts = []
        if self.unplaced:
            parts.append(f"{self.unplaced:,} generalisation questions name no section")
        if self.factless:
            parts.append(f"{self.factless:,} recall questions name no fact")
        if not parts:
            return ""
        return f" Of {' and '.join(parts)} only the wording was checked."


def check_leaks(workspace: Workspace, assistant: Assistant) -> LeakCheck:
    """The leak check of an assistant as it is now. Raises DocumentsError."""
    with documents_mapped():
        passages = workspace.corpus(assistant).passages()
    return leak_check(
        workspace.store.examples(assistant.id),
        workspace.store.question_sets(assistant.id),
        passages,
    )


def leak_check(
    examples: Sequence[Example],
    imported: Iterable[QuestionSet] = (),
    passages: Sequence[Passage] = (),
) -> LeakCheck:
    """Look for leaks. imported: question files taken in. passages: of the documents as they are.

    Rejected examples neither train nor test.
    """
    examples = [example for example in examples if not example.rejected]
    trained = [example for example in examples if trains(example)]
    tested = [example for example in examples if not trains(example)]
    files = [(q.question, one.name) for one in imported for q in one.questions]
    places = located(examples, sections_of(passages))
    places |= {e.id: e.section for e in examples if e.section and e.id not in places}
    general = [e for e in tested if e.split == "generalisation" and e.answerable]
    recall = [e for e in tested if e.split == "recall" and e.answerable]
    leaks = (
        *_repeated(trained, tested, files),
        *_sections(trained, general, places, _with_gone(passages, examples)),
        *_wrong_sides([*trained, *general], passages),
        *_untrained(trained, recall),
    )
    return LeakCheck(
        leaks,
        len(trained),
        len(tested) + len(files),
        sum(example.id not in places for example in general),
        sum(not example.fact for example in recall),
    )


def _repeated(
    trained: Sequence[Example], tested: Sequence[Example], files: Sequence[tuple[str, str]]
) -> Iterator[Leak]:
    tests = [*((e.question, e.split, (e.id,)) for e in tested), *((*one, ()) for one in files)]
    pairs = near_repeats([e.question for e in trained], [question for question, _, _ in tests])
    for place, test in pairs:
        question, where, ids = tests[test]
        own = trained[place]
        yield Leak("repeated question", question, own.question, (*ids, own.id), where)


def _sections(
    trained: Sequence[Example],
    general: Sequence[Example],
    places: dict[str, str],
    passages: Sequence[Passage],
) -> Iterator[Leak]:
    groups = section_groups(passages)
    names = {passage.section: passage.source for passage in passages}
    first_trained: dict[str, Example] = {}
    trained_groups: dict[str, Example] = {}
    for example in trained:
        if section := places.get(example.id):
            first_trained.setdefault(section, example)
            trained_groups.setdefault(groups.get(section, section), example)
    seen: set[str] = set()
    for example in general:
        section = places.get(example.id)
        if section is None or section in seen:
            continue
        seen.add(section)
        group = groups.get(section, section)
        kind: LeakKind = "shared section" if section in first_trained else "similar sections"
        clash = first_trained.get(section) or trained_groups.get(group)
        if clash is not None:
            ids = (example.id, clash.id)
            yield Leak(
                kind, example.question, clash.question, ids, names.get(section, example.document)
            )


def _wrong_sides(examples: Sequence[Example], passages: Sequence[Passage]) -> Iterator[Leak]:
    """Examples written from the documents that are not used as their section's side says.

    A person may train on what they choose; the rules of writing may not.
    """
    sides, names = section_sides(passages), {one.section: one.source for one in passages}
    for example in examples:
        side = sides.get(example.section)
        written = example.source == "generated" and example.answerable
        if written and side is not None and (side == "tuned") is not trains(example):
            place = f"{names[example.section]}: {side}"
            yield Leak("wrong side", example.question, "", (example.id,), place)


def _untrained(trained: Sequence[Example], recall: Sequence[Example]) -> Iterator[Leak]:
    facts = {example.fact for example in trained if example.split == "train"}
    for example in recall:
        if example.fact and example.fact not in facts:
            yield Leak("untrained fact", example.question, "", (example.id,), example.fact)


def _with_gone(passages: Sequence[Passage], examples: Sequence[Example]) -> list[Passage]:
    """The passages, and those of examples whose section is no longer in the documents."""
    known = {passage.section for passage in passages}
    newest = max((passage.id for passage in passages), default=0)
    gone = {e.section: e for e in examples if e.section and e.passage and e.section not in known}
    return [
        *passages,
        *(
            Passage(newest + place, "", e.document, 0, e.passage, (), None, 0, 0, section)
            for place, (section, e) in enumerate(gone.items(), start=1)
        ),
    ]
