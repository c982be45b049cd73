"""Figures with their units: where they stand, and how people ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from assistant.writing.candidates import WrittenFact
from assistant.writing.clauses import Clause, shortened
from assistant.writing.grammar import BE, THIRD, capital, definite, inner, lowered, turned

_SYMBOLS = (
    r"°\s?[CF]|%|km/h|kWh|mAh|dB|km|cm|mm|nm|kg|mg|ml|cl|kW|MW|GHz|MHz|kHz|Hz|GB|MB|TB|bar|Nm|"
    r"[mglWVAK]"
)
_WORDS = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|eighteen|twenty|thirty|"
    "forty|fifty|sixty|seventy|eighty|ninety"
)
# A unit in words is a plural, with an adjective perhaps: litres, working days.
_FIGURE = re.compile(
    r"(?<![\w.,/-])(?P<currency>[€$£]\s?)?"
    rf"(?P<number>(?:\d[\d.,\u00a0]*\d|\d|\b(?:{_WORDS}|[a-z]+ty-[a-z]+)(?=\s[a-z]))"
    r"(?: (?:thousand|million|billion))?)"
    r"(?:\s?(?P<unit>"
    rf"(?:{_SYMBOLS})(?![\w/])|per cent\b|percent\b|"
    r"(?<=\s)(?:[a-z]+(?:-[a-z]+)?(?<!s) )?(?:[a-z]{2,}(?<!s)s|people|feet|men|women|children)\b))?"
)
_NO_UNITS = frozenset(
    "and or the for with from per that than which times are was were has is in on at to of as his "
    "its this thus".split()
)
_YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
_LIMIT = re.compile(
    r"(?:\b(?:about|only|at least|at most|up to|as (?:much|many|long|high|low) as|no more than|"
    r"more than|less than|no less than|nearly|almost|around|some|over|exactly|just|roughly|"
    r"approximately|a total of|an average of)\s)+$",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"(?:^|\s)((?:after |for |about )?every|within|for|after|before|at|in|by|up to|to|from|of|"
    r"above|below|under|over|until|with|between|on|through)\s$",
    re.IGNORECASE,
)
# What is counted: "of cold water", up to where the phrase ends.
_COUNTED = re.compile(
    r"of (?:(?:the|an?|its|your|our) )?(?:[\w’'-]+)"
    r"(?: (?!(?:an?|the|and|or|that|which|who|when|if|in|on|at|by|for|from|to|with|without|of|per|"
    r"is|are|each|every|than|into|over|under|before|after|until|while|as|so|has|have)\b)"
    r"[\w’'-]+){0,2}"
)
_MEASURING = frozenset("hold weigh measure cost draw use score consume reach".split())
_LONGEST = 30  # words of an answer


@dataclass(frozen=True, slots=True)
class Measure:
    """What a unit measures: nouns for it, and words that ask for it, the first the commonest."""

    nouns: tuple[str, ...]
    asks: tuple[str, ...]


_TIME = Measure(("time", "duration", "period"), ("how long", "how much time"))
_MEASURES: dict[str, Measure] = {
    unit: measure
    for units, measure in (
        ("second seconds minute minutes hour hours day days week weeks month months year years "
         "s min h", _TIME),
        ("°C °F degrees", Measure(("temperature", "heat"), ("how hot", "what temperature"))),
        ("bar pascals", Measure(("pressure",), ("what pressure",))),
        ("kg g mg t tonnes grams kilograms pounds", Measure(("weight", "amount"),
                                                           ("how much", "what weight"))),
        ("l ml cl litres millilitres gallons", Measure(("volume", "amount", "capacity"),
                                                            ("how much", "what amount"))),
        ("mm cm m km metres centimetres millimetres kilometres miles feet inches",
         Measure(("length", "size", "distance"), ("what length", "how far"))),
        ("W kW MW kWh watts", Measure(("power", "energy use", "electricity"),
                                      ("how much power", "how much electricity"))),
        ("euros euro dollars pounds cents € $ £", Measure(("price", "cost", "fee"),
                                                          ("how much", "what price"))),
        ("dB decibels", Measure(("sound level", "noise"), ("how loud",))),
        ("% percent", Measure(("share", "percentage"), ("what share", "what percentage"))),
        ("points", Measure(("score", "number of points"), ("what score",))),
        ("people men women children", Measure(("number of people",), ("how many people",))),
    )
    for unit in units.split()
}  # fmt: skip
_ADJECTIVES = frozenset("long wide high tall deep thick old heavy away free apart".split())


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit in a text. unit: "" where it has none; prices keep their currency."""

    start: int
    end: int
    number: str
    unit: str

    @property
    def measure(self) -> Measure:
        """What its unit measures, by the last word of the unit: working days are days."""
        known = _MEASURES.get(self.unit) or _MEASURES.get(self.unit.split(" ")[-1])
        return known or Measure((f"number of {self.unit}",), ())

    @property
    def many(self) -> str:
        """The question word that names the unit: "how many litres"."""
        if self.unit in ("%", "per cent", "percent"):
            return "what percentage"
        if self.unit in ("€", "$", "£"):
            return "how much"
        return f"how many {self.unit}" if self.unit else "how many"


