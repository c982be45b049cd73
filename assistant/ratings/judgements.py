"""The votes of an assistant as columns of numbers, read once and kept until there are more."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import numpy as np

from assistant.ratings.comparisons import Bools, Comparisons, Ints
from assistant.ratings.vote_columns import Vocabularies, VoteColumns, columns_of
from assistant.records import KINDS, Contender, CountedVote, Judgement, JudgementColumns
from assistant.store import Store

# Votes taken by several programs may be stored a little out of the order of their times.
_OVERLAP = 10 * 60 * 1_000_000  # µs
_DAY = 24 * 60 * 60 * 1_000_000  # µs
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Judgements:
    """n votes, oldest first.

    columns: as numbers of the vocabularies. contenders: the versions, in the order of their kinds.
    left, right: (n,) indices into contenders.
    """

    columns: VoteColumns
    known: Vocabularies
    contenders: tuple[Contender, ...]
    left: Ints
    right: Ints

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def outcomes(self) -> Ints:
        """(n,), FIRST where the left side was better."""
        return self.columns.outcomes

    @property
    def blind(self) -> Bools:
        """(n,)"""
        return self.columns.blind

    @property
    def days(self) -> Ints:
        """(n,) of UTC, since 1970."""
        return np.asarray(self.columns.times // _DAY)

    def chosen(self, rows: Bools | Ints) -> Judgements:
        """Some of them: a mask of (n,), or their positions."""
        return Judgements(
            self.columns.chosen(rows),
            self.known,
            self.contenders,
            self.left[rows],
            self.right[rows],
        )

    def by_kind(self) -> Comparisons:
        """As comparisons of the four kinds, versions pooled."""
        kinds = np.array([KINDS.index(one.kind) for one in self.contenders], np.int64)
        return Comparisons(KINDS, kinds[self.left], kinds[self.right], self.outcomes)

    def by_version(self) -> Comparisons:
        """As comparisons of the versions, named by their ids."""
        names = tuple(one.id for one in self.contenders)
        return Comparisons(names, self.left, self.right, self.outcomes)


def judgements(store: Store, assistant_id: str) -> Judgements:
    """All votes of an assistant, blind and open. Of those read before only newer ones are read."""
    with _lock:
        kept = _kept.setdefault(store, {}).setdefault(assistant_id, _Kept())
    return kept.judgements(store, assistant_id)


def judgements_from(rows: Sequence[Judgement], known: Mapping[str, Contender]) -> Judgements:
    """rows: in whatever order. known: the contender versions by id, others than these rows' too."""
    fields: list[list[object]] = [list(field) for field in zip(*rows, strict=True)]
    if not fields:
        fields = [[] for _ in JudgementColumns._fields]
    place = JudgementColumns._fields.index("times")
    fields[place] = [_microseconds(datetime.fromisoformat(row.time)) for row in rows]
    vocabularies = Vocabularies()
    return _made(columns_of(JudgementColumns(*fields), vocabularies), vocabularies, known)  # type: ignore[arg-type]


def of_counted(votes: Sequence[CountedVote]) -> Judgements:
    """The same from whole records, in whatever order; what they do not say of answers is 0."""
    sides = dict.fromkeys(side for one in votes for side in (one.left, one.right))
    ids = {side: side.id for side in sides}  # each is a hash of the whole, made once
    rows = [
        Judgement(
            comparison_id=one.vote.comparison_id,
            voter=one.vote.voter,
            blind=one.vote.blind,
            choice=one.vote.choice,
            time=one.vote.created_at.isoformat(),
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
        for one in votes
    ]
    return judgements_from(rows, {ids[side]: side for side in sides})


class _Kept:
    """The votes of one assistant as they were last read; one thread reads, others wait for it."""

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._state: tuple[int, str] | None = None
        self._known = Vocabularies()
        self._held: Judgements | None = None

    def judgements(self, store: Store, assistant_id: str) -> Judgements:
        with self._reading:
            state = store.judgement_state(assistant_id)
            if self._held is None or self._state != state:
                columns = self._newer(store, assistant_id, state[0])
                if columns is None:
                    self._known = Vocabularies()
                    columns = columns_of(store.judgements(assistant_id), self._known)
                known = {one.id: one for one in store.contenders(assistant_id)}
                self._held = _made(columns, self._known, known)
                self._state = state
            return self._held

    def _newer(self, store: Store, assistant_id: str, count: int) -> VoteColumns | None:
        """What is held with what came since; None where that does not make up the whole."""
        if self._held is None or not len(self._held) or count < len(self._held):
            return None  # the assistant was deleted meanwhile
        held = self._held.columns
        since = int(held.times[-1]) - _OVERLAP
        fresh = columns_of(store.judgements(assistant_id, since), self._known)
        # An open vote that was changed has a new time: it is not kept beside itself.
        taken = set(zip(*_key(fresh), strict=True))
        again = np.flatnonzero(np.isin(held.comparisons, fresh.comparisons))
        stays = held.times < since
        keys = zip(*_key(held.chosen(again)), strict=True)
        stays[[row for row, key in zip(again.tolist(), keys, strict=True) if key in taken]] = False
        joined = held.chosen(stays).joined(fresh)
        return joined if len(joined) >= count else None


_kept: WeakKeyDictionary[Store, dict[str, _Kept]] = WeakKeyDictionary()
_lock = threading.Lock()


def _made(
    columns: VoteColumns, vocabularies: Vocabularies, known: Mapping[str, Contender]
) -> Judgements:
    """Votes on versions that are not known, of an assistant being deleted, are left out."""
    ids = vocabularies.contenders.texts()
    here = np.array([one in known for one in ids], np.bool_)
    if not here.all():
        columns = columns.chosen(np.asarray(here[columns.contenders].all(axis=1)))
    used = {ids[number] for number in np.unique(columns.contenders).tolist()}
    versions = sorted(
        (version for version in known if version in used),
        key=lambda version: KINDS.index(known[version].kind),
    )
    places = {version: place for place, version in enumerate(versions)}
    by_number = np.array([places.get(one, -1) for one in ids], np.int64)
    sides = by_number[columns.contenders]
    return Judgements(
        columns=columns,
        known=vocabularies,
        contenders=tuple(known[version] for version in versions),
        left=sides[:, 0],
        right=sides[:, 1],
    )


def _key(columns: VoteColumns) -> tuple[list[int], list[int], list[bool]]:
    return columns.comparisons.tolist(), columns.voters.tolist(), columns.blind.tolist()


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
