"""Short questions as people type them: the words that carry the meaning, and what is asked for.

They need no grammar, so that a fact for which no whole question can be formed is asked for as
well; beside whole questions they teach that the words matter and not their order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.facts import STOP_WORDS, content_words, words
from assistant.records import content_hash
from assistant.writing.candidates import WrittenFact
from assistant.writing.figures import figures
from assistant.writing.grammar import BASES, PAST, THIRD, capital, inner, lowered

_MOST_WORDS = 5
_DULL = frozenset(
    "called known named short long well good new more less least most every each first last also "
    "together enough right without".split()
)


def short_wordings(fact: WrittenFact, topic: str, main: str) -> tuple[str, ...]:
    """Up to three short questions, drawn by hash.

    topic: the heading as a thing to speak of. main: the name that the documents speak of most.
    """
    asks = _asks(fact)
    telling = _telling(fact)
    if not [word for word in telling if word != main]:
        return ()  # "Aurora, how much?" might ask for anything
    draws = sorted(telling, key=lambda word: (word == main, content_hash([fact.answer, word])))
    some = [word for word in telling if word in draws[:3]]
    most = [word for word in telling if word in draws[:_MOST_WORDS]]
    of = (
        f" of the {main}" if main and main not in some and main.lower() not in topic.lower() else ""
    )
    made = []
    if topic and not _alike(topic, fact.value):
        made.append(f"{capital(topic)}: {asks[0]}?")
        known = content_words(topic)
        fresh = [word for word in most if not content_words(word) <= known][:3]
        if fresh:
            made.append(f"{capital(asks[-1])}, {inner(topic)}, {' '.join(fresh)}?")
    elif main and main not in most:
        made.append(f"{main} {' '.join(most)}: {asks[0]}?")
    made.append(f"{capital(' '.join(some))}{of}, {asks[len(made) % len(asks)]}?")
    made.append(f"{capital(asks[0])}: {' '.join(most)}?")
    return tuple(dict.fromkeys(made))


def _asks(fact: WrittenFact) -> Sequence[str]:
    """The question words for the kind of value."""
    found = next(figures(fact.value), None)
    if found is not None:
        nouns = [f"what {noun}" for noun in found.measure.nouns[:1] if "number of" not in noun]
        return [found.many, *nouns, *found.measure.asks[:1]]
    if fact.method == "date":
        return ["when", "which year"] if fact.value.isdigit() else ["when"]
    if fact.method == "code" or re.fullmatch(r"[A-Z0-9 -]*\d[A-Z0-9 -]*", fact.value):
        return ["which number", "which code"]
    first = re.match(r"(Who|Where|With whom|By whom)\b", " ".join(fact.wordings[:1]))
    if first is None:
        return ["what is the name", "which name", "what is it called"]
    return [first[1].lower()]


def _telling(fact: WrittenFact) -> list[str]:
    """Words of the answer that say what it is about, in their order, without the value's own."""
    value = {word.casefold() for word in words(fact.value)}
    said: list[str] = []
    begins_with_name = re.match(r"[A-Z][\w’'-]+ [A-Z]", fact.answer)
    for word in words(fact.answer if begins_with_name else lowered(fact.answer)):
        plain = word.casefold()
        verb = plain in THIRD or plain in PAST or (plain in BASES and not said)
        if plain in value | STOP_WORDS | _DULL or verb or plain in said or word.isdigit():
            continue
        if any(map(str.isdigit, word)) or plain in ("within", "above", "below", "through", "us"):
            continue
        said.append(word)
    return said


def _alike(topic: str, value: str) -> bool:
    return value.casefold().rstrip(".") in topic.casefold()
