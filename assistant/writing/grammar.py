"""As much English grammar as questions need: verbs with their forms, and pronouns turned round.

Lists are closed: a word that is in none of them is no verb, and a sentence without a known verb is
passed over by the rules that need one.
"""

from __future__ import annotations

import re

BE = frozenset("is are was were".split())
MODALS = frozenset("can may must should will shall might could would cannot".split())
PREPOSITIONS = frozenset(
    "about above across after against along among around as at before behind below beneath beside "
    "between beyond by during for from in inside into near of off on onto out outside over per "
    "since than through to toward towards under until unlike up upon via with within "
    "without".split()
)
DETERMINERS = frozenset(
    "the a an each every one its their our your his her my this that these those no any some all "
    "both either another".split()
)
RELATIVES = frozenset("that which who whom whose where".split())

_REGULAR = (
    "accept add adjust affect agree aim allow answer appear apply approach approve arrange arrive "
    "ask attack attend award balance bake base belong blink boil book brew burn call carry cast "
    "change charge check choose claim clean clear click close collect combine compete complete "
    "concern conduct confirm connect consider consist consume contain continue convert cook cool "
    "correct cost count cover crack create cross damage decide declare defeat delay deliver depend "
    "descale describe design destroy determine develop differ dim display divide double drain drop "
    "dry earn employ empty enable end engrave enjoy enter equal establish exceed exchange expand "
    "expect expire explain express extend face fail feature feed fill filter finish fit fix flash "
    "flow fold follow force form found free function gain gather grant grind handle happen harm "
    "head heat help hold hum improve include increase influence install insure introduce invent "
    "involve issue join jump kill label land last launch leak lift like limit list live load lock "
    "look loosen lower make manage manufacture mark match measure melt move name need note number "
    "obtain occupy occur offer open operate oppose order own pack paint pass perform permit place "
    "plan play plug point pour practise press prevent print produce promise protect provide pull "
    "pump push raise range reach receive recognise recommend record reduce refer refund refuse "
    "register reject release remain remove rent repair repeat replace report represent require "
    "resemble rest result retain retire return reveal rinse rise roast rotate round rule sail save "
    "score seal seem select separate serve settle shape share ship shout show shut sign sit slide "
    "smell soak solve sound start state stay stop store stress study succeed suffer suggest supply "
    "support surround survive switch tap taste test tilt touch train transfer travel treat trip "
    "turn type unlock unpack unplug unscrew update use vary visit vote wait walk want warm warn "
    "wash weigh wipe wish work yield"
).split()
_IRREGULAR = {
    base: tuple(past.split("/"))
    for base, past in (
        pair.split(":")
        for pair in (
            "bear:bore become:became begin:began blow:blew break:broke bring:brought build:built "
            "buy:bought cast:cast catch:caught choose:chose come:came cost:cost cut:cut do:did "
            "draw:drew drink:drank drive:drove eat:ate fall:fell feed:fed feel:felt fight:fought "
            "find:found fit:fitted fly:flew forget:forgot get:got give:gave go:went grow:grew "
            "hang:hung have:had hear:heard hit:hit hold:held keep:kept know:knew lead:led "
            "leave:left lend:lent let:let lie:lay lose:lost make:made mean:meant meet:met pay:paid "
            "put:put read:read ride:rode ring:rang rise:rose run:ran say:said see:saw sell:sold "
            "send:sent set:set shake:shook shine:shone show:showed shut:shut sing:sang sink:sank "
            "sit:sat sleep:slept speak:spoke spend:spent stand:stood steal:stole strike:struck "
            "swim:swam take:took teach:taught tell:told think:thought throw:threw "
            "understand:understood wake:woke wear:wore win:won write:wrote dip:dipped drop:dropped "
            "stop:stopped trip:tripped pair:paired"
        ).split()
    )
}


def _third(base: str) -> str:
    if base == "have":
        return "has"
    if re.search(r"(?:s|x|z|ch|sh|o)$", base):
        return base + "es"
    return base[:-1] + "ies" if re.search(r"[^aeiou]y$", base) else base + "s"


def _past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    return base[:-1] + "ied" if re.search(r"[^aeiou]y$", base) else base + "ed"


BASES = frozenset(_REGULAR) | frozenset(_IRREGULAR)
_NOT_PAST = frozenset("left saw felt ground wound bore spoke rose hit put cut set let read".split())
THIRD = {_third(base): base for base in BASES}
PAST = {form: base for base, forms in _IRREGULAR.items() for form in forms}
PAST |= {_past(base): base for base in _REGULAR if base not in _IRREGULAR}
PAST = {form: base for form, base in PAST.items() if form not in _NOT_PAST}

# Words that stand first in an order far more often than as anything else.
_NO_ORDERS = frozenset(
    "heat water design last like open own free face form found head mean number note state study "
    "work rest sound "
    "base cost range result rule train trip visit share name like order plan concern feature aim "
    "answer issue score land list record report promise stress supply support vote".split()
)
ORDERS = (BASES - _NO_ORDERS - {"have", "do"}) | {"do not"}

_TURNED = (
    (re.compile(r"\b[Yy]ou yourself\b"), "I myself"),
    (re.compile(r"\byourself\b"), "myself"),
    (re.compile(r"\byours\b"), "mine"),
    (re.compile(r"\b[Yy]our\b"), "my"),
    (
        re.compile(r"\b(to|for|with|from|at|by|of|tells?|gives?|lets?|shows?|helps?|asks?) you\b"),
        r"\1 me",
    ),
    (re.compile(r"\b[Yy]ou are\b"), "I am"),
    (re.compile(r"\b[Yy]ou\b"), "I"),
)


def turned(text: str) -> str:
    """With "you" as who asks says it: "your machine" becomes "my machine"."""
    for pattern, said in _TURNED:
        text = pattern.sub(said, text)
    return text


def lowered(text: str) -> str:
    """With a small first letter, unless the first word is a name or an abbreviation."""
    first = text.split(" ", 1)[0]
    plain = first[:1].isupper() and (first[1:].islower() or len(first) == 1) and first != "I"
    return text[:1].lower() + text[1:] if plain else text


def capital(text: str) -> str:
    """With a great first letter."""
    return text[:1].upper() + text[1:]


def inner(subject: str) -> str:
    """A subject as it stands inside a sentence: a leading article in lower case."""
    first, space, rest = subject.partition(" ")
    small = (
        DETERMINERS | PREPOSITIONS | {"people", "you", "we", "they", "it", "how", "what", "when"}
    )
    return first.lower() + space + rest if first.lower() in small else subject


def definite(phrase: str) -> str:
    """A noun phrase as something known: "a flat heater" becomes "the flat heater"."""
    return re.sub(r"^(?:an?|one) ", "the ", inner(phrase), flags=re.IGNORECASE)


def plural(subject: str) -> bool:
    """Whether a subject takes "are", by the ending of its head noun."""
    head = re.split(r",| (?:of|in|on|at|for|with|from|that|which|who) ", subject)[0]
    last = head.split(" ")[-1].lower() if head else ""
    first = subject.split(" ")[0].lower()
    if first in ("a", "an", "each", "every", "one", "this"):
        return False
    joined = " and " in subject
    return joined or (last.endswith("s") and not last.endswith(("ss", "us", "is", "’s", "'s")))
