"""Decoding for throughput: many prompts in, whole answers out, on one model.

Prompts that begin alike are prefilled together: their common beginning once, then what is left of
each, padded on the right, where the padding comes after all that a causal model looks at. As many
rows as memory allows then take each step together; ended rows leave, and others are prefilled in
their place once half of the room is free. The likelihood of a reference is taken from the same
prefill, in which it follows the prompt.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assistant.generation import Generated, ReferenceScore
from assistant.local_model.adapters import RowAdapters
from assistant.local_model.decoding import Row, drawn_token
from assistant.local_model.row_cache import KeysValues, RowCache, bytes_a_token

if TYPE_CHECKING:
    import torch

MOST_ROWS = 32
_CHUNK = 1024  # tokens of one forward pass of a prefill, padding included
# What a forward pass costs beside its tokens, in tokens: reading the weights.
_PASS = 64
_ALIKE = 3  # prompts up to so many times as long as the shortest decode in one batch
_CACHE_BYTES = 512 * 2**20  # of keys and values on a CPU; on a GPU a quarter of what is free


@dataclass(slots=True, eq=False)
class BatchRow:
    """One answer in the making. reference: token ids with the end of the turn, () for none."""

    row: Row
    reference: tuple[int, ...] = ()
    score: ReferenceScore | None = None
    parts: list[str] = field(default_factory=list)

    @property
    def work(self) -> int:
        """Tokens of its prefill."""
        return len(self.row.prompt) + len(self.reference)

    def take(self, token: int, end_ids: frozenset[int]) -> None:
        self.parts.append(self.row.take(token, end_ids).text)

    def generated(self, end_ids: frozenset[int]) -> Generated:
        row = self.row
        return Generated(
            index=row.index,
            text="".join(self.parts),
            usage=row.usage(end_ids),
            truncated=row.tokens[-1] not in end_ids,
            reference=self.score,
        )


class BatchDecoder:
    """Decodes many rows on one model. Not for several threads at once.

    end_ids: token ids that end an answer.
    """

    def __init__(
        self,
        model: Any,
        adapters: RowAdapters,
        end_ids: frozenset[int],
        most_rows: int = MOST_ROWS,
    ) -> None:
        self._model = model
        self._adapters = adapters
        self._end_ids = end_ids
        self._device = model.device
        self._most_rows = most_rows

    def run(
        self,
        rows: Sequence[BatchRow],
        stop: Callable[[], bool],
        waiting: Callable[[], bool],
        serve: Callable[[], None],
    ) -> Iterator[Generated]:
        """Yield each answer when it is whole; those that are not when `stop` says so are given up.

        waiting: asked before each step whether something more urgent has come; serve is then
        called to deal with it, as it is before each prefill.
        """
        import torch

        pending = deque(prefill_runs(rows, self._most_rows))
        active: list[BatchRow] = []
        cache: RowCache | None = None
        room = self._room()
        with torch.inference_mode():
            while pending or active:
                serve()
                if stop():
                    return
                if cache is None or self._joins(active, pending, room):
                    held = [] if cache is None else [cache.row(i) for i in range(len(active))]
                    cache = None  # what of it is needed is in `held`
                    while pending and (not active or self._fits([*active, *pending[0]], room)):
                        run = pending.popleft()
                        held += self._prefill(run)
                        active += run
                        serve()
                        if stop():
                            return
                    left = [one.row.max_new_tokens - len(one.row.tokens) for one in active]
                    cache = RowCache(held, max(left))
                yield from self._steps(active, cache, stop, waiting)
                if not active:
                    cache = None

    def _steps(
        self,
        active: list[BatchRow],
        cache: RowCache,
        stop: Callable[[], bool],
        waiting: Callable[[], bool],
    ) -> Iterator[Generated]:
        """Decode until rows have ended, and take those out; or until something is waiting."""
        with self._adapters.rows([one.row.adapter for one in active]):
            while not stop() and not waiting():
                logits = self._step(active, cache)
                self._advance(active, logits)
                if any(one.row.ended for one in active):
                    break
        for place in reversed(range(len(active))):
            if active[place].row.ended:
                yield active[place].generated(self._end_ids)
                # The last row takes its place, in the cache as in the list.
                cache.remove(place)
                last = active.pop()
                if place < len(active):
                    active[place] = last

    def _step(self, active: Sequence[BatchRow], cache: RowCache) -> torch.Tensor:
        import torch

        latest = [[(one.row.tokens or one.row.prompt)[-1]] for one in active]
        output = self._model(
            input_ids=torch.tensor(latest, device=self._device),  # (rows, 1)
            attention_mask=cache.mask(),
            position_ids=cache.positions(),
            past_key_values=cache.view(),
            use_cache=True,
            logits_to_keep=1,
        )
        cache.grow()
        logits: torch.Tensor = output.logits[:, -1]
        return logits

    def _advance(self, active: Sequence[BatchRow], logits: torch.Tensor) -> None:
        """Draw the next token of each row from logits, (rows, vocabulary)."""
        greedy = logits.argmax(dim=-1).tolist()
        for place, one in enumerate(active):
            warm = one.row.decoding.temperature > 0
            token = drawn_token(one.row, logits[place]) if warm else greedy[place]
            one.take(token, self._end_ids)

    def _prefill(self, run: Sequence[BatchRow]) -> list[KeysValues]:
        """Keys and values of each prompt but its last token, and the scores of the references."""
        import torch
        from transformers import DynamicCache

        shared = common_prefix([one.row.prompt[:-1] for one in run])
        cache: Any = DynamicCache(config=self._model.config)
        prompt = run[0].row.prompt
        adapters = [one.row.adapter for one in run]
        with self._adapters.rows(adapters[:1]):
            if len(run) > 1 and shared:
                ids = torch.tensor([list(prompt[:shared])], device=self._device)
                self._forward(ids, cache, 0, [])
                cache.batch_repeat_interleave(len(run))
        done = cache.get_seq_length()
        rests = [[*one.row.prompt, *one.reference][done:] for one in run]
        if not any(one.reference for one in run):
            rests = [rest[:-1] for rest in rests]
        width = max(map(len, rests))
        ids = torch.tensor([rest + [0] * (width - len(rest)) for rest in rests])
        wanted = sorted(
            {
                place
                for one in run
                if one.reference
                for place in range(len(one.row.prompt) - 1, one.work - 1)
            }
        )
        logits: dict[int, torch.Tensor] = {}
        if width:
            with self._adapters.rows(adapters):
                logits = self._forward(ids.to(self._device), cache, done, wanted)
        for place, one in enumerate(run):
            if one.reference:
                one.score = _score(one, place, logits)
        layers: KeysValues = [(layer.keys, layer.values) for layer in cache.layers]
        return [
            [
                (
                    keys[place : place + 1, :, : len(one.row.prompt) - 1],
                    values[place : place + 1, :, : len(one.row.prompt) - 1],
                )
                for keys, values in layers
            ]
            for place, one in enumerate(run)
        ]

    def _forward(
        self, ids: torch.Tensor, cache: Any, done: int, wanted: Sequence[int]
    ) -> dict[int, torch.Tensor]:
        """Put ids, (rows, tokens), into the cache after `done` tokens.

        Returns the logits, (rows, vocabulary), at the wanted positions.
        """
        import torch

        found: dict[int, torch.Tensor] = {}
        for start in range(0, ids.shape[1], _CHUNK):
            part = ids[:, start : start + _CHUNK]
            first = done + start
            here = [place for place in wanted if first <= place < first + part.shape[1]]
            keep = torch.tensor([place - first for place in here], device=self._device)
            positions = torch.arange(first, first + part.shape[1], device=self._device)
            output = self._model(
                input_ids=part,
                position_ids=positions.expand(part.shape[0], -1),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=keep if here else 1,
            )
            found.update((place, output.logits[:, i]) for i, place in enumerate(here))
        return found

    def _room(self) -> int:
        """Tokens whose keys and values may be held at once."""
        import torch

        limit = _CACHE_BYTES
        if self._device.type == "cuda":
            limit = max(limit, torch.cuda.mem_get_info()[0] // 4)
        return max(limit // bytes_a_token(self._model), 1)

    def _joins(
        self, active: Sequence[BatchRow], pending: Sequence[list[BatchRow]], room: int
    ) -> bool:
        """Whether it is time to fill the batch up: copying it is for more than a single row."""
        few = len(active) <= self._most_rows // 2
        return few and bool(pending) and self._fits([*active, *pending[0]], room)

    def _fits(self, rows: Sequence[BatchRow], room: int) -> bool:
        """Whether so many may decode together.

        A short row beside much longer ones would pay for their width at every step, so that the
        short ones are ended first.
        """
        prompts = [len(one.row.prompt) for one in rows]
        longest = max(len(one.row.prompt) + one.row.max_new_tokens for one in rows)
        alike = max(prompts) <= _ALIKE * min(prompts)
        return alike and len(rows) <= self._most_rows and len(rows) * longest <= room

    @property
    def possible(self) -> bool:
        """Whether every layer's cache is plain keys and values over all positions."""
        from transformers import DynamicCache
        from transformers.cache_utils import DynamicLayer

        layers = DynamicCache(config=self._model.config).layers
        return all(type(layer) is DynamicLayer for layer in layers)


