"""SQL of examples: each is in an assistant once, and keeps its place when it is edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from assistant.errors import Conflict, NotFound
from assistant.evaluation.held_out import refuse_test_questions, trains
from assistant.records import Example, SplitName
from assistant.store import question_sets
from assistant.store.assistants import locked_assistant
from assistant.store.rows import example_of, example_values
from assistant.store.schema import examples

_FIELDS = [examples.c[field.name] for field in fields(Example)]
_BATCH = 500  # ids in one statement, below every database's limit of variables


def add_examples(connection: Connection, assistant_id: str, added: Iterable[Example]) -> int:
    locked_assistant(connection, assistant_id)
    statement = select(examples.c.id).where(examples.c.assistant_id == assistant_id)
    known = set(connection.execute(statement).scalars())
    new: dict[str, Example] = {}
    for example in added:
        if example.id not in known:
            new.setdefault(example.id, example)
    if new:
        _refuse_leak(connection, assistant_id, list(new.values()), "")
        values = [example_values(assistant_id, example) for example in new.values()]
        connection.execute(insert(examples), values)
    return len(new)


def examples_of(
    connection: Connection, assistant_id: str, split: SplitName | None, rejected: bool | None
) -> list[Example]:
    statement = select(*_FIELDS).where(examples.c.assistant_id == assistant_id)
    if rejected is not None:
        statement = statement.where(examples.c.rejected == rejected)
    if split is not None:
        statement = statement.where(examples.c.split == split)
    found = connection.execute(statement.order_by(examples.c.position))
    return [example_of(row) for row in found]


def example(connection: Connection, assistant_id: str, example_id: str) -> Example:
    statement = select(*_FIELDS).where(
        examples.c.assistant_id == assistant_id, examples.c.id == example_id
    )
    found = connection.execute(statement).first()
    if found is None:
        raise NotFound(
            "There is no such example any more: it may have been edited or deleted elsewhere, "
            "look at the list again."
        )
    return example_of(found)


def set_rejected(
    connection: Connection, assistant_id: str, ids: Iterable[str], rejected: bool
) -> int:
    wanted = set(ids)
    if not rejected:
        known = examples_of(connection, assistant_id, None, rejected=True)
        back = [replace(one, rejected=False) for one in known if one.id in wanted]
        _refuse_leak(connection, assistant_id, back, "")
    changed = 0
    for batch in _batches(wanted):
        statement = (
            update(examples)
            .where(
                examples.c.assistant_id == assistant_id,
                examples.c.id.in_(batch),
                examples.c.rejected != rejected,
            )
            .values(rejected=rejected)
        )
        changed += connection.execute(statement).rowcount
    return changed


def update_example(
    connection: Connection, assistant_id: str, example_id: str, changed: Example
) -> None:
    if not _uses_the_same(connection, assistant_id, example_id, changed):
        _refuse_leak(connection, assistant_id, [changed], example_id)
    statement = (
        update(examples)
        .where(examples.c.assistant_id == assistant_id, examples.c.id == example_id)
        .values(example_values(assistant_id, changed))
    )
    try:
        with connection.begin_nested():
            hit = connection.execute(statement).rowcount
    except IntegrityError as error:
        raise Conflict(
            "Another example already has this question and answer: nothing was changed, delete "
            "one of the two."
        ) from error
    if not hit:
        raise NotFound(
            "There is no such example: it may have been edited or deleted, look at the list again."
        )


def replace_examples(
    connection: Connection, assistant_id: str, changed: Mapping[str, Example]
) -> None:
    """Put each example in the place of the one of its key; one whose words another has by then is
    deleted instead, so that these stay there once."""
    locked_assistant(connection, assistant_id)
    _refuse_leak(connection, assistant_id, list(changed.values()), "")
    statement = select(examples.c.id).where(examples.c.assistant_id == assistant_id)
    known = set(connection.execute(statement).scalars())
    for before, example in changed.items():
        if before not in known:
            continue
        known.discard(before)
        own = (examples.c.assistant_id == assistant_id, examples.c.id == before)
        if example.id in known:
            connection.execute(delete(examples).where(*own))
        else:
            values = example_values(assistant_id, example)
            connection.execute(update(examples).where(*own).values(values))
            known.add(example.id)


def _uses_the_same(
    connection: Connection, assistant_id: str, example_id: str, changed: Example
) -> bool:
    """Whether the words and the use stay what they were, so that nothing new can leak."""
    statement = select(examples.c.split, examples.c.rejected).where(
        examples.c.assistant_id == assistant_id, examples.c.id == example_id
    )
    before = connection.execute(statement).first()
    return changed.id == example_id and before == (changed.split, changed.rejected)


def _refuse_leak(
    connection: Connection, assistant_id: str, added: list[Example], replaced: str
) -> None:
    """Raise ExamplesError where a test question would be trained on; replaced: an example's id."""
    added = [example for example in added if not example.rejected]
    if any(trains(example) for example in added):
        kept = examples_of(connection, assistant_id, None, rejected=False)
        existing = [*added, *(example for example in kept if example.id != replaced)]
        refuse_test_questions(added, existing, question_sets.sets_of(connection, assistant_id))


def delete_examples(connection: Connection, assistant_id: str, ids: Iterable[str]) -> int:
    deleted = 0
    for batch in _batches(ids):
        statement = delete(examples).where(
            examples.c.assistant_id == assistant_id, examples.c.id.in_(batch)
        )
        deleted += connection.execute(statement).rowcount
    return deleted


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted(ids)
    return (wanted[start : start + _BATCH] for start in range(0, len(wanted), _BATCH))
