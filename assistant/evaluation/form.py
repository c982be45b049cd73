"""The form of an answer: whether it goes round in circles, refuses, or is no answer at all."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from assistant.evaluation.holding import tokens
from assistant.facts import sentence_spans
from assistant.prompts import NOT_IN_DOCUMENTS

LONGEST_WORDS = 300
"""Words from which an answer is off-format: one or two sentences are asked for."""

_LONGEST_LOOP = 24  # words that are looked for again right after themselves
_LEAKED = re.compile(
    r"<\|?/?\s*(?:passage|im_start|im_end|system|user|assistant|endoftext)|\[/?INST\]|"
    r"Passages from the documents:",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:documents?|passages?|context|text|manual|information)\b[^.!?]{0,40}\b(?:do(?:es)? not|"
    r"don.t|doesn.t|did not)\b[^.!?]{0,20}\b(?:say|mention|state|contain|include|provide|"
    r"specify|tell)\b|"
    r"\bI (?:do not|don.t|cannot|can.t|could not|couldn.t|am not able to|am unable to)\b"
    r"[^.!?]{0,30}\b(?:know|find|answer|help|have)\b|\bno (?:information|mention)\b|"
    r"\bnot (?:mentioned|stated|specified) in\b",
    re.IGNORECASE,
)


def refusal(text: str) -> str:
    """The words by which the first sentence refuses to answer; "" where it does not."""
    spans = sentence_spans(text)
    first = text[slice(*spans[0])] if spans else ""
    if first.rstrip(".").casefold() == NOT_IN_DOCUMENTS.rstrip(".").casefold():
        return first
    return first if _REFUSAL.search(first) else ""


def loop(text: str) -> tuple[str, int]:
    """The stretch that is said again and again, and how often; ("", 0) where none is.

    Three or more words three times in a row, one or two words five times, or one sentence of three
    or more words three times anywhere.
    """
    said = tokens(text)
    for length in range(1, _LONGEST_LOOP + 1):
        needed = 5 if length <= 2 else 3
        run = 0
        for place in range(len(said) - length):
            run = run + 1 if said[place] == said[place + length] else 0
            if run >= length * (needed - 1):
                return _stretch(said, place - run + 1, length)
    sentences = Counter(" ".join(tokens(text[start:end])) for start, end in sentence_spans(text))
    for sentence, count in sentences.most_common(1):
        if count >= 3 and len(sentence.split()) >= 3:
            return sentence, count
    return "", 0


def off_format(text: str, question: str, truncated: bool) -> str:
    """What keeps the text from being an answer, as a sentence; "" where nothing does."""
    if leaked := _LEAKED.search(text):
        return f"It writes the marks of the prompt (“{leaked.group().strip()}”)."
    if tokens(text) == tokens(question):
        return "It only repeats the question."
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    if sentences and all(sentence.endswith(("?", "？")) for sentence in sentences):
        return "It asks in place of answering."
    if truncated:
        return "It was cut off at the limit of new tokens before it gave the answer."
    count = len(tokens(text))
    if count > LONGEST_WORDS:
        return f"It has {count:,} words, where one or two sentences are asked for."
    own, wanted = _script(text), _script(question)
    if own and wanted and own != wanted:
        return f"It is written in {own} letters, the question in {wanted} ones."
    return ""


def _stretch(said: list[str], start: int, length: int) -> tuple[str, int]:
    part = said[start : start + length]
    count = 1
    while said[start + count * length : start + (count + 1) * length] == part:
        count += 1
    return " ".join(part), count


def _script(text: str) -> str:
    """The script of most letters, as Unicode names it ("Latin"); "" where there are few letters."""
    letters = [letter for letter in text[:2000] if letter.isalpha()]
    scripts = (unicodedata.name(letter, "").partition(" ")[0] for letter in letters)
    counts = Counter("CJK" if one in ("HIRAGANA", "KATAKANA") else one for one in scripts)
    if len(letters) < 3 or not counts:
        return ""
    name, count = counts.most_common(1)[0]
    return (
        (name if name == "CJK" else name.capitalize()) if name and count > len(letters) / 2 else ""
    )
