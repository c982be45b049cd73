"""Assistants come back as they went in, names are taken once, deleting takes everything along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from assistant.errors import Conflict, InvalidRequest, NotFound
from assistant.evaluation.records import EvaluatedAnswer, Evaluation, QuestionSet
from assistant.records import (
    Assistant,
    Comparison,
    Conversation,
    Decision,
    Example,
    Profile,
    Reply,
    RetrievalSettings,
    Vote,
)
from assistant.store import Store


def test_assistants_round_trip_oldest_first(store: Store, assistant: Assistant) -> None:
    older = replace(
        assistant, id="a0", slug="old", name="Old", created_at=assistant.created_at - timedelta(1)
    )
    store.add_assistant(assistant)
    store.add_assistant(older)
    assert store.assistants() == [older, assistant]
    assert store.assistant("a1") == assistant


def test_times_come_back_in_utc_to_the_microsecond(store: Store, assistant: Assistant) -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    written = datetime(2026, 1, 1, 3, 4, 5, 678901, tzinfo=east)
    store.add_assistant(replace(assistant, created_at=written))
    read = store.assistant("a1").created_at
    assert read == written
    assert read.tzinfo is UTC


def test_a_time_without_zone_is_refused(store: Store, assistant: Assistant) -> None:
    with pytest.raises(InvalidRequest, match="cannot be stored"):
        store.add_assistant(replace(assistant, created_at=datetime(2026, 1, 1)))
    assert store.assistants() == []


@pytest.mark.parametrize("taken", ["id", "slug", "name"])
def test_id_slug_and_name_are_taken_once(store: Store, assistant: Assistant, taken: str) -> None:
    store.add_assistant(assistant)
    other = replace(assistant, id="a2", slug="other", name="Other")
    with pytest.raises(Conflict, match="already an assistant"):
        store.add_assistant(replace(other, **{taken: getattr(assistant, taken)}))
    assert store.assistants() == [assistant]


def test_update_changes_all_but_slug_and_age(store: Store, assistant: Assistant) -> None:
    store.add_assistant(assistant)
    changed = replace(assistant, name="Borealis", task="Other", base_model="some/model")
    store.update_assistant(changed)
    assert store.assistants() == [changed]
    for fixed in (
        replace(changed, slug="other"),
        replace(changed, created_at=changed.created_at + timedelta(1)),
    ):
        with pytest.raises(InvalidRequest):
            store.update_assistant(fixed)
    with pytest.raises(NotFound):
        store.update_assistant(replace(changed, id="nobody"))
    assert store.assistants() == [changed]


def test_update_to_a_taken_name_is_refused(store: Store, assistant: Assistant) -> None:
    other = replace(assistant, id="a2", slug="other", name="Other")
    store.add_assistant(assistant)
    store.add_assistant(other)
    with pytest.raises(Conflict):
        store.update_assistant(replace(other, name=assistant.name))
    assert store.assistant("a2") == other


def test_deleting_takes_everything_of_it_and_nothing_else(
    asked: Store,
    assistant: Assistant,
    conversation: Conversation,
    comparison: Callable[..., Comparison],
    reply: Callable[..., Reply],
    vote: Callable[..., Vote],
    example: Callable[..., Example],
) -> None:
    other = replace(assistant, id="a2", slug="other", name="Other")
    elsewhere = replace(conversation, id="c2", assistant_id="a2")
    kept = replace(example("Kept?"), method="kept")
    asked.add_reply(reply())
    asked.add_vote(vote())
    asked.add_thumb("p1", "ann", True)
    asked.add_examples("a1", [example()])
    asked.add_assistant(other)
    asked.add_conversation(elsewhere)
    asked.add_examples("a2", [kept])

    asked.delete_assistant("a1")

    assert asked.assistants() == [other]
    assert asked.conversations("a2") == [elsewhere]
    assert asked.examples("a2") == [kept]
    assert asked.votes("a1") == []
    assert asked.thumbs("a1") == []
    assert asked.contenders("a1") == []
    assert asked.examples("a1") == []
    for gone in (asked.comparison, asked.reply, asked.conversation):
        with pytest.raises(NotFound):
            gone({"comparison": "m1", "reply": "p1", "conversation": "c1"}[gone.__name__])
    with pytest.raises(NotFound):
        asked.delete_assistant("a1")


def test_deleting_leaves_no_row_behind(
    asked: Store,
    reply: Callable[..., Reply],
    vote: Callable[..., Vote],
    example: Callable[..., Example],
    row_counts: Callable[[], dict[str, int]],
    noon: datetime,
    evaluation: Callable[..., Evaluation],
    evaluated: Callable[..., EvaluatedAnswer],
) -> None:
    asked.add_reply(reply())
    asked.add_vote(vote())
    asked.add_thumb("p1", "ann", True)
    asked.add_examples("a1", [example()])
    asked.add_decision(Decision("d1", "a1", "rag", None, "open", "Use RAG.", "", noon))
    question = evaluated().question
    asked.add_question_set("a1", QuestionSet("file.jsonl", (question,)))
    asked.add_evaluation(evaluation(), "key", [question])
    asked.add_evaluated("v1", [(0, evaluated())], [], 1.0)
    reviewed = {"review_items", "reviews", "impressions", "offered_questions"}  # test_reviews.py
    tables = set(row_counts()) - reviewed - {"secrets", "alembic_version"}
    assert all(row_counts()[table] for table in tables)
    asked.delete_assistant("a1")
    assert {table: row_counts()[table] for table in tables} == dict.fromkeys(tables, 0)


def test_the_secret_is_made_once(store: Store, store_url: str) -> None:
    secret = store.secret()
    assert len(secret) == 32
    with Store.open(store_url) as again:
        assert again.secret() == secret


def test_retrieval_settings_round_trip_and_defaults_stay_defaults(
    store: Store, assistant: Assistant
) -> None:
    store.add_assistant(assistant)
    assert store.assistant("a1").retrieval == RetrievalSettings()
    fitted = RetrievalSettings(
        min_cosine=0.31,
        lexical_weight=0.3,
        mmr=0.7,
        reranker="cross/encoder",
        relevance_logit=(-3.5, 6.0, 2.25),
    )
    store.update_assistant(replace(assistant, retrieval=fitted))
    assert store.assistant("a1").retrieval == fitted
    store.update_assistant(replace(assistant, retrieval=RetrievalSettings()))
    assert store.assistant("a1") == assistant


def test_a_profile_comes_back(store: Store, assistant: Assistant) -> None:
    profile = Profile("law", "tenants", "plain", ("tax",), "No legal advice.", ("Who pays?",), ())
    store.add_assistant(replace(assistant, profile=profile))
    assert store.assistants()[0].profile == profile