def figures(text: str) -> Iterator[Figure]:
    """The figures of a text; bare numbers only with a currency, years and codes never."""
    for match in _FIGURE.finditer(text):
        unit = match["unit"] or (match["currency"] or "").strip()
        number = match["number"]
        if not unit or unit.split(" ")[0] in _NO_UNITS or unit.split(" ")[-1] in _NO_UNITS:
            continue
        if _YEAR.fullmatch(number) and unit.isalpha() and len(unit) > 2:
            continue
        yield Figure(match.start(), match.end(), number, unit)


def figure_facts(clause: Clause) -> Iterator[WrittenFact]:
    """The figures of a clause whose subject says what it is."""
    in_rest = list(figures(clause.rest))
    for found in in_rest:
        yield from _in_rest(clause, found)
    if not in_rest:
        for found in figures(clause.before):
            yield from _in_front(clause, found)
        for found in figures(clause.subject):
            yield from _in_subject(clause, found)


def _in_rest(clause: Clause, found: Figure) -> Iterator[WrittenFact]:
    short = shortened(clause, found.end)
    if len(short.text.split()) > _LONGEST:
        return
    value = clause.rest[found.start : found.end]
    pre, post = short.rest[: found.start], short.rest[found.end :]
    limit = re.search(r"\bup to $", pre)
    pre = pre if limit else _LIMIT.sub("", pre)
    after = post.strip()
    preposition = _PREPOSITION.search(pre)
    wordings: list[str] = []
    entangled = "," in pre or re.search(r"\b(?:that|which|who) ", pre) is not None
    bare_verb = clause.kind == "modal" and re.fullmatch(r"(?:not )?(?:be )?[a-z]+ ", pre)
    if preposition is not None and preposition[1].lower() in ("of", "between"):
        entangled = True
    if entangled or (preposition is None and pre.strip() and not bare_verb):
        wordings += _by_relative(found, pre, after)
    elif preposition is not None:
        lead = preposition[1].lower()
        left, counted = _of_what(pre[: preposition.start()], after)
        ways = [f"{wh} {counted}".strip() for wh in _with_preposition(lead, found)]
        wordings += [short.asked(wh, left) for wh in ways]
        wordings.append(f"Do you know {short.told(ways[-1], left)}?")
    else:
        left, counted = _of_what(pre, after)
        many = f"{found.many} {counted}".strip()
        word = after.split(" ")[0] if clause.kind == "be" and after else ""
        if word in _ADJECTIVES:
            many, left = f"{many} {word}", left.replace(word, "", 1)
        wordings.append(short.asked(many, left))
        wordings += _by_verb(short, found, pre, after)
        wordings.append(f"Can you tell me {short.told(many, left)}?")
    if clause.before and short.before and wordings and not entangled:
        wordings.insert(1, f"{wordings[0][:-1]} {inner(lowered(short.before.rstrip(',')))}?")
    if "," not in pre:
        wordings += _by_noun(short, found, pre)
    yield WrittenFact(
        value,
        short.text,
        tuple(dict.fromkeys(wordings)),
        "figure",
        inner(short.subject),
        reverse=_reverse(short),
    )


def _with_preposition(lead: str, found: Figure) -> list[str]:
    """Question words for a figure behind a preposition, the plainest first."""
    many, measure = found.many, found.measure
    if measure is _TIME:
        by_lead = {
            "for": [f"for {many}", "how long"],
            "after": [f"after {many}", "how soon"],
            "within": [f"within {many}", "how soon"],
            "every": ["how often", f"every {many}"],
            "in": [f"in {many}", "how fast"],
            "until": ["until when"],
        }
        if lead.endswith("every"):
            return by_lead["every"] if lead == "every" else ["how often", f"{lead} {many}"]
        return by_lead.get(lead, [f"{lead} {many}"])
    if lead.endswith("every"):
        return [f"{lead.replace('every', '').strip()} {many}".strip(), "how often"]
    if found.unit.startswith("°"):
        return [f"{lead} what temperature", f"{lead} {many}", f"{lead} which temperature"]
    nouns = [f"{lead} what {noun}" for noun in measure.nouns[:1] if not noun.startswith("number")]
    return [f"{lead} {many}", *nouns]


def _of_what(pre: str, after: str) -> tuple[str, str]:
    """What is left of the rest, and what is counted: "1.85 litres of water" counts of water."""
    match = _COUNTED.match(after)
    if match:
        return f"{pre} {after[match.end() :]}", match.group()
    return f"{pre} {after}", ""


