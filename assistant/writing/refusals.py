"""Questions that the documents do not answer, so that a tuned model still says so.

Four kinds: an attribute that is told of no such thing, a known question about an invented thing
(beside its answerable twin), and general questions that have nothing to do with the documents.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.facts import content_words
from assistant.prompts import NOT_IN_DOCUMENTS
from assistant.records import Example, SplitName, content_hash, example_id
from assistant.writing.form import badly_formed
from assistant.writing.grammar import THIRD, inner
from assistant.writing.selection import FoundFact
from retrieval.documents import Passage
from retrieval.general_questions import GENERAL_QUESTIONS

REFUSAL_SHARE = 0.12
"""Share of the training rows, in [0, 0.5]."""

# How often a kind takes its turn: attributes from both ends, general questions, invented things. An
# invented name in a known question teaches a small model to doubt the question with the true one.
_EVERY = (1, 1, 2, 4)
_TEST_EVERY = 4
_VALIDATION_IN = 12
_LONGEST_SUBJECT = 5  # words

# What might be asked of anything. Where the documents speak of it, it is not asked.
_ABSENT = (
    "What is the patent number of {}?",
    "What is the resale value of {}?",
    "What is the nickname of {}?",
    "What is the fax number for {}?",
    "What is the horoscope of {}?",
    "What is the average customer rating of {}?",
    "What is the advertising budget for {}?",
    "What is the carbon footprint of {}?",
    "What is the import duty on {}?",
    "How much tax is due on {}?",
    "Which museum shows {}?",
    "Which university studies {}?",
    "Which bank financed {}?",
    "Which songs mention {}?",
    "Which school teaches {}?",
    "Which airline carries {}?",
    "Which actor advertises {}?",
    "Which celebrity is a fan of {}?",
    "Which languages are spoken about {}?",
    "Who wrote a book about {}?",
    "Who sponsors {}?",
    "Who was the first to criticise {}?",
    "Who holds the world record with {}?",
    "Is there a film about {}?",
    "Is {} allowed in Canada?",
    "Is {} waterproof?",
    "Is {} older than the Eiffel Tower?",
    "Is {} taxed as a luxury?",
    "Is {} suitable for people with allergies?",
    "Is {} sold in supermarkets?",
    "Was {} ever shown on television?",
    "Can {} be rented for a weekend?",
    "Can {} be painted in another colour?",
    "Can {} catch fire?",
    "Can I get {} on prescription?",
    "Can I take {} on an aeroplane?",
    "Can {} be insured against earthquakes?",
    "Can {} be operated by a child?",
    "Could I win {} in a lottery?",
    "Does {} exist in a version for left-handed people?",
    "Does {} run on solar power?",
    "Does {} have a sister in Brazil?",
    "Does {} count as luggage on a train?",
    "Do vegetarians use {}?",
    "Does {} contain gluten?",
    "Does {} have a voice assistant?",
    "Does {} come with a subscription to a magazine?",
    "How many calories does {} have?",
    "How many complaints about {} are there in a year?",
    "How much did it cost to develop {}?",
    "How do I translate {} into Spanish?",
    "How far does the Wi-Fi of {} reach?",
    "How was {} received by the critics?",
    "What happens to {} in a thunderstorm?",
    "What do the neighbours think of {}?",
    "What will {} be like in ten years?",
    "What does the logo of {} show?",
    "What type of battery is in {}?",
    "Why was {} banned?",
    "When will the successor of {} be announced?",
    "Where was {} photographed for the cover?",
    "Where can I read the court ruling about {}?",
)
_INVENTED = (
    "Zephyr",
    "Marlow",
    "Tessaly",
    "Brightwater",
    "Orlen",
    "Kestrel",
    "Vantage",
    "Halcyon",
    "Pemberton",
    "Solstice",
)
_DO_NOT_FIT = re.compile(r"^(?:you|we|i|people|somebody|nobody|it|they|one)\b", re.IGNORECASE)


def refusals(
    passages: Sequence[Passage], chosen: Sequence[FoundFact], main: str, wanted: int
) -> list[Example]:
    """Questions that sound like the documents and that they do not answer; `wanted` to train on and
    a fourth as many for the test.

    chosen: the facts that are asked for. Only things of sections that may be tuned on are named.
    """
    attributes = _absent_attributes(passages, chosen, main)
    general, invented = _general(passages), _invented_things(passages, chosen, main)
    kinds = (attributes, attributes[::-1], general, invented)
    questions: list[str] = []
    for turn in range(max(map(len, kinds), default=0)):
        for kind, every in zip(kinds, _EVERY, strict=True):
            place, rest = divmod(turn, every)
            if not rest and place < len(kind) and kind[place] not in questions:
                questions.append(kind[place])
        if len(questions) > 2 * wanted + _TEST_EVERY:
            break
    tested = -(-wanted // _TEST_EVERY)
    return [
        _refusal(question, _split(number, wanted))
        for number, question in enumerate(questions[: wanted + tested])
    ]


def _absent_attributes(
    passages: Sequence[Passage], chosen: Sequence[FoundFact], main: str
) -> list[str]:
    """What the documents do not tell of a thing they know; every second one of the main thing."""
    subjects = sorted(
        {
            inner(one.fact.subject)
            for one in chosen
            if one.side == "tuned"
            and 0 < len(one.fact.subject.split()) <= _LONGEST_SUBJECT
            and not _DO_NOT_FIT.match(one.fact.subject)
            and THIRD.keys().isdisjoint(one.fact.subject.split())
            and (one.fact.subject[0].isupper() or one.fact.subject.startswith("the "))
        }
    )
    subjects = _shuffled(subjects)
    known = frozenset().union(*(content_words(passage.indexed_text) for passage in passages))
    templates = [text for text in _ABSENT if not content_words(text.format("")) <= known]
    asked: list[str] = []
    for number, template in enumerate(_shuffled(templates)):
        others = subjects[number % max(len(subjects), 1) :][:1]
        named = [f"the {main}"] if main else []
        for subject in (*named, *others):
            question = template.format(subject)
            if not badly_formed(question):
                asked.append(question)
    return asked


def _invented_things(
    passages: Sequence[Passage], chosen: Sequence[FoundFact], main: str
) -> list[str]:
    """Answerable questions with an invented name in the place of the known one."""
    known = frozenset().union(*(content_words(passage.indexed_text) for passage in passages))
    names = [name for name in _INVENTED if not content_words(name) & known]
    if not names:
        return []
    asked: list[str] = []
    for one in chosen:
        if one.side != "tuned" or not main:
            continue
        for wording in one.fact.wordings[:1]:
            # A name that stands first is told from no other word, so that both would seem the same.
            if re.search(rf"(?<=.)\b{re.escape(main)}\b", wording):
                name = names[len(asked) % len(names)]
                asked.append(re.sub(rf"\b{re.escape(main)}\b", name, wording))
    asked += [f"What is the {name}?" for name in names]
    asked += [f"How much does the {name} cost?" for name in names]
    return _shuffled(asked)


def _general(passages: Sequence[Passage]) -> list[str]:
    known = frozenset().union(*(content_words(passage.indexed_text) for passage in passages))
    asked = [
        text
        for text in GENERAL_QUESTIONS
        if text.endswith("?") and len(content_words(text) - known) >= 1 and len(text.split()) >= 5
    ]
    return _shuffled(asked)


def _split(number: int, wanted: int) -> SplitName:
    if number >= wanted:
        return "generalisation"
    return "validation" if number % _VALIDATION_IN == _VALIDATION_IN - 1 else "train"


def _refusal(question: str, split: SplitName) -> Example:
    return Example(
        id=example_id(question, NOT_IN_DOCUMENTS),
        question=question,
        answer=NOT_IN_DOCUMENTS,
        source="generated",
        split=split,
        answerable=False,
        method="refusal",
    )


def _shuffled(questions: Sequence[str]) -> list[str]:
    return sorted(questions, key=lambda question: content_hash(["refusal", question]))
