"""Stores to test on, and the records to put in them.

Every test that takes `store_url` runs on SQLite and on PostgreSQL, in a schema of its own there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, inspect, make_url, text

from assistant.evaluation.records import EvaluatedAnswer, Evaluation, RetrievedPassage
from assistant.records import (
    Answer,
    Assistant,
    Citation,
    Comparison,
    Contender,
    ContenderKind,
    Conversation,
    Decoding,
    Example,
    Reply,
    RetrievalSettings,
    Usage,
    Vote,
    example_id,
)
from assistant.store import Store
from retrieval.questions import Question

NOON = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(scope="session")
def migrating_statements(postgresql: str) -> list[tuple[str, Any]]:
    """What the migrations execute on an empty schema, with parameters: repeating it is quicker."""
    made: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "SHOW")):
            made.append((statement, parameters))

    engine = create_engine(postgresql)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA duet_migrated"))
    url = make_url(postgresql).update_query_dict({"options": "-csearch_path=duet_migrated"})
    event.listen(Engine, "before_cursor_execute", note)
    Store.open(url.render_as_string(hide_password=False)).close()
    event.remove(Engine, "before_cursor_execute", note)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA duet_migrated CASCADE"))
    engine.dispose()
    return made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database in which nothing has been made yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'duet.db'}"
    return str(request.getfixturevalue("empty_postgresql"))


@pytest.fixture
def store_url(empty_url: str, request: pytest.FixtureRequest) -> str:
    """URL of a database with the current schema and nothing in it."""
    if empty_url.startswith("sqlite"):
        shutil.copy(request.getfixturevalue("migrated_file"), make_url(empty_url).database or "")
        return empty_url
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        for statement, parameters in request.getfixturevalue("migrating_statements"):
            connection.exec_driver_sql(statement, parameters)
    engine.dispose()
    return empty_url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url) as opened:
        yield opened


@pytest.fixture
def noon() -> datetime:
    return NOON


@pytest.fixture
def assistant() -> Assistant:
    return Assistant(
        "a1", "aurora", "Aurora", "Answers about Aurora", "Be brief.", "builtin", "builtin", NOON
    )


@pytest.fixture
def contender(assistant: Assistant) -> Callable[..., Contender]:
    def make(kind: ContenderKind = "rag", **changes: Any) -> Contender:
        tuned = kind.startswith("tuned")
        retrieves = kind.endswith("rag")
        plain = Contender(
            kind=kind,
            assistant_id=assistant.id,
            base_model="builtin",
            run_id="r1" if tuned else None,
            adapter_sha256="ab" * 32 if tuned else None,
            index_generation=3 if retrieves else None,
            retrieval=RetrievalSettings(min_cosine=0.1) if retrieves else None,
            prompt_sha256="cd" * 32,
            decoding=Decoding(temperature=0.7, seed=11),
        )
        return replace(plain, **changes)

    return make


@pytest.fixture
def answer(contender: Callable[..., Contender]) -> Callable[..., Answer]:
    def make(kind: ContenderKind = "rag", **changes: Any) -> Answer:
        citation = Citation(1, "d1", "manual.pdf", 7, 4, 120, 161, "It holds 1.8 litres.", 0, 20)
        plain = Answer(
            text="It holds 1.8 litres, 水\N{GRINNING FACE}.",
            contender=contender(kind),
            fingerprint="ef" * 8,
            usage=Usage(0.1, 1 / 3, 812, 9),
            citations=(citation, replace(citation, marker=2, page=None)) if "rag" in kind else (),
        )
        return replace(plain, **changes)

    return make


@pytest.fixture
def conversation(assistant: Assistant) -> Conversation:
    return Conversation("c1", assistant.id, "The tank", "rag", "tuned", True, NOON, NOON)


@pytest.fixture
def comparison(
    conversation: Conversation, answer: Callable[..., Answer]
) -> Callable[..., Comparison]:
    def make(key: str = "m1", **changes: Any) -> Comparison:
        plain = Comparison(
            id=key,
            assistant_id=conversation.assistant_id,
            conversation_id=conversation.id,
            question="How much does the tank hold?",
            left=answer("rag"),
            right=answer("tuned"),
            blind=True,
            seed=2**62 + 1,
            created_at=NOON + timedelta(seconds=1),
        )
        return replace(plain, **changes)

    return make


@pytest.fixture
def reply(conversation: Conversation, answer: Callable[..., Answer]) -> Callable[..., Reply]:
    def make(key: str = "p1", **changes: Any) -> Reply:
        plain = Reply(
            id=key,
            assistant_id=conversation.assistant_id,
            conversation_id=conversation.id,
            question="How much does the tank hold?",
            answer=answer("tuned+rag"),
            created_at=NOON + timedelta(seconds=1),
        )
        return replace(plain, **changes)

    return make


@pytest.fixture
def vote() -> Callable[..., Vote]:
    def make(comparison_id: str = "m1", voter: str = "ann", **changes: Any) -> Vote:
        plain = Vote(
            comparison_id=comparison_id,
            voter=voter,
            choice="left",
            blind=True,
            created_at=NOON + timedelta(minutes=1),
            marks={"left": {"accuracy": 5, "relevance": 4}, "right": {"accuracy": 1}},
            comment="The right one has no number.",
        )
        return replace(plain, **changes)

    return make


@pytest.fixture
def example() -> Callable[..., Example]:
    def make(question: str = "How much?", **changes: Any) -> Example:
        plain = Example(
            id=example_id(question, "1.8 litres"),
            question=question,
            answer="1.8 litres",
            source="written",
            split="train",
            document="manual.pdf",
            passage="It holds 1.8 litres.",
            fact="tank",
            section="12" * 32,
            method="number",
        )
        return replace(plain, **changes)

    return make


@pytest.fixture
def asked(
    store: Store,
    assistant: Assistant,
    conversation: Conversation,
    comparison: Callable[..., Comparison],
) -> Store:
    """A store with one assistant, one conversation and the blind comparison "m1" in it."""
    store.add_assistant(assistant)
    store.add_conversation(conversation)
    store.add_comparison(comparison())
    return store


@pytest.fixture
def evaluation(
    assistant: Assistant, contender: Callable[..., Contender]
) -> Callable[..., Evaluation]:
    def make(key: str = "v1", **changes: Any) -> Evaluation:
        both = (contender("rag"), contender("tuned"))
        plain = Evaluation(key, assistant.id, "recall", "12" * 32, 1, both, NOON)
        return replace(plain, **changes)

    return make


@pytest.fixture
def evaluated(answer: Callable[..., Answer]) -> Callable[..., EvaluatedAnswer]:
    def make(kind: ContenderKind = "rag", **changes: Any) -> EvaluatedAnswer:
        question = Question("q1", "How much?", ("1.8 litres",), "manual.pdf", "1.8", True, "tank")
        passage = RetrievedPassage(7, "manual.pdf", "It holds 1.8 litres.", 1, 0.75)
        plain = EvaluatedAnswer(question, answer(kind), (passage,), False, {})
        return replace(plain, **changes)

    return make


@pytest.fixture
def row_counts(store_url: str) -> Iterator[Callable[[], dict[str, int]]]:
    """Counts the rows of every table, past the store."""
    engine = create_engine(store_url)

    def count() -> dict[str, int]:
        with engine.connect() as connection:
            return {
                table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
                for table in inspect(connection).get_table_names()
            }

    yield count
    engine.dispose()