def _by_verb(clause: Clause, found: Figure, pre: str, after: str) -> Iterator[str]:
    """The questions that verb and unit suggest: "how long is", "how heavy is", "how much does"."""
    word = after.split(" ")[0] if after else ""
    if clause.kind == "be" and word in _ADJECTIVES:
        yield clause.asked(f"how {word}", f"{pre} {after.removeprefix(word)}")
    elif clause.base == "weigh":
        yield clause.asked("how much", f"{pre} {after}")
        yield f"How heavy is {inner(clause.subject)}?"
    elif clause.base == "cost":
        yield clause.asked("how much", f"{pre} {after}")
        yield f"What is the price of {inner(clause.subject)}?"
        yield f"What do I pay for {inner(clause.subject)}?"
    elif found.measure.asks and not pre.strip():
        ask = found.measure.asks[0]
        counted = re.match(r"of ([\w-]+)\b", after)
        if ask in ("how much", "how much power") and counted:
            yield clause.asked(f"how much {counted[1]}", after[counted.end() :])
        elif ask != "how hot":
            yield clause.asked(ask, after)


def _by_relative(found: Figure, pre: str, after: str) -> Iterator[str]:
    """How long is the rope walk, of "a rope walk that is 310 metres long"."""
    held = re.search(
        r"\b(?P<thing>(?:an?|the) [\w-]+(?: [\w-]+){0,2}) (?:that|which) (?P<verb>\w+) $", pre
    )
    if held is None:
        return
    verb, thing = held["verb"], definite(held["thing"])
    word = after.split(" ")[0] if after else ""
    if verb in BE and word in _ADJECTIVES:
        yield f"How {word} {verb} {thing}?"
        yield f"{capital(found.many)} {word} {verb} {thing}?"
    elif verb in THIRD:
        yield f"{capital(found.many)} does {thing} {THIRD[verb]}?"


def _by_noun(clause: Clause, found: Figure, pre: str) -> Iterator[str]:
    """Questions by the noun of what is measured: "a volume of 640 ml" is asked for as volume."""
    held = re.search(r"((?:an?|the) [\w-]+(?: [\w-]+)?) of $", pre)
    if held:
        thing = definite(held[1])
        if clause.base == "have" and clause.subject:
            yield f"What is {thing} of {inner(clause.subject)}?"
        else:
            yield f"What is {thing}?"
            yield f"How many {found.unit} is {thing}?"
    elif clause.subject and clause.base in _MEASURING and len(clause.subject.split()) <= 6:
        noun = found.measure.nouns[0]
        if found.measure is not _TIME and not noun.startswith("number"):
            yield f"What is the {noun} of {definite(clause.subject)}?"


def _reverse(clause: Clause) -> tuple[str, ...]:
    """Questions that name the figure and ask for the subject."""
    if not clause.subject or clause.kind == "order" or len(clause.rest.split()) > 12:
        return ()
    if clause.subject.lower() in ("you", "we", "i"):
        return ()
    verb = {"are": "is", "were": "was"}.get(clause.verb, clause.verb)
    if clause.kind == "base":
        return ()
    return (turned(f"What {verb} {clause.rest}?"),)


def _in_front(clause: Clause, found: Figure) -> Iterator[WrittenFact]:
    """A figure in the phrase before the subject: "After 26 minutes without a key ...,"."""
    rest = shortened(clause, 0).rest
    whole = replace(clause, rest=rest)
    if len(whole.text.split()) > _LONGEST:
        return
    pre = _LIMIT.sub("", clause.before[: found.start])
    after = clause.before[found.end :].strip(" ,")
    preposition = _PREPOSITION.search(pre)
    if preposition is None or pre[: preposition.start()].strip():
        return
    bare = replace(whole, before="")
    lead = preposition[1].lower()
    ways = _with_preposition(lead, found)
    wordings = [bare.asked(f"{ways[0]} {after}".strip(), rest)]
    wordings += [bare.asked(wh, f"{rest} {after}") for wh in ways[1:]]
    wordings.append(f"Do you know {bare.told(ways[0], f'{rest} {after}')}?")
    yield WrittenFact(
        clause.before[found.start : found.end],
        whole.text,
        tuple(dict.fromkeys(wordings)),
        "figure",
        inner(clause.subject),
    )


def _in_subject(clause: Clause, found: Figure) -> Iterator[WrittenFact]:
    """A figure that counts the subject: "186 people work for us"."""
    short = shortened(clause, 0)
    if clause.subject[: found.start].strip() or len(short.text.split()) > _LONGEST:
        return
    after = clause.subject[found.end :].strip()
    before = f" {lowered(clause.before.rstrip(','))}" if clause.before else ""
    rest = f"{clause.verb} {short.rest}"
    many = f"{found.many} {after}".strip()
    yield WrittenFact(
        clause.subject[found.start : found.end],
        short.text,
        (
            f"{capital(many)} {rest}{before}?",
            f"Do you know {many} {rest}?",
            f"What is the number of {found.unit} that {rest}?",
        ),
        "figure",
        found.unit,
    )
