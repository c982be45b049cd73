"""Facts that single sentences state: definitions, figures with units, dates.

The rules know the shapes of sentences and nothing of their subject. They prefer to pass a fact over
to asking for it wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.facts import words
from assistant.writing.candidates import WrittenFact

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
_YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
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
    r"(?<![\w.,/-])(?P<number>(?:\d[\d.,\u00a0]*\d|\d)(?: (?:thousand|million|billion))?)\s?"
    r"(?P<unit>"
    rf"(?:{_SYMBOLS})(?![\w/])|"
    r"(?<=\s)(?:[a-z]+(?:-[a-z]+)?(?<!s) )?(?:[a-z]{2,}(?<!s)s|people|feet|men|women|children)\b)"
)
_NO_UNITS = frozenset("and or the for with from per that than which times are was were has".split())
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DATE = re.compile(
    r"\b(?P<before>on|in|since|until|from|by) (?P<date>"
    rf"\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{1,2}}, \d{{4}}|"
    rf"(?P<month>{_MONTH} \d{{4}})|"
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


def sentence_facts(sentence: str, heading: str) -> Iterator[WrittenFact]:
    """The facts of a sentence that stands alone. heading: the one it stands under, or ""."""
    for rule in (_definition, _date, _figure):
        yield from rule(sentence, heading)


def stands_alone(sentence: str) -> bool:
    """Whether it is a whole sentence that does not lean on the one before it."""
    own = words(sentence)
    return (
        len(own) >= 4
        and sentence[0].isupper()
        and sentence[-1] in ".!"
        and own[0].casefold() not in _PRONOUNS
    )


def lowered(text: str) -> str:
    """With a small first letter, unless the first word is a name or an abbreviation."""
    first = text.split(" ", 1)[0]
    plain = first[:1].isupper() and (first[1:].islower() or len(first) == 1)
    return text[:1].lower() + text[1:] if plain else text


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _definition(sentence: str, heading: str) -> Iterator[WrittenFact]:
    match = _DEFINITION.match(sentence)
    if match is None or len(words(sentence)) > LONGEST_ANSWER:
        return
    own = [word.casefold() for word in words(match["subject"])]
    if own[0] in _NO_SUBJECT or not _POINTING.isdisjoint(own):
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
        named_year = _YEAR.fullmatch(match["number"]) and unit.isalpha() and len(unit) > 2
        if unit.split(" ")[0] in _NO_UNITS or named_year or not answer:
            continue
        before, after = answer[: match.start()], answer[match.end() :].rstrip(".")
        asked = f"what percentage{after}" if unit == "%" else f"how many {unit}{after}"
        doing = _DOING.match(before + "#")
        wordings: list[str] = []
        if doing is not None:
            does = f"does {_inner(doing['subject'])} {_infinitive(doing['verb'])}"
            rest = doing["rest"].rstrip("#").rstrip()
            wordings.append(capital(" ".join(f"{asked.removesuffix(after)} {does} {rest}".split())))
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
    kind = "year" if match["year"] else "month and year" if match["month"] else "date"
    asked = f"{match['before']} which {kind}"
    wordings: list[str] = []
    being = _BEING.match(before + "#")
    if being is not None:
        rest = being["rest"].rstrip("#").rstrip()
        wordings.append(f"When {being['verb']} {_inner(being['subject'])} {rest}")
        wordings.append(f"Do you know when {_inner(being['subject'])} {being['verb']} {rest}")
    wordings += [
        f"{before}{asked}{after}" if before else f"{capital(asked)}: {after.lstrip(', ')}",
        f"Which date is missing: {before}{match['before']} ...{after}",
    ]
    if heading and not heading.endswith("?"):
        wordings.append(f"“{heading}”: which {kind} is given")
    yield WrittenFact(match["date"], answer, tuple(f"{w}?" for w in wordings), "date")


def _clause(sentence: str, after: int) -> str:
    """The sentence, or its beginning to the end of the clause at `after`, where that is short."""
    if len(words(sentence)) <= LONGEST_ANSWER:
        return sentence
    end = min((i for i in (sentence.find(c, after) for c in ",;:") if i >= 0), default=-1)
    cut = sentence[:end]
    return f"{cut}." if end > 0 and 4 <= len(words(cut)) <= LONGEST_ANSWER else ""


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
