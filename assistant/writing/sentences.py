"""Facts that single sentences state as a whole: definitions and dates.

The rules know the shapes of sentences and nothing of their subject. They prefer to pass a fact over
to asking for it wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from assistant.facts import words
from assistant.writing.candidates import WrittenFact
from assistant.writing.clauses import Clause, shortened
from assistant.writing.grammar import inner

LONGEST_ANSWER = 32  # words

_PRONOUNS = frozenset(
    "it its this that these those they their he she his her we our you your i my there here such "
    "both most some others another otherwise then so but and or if when where while after before "
    "because although however also above below yes no".split()
)
_NO_SUBJECT = frozenset(
    "with in on at by for from to of under over after before during one".split()
)
_POINTING = frozenset("this that these those its their his her our it them here there".split())
_DEFINITION = re.compile(
    r"^(?P<subject>(?:(?:The|A|An) )?[\w’'-]+(?: (?!(?:is|are)\b)[\w’'-]+){0,5}) (?P<verb>is|are) "
    r"(?P<value>(?:an?|the|one of|made) .+)$"
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DATE = re.compile(
    r"\b(?P<before>on|in|since|until|from|by) (?P<date>"
    rf"\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{1,2}}, \d{{4}}|"
    rf"(?P<month>{_MONTH} \d{{4}})|"
    r"(?P<year>1[5-9]\d\d|20\d\d))\b"
)


def stands_alone(sentence: str) -> bool:
    """Whether it is a whole sentence that does not lean on the one before it."""
    own = words(sentence)
    return (
        len(own) >= 4
        and sentence[0].isupper()
        and sentence[-1] in ".!"
        and own[0].casefold() not in _PRONOUNS
    )


def definition_facts(sentence: str) -> Iterator[WrittenFact]:
    """What a whole sentence says that something is."""
    match = _DEFINITION.match(sentence)
    if match is None or len(words(sentence)) > LONGEST_ANSWER:
        return
    own = [word.casefold() for word in words(match["subject"])]
    if own[0] in _NO_SUBJECT or not _POINTING.isdisjoint(own):
        return
    subject, verb = inner(match["subject"]), match["verb"]
    yield WrittenFact(
        match["value"],
        sentence,
        (
            f"What {verb} {subject}?",
            f"Can you tell me what {subject} {verb}?",
            f"How would you describe {subject}?",
            f"Please explain what {subject} {verb}.",
            f"What should one know about {subject}?",
        ),
        "definition",
        subject,
    )


def date_facts(clause: Clause) -> Iterator[WrittenFact]:
    """The date in the rest of a clause whose subject says what it is."""
    match = _DATE.search(clause.rest)
    if match is None or clause.kind == "order":
        return
    short = replace(shortened(clause, match.end()), before="")
    if len(words(short.text)) > LONGEST_ANSWER:
        return
    left = f"{short.rest[: match.start()]} {short.rest[match.end() :]}"
    kind = "year" if match["year"] else "month and year" if match["month"] else "date"
    yield WrittenFact(
        match["date"],
        short.text,
        (
            short.asked("when", left),
            *(
                (short.asked("when", left.split()[0]),)
                if clause.kind == "be" and left.split()
                else ()
            ),
            f"Do you know {short.told('when', left)}?",
            short.asked(f"{match['before']} which {kind}", left),
            short.asked(f"{match['before']} what {kind}", left),
        ),
        "date",
        inner(clause.subject),
        reverse=(f"What {clause.verb} {short.rest}?",) if clause.kind in ("be", "past") else (),
    )
