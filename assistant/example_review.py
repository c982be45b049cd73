"""What a person does to examples, one change at a time, and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from assistant.errors import Conflict, InvalidRequest, NotFound
from assistant.examples import SPLITS
from assistant.guided_start import REFUSED_METHOD
from assistant.prompts import NOT_IN_DOCUMENTS
from assistant.records import Example, SplitName, example_id
from assistant.store import Store


@dataclass(frozen=True, slots=True)
class Change:
    """said: what was done, as a sentence. before: the examples as they were. after: their ids now,
    one for each of `before`, "" where it was deleted; without `before`, of what was added."""

    said: str
    before: tuple[Example, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """What a person writes of an example. document: "" for none."""

    question: str
    answer: str
    answerable: bool = True
    split: SplitName = "train"
    document: str = ""


def accept(store: Store, assistant_id: str, item: str) -> Change | None:
    """Clear the flags of an example, and take it back where it was rejected.

    None where there is nothing to clear. Raises NotFound, ExamplesError.
    """
    before = store.example(assistant_id, item)
    if not before.flags and not before.rejected:
        return None
    store.update_example(assistant_id, item, replace(before, flags=(), rejected=False))
    return Change("Accepted.", (before,), (item,))


def reject(store: Store, assistant_id: str, ids: Iterable[str], rejected: bool = True) -> Change:
    """Reject examples, or take rejected ones back: those that are not so already.

    Raises NotFound where none of them is there, ExamplesError as `Store.set_rejected` does.
    """
    wanted = set(ids)
    known = [one for one in store.examples(assistant_id, rejected=None) if one.id in wanted]
    if not known:
        raise NotFound(
            "There is no such example any more: it was edited or deleted elsewhere, look at the "
            "list again."
        )
    before = tuple(one for one in known if one.rejected != rejected)
    store.set_rejected(assistant_id, [one.id for one in before], rejected)
    many = "1 example was" if len(before) == 1 else f"{len(before):,} examples were"
    said = f"{many} rejected." if rejected else f"{many} taken back."
    return Change(said, before, tuple(one.id for one in before))


def add(store: Store, assistant_id: str, wording: Wording) -> Change | None:
    """Add an example written by hand; None where it was here already. Undoing deletes it.

    Raises InvalidRequest, ExamplesError where a test asks the same.
    """
    question, answer = _checked(wording, None)
    made = Example(
        id=example_id(question, answer),
        question=question,
        answer=answer,
        source="written",
        split=wording.split,
        answerable=wording.answerable,
        document=wording.document,
        method="by hand",
    )
    return Change("Added.", (), (made.id,)) if store.add_examples(assistant_id, [made]) else None


def edit(store: Store, assistant_id: str, item: str, wording: Wording) -> Change:
    """Put new words in the place of an example.

    Whoever edits it has looked at it: its flags go, and with new words its scores, which were of
    the old ones. Raises NotFound, InvalidRequest, Conflict, ExamplesError; nothing is changed then.
    """
    before = store.example(assistant_id, item)
    question, answer = _checked(wording, before)
    changed = replace(
        before,
        id=example_id(question, answer),
        question=question,
        answer=answer,
        answerable=wording.answerable,
        split=wording.split,
        document=wording.document,
        flags=(),
    )
    if wording.document != before.document:
        changed = replace(changed, passage="", section="", span=None)
    if answer != before.answer:
        changed = replace(changed, span=None)
    if changed.id != before.id:
        changed = replace(changed, scores={})
        if before.method == REFUSED_METHOD:  # it is no longer what the profile's subjects give
            changed = replace(changed, method="by hand")
    store.update_example(assistant_id, item, changed)
    return Change("Changed.", (before,), (changed.id,))


def delete(store: Store, assistant_id: str, item: str) -> Change:
    """Delete an example for good, but for undoing it. Raises NotFound."""
    before = store.example(assistant_id, item)
    store.delete_examples(assistant_id, [item])
    return Change("Deleted.", (before,), ("",))


def undo(store: Store, assistant_id: str, change: Change) -> str:
    """Bring back what was before a change; says so in a sentence.

    Raises Conflict where somebody has changed the examples in between; nothing is lost then.
    """
    try:
        _put_back(store, assistant_id, change)
    except (NotFound, Conflict) as error:
        raise Conflict(
            "This cannot be undone any more: somebody has edited or deleted the example since. "
            "What is there now stays."
        ) from error
    count = len(change.before)
    return "Undone." if count <= 1 else f"Undone for {count:,} examples."


def _put_back(store: Store, assistant_id: str, change: Change) -> None:
    if not change.before and not store.delete_examples(assistant_id, change.after):
        raise NotFound("It is not there any more.")
    only_rejected: dict[bool, list[str]] = {True: [], False: []}
    for before, after in zip(change.before, change.after, strict=False):
        if not after:
            store.add_examples(assistant_id, [before])
        elif len(change.before) > 1:
            only_rejected[before.rejected].append(after)
        else:
            store.update_example(assistant_id, after, before)
    for rejected, ids in only_rejected.items():
        if ids:
            store.set_rejected(assistant_id, ids, rejected)


def _checked(wording: Wording, before: Example | None) -> tuple[str, str]:
    """Question and answer as they are kept. Raises InvalidRequest.

    What the documents do not answer is answered with the sentence that says so, unless it already
    was with another one.
    """
    question, answer = wording.question.strip(), wording.answer.strip()
    if not wording.answerable and (before is None or before.answerable or not answer):
        answer = NOT_IN_DOCUMENTS
    if not question or not answer:
        raise InvalidRequest("Write both the question and the answer; nothing was saved.")
    if wording.split not in SPLITS:
        raise InvalidRequest("Choose what the example is used for; nothing was saved.")
    return question, answer
