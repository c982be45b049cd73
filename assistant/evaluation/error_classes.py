"""One main class for every answer, by a list of checks that anyone can follow.

The checks are made in the order of `RULES`' decision list, and the first that applies gives the
class; each says in a sentence what it saw, which names or numbers and which passage it rests on.
Nothing here asks a model. What the checks cannot see: a wrong statement without a name or number
that happens to hold the reference's words, and a synonym of the reference's words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from assistant.evaluation.form import loop, off_format, refusal
from assistant.evaluation.holding import Held, best_held, unsupported
from assistant.evaluation.records import EvaluatedAnswer, RetrievedPassage
from retrieval.questions import Question

ErrorClass = Literal[
    "correct",
    "partly",
    "wrong_fact",
    "ignored",
    "missed",
    "no_source",
    "not_recalled",
    "refused",
    "not_refused",
    "repetition",
    "off_format",
    "unjudged",
]
CLASSES: tuple[ErrorClass, ...] = get_args(ErrorClass)

TITLES: dict[ErrorClass, str] = {
    "correct": "Correct",
    "partly": "Partly",
    "wrong_fact": "Wrong fact",
    "ignored": "Retrieved but ignored",
    "missed": "Retrieval missed",
    "no_source": "Not in the documents",
    "not_recalled": "Not recalled",
    "refused": "Refused wrongly",
    "not_refused": "Answered what it should refuse",
    "repetition": "Repetition",
    "off_format": "Off-format or cut off",
    "unjudged": "Not judged",
}

RULES: dict[ErrorClass, str] = {
    "correct": "It holds every name and number of a reference answer (or its words, where it has "
    "none; the numbers alone, where how many or how much is asked), and no other that no passage "
    "supports; a question outside the documents is refused.",
    "partly": "It holds at least half of what the reference answer states (names and numbers, or "
    "words where it has none), or all of it beside a name or number that no passage supports.",
    "wrong_fact": "It misses the reference answer and states a name or number that is in no "
    "passage found for the question.",
    "ignored": "The passage with the reference answer was in the prompt, and the answer misses it.",
    "missed": "The documents hold the reference answer, but no passage found for the question "
    "does.",
    "no_source": "The documents, as they are now, do not hold the reference answer.",
    "not_recalled": "It was given from memory, without passages, and misses the reference answer.",
    "refused": "The documents are meant to answer the question, and the answer refuses.",
    "not_refused": "The documents do not answer the question, and the answer does not refuse.",
    "repetition": "It says the same stretch of words again and again.",
    "off_format": "It is empty, was cut off before the answer, or is no answer: only the question "
    "again, a question back, marks of the prompt, other letters, or over 300 words.",
    "unjudged": "The question has no reference answer, and nothing else is wrong that can be "
    "checked.",
}

Finds = Callable[[Question], str]
"""The name of a document whose text holds the answer to a question; "" where none does."""
Check = Callable[[str], Sequence[str]]
"""The words or sentences of an answer that a side check objects to."""

_SHOWN = 5  # names, numbers or words in one sentence


@dataclass(frozen=True, slots=True)
class ClassedAnswer:
    """An answer with its one main class.

    evidence: what the check saw, as a sentence. values: the names and numbers it rests on.
    passage: the passage found for the question that holds the reference answer, None where none
    does. notes: side notes, such as misspellings; they never decide the class.
    """

    evaluated: EvaluatedAnswer
    error_class: ErrorClass
    evidence: str
    values: tuple[str, ...] = ()
    passage: RetrievedPassage | None = None
    notes: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether it is correct; a partly correct answer is not."""
        return self.error_class == "correct"


@dataclass(frozen=True, slots=True)
class _Case:
    """An answer as the checks look at it. gold: the passage found that holds the reference."""

    question: Question
    text: str
    reads: bool
    retrieved: tuple[RetrievedPassage, ...]
    truncated: bool
    refusal: str
    held: Held
    made_up: tuple[str, ...]
    gold: RetrievedPassage | None
    finds: Finds | None


_Decision = tuple[ErrorClass, str, tuple[str, ...]]


def classed(
    evaluated: EvaluatedAnswer,
    finds: Finds | None = None,
    checks: Mapping[str, Check] | None = None,
    topic: frozenset[str] = frozenset(),
) -> ClassedAnswer:
    """The answer with its class.

    finds: looks through the documents; without it a passage that was not found counts as missed.
    checks: side checks by the name of their note ("Misspelled"). topic: names that need not be said
    (`holding.topic_names`).
    """
    answer, question = evaluated.answer, evaluated.question
    text = answer.text.strip()
    sources = [passage.held for passage in evaluated.retrieved]
    refused = text if answer.abstained else refusal(text)
    case = _Case(
        question=question,
        text=text,
        reads=answer.contender.retrieves,
        retrieved=evaluated.retrieved,
        truncated=evaluated.truncated,
        refusal=refused,
        held=best_held(text, question.answers, question.question, topic),
        made_up=unsupported(
            text, [*sources, *question.answers, question.support, question.question]
        ),
        gold=passage_with_answer(question, evaluated.retrieved, topic),
        finds=finds,
    )
    error_class, evidence, values = next(
        decision for step in _DECISION_LIST if (decision := step(case)) is not None
    )
    notes = [f"{name}: {_listed(found)}" for name, found in _objections(text, checks or {})]
    if evaluated.truncated and error_class != "off_format":
        notes.append("Cut off at the limit of new tokens")
    return ClassedAnswer(evaluated, error_class, evidence, values, case.gold, tuple(notes))


