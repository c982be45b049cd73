"""Questions put into groups by rules that anyone can follow: by what they ask for, and by topic."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from assistant.facts import content_words, words

OTHER = "other"

_AUXILIARY = (
    "is|are|was|were|am|do|does|did|can|could|may|might|must|should|shall|will|would|has|have|had"
)
_TYPES = (
    (
        "how many",
        r"\bhow (?:many|much|long|often|far|big|large|small|tall|high|wide|deep|heavy|hot|"
        r"cold|fast|old|late|early|soon|loud)\b|\bwhat (?:\w+ ){0,3}(?:number|amount|quantity|"
        r"percentage|price|fee|cost|temperature|capacity|size|weight|volume|length|height|duration)\b",
    ),
    ("when", r"\bwhen\b|\b(?:what|which) (?:day|date|month|year|century|time)\b"),
    ("who", r"\b(?:who|whom|whose)\b"),
    ("where", r"\bwhere\b|\b(?:what|which) (?:city|town|country|place|street|office)\b"),
    ("why", r"\bwhy\b"),
    ("which", r"\bwhich\b"),
    ("yes or no", rf"^\W*(?:{_AUXILIARY})\b"),
    ("how", r"\bhow\b"),
    ("what", r"\bwhat\b"),
)
_PATTERNS = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _TYPES]
TYPES = (*(name for name, _ in _TYPES), OTHER)

_NO_TOPICS = frozenset(
    "many much long often far big large small tall high wide deep heavy hot cold fast old late "
    "early soon name nam give tell say call kind sort thing let get mean".split()
)
_MOST_TOPICS = 12
_TOO_COMMON = 0.5  # share of the questions from which a word tells no topic
_FEW = 5  # questions, below which no word is too common


def question_type(question: str) -> str:
    """What a question asks for, one of `TYPES`: the first of them whose words it holds.

    The words are English; a question in another language is of the type `other`.
    """
    polite = re.sub(
        r"^\W*(?:(?:can|could|would) you (?:please )?(?:tell|say)|do you know)\b",
        "",
        question,
        flags=re.IGNORECASE,
    )
    return next((name for name, pattern in _PATTERNS if pattern.search(polite)), OTHER)


def topics(questions: Sequence[str]) -> list[str]:
    """A topic for each question: a word that it shares with others, or `other`.

    The word that most questions hold is the first topic and takes them, the word that most of the
    rest hold is the next, and so on, to twelve. A word that more than half of all questions hold
    tells them apart from nothing and is no topic.
    """
    meanings = {question: content_words(question) for question in set(questions)}
    repeats = Counter(questions)
    frequency: Counter[str] = Counter()
    holders: dict[str, set[str]] = defaultdict(set)
    for question, own in meanings.items():
        for word in own - _NO_TOPICS:
            frequency[word] += repeats[question]
            holders[word].add(question)
    most = len(questions) * _TOO_COMMON if len(questions) >= _FEW else len(questions)
    left = {word: own for word, own in holders.items() if 2 <= frequency[word] <= most}
    topic: dict[str, str] = {}
    for _ in range(_MOST_TOPICS):
        sizes = {word: sum(repeats[one] for one in own) for word, own in left.items()}
        word = max(sizes, key=lambda one: (sizes[one], one), default="")
        if not word or sizes[word] < 2:
            break
        taken = left.pop(word)
        topic |= dict.fromkeys(taken, _as_written(word, taken))
        left = {other: own - taken for other, own in left.items()}
    return [topic.get(question, OTHER) for question in questions]


def _as_written(stem: str, questions: set[str]) -> str:
    """The form of a word that these questions use most."""
    forms = Counter(
        word.lower()
        for question in questions
        for word in words(question)
        if content_words(word) == {stem}
    )
    return max(forms, key=lambda form: (forms[form], -len(form), form), default=stem)
