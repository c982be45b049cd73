"""Examples out of documents by rule, with no model: enough to tune on documents alone.

Facts of sections that may be tuned on are asked for in several wordings, one of which is kept for
the test of recall. Sections that are held out give questions for the test of generalisation alone.
About a tenth of the training rows ask for what the documents do not say, since tuning otherwise
makes a model answer what it should refuse.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.examples import near_duplicates
from assistant.facts import content_words, numbers
from assistant.prompts import NOT_IN_DOCUMENTS
from assistant.records import Example, SplitName, content_hash, example_id
from assistant.writing.candidates import WrittenFact
from assistant.writing.rules import written_facts
from retrieval.documents import Passage

REFUSAL_SHARE = 0.1  # of the training rows

_VALIDATION_EVERY = 6  # facts
_REFUSAL_TEST_EVERY = 4  # questions that the documents do not answer

# What might be asked of anything. Those that the documents speak of are not used.
_ABSENT_ATTRIBUTES = (
    "the carbon footprint",
    "the resale value",
    "the export licence",
    "the patent number",
    "the nickname",
    "the insurance premium",
    "the advertising budget",
    "the average customer rating",
    "the import duty",
    "the annual turnover",
    "the stock market listing",
    "the favourite song",
    "the trademark owner",
    "the energy label",
    "the next anniversary",
    "the film adaptation",
)
_ABSENT_WORDINGS = (
    "What is {attribute} of {subject}?",
    "Can you tell me {attribute} of {subject}?",
    "Do you know {attribute} of {subject}?",
)
# Things that no document here speaks of, asked for with the documents' own kinds of question.
_INVENTED = (
    "the Zephyr 900",
    "the Marlow plan",
    "the Tessaly office",
    "the Brightwater model",
    "the Orlen agreement",
    "the Kestrel edition",
)
_INVENTED_WORDINGS = (
    "How much does {subject} cost?",
    "When was {subject} introduced?",
    "What is {subject}?",
    "Who is responsible for {subject}?",
)


@dataclass(frozen=True, slots=True)
class _Found:
    fact: WrittenFact
    passage: Passage
    side: Literal["tuned", "held_out"]

    @property
    def key(self) -> str:
        """Names the fact over all its wordings."""
        return content_hash([self.passage.document, self.fact.method, self.fact.answer])[:16]


def write_examples(
    passages: Sequence[Passage], sides: Mapping[str, Literal["tuned", "held_out"]]
) -> list[Example]:
    """Examples for all facts that the rules find, in the order of the passages.

    sides: for each section whether it may be tuned on, of `retrieval.corpus.section_sides`. The
    same passages give the same examples. A question that has different answers in different places
    is asked nowhere.
    """
    found = _unambiguous(list(_facts(passages, sides)))
    examples: list[Example] = []
    for item in found:
        examples += _fact_examples(item)
    trained = sum(example.split == "train" for example in examples)
    wanted = round(trained * REFUSAL_SHARE / (1 - REFUSAL_SHARE))
    examples += _refusals(passages, found, wanted)
    unique: dict[str, Example] = {}
    for example in examples:
        unique.setdefault(example.id, example)
    return list(unique.values())


def _facts(
    passages: Sequence[Passage], sides: Mapping[str, Literal["tuned", "held_out"]]
) -> Iterator[_Found]:
    begun: set[tuple[str, tuple[str, ...]]] = set()
    for passage in passages:
        place = (passage.document_id, passage.heading_path)
        for fact in written_facts(passage, begins_section=place not in begun):
            if _supported(fact, passage):
                yield _Found(fact, passage, sides[passage.section])
        begun.add(place)


def _supported(fact: WrittenFact, passage: Passage) -> bool:
    """Whether every figure of the answer, and what is asked for, stands in the passage."""
    text = " ".join(passage.text.split())
    return fact.value.rstrip(".") in text and numbers(fact.answer) <= numbers(passage.indexed_text)


def _unambiguous(found: Sequence[_Found]) -> list[_Found]:
    """The facts without the questions that lead to several answers."""
    answers: dict[str, set[str]] = defaultdict(set)
    for item in found:
        for wording in item.fact.wordings:
            answers[wording.casefold()].add(item.fact.answer)
    kept = []
    seen: set[str] = set()
    for item in found:
        wordings = tuple(w for w in item.fact.wordings if len(answers[w.casefold()]) == 1)
        if len(wordings) >= 2 and item.key not in seen:
            seen.add(item.key)
            fact = item.fact
            kept.append(
                _Found(
                    WrittenFact(fact.value, fact.answer, wordings, fact.method, fact.subject),
                    item.passage,
                    item.side,
                )
            )
    return kept


def _fact_examples(item: _Found) -> Iterator[Example]:
    wordings = item.fact.wordings
    if item.side == "held_out":
        yield _example(item, wordings[0], "generalisation")
        return
    groups = near_duplicates(wordings)
    alone = [w for w, group in zip(wordings, groups, strict=True) if groups.count(group) == 1]
    # The first wording is the plainest, so it is always trained.
    spare = [wording for wording in alone if wording != wordings[0]]
    drawn = sorted(spare, key=lambda wording: content_hash([item.key, wording]))
    held: dict[str, SplitName] = {}
    if drawn and len(wordings) >= 3:
        held[drawn[0]] = "recall"
    if len(drawn) > 1 and len(wordings) >= 4 and int(item.key, 16) % _VALIDATION_EVERY == 0:
        held[drawn[1]] = "validation"
    for wording in wordings:
        yield _example(item, wording, held.get(wording, "train"))


def _example(item: _Found, question: str, split: SplitName) -> Example:
    return Example(
        id=example_id(question, item.fact.answer),
        question=question,
        answer=item.fact.answer,
        source="generated",
        split=split,
        document=item.passage.document,
        passage=item.passage.text,
        fact=item.key,
        section=item.passage.section,
        method=item.fact.method,
    )


def _refusals(passages: Sequence[Passage], found: Sequence[_Found], wanted: int) -> list[Example]:
    """Questions that sound like the documents and that they do not answer.

    Asked of things in sections that may be tuned on; every fourth is kept for the tests.
    """
    known = frozenset().union(*(content_words(passage.indexed_text) for passage in passages))
    attributes = [text for text in _ABSENT_ATTRIBUTES if not content_words(text) <= known]
    invented = [text for text in _INVENTED if not content_words(text) & known]
    tuned = [item for item in found if item.side == "tuned"]
    subjects = sorted({item.fact.subject for item in tuned if item.fact.subject})
    asked = [
        wording.format(attribute=attribute, subject=subject)
        for subject in subjects
        for attribute in attributes
        for wording in _ABSENT_WORDINGS
    ]
    made_up = [w.format(subject=subject) for subject in invented for w in _INVENTED_WORDINGS]
    questions = _interleaved(_shuffled(asked), _shuffled(made_up))
    tested = math.ceil(wanted / _REFUSAL_TEST_EVERY)
    return [
        Example(
            id=example_id(question, NOT_IN_DOCUMENTS),
            question=question,
            answer=NOT_IN_DOCUMENTS,
            source="generated",
            split="train" if number < wanted else "generalisation",
            answerable=False,
            method="refusal",
        )
        for number, question in enumerate(questions[: wanted + tested])
    ]


def _shuffled(questions: Sequence[str]) -> list[str]:
    return sorted(questions, key=lambda question: content_hash(["refusal", question]))


def _interleaved(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """One of each in turn, and the rest of the longer one."""
    both = [text for pair in zip(first, second, strict=False) for text in pair]
    shorter = min(len(first), len(second))
    return [*both, *first[shorter:], *second[shorter:]]