def passage_with_answer(
    question: Question,
    retrieved: Sequence[RetrievedPassage],
    topic: frozenset[str] = frozenset(),
) -> RetrievedPassage | None:
    """The best passage that holds the question's supporting text, else one of its references.

    Where the question names its document, another document's passage is only taken when it holds
    the supporting text.
    """
    for passage in retrieved:
        if holds_support(passage.text, question):
            return passage
    for passage in retrieved:
        own = not question.document or same_document(passage.document, question.document)
        if own and best_held(passage.text, question.answers, question.question, topic).whole:
            return passage
    return None


def holds_support(text: str, question: Question) -> bool:
    """Whether the text holds the question's supporting text, or is a part of it."""
    support, plain = " ".join(question.support.split()), " ".join(text.split())
    if not support or not plain:
        return False
    return support in plain or (plain in support and len(plain) > len(support) / 2)


def same_document(name: str, wanted: str) -> bool:
    """Whether a document is the one wanted, by its name or the end of its relative path."""
    return name == wanted or name.endswith(f"/{wanted}") or wanted.endswith(f"/{name}")


def _empty(case: _Case) -> _Decision | None:
    if case.text:
        return None
    return "off_format", "The answer is empty.", ()


def _out_of_scope(case: _Case) -> _Decision | None:
    if case.question.in_scope:
        return None
    if case.refusal:
        return "correct", f"It refuses, as it should: “{_short(case.refusal)}”", ()
    return "not_refused", f"It does not refuse; it says “{_short(case.text)}”", case.made_up


def _refused(case: _Case) -> _Decision | None:
    if not case.refusal or case.held.whole:
        return None
    where = _place(case.gold) if case.gold and case.reads else ""
    if where:
        return "refused", f"It refuses, though {where} holds the answer.", case.held.missing
    if case.reads:
        return "refused", "It refuses; no passage found holds the answer.", case.held.missing
    return "refused", f"It refuses: “{_short(case.refusal)}”", case.held.missing


def _repetition(case: _Case) -> _Decision | None:
    stretch, count = loop(case.text)
    if not count:
        return None
    return "repetition", f"It says “{_short(stretch)}” {count} times.", ()


def _correct(case: _Case) -> _Decision | None:
    if not case.held.whole:
        return None
    if not case.made_up:
        return "correct", f"It holds {_listed(case.held.found)}.", case.held.found
    said = f"It holds the answer, but also says {_listed(case.made_up)}, {_in_none(case)}."
    return "partly", said, case.made_up


def _wrong_fact(case: _Case) -> _Decision | None:
    if not case.made_up:
        return None
    missing = f", and misses {_listed(case.held.missing)}" if case.held.missing else ""
    return (
        "wrong_fact",
        f"It says {_listed(case.made_up)}, {_in_none(case)}{missing}.",
        case.made_up,
    )


def _partly(case: _Case) -> _Decision | None:
    found, missing = case.held.found, case.held.missing
    # Of a reference without names and numbers a word or two are no part of an answer.
    if not found or len(found) * 2 < len(found) + len(missing):
        return None
    return "partly", f"It holds {_listed(found)} and misses {_listed(missing)}.", missing


def _off_format(case: _Case) -> _Decision | None:
    fault = off_format(case.text, case.question.question, case.truncated)
    return ("off_format", fault, ()) if fault else None


def _unjudged(case: _Case) -> _Decision | None:
    if any(answer.strip() for answer in case.question.answers):
        return None
    return "unjudged", "The question has no reference answer to hold it against.", ()


def _missing(case: _Case) -> _Decision:
    missing = case.held.missing
    if case.reads and case.gold:
        return "ignored", f"It misses {_listed(missing)}, which {_place(case.gold)} holds.", missing
    where = case.finds(case.question) if case.finds else case.question.document
    if case.finds and not where:
        return "no_source", f"No document holds {_listed(missing)} now.", missing
    if not case.reads:
        return "not_recalled", f"It misses {_listed(missing)}.", missing
    count = len(case.retrieved)
    looked = f"none of the {count} passages found" if count else "and no passage was found"
    held_by = f", which {where} holds" if where else ""
    if count:
        return "missed", f"It misses {_listed(missing)}{held_by}, but {looked} does.", missing
    return "missed", f"It misses {_listed(missing)}{held_by}, {looked}.", missing


_DECISION_LIST: tuple[Callable[[_Case], _Decision | None], ...] = (
    _empty,
    _out_of_scope,
    _refused,
    _repetition,
    _correct,
    _wrong_fact,
    _partly,
    _off_format,
    _unjudged,
    _missing,
)


def _objections(text: str, checks: Mapping[str, Check]) -> list[tuple[str, Sequence[str]]]:
    return [(name, found) for name, check in checks.items() if (found := check(text))]


def _in_none(case: _Case) -> str:
    count = len(case.retrieved)
    if not count:
        return "and no passage was found for the question"
    return (
        f"which none of the {count} passages found has"
        if count > 1
        else ("which the one passage found does not have")
    )


def _place(passage: RetrievedPassage) -> str:
    return f"passage {passage.rank} ({passage.document})"


def _listed(values: Sequence[str]) -> str:
    shown = ", ".join(f"“{_short(value)}”" for value in values[:_SHOWN])
    more = len(values) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _short(text: str, longest: int = 120) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
