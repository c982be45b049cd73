"""SQL of votes and thumbs, and the rules by which a vote is taken."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, RowMapping, select

from assistant.errors import InvalidRequest, NotFound, VoteRefused
from assistant.records import CHOICES, CRITERIA, CountedVote, Thumb, Vote
from assistant.store.rows import Values, vote_of
from assistant.store.schema import answers, comparisons, replies, thumbs, votes
from assistant.store.statements import inserted, row_of, upserted
from assistant.store.turns import contenders_of

MAX_COMMENT = 10_000  # characters
MAX_VOTER = 200  # characters

_NO_COMPARISON = (
    "There is no such comparison to vote on: nothing was counted, ask again to get one."
)
_NO_REPLY = "There is no such reply to judge: nothing was counted, ask again to get one."


def add_vote(connection: Connection, vote: Vote) -> Vote:
    """Take a vote as `Store.add_vote` says; the value kept."""
    _check(vote)
    comparison = row_of(connection, comparisons, vote.comparison_id, _NO_COMPARISON)
    if not comparison["votable"]:
        raise VoteRefused(
            "One of these answers was stopped before it was whole, so the vote was not counted: "
            "ask the question again."
        )
    if comparison["blind"]:
        first = replace(vote, blind=True)
        # The primary key decides which of two votes posted at one moment is the first.
        if inserted(connection, votes, _key(first) | _values(first, comparison)):
            return first
    return _add_open(connection, replace(vote, blind=False), comparison)


def kept_vote(connection: Connection, comparison_id: str, voter: str, blind: bool) -> Vote | None:
    statement = select(votes).filter_by(comparison_id=comparison_id, voter=voter, blind=blind)
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else vote_of(row)


def votes_of(connection: Connection, assistant_id: str) -> list[CountedVote]:
    left, right = answers.alias("left_side"), answers.alias("right_side")
    statement = (
        select(
            votes,
            comparisons.c.question,
            left.c.contender_id.label("left_contender"),
            right.c.contender_id.label("right_contender"),
        )
        .join(comparisons, votes.c.comparison_id == comparisons.c.id)
        .join(left, comparisons.c.left_answer == left.c.id)
        .join(right, comparisons.c.right_answer == right.c.id)
        .where(comparisons.c.assistant_id == assistant_id)
        .order_by(votes.c.created_at, votes.c.comparison_id, votes.c.voter, votes.c.blind.desc())
    )
    by_id = contenders_of(connection, assistant_id)
    return [
        CountedVote(
            vote_of(row),
            by_id[row["left_contender"]],
            by_id[row["right_contender"]],
            row["question"],
        )
        for row in connection.execute(statement).mappings()
    ]


def add_thumb(connection: Connection, thumb: Thumb) -> None:
    """Keep a thumb, or turn the one this voter gave before."""
    _raise_faults(_voter_faults(thumb.voter))
    row_of(connection, replies, thumb.reply_id, _NO_REPLY)
    key = {"reply_id": thumb.reply_id, "voter": thumb.voter}
    if not upserted(connection, thumbs, key, {"up": thumb.up, "created_at": thumb.created_at}):
        raise NotFound(_NO_REPLY)


def thumbs_of(connection: Connection, assistant_id: str) -> list[Thumb]:
    statement = (
        select(thumbs)
        .join(replies, thumbs.c.reply_id == replies.c.id)
        .where(replies.c.assistant_id == assistant_id)
        .order_by(thumbs.c.created_at, thumbs.c.reply_id, thumbs.c.voter)
    )
    return [Thumb(**row) for row in connection.execute(statement).mappings()]


def _add_open(connection: Connection, vote: Vote, comparison: RowMapping) -> Vote:
    """Keep the voter's open vote; a post that says again what stands changes nothing."""
    stands = kept_vote(connection, vote.comparison_id, vote.voter, False)
    stands = stands or kept_vote(connection, vote.comparison_id, vote.voter, True)
    if stands is not None and _says(stands) == _says(vote):
        return stands
    if not upserted(connection, votes, _key(vote), _values(vote, comparison)):
        raise NotFound(_NO_COMPARISON)
    return vote


def _says(vote: Vote) -> tuple[object, ...]:
    return vote.choice, vote.marks, vote.comment


def _key(vote: Vote) -> Values:
    return {"comparison_id": vote.comparison_id, "voter": vote.voter, "blind": vote.blind}


def _values(vote: Vote, comparison: RowMapping) -> Values:
    return {
        "choice": vote.choice,
        "marks": vote.marks,
        "comment": vote.comment,
        "created_at": vote.created_at,
        "comparison_votable": comparison["votable"],
        "comparison_blind": comparison["blind"],
    }


def _check(vote: Vote) -> None:
    """Raise InvalidRequest that lists every mistake of the vote together."""
    faults = _voter_faults(vote.voter)
    if vote.choice not in CHOICES:
        faults.append(f"the choice must be one of {', '.join(CHOICES)}")
    if not isinstance(vote.comment, str) or len(vote.comment) > MAX_COMMENT:
        faults.append(f"the comment must be a text of at most {MAX_COMMENT} characters")
    _raise_faults(faults + _marks_faults(vote.marks))


def _marks_faults(marks: object) -> list[str]:
    if not isinstance(marks, dict) or not all(isinstance(own, dict) for own in marks.values()):
        return ["the marks must name a side, then a criterion, then a number"]
    faults = []
    if not set(marks) <= {"left", "right"}:
        faults.append("marks are for the sides left and right alone")
    criteria = [criterion for own in marks.values() for criterion in own]
    if not set(criteria) <= set(CRITERIA):
        faults.append(f"marks are for {', '.join(CRITERIA)} alone")
    values = [value for own in marks.values() for value in own.values()]
    if not all(type(value) is int and 1 <= value <= 5 for value in values):
        faults.append("a mark must be a whole number from 1 to 5")
    return faults


def _voter_faults(voter: object) -> list[str]:
    if isinstance(voter, str) and 0 < len(voter) <= MAX_VOTER:
        return []
    return [f"the voter must be a text of 1 to {MAX_VOTER} characters"]


def _raise_faults(faults: list[str]) -> None:
    if faults:
        raise InvalidRequest("The vote was not counted: " + "; ".join(faults) + ".")
