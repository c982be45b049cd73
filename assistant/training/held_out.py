"""Questions that are asked while a model trains, so that its memory of facts is seen to grow.

Held-out questions are validation wordings of facts that are trained in other wordings; the recall
and generalisation tests are never among them. They are drawn by hash, so that two runs on the same
examples are asked the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from assistant.recall import fact_recalled
from assistant.records import Example

ENOUGH = 8  # held-out questions from which their recall decides; fewer say too little
_MOST = 24
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class HeldOutQuestion:
    """A question with the answer that is right, and the fact that it asks for ("" if unknown)."""

    question: str
    answer: str
    fact: str


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What is asked at every evaluation.

    questions: validation wordings of trained facts. samples: up to three whose answers are shown.
    samples_held_out: whether those were kept from training; without validation examples they are
    training questions. references: (fact, answer) of all examples, for rival values.
    """

    questions: tuple[HeldOutQuestion, ...] = ()
    samples: tuple[HeldOutQuestion, ...] = ()
    samples_held_out: bool = False
    references: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, value: dict[str, Any] | None) -> Self:
        """Back from what `as_json` made of it; of a run of before there was any, nothing."""
        if value is None:
            return cls()
        return cls(
            tuple(HeldOutQuestion(**one) for one in value["questions"]),
            tuple(HeldOutQuestion(**one) for one in value["samples"]),
            value["samples_held_out"],
            tuple((fact, answer) for fact, answer in value["references"]),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def recalled(self, asked: HeldOutQuestion, answer: str) -> bool:
        """Whether the answer recalls the question's fact and no rival value."""
        rivals = [own for fact, own in self.references if fact != asked.fact]
        return fact_recalled(answer, asked.answer, asked.question, rivals)


def held_out(examples: Sequence[Example]) -> HeldOut:
    """The questions to ask while training on the `train` ones of these examples."""
    trained = [example for example in examples if example.split == "train"]
    validation = [example for example in examples if example.split == "validation"]
    facts = {example.fact for example in trained if example.fact}
    known = _drawn(
        [example for example in validation if example.answerable and example.fact in facts]
    )
    chosen = known or _drawn(validation) or _drawn(trained)
    return HeldOut(
        tuple(_question(example) for example in known[:_MOST]),
        tuple(_question(example) for example in chosen[:_SAMPLES]),
        bool(validation),
        tuple(dict.fromkeys((e.fact, e.answer) for e in trained + validation if e.fact)),
    )


def _drawn(examples: Sequence[Example]) -> list[Example]:
    """In the order of their questions' hashes, the first wording of each fact before the second."""
    ordered = sorted(examples, key=lambda e: hashlib.sha256(e.question.encode()).hexdigest())
    seen: dict[str, int] = {}
    turns = []
    for example in ordered:
        fact = example.fact or example.id
        turns.append(seen.get(fact, 0))
        seen[fact] = turns[-1] + 1
    return [example for _, example in sorted(zip(turns, ordered, strict=True), key=lambda t: t[0])]


def _question(example: Example) -> HeldOutQuestion:
    return HeldOutQuestion(example.question, example.answer, example.fact)
