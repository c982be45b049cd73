"""Examples out of documents by rule, with no model: enough to tune on documents alone.

Facts of sections that may be tuned on are asked for in several wordings, one of which is kept for
the test of recall. Sections that are held out give questions for the test of generalisation alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.examples import near_duplicates
from assistant.records import Example, SplitName, content_hash, example_id
from assistant.writing.candidates import Candidate, evidence_span
from assistant.writing.filters import Dropped, Kept, Ranks, ranked, sift
from assistant.writing.other_names import with_other_names
from assistant.writing.refusals import REFUSAL_SHARE, refusals
from assistant.writing.rules import written_facts
from assistant.writing.selection import ROUNDS, FoundFact, in_rounds
from assistant.writing.subjects import Vocabulary, vocabulary
from retrieval.corpus import Side
from retrieval.documents import Passage

WORDINGS = 8
"""A fact is asked for in at most so many wordings, the one kept for recall among them."""

_REVERSE_IN = 3  # one fact of so many is also asked for the other way about
_VALIDATION_IN = 8  # one fact of so many gives a wording to validation
_FEWEST = 2  # wordings that must pass the filters


@dataclass(frozen=True, slots=True)
class RuleWriting:
    """What the rules wrote. dropped: candidates that the filters kept out. facts: so many were
    found; asked: so many of them the examples ask for."""

    examples: tuple[Example, ...]
    dropped: tuple[Dropped, ...]
    facts: int
    asked: int


def examples_by_rule(
    passages: Sequence[Passage],
    sides: Mapping[str, Side],
    *,
    count: int | None = None,
    refusal_share: float = REFUSAL_SHARE,
    ranks: Ranks | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> RuleWriting:
    """Examples for the facts that the rules find, in the order of the passages.

    sides: for each section whether it may be tuned on, of `retrieval.corpus.section_sides`. count:
    examples wanted in all, about; facts are taken in turn from all passages until there are so
    many. refusal_share: of the training rows. The same passages give the same examples. progress:
    called with a stage in words and its share done; what it raises ends the writing.
    """
    known = vocabulary(passages)
    found = with_other_names(_unique(list(_facts(passages, sides, known, progress))), known.main)
    sifted = sift([candidate for one in found for candidate in _candidates(one)])
    wordings: defaultdict[str, list[Kept]] = defaultdict(list)
    for kept in sifted.kept:
        wordings[kept.candidate.fact].append(kept)
    usable = [one for one in found if _enough(wordings[one.key])]
    chosen = _chosen(usable, wordings, count, refusal_share)
    kept_rows = [kept for one in chosen for kept in _drawn(wordings[one.key])]
    if ranks is not None:
        kept_rows = ranked(kept_rows, ranks)
    by_fact: defaultdict[str, list[Kept]] = defaultdict(list)
    for kept in kept_rows:
        by_fact[kept.candidate.fact].append(kept)
    examples = [example for one in chosen for example in _fact_examples(one, by_fact[one.key])]
    trained = sum(example.split == "train" for example in examples)
    wanted = round(trained * refusal_share / (1 - refusal_share))
    examples += refusals(passages, chosen, known.main, wanted)
    unique = {example.id: example for example in reversed(examples)}
    return RuleWriting(tuple(reversed(unique.values())), sifted.dropped, len(usable), len(chosen))


def _facts(
    passages: Sequence[Passage],
    sides: Mapping[str, Side],
    known: Vocabulary,
    progress: Callable[[str, float], None] | None,
) -> Iterator[FoundFact]:
    begun: set[tuple[str, tuple[str, ...]]] = set()
    for number, passage in enumerate(passages, start=1):
        place = (passage.document_id, passage.heading_path)
        for fact in written_facts(passage, place not in begun, known):
            yield FoundFact(fact, passage, sides[passage.section])
        begun.add(place)
        if progress and number % 20 == 0:
            progress("Reading facts off the passages", number / len(passages))


def _unique(found: Sequence[FoundFact]) -> list[FoundFact]:
    """Each fact once, where it is stated first: in a section that may be tuned on, if in any, for a
    fact that is trained from one section is no test of generalisation from another."""
    first: dict[str, FoundFact] = {}
    for one in sorted(found, key=lambda one: one.side == "held_out"):
        first.setdefault(one.key, one)
    chosen = {id(one) for one in first.values()}
    return [one for one in found if id(one) in chosen]


def _candidates(one: FoundFact) -> Iterator[Candidate]:
    fact, passage = one.fact, one.passage
    span = evidence_span(passage, fact.evidence or fact.answer)
    for wording in (*fact.wordings, *fact.reverse):
        yield Candidate(
            wording,
            fact.answer,
            passage,
            span,
            fact.method,
            one.key,
            fact.subject,
            fact.value,
            wording in fact.reverse,
        )


def _enough(kept: Sequence[Kept]) -> bool:
    return sum(not one.candidate.reverse for one in kept) >= _FEWEST


def _drawn(kept: Sequence[Kept]) -> list[Kept]:
    """Of the wordings of a fact the first three, the plainest, one that goes back from the
    value, and others by hash."""
    forward = [one for one in kept if not one.candidate.reverse]
    back = [one for one in kept if one.candidate.reverse][:1]
    if int(kept[0].candidate.fact[:8], 16) % _REVERSE_IN:
        back = []
    first, rest = forward[:3], forward[3:]
    rest = sorted(rest, key=lambda one: content_hash([one.candidate.fact, one.candidate.question]))
    return [*first, *rest[: WORDINGS - len(first) - len(back)], *back]


def _chosen(
    usable: Sequence[FoundFact],
    wordings: Mapping[str, Sequence[Kept]],
    count: int | None,
    refusal_share: float,
) -> list[FoundFact]:
    taken: list[FoundFact] = []
    rows = 0
    wanted = None if count is None else round(count * (1 - refusal_share))
    for number, turn in enumerate(in_rounds(usable)):
        if wanted is None and number == ROUNDS:
            break
        for one in turn:
            if wanted is not None and rows >= wanted:
                break
            taken.append(one)
            rows += 1 if one.side == "held_out" else len(_drawn(wordings[one.key]))
    order = {one.key: place for place, one in enumerate(usable)}
    return sorted(taken, key=lambda one: order[one.key])


def _fact_examples(one: FoundFact, kept: Sequence[Kept]) -> Iterator[Example]:
    if one.side == "held_out":
        yield _example(kept[0], "generalisation")
        return
    forward = [row for row in kept if not row.candidate.reverse]
    groups = near_duplicates([row.candidate.question for row in forward])
    # The first wording is the plainest, so it is always trained.
    spare = [
        row for row, group in zip(forward[1:], groups[1:], strict=True) if groups.count(group) == 1
    ]
    drawn = sorted(spare, key=lambda row: content_hash([one.key, row.candidate.question]))
    held: dict[int, SplitName] = {}
    if drawn and len(forward) >= 3:
        held[id(drawn[0])] = "recall"
    if len(drawn) > 1 and len(forward) >= 4 and int(one.key[:8], 16) % _VALIDATION_IN == 0:
        held[id(drawn[1])] = "validation"
    for row in kept:
        yield _example(row, held.get(id(row), "train"))


def _example(kept: Kept, split: SplitName) -> Example:
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
        scores=kept.scores,
        flags=kept.flags,
    )
