"""The guided start of an assistant: its purpose fills in tone, refusals, questions and emphasis.

Everything that a purpose fills in is a field of the assistant's profile, and can be changed later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.errors import InvalidRequest
from assistant.evaluation.catalogue import METRICS
from assistant.prompts import REFUSED_SUBJECT
from assistant.purposes import HEADING, KNOWN_REFUSALS, PURPOSES, Refusal
from assistant.records import NO_PROFILE, Example, Profile, content_hash, example_id

_LONGEST = {"audience": 120, "tone": 80, "disclaimer": 300}  # characters
_LONGEST_LINE = 200  # characters of a refused subject or an example question
_MOST_LINES = 12
_WORDINGS = (
    "Can you help me with {subject}?",
    "I have a question about {subject}.",
    "What do you say about {subject}?",
    "Tell me about {subject}.",
    "I need advice on {subject}.",
    "What should I know about {subject}?",
)
REFUSED_METHOD = "refused subject"


def purpose_defaults(purpose: str) -> Profile:
    """What a purpose fills in; who asks is left to the person. An empty profile for no purpose.

    For “other” the refusals are only offered. Raises InvalidRequest for an unknown purpose.
    """
    if not purpose:
        return NO_PROFILE
    known = PURPOSES.get(purpose)
    if known is None:
        raise InvalidRequest(f"There is no purpose “{purpose}”: use one of {', '.join(PURPOSES)}.")
    return Profile(
        purpose=purpose,
        tone=known.tone,
        refusals=() if purpose == "other" else known.subjects,
        disclaimer=known.disclaimer,
        questions=known.questions,
        emphasis=known.emphasis,
    )


def with_purpose(profile: Profile, purpose: str) -> Profile:
    """The profile for another purpose: what the old one had filled in is filled in anew.

    What a person wrote or chose differently stays. Raises InvalidRequest for an unknown purpose.
    """
    after = purpose_defaults(purpose)
    before = purpose_defaults(profile.purpose if profile.purpose in PURPOSES else "")
    changes = {
        name: getattr(after, name)
        for name in ("tone", "refusals", "disclaimer", "questions", "emphasis")
        if getattr(profile, name) == getattr(before, name)
    }
    return replace(profile, purpose=purpose, **changes)


def checked_profile(profile: Profile) -> Profile:
    """The profile without needless space, blank lines and repeats.

    Raises InvalidRequest that lists everything that is wrong with it.
    """
    tidy = Profile(
        purpose=profile.purpose.strip(),
        audience=_spaced(profile.audience),
        tone=_spaced(profile.tone),
        refusals=_lines(profile.refusals),
        disclaimer=_spaced(profile.disclaimer),
        questions=_lines(profile.questions),
        emphasis=_lines(profile.emphasis),
    )
    faults = [
        f"the {name} has {len(getattr(tidy, name))} characters, more than {most}"
        for name, most in _LONGEST.items()
        if len(getattr(tidy, name)) > most
    ]
    if tidy.purpose and tidy.purpose not in PURPOSES:
        faults.append(f"the purpose “{tidy.purpose}” is none of {', '.join(PURPOSES)}")
    for name, lines in (("refused subjects", tidy.refusals), ("questions", tidy.questions)):
        if len(lines) > _MOST_LINES:
            faults.append(f"there are {len(lines)} {name}, more than {_MOST_LINES}")
        faults += [
            f"“{line[:40]}…” has more than {_LONGEST_LINE} characters"
            for line in lines
            if len(line) > _LONGEST_LINE
        ]
    faults += [f"there is no metric {name}" for name in tidy.emphasis if name not in METRICS]
    if faults:
        raise InvalidRequest(f"Nothing was changed: {'; '.join(faults)}.")
    return tidy


def refusal_examples(profile: Profile) -> list[Example]:
    """Questions on the subjects that an assistant must refuse, each with the refusal.

    Two questions of each subject are kept for the test out of scope, the others are trained. The
    same profile gives the same examples.
    """
    examples: list[Example] = []
    for subject in profile.refusals:
        known = KNOWN_REFUSALS.get(subject, Refusal(subject))
        asked = [wording.format(subject=subject.rstrip(".?")) for wording in _WORDINGS]
        kept = {
            *_drawn(subject, asked)[: 1 if known.questions else 2],
            *_drawn(subject, known.questions)[:1],
        }
        examples += [
            Example(
                id=example_id(question, REFUSED_SUBJECT),
                question=question,
                answer=REFUSED_SUBJECT,
                source="generated",
                split="generalisation" if question in kept else "train",
                answerable=False,
                method=REFUSED_METHOD,
            )
            for question in (*known.questions, *asked)
        ]
    return list({example.id: example for example in examples}.values())


def filled_questions(profile: Profile, headings: Sequence[str]) -> list[str]:
    """The profile's example questions with headings of the documents in them.

    Each heading is used once; a question that wants one is left out where none is left.
    """
    left = list(dict.fromkeys(headings))
    questions = []
    for question in profile.questions:
        if HEADING in question:
            if not left:
                continue
            question = question.replace(HEADING, left.pop(0))
        questions.append(question)
    return questions


def _drawn(subject: str, questions: Sequence[str]) -> list[str]:
    """The questions in an order that depends on their words alone."""
    return sorted(questions, key=lambda question: content_hash([subject, question]))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _lines(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for text in lines if (line := _spaced(text))))
