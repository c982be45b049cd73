"""The checkable parts of a text: its numbers and its names.

An answer is held against a passage or a reference by these: a sentence with a number or a name
that the other text lacks is not supported by it, however alike the words are.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?<![\w.,])[-+]?\d+(?:[.,:]\d+)*(?![\d])")
_WORD = re.compile(r"[^\W_]+(?:[-'’&.][^\W_]+)*", re.UNICODE)
_POSSESSIVE = re.compile(r"[’']s$")
_SENTENCE = re.compile(r"[^\s].*?(?:[.!?]+[\"')\]]*(?=\s|$)|\n|$)", re.DOTALL)
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|approx|no|nos|vs|dr|mr|mrs|ms|st|fig|p|pp|ca|min|max)\.$", re.I
)

_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
    "hundred": "100",
}

STOP_WORDS = frozenset(
    "a about after all also an and any are as at be been before but by can could did do does "
    "for from had has have he her his how i if in into is it its itself just may me more most "
    "much must my no not of on one only or other our out over own per she should so some such "
    "than that the their them then there these they this those to up use used using very was "
    "we were what when where which while who whom whose why will with would you your".split()
)


def words(text: str) -> list[str]:
    """The words of a text as they stand, without a possessive ending."""
    return [text[start:end] for start, end in word_spans(text)]


def word_spans(text: str) -> list[tuple[int, int]]:
    """Character spans of the words of a text, without a possessive ending."""
    return [
        (match.start(), match.start() + len(_POSSESSIVE.sub("", match.group())))
        for match in _WORD.finditer(text)
    ]


def numbers(text: str) -> frozenset[str]:
    """The numbers of a text in one form: "1,250" and "1250", "1.80" and "1.8", "two" and "2"."""
    found = {_plain_number(match.group()) for match in _NUMBER.finditer(text)}
    found |= {_NUMBER_WORDS[word] for word in text.lower().split() if word in _NUMBER_WORDS}
    return frozenset(found)


def names(text: str) -> frozenset[str]:
    """The names of a text, in lower case: capitalised words that do not merely begin a sentence,
    and words that mix letters with digits or capitals ("E47", "AquaLoop")."""
    found = set()
    for start, end in sentence_spans(text):
        for position, word in enumerate(words(text[start:end])):
            marked = any(letter.isupper() for letter in word[1:]) or (
                any(letter.isdigit() for letter in word) and any(map(str.isalpha, word))
            )
            capital = word[0].isupper() and position > 0 and len(word) > 1
            if (marked or capital) and word.lower() not in STOP_WORDS:
                found.add(word.lower())
    return frozenset(found)


def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, in lower case, plural and verb endings cut off; no numbers."""
    lower = (word.lower() for word in words(text))
    return frozenset(_stem(w) for w in lower if w not in STOP_WORDS and not w.isdigit())


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Character spans of the sentences of a text, without the space around them."""
    spans: list[tuple[int, int]] = []
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        while end > start and text[end - 1].isspace():
            end -= 1
        if end == start:
            continue
        if spans and _ABBREVIATION.search(text, spans[-1][0], spans[-1][1]):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _plain_number(text: str) -> str:
    text = text.lstrip("+")
    if re.fullmatch(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        text = text.replace(",", "")
    elif re.fullmatch(r"-?\d+,\d+", text):
        text = text.replace(",", ".")
    if re.fullmatch(r"-?\d+\.\d+", text):
        text = text.rstrip("0").rstrip(".")
    return text


def _stem(word: str) -> str:
    for ending, least in (("ing", 6), ("ies", 5), ("ed", 5), ("es", 5), ("s", 4)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word
