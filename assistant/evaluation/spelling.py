"""Misspelt words of an answer, held against English and the documents' own vocabulary.

No error is: a word of the documents or of the question in any of its endings, a name or any other
capitalised word, a code, a number with its unit, an address, a British spelling, or a text in
another language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from assistant.facts import content_words, words

# Addresses, file names, code, and what hangs on a digit ("90min", "5 kwh").
_SKIPPED = re.compile(r"`[^`]*`|\S*[@/\\_]\S*|\S+\.\S+|\d\S*(?:\s[a-z]{1,3}\b)?")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_PLAIN = re.compile(r"[a-z]+(?:'[a-z]+)*")
_BRITISH = (
    (re.compile(r"our"), "or"),
    (re.compile(r"is(?=(?:e|ed|es|er|ers|ing|ation|ations)$)"), "iz"),
    (re.compile(r"ys(?=(?:e|ed|es|er|ing)$)"), "yz"),
    (re.compile(r"ll(?=(?:ed|ing|er|ers)$)"), "l"),
    (re.compile(r"ogue(?=s?$)"), "og"),
    (re.compile(r"ence(?=s?$)"), "ense"),
)
_TRE = re.compile(r"^((?:milli|centi|kilo|deci|hecto)?(?:li|me)|cen|thea|fi)(t|b)re(s?)$")
_MODERN = frozenset("app apps faq faqs led leds online pdf url usb website wifi".split())
_LEAST_LETTERS = 3
_OTHER_LANGUAGE = 0.5  # share of unknown words from which a text is taken for another language


@dataclass(frozen=True, slots=True)
class Misspelling:
    """A word as it stands at text[start:end]. suggestion: the likeliest right one, "" for none."""

    start: int
    end: int
    word: str
    suggestion: str


class Spelling:
    """Spelling by English and by the words of some documents. The dictionary loads on first use."""

    def __init__(self, corpus_text: str) -> None:
        self._own = frozenset(words(corpus_text.casefold().replace("’", "'")))
        self._stems = content_words("\n".join(self._own))
        self._known = lru_cache(maxsize=65_536)(self._is_known)

    def misspellings(self, text: str, question: str = "") -> list[Misspelling]:
        """The misspelt words of a text, in order; none where most of it is not English."""
        plain = _SKIPPED.sub(lambda match: " " * len(match.group()), text)
        asked = {word.casefold() for word in words(question)}
        looked, found = 0, []
        for match in _WORD.finditer(plain):
            word = match.group().replace("’", "'")
            if len(word) < _LEAST_LETTERS or not _PLAIN.fullmatch(word):
                continue
            looked += 1
            if word not in asked and not self._known(word):
                found.append(match)
        if len(found) > 1 and len(found) > _OTHER_LANGUAGE * looked:
            return []
        return [
            Misspelling(match.start(), match.end(), match.group(), _suggestion(match.group()))
            for match in found
        ]

    def __call__(self, text: str) -> list[str]:
        """The misspelt words of a text, each once."""
        return list(dict.fromkeys(one.word for one in self.misspellings(text)))

    def _is_known(self, word: str) -> bool:
        whole = word.removesuffix("'s")
        if whole in self._own or whole in _MODERN or content_words(whole) <= self._stems:
            return True
        dictionary = _dictionary()
        return any(form in dictionary for form in (word, whole, *_american(whole)))


def _american(word: str) -> list[str]:
    forms = [pattern.sub(to, word) for pattern, to in _BRITISH]
    return [*forms, _TRE.sub(r"\1\2er\3", word)]


@lru_cache(maxsize=8192)
def _suggestion(word: str) -> str:
    return str(_dictionary().correction(word.replace("’", "'").casefold()) or "")


@lru_cache(maxsize=1)
def _dictionary() -> Any:
    """English of pyspellchecker, which comes with its word list; one letter off counts as near."""
    from spellchecker import SpellChecker

    return SpellChecker(distance=1)
