"""The words that the page uses for the core's own names, and numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from assistant.records import Choice, ContenderKind
from assistant.runs import Run

NAMES: dict[ContenderKind, str] = {
    "base": "Base model",
    "rag": "RAG",
    "tuned": "Tuned",
    "tuned+rag": "Tuned + RAG",
}

EXPLAINED: dict[ContenderKind, str] = {
    "base": "The model as it came, without your documents.",
    "rag": "Retrieval: passages found in your documents are given to the model with the question.",
    "tuned": "The model after training on your examples, answering from memory.",
    "tuned+rag": "The trained model, given passages from your documents as well.",
}

SIDES = {"left": "A", "right": "B"}

CHOSEN: dict[Choice, str] = {
    "left": "A is better",
    "right": "B is better",
    "tie": "a tie",
    "both_bad": "both bad",
}


def run_title(run: Run | None, run_id: str | None = None) -> str:
    """What a run is called: by the name it was given, else by its id, also where it is gone."""
    if run is not None and run.name:
        return f"run “{run.name}”"
    return f"run {run.id if run is not None else run_id or 'unknown'}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 document", "12 documents"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float | None) -> str:
    """A stretch of time as a person says it; "" where it is not known."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{max(round(seconds), 0)} s"
    if seconds < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min" if minutes >= 10 or not rest else f"{minutes} min {rest} s"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def size(count: int) -> str:
    """Bytes in the unit that keeps the figure short."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def moment(when: datetime, now: datetime | None = None) -> str:
    """When something was, in local time: the time today, else the date."""
    now = (now or datetime.now(UTC)).astimezone()
    local = when.astimezone(now.tzinfo)
    if local.date() == now.date():
        return f"{local:%H:%M}"
    if local.year == now.year:
        return f"{local.day} {local:%b}"
    return f"{local.day} {local:%b %Y}"


def model_name(base_model: str) -> str:
    """A base model in a few words."""
    if base_model == "builtin":
        return "SmolLM2 135M"
    return base_model.rstrip("/").rsplit("/", 1)[-1]
