"""Facts that can be read off a passage by rule, each with several ways to ask for it.

The rules know the shapes in which documents state facts (tables, questions with answers,
definitions, figures with units, dates, headings) and nothing of their subject. They prefer to pass
a fact over to asking for it wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.facts import sentence_spans, words
from retrieval.documents import Passage

_LONGEST_ANSWER = 32  # words

_PRONOUNS = frozenset(
    "it its this that these those they their he she his her we our you your i my there here such "
    "both most some others another otherwise then so but and or if when where while after before "
    "because although however also above below yes no".split()
)
_PREPOSITIONS = frozenset("with in on at by for from to of under over after before during".split())
_VAGUE_HEADINGS = frozenset("introduction overview contents summary general notes note".split())

_CELL = re.compile(r";\s+(?=[^:;\n]{1,48}:\s)")
_WEAK_COLUMN = re.compile(r"(?:what|how|who|when|where|why|which)\b", re.IGNORECASE)
_QUESTION_LINE = re.compile(
    r"^Q(?:uestion)?\s*[:.]\s*(?P<question>[^\n]+\?)\s*\n+A(?:nswer)?\s*[:.]\s*(?P<answer>[^\n]+)",
    re.MULTILINE,
)
_DEFINITION = re.compile(
    r"^(?P<subject>(?:(?:The|A|An) )?[\w’'-]+(?: (?!(?:is|are)\b)[\w’'-]+){0,5}) (?P<verb>is|are) "
    r"(?P<value>(?:an?|the|called|one of|made) .+)$"
)
_SYMBOLS = (
    r"°\s?[CF]|%|km/h|kWh|mAh|dB|km|cm|mm|nm|kg|mg|ml|cl|kW|MW|GHz|MHz|kHz|Hz|GB|MB|TB|bar|"
    r"[mglWVAK]"
)
# A unit in words is a plural, with an adjective perhaps: litres, working days.
_FIGURE = re.compile(
    r"(?<![\w.,/-])(?P<number>\d[\d.,\u00a0]*\d|\d)\s?(?P<unit>"
    rf"(?:{_SYMBOLS})(?![\w/])|"
    r"(?<=\s)(?:[a-z]+(?:-[a-z]+)?(?<!s) )?(?:[a-z]{2,}(?<!s)s|people|feet|men|women|children)\b)"
)
_NO_UNITS = frozenset("and or the for with from per that than which times are was were has".split())
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DATE = re.compile(
    r"\b(?P<before>on|in|since|until|from|by) (?P<date>"
    rf"\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}(?: \d{{4}})?|{_MONTH}(?: \d{{1,2}},)? \d{{4}}|"
    r"(?P<year>1[5-9]\d\d|20\d\d))\b"
)
_VERBS = (
    "holds|weighs|costs|takes|lasts|measures|contains|needs|requires|uses|reaches|draws|has|runs|"
    "keeps|makes|covers|serves|produces|consumes|stores|allows|offers|employs|supports|includes"
)
_DOING = re.compile(
    r"^(?P<subject>(?:The|A|An|Each|Every|One|[A-Z][\w’'-]*)(?: [\w’'-]+){0,7}?) "
    rf"(?P<verb>{_VERBS}) (?P<rest>.*)$"
)
_BEING = re.compile(
    r"^(?P<subject>(?:The|A|An|Each|Every|[A-Z][\w’'-]*)(?: [\w’'-]+){0,6}?) (?P<verb>was|were) "
    r"(?P<rest>[a-z]+(?:ed|en|wn|lt|ught|nt|un|ld|de)\b.*)$"
)


@dataclass(frozen=True, slots=True)
class WrittenFact:
    """Something a passage states.

    value: what is asked for, a stretch of the passage; no question may hold it. answer: a sentence
    that the passage supports. wordings: the ways to ask. subject: whom or what it is about.
    """

    value: str
    answer: str
    wordings: tuple[str, ...]
    method: str
    subject: str = ""


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
        if _stands_alone(sentence):
            for rule in (_definition, _date, _figure):
                found += rule(sentence, heading)
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
                    f"Which {_lowered(name_column)} has the {_lowered(key_column)} {key}?",
                    f"What does the {_lowered(key_column)} {key} stand for?",
                    f"Tell me what {key} is.",
                ),
                "table",
                name,
            )
            yield from (_cell_fact(key_column, key, name, *cell) for cell in others[1:])
        else:
            yield from (_cell_fact(key_column, key, "", *cell) for cell in others)


def _cell_fact(key_column: str, key: str, name: str, column: str, value: str) -> WrittenFact:
    column, whose = _lowered(column), f"{name} ({key})" if name else key
    keyed = f"{_lowered(key_column)} {key}"
    if _WEAK_COLUMN.match(column):
        return WrittenFact(
            value,
            f"For {keyed}, {column}: {value.rstrip('.')}.",
            (
                f"For {keyed}: {column}?",
                f"{_capital(column)} when it is {keyed}?",
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
            asked = _capital(question)
            wordings = (
                asked,
                f"Can you tell me: {_lowered(question)}",
                f"I wanted to ask: {_lowered(question)}",
                f"People ask: {asked} What is the answer?",
            )
            yield WrittenFact(answer, answer, wordings, "faq")


def _definition(sentence: str, heading: str) -> Iterator[WrittenFact]:
    match = _DEFINITION.match(sentence)
    if match is None or len(words(sentence)) > _LONGEST_ANSWER:
        return
    if match["subject"].split(" ")[0].casefold() in _PREPOSITIONS:
        return
    subject, verb = _inner(match["subject"]), match["verb"]
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


def _figure(sentence: str, heading: str) -> Iterator[WrittenFact]:
    """Figures with their units; one fact for each."""
    for match in _FIGURE.finditer(sentence):
        unit, value = match["unit"], match.group()
        answer = _clause(sentence, match.end())
        if unit.split(" ")[0] in _NO_UNITS or not answer:
            continue
        before, after = answer[: match.start()], answer[match.end() :].rstrip(".")
        asked = f"what percentage{after}" if unit == "%" else f"how many {unit}{after}"
        doing = _DOING.match(before + "#")
        wordings: list[str] = []
        if doing is not None:
            does = f"does {_inner(doing['subject'])} {_infinitive(doing['verb'])}"
            rest = doing["rest"].rstrip("#").rstrip()
            wordings.append(
                _capital(" ".join(f"{asked.removesuffix(after)} {does} {rest}".split()))
            )
            wordings.append(
                f"Do you know how much {_inner(doing['subject'])} {doing['verb']} in {unit}"
            )
        wordings += [f"{before}{asked}", f"Which number is missing: {before}... {unit}{after}"]
        if heading and not heading.endswith("?"):
            wordings.append(
                f"“{heading}”: how many {'per cent' if unit == '%' else unit} are given"
            )
        yield WrittenFact(value, answer, tuple(f"{w}?" for w in wordings), "figure")


def _date(sentence: str, heading: str) -> Iterator[WrittenFact]:
    match = _DATE.search(sentence)
    answer = _clause(sentence, match.end()) if match else ""
    if match is None or not answer:
        return
    before, after = answer[: match.start()], answer[match.end() :].rstrip(".")
    asked = f"{match['before']} which {'year' if match['year'] else 'date'}"
    wordings: list[str] = []
    being = _BEING.match(before + "#")
    if being is not None:
        rest = being["rest"].rstrip("#").rstrip()
        wordings.append(f"When {being['verb']} {_inner(being['subject'])} {rest}")
        wordings.append(f"Do you know when {_inner(being['subject'])} {being['verb']} {rest}")
    wordings += [
        f"{before}{asked}{after}" if before else f"{_capital(asked)}: {after.lstrip(', ')}",
        f"Which date is missing: {before}{match['before']} ...{after}",
    ]
    if heading and not heading.endswith("?"):
        wordings.append(f"“{heading}”: which {'year' if match['year'] else 'date'} is given")
    yield WrittenFact(match["date"], answer, tuple(f"{w}?" for w in wordings), "date")


def _heading_facts(prose: str, heading: str) -> Iterator[WrittenFact]:
    """What stands first under a heading."""
    if not heading or heading.endswith("?") or heading.casefold() in _VAGUE_HEADINGS:
        return
    answer = _first_words(prose)
    if not answer or not _stands_alone(answer):
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
    if ": " not in line or len(line) > 1000:
        return []
    pairs = [part.partition(": ") for part in _CELL.split(line.strip())]
    if any(not sep or not column or len(words(column)) > 6 for column, sep, _ in pairs):
        return []
    return [(column.strip(), cell.strip()) for column, _, cell in pairs if cell.strip()]


def _stands_alone(sentence: str) -> bool:
    """Whether it is a whole sentence that does not lean on the one before it."""
    own = words(sentence)
    return (
        len(own) >= 4
        and sentence[0].isupper()
        and sentence[-1] in ".!"
        and own[0].casefold() not in _PRONOUNS
    )


def _clause(sentence: str, after: int) -> str:
    """The sentence, or its beginning to the end of the clause at `after`, where that is short."""
    if len(words(sentence)) <= _LONGEST_ANSWER:
        return sentence
    end = min((i for i in (sentence.find(c, after) for c in ",;:") if i >= 0), default=-1)
    cut = sentence[:end]
    return f"{cut}." if end > 0 and 4 <= len(words(cut)) <= _LONGEST_ANSWER else ""


def _first_words(text: str) -> str:
    """The first sentence, with the second where the first says little; "" where they are long."""
    spans = sentence_spans(text)
    chosen = ""
    for start, end in spans[:2]:
        chosen = f"{chosen} {' '.join(text[start:end].split())}".strip()
        if len(words(chosen)) >= 6:
            break
    fits = 4 <= len(words(chosen)) <= _LONGEST_ANSWER
    return chosen if fits and chosen[-1] in ".!" else ""


def _infinitive(verb: str) -> str:
    if verb == "has":
        return "have"
    return verb.removesuffix("es") if verb.endswith("ches") else verb.removesuffix("s")


def _inner(subject: str) -> str:
    """A subject as it stands inside a sentence: a leading article in lower case."""
    first, space, rest = subject.partition(" ")
    if first in ("The", "A", "An", "Each", "Every", "One", "How", "What", "When", "Where", "Why"):
        return first.lower() + space + rest
    return subject


def _lowered(text: str) -> str:
    """With a small first letter, unless the first word is a name or an abbreviation."""
    first = text.split(" ", 1)[0]
    plain = first[:1].isupper() and (first[1:].islower() or len(first) == 1)
    return text[:1].lower() + text[1:] if plain else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
