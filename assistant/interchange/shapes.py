"""The shapes in which question-answer rows are passed around, and what each row means.

duet               Duet's own columns: question, answer, split, fact, document, passage, ...
question-answer    question and answer, and nothing else of ours
sharegpt           conversations: [{"from": "human" | "gpt" | "system", "value": text}, ...]
alpaca             instruction, input, output (Taori et al. 2023)
openai             messages: [{"role": "user" | "assistant" | "system", "content": text}, ...]
prompt-completion  prompt and completion, both text or both messages, as TRL takes them

A conversation of several turns gives an example for its first question, and for each later one that
stands by itself (`assistant.follow_ups`); a question that leans on what was said before is left out
and counted, since an example is asked without a history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from assistant.facts import STOP_WORDS, words
from assistant.follow_ups import search_plan
from assistant.prompts import PastTurn

Shape = Literal["duet", "question-answer", "sharegpt", "alpaca", "openai", "prompt-completion"]
SHAPES: tuple[Shape, ...] = get_args(Shape)

OWN_COLUMNS = (
    "question", "answer", "split", "answerable", "document", "passage", "fact", "section",
    "source", "method", "span", "scores", "flags", "rejected",
)  # fmt: skip
_ONLY_OURS = ("split", "answerable", "fact", "section")
_ROLES = {
    "human": "user",
    "user": "user",
    "prompter": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bard": "assistant",
    "bing": "assistant",
    "model": "assistant",
    "system": "system",
    "developer": "system",
}
_TOOL_ROLES = ("tool", "function", "observation", "function_call", "tool_call")


class RowFault(ValueError):
    """A row is not what its shape asks for; the text says why."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer, as they stand in a row."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class RowContent:
    """What a row of another shape than ours holds.

    system: its system message, "" where there is none. leaning: later questions that were left out
    since they lean on earlier ones. untrained: answers whose weight is 0. greeting: whether it
    begins with an answer to nothing, which is left out.
    """

    exchanges: tuple[Exchange, ...]
    system: str = ""
    leaning: int = 0
    untrained: int = 0
    greeting: bool = False


def shape_of(row: Mapping[str, Any]) -> Shape | None:
    """The shape whose columns the row has; None where it is of none."""
    if _list_of(row, "conversations", "conversation") is not None:
        return "sharegpt"
    if _list_of(row, "messages") is not None:
        return "openai"
    if "question" in row and ("answer" in row or "answerable" in row):
        return "duet" if any(name in row for name in _ONLY_OURS) else "question-answer"
    if "instruction" in row and "output" in row:
        return "alpaca"
    if "prompt" in row and "completion" in row:
        return "prompt-completion"
    return None


def content_of(row: Mapping[str, Any], shape: Shape) -> RowContent:
    """The questions and answers of a row of a shape that is not ours. Raises RowFault."""
    if shape == "alpaca":
        return _alpaca(row)
    if shape == "sharegpt":
        return _conversation(_list_of(row, "conversations", "conversation"), "conversations")
    if shape == "openai":
        return _conversation(_list_of(row, "messages"), "messages")
    return _prompt_completion(row)


def _alpaca(row: Mapping[str, Any]) -> RowContent:
    asked, given = _text(row, "instruction"), _text(row, "input")
    question = "\n\n".join(part for part in (asked, given) if part.strip())
    return RowContent((Exchange(question, _text(row, "output")),), _text(row, "system"))


def _prompt_completion(row: Mapping[str, Any]) -> RowContent:
    prompt, completion = row.get("prompt"), row.get("completion")
    if isinstance(prompt, list) or isinstance(completion, list):
        parts = [
            part if isinstance(part, list) else [{"role": role, "content": part}]
            for role, part in (("user", prompt), ("assistant", completion))
        ]
        return _conversation([*parts[0], *parts[1]], "prompt and completion")
    return RowContent((Exchange(_text(row, "prompt"), _text(row, "completion")),))


def _conversation(messages: Sequence[Any] | None, name: str) -> RowContent:
    if not messages:
        raise RowFault(f"{name} is missing" if messages is None else f"{name} is empty")
    turns = list(_joined(list(map(_message, messages))))
    system = "\n\n".join(text for role, text, _ in turns if role == "system")
    spoken = [turn for turn in turns if turn[0] != "system"]
    greeting = bool(spoken) and spoken[0][0] == "assistant"
    spoken = spoken[1:] if greeting else spoken
    if len(spoken) < 2:
        raise RowFault(f"{name} holds no question with an answer")
    if len(spoken) % 2:
        raise RowFault(f"{name} ends with a question that has no answer")
    taken: list[Exchange] = []
    history: list[PastTurn] = []
    leaning = untrained = 0
    for (_, question, _), (_, answer, trained) in zip(spoken[::2], spoken[1::2], strict=True):
        if not trained:
            untrained += 1
        elif _leans(question, history):
            leaning += 1
        else:
            taken.append(Exchange(question, answer))
        history.append(PastTurn(question, answer))
    if not taken:
        raise RowFault(f"no answer of {name} is to be trained on (weight 0)")
    return RowContent(tuple(taken), system, leaning, untrained, greeting)


def _leans(question: str, history: Sequence[PastTurn]) -> bool:
    """Whether a later question needs the earlier ones. The rule knows English; a question without
    a word by which it could be told counts as leaning."""
    if not history:
        return False
    if not any(word.lower() in STOP_WORDS for word in words(question)):
        return True
    plan = search_plan(question, history)
    return plan.query != question or bool(plan.fallback)


def _joined(
    messages: Sequence[tuple[str, str, bool]],
) -> Iterator[tuple[str, str, bool]]:
    """The messages with those of one role that follow each other as one."""
    pending: tuple[str, str, bool] | None = None
    for role, text, trained in messages:
        if pending and pending[0] == role:
            pending = (role, f"{pending[1]}\n\n{text}", pending[2] and trained)
            continue
        if pending:
            yield pending
        pending = (role, text, trained)
    if pending:
        yield pending


def _message(message: Any) -> tuple[str, str, bool]:
    """Role, text, and whether it may be trained on."""
    if not isinstance(message, Mapping):
        raise RowFault("a message is not an object")
    stated = message.get("role", message.get("from"))
    if stated in _TOOL_ROLES or message.get("tool_calls") or message.get("function_call"):
        raise RowFault("it calls tools, which an example cannot hold")
    role = _ROLES.get(stated.strip().lower()) if isinstance(stated, str) else None
    if role is None:
        raise RowFault(f"a message is of the unknown role {str(stated)[:40]!r}")
    return role, _parts(message.get("content", message.get("value"))), message.get("weight") != 0


def _parts(content: Any) -> str:
    """The text of a message, which may come in parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise RowFault("a message has no text" if content is None else "a message is not text")
    texts = []
    for part in content:
        text = part.get("text") if isinstance(part, Mapping) else part
        if not isinstance(text, str):
            kind = part.get("type", "?") if isinstance(part, Mapping) else type(part).__name__
            raise RowFault(f"a message holds a part that is not text ({str(kind)[:40]})")
        texts.append(text)
    return "\n".join(texts)


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RowFault(f"{name} is not text")
    return value


def _list_of(row: Mapping[str, Any], *names: str) -> list[Any] | None:
    """The list under the first of these names that holds one."""
    return next((row[name] for name in names if isinstance(row.get(name), list)), None)
