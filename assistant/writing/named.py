"""Names and codes by their shape: what is called what, who did it, where it is, what is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from assistant.writing.candidates import WrittenFact
from assistant.writing.clauses import Clause, shortened
from assistant.writing.figures import figures
from assistant.writing.grammar import (
    BE,
    ORDERS,
    PAST,
    THIRD,
    capital,
    definite,
    inner,
    plural,
    turned,
)

_CAPITAL = r"[A-Z][\w’'-]*[a-z0-9][\w’'-]*"
NAME = rf"{_CAPITAL}(?: (?:of |de |the |& |and (?=[A-Z]))?{_CAPITAL}|(?: [A-Z]\.))*"
"""A name: capitalised words, with "of" and the like between them."""
CODE = r"(?:[A-Z]{1,4}(?:-[A-Z0-9]{1,4})*-?\d[\w-]*|\d{3,}(?: \d{2,})*|[A-Z]\d+)"
"""A code: letters with digits, or digits alone."""

_CALLED = re.compile(
    rf"^(?:also )?(?:called|known as|named|labelled|christened|nicknamed) (?:the )?(?P<name>{NAME})"
)
_CALLED_AFTER = re.compile(
    rf"(?P<thing>(?:\b(?:an?|the|our|its|this|one) )?[a-z][\w-]*(?: [a-z][\w-]*){{0,4}})"
    rf"(?P<comma>,?) (?:called|known as|named|labelled|nicknamed) (?:the )?(?P<name>{NAME})"
)
_BEARS = re.compile(rf"^(?:the )?(?:working )?(?:name|title|nickname)(?: of)? (?P<name>{NAME})$")
_IS_NAME = re.compile(rf"^(?:the |an? )?(?P<name>{NAME})(?=$|[,.;]| \()")
_BY_PLACE = re.compile(
    rf"^(?P<left>.*?)\b(?P<prep>in|at|on|by|with|from|to|beside|near|under|for|behind|through) "
    rf"(?:the |an? )?(?P<name>{NAME})(?P<after>.*)$"
)
_HAS_NAME = re.compile(
    rf"^(?:the |an? )?(?P<name>{NAME})(?P<noun>(?: [a-z][\w-]+){{0,2}})(?P<after>.*)$"
)
_NO_NOUN = (
    r"(?!(?:is|are|in|on|at|to|for|with|from|and|or|of|by|that|which|who|into|has|have|was|were|"
    r"until|while|when|as|asks?|may|can|it|after|before|if|so|than|but|will|must)\b)"
)
_NAMED_THING = re.compile(
    rf"\b(?:the|a|an|our) (?P<name>{_CAPITAL}) "
    rf"(?P<noun>{_NO_NOUN}[a-z][\w-]+(?: {_NO_NOUN}[a-z][\w-]+)?)"
)
# "a descaler of lactic acid and a little dye, called ..." names the descaler.
_JOINED = re.compile(r"\b((?:an?|the) [\w-]+) (?:of|with) [^,]* and (?:an? )?[^,]*$")
_APPOSED = re.compile(
    rf"\b(?P<thing>(?:an?|the|our|their|its) [a-z][\w-]*(?: [a-z][\w-]*){{0,3}}), (?P<name>{NAME}),"
)
_CODED = re.compile(rf"\b(?P<noun>[a-z]+(?: [a-z]+)?) (?P<code>{CODE})(?=$|[\s,.;])")
_MARKED = re.compile(
    rf"(?P<thing>(?:the|an?) [\w-]+(?: [\w-]+){{0,2}}) (?:marked|labelled|numbered|stamped) "
    rf"(?P<code>{CODE})\b"
)
# A number alone is a code only where a word for one stands before it.
_CODE_NOUN = re.compile(r"(?:number|code|no|model|type|version|id|pin|line)\d|[A-Z]")
_PERSON = re.compile(
    r"\b(?:director|manager|head|chief|chair\w*|president|minister|founder|owner|keeper|author|"
    r"auditor|editor|leader|secretary|mayor|king|queen|captain|coach|designer|engineer|inventor|"
    r"architect|officer|contact|teacher|doctor|professor|member|husband|wife|brother|sister|"
    r"\w+(?:ologist|ician|smith|wright))s?\b"
)
_NO_NAMES = frozenset(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May "
    "June July August September October November December I".split()
)
_LONGEST = 26  # words of an answer


def named_facts(clause: Clause, main: str) -> Iterator[WrittenFact]:
    """The names and codes of a clause whose subject says what it is. main: the name that all the
    documents speak of, which answers nothing."""
    for found in (
        *_called(clause),
        *_is_name(clause),
        *_by_place(clause),
        *_object(clause),
        *_coded(clause),
    ):
        name = found.value
        if name not in _NO_NAMES and name != main and len(found.answer.split()) <= _LONGEST:
            yield found


def inline_facts(sentence: str, main: str) -> Iterator[WrittenFact]:
    """Names that are given in passing, wherever they stand: "the balm called Beechmilk"."""
    for match in _CALLED_AFTER.finditer(sentence):
        thing = match["thing"]
        first = thing.split(" ")[0]
        if first in ("is", "are", "was", "were", "be", "been") or re.search(
            r"\b(?:is|are|was|and)$", thing
        ):
            continue
        joined = _JOINED.search(sentence[: match.end("thing")]) if match["comma"] else None
        if joined:
            thing = joined[1]
        thing = re.sub(r"^.*\b(?=(?:an?|the|our|one) )", "", thing)
        if not re.match(r"(?:an?|the|our|its|this|one) ", thing):
            thing = " ".join(thing.split()[-2:])
        if re.search(r"\b(?:which|that|is|are|has|have|had|we|they|it|he|she)\b", thing):
            continue
        yield _calling(definite(_the(thing)), match["name"])
    for match in _APPOSED.finditer(sentence):
        # "twice a year an outside auditor, Jane Doe," names the auditor.
        own = re.sub(r"^.* (?=(?:an?|the|our|their|its) )", "", match["thing"])
        thing, name = _the(own), match["name"]
        who = "Who" if _PERSON.search(thing) else "What"
        yield WrittenFact(
            name,
            f"{capital(thing)} is {name}.",
            (
                f"{who} is {thing}?",
                f"What is the name of {thing}?",
                f"Do you know {who.lower()} {thing} is?",
            ),
            "name",
            thing,
            reverse=(f"Who is {name}?" if who == "Who" else f"What is {name}?",),
        )
    # Elsewhere "the London branch" is a branch in London, and not what it is called.
    ordered = sentence.split(" ", 1)[0].lower() in ORDERS
    for match in _NAMED_THING.finditer(sentence) if ordered else ():
        name, noun = match["name"], match["noun"]
        verb = any(word in THIRD or word in PAST for word in noun.split())
        if name not in (main, *_NO_NAMES) and not verb and not noun.endswith(("ing", "s’")):
            yield _calling(f"the {noun}", name, f"The {noun} is the {name} {noun}.")
    for match in _MARKED.finditer(sentence):
        thing = definite(match["thing"])
        yield WrittenFact(
            match["code"],
            f"{capital(thing)} is marked {match['code']}.",
            (
                f"How is {thing} marked?",
                f"What mark does {thing} bear?",
                f"Which code is on {thing}?",
            ),
            "code",
            thing,
            reverse=(f"What is marked {match['code']}?",),
        )


def _calling(thing: str, name: str, answer: str = "") -> WrittenFact:
    many = plural(thing)
    verb = "are" if many else "is"
    return WrittenFact(
        name,
        answer or f"{capital(thing)} {verb} called {name}.",
        (
            f"What {verb} {thing} called?",
            f"What is the name of {thing}?",
            f"What do you call {thing}?",
            f"Which name does {thing} have?" if not many else f"Which name do {thing} have?",
        ),
        "name",
        thing,
        reverse=(f"What is {name}?", f"What does the name {name} stand for?"),
    )


def _called(clause: Clause) -> Iterator[WrittenFact]:
    if clause.kind != "be":
        return
    match = _CALLED.match(clause.rest)
    if match:
        article = "the " if re.match(r"[a-z ]+ the [A-Z]", clause.rest) else ""
        said = _calling(definite(clause.subject), match["name"])
        answer = f"{capital(clause.subject)} {clause.verb} called {article}{match['name']}."
        yield replace(said, answer=answer)


def _is_name(clause: Clause) -> Iterator[WrittenFact]:
    if clause.kind != "be":
        return
    match = _IS_NAME.match(clause.rest)
    if match is None or clause.subject.split(" ")[0].lower() in ("you", "we", "i", "there"):
        return
    subject = definite(clause.subject)
    who = "who" if _PERSON.search(subject) else "what"
    yield WrittenFact(
        match["name"],
        replace(clause, before="", rest=clause.rest[: match.end()]).text,
        (
            f"{capital(who)} {clause.verb} {subject}?",
            f"What is the name of {subject}?",
            f"Do you know {who} {subject} {clause.verb}?",
            f"Which name goes with {subject}?",
        ),
        "name",
        subject,
        reverse=(f"{capital(who)} {clause.verb} {match['name']}?",),
    )


def _by_place(clause: Clause) -> Iterator[WrittenFact]:
    match = _BY_PLACE.match(clause.rest)
    if match is None:
        return
    name, prep, left = match["name"], match["prep"], match["left"].strip()
    told = left.split(" ")[-1]
    by_whom = clause.kind == "be" and (told in PAST or told.endswith(("ed", "en")))
    if prep in ("by", "with") and not by_whom and clause.kind != "base":
        return
    if re.search(r"\b(?:not|never|that)\b", left) or re.search(r" [A-Z]$", name):
        return
    if any(word in THIRD or word in PAST or word in BE for word in match["after"].split()[:1]):
        return
    if "," in left or not re.fullmatch(r"[\w’' -]*", clause.subject):
        return
    short = shortened(clause, match.end("name"))
    rest = short.rest[match.end("name") :].strip()
    if rest and len(rest.split()) > 6:
        rest = ""
        short = replace(short, rest=short.rest[: match.end("name")])
    remaining = f"{left} {rest}".strip()
    asks = {
        "in": ("where", f"in which place {''}".strip()),
        "at": ("where", "at what place"),
        "on": ("where", "on what"),
        "near": ("where",),
        "by": ("by whom", "who"),
        "with": ("with whom", "who"),
        "from": ("from where", "from whom"),
        "beside": ("beside what", "what"),
    }.get(prep, (f"{prep} what",))
    wordings = [short.asked(asks[0], remaining)]
    if prep in ("by", "with") and clause.kind != "order":
        wordings.append(short.asked("who", f"{remaining} {prep}"))
        wordings.append(f"Do you know who {inner(short.told('', remaining))} {prep}?")
    elif prep in ("in", "at", "on", "near"):
        wordings.append(f"Do you know where {inner(short.told('', remaining))}?")
        wordings.append(short.asked("in which place", remaining))
    else:
        wordings.append(
            f"Do you know {short.told(asks[-1] if prep == 'from' else asks[0], remaining)}?"
        )
    wordings = [" ".join(w.split()) for w in wordings]
    yield WrittenFact(name, short.text, tuple(wordings), "name", inner(clause.subject))


def _object(clause: Clause) -> Iterator[WrittenFact]:
    if clause.kind in ("be", "modal", "order"):
        return
    match = None if re.match(r"an? ", clause.rest) else _HAS_NAME.match(clause.rest)
    bears = re.match(
        rf"^(?:under )?the (?:\w+ )?(?P<kind>name|title)(?: of)? (?P<name>{NAME})", clause.rest
    )
    if bears:
        short = replace(clause, rest=clause.rest[: bears.end()], before="")
        yield WrittenFact(
            bears["name"],
            short.text,
            (
                f"What {bears['kind']} does {inner(clause.subject)} {clause.base}?",
                f"What is the {bears['kind']} of {inner(clause.subject)}?",
                f"What is {inner(clause.subject)} called?",
                f"Which name was given to {inner(clause.subject)}?",
            ),
            "name",
            inner(clause.subject),
            reverse=(f"What is {bears['name']}?", f"What is called {bears['name']}?"),
        )
    elif match and clause.subject.lower() not in ("you", "we"):
        short = shortened(clause, match.end("name"))
        rest = short.rest[match.end("name") :].strip()
        noun = match["noun"].strip()
        who = "Who" if _PERSON.search(clause.subject) else "What"
        yield WrittenFact(
            match["name"],
            short.text,
            (
                short.asked("what", rest.removeprefix(noun) if noun else rest),
                f"Can you tell me what {inner(clause.subject)} {clause.verb}?",
            ),
            "name",
            inner(clause.subject),
            reverse=(turned(f"{who} {clause.verb} {short.rest}?"),)
            if clause.kind != "base"
            else (),
        )


def _coded(clause: Clause) -> Iterator[WrittenFact]:
    """Numbers that are no figures: "its number is 4460 218", "type 7719"."""
    code = re.match(rf"^(?P<code>{CODE})(?=$|[\s,.;])", clause.rest)
    if code and any(found.start == 0 for found in figures(clause.rest)):
        code = None
    if code and clause.kind == "be":
        subject = definite(clause.subject)
        yield WrittenFact(
            code["code"],
            replace(clause, before="", rest=code["code"]).text,
            (
                f"What is {subject}?",
                f"Can you give me {subject}?",
                f"Which is {subject}?",
                f"Do you know {subject}?",
            ),
            "code",
            subject,
            reverse=(f"What is {code['code']}?",),
        )
    elif code and clause.kind == "order":
        short = shortened(clause, code.end())
        before = clause.before.rstrip(",")
        kept = replace(short, before=clause.before) if len(clause.before.split()) <= 8 else short
        where = f" {before[0].lower()}{before[1:]}" if before else ""
        yield WrittenFact(
            code["code"],
            kept.text,
            (
                turned(f"What number should I {clause.verb}{where}?"),
                turned(f"Which code do I {clause.verb}{where}?"),
                turned(f"What do I {clause.verb}{where}?"),
            ),
            "code",
            before,
        )
    units = {found.start for found in figures(clause.rest)}
    for match in _CODED.finditer(clause.rest):
        noun = match["noun"]
        if match.start("code") in units or not _CODE_NOUN.search(noun + match["code"]):
            continue
        if re.search(
            r"\b(?:in|of|on|to|from|since|by|about|with|and|or|the|until|for|after|than|least|only|is|are|was|were|page)$",
            noun,
        ):
            continue
        noun = re.sub(r"^(?:the|with|of|in|an?|by|and|or|to|from|on|for) ", "", noun)
        short = shortened(clause, match.end())
        pre = re.sub(
            rf"\b(?:the |an? )?{re.escape(noun)} $", "", clause.rest[: match.start("code")]
        )
        left = f"{pre} {short.rest[match.end() :]}"
        preposition = re.search(r"(?:^|\s)(with|by|from|to|of|on|in) $", pre)
        if preposition:
            wh, left = (
                f"{preposition[1]} what {noun}",
                f"{pre[: preposition.start()]} {short.rest[match.end() :]}",
            )
        else:
            wh = f"what {noun}"
        yield WrittenFact(
            match["code"],
            short.text,
            (short.asked(wh, left), f"Do you know {short.told(wh, left)}?"),
            "code",
            noun,
        )


def _the(thing: str) -> str:
    return (
        re.sub(r"^(?:an?|one|this|its|our|their) ", "the ", thing)
        if re.match(r"(?:the|an?|one|this|its|our|their) ", thing)
        else f"the {thing}"
    )
