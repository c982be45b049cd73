"""What is written before anything is kept: facts with their wordings, and single candidates."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.records import content_hash
from retrieval.documents import Passage


@dataclass(frozen=True, slots=True)
class WrittenFact:
    """Something a passage states.

    value: what is asked for, a stretch of the passage; no question may hold it. answer: a sentence
    that the passage supports. wordings: the ways to ask, the plainest first. subject: whom or what
    it is about. evidence: the passage's own words for it, "" where the answer repeats them.
    reverse: questions that name the value and ask for what it belongs to.
    """

    value: str
    answer: str
    wordings: tuple[str, ...]
    method: str
    subject: str = ""
    evidence: str = ""
    reverse: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question with its answer, before the filters.

    span: where the evidence begins and ends in the passage's text, in characters. fact: the key
    that all wordings of one fact share. value: what is asked for, "" where that is not known; a
    question that holds it gives the answer away. reverse: it names the value, and asks for the
    subject.
    """

    question: str
    answer: str
    passage: Passage
    span: tuple[int, int]
    method: str
    fact: str
    subject: str = ""
    value: str = ""
    reverse: bool = False


def fact_key(passage: Passage, method: str, answer: str) -> str:
    """Names a fact over all its wordings."""
    return content_hash([passage.document, method, answer])[:16]


def evidence_span(passage: Passage, evidence: str) -> tuple[int, int]:
    """Where the evidence stands in the passage's text, whatever its white space; the whole text
    where it is not found."""
    at = passage.text.find(evidence)
    if evidence and at >= 0:
        return at, at + len(evidence)
    places: list[int] = []
    plain: list[str] = []
    for place, letter in enumerate(passage.text):
        if not letter.isspace():
            plain.append(letter)
        elif plain and plain[-1] != " ":
            plain.append(" ")
        else:
            continue
        places.append(place)
    wanted = " ".join(evidence.split())
    at = "".join(plain).find(wanted) if wanted else -1
    return (places[at], places[at + len(wanted) - 1] + 1) if at >= 0 else (0, len(passage.text))