def prefill_runs(rows: Sequence[BatchRow], most_rows: int) -> list[list[BatchRow]]:
    """The rows in the order in which to answer them, those together that are prefilled together.

    Rows of like length follow each other, so that little of a batch is padding, and among them
    those of one adapter whose prompts begin alike. A row joins a run where that takes no more work.
    """
    order = sorted(
        rows,
        key=lambda one: (
            len(one.row.prompt).bit_length(),
            id(one.row.adapter),
            tuple(one.row.prompt),
        ),
    )
    runs: list[list[BatchRow]] = []
    for one in order:
        if runs and runs[-1][0].row.adapter is one.row.adapter and len(runs[-1]) < most_rows:
            joined = [*runs[-1], one]
            if _padded(joined) <= _CHUNK and _work(joined) <= _work(runs[-1]) + one.work + _PASS:
                runs[-1] = joined
                continue
        runs.append([one])
    return runs


def common_prefix(sequences: Sequence[Sequence[int]]) -> int:
    """How many tokens all sequences begin with."""
    first, last = min(map(tuple, sequences)), max(map(tuple, sequences))
    for place, (one, other) in enumerate(zip(first, last, strict=False)):
        if one != other:
            return place
    return min(len(first), len(last))


def _padded(run: Sequence[BatchRow]) -> int:
    shared = common_prefix([one.row.prompt[:-1] for one in run])
    return len(run) * (max(one.work for one in run) - shared)


def _work(run: Sequence[BatchRow]) -> int:
    """Tokens that the prefill of a run computes, padding included."""
    if len(run) == 1:
        return run[0].work
    return common_prefix([one.row.prompt[:-1] for one in run]) + _padded(run)


def _score(one: BatchRow, place: int, logits: dict[int, torch.Tensor]) -> ReferenceScore:
    """Likelihood of the reference, token by token after the prompt."""
    import torch

    start = len(one.row.prompt) - 1
    rows = torch.stack([logits[start + i][place] for i in range(len(one.reference))])
    target = torch.tensor(one.reference, device=rows.device)
    nll = torch.nn.functional.cross_entropy(rows.float(), target, reduction="sum")
    return ReferenceScore(float(nll), len(one.reference))
