"""Questions about a thing by its other name: "How long does Tidewash take?" where the documents say
that the descaling programme takes 47 minutes and is called Tidewash."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from assistant.writing.candidates import WrittenFact
from assistant.writing.grammar import capital
from assistant.writing.selection import FoundFact

_METHODS = ("figure", "date", "name", "code")  # of a table, the name may be half of an article's
_MOST = 2  # wordings of a fact that are said again with the other name


def with_other_names(found: Sequence[FoundFact], main: str) -> list[FoundFact]:
    """The facts, those about a thing with two names also asked for by the other one.

    A name that a held-out section gives is used in none: nothing of such a section is trained.
    main: the name that the documents speak of most, which is no other name of a part.
    """
    pairs = _pairs([one.fact for one in found if one.side == "tuned"], main)
    return [replace(one, fact=_told(one.fact, pairs)) for one in found]


def _pairs(facts: Sequence[WrittenFact], main: str) -> list[tuple[str, str]]:
    """Things with their names, both told once only."""
    pairs = {
        (fact.subject, fact.value)
        for fact in facts
        if fact.subject.startswith("the ") and fact.value != main and _called(fact)
    }
    told = Counter(word for pair in pairs for word in pair)
    return sorted(pair for pair in pairs if told[pair[0]] == told[pair[1]] == 1)


def _called(fact: WrittenFact) -> bool:
    return fact.method == "name" and fact.wordings[0].endswith(" called?")


def _told(fact: WrittenFact, pairs: Sequence[tuple[str, str]]) -> WrittenFact:
    if fact.method not in _METHODS:
        return fact
    more: list[str] = []
    for thing, name in pairs:
        for known, other in ((thing, name), (name, thing)):
            if known.casefold() in fact.answer.casefold() and other not in fact.answer:
                more += _replaced(fact.wordings, known, other)
    plainest, others = fact.wordings[:1], fact.wordings[1:]
    return replace(fact, wordings=tuple(dict.fromkeys((*plainest, *more[:_MOST], *others))))


def _replaced(wordings: Sequence[str], known: str, other: str) -> list[str]:
    whole = re.compile(rf"(?<![\w“])(?<!much )(?:the )?{re.escape(known)}(?![\w’”])", re.IGNORECASE)
    told = [whole.sub(other, wording, count=1) for wording in wordings]
    return [capital(new) for new, old in zip(told, wordings, strict=True) if new != old]
