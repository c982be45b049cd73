"""The votes of an assistant as columns of numbers, read once and kept until there are more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from weakref import WeakKeyDictionary

import numpy as np

from assistant.ratings.comparisons import BOTH_BAD, FIRST, SECOND, TIE, Bools, Comparisons, Ints
from assistant.records import KINDS, Contender, CountedVote, Judgement
from assistant.store import Store

OUTCOMES = {"left": FIRST, "right": SECOND, "tie": TIE, "both_bad": BOTH_BAD}

# Votes taken by several programs may be stored a little out of the order of their times.
_OVERLAP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Judgements:
    """n votes, oldest first.

    rows: as they were read. contenders: the versions, in the order of their kinds. left, right:
    (n,) indices into contenders. outcomes: (n,), FIRST where the left side was better. blind: (n,).
    days: (n,) of UTC, since 1970. marked: (n,) which have marks.
    """

    rows: tuple[Judgement, ...]
    contenders: tuple[Contender, ...]
    left: Ints
    right: Ints
    outcomes: Ints
    blind: Bools
    days: Ints
    marked: Bools

    def __len__(self) -> int:
        return len(self.rows)

    def by_kind(self) -> Comparisons:
        """As comparisons of the four kinds, versions pooled."""
        kinds = np.array([KINDS.index(one.kind) for one in self.contenders], np.int64)
        return Comparisons(KINDS, kinds[self.left], kinds[self.right], self.outcomes)

    def by_version(self) -> Comparisons:
        """As comparisons of the versions, named by their ids."""
        names = tuple(one.id for one in self.contenders)
        return Comparisons(names, self.left, self.right, self.outcomes)

    def numbered(self, key: Callable[[Judgement], str]) -> tuple[Ints, tuple[str, ...]]:
        """(n,) numbers of what the key says of each vote, and what they stand for."""
        numbers: dict[str, int] = {}
        column = [numbers.setdefault(key(row), len(numbers)) for row in self.rows]
        return np.array(column, np.int64), tuple(numbers)


def judgements(store: Store, assistant_id: str) -> Judgements:
    """All votes of an assistant, blind and open. Of those read before only newer ones are read."""
    state = store.judgement_state(assistant_id)
    with _lock:
        kept = _kept.setdefault(store, {})
        held = kept.get(assistant_id)
    if held is not None and held[0] == state:
        return held[1]
    rows = _newer(store, assistant_id, held[1].rows, state) if held else None
    if rows is None:
        rows = store.judgements(assistant_id)
    known = {one.id: one for one in store.contenders(assistant_id)}
    made = judgements_from([row for row in rows if {row.left, row.right} <= known.keys()], known)
    with _lock:
        kept[assistant_id] = (state, made)
    return made


def judgements_from(rows: Sequence[Judgement], known: Mapping[str, Contender]) -> Judgements:
    """rows: oldest first. known: the contender versions by id, others than these rows' too."""
    used = {row.left for row in rows} | {row.right for row in rows}
    versions = sorted(
        (version for version in known if version in used),
        key=lambda version: KINDS.index(known[version].kind),
    )
    places = {version: place for place, version in enumerate(versions)}
    return Judgements(
        rows=tuple(rows),
        contenders=tuple(known[version] for version in versions),
        left=_column(places[row.left] for row in rows),
        right=_column(places[row.right] for row in rows),
        outcomes=_column(OUTCOMES[row.choice] for row in rows),
        blind=np.array([row.blind for row in rows], np.bool_),
        days=np.array([row.time[:10] for row in rows], "datetime64[D]").astype(np.int64),
        marked=np.array([bool(row.marks) for row in rows], np.bool_),
    )


def of_counted(votes: Sequence[CountedVote]) -> Judgements:
    """The same from whole records, in whatever order; what they do not say of answers is 0."""
    ordered = sorted(votes, key=lambda counted: counted.vote.created_at)
    sides = dict.fromkeys(side for one in ordered for side in (one.left, one.right))
    ids = {side: side.id for side in sides}  # each is a hash of the whole, made once
    rows = [
        Judgement(
            comparison_id=one.vote.comparison_id,
            voter=one.vote.voter,
            blind=one.vote.blind,
            choice=one.vote.choice,
            time=one.vote.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
            marks=one.vote.marks,
            question=one.question,
            left=ids[one.left],
            right=ids[one.right],
            left_length=0,
            right_length=0,
            left_seconds=0.0,
            right_seconds=0.0,
            left_document=None,
            right_document=None,
        )
        for one in ordered
    ]
    return judgements_from(rows, {ids[side]: side for side in sides})


_Kept = dict[str, tuple[tuple[int, str], Judgements]]
_kept: WeakKeyDictionary[Store, _Kept] = WeakKeyDictionary()
_lock = threading.Lock()


def _newer(
    store: Store, assistant_id: str, held: Sequence[Judgement], state: tuple[int, str]
) -> list[Judgement] | None:
    """What is held with what came since; None where that does not make up the whole."""
    if not held or state[0] < len(held):
        return None  # the assistant was deleted meanwhile
    since = (datetime.fromisoformat(held[-1].time) - _OVERLAP).isoformat()
    fresh = store.judgements(assistant_id, since)
    taken = {_key(row) for row in fresh}
    rows = [row for row in held if row.time < since and _key(row) not in taken] + fresh
    return rows if len(rows) >= state[0] else None


def _key(row: Judgement) -> tuple[str, str, bool]:
    return row.comparison_id, row.voter, row.blind


def _column(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)
