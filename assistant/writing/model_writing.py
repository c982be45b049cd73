"""Examples written with a model, from the documents to the store; stoppable, and resumed for free.

Every reply is in a journal before the next is awaited, so that the same command after a stop, a
failure or a kill goes on where it was, and on documents that have not changed asks nothing twice.
"""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.errors import ExamplesError, InvalidRequest, documents_mapped
from assistant.evaluation.held_out import without_test_questions
from assistant.examples import near_duplicates, split_examples
from assistant.facts import content_words
from assistant.records import Assistant, Example, SplitName, example_id
from assistant.workspace import Workspace
from assistant.writing.candidates import WrittenFact
from assistant.writing.changed_since import without_changed
from assistant.writing.filters import DropCount, Dropped, Kept, Ranks, drop_counts, sift
from assistant.writing.journal import opened_journal
from assistant.writing.model_facts import Discarded, ModelFact, ModelFacts, Stopped
from assistant.writing.ranking import search_ranks
from assistant.writing.refusals import REFUSAL_SHARE, refusals
from assistant.writing.refused_subjects import renew_refusals
from assistant.writing.selection import FoundFact
from assistant.writing.specificity import Specificity
from assistant.writing.subjects import main_name
from assistant.writing.writers import Writer
from retrieval.corpus import section_sides
from retrieval.documents import Passage

Sides = Mapping[str, Literal["tuned", "held_out"]]
Progress = Callable[[str, float], None]

WINDOW = 8
"""Passages asked about at a time: a stop or a failure loses the examples of so many at most, and
none of their replies."""

_FEWEST_WORDS = 4  # content words from which a passage is asked about
_MOST_CANDIDATES, _MOST_PARAPHRASES = 8, 4
_SECTIONS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """count: end once there are so many examples, None for all passages. candidates: questions
    asked for of each passage, from 1. paraphrases: other wordings of each question kept, from 0."""

    count: int | None = None
    candidates: int = 3
    paraphrases: int = 2

    def checked(self) -> ModelOptions:
        """Itself. Raises InvalidRequest that lists all mistakes."""
        faults = []
        if self.count is not None and self.count < 1:
            faults.append("the count is below 1")
        if not 1 <= self.candidates <= _MOST_CANDIDATES:
            faults.append(f"ask for 1 to {_MOST_CANDIDATES} candidates")
        if not 0 <= self.paraphrases <= _MOST_PARAPHRASES:
            faults.append(f"ask for 0 to {_MOST_PARAPHRASES} paraphrases")
        if faults:
            raise InvalidRequest(f"Nothing was written: {'; '.join(faults)}.")
        return self


@dataclass(frozen=True, slots=True)
class ModelWritten:
    """What came of it.

    added: examples that were new. kept: examples that passed. left_out: asked by a test as well.
    asked, passages: of so many passages so many were asked about. replies: of the model, of which
    `known` had been there from before. discarded: why replies came to nothing; dropped: why whole
    questions did. empty_sections: those that were asked about and have no example. stopped: it was
    stopped before the last passage.
    """

    model: str
    added: int
    kept: int
    left_out: tuple[Example, ...]
    asked: int
    passages: int
    replies: int
    known: int
    discarded: tuple[Discarded, ...]
    dropped: tuple[DropCount, ...]
    empty_sections: tuple[str, ...]
    stopped: bool

    @property
    def sentences(self) -> list[str]:
        """What a person should know of it, in order."""
        said = [f"{self.asked} of {self.passages} passages were asked about."]
        if self.stopped:
            said[0] += " Stopped; the replies are kept, and the same command goes on from there."
        if self.known:
            said.append(f"{self.known} of {self.replies} replies were there from before.")
        counts = [(one.count, one.reason) for one in self.discarded]
        counts = sorted(counts + [(one.count, one.reason) for one in self.dropped], reverse=True)
        if counts:
            said.append(f"Left out: {', '.join(f'{reason} {n}' for n, reason in counts)}.")
        if self.empty_sections:
            named = "; ".join(self.empty_sections[:_SECTIONS_SHOWN])
            more = len(self.empty_sections) - _SECTIONS_SHOWN
            rest = f"; and {more} more" if more > 0 else ""
            said.append(f"Without an example: {named}{rest}.")
        return said


