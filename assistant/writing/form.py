"""Whether a question reads like one: cheap checks that catch what templates get wrong."""

from __future__ import annotations

import re

from assistant.facts import words

_FEWEST, _MOST = 3, 40  # words

_FUNCTION = (
    "with|without|in|at|on|for|from|of|by|after|before|if|when|while|because|which|that|what|than|"
    "and|or|but|as"
)
_AFTER_DO = re.compile(rf"\b(?:does|did) (?:{_FUNCTION}|is|are|was|were|has)\b", re.IGNORECASE)
_TWO_VERBS = re.compile(
    r"\b(?:does|do|did|can|may|must|should|will) "
    r"(?:(?!when|if|where|while|who|that|which|what|until|because)[\w’'-]+ ){0,8}"
    r"(?:is|are|was|were)\b[^,]*\?$"
)
_LOST_CAPITAL = re.compile(
    r"(?<=[\w,;] )(?:Without|With|In|At|If|When|While|The|An|It|Its|This|That|These|Those|For|From|"
    r"After|Before|As|To|On|By|You|Your|They|Their|There|Each|Every|All|Most|Some|Both)\b"
)
_DANGLING = re.compile(
    r"\b(?:the|an?|and|or|but|than|which|its|their|is about|every|,)\s*[?.]$", re.IGNORECASE
)
_BROKEN_OFF = re.compile(r"\b(?:an?|and|by|for|from|of|or|than|the|with)\.$")
_LEANING = re.compile(
    r"\b(?:does|do|did|is|are|was|were|can|could|will|may|must|should|has|have) "
    r"(?:it|they|he|she|this|these|those|them)\b(?! \w+’?s?\b(?<=year|time|case))",
    re.IGNORECASE,
)
_DOUBLED = re.compile(r"\b(\w+) \1\b(?<!\bhad had)(?<!\bthat that)", re.IGNORECASE)
_POINTING = re.compile(
    r"\b(?:this|the|that|given|following|provided|above) (?:passage|text|excerpt|paragraph|"
    r"extract|snippet|context|document)\b(?! of\b)|"
    r"\b(?:above|below|mentioned|stated|described|given|shown) (?:here|above|below)\b|"
    r"\b(?:in|from) (?:this|the above|the following)\b(?= ?[?,.])|\bas follows\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|‘[^’]*’")


def points_at_passage(question: str) -> bool:
    """Whether it leans on a text in front of whoever asks: "this passage", "mentioned above"."""
    return _POINTING.search(_QUOTED.sub("", question)) is not None


def broken_off(answer: str) -> bool:
    """Whether an answer ends where its sentence goes on."""
    return unbalanced(answer) or _BROKEN_OFF.search(answer) is not None


def unbalanced(text: str) -> bool:
    """Whether a bracket or quotation mark stays open, as where a sentence was cut in two."""
    paired = any(text.count(left) != text.count(right) for left, right in ("()", "“”", "[]"))
    return paired or text.count('"') % 2 == 1


def badly_formed(question: str) -> str:
    """What is wrong with the form of a question, in words; "" where nothing was found."""
    said = _QUOTED.sub("it all", question)
    count = len(words(question))
    if not _FEWEST <= count <= _MOST:
        return "too short" if count < _FEWEST else "too long"
    if not (question[0].isupper() or question[0] in "“\"'‘" or question[0].isdigit()):
        return "no capital at its beginning"
    if question[-1] not in "?." or "\n" in question or "??" in question:
        return "no end of a question"
    if unbalanced(question):
        return "an open bracket or quotation mark"
    faults = (
        (_AFTER_DO, "a verb without its subject"),
        (_LOST_CAPITAL, "the beginning of a sentence in its middle"),
        (_DANGLING, "an end that is none"),
        (_LEANING, "a pronoun for something that it does not name"),
        (_DOUBLED, "a word twice"),
        (_TWO_VERBS, "two verbs"),
    )
    for pattern, fault in faults:
        if pattern.search(said):
            return fault
    return ""
