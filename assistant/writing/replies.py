"""What a model replied, cut down to the question or the answer in it, or why there is none."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from assistant.facts import content_words, names, numbers, sentence_spans, words
from assistant.prompts import NOT_IN_DOCUMENTS
from assistant.writing.form import points_at_passage

Fault = Literal[
    "no reply",
    "an empty reply",
    "an endless reply",
    "no question in the reply",
    "repeats the passage",
    "points at the passage",
    "asks nothing of the passage",
    "changes the question",
    "finds no answer",
    "too long for the model",
]

_LONGEST_QUESTION, _LONGEST_ANSWER = 40, 60  # words
_LONGEST_REPLY = 4000  # characters, of which more would hold nothing that is wanted
_COPIED = 14  # words in a row that a question may share with its passage
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[a-z]*\n?", re.IGNORECASE)
_MARKS = re.compile(r"</?passage\b[^>]*>?|<\|[^|<>\n]{1,40}\|>", re.IGNORECASE)
_LABEL = re.compile(
    r"^(?:[-*•]\s+|\(?\d{1,2}[.):]\s+)*(?:(?:the )?(?:new |rewritten |revised )?"
    r"(?:question|answer|q|a|paraphrase|rewrite)(?: \d+)?\s*:\s*)?",
    re.IGNORECASE,
)
_PREAMBLE = re.compile(
    r"^(?:sure|certainly|of course|okay|ok|absolutely|great|here (?:is|are|'s|’s)|here’s|"
    r"based on|according to the passage|the (?:question|answer)(?: to the question)? is)"
    r"\b[^.!?\n]*?[:!,.]\s*",
    re.IGNORECASE,
)
_FIELDS = {"question": ("question", "q", "text"), "answer": ("answer", "a", "text", "response")}
_PAIRS = {'"': '"', "“": "”", "‘": "’", "'": "'", "*": "*", "«": "»", "„": "“"}
_UNKNOWN = re.compile(
    r"\b(?:passage|text|documents?)\b[^.]{0,30}\b(?:does not|doesn.t|do not|don.t)\b[^.]{0,20}"
    r"\b(?:say|mention|state|contain|provide|specify)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Read:
    """What was found in a reply: the text, or the fault where there is none."""

    text: str = ""
    fault: Fault | None = None


def read_question(reply: str, passage: str, truncated: bool = False) -> Read:
    """The first question of a reply, without preamble, label, quotation marks or JSON.

    passage: what it was written from. truncated: the reply ended at the limit of tokens.
    """
    text = _plain(reply, "question")
    if not text:
        return Read(fault="an empty reply")
    for line in filter(None, map(str.strip, text.splitlines())):
        for start, end in sentence_spans(line):
            question = _stripped(line[start:end])
            if question.endswith(("?", "？")) and len(words(question)) >= 3:
                return _checked(question, passage)
    if truncated:
        return Read(fault="an endless reply")
    copied = _shared_run(text, passage) > _COPIED
    return Read(fault="repeats the passage" if copied else "no question in the reply")


def read_answer(reply: str, passage: str, truncated: bool = False) -> Read:
    """The first sentence of a reply, with a second where the first says little."""
    text = " ".join(_plain(reply, "answer").split())
    if not text:
        return Read(fault="an empty reply")
    spans = sentence_spans(text)
    if truncated and len(spans) == 1 and text[-1] not in ".!?":
        return Read(fault="an endless reply")
    answer = _stripped(text[slice(*spans[0])])
    if len(content_words(answer)) < 2 and len(spans) > 1 and not numbers(answer):
        answer = f"{answer} {text[slice(*spans[1])]}".strip()
    refuses = answer.rstrip(".").casefold() == NOT_IN_DOCUMENTS.rstrip(".").casefold()
    if refuses or _UNKNOWN.search(answer) or not words(answer):
        return Read(fault="finds no answer")
    if len(words(answer)) > _LONGEST_ANSWER:
        repeats = _shared_run(answer, passage) > _LONGEST_ANSWER // 2
        return Read(fault="repeats the passage" if repeats else "an endless reply")
    return Read(answer if answer[-1] in ".!?" else f"{answer}.")


def read_paraphrase(reply: str, question: str, passage: str, truncated: bool = False) -> Read:
    """A question in other words; one that lost or gained a name or a number is another question."""
    read = read_question(reply, passage, truncated)
    if read.fault:
        return read
    same = numbers(read.text) == numbers(question)
    # A name at the beginning of a question is not seen as one, so the words are asked too.
    known = {word.casefold() for word in words(question)}
    lost = names(question) - {word.casefold() for word in words(read.text)}
    if not same or lost or names(read.text) - known:
        return Read(fault="changes the question")
    return read


def _checked(question: str, passage: str) -> Read:
    if len(words(question)) > _LONGEST_QUESTION or _shared_run(question, passage) > _COPIED:
        return Read(fault="repeats the passage")
    if points_at_passage(question):
        return Read(fault="points at the passage")
    return Read(question[0].upper() + question[1:])


def _plain(reply: str, wanted: str) -> str:
    """The reply without thoughts, fences, marks and JSON around what is wanted."""
    text = _THOUGHT.sub("", reply)[:_LONGEST_REPLY].replace("**", "")
    text = _MARKS.sub(" ", _FENCE.sub("", text)).strip()
    return _stripped(_field(text, wanted))


def _field(text: str, wanted: str) -> str:
    """What a JSON reply has for it; the text itself where it is none."""
    start = min((at for mark in "{[" if (at := text.find(mark)) >= 0), default=-1)
    if start < 0:
        return text
    try:
        value, _ = json.JSONDecoder().raw_decode(text[start:])
    except ValueError:
        return text
    found = _first(value, _FIELDS[wanted])
    return found if found else text


def _first(value: Any, fields: tuple[str, ...]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return next((found for one in value if (found := _first(one, fields))), "")
    if isinstance(value, dict):
        lower = {str(key).lower(): one for key, one in value.items()}
        named = [lower[name] for name in fields if name in lower]
        return next(
            (found for one in named or lower.values() if (found := _first(one, fields))), ""
        )
    return ""


def _stripped(text: str) -> str:
    """The text without a preamble, a label and quotation marks around it."""
    before = None
    text = text.strip()
    while text != before:
        before = text
        text = _LABEL.sub("", _PREAMBLE.sub("", text)).strip()
        if len(text) > 1 and _PAIRS.get(text[0]) == text[-1]:
            text = text[1:-1].strip()
        elif text and text[0] in _PAIRS and not {text[0], _PAIRS[text[0]]} & set(text[1:]):
            text = text[1:].strip()
    return text


def _shared_run(text: str, passage: str) -> int:
    """Words of the longest stretch that the two have in common."""
    said = [word.casefold() for word in words(text)]
    known = f" {' '.join(word.casefold() for word in words(passage))} "
    longest = 0
    for start in range(len(said)):
        while (end := start + longest + 1) <= len(said):
            if f" {' '.join(said[start:end])} " not in known:
                break
            longest += 1
    return longest