def write_with_model(
    workspace: Workspace,
    assistant: Assistant,
    writer: Writer,
    options: ModelOptions,
    progress: Progress,
    stop: threading.Event,
) -> ModelWritten:
    """Write examples with a model, and add those that pass the filters.

    Setting `stop` ends it at once; what is whole is added. The passages of a section come in turn
    with those of all others, so that a count leaves as few sections as possible without examples.

    Raises InvalidRequest, ExamplesError without documents or where nothing passed, Conflict while
    others write, ModelError, GenerationError, DocumentsError, StoreError.
    """
    options = options.checked()
    with documents_mapped():
        passages = workspace.corpus(assistant).passages()
    if not passages:
        raise ExamplesError("There are no documents to write examples from: add some first.")
    ordered = spread_over_sections(passages)
    asks, identity = writer.opened(workspace, assistant, progress)
    sections = {passage.section for passage in passages}
    with opened_journal(workspace.folder(assistant), identity, sections) as journal:
        facts = ModelFacts(
            asks,
            journal,
            Specificity(passages),
            f"model: {writer.short_name}",
            stop,
            options.candidates,
            options.paraphrases,
        )
        found, asked = _found(facts, ordered, options.count, progress)
    progress("Checking the questions", 1.0)
    ranks = search_ranks(workspace.retriever(assistant), assistant.retrieval.lexical_weight)
    with documents_mapped():
        examples, dropped = model_examples(found, passages, section_sides(passages), ranks)
    if not examples and not stop.is_set():
        raise ExamplesError(_nothing(writer.short_name, facts))
    added, left_out = _added(workspace, assistant, examples)
    added += renew_refusals(workspace.store, assistant)
    held = {example.section for example in examples}
    empty = {p.section: p.source for p in ordered[:asked] if p.section not in held}
    return ModelWritten(
        model=writer.name,
        added=added,
        kept=len(examples),
        left_out=left_out,
        asked=asked,
        passages=len(ordered),
        replies=facts.replied,
        known=facts.known,
        discarded=facts.discarded,
        dropped=drop_counts(dropped),
        empty_sections=tuple(empty.values()),
        stopped=stop.is_set() and asked < len(ordered),
    )


def spread_over_sections(passages: Sequence[Passage]) -> list[Passage]:
    """The passages that say anything: the first of every section, then every second, and so on."""
    turns: defaultdict[str, int] = defaultdict(int)
    ranked = []
    for place, passage in enumerate(passages):
        if len(content_words(passage.text)) >= _FEWEST_WORDS:
            ranked.append((turns[passage.section], place, passage))
            turns[passage.section] += 1
    return [passage for _, _, passage in sorted(ranked, key=lambda one: one[:2])]


