"""Conversations, comparisons and replies come back as they went in, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from assistant.errors import Conflict, InvalidRequest, NotFound
from assistant.records import (
    Answer,
    Assistant,
    Citation,
    Comparison,
    Contender,
    Conversation,
    Reply,
    Vote,
)
from assistant.store import Store


def test_conversations_round_trip(
    store: Store, assistant: Assistant, conversation: Conversation
) -> None:
    store.add_assistant(assistant)
    single = replace(conversation, id="c2", right=None, blind=False)
    store.add_conversation(conversation)
    store.add_conversation(single)
    assert store.conversation("c1") == conversation
    assert store.conversation("c2") == single
    with pytest.raises(Conflict):
        store.add_conversation(conversation)
    with pytest.raises(NotFound):
        store.add_conversation(replace(conversation, id="c3", assistant_id="nobody"))


def test_the_latest_turn_moves_a_conversation_to_the_front(
    store: Store,
    assistant: Assistant,
    conversation: Conversation,
    comparison: Callable[..., Comparison],
    reply: Callable[..., Reply],
    noon: datetime,
) -> None:
    store.add_assistant(assistant)
    for key, minutes in (("c1", 0), ("c2", 1), ("c3", 2)):
        at = noon + timedelta(minutes=minutes)
        store.add_conversation(replace(conversation, id=key, created_at=at, updated_at=at))
    assert [found.id for found in store.conversations("a1")] == ["c3", "c2", "c1"]
    store.add_comparison(comparison(created_at=noon + timedelta(hours=1)))
    assert [found.id for found in store.conversations("a1")] == ["c1", "c3", "c2"]
    store.add_reply(reply(conversation_id="c2", created_at=noon + timedelta(hours=2)))
    assert [found.id for found in store.conversations("a1")] == ["c2", "c1", "c3"]
    assert store.conversation("c2").updated_at == noon + timedelta(hours=2)
    store.add_reply(reply("late", conversation_id="c2", created_at=noon))
    assert store.conversation("c2").updated_at == noon + timedelta(hours=2)


def test_rename_keeps_the_place(store: Store, asked: Store) -> None:
    before = asked.conversation("c1")
    asked.rename_conversation("c1", "Litres")
    assert asked.conversation("c1") == replace(before, title="Litres")
    with pytest.raises(NotFound):
        asked.rename_conversation("c9", "Litres")


def test_a_deleted_conversation_is_gone_but_its_votes_count(
    asked: Store,
    comparison: Callable[..., Comparison],
    reply: Callable[..., Reply],
    vote: Callable[..., Vote],
) -> None:
    asked.add_vote(vote())
    asked.delete_conversation("c1")
    assert asked.conversations("a1") == []
    assert [counted.vote for counted in asked.votes("a1")] == [vote()]
    for refused in (
        lambda: asked.conversation("c1"),
        lambda: asked.comparisons("c1"),
        lambda: asked.replies("c1"),
        lambda: asked.delete_conversation("c1"),
        lambda: asked.rename_conversation("c1", "Back"),
        lambda: asked.add_comparison(comparison("m2")),
        lambda: asked.add_reply(reply()),
    ):
        with pytest.raises(NotFound):
            refused()


def test_comparisons_round_trip_oldest_first(
    asked: Store, comparison: Callable[..., Comparison], answer: Callable[..., Answer]
) -> None:
    first = comparison()
    second = comparison(
        "m0",
        left=answer("base", text="", abstained=True),
        right=answer("tuned+rag", stopped=True),
        blind=False,
        seed=0,
        created_at=first.created_at + timedelta(microseconds=1),
    )
    asked.add_comparison(second)
    assert asked.comparison("m1") == first
    assert asked.comparisons("c1") == [first, second]


def test_a_contender_is_kept_once_for_all_its_answers(
    asked: Store,
    comparison: Callable[..., Comparison],
    answer: Callable[..., Answer],
    contender: Callable[..., Contender],
    row_counts: Callable[[], dict[str, int]],
) -> None:
    newer = contender("rag", index_generation=4)
    asked.add_comparison(comparison("m2", left=answer("rag", contender=newer)))
    asked.add_comparison(comparison("m3", right=answer("rag")))
    assert row_counts()["contenders"] == 3
    assert row_counts()["answers"] == 6
    assert set(asked.contenders("a1")) == {contender("rag"), contender("tuned"), newer}
    assert asked.contender(newer.id) == newer
    with pytest.raises(NotFound):
        asked.contender("0" * 16)


def test_a_comparison_is_stored_whole_or_not_at_all(
    asked: Store,
    comparison: Callable[..., Comparison],
    answer: Callable[..., Answer],
    contender: Callable[..., Contender],
    row_counts: Callable[[], dict[str, int]],
) -> None:
    before, listed = row_counts(), asked.conversations("a1")
    late = listed[0].updated_at + timedelta(days=1)
    new = answer("rag", contender=contender("rag", index_generation=99))
    strange = answer("base", contender=replace(contender("base"), assistant_id="other"))
    with pytest.raises(Conflict, match="stored already"):
        asked.add_comparison(comparison("m1", left=new, created_at=late))
    with pytest.raises(InvalidRequest, match="not all of one assistant"):
        asked.add_comparison(comparison("m2", left=new, right=strange, created_at=late))
    with pytest.raises(NotFound):
        asked.add_comparison(comparison("m2", left=new, conversation_id="c9", created_at=late))
    with pytest.raises(InvalidRequest, match="cannot be stored"):
        asked.add_comparison(comparison("m2", left=new, seed=2**64, created_at=late))
    with pytest.raises(InvalidRequest, match="cannot be stored"):
        broken = answer("rag", text="half a \ud800 character")
        asked.add_comparison(comparison("m2", left=new, right=broken, created_at=late))
    assert row_counts() == before
    assert asked.conversations("a1") == listed


def test_replies_round_trip_oldest_first(
    asked: Store, reply: Callable[..., Reply], answer: Callable[..., Answer]
) -> None:
    first = reply()
    second = reply("p0", answer=answer("base"), created_at=first.created_at + timedelta(seconds=1))
    asked.add_reply(second)
    asked.add_reply(first)
    assert asked.reply("p1") == first
    assert asked.replies("c1") == [first, second]
    with pytest.raises(Conflict):
        asked.add_reply(first)
    with pytest.raises(NotFound):
        asked.reply("p9")


def test_citations_of_any_length_come_back(
    asked: Store, reply: Callable[..., Reply], answer: Callable[..., Answer]
) -> None:
    quoted = 'a "quote", a \\ and \u2028 and \N{PILE OF POO}' * 2000
    citations = tuple(
        Citation(marker, "d", "ä.pdf", marker, None, 0, 1, quoted, 0, 1) for marker in (1, 2)
    )
    asked.add_reply(reply(answer=answer("rag", citations=citations)))
    assert asked.reply("p1").answer.citations == citations
