"""Whether an answer recalls a fact: all numbers and names of the reference, and no rival value.

A number is taken in one form: 1.80, 1,8 and 1.8 are the same, so are 1,250 and 1250, and "twelve"
and 12. A number directly followed by a known unit carries it, in one form too: l, litre, litres and
liters are the same. "one" is a number only with a unit.

A name is a capitalised word, or one that mixes letters with digits or capitals inside (K47,
AquaLoop). The first word of a sentence is a name only when it is marked in that way or the word
after it is capitalised as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from assistant.facts import (
    STOP_WORDS,
    content_words,
    numbers,
    sentence_spans,
    word_spans,
    words,
)

_UNITS = {
    form: canonical
    for canonical, forms in {
        "l": "l litre litres liter liters",
        "ml": "ml millilitre millilitres milliliter milliliters",
        "kg": "kg kilo kilos kilogram kilograms kilogramme kilogrammes",
        "g": "g gram grams gramme grammes",
        "mg": "mg milligram milligrams",
        "km": "km kilometre kilometres kilometer kilometers",
        "m": "m metre metres meter meters",
        "cm": "cm centimetre centimetres centimeter centimeters",
        "mm": "mm millimetre millimetres millimeter millimeters",
        "s": "s sec second seconds",
        "min": "min minute minutes",
        "h": "h hour hours",
        "day": "day days",
        "week": "week weeks",
        "month": "month months",
        "year": "year years",
        "%": "% percent",
        "°c": "°c degrees celsius",
        "°f": "°f fahrenheit",
        "eur": "€ eur euro euros",
        "usd": "$ usd dollar dollars",
        "gbp": "£ gbp pound pounds",
        "w": "w watt watts",
        "kw": "kw kilowatt kilowatts",
        "kwh": "kwh",
        "v": "v volt volts",
        "bar": "bar bars",
        "hz": "hz hertz",
    }.items()
    for form in forms.split()
}
_WORD_NUMBERS = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    "sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    "hundred"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ONES = "one two three four five six seven eight nine".split()
_COMPOUND = re.compile(rf"\b({'|'.join(_TENS)})[- ]({'|'.join(_ONES)})\b", re.IGNORECASE)
_QUANTITY = re.compile(
    r"(?:(?P<currency>[€$£])\s?)?"
    r"(?P<number>(?<![\w.,])[-+]?\d+(?:[.,:]\d+)*(?!\w|[.,:]\d)|"
    r"(?<![\w.,])[-+]?\d+(?:[.,]\d+)*(?=[A-Za-z°%])|"
    rf"\b(?:{'|'.join(_TENS)})[- ](?:{'|'.join(_ONES)})\b|\b(?:{_WORD_NUMBERS})\b)"
    r"(?:[\s\u00a0-]?(?P<unit>°\s?[CF]|%|[€$£]|[A-Za-z]+))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Values:
    """The checkable values of a text. quantities: number and unit, "" where it has no known one."""

    quantities: frozenset[tuple[str, str]]
    names: frozenset[str]


def fact_recalled(answer: str, reference: str, question: str, rivals: Iterable[str] = ()) -> bool:
    """Whether the answer holds every value of the reference and no rival value.

    Needed are the numbers and names of the reference that the question does not give away; an
    answer's number fits whose unit is the same, or that has none where the other has one. A
    reference without any needs all its content words that the question lacks, and one of which the
    question gives all away ("Is it 5 or 7 litres?") all that it states itself.

    rivals: the references of other facts. A rival value is a number, where numbers are needed, or a
    name, where names are, of one of them that is in the answer, but neither in the reference nor in
    the question.
    """
    said, meant, asked = values(answer), values(reference), values(question)
    given_words = {word.casefold() for word in words(question)}
    needed = needed_values(reference, question)
    if not needed.quantities and not needed.names:
        lacking = content_words(reference) - content_words(question)
        return lacking <= content_words(answer) if lacking else _states_all(answer, reference)
    said_words = {word.casefold() for word in words(answer)}
    if not all(holds_quantity(said, quantity) for quantity in needed.quantities):
        return False
    if not needed.names <= said_words:
        return False
    return not _rival_said(said, meant, asked, given_words, needed, rivals)


def _states_all(answer: str, reference: str) -> bool:
    """Whether the answer holds every number and content word of the reference, or where it has
    none, its words."""
    said, meant, wanted = values(answer), values(reference), content_words(reference)
    if meant.quantities or wanted:
        held = all(holds_quantity(said, quantity) for quantity in meant.quantities)
        return held and wanted <= content_words(answer)
    plain, whole = (f" {' '.join(words(text)).casefold()} " for text in (reference, answer))
    return bool(plain.strip()) and plain in whole


def needed_values(reference: str, question: str) -> Values:
    """The numbers and names of the reference that the question does not give away."""
    meant, asked = values(reference), values(question)
    given = {word.casefold() for word in words(question)}
    return Values(
        frozenset(q for q in meant.quantities if not holds_quantity(asked, q)),
        frozenset(name for name in meant.names if name not in given),
    )


def holds_quantity(text: Values, quantity: tuple[str, str]) -> bool:
    """Whether the text has this number with the same unit, or where one of the two has none."""
    number, unit = quantity
    return any(
        number == own and (unit == own_unit or not unit or not own_unit)
        for own, own_unit in text.quantities
    )


@lru_cache(maxsize=4096)
def values(text: str) -> Values:
    """The numbers, with their units, and the names of a text; names in lower case."""
    return Values(
        frozenset(quantity for _, _, quantity in quantity_spans(text)),
        frozenset(name for _, _, name in name_spans(text)),
    )


def quantity_spans(text: str) -> list[tuple[int, int, tuple[str, str]]]:
    """(start, end, (number, unit)) of each number of a text with the unit that follows it."""
    found = []
    for match in _QUANTITY.finditer(text):
        unit = _unit(match["unit"] or "") or _unit(match["currency"] or "")
        written = match["number"]
        if written.casefold() == "one" and not unit:
            continue
        end = match.end() if _unit(match["unit"] or "") else match.end("number")
        number = numbers(_COMPOUND.sub(_compound, written).casefold())
        found += [(match.start(), end, (one, unit)) for one in number]
    return found


def name_spans(text: str) -> list[tuple[int, int, str]]:
    """(start, end, name) of each name of a text; the name in lower case."""
    found = []
    for start, end in sentence_spans(text):
        own = [(start + first, start + last) for first, last in word_spans(text[start:end])]
        for position, (first, last) in enumerate(own):
            word = text[first:last]
            figure = _unit(word.lstrip("0123456789.,")) and word[0].isdigit()  # 47min, 8kW
            mixed = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
            marked = not figure and (mixed or any(letter.isupper() for letter in word[1:]))
            followed = position + 1 < len(own) and text[own[position + 1][0]].isupper()
            capital = word[0].isupper() and len(word) > 1 and (position > 0 or followed)
            if (marked or capital) and word.casefold() not in STOP_WORDS:
                found.append((first, last, word.casefold()))
    return found


def _rival_said(
    said: Values,
    meant: Values,
    asked: Values,
    given_words: set[str],
    needed: Values,
    rivals: Iterable[str],
) -> bool:
    # What the answer says beyond the reference and the question.
    extra = frozenset(
        q for q in said.quantities if not holds_quantity(meant, q) and not holds_quantity(asked, q)
    )
    names = said.names - meant.names - given_words
    for rival in rivals:
        other = values(rival)
        if needed.quantities and any(holds_quantity(other, quantity) for quantity in extra):
            return True
        if needed.names and names & other.names:
            return True
    return False


def _unit(text: str) -> str:
    return _UNITS.get(text.casefold().replace(" ", ""), "")


def _compound(match: re.Match[str]) -> str:
    tens = 20 + 10 * _TENS.index(match[1].casefold())
    return str(tens + 1 + _ONES.index(match[2].casefold()))
