"""The rules of voting, held by the code and, past it, by the database itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DatabaseError

from assistant.errors import InvalidRequest, NotFound, VoteRefused
from assistant.records import Answer, Comparison, Contender, CountedVote, Reply, Vote
from assistant.store import Store


def test_a_first_vote_is_blind_and_counted_with_what_it_judged(
    asked: Store, vote: Callable[..., Vote], contender: Callable[..., Contender]
) -> None:
    assert asked.voted("m1", "ann") is None
    assert asked.add_vote(vote()) == vote()
    assert asked.voted("m1", "ann") == vote()
    assert asked.open_vote("m1", "ann") is None
    assert asked.votes("a1") == [
        CountedVote(vote(), contender("rag"), contender("tuned"), "How much does the tank hold?")
    ]


def test_whether_a_vote_is_blind_is_not_believed(
    asked: Store, vote: Callable[..., Vote], comparison: Callable[..., Comparison]
) -> None:
    assert asked.add_vote(vote(blind=False)).blind
    asked.add_comparison(comparison("m2", blind=False))
    assert not asked.add_vote(vote("m2", blind=True)).blind
    assert asked.voted("m2", "ann") is None
    assert asked.open_vote("m2", "ann") == vote("m2", blind=False)


def test_the_blind_vote_stands_and_later_changes_are_open(
    asked: Store, vote: Callable[..., Vote]
) -> None:
    asked.add_vote(vote())
    second = vote(choice="right", created_at=vote().created_at + timedelta(1), blind=False)
    third = replace(second, choice="tie", marks={}, comment="", voter="ann")
    assert asked.add_vote(second) == second
    assert asked.add_vote(third) == third
    assert asked.voted("m1", "ann") == vote()
    assert asked.open_vote("m1", "ann") == third
    assert [counted.vote for counted in asked.votes("a1")] == [vote(), third]


def test_a_repeated_post_changes_nothing(asked: Store, vote: Callable[..., Vote]) -> None:
    later = vote().created_at + timedelta(hours=1)
    asked.add_vote(vote())
    assert asked.add_vote(vote(created_at=later)) == vote()
    assert [counted.vote for counted in asked.votes("a1")] == [vote()]
    changed = vote(choice="right", blind=False)
    asked.add_vote(changed)
    assert asked.add_vote(replace(changed, created_at=later)) == changed
    assert [counted.vote for counted in asked.votes("a1")] == [vote(), changed]
    back = vote(created_at=later, blind=False)
    assert asked.add_vote(back) == back
    assert asked.open_vote("m1", "ann") == back


def test_every_voter_has_a_vote(asked: Store, vote: Callable[..., Vote]) -> None:
    asked.add_vote(vote())
    asked.add_vote(vote(voter="bob", choice="right"))
    assert [counted.vote.voter for counted in asked.votes("a1")] == ["ann", "bob"]
    assert asked.voted("m1", "bob") == vote(voter="bob", choice="right")
    assert asked.votes("a2") == []


@pytest.mark.parametrize("stopped", ["left", "right"])
@pytest.mark.parametrize("blind", [True, False])
def test_no_vote_where_a_side_was_stopped(
    asked: Store,
    vote: Callable[..., Vote],
    comparison: Callable[..., Comparison],
    answer: Callable[..., Answer],
    stopped: str,
    blind: bool,
) -> None:
    asked.add_comparison(comparison("m2", blind=blind, **{stopped: answer("base", stopped=True)}))
    with pytest.raises(VoteRefused, match="stopped"):
        asked.add_vote(vote("m2"))
    assert asked.votes("a1") == []


@pytest.mark.parametrize("forged", ["m2", "", "M1", "m1 ", "' OR 1=1 --", "m1\x00", "x" * 10_000])
def test_a_forged_comparison_is_not_found(
    asked: Store, vote: Callable[..., Vote], forged: str
) -> None:
    with pytest.raises((NotFound, InvalidRequest)):
        asked.add_vote(vote(forged))
    assert asked.votes("a1") == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"choice": "both"}, "choice"),
        ({"choice": None}, "choice"),
        ({"voter": ""}, "voter"),
        ({"voter": None}, "voter"),
        ({"voter": "x" * 201}, "voter"),
        ({"comment": "x" * 10_001}, "comment"),
        ({"comment": None}, "comment"),
        ({"comment": "half a \udc00 character"}, "cannot be stored"),
        ({"marks": {"middle": {"accuracy": 3}}}, "sides"),
        ({"marks": {"left": {"beauty": 3}}}, "relevance, accuracy, coherence, creativity"),
        ({"marks": {"left": {"accuracy": 0}}}, "1 to 5"),
        ({"marks": {"right": {"accuracy": 6}}}, "1 to 5"),
        ({"marks": {"left": {"accuracy": 4.5}}}, "1 to 5"),
        ({"marks": {"left": {"accuracy": True}}}, "1 to 5"),
        ({"marks": {"left": {"accuracy": "5"}}}, "1 to 5"),
        ({"marks": {"left": {"accuracy": None}}}, "1 to 5"),
        ({"marks": {"left": 5}}, "marks"),
        ({"marks": ["left"]}, "marks"),
        ({"marks": {1: {2: 3}}}, "sides"),
    ],
)
def test_an_invalid_vote_changes_nothing(
    asked: Store, vote: Callable[..., Vote], changes: dict[str, Any], fault: str
) -> None:
    with pytest.raises(InvalidRequest, match=fault):
        asked.add_vote(vote(**changes))
    assert asked.votes("a1") == []
    asked.add_vote(vote())
    with pytest.raises(InvalidRequest, match=fault):
        asked.add_vote(vote(**changes))
    assert [counted.vote for counted in asked.votes("a1")] == [vote()]


def test_all_mistakes_are_listed_together(asked: Store, vote: Callable[..., Vote]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        asked.add_vote(vote(choice="up", voter="", marks={"left": {"beauty": 9}}))
    assert all(word in str(caught.value) for word in ("choice", "voter", "marks are for", "1 to 5"))


def test_thumbs_are_kept_once_a_voter_and_can_be_turned(
    asked: Store, reply: Callable[..., Reply]
) -> None:
    asked.add_reply(reply())
    asked.add_thumb("p1", "ann", True)
    bob = asked.add_thumb("p1", "bob", True)
    turned = asked.add_thumb("p1", "ann", False)
    assert asked.thumbs("a1") == [bob, turned]
    with pytest.raises(NotFound):
        asked.add_thumb("m1", "ann", True)
    with pytest.raises(InvalidRequest, match="voter"):
        asked.add_thumb("p1", "", True)
    assert asked.thumbs("a1") == [bob, turned]


@pytest.fixture
def connection(asked: Store, store_url: str) -> Iterator[Connection]:
    """A way into the database past the store, with foreign keys as the store has them."""
    engine = create_engine(store_url)
    with engine.connect() as opened:
        if engine.dialect.name == "sqlite":
            opened.exec_driver_sql("PRAGMA foreign_keys=ON")
        yield opened
    engine.dispose()


def _row(**changes: Any) -> dict[str, Any]:
    plain = {
        "comparison_id": "m1",
        "voter": "eve",
        "blind": True,
        "choice": "left",
        "marks": "{}",
        "comment": "",
        "created_at": "2026-03-04 12:00:00.000000",
        "comparison_votable": True,
        "comparison_blind": True,
    }
    return plain | changes


def _insert(connection: Connection, **changes: Any) -> None:
    row = _row(**changes)
    columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO votes ({columns}) VALUES ({values})"), row)


def test_the_database_takes_a_lawful_vote(connection: Connection) -> None:
    _insert(connection)
    _insert(connection, blind=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"choice": "both"},
        {"voter": ""},
        {"comparison_id": "m9"},
        {"comparison_votable": False},
        {"comparison_blind": False},
        {"comparison_blind": False, "blind": False},
        {"marks": None},
    ],
)
def test_the_database_itself_refuses_an_unlawful_vote(
    connection: Connection, changes: dict[str, Any]
) -> None:
    with pytest.raises(DatabaseError):
        _insert(connection, **changes)


def test_the_database_itself_refuses_a_second_blind_vote(connection: Connection) -> None:
    _insert(connection)
    with pytest.raises(DatabaseError):
        _insert(connection, choice="right")


def test_the_database_itself_refuses_votes_on_a_stopped_side_and_false_blindness(
    asked: Store,
    connection: Connection,
    comparison: Callable[..., Comparison],
    answer: Callable[..., Answer],
) -> None:
    asked.add_comparison(comparison("stopped", left=answer("base", stopped=True)))
    asked.add_comparison(comparison("seen", blind=False))
    for changes in (
        {"comparison_id": "stopped"},
        {"comparison_id": "stopped", "comparison_votable": False},
        {"comparison_id": "seen"},
        {"comparison_id": "seen", "comparison_blind": False},
    ):
        with pytest.raises(DatabaseError):
            _insert(connection, **changes)
        connection.rollback()


def test_the_database_itself_keeps_a_blind_vote_as_it_is(
    asked: Store, vote: Callable[..., Vote], connection: Connection
) -> None:
    asked.add_vote(vote())
    asked.add_vote(vote(choice="tie"))
    with pytest.raises(DatabaseError, match="a blind vote is final"):
        connection.execute(text("UPDATE votes SET choice = 'right' WHERE blind"))
    connection.rollback()
    connection.execute(text("UPDATE votes SET choice = 'right' WHERE NOT blind"))


def test_the_database_itself_keeps_a_comparison_true_to_its_answers(
    asked: Store, connection: Connection
) -> None:
    for statement in (
        "UPDATE answers SET stopped = true",
        "UPDATE comparisons SET votable = false",
        "UPDATE comparisons SET right_answer = left_answer",
        "UPDATE contenders SET assistant_id = 'a2'",
    ):
        with pytest.raises(DatabaseError):
            connection.execute(text(statement))
        connection.rollback()
