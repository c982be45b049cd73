"""A sentence taken apart into clauses, and clauses turned into questions.

A clause is what stands before the subject, the subject, the verb, and the rest. It is found by the
first known verb that can be the main one; what does not come apart cleanly gives no clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from assistant.writing.grammar import (
    BASES,
    BE,
    DETERMINERS,
    MODALS,
    ORDERS,
    PAST,
    PREPOSITIONS,
    RELATIVES,
    THIRD,
    capital,
    definite,
    inner,
    plural,
    turned,
)

Kind = Literal["be", "modal", "third", "past", "base", "order"]

_BREAK = re.compile(
    r";\s+|:\s+|,\s+(?:and|but|so|because|since|though|although|while|where|(?:after|"
    r"during|in|of|with|for|by|to|from) which|which|who)\s+(?=\S+ )|"
    r"\s+(?:because|although|so that)\s+|\.\s+"
)
_SUBORDINATE = re.compile(
    r"(?:if|when|while|where|as|after|before|until|unless|once|since|because|although|whenever) ",
    re.IGNORECASE,
)
_AND_VERB = re.compile(r",? (?:and|but|or)(?: (?:then|also|now))? (?=(\w+)\b)")
_TAIL = re.compile(
    r",|(?<!nothing)\s(?:which|who|because|since|although|though|so that|while|until|when|where|"
    r"whatever|wherever|if|but|in order to|and then|even)\s"
)
_LAST_THING = re.compile(
    r"\b(?P<thing>(?:[Tt]he|[Aa]n?|[Oo]ur) (?!(?:second|minute|hour|day|night|week|month|year)$)"
    r"[a-z-]+(?: [a-z-]+){0,3}|[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*)$"
)
_BEFORE_NOUNS = (DETERMINERS - RELATIVES) | PREPOSITIONS
_HAVE = frozenset(("has", "have", "had"))
_BEFORE_PARTICIPLES = BE | {"be", "been", "being", "has", "have", "had", "not"}
_LONGEST_SUBJECT = 12  # words
_SHORT_ADJUNCT = 6  # words


@dataclass(frozen=True, slots=True)
class Clause:
    """before: what stands in front of the subject, with its comma, "" for nothing. subject: ""
    for an order. verb: as it stands. rest: what follows the verb, without the full stop."""

    kind: Kind
    subject: str
    verb: str
    rest: str
    before: str = ""

    @property
    def base(self) -> str:
        """The verb's plain form."""
        word = self.verb.lower()
        return THIRD.get(word) or PAST.get(word) or word

    @property
    def text(self) -> str:
        """The clause as a sentence."""
        own = " ".join(f"{self.before} {self.subject} {self.verb} {self.rest}".split())
        return capital(own.rstrip(" ,;:.")) + "."

    def asked(self, wh: str, rest: str) -> str:
        """The question that begins with `wh`, of which the clause's `rest` is left."""
        subject = inner(self.subject)
        if self.kind == "order":
            verb, _, more = self.verb.partition(" ")
            said = f"{wh} should I {inner(self.verb) if not more else f'not {more}'} {rest}"
        elif self.kind in ("be", "modal"):
            verb = self.verb.replace("cannot", "can")
            said = f"{wh} {verb} {subject} {rest}"
        else:
            aid = {"third": "does", "past": "did", "base": "do"}[self.kind]
            said = f"{wh} {aid} {subject} {self.base} {rest}"
        first = turned(said)
        first = re.sub(r"\bare I\b", "am I", first)
        return f"{capital(' '.join(first.split())).rstrip(' ,;:.')}?"

    def told(self, wh: str, rest: str) -> str:
        """The same as a subordinate clause, without its end: "how long the shot runs"."""
        if self.kind == "order":
            said = f"{wh} I should {inner(self.verb)} {rest}"
        else:
            said = f"{wh} {inner(self.subject)} {self.verb} {rest}"
        return " ".join(turned(said).split()).rstrip(" ,;:.")


