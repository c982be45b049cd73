"""Write examples from an assistant's documents by rule, and keep those that are new."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.errors import ExamplesError, InvalidRequest, documents_mapped
from assistant.evaluation.held_out import (
    Written,
    near_repeats,
    trains,
    without_test_questions,
)
from assistant.examples import split_examples
from assistant.records import Assistant, Example
from assistant.store import Store
from assistant.writing.changed_since import without_changed
from assistant.writing.filters import AMBIGUOUS, Dropped, drop_counts
from assistant.writing.question_writing import examples_by_rule
from assistant.writing.ranking import search_ranks
from assistant.writing.refusals import REFUSAL_SHARE
from assistant.writing.refused_subjects import renew_refusals
from retrieval.corpus import section_sides
from retrieval.retriever import Retriever

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class WritingOptions:
    """What is wanted. count: examples in all, about, None for as many as help training: up to three
    facts of each passage. refusal_share: of the training rows, in [0, 0.5], those that the
    documents do not answer. check_search: whether each question is put to the assistant's own
    search, and marked ambiguous where that does not bring its passage."""

    count: int | None = None
    refusal_share: float = REFUSAL_SHARE
    check_search: bool = True

    def checked(self) -> WritingOptions:
        """The options as they are. Raises InvalidRequest."""
        if self.count is not None and self.count < 1:
            raise InvalidRequest("The number of examples must be 1 or more; nothing was written.")
        if not 0 <= self.refusal_share <= 0.5:
            raise InvalidRequest(
                "The share of questions that the documents do not answer must be from 0 to 0.5; "
                "nothing was written."
            )
        return self


class _Stopped(Exception):
    """Raised through the search to end it."""


def write_examples(
    store: Store,
    retriever: Retriever,
    assistant: Assistant,
    options: WritingOptions | None = None,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Written:
    """Write examples by rule, but for what would train on a test question.

    Those of the subjects that the assistant must refuse are made to fit its profile. Examples
    written before from sections that have changed or gone since are counted and left as they are.
    stop: when it is set, nothing is written.
    Raises ExamplesError where there is nothing to write from, InvalidRequest, DocumentsError.
    """
    chosen = (options or WritingOptions()).checked()

    def told(stage: str, share: float) -> None:
        if stop is not None and stop.is_set():
            raise _Stopped
        if progress is not None:
            progress(stage, share)

    with documents_mapped():
        passages = retriever.corpus.passages()
        if not passages:
            raise ExamplesError("There are no documents to write examples from: add some first.")
        ranks = None
        if chosen.check_search:
            ranks = search_ranks(
                retriever,
                assistant.retrieval.lexical_weight,
                lambda share: told("Asking the search for each passage", share),
            )
        try:
            made = examples_by_rule(
                passages,
                section_sides(passages),
                count=chosen.count,
                refusal_share=chosen.refusal_share,
                ranks=ranks,
                progress=told,
            )
        except _Stopped:
            return Written(0, (), stopped=True)
    if not any(example.answerable for example in made.examples):
        raise ExamplesError(_nothing(made.dropped))
    known = store.examples(assistant.id, rejected=None)
    examples = without_changed(split_examples(list(made.examples)), known)
    tests = store.question_sets(assistant.id)
    kept = sound_tests(without_test_questions(examples, known, tests), known)
    left_out = {one.id for one in examples} - {one.id for one in kept}
    sections = {passage.section for passage in passages}
    return Written(
        store.add_examples(assistant.id, kept) + renew_refusals(store, assistant),
        tuple(one for one in examples if one.id in left_out),
        facts=made.facts,
        asked=made.asked,
        ambiguous=sum(AMBIGUOUS in one.flags for one in kept),
        dropped=drop_counts(made.dropped),
        stale=sum(stale(one, sections) for one in known),
    )


def sound_tests(written: Sequence[Example], known: Sequence[Example]) -> list[Example]:
    """The examples without test questions that are trained on already, and without questions for
    recall of facts that no example trains."""
    trained = [example for example in [*known, *written] if trains(example)]
    questions = [example.question for example in trained]
    repeated = {place for place, _ in near_repeats([one.question for one in written], questions)}
    facts = {example.fact for example in trained if example.split == "train"}
    return [
        example
        for place, example in enumerate(written)
        if trains(example)
        or (place not in repeated and (example.split != "recall" or example.fact in facts))
    ]


def _nothing(dropped: Sequence[Dropped]) -> str:
    """Why nothing was written, with what the filters kept out."""
    if not dropped:
        return "No facts were found in the documents by rule: import examples or write some."
    told = ", ".join(f"{one.count:,} {one.reason}" for one in drop_counts(dropped))
    return (
        f"The filters kept out every question that was found by rule ({told}), so nothing was "
        "added: import examples or write some."
    )


def stale(example: Example, sections: set[str]) -> bool:
    """Whether a written example is of a section that is no longer in the documents as it was."""
    return (
        example.source == "generated"
        and bool(example.section)
        and (example.section not in sections)
    )
