"""What to search for when a question leans on the conversation: "And in winter?", "How long is it?"

By rule, without a model: a question that points back (a pronoun without its noun, "the other one",
"what about") or that says too little by itself is searched with the question before it, and the
names of the last answer. A question that stands by itself takes nothing, so that a change
of topic stays one. The model's own prompt sees the turns as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.facts import STOP_WORDS, names, words
from assistant.prompts import NOT_IN_DOCUMENTS, PastTurn

_TURNS = 4
_CARRIED_WORDS = 8
_CARRIED_NAMES = 4

# Words that say how something is asked and not what about.
_LIGHT = STOP_WORDS | frozenset(
    "another anything bit both each either else exactly far first former good happen happens how "
    "instead last late latter long longer lot many need needs neither next often ok okay ones "
    "please really same second since so soon still such take takes tell thing things third too "
    "why without yes yet happened explain detail details again i'm it's what's that's let show "
    "give say says possible currently now work works working".split()
)
_SMALL_TALK = re.compile(
    r"(?:hello|hi|hey|hiya|good (?:morning|evening|afternoon|night|day)|thanks?|thank you|thx|ok|"
    r"okay|bye|goodbye|see you|yes|no|great|perfect|cool|nice|sorry|please|wow|got it|never ?mind|"
    r"how are you|who are you|what are you|what can you do|what is your name|are you|"
    r"what (?:time|day|date|year) is it)\b",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"(?:and|but|or|so|then|also|plus|what about|how about|what if|same for|even)\b", re.IGNORECASE
)
_OTHER = re.compile(
    r"\b(?:(?:the|an|any) ?other(?: ones?)?|the (?:first|second|third|last|next|same|former|latter|"
    r"bigger|smaller|larger|older|newer|cheaper)(?: ones?)?|(?:this|that|which|another|each) ones?)"
    r"(?=\W*$|\s+(?:is|are|was|were|do|does|did|can|could|has|have|will|would|should)\b)",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|those|these)\b"
    r"|\b(?:this|that)\b(?=\W*$|\s+(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would"
    r"|should|mean|means|take|takes|work|works|cost|costs|happen|happens|apply|applies|for|in|on|"
    r"with|to|at|by|from|so|too|also)\b)",
    re.IGNORECASE,
)
# "it" that stands for nothing, as in "is it safe to ...".
_EMPTY_IT = re.compile(
    r"\b(?:is|was|would|will) it (?:be )?(?:[\w-]+ )?(?:\w+ly )?[\w-]+ (?:to|that|if|for)\b"
    r"|\bis it true\b",
    re.IGNORECASE,
)
_ANTECEDENT = re.compile(
    r"\b(?:the|an?|my|our|your|each|every|this|that|these|those|some|any)\s+(?!other\b|one\b)[\w-]+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What to search for.

    query: the first search. fallback: searched where the first finds nothing relevant, "" for
    none. own_words: whether the documents have to hold a word of the question itself before words
    that were carried over may find anything; where they hold none, they do not say.
    """

    query: str
    fallback: str = ""
    own_words: bool = False

    @property
    def wording(self) -> str:
        """The question with all that it leans on, for whoever reads it without the turns."""
        return max(self.query, self.fallback, key=len)


def search_plan(question: str, history: Sequence[PastTurn]) -> SearchPlan:
    """How to search for a question asked after these turns, the oldest first."""
    if not history or is_small_talk(question):
        return SearchPlan(question)
    carried = _carried(history, question)
    if not carried:
        return SearchPlan(question)
    condensed = f"{carried} {question.strip()}"
    said = bool(telling_words(question))
    if points_back(question):
        return SearchPlan(condensed)
    if _LEADING.match(question.strip()):
        return SearchPlan(condensed, fallback=question, own_words=said)
    if len(telling_words(question)) <= 1:
        return SearchPlan(question, fallback=condensed, own_words=said)
    return SearchPlan(question)


def is_small_talk(question: str) -> bool:
    """A greeting, thanks or a word about the assistant itself: it is never about a document."""
    text = question.strip()
    match = _SMALL_TALK.match(text)
    return match is not None and len(telling_words(text[match.end() :])) <= 1


def points_back(question: str) -> bool:
    """Whether it has a pronoun, or "the other one", whose noun is not in the question."""
    if _OTHER.search(question):
        return True
    if _EMPTY_IT.search(question):
        return False
    match = _PRONOUN.search(question)
    return match is not None and not _names_something(question[: match.start()])


def telling_words(question: str) -> list[str]:
    """Its words that say what it is about, as they stand, each once."""
    found = (word for word in words(question) if word.lower() not in _LIGHT)
    return list(dict.fromkeys(found))


def _names_something(before: str) -> bool:
    """Whether what stands before a pronoun has a noun that it could mean."""
    return bool(_ANTECEDENT.search(before)) or bool(names(f"x {before}") - names("x What How"))


def _carried(history: Sequence[PastTurn], question: str) -> str:
    """The last question that stood by itself, as it was asked, the telling words of the follow-ups
    since, and the names of the last answer; what was asked is worded better than its words alone.
    """
    subject, since = "", list[str]()
    for turn in history[-_TURNS:]:
        if is_small_talk(turn.question):
            continue
        own = telling_words(turn.question)
        if subject and (_leans(turn.question) or len(own) <= 1):
            since += own
        else:
            subject, since = turn.question.strip(), []
    answer = history[-1].answer
    named = [] if NOT_IN_DOCUMENTS in answer else _names_in_order(answer)
    held = {word.lower() for word in words(f"{subject} {question}")}
    chosen = _once((*since[-_CARRIED_WORDS:], *named[:_CARRIED_NAMES]))
    return " ".join([subject, *(word for word in chosen if word.lower() not in held)]).strip()


def _leans(question: str) -> bool:
    return points_back(question) or _LEADING.match(question.strip()) is not None


def _names_in_order(text: str) -> list[str]:
    known = names(text)
    return [word for word in words(text) if word.lower() in known]


def _once(found: Iterable[str]) -> list[str]:
    return list({word.lower(): word for word in found}.values())
