"""The questions by which a run on votes shows whether it loses facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.records import Example, content_hash
from assistant.training.held_out import HeldOut, HeldOutQuestion, held_out

_MOST = 24


def watched_facts(earlier: HeldOut, examples: Sequence[Example]) -> HeldOut:
    """What the earlier run was asked; of one without validation wordings, what it was trained on.

    Of the trained questions one for each fact is asked, drawn by content hash: a fact that is lost
    is lost in these wordings too.
    """
    asked = earlier if earlier.questions else held_out(examples)
    if asked.questions:
        return asked
    trained = [one for one in examples if one.split == "train" and one.answerable and one.fact]
    ordered = sorted(trained, key=lambda one: content_hash(one.question))
    by_fact = {one.fact: one for one in reversed(ordered)}
    chosen = sorted(by_fact.values(), key=lambda one: content_hash(one.question))[:_MOST]
    questions = tuple(HeldOutQuestion(one.question, one.answer, one.fact) for one in chosen)
    return replace(asked, questions=questions)