def model_examples(
    found: Sequence[ModelFact], passages: Sequence[Passage], sides: Sides, ranks: Ranks | None
) -> tuple[list[Example], tuple[Dropped, ...]]:
    """The examples of facts that pass all filters together, split, and what did not pass.

    sides: for each section whether it may be tuned on. A fact of one that may is trained, but for
    one wording that is kept for the test of recall; a fact of any other is asked once, in the test
    of generalisation. About an eighth of the training rows ask what the documents do not say.
    """
    sifted = sift([one for fact in found for one in fact.candidates], ranks)
    specific = {fact.candidates[0].fact: fact.specificity for fact in found}
    facts: defaultdict[str, list[Kept]] = defaultdict(list)
    for kept in sifted.kept:
        facts[kept.candidate.fact].append(kept)
    examples: dict[str, Example] = {}
    for key, held in facts.items():
        # What a tuned section says as well is no test of generalisation.
        tuned = [one for one in held if sides[one.candidate.passage.section] == "tuned"]
        wordings = tuned or held
        for kept, split in zip(wordings, _splits(wordings, bool(tuned)), strict=True):
            if split is not None:
                example = _example(kept, split, specific[key])
                examples.setdefault(example.id, example)
    made = list(examples.values())
    known = [_known(wordings, sides) for wordings in facts.values()]
    trained = sum(example.split == "train" for example in made)
    wanted = round(trained * REFUSAL_SHARE / (1 - REFUSAL_SHARE))
    made += refusals(passages, known, main_name(passages), wanted) if wanted else []
    return split_examples(made), sifted.dropped


def _found(
    facts: ModelFacts, ordered: Sequence[Passage], count: int | None, progress: Progress
) -> tuple[list[ModelFact], int]:
    """The facts of the passages in turn, and how many passages were asked about."""
    found: list[ModelFact] = []
    start = 0
    while start < len(ordered) and not facts.stop.is_set():
        window = WINDOW
        if count is not None:
            left = count - sum(len(one.candidates) for one in found)
            window = min(window, math.ceil(left / (1 + facts.paraphrases)))
            if left <= 0:
                break
        progress(f"Passage {start + 1} of {len(ordered)}", start / len(ordered))
        try:
            found += facts.of(ordered[start : start + window])
        except Stopped:
            break
        start += window
    return found, min(start, len(ordered))


def _splits(wordings: Sequence[Kept], tuned: bool) -> list[SplitName | None]:
    """What each wording of a fact is for; None where it is not used."""
    if not tuned:
        return ["generalisation", *[None] * (len(wordings) - 1)]
    splits: list[SplitName | None] = ["train"] * len(wordings)
    groups = near_duplicates([one.candidate.question for one in wordings])
    # The first wording is the plainest, so it is always trained.
    alone = [place for place in range(1, len(groups)) if groups.count(groups[place]) == 1]
    if alone:
        splits[alone[-1]] = "recall"
    return splits


def _known(wordings: Sequence[Kept], sides: Sides) -> FoundFact:
    """A fact of a model as the rules have theirs."""
    one = wordings[0].candidate
    asked = tuple(kept.candidate.question for kept in wordings)
    fact = WrittenFact("", one.answer, asked, one.method)
    return FoundFact(fact, one.passage, sides[one.passage.section])


def _example(kept: Kept, split: SplitName, specificity: float) -> Example:
    one = kept.candidate
    return Example(
        id=example_id(one.question, one.answer),
        question=one.question,
        answer=one.answer,
        source="generated",
        split=split,
        document=one.passage.document,
        passage=one.passage.text,
        fact=one.fact,
        section=one.passage.section,
        method=one.method,
        span=one.span,
        scores={**kept.scores, "specificity": round(specificity, 3)},
        flags=kept.flags,
    )


def _added(
    workspace: Workspace, assistant: Assistant, examples: Sequence[Example]
) -> tuple[int, tuple[Example, ...]]:
    """How many were new, and those that a test asks as well."""
    store = workspace.store
    known, tests = (
        store.examples(assistant.id, rejected=None),
        store.question_sets(assistant.id),
    )
    examples = without_changed(examples, known)
    kept = without_test_questions(examples, known, tests)
    ids = {example.id for example in kept}
    left_out = tuple(example for example in examples if example.id not in ids)
    return store.add_examples(assistant.id, kept), left_out


def _nothing(model: str, facts: ModelFacts) -> str:
    reasons = ", ".join(f"{one.reason} {one.count}" for one in facts.discarded)
    return (
        f"Nothing that {model} wrote is of use ({reasons or 'no passage says enough'}), so nothing "
        "was added: try a larger model, or write by rule."
    )
