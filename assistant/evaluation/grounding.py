"""What an answer says that no passage supports, and whether its citations hold.

The same for every contender: a model that answers from memory is held against the passages found
for its question. Support is decided by `assistant.support`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.facts import sentence_spans
from assistant.recall import holds_quantity, name_spans, quantity_spans, values
from assistant.records import Citation
from assistant.support import Claim, Encode, claim, meant, needs_support, spoken


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A stretch of the answer that no passage supports: text is answer[start:end]."""

    start: int
    end: int
    kind: Literal["sentence", "number", "name"]
    text: str


@dataclass(frozen=True, slots=True)
class Grounding:
    """How much of an answer is supported.

    sentences: those that state something, and how many of them one passage supports. values: names
    and numbers (with their units), and how many of them some passage has. unsupported: in the order
    of the answer, a sentence before the values in it.
    """

    sentences: int
    supported_sentences: int
    values: int
    supported_values: int
    unsupported: tuple[Unsupported, ...]

    @property
    def supported(self) -> bool:
        """Whether it states something, and all of it is supported."""
        return 0 < self.sentences == self.supported_sentences

    def scores(self) -> dict[str, float]:
        """groundedness and values_supported, in [0, 1]; left out where there is nothing to hold."""
        scores = {}
        if self.sentences:
            scores["groundedness"] = self.supported_sentences / self.sentences
        if self.values:
            scores["values_supported"] = self.supported_values / self.values
        return scores


@dataclass(frozen=True, slots=True)
class Held:
    """An answer's text and the passages it is held against. abstained: it states nothing."""

    text: str
    passages: tuple[str, ...]
    abstained: bool = False


def ground(answers: Sequence[Held], encode: Encode) -> list[Grounding]:
    """The grounding of each answer; all that needs its meaning compared is encoded together."""
    claims = [_claims(one) for one in answers]
    doubtful = [
        one
        for answer in claims
        for found in answer.values()
        if not any(c.certain for c in found)
        for one in found
    ]
    right = dict(zip(map(_key, doubtful), meant(doubtful, encode), strict=True))
    return [
        _grounding(
            one,
            {
                span: any(c.certain or right.get(_key(c), False) for c in found)
                for span, found in own.items()
            },
        )
        for one, own in zip(answers, claims, strict=True)
    ]


def citation_scores(
    answers: Sequence[tuple[str, Sequence[Citation]]],
    encode: Encode,
    headings: Mapping[int, str] | None = None,
) -> list[dict[str, float]]:
    """citation_precision and citation_recall of each answer, in [0, 1].

    headings: those that a cited passage stands under, by its id.

    Precision: share of the cited sentences that the text of their own citations supports; left out
    where none is cited. Recall: share of the sentences that state something and are cited; left out
    where none states anything. (T. Gao et al., Enabling Large Language Models to Generate Text with
    Citations, EMNLP 2023, by rule in place of a judging model.)
    """
    cited = [_cited(citations, headings or {}) for _, citations in answers]
    held = [
        Held(text[start:end], passages)
        for (text, _), spans in zip(answers, cited, strict=True)
        for (start, end), passages in spans.items()
    ]
    grounded = iter(ground(held, encode))
    found = []
    for (text, _), spans in zip(answers, cited, strict=True):
        scores = {}
        if spans:
            right = sum(next(grounded).supported for _ in spans)
            scores["citation_precision"] = right / len(spans)
        stated = [span for span in sentence_spans(text) if needs_support(text[slice(*span)])]
        if stated:
            covered = sum(any(a < end and start < b for a, b in spans) for start, end in stated)
            scores["citation_recall"] = covered / len(stated)
        found.append(scores)
    return found


def _cited(
    citations: Sequence[Citation], headings: Mapping[int, str]
) -> dict[tuple[int, int], tuple[str, ...]]:
    """By span of the answer, what its citations hold."""
    cited: dict[tuple[int, int], tuple[str, ...]] = {}
    for one in citations:
        span = one.answer_start, one.answer_end
        passage = "\n".join((one.document, headings.get(one.passage_id, ""), one.text))
        cited[span] = (*cited.get(span, ()), passage)
    return cited


def _claims(one: Held) -> dict[tuple[int, int], list[Claim]]:
    """For each sentence that states something, the passages that may support it."""
    if one.abstained:
        return {}
    return {
        (start, end): [
            found
            for passage in one.passages
            if (found := claim(one.text[start:end], passage)) is not None
        ]
        for start, end in sentence_spans(one.text)
        if needs_support(one.text[start:end])
    }


def _key(one: Claim) -> tuple[str, str]:
    return one.sentence, one.passage


def _grounding(one: Held, supported: dict[tuple[int, int], bool]) -> Grounding:
    stated = [] if one.abstained else _values(one)
    unsupported = [
        Unsupported(start, end, "sentence", one.text[start:end])
        for (start, end), right in supported.items()
        if not right
    ]
    unsupported += [span for span, right in stated if not right]
    return Grounding(
        sentences=len(supported),
        supported_sentences=sum(supported.values()),
        values=len(stated),
        supported_values=sum(right for _, right in stated),
        unsupported=tuple(sorted(unsupported, key=lambda span: (span.start, -span.end))),
    )


def _values(one: Held) -> list[tuple[Unsupported, bool]]:
    """Each name and number of the answer, and whether some passage has it."""
    known = [values(passage) for passage in one.passages]
    said = frozenset().union(*map(spoken, one.passages))
    numbers = [
        (
            Unsupported(start, end, "number", one.text[start:end]),
            any(holds_quantity(passage, quantity) for passage in known),
        )
        for start, end, quantity in quantity_spans(one.text)
    ]
    names = [
        (Unsupported(start, end, "name", one.text[start:end]), name in said)
        for start, end, name in name_spans(one.text)
    ]
    return numbers + names
