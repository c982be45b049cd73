"""Facts of table rows, which loaders render as "Column: cell; Column: cell", and of list lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.facts import words
from assistant.writing.candidates import WrittenFact
from assistant.writing.figures import figures
from assistant.writing.grammar import DETERMINERS, capital, definite, inner, lowered, plural
from assistant.writing.subjects import Vocabulary

_CELL = re.compile(r";\s+(?=[^:;\n]{1,48}:\s)")
_COLUMN = re.compile(r"[^.,;:()\n]{1,40}")
_LONGEST_ROW = 600  # characters
_ASKING_COLUMN = re.compile(r"(?:what|how|who|when|where|why|which)\b", re.IGNORECASE)
_MEANING = re.compile(r"(?:what it means|meaning|description|means)$", re.IGNORECASE)
_DOING = re.compile(r"(?:what to do|remedy|action|solution|what you (?:can|should) do)$", re.I)
_PRICE = re.compile(
    r"^(?P<what>price|cost|fee|charge)s?(?: in (?P<unit>[\w€$£]+))?$", re.IGNORECASE
)
_PERSON = re.compile(
    r"^(?:keeper|owner|manager|contact|head|author|director|name|person|leader|holder|chair\w*|"
    r"president|responsible)s?\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[\d.,]+")
_BARE_LINE = re.compile(
    r"^(?:[-*•–] )?(?P<name>[A-Z][\w’'()/-]+(?: [\w’'()/-]+){0,5}?):? "
    r"(?P<value>[€$£]?\d[\d.,]*(?: ?[^\s.]+){0,5})$"
)
_LIST_LINE = re.compile(r"^(?:[-*•–]|\d{1,2}[.)]) (?P<item>.+)$")


def cells(line: str) -> list[tuple[str, str]]:
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


def table_facts(text: str, known: Vocabulary) -> Iterator[WrittenFact]:
    """The cells of each row, asked for by what the row is about. A row that begins with a code is
    about what its second cell names, and asked for by either."""
    for line in text.splitlines():
        row = cells(line)
        if len(row) < 2:
            continue
        (key_column, key), *others = row
        second, named = others[0]
        thing = _thing(named, known)
        coded = any(map(str.isdigit, key)) and len(words(named)) > 1
        if coded and not _ASKING_COLUMN.match(second):
            yield _code_of(key_column, key, thing, line)
            for column, value in others[1:]:
                yield _cell(key_column, key, thing, column, value, line)
        else:
            for column, value in others:
                yield _cell(key_column, key, "", column, value, line)


def list_facts(text: str, topic: str, main: str = "") -> Iterator[WrittenFact]:
    """Lines that give a thing and its figure: "Width 28.5 cm", "- a tamper of 57.4 mm"."""
    for line in text.splitlines():
        bare = _BARE_LINE.match(line.strip())
        item = _LIST_LINE.match(line.strip())
        if bare and not cells(line) and next(figures(bare["value"]), None):
            name, value = bare["name"].strip(), bare["value"].strip().rstrip(".")
            thing = f"the {lowered(name)}"
            yield WrittenFact(
                value,
                f"{capital(thing)} is {value}.",
                (
                    f"What is {thing}?",
                    f"How much is {thing}?",
                    f"Can you tell me {thing}?",
                    *((f"What is {thing} of the {main}?",) if main else ()),
                    *((f"{topic}: what is {thing}?",) if topic else ()),
                ),
                "list",
                thing,
                line.strip(),
                (f"What is {value}?",),
            )
        elif item:
            yield from _item(item["item"], topic, line.strip())


def _item(text: str, topic: str, line: str) -> Iterator[WrittenFact]:
    of = re.match(r"(?P<thing>(?:an? |the )?[a-z][\w -]{2,40}?) of (?=\d)", text)
    found = next(figures(text), None)
    if of is None or found is None or found.start != of.end():
        return
    thing, value = definite(of["thing"]), text[found.start : found.end]
    thing = thing if thing.startswith("the ") else f"the {thing}"
    measure = found.measure.nouns[0]
    yield WrittenFact(
        value,
        f"{capital(thing)} is of {value}.",
        (
            f"How many {found.unit} is {thing}?",
            f"What is the {measure} of {thing}?",
            f"How many {found.unit} does {thing} measure?",
            f"What size is {thing}?",
        ),
        "list",
        thing,
        line,
        (f"What is of {value}?",),
    )


def _code_of(key_column: str, key: str, thing: str, line: str) -> WrittenFact:
    """From what a code stands for to the code, and back."""
    keyed = lowered(key_column)
    return WrittenFact(
        key,
        f"The {keyed} of {thing} is {key}.",
        (
            f"What is the {keyed} of {thing}?",
            f"Which {keyed} does {thing} have?",
            f"Under which {keyed} is {thing} listed?",
            f"I want to order {thing}: which {keyed} is it?",
        ),
        "table",
        thing,
        line,
        (f"What is {key}?", f"What does the {keyed} {key} stand for?"),
    )


def _thing(name: str, known: Vocabulary) -> str:
    """What a cell names, as it stands inside a sentence: "the rotary pump"."""
    inside = known.inner(name)
    first = inside.split(" ")[0]
    bare = inside[:1].islower() and first not in DETERMINERS and not plural(inside)
    return f"the {inside}" if bare else inside


def _cell(key_column: str, key: str, name: str, column: str, value: str, line: str) -> WrittenFact:
    value, keyed = value.rstrip("."), f"{lowered(key_column)} {key}"
    asked, column = name or key, lowered(column)
    price = _PRICE.match(column)
    if _MEANING.search(column):
        return _meaning(key, keyed, value, line)
    if price or (_NUMBER.fullmatch(value) and " in " in column):
        return _priced(asked, column, value, line)
    wordings: tuple[str, ...]
    if _DOING.search(column):
        answer = f"For {keyed}: {inner(value) if value[1:2].islower() else value}."
        wordings = (
            f"What should I do about {keyed}?",
            f"What do I do when {keyed} is shown?",
            f"{capital(keyed)}: what helps?",
            f"I have {keyed}, what now?",
        )
        return WrittenFact(value, answer, wordings, "table", key, line)
    if _ASKING_COLUMN.match(column):
        answer = f"For {keyed}, {column}: {value}."
        wordings = (
            f"For {keyed}: {column}?",
            f"{capital(column)} when it is {keyed}?",
            f"I have {keyed}. Can you tell me {column}?",
        )
        return WrittenFact(value, answer, wordings, "table", key, line)
    who = "Who" if _PERSON.match(column) else "What"
    of = "in" if key_column.lower() in ("town", "city", "place", "country", "region") else "of"
    whose = asked if name else key
    return WrittenFact(
        value,
        f"The {column} {of} {whose} is {value}.",
        (
            f"{who} is the {column} {of} {whose}?",
            f"Which {column} belongs to {whose}?",
            f"{capital(whose)}: which {column}?",
            f"Do you know the {column} {of} {whose}?",
        ),
        "table",
        whose,
        line,
        (f"Which {lowered(key_column)} has the {column} {value}?",) if not name else (),
    )


def _meaning(key: str, keyed: str, value: str, line: str) -> WrittenFact:
    """What a code means; and the other way about, which code means that."""
    said = inner(value)
    return WrittenFact(
        key,
        f"{capital(keyed)} means: {said}.",
        (
            f"What is shown when {said}?",
            f"Which {keyed.removesuffix(key).strip()} means that {said}?",
            f"{capital(said)}: which {keyed.removesuffix(key).strip()} is that?",
            f"By which {keyed.removesuffix(key).strip()} do I see that {said}?",
        ),
        "table",
        value,
        line,
        (f"What does {keyed} mean?", f"What does {key} stand for?"),
    )


def _priced(asked: str, column: str, value: str, line: str) -> WrittenFact:
    noun, _, unit = column.partition(" in ")
    money = f"{value} {unit}".strip()
    return WrittenFact(
        value,
        f"The {noun} of {asked} is {money}.",
        (
            f"What is the {noun} of {asked}?",
            f"How much does {asked} cost?",
            f"How much do I pay for {asked}?",
            f"What does {asked} cost?",
            f"I would like to buy {asked}: how much is it?",
        )
        if _PRICE.match(column)
        else (
            f"What is the {noun} of {asked}?",
            f"How many {unit} {noun} does {asked} have?",
            f"Do you know the {noun} of {asked}?",
        ),
        "table",
        asked,
        line,
        (f"What costs {money}?",) if _PRICE.match(column) else (),
    )
