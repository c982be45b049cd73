"""How far an evaluation is, and how long the rest will take by what was measured of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.records import Usage

_CHARACTERS = 4.0  # of a prompt's token, about
_DECODED = 3.0  # a new token takes as long as so many of a prompt
_NEW_TOKENS = 40.0  # of an answer, until some are there to say


@dataclass(frozen=True, slots=True)
class EvaluationProgress:
    """How far an evaluation is. seconds_left: from what was measured, None until there is any.

    tokens_per_second: of prompts and answers together. note: something that a person should know,
    told once.
    """

    stage: str
    done: int
    total: int
    seconds_left: float | None = None
    tokens_per_second: float = 0.0
    note: str = ""


Report = Callable[[EvaluationProgress], None]


@dataclass(slots=True)
class Work:
    """What has been answered and what is left.

    The work of an answer is the length of its prompt and `_DECODED` times that of the answer; one
    that is to come is taken to be as long as those that came, and the prompts that are not made yet
    as long as those that are.
    """

    total: int = 0
    done: int = 0
    _answered: int = 0
    _new_tokens: int = 0
    _tokens: int = 0
    _prompts_done: float = 0.0
    _prompts_left: float = 0.0
    _made: int = 0
    _seconds: float = 0.0
    _began: float = 0.0

    def begin(self, prompts: Sequence[int]) -> None:
        """A window of prompts, by their characters, is about to be answered."""
        self._began = time.perf_counter() - self._seconds
        self._prompts_left = sum(prompts) / _CHARACTERS
        self._made = len(prompts)

    def add(self, usage: Usage, prompt: int) -> None:
        """An answer is whole. prompt: its characters."""
        self._seconds = time.perf_counter() - self._began
        self.done += 1
        self._answered += 1
        self._made -= 1
        self._new_tokens += usage.tokens_out
        self._tokens += usage.tokens_in + usage.tokens_out
        self._prompts_done += prompt / _CHARACTERS
        self._prompts_left -= prompt / _CHARACTERS

    def failed(self, count: int) -> None:
        """So many could not be asked."""
        self.done += count

    def state(self, stage: str) -> EvaluationProgress:
        speed = self._tokens / self._seconds if self._seconds > 0 else 0.0
        return EvaluationProgress(stage, self.done, self.total, self._seconds_left(), speed)

    def _seconds_left(self) -> float | None:
        if not self._answered or self._seconds <= 0:
            return None
        new = self._new_tokens / self._answered or _NEW_TOKENS
        left = self.total - self.done
        later = max(left - self._made, 0) * (self._prompts_done + self._prompts_left)
        prompts = self._prompts_left + later / max(self._answered + self._made, 1)
        worked = self._prompts_done + _DECODED * self._new_tokens
        return self._seconds * (prompts + _DECODED * new * left) / max(worked, 1.0)