def clauses(sentence: str) -> Iterator[Clause]:
    """The clauses of a sentence that are whole, those of joined verbs each with its subject."""
    start, told = 0, ""
    pieces: list[tuple[str, str]] = []
    for match in _BREAK.finditer(sentence):
        pieces.append((told, sentence[start : match.start()]))
        start, told = match.end(), match.group()
    pieces.append((told, sentence[start:]))
    held, subject, before = "", "", ""
    for told, piece in pieces:
        if told.strip(" ,") in ("which", "who"):
            subject = _antecedent(before)
        before = piece
        text = f"{held}, {piece}" if held else piece
        found = _clause(text.strip().rstrip(".!")) or _going_on(subject, piece.strip(" .!"))
        subject = found.subject if found else subject
        held = text if found is None and _SUBORDINATE.match(text) else ""
        if found is not None:
            yield from _joined(found)


def shortened(clause: Clause, end: int) -> Clause:
    """The clause with its rest cut behind `end`, characters of the rest, where a new thought
    begins; a long phrase before the subject is left out."""
    cut = _TAIL.search(clause.rest, end)
    rest = clause.rest[: cut.start()] if cut else clause.rest
    again = _AND_VERB.search(rest, end)
    if again and (again[1].lower() in THIRD or again[1].lower() in BE | MODALS | ORDERS):
        rest = rest[: again.start()]
    long = len(clause.before.split()) > _SHORT_ADJUNCT or _SUBORDINATE.match(clause.before)
    return replace(clause, rest=rest.strip(), before="" if long else clause.before)


def _joined(clause: Clause) -> Iterator[Clause]:
    """The clause, and one for each further verb of the same subject."""
    ends = []
    for match in _AND_VERB.finditer(clause.rest):
        word = match[1]  # with a capital it is a name
        if clause.kind == "order":
            fits = word in ORDERS
        elif clause.kind == "past":
            fits = word in PAST or word in BE
        else:
            fits = word in THIRD or word in BE or word in MODALS
        if fits:
            ends.append((match.start(), match.end()))
    starts = [0, *(end for _, end in ends)]
    stops = [*(start for start, _ in ends), len(clause.rest)]
    for number, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        part = clause.rest[start:stop].strip()
        if number == 0:
            yield replace(clause, rest=part)
            continue
        verb, _, rest = part.partition(" ")
        kind = _kind(verb, clause.subject) if clause.kind != "order" else "order"
        if kind is not None:
            yield Clause(kind, clause.subject, verb, rest)


def _clause(text: str) -> Clause | None:
    """The one clause of a text without breaks, None where it does not come apart."""
    first = text.split(" ", 1)[0].strip(",").lower()
    if not first or len(text.split()) < 3:
        return None
    if text[:7].lower() == "do not ":
        verb, _, rest = text[7:].partition(" ")
        return Clause("order", "", f"do not {verb}", rest) if verb in BASES else None
    if first in ORDERS and (text.split(" ")[1:2] or [""])[0].lower().strip(",") not in BE | MODALS:
        verb, _, rest = text.partition(" ")
        return Clause("order", "", verb.lower(), rest)
    before, main = _opening(text)
    if before:
        own = main.split(" ", 1)
        if own[0].lower() in ORDERS and len(own) > 1:
            return Clause("order", "", own[0].lower(), own[1], before)
    return _with_verb(before, main)


def _going_on(subject: str, text: str) -> Clause | None:
    """The clause of a text that begins with a verb of a subject before it."""
    verb, _, rest = text.partition(" ")
    if not subject or not rest or verb.lower() not in THIRD.keys() | BE | MODALS:
        return None
    kind = _kind(verb, subject)
    return Clause(kind, subject, verb, rest) if kind else None


def _antecedent(text: str) -> str:
    """What a "which" or "who" behind the text means: the thing at its end; "" where that is not
    plain."""
    match = _LAST_THING.search(text)
    if match is None:
        return ""
    own = match["thing"].lower().split()
    plain = not any(word in PREPOSITIONS - {"of"} or word in PAST or word in THIRD for word in own)
    return definite(match["thing"]) if plain else ""


