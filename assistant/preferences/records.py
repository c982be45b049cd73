"""What votes become before they train, and every vote that does not, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from assistant.records import ContenderKind

Method = Literal["dpo", "kto"]
METHODS: tuple[Method, ...] = get_args(Method)

# Our floor: no source gives one. A tenth is held back, and with fewer the rest is a single batch.
FEWEST_ROWS = 20
FEWEST_OF_A_LABEL = 5  # of KTO's good and of its bad answers, since it weighs one against the other

Reason = Literal[
    "open",
    "tie",
    "both_bad",
    "decisive",
    "test",
    "stopped",
    "identical",
    "follow_up",
    "disagree",
    "repeated",
    "careless",
    "passages",
    "deleted",
]

REASONS: dict[Reason, str] = {
    "open": "given after the names were seen",
    "tie": "ties, which prefer neither answer",
    "both_bad": "both bad, which train with KTO",
    "decisive": "for one of two answers, which train with DPO",
    "test": "on a test question, which must not be trained on",
    "stopped": "on an answer that was stopped or is empty",
    "identical": "between two answers that say the same",
    "follow_up": "on a follow-up that means nothing without the turns before it",
    "disagree": "where the voters disagree, as many one way as the other, or were outvoted",
    "repeated": "by a voter who judged the same answers again later",
    "careless": "by a voter found careless",
    "passages": "for an answer that points at passages, which a tuned model does not see",
    "deleted": "in a conversation that was deleted",
}
"""Why votes do not train, each after "votes"."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one question, of which the voters chose one.

    chosen_by, rejected_by: who gave them. votes: for the chosen one, against: for the other.
    """

    question: str
    chosen: str
    rejected: str
    chosen_by: ContenderKind
    rejected_by: ContenderKind
    votes: int = 1
    against: int = 0


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """One answer that was judged by itself. votes: for this judgement, against: for the other."""

    question: str
    answer: str
    good: bool
    given_by: ContenderKind
    votes: int = 1
    against: int = 0


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the votes and thumbs of an assistant teach by one method.

    pairs: with DPO; judged: with KTO. read: votes there are, with KTO judgements of single answers:
    thumbs, votes, and both bad twice, once for each answer. Those used and those left out, by
    reason, make up all.
    """

    method: Method
    pairs: tuple[Pair, ...]
    judged: tuple[JudgedAnswer, ...]
    read: int
    left_out: Mapping[Reason, int]

    @property
    def rows(self) -> int:
        """Rows to train on and to hold back."""
        return len(self.pairs) + len(self.judged)

    @property
    def used(self) -> int:
        """Votes or judgements behind the rows."""
        return self.read - sum(self.left_out.values())

    @property
    def good(self) -> int:
        """KTO's rows that are to be liked."""
        return sum(one.good for one in self.judged)

    @property
    def lacking(self) -> str:
        """Why there are too few to train on, and how to get more, as a sentence; "" where not."""
        if self.method == "dpo":
            if self.rows >= FEWEST_ROWS:
                return ""
            return (
                f"DPO needs at least {FEWEST_ROWS} pairs (our floor), and the votes give "
                f"{self.rows}: compare blind in the chat and vote for the better answer"
                f"{self._mostly}."
            )
        bad = self.rows - self.good
        if self.rows >= FEWEST_ROWS and min(self.good, bad) >= FEWEST_OF_A_LABEL:
            return ""
        return (
            f"KTO needs at least {FEWEST_ROWS} judged answers, {FEWEST_OF_A_LABEL} of them good "
            f"and {FEWEST_OF_A_LABEL} bad (our floor), and there are {self.good} good and {bad} "
            "bad: ask one contender and press Good answer or Bad answer, or vote both bad in a "
            f"blind comparison{self._mostly}."
        )

    @property
    def sentence(self) -> str:
        """How many rows the votes give, and what was left out and why."""
        if self.method == "dpo":
            said = f"{self.used} of {self.read} votes give {self.rows} pairs."
        else:
            said = (
                f"{self.used} of {self.read} votes and thumbs give {self.rows} judged answers, "
                f"{self.good} of them good."
            )
        reasons = [f"{count} {REASONS[reason]}" for reason, count in self.left_out.items() if count]
        return f"{said} Left out: {'; '.join(reasons)}." if reasons else said

    @property
    def _mostly(self) -> str:
        """The reason that took most votes, for whoever wonders where they went."""
        counts = {reason: count for reason, count in self.left_out.items() if count}
        if not counts:
            return ""
        most = max(counts, key=lambda reason: counts[reason])
        return f" ({counts[most]} of {self.read} were left out: {REASONS[most]})"
