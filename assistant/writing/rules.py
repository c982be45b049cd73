"""Facts that can be read off a passage by rule, each with several ways to ask for it.

The rules know the shapes in which documents state facts (tables, lists, questions with answers,
definitions, names, figures with units, dates, headings) and nothing of their subject. They prefer
to pass a fact over to asking for it wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from assistant.facts import sentence_spans, words
from assistant.writing.candidates import WrittenFact
from assistant.writing.clauses import clauses
from assistant.writing.figures import figure_facts
from assistant.writing.grammar import capital, lowered
from assistant.writing.named import inline_facts, named_facts
from assistant.writing.sentences import (
    LONGEST_ANSWER,
    date_facts,
    definition_facts,
    stands_alone,
)
from assistant.writing.short_wordings import short_wordings
from assistant.writing.subjects import Speaker, Vocabulary, topic_of, vocabulary
from assistant.writing.tables import cells, list_facts, table_facts
from retrieval.documents import Passage

_VAGUE_HEADINGS = frozenset("introduction overview contents summary general notes note".split())
_QUESTION_LINE = re.compile(
    r"^Q(?:uestion)?\s*[:.]\s*(?P<question>[^\n]+\?)\s*\n+A(?:nswer)?\s*[:.]\s*(?P<answer>[^\n]+)",
    re.MULTILINE,
)
_SPOKEN_SENTENCE = re.compile(r"[A-Z].*[.!]$", re.DOTALL)


def written_facts(
    passage: Passage, begins_section: bool, known: Vocabulary | None = None
) -> list[WrittenFact]:
    """The facts that the rules find in a passage, those that a question would give away left out.

    begins_section: whether it holds the first sentence under its heading. known: the words of all
    the documents (`subjects.vocabulary`); those of the passage where it is not given.
    """
    known = known or vocabulary([passage])
    main = known.main
    heading = passage.heading_path[-1] if passage.heading_path else ""
    topic = topic_of(heading)
    found = list(table_facts(passage.text, known))
    near = main if main and main in passage.indexed_text else ""
    found += list_facts(passage.text, topic, near)
    found += _faq_facts(passage, begins_section, heading, main)
    lines = [line for line in passage.text.splitlines() if len(cells(line)) < 2]
    prose = "\n".join(lines)
    found += _prose_facts(prose, passage, known)
    if begins_section:
        found += _heading_facts(prose, heading)
    fair = (_fair(fact, topic, near) for fact in _distinct(found))
    return [fact for fact in fair if fact.wordings]


def _prose_facts(prose: str, passage: Passage, known: Vocabulary) -> Iterator[WrittenFact]:
    heading = passage.heading_path[-1] if passage.heading_path else ""
    speaker, main = Speaker(heading, known), known.main
    for start, end in sentence_spans(prose):
        sentence = " ".join(prose[start:end].split())
        if not _SPOKEN_SENTENCE.match(sentence):
            continue
        speaker.begin_sentence()
        spelled = known.spelled_out(sentence, passage.document_id)
        for clause in filter(None, map(speaker.resolved, clauses(spelled))):
            for fact in (*named_facts(clause, main), *figure_facts(clause), *date_facts(clause)):
                yield replace(fact, evidence=sentence)
        for fact in inline_facts(spelled, main):
            yield replace(fact, evidence=sentence)
        if stands_alone(sentence):
            yield from definition_facts(sentence)


def _faq_facts(
    passage: Passage, begins_section: bool, heading: str, main: str
) -> Iterator[WrittenFact]:
    """A heading that asks, and lines of Q and A."""
    pairs = [(m["question"], m["answer"]) for m in _QUESTION_LINE.finditer(passage.text)]
    if begins_section and heading.endswith("?"):
        pairs.append((heading, passage.text))
    for question, text in pairs:
        answer = _first_words(text)
        if answer:
            asked = capital(question)
            named = re.sub(r"\bit\b", f"the {main}", asked, count=1) if main else asked
            wordings = (
                asked,
                f"Can you tell me: {lowered(question)}",
                f"I wanted to ask: {lowered(named)}",
                *((named,) if named != asked else ()),
            )
            yield WrittenFact(answer, answer, wordings, "faq", evidence=answer)


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
        ),
        "heading",
    )


def _distinct(found: list[WrittenFact]) -> Iterator[WrittenFact]:
    """Each fact once: those of one value in one stretch of evidence are asked for together."""
    together: dict[tuple[str, str], WrittenFact] = {}
    for fact in found:
        key = (fact.value.casefold().rstrip("."), fact.evidence or fact.answer)
        first = together.get(key)
        if first is None:
            together[key] = fact
        elif first.method in ("figure", "name", "code", "date") and len(first.wordings) < 6:
            more = (*first.wordings, *fact.wordings)
            together[key] = replace(
                first,
                wordings=tuple(dict.fromkeys(more)),
                reverse=first.reverse or fact.reverse,
            )
    yield from together.values()


def _fair(fact: WrittenFact, topic: str, main: str) -> WrittenFact:
    """The fact with short wordings, without those that hold what is asked for."""
    value = fact.value.casefold().rstrip(".")
    wordings = list(fact.wordings)
    wordings[2:2] = _of_main(fact, main)
    if fact.method in ("figure", "name", "code", "date", "list"):
        wordings += short_wordings(fact, topic, main)
    kept = tuple(w for w in dict.fromkeys(wordings) if value not in w.casefold())
    return replace(fact, wordings=kept)


def _of_main(fact: WrittenFact, main: str) -> list[str]:
    """The plainest wording with the main name beside a subject that lacks it: "the tank of the
    Kestrel" for "the tank", as people say it who have nothing else in front of them."""
    subject = fact.subject
    plain = re.fullmatch(r"the [a-z-]+(?: [a-z-]+){0,2}", subject)
    if not main or not fact.wordings or plain is None or " of " in subject:
        return []
    asked = fact.wordings[0]
    if main in asked or subject not in asked:
        return []
    return [
        asked.replace(subject, f"{subject} of the {main}", 1),
        asked.replace(subject, f"the {main}’s {subject.removeprefix('the ')}", 1),
    ]


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
