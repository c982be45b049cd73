"""Whom a pronoun means, where that is safe to say: the subject before it, else the heading."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.facts import STOP_WORDS, words
from assistant.writing.aliases import Aliases, aliases
from assistant.writing.clauses import Clause
from assistant.writing.grammar import BE, DETERMINERS, MODALS, capital, definite, inner, plural
from retrieval.documents import Passage

_PRONOUN = re.compile(r"^(?:[Ii]t|[Tt]hey|[Tt]his|[Tt]hese)$")
_POSSESSIVE = re.compile(r"^(?:[Ii]ts|[Tt]heir) (?P<thing>.+)$")
_THIS_THING = re.compile(r"^[Tt]h(?:is|ese) (?P<thing>[\w-]+)$")
_INSIDE = re.compile(r"\b(?:against|for|of|in|on|with|behind|under) (?:it|them)\b")
_LEANING_RELATIVE = re.compile(r" (?:that|which|who) .*\b(?:this|it|these|them|so)\b.*$")
_LEANING = re.compile(
    r"\b(?:it|its|they|them|their|this|these|those|that one|there|here|he|she|his|her|him|both|"
    r"such|the (?:same|other|others|latter|former)|so)\b",
    re.IGNORECASE,
)
_LEANING_OBJECT = re.compile(
    r"^(?:it|them|this|these)\b|\b(?:of|to|for|with|in|on) (?:it|them)$|\bthere\b"
)
_THING = re.compile(r"((?:the|an?) [\w-]+)\b")
_HEADING_NOUN = re.compile(r"(?:(?:The|A|An) )?[\w’'-]+(?: [\w’'-]+){0,6}")
_NOBODY = frozenset("you we people nobody nothing i there".split())
_NO_NAMES = frozenset("chapter section part note introduction overview contents annex".split())


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the documents as a whole tell of their words. main: the name that they speak of most, ""
    where there is none. common: the words that also stand in lower case, so that a capital at the
    beginning of a sentence or a cell makes no name of them. aliases: by the id of a document, the
    words that mean its name there."""

    main: str = ""
    common: frozenset[str] = frozenset()
    aliases: Mapping[str, Aliases] = field(default_factory=dict)

    def spelled_out(self, sentence: str, document_id: str) -> str:
        """The sentence with a name where its document has another word for it."""
        found = self.aliases.get(document_id)
        return found.spelled_out(sentence) if found else sentence

    def inner(self, phrase: str) -> str:
        """A phrase as it stands inside a sentence: its first word in lower case if it is common."""
        first, space, rest = phrase.partition(" ")
        common = first.lower() in self.common and first[1:].islower()
        return first.lower() + space + rest if common else inner(phrase)


def vocabulary(passages: Sequence[Passage]) -> Vocabulary:
    """The words of these passages."""
    found = {word for one in passages for word in re.findall(r"\b[a-z]{2,}\b", one.text)}
    common = frozenset(found)
    return Vocabulary(main_name(passages), common, aliases(passages, common))


def main_name(passages: Sequence[Passage]) -> str:
    """The name that the documents speak of most: a capitalised word within sentences, in at least a
    tenth of the passages. "" where there is none."""
    seen: Counter[str] = Counter()
    for passage in passages:
        seen.update(
            {
                match[1]
                for match in re.finditer(r"(?<=[a-z,] )([A-Z][a-z]{2,})\b(?! [A-Z])", passage.text)
                if match[1].lower() not in STOP_WORDS
            }
        )
    name, count = seen.most_common(1)[0] if seen else ("", 0)
    return name if count >= max(3, len(passages) / 10) else ""


