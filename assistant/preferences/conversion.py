"""From votes and thumbs to rows: pairs for DPO, single judged answers for KTO.

Only blind votes count, since who sees the names votes on them. A pair holds whoever gave its two
answers: the tuned model is taught closed-book, also where the better answer came from retrieval,
whose text is what a good example would have said; and "The documents do not say.", chosen over an
invention, is the lesson that examples alone rarely give. What would teach a closed-book model
something wrong is an answer that points at passages: it is never a chosen one.

A follow-up question trains only if it says by itself what it is about (`assistant.follow_ups`), and
then without its history: the two sides had different histories, and a pair has one prompt.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from assistant.follow_ups import SearchPlan, search_plan
from assistant.preferences.records import JudgedAnswer, Method, Pair, Preferences, Reason
from assistant.prompts import PastTurn
from assistant.records import Answer, Comparison, Reply, Thumb, Vote

_MARKER = re.compile(r"\s?\[\d+\]")
_POINTS_AT_PASSAGES = re.compile(
    r"\b(?:the|this|these|those|given|provided|above) (?:passages?|excerpts?|context)\b"
    r"|\bpassages? \d",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """All that an assistant was asked and that was judged.

    comparisons, replies: whole conversations, in the order in which they were asked; a vote on one
    that is not among them was in a conversation since deleted. tests: questions among them that
    repeat a test question. careless: voters who are not to count.
    """

    comparisons: Sequence[Comparison]
    replies: Sequence[Reply]
    votes: Sequence[Vote]
    thumbs: Sequence[Thumb]
    tests: frozenset[str] = frozenset()
    careless: frozenset[str] = frozenset()


def preferences(method: Method, asked: Asked) -> Preferences:
    """What the votes and thumbs teach by this method; each of them trains or has one reason."""
    return _pairs(asked) if method == "dpo" else _judged(asked)


def plain_answer(answer: Answer) -> str:
    """The answer in one line and without citation markers, as a closed-book model would say it."""
    return " ".join(_MARKER.sub("", answer.text).split())


@dataclass(slots=True)
class _Poll:
    """The votes on one thing by their voters' last word: for the first of two, or the other."""

    said: dict[str, bool] = field(default_factory=dict)


class _Polls:
    """Votes by what they are about, and why others do not count."""

    def __init__(self) -> None:
        self._polls: dict[Hashable, _Poll] = defaultdict(_Poll)
        self.left_out: Counter[Reason] = Counter()

    def add(self, key: Hashable, voter: str, first: bool) -> None:
        """Take a vote, the oldest come first; a voter's earlier one counts no more."""
        said = self._polls[key].said
        self.left_out["repeated"] += voter in said
        said[voter] = first

    def decided(self) -> Iterable[tuple[Hashable, bool, int, int]]:
        """Each thing with its majority, the votes for that and against it."""
        for key, poll in self._polls.items():
            firsts = sum(poll.said.values())
            others = len(poll.said) - firsts
            self.left_out["disagree"] += min(firsts, others) * (2 if firsts == others else 1)
            if firsts != others:
                yield key, firsts > others, max(firsts, others), min(firsts, others)


def _pairs(asked: Asked) -> Preferences:
    known = {one.id: one for one in asked.comparisons}
    leaning = leaning_turns(asked.comparisons)
    polls = _Polls()
    shown: dict[Hashable, tuple[str, Answer, Answer]] = {}
    for vote in sorted(asked.votes, key=lambda vote: vote.created_at):
        comparison = known.get(vote.comparison_id)
        reason = _why_not(vote, comparison, leaning, asked)
        if comparison is None or reason is not None:
            polls.left_out[reason or "deleted"] += 1
            continue
        sides = sorted((comparison.left, comparison.right), key=plain_answer)
        first, second = sides
        key = (_folded(comparison.question), *(_folded(plain_answer(side)) for side in sides))
        shown.setdefault(key, (comparison.question.strip(), first, second))
        chosen = comparison.left if vote.choice == "left" else comparison.right
        polls.add(key, vote.voter, chosen is first)
    pairs = []
    for about, won, votes, against in polls.decided():
        question, first, second = shown[about]
        chosen, rejected = (first, second) if won else (second, first)
        if _POINTS_AT_PASSAGES.search(chosen.text):
            polls.left_out["passages"] += votes
            continue
        texts = plain_answer(chosen), plain_answer(rejected)
        kinds = chosen.contender.kind, rejected.contender.kind
        pairs.append(Pair(question, *texts, *kinds, votes, against))
    return Preferences("dpo", tuple(pairs), (), len(asked.votes), dict(polls.left_out))


