"""Facts that can be read off a passage by rule, each with several ways to ask for it.

The rules know the shapes in which documents state facts (tables, questions with answers,
definitions, figures with units, dates, headings) and nothing of their subject. They prefer to pass
a fact over to asking for it wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.facts import sentence_spans, words
from assistant.writing.candidates import WrittenFact
from assistant.writing.sentence_rules import (
    LONGEST_ANSWER,
    capital,
    lowered,
    sentence_facts,
    stands_alone,
)
from retrieval.documents import Passage

_VAGUE_HEADINGS = frozenset("introduction overview contents summary general notes note".split())

_CELL = re.compile(r";\s+(?=[^:;\n]{1,48}:\s)")
_COLUMN = re.compile(r"[^.,;:()\n]{1,40}")
_LONGEST_ROW = 600  # characters
_WEAK_COLUMN = re.compile(r"(?:what|how|who|when|where|why|which)\b", re.IGNORECASE)
_QUESTION_LINE = re.compile(
    r"^Q(?:uestion)?\s*[:.]\s*(?P<question>[^\n]+\?)\s*\n+A(?:nswer)?\s*[:.]\s*(?P<answer>[^\n]+)",
    re.MULTILINE,
)


def written_facts(passage: Passage, begins_section: bool) -> list[WrittenFact]:
    """The facts that the rules find in a passage, those that a question would give away left out.

    begins_section: whether it holds the first sentence under its heading.
    """
    found = list(_table_facts(passage.text))
    found += _faq_facts(passage, begins_section)
    prose = "\n".join(line for line in passage.text.splitlines() if len(_cells(line)) < 2)
    heading = passage.heading_path[-1] if passage.heading_path else ""
    for start, end in sentence_spans(prose):
        sentence = " ".join(prose[start:end].split())
        if stands_alone(sentence):
            found += sentence_facts(sentence, heading)
    if begins_section:
        found += _heading_facts(prose, heading)
    return [kept for fact in found if len((kept := _fair(fact)).wordings) > 0]


def _table_facts(text: str) -> Iterator[WrittenFact]:
    """Rows that loaders render as "Column: cell; Column: cell"."""
    for line in text.splitlines():
        cells = _cells(line)
        if len(cells) < 2:
            continue
        (key_column, key), *others = cells
        described = len(words(others[0][1])) > 1 and not _WEAK_COLUMN.match(others[0][0])
        if described and any(map(str.isdigit, key)):  # a code first, then what it stands for
            name_column, name = others[0]
            yield WrittenFact(
                name,
                f"{key} is {name}.",
                (
                    f"What is {key}?",
                    f"Which {lowered(name_column)} has the {lowered(key_column)} {key}?",
                    f"What does the {lowered(key_column)} {key} stand for?",
                    f"Tell me what {key} is.",
                ),
                "table",
                name,
            )
            yield from (_cell_fact(key_column, key, name, *cell) for cell in others[1:])
        else:
            yield from (_cell_fact(key_column, key, "", *cell) for cell in others)


def _cell_fact(key_column: str, key: str, name: str, column: str, value: str) -> WrittenFact:
    column, whose = lowered(column), f"{name} ({key})" if name else key
    keyed = f"{lowered(key_column)} {key}"
    if _WEAK_COLUMN.match(column):
        return WrittenFact(
            value,
            f"For {keyed}, {column}: {value.rstrip('.')}.",
            (
                f"For {keyed}: {column}?",
                f"{capital(column)} when it is {keyed}?",
                f"I have {keyed}. Can you tell me {column}?",
                f"{key}: {column}?",
            ),
            "table",
            key,
        )
    asked = name or key
    return WrittenFact(
        value,
        f"The {column} of {whose} is {value.rstrip('.')}.",
        (
            f"What is the {column} of {asked}?",
            f"Which {column} belongs to {key}?",
            f"Tell me the {column} for {keyed}.",
            f"{asked}: what {column} is given?",
            f"I am looking for the {column} of {asked}. What is it?",
        ),
        "table",
        asked,
    )


def _faq_facts(passage: Passage, begins_section: bool) -> Iterator[WrittenFact]:
    """A heading that asks, and lines of Q and A."""
    pairs = [(m["question"], m["answer"]) for m in _QUESTION_LINE.finditer(passage.text)]
    heading = passage.heading_path[-1] if passage.heading_path else ""
    if begins_section and heading.endswith("?"):
        pairs.append((heading, passage.text))
    for question, text in pairs:
        answer = _first_words(text)
        if answer:
            asked = capital(question)
            wordings = (
                asked,
                f"Can you tell me: {lowered(question)}",
                f"I wanted to ask: {lowered(question)}",
                f"People ask: {asked} What is the answer?",
            )
            yield WrittenFact(answer, answer, wordings, "faq")


def _heading_facts(prose: str, heading: str) -> Iterator[WrittenFact]:
    """What stands first under a heading."""
    if not heading or heading.endswith("?") or heading.casefold() in _VAGUE_HEADINGS:
        return
    answer = _first_words(prose)
    if not answer or not stands_alone(answer):
        return
    topic = heading.rstrip(".")
    yield WrittenFact(
        answer,
        answer,
        (
            f"What do the documents say about “{topic}”?",
            f"Tell me about “{topic}”.",
            f"What should I know about “{topic}”?",
            f"I have a question on the subject of “{topic}”. What is written there?",
        ),
        "heading",
    )


def _fair(fact: WrittenFact) -> WrittenFact:
    """The fact without the wordings that hold what is asked for."""
    value = fact.value.casefold().rstrip(".")
    kept = tuple(w for w in dict.fromkeys(fact.wordings) if value not in w.casefold())
    return WrittenFact(fact.value, fact.answer, kept, fact.method, fact.subject)


def _cells(line: str) -> list[tuple[str, str]]:
    """Column and cell of a table row as a line; [] for other lines."""
    if ": " not in line or len(line) > _LONGEST_ROW:
        return []
    pairs = [part.partition(": ") for part in _CELL.split(line.strip())]
    prose = any(
        not sep or not _COLUMN.fullmatch(column) or ". " in cell for column, sep, cell in pairs
    )
    if prose:
        return []
    return [(column.strip(), cell.strip()) for column, _, cell in pairs if cell.strip()]


def _first_words(text: str) -> str:
    """The first sentence, with the second where the first says little; "" where they are long."""
    spans = sentence_spans(text)
    chosen = ""
    for start, end in spans[:2]:
        chosen = f"{chosen} {' '.join(text[start:end].split())}".strip()
        if len(words(chosen)) >= 6:
            break
    fits = 4 <= len(words(chosen)) <= LONGEST_ANSWER
    return chosen if fits and chosen[-1] in ".!" else ""
