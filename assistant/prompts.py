"""All the prompt text. Training and chat call the same functions, so that the model is tuned on
exactly what it will be asked.

Text from documents and from people is data: our own delimiters and the markers of chat templates
are escaped in it, so that a passage cannot end its block or open a turn of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.records import NO_PROFILE, Message, Profile, content_hash

NOT_IN_DOCUMENTS = "The documents do not say."
REFUSED_SUBJECT = "I cannot answer questions on this subject."

_PASSAGES_HEADER = "Passages from the documents:"
_PASSAGES_FOOTER = "Answer from these passages alone, in one or two sentences."
_IDENTITY = "You are {name}. {task}"
_AUDIENCE = "You answer {audience}."
_TONE = "Your tone is {tone}."
_REFUSE = "If you are asked about {subjects}, reply: " + REFUSED_SUBJECT
_UNKNOWN = "If the documents do not say, reply: " + NOT_IN_DOCUMENTS

_TEMPLATE_MARKER = re.compile(r"<\|(?=[^|<>\n]{1,40}\|>)")
_PASSAGE_MARKER = re.compile(r"<(?=/?\s*passage\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PromptPassage:
    """A passage as the model reads it: where it is from, and its text."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class PastTurn:
    """An earlier question of the conversation and this side's own answer to it."""

    question: str
    answer: str


def escaped(text: str) -> str:
    """The text with our passage delimiters and chat-template markers made harmless."""
    return _PASSAGE_MARKER.sub("‹", _TEMPLATE_MARKER.sub("‹|", text))


def default_system_prompt(name: str, task: str, profile: Profile = NO_PROFILE) -> str:
    """The system prompt of a new assistant, with what its profile says of it."""
    task = task.strip()
    if task and task[-1] not in ".!?":
        task += "."
    parts = [_IDENTITY.format(name=name.strip(), task=task)]
    if profile.audience:
        parts.append(_AUDIENCE.format(audience=profile.audience.rstrip(".")))
    if profile.tone:
        parts.append(_TONE.format(tone=profile.tone.rstrip(".")))
    if profile.refusals:
        parts.append(_REFUSE.format(subjects=_one_of(profile.refusals)))
    return " ".join([*parts, _UNKNOWN])


def question_messages(
    system_prompt: str,
    question: str,
    passages: Sequence[PromptPassage] = (),
    history: Sequence[PastTurn] = (),
) -> tuple[Message, ...]:
    """What a model is asked: closed-book without passages, from them alone with."""
    messages = [Message("system", system_prompt)]
    for turn in history:
        messages.append(Message("user", escaped(turn.question)))
        messages.append(Message("assistant", escaped(turn.answer)))
    messages.append(Message("user", _user_text(question, passages)))
    return tuple(messages)


def training_row(
    system_prompt: str, question: str, answer: str, passages: Sequence[PromptPassage] = ()
) -> dict[str, list[dict[str, str]]]:
    """A prompt-completion row of the same messages, for completion-only loss."""
    prompt = question_messages(system_prompt, question, passages)
    return {
        "prompt": [{"role": message.role, "content": message.content} for message in prompt],
        "completion": [{"role": "assistant", "content": escaped(answer)}],
    }


def prompt_fingerprint(system_prompt: str) -> str:
    """SHA-256 of all the prompt text that a contender's answers depend on."""
    return content_hash([system_prompt, _PASSAGES_HEADER, _PASSAGES_FOOTER, NOT_IN_DOCUMENTS])


def _one_of(subjects: Sequence[str]) -> str:
    *others, last = [subject.rstrip(".") for subject in subjects]
    return f"{', '.join(others)} or {last}" if others else last


def _user_text(question: str, passages: Sequence[PromptPassage]) -> str:
    if not passages:
        return escaped(question.strip())
    blocks = [
        f"<passage {number}>\n{escaped(passage.source)}\n{escaped(passage.text)}\n</passage>"
        for number, passage in enumerate(passages, start=1)
    ]
    return "\n".join(
        [_PASSAGES_HEADER, *blocks, _PASSAGES_FOOTER, f"Question: {escaped(question.strip())}"]
    )