def _opening(text: str) -> tuple[str, str]:
    """What stands before the subject, "" for nothing, and what is left."""
    first = text.split(" ", 1)[0].lower().strip(",")
    if first not in PREPOSITIONS and not _SUBORDINATE.match(text):
        comma = re.match(r"(?:Today|Afterwards|Meanwhile|Then|Once [^,]+|Twice [^,]+),? ", text)
        return (comma.group().strip(), text[comma.end() :]) if comma else ("", text)
    end = text.find(", ")
    if end > 0 and first in PREPOSITIONS:
        opened = _opening(text[:end])
        if opened[0]:
            return opened[0], opened[1] + text[end:]
    if end > 0 and text[:end].split()[-1] not in BE:
        rest = text[end + 2 :]
        again = rest.find(", ")
        if rest.split(" ", 1)[0].lower() in PREPOSITIONS and again > 0:
            end = end + 2 + again
        return text[: end + 1], text[end + 2 :]
    if _SUBORDINATE.match(text) and first not in PREPOSITIONS:
        return "", ""
    tokens = text.split(" ")
    verb = _verb_at(tokens, 2)
    for place in range((verb or 0) - 1, 0, -1):
        word, previous = tokens[place].lower(), tokens[place - 1].lower()
        starts = word in DETERMINERS or word in ("it", "they", "you", "we")
        if (starts or tokens[place][0].isupper()) and previous not in PREPOSITIONS | DETERMINERS:
            return " ".join(tokens[:place]), " ".join(tokens[place:])
    return "", ""


def _with_verb(before: str, main: str) -> Clause | None:
    tokens = main.split(" ")
    place = _verb_at(tokens, 1)
    if place is None or place > _LONGEST_SUBJECT:
        return None
    subject, verb = " ".join(tokens[:place]), tokens[place]
    kind = _kind(verb, subject)
    if verb.lower() in _HAVE and place + 1 < len(tokens) and _participle(tokens[place + 1]):
        kind = "modal"  # it goes in front of the subject as "may" does
    if (
        kind is None
        or re.search(r"[,(]", subject)
        or (
            not before
            and subject[0].islower()
            and (subject.split(" ")[0] not in DETERMINERS | {"it", "they", "you", "we", "people"})
        )
    ):
        return None
    return Clause(kind, subject, verb, " ".join(tokens[place + 1 :]), before)


def _verb_at(tokens: list[str], least: int) -> int | None:
    """Place of the main verb: one verb is passed over for each relative pronoun before it."""
    open_relatives = 0
    for place, token in enumerate(tokens):
        word = token.lower().strip(",")
        previous = tokens[place - 1].lower() if place else ""
        if word in RELATIVES and place:
            open_relatives += 1
            continue
        if place < least or previous in _BEFORE_NOUNS or "," in previous:
            continue
        if word in PAST and previous in _BEFORE_PARTICIPLES:
            continue
        following = tokens[place + 1].lower() if place + 1 < len(tokens) else ""
        if word in THIRD and following in BE | MODALS:
            continue  # a noun: "small orders are sent"
        if _kind(word, " ".join(tokens[:place])) is None:
            continue
        if open_relatives:
            open_relatives -= 1
            continue
        return place
    return None


def _participle(word: str) -> bool:
    return word in PAST or word in ("been", "not") or word.endswith(("ed", "en", "wn"))


def _kind(verb: str, subject: str) -> Kind | None:
    word = verb.lower()
    if word in BE:
        return "be"
    if word in MODALS:
        return "modal"
    many = subject.split(" ")[-1].lower() in ("you", "we", "they", "people", "i") or plural(subject)
    if word in THIRD and not many:
        return "third"
    if word in PAST and word not in BASES:
        return "past"
    return "base" if word in BASES and many else None