def topic_of(heading: str) -> str:
    """A heading as a thing to speak of; "" where it is a question, an order or too long."""
    plain = heading.strip().rstrip(".:")
    first = plain.split(" ")[0].lower() if plain else ""
    asks = first in ("how", "what", "when", "where", "who", "why", "which", "can", "does", "if")
    if not plain or plain.endswith("?") or asks or first in _NO_NAMES:
        return ""
    spoken = BE | MODALS | {"has", "have"}
    if not spoken.isdisjoint(plain.lower().split()):
        return ""
    return plain if _HEADING_NOUN.fullmatch(plain) else ""


class Speaker:
    """Follows a passage sentence by sentence and says what its pronouns mean.

    heading: the nearest heading, which the first pronouns mean.
    """

    def __init__(self, heading: str, known: Vocabulary = Vocabulary()) -> None:
        self._known = known
        topic = topic_of(heading)
        self._heading = topic if topic.split(" ")[0].lower() in DETERMINERS else ""
        self._before: list[str] = []
        self._thing = ""
        self._first = True

    def begin_sentence(self) -> None:
        """Forget what the orders of the sentence before were about."""
        self._thing, self._first = "", True

    def resolved(self, clause: Clause) -> Clause | None:
        """The clause with a subject that stands on its own; None where that is not safe.

        The subject of a sentence's first clause is what later pronouns may mean.
        """
        if clause.kind == "order":
            return self._ordered(clause)
        subject = self._named(clause.subject)
        if subject is not None and self._first:
            self._hear(subject)
        self._first = False
        if subject is None or _LEANING_OBJECT.search(clause.rest):
            return None
        return replace(clause, subject=self._known.inner(subject))

    def _hear(self, subject: str) -> None:
        if _LEANING.search(subject) or subject.lower() in _NOBODY:
            return
        self._before = [*self._before, subject][-3:]

    def _ordered(self, clause: Clause) -> Clause | None:
        """An order whose "it" is the thing that the order before it was about."""
        thing = _THING.match(clause.rest)
        leaning = re.search(r"\b(?:it|them)\b", clause.rest)
        if leaning is None:
            self._thing = definite(thing[1]) if thing else self._thing
            return clause
        if not self._thing:
            return None
        rest = clause.rest[: leaning.start()] + self._thing + clause.rest[leaning.end() :]
        again = re.search(r"\b(?:it|them|its|their)\b", rest)
        return None if again else replace(clause, rest=rest)

    def _named(self, subject: str) -> str | None:
        if _PRONOUN.match(subject):
            return self._meant(subject.lower() in ("they", "these"))
        owned = _POSSESSIVE.match(subject)
        if owned:
            owner = self._meant(subject.lower().startswith("their"))
            if owner is None:
                return None
            if len(owner.split()) <= 3 and not plural(owner):
                return f"{capital(owner)}’s {owned['thing']}"
            return f"The {owned['thing']} of {inner(owner)}"
        this = _THIS_THING.match(subject)
        if this:
            return f"The {this['thing']}"
        if _INSIDE.search(subject):
            meant = self._meant(subject.endswith("them"))
            if meant is None:
                return None
            return re.sub(r"\b(?:it|them)\b", lambda _: inner(meant).lower(), subject, count=1)
        plain = _LEANING_RELATIVE.sub("", subject)
        return None if _LEANING.search(plain) else plain

    def _meant(self, many: bool) -> str | None:
        """The last subject that agrees in number; the heading where it names the same, or where no
        subject agrees."""
        for subject in reversed(self._before):
            if plural(subject) == many:
                own, above = _heads(subject), _heads(self._heading)
                return self._heading if above and own and own <= above else subject
        fits = self._heading and plural(self._heading) == many and not self._before[1:]
        return self._heading if fits else None


def stands_alone(text: str) -> bool:
    """Whether a text has no pronoun at its beginning that leans on what was said before."""
    first = words(text)[:1]
    return bool(first) and not _LEANING.fullmatch(first[0]) and first[0].lower() not in BE | MODALS


def _heads(phrase: str) -> set[str]:
    return {word.lower() for word in words(phrase)} - STOP_WORDS
