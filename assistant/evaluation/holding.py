"""What a text holds of a reference answer, and what it says that no source supports.

Words are compared in one form (Unicode NFKC, case folded). In scripts that write no spaces between
words each character stands for itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.facts import content_words, sentence_spans, words
from assistant.question_groups import question_type
from assistant.recall import Values, holds_quantity, needed_values, values

# Han, kana, Thai, Lao, Khmer and Burmese are written without spaces between words.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:[.,:]\d+)*")
_UNSPACED_ONE = re.compile(f"[{_UNSPACED}]")
_ARTICLES = frozenset(("a", "an", "the"))
_OPENING = re.compile(r"\s*(?P<word>yes|no)\b[\s,.:;–-]*", re.IGNORECASE)
_DENIAL = re.compile(r"\b(?:no|not|never|cannot|neither|nor)\b|n[’']t\b", re.IGNORECASE)
# Numbers that count the lines of a list or point at a passage state nothing.
_COUNTING = re.compile(r"^\s*\(?\d{1,2}[.)]\s|\b(?:passage|source|document)s?\s+\d+", re.M | re.I)
_NO_NAMES = frozenset(
    "passage passages document documents question answer source note according based i'm i'll "
    "i've i'd".split()
)

_FEW_REFERENCES = 10
_TOPIC_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Held:
    """How much of a reference a text holds. found, missing: its parts, as they are written."""

    whole: bool
    found: tuple[str, ...]
    missing: tuple[str, ...]


def tokens(text: str) -> list[str]:
    """The words of a text in one form, articles left out."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return [word for word in _TOKEN.findall(plain) if word not in _ARTICLES]


def topic_names(references: Iterable[str]) -> frozenset[str]:
    """Names that so many of the references hold that they tell none of them from another.

    "The Aurora's tank holds 1.8 litres" is answered by "The tank holds 1.8 litres" where all
    is about the Aurora. From ten references on: the names in a fifth of them or more.
    """
    known = set(references)
    if len(known) < _FEW_REFERENCES:
        return frozenset()
    counts = Counter(name for reference in known for name in values(reference).names)
    return frozenset(name for name, n in counts.items() if n >= _TOPIC_SHARE * len(known))


def held(text: str, reference: str, question: str, topic: frozenset[str] = frozenset()) -> Held:
    """What the text holds of the reference, beyond what the question gives away.

    topic: names that need not be said (`topic_names`).

    A reference that begins with yes or no wants the same of the text. A text in which the
    reference stands word for word holds it whole. Otherwise its numbers (with their units) and
    names are looked for, of a question for how many or how much the numbers alone; a reference
    without any needs its content words.
    """
    text, reference, question = _spaced(text), _spaced(reference), _spaced(question)
    agreed: tuple[str, ...] = ()
    if opening := _OPENING.match(reference):
        word = opening["word"].casefold()
        if word != _yes_or_no(text, question):
            return Held(False, (), (word,))
        reference = reference[opening.end() :]
        agreed = (word,)
        if not tokens(reference):
            return Held(True, agreed, ())
    if _stands_in(tokens(reference), tokens(text)):
        return Held(True, (reference.strip(),), ())
    needed, said = needed_values(reference, question), values(text)
    needed = Values(needed.quantities, needed.names - topic)
    if needed.quantities and question_type(question) == "how many":
        needed = Values(needed.quantities, frozenset())
    said_words = {word.casefold() for word in words(text)}
    parts = {_written(q): holds_quantity(said, q) for q in sorted(needed.quantities)}
    parts |= {name: name in said_words for name in sorted(needed.names)}
    if not parts:
        wanted = content_words(reference) - content_words(question)
        own = content_words(text)
        parts = {word: word in own for word in sorted(wanted)}
    found = agreed + tuple(part for part, there in parts.items() if there)
    missing = tuple(part for part, there in parts.items() if not there)
    return Held(bool(found) and not missing, found, missing or (() if found else (reference,)))


def best_held(
    text: str,
    references: Sequence[str],
    question: str,
    topic: frozenset[str] = frozenset(),
) -> Held:
    """What the text holds of the reference of which it holds most."""
    looked = [
        held(text, reference, question, topic) for reference in references if reference.strip()
    ]
    return max(looked, key=lambda one: (one.whole, _share(one)), default=Held(False, (), ()))


def unsupported(text: str, sources: Iterable[str]) -> tuple[str, ...]:
    """The numbers and names of the text that are in none of the sources, as they are written."""
    text = _spaced(text)
    stated = values(_COUNTING.sub(" ", text))
    known = [_spaced(source) for source in sources]
    quantities = {
        q for q in stated.quantities if not any(holds_quantity(values(s), q) for s in known)
    }
    names = stated.names - _NO_NAMES
    if names:
        spoken = {word.casefold() for source in known for word in words(source)}
        stems = frozenset().union(*(content_words(source) for source in known))
        names = frozenset(
            name
            for name in names
            if name not in spoken and not (content_words(name) or {name}) <= stems
        )
    written = {word.casefold(): word for word in reversed(words(text))}
    return (*sorted(_written(q) for q in quantities), *sorted(written.get(n, n) for n in names))


def _share(one: Held) -> float:
    return len(one.found) / max(len(one.found) + len(one.missing), 1)


def _yes_or_no(text: str, question: str) -> str:
    """What the text says to a question that wants yes or no: by its first word, or else, where its
    first sentence holds half of the question's content words, by whether that denies; else ""."""
    if opening := _OPENING.match(text):
        return opening["word"].casefold()
    spans = sentence_spans(text)
    first = text[slice(*spans[0])] if spans else ""
    asked = content_words(question)
    if not first or 2 * len(asked & content_words(first)) < len(asked):
        return ""
    return "no" if _DENIAL.search(first) else "yes"


def _spaced(text: str) -> str:
    """The text with spaces around the characters of scripts that write none."""
    return _UNSPACED_ONE.sub(r" \g<0> ", text)


def _stands_in(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether the words stand in the text one after the other."""
    if not part or len(part) > len(whole):
        return False
    length, first = len(part), part[0]
    return any(
        word == first and list(whole[place : place + length]) == list(part)
        for place, word in enumerate(whole[: len(whole) - length + 1])
    )


def _written(quantity: tuple[str, str]) -> str:
    number, unit = quantity
    return f"{number} {unit}".strip()