def _why_not(
    vote: Vote, comparison: Comparison | None, leaning: set[str], asked: Asked
) -> Reason | None:
    """Why a vote makes no pair, None where it may."""
    if comparison is None:
        return "deleted"
    sides = (comparison.left, comparison.right)
    first, second = (plain_answer(side) for side in sides)
    rules: list[tuple[bool, Reason]] = [
        (not vote.blind, "open"),
        (vote.choice == "tie", "tie"),
        (vote.choice == "both_bad", "both_bad"),
        (vote.voter in asked.careless, "careless"),
        (comparison.question in asked.tests, "test"),
        (any(side.stopped for side in sides) or not (first and second), "stopped"),
        (_folded(first) == _folded(second), "identical"),
        (comparison.id in leaning, "follow_up"),
    ]
    return next((reason for holds, reason in rules if holds), None)


@dataclass(frozen=True, slots=True)
class _Judgement:
    """Of one answer by one voter. turn: id of its comparison or reply."""

    turn: str
    question: str
    answer: Answer
    voter: str
    good: bool


def _judged(asked: Asked) -> Preferences:
    compared = {one.id: one for one in asked.comparisons}
    replied = {one.id: one for one in asked.replies}
    leaning = leaning_turns(asked.comparisons) | leaning_turns(asked.replies)
    polls = _Polls()
    judgements: list[tuple[float, _Judgement]] = []
    for vote in asked.votes:
        comparison = compared.get(vote.comparison_id)
        if vote.choice == "both_bad" and vote.blind and comparison is not None:
            judgements += [
                (
                    vote.created_at.timestamp(),
                    _Judgement(comparison.id, comparison.question, side, vote.voter, False),
                )
                for side in (comparison.left, comparison.right)
            ]
        else:
            polls.left_out[_no_judgement(vote, comparison)] += 1
    for thumb in asked.thumbs:
        reply = replied.get(thumb.reply_id)
        if reply is None:
            polls.left_out["deleted"] += 1
            continue
        given = _Judgement(reply.id, reply.question, reply.answer, thumb.voter, thumb.up)
        judgements.append((thumb.created_at.timestamp(), given))
    shown: dict[Hashable, _Judgement] = {}
    for _, given in sorted(judgements, key=lambda one: one[0]):
        reason = _not_judged(given, leaning, asked)
        if reason is not None:
            polls.left_out[reason] += 1
            continue
        key = (_folded(given.question), _folded(plain_answer(given.answer)))
        shown.setdefault(key, given)
        polls.add(key, given.voter, given.good)
    rows = []
    for about, good, votes, against in polls.decided():
        given = shown[about]
        if good and _POINTS_AT_PASSAGES.search(given.answer.text):
            polls.left_out["passages"] += votes
            continue
        text, kind = plain_answer(given.answer), given.answer.contender.kind
        rows.append(JudgedAnswer(given.question.strip(), text, good, kind, votes, against))
    read = sum(polls.left_out.values()) + sum(row.votes for row in rows)
    return Preferences("kto", (), tuple(rows), read, dict(polls.left_out))


def _no_judgement(vote: Vote, comparison: Comparison | None) -> Reason:
    """Why a vote judges no answer by itself."""
    if comparison is None:
        return "deleted"
    if not vote.blind:
        return "open"
    return "tie" if vote.choice == "tie" else "decisive"


def _not_judged(given: _Judgement, leaning: set[str], asked: Asked) -> Reason | None:
    rules: list[tuple[bool, Reason]] = [
        (given.voter in asked.careless, "careless"),
        (given.question in asked.tests, "test"),
        (given.answer.stopped or not plain_answer(given.answer), "stopped"),
        (given.turn in leaning, "follow_up"),
    ]
    return next((reason for holds, reason in rules if holds), None)


def leaning_turns(turns: Sequence[Comparison] | Sequence[Reply]) -> set[str]:
    """Ids of the turns whose question leans on the turns before it in its conversation."""
    earlier: dict[str, list[PastTurn]] = defaultdict(list)
    found: set[str] = set()
    for turn in turns:
        history = earlier[turn.conversation_id]
        if search_plan(turn.question, history) != SearchPlan(turn.question):
            found.add(turn.id)
        said = turn.left if isinstance(turn, Comparison) else turn.answer
        history.append(PastTurn(turn.question, said.text))
    return found


def _folded(text: str) -> str:
    """The text as it is compared: without regard to case, spaces and a full stop at the end."""
    return " ".join(text.casefold().split()).rstrip(".")
