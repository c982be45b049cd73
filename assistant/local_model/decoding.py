"""The decoding loop: prompts of several rows in, their tokens out, on one model.

Each prompt is prefilled alone and unpadded, the shortest first, so that a short one never waits for
a long one. Then the rows' caches are merged, padded on the left, and all rows take each step
together; a row leaves the batch when it is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assistant.generation import Piece
from assistant.local_model.adapters import Adapter, RowAdapters
from assistant.local_model.chat_tokenizer import AnswerText
from assistant.records import Decoding, Usage

if TYPE_CHECKING:
    import torch

# Tokens of a prompt that are computed at once, which bounds the memory that a long one takes.
# Smaller is slower: 900 tokens of the built-in model take 15 % longer in chunks of 512.
_PREFILL_CHUNK = 1024


@dataclass(slots=True, eq=False)
class Row:
    """One answer in the making.

    asked_at, first_at, last_at: perf_counter when the question was asked, and when the first and
    the latest token came. decoding_at: when the steps after the first token began, so that the
    speed told is that of decoding, without the wait for another row's prompt.
    """

    index: int
    prompt: Sequence[int]
    decoding: Decoding
    adapter: Adapter | None
    text: AnswerText
    asked_at: float
    max_new_tokens: int
    tokens: list[int] = field(default_factory=list)
    first_at: float = 0.0
    decoding_at: float = 0.0
    last_at: float = 0.0
    ended: bool = False
    cache: Any = None
    generator: torch.Generator | None = None

    def take(self, token: int, end_ids: frozenset[int]) -> Piece:
        """Record a token and return what it adds to the answer."""
        self.last_at = time.perf_counter()
        if not self.tokens:
            self.first_at = self.decoding_at = self.last_at
        self.tokens.append(token)
        if token in end_ids:
            self.ended = True
            return Piece(self.index, "", self.usage(end_ids))
        text = self.text.add(token)
        if len(self.tokens) == self.max_new_tokens:
            self.ended = True
            return Piece(self.index, text, self.usage(end_ids))
        return Piece(self.index, text)

    def usage(self, end_ids: frozenset[int]) -> Usage:
        """What the row has cost up to now; the token that ends an answer is not counted as out."""
        if not self.tokens:
            return Usage(time.perf_counter() - self.asked_at, 0.0, len(self.prompt), 0)
        seconds = self.last_at - self.decoding_at
        speed = (len(self.tokens) - 1) / seconds if seconds > 0 else 0.0
        out = len(self.tokens) - (self.tokens[-1] in end_ids)
        return Usage(self.first_at - self.asked_at, speed, len(self.prompt), out)


class Stopped(Exception):
    """Told to stop in the middle of a prompt."""


class Decoder:
    """Decodes rows on one model, for which it is made once. Not for several threads at once.

    end_ids: token ids that end an answer.
    """

    def __init__(self, model: Any, adapters: RowAdapters, end_ids: frozenset[int]) -> None:
        self._model = model
        self._adapters = adapters
        self._end_ids = end_ids
        self._device = model.device
        self._stop: Callable[[], bool] | None = None  # while a prompt is computed
        for layer in _layers(model):
            layer.register_forward_pre_hook(self._look)

    def run(self, rows: Sequence[Row], stop: Callable[[], bool]) -> Iterator[Piece]:
        """Yield the pieces of all rows; the last piece of each carries its usage.

        stop: asked before each step; once it says so, all rows end as stopped.
        """
        import torch

        with torch.inference_mode():
            active: list[Row] = []
            for row in sorted(rows, key=lambda row: len(row.prompt)):
                logits = self._prefill(row, stop)
                if logits is None:
                    break
                yield from self._advance([row], logits)
                if not row.ended:
                    active.append(row)
            # Rows of one adapter side by side are computed together.
            active.sort(key=lambda row: id(row.adapter))
            for row in active:
                row.decoding_at = time.perf_counter()
            if not stop():
                if len(active) > 1 and not _mergeable(active):
                    yield from self._in_turn(active, stop)
                elif active:
                    yield from self._together(active, stop)
        for row in rows:
            if not row.ended:
                yield Piece(row.index, "", row.usage(self._end_ids), stopped=True)

    def _prefill(self, row: Row, stop: Callable[[], bool]) -> torch.Tensor | None:
        """Logits, (1, vocabulary), of a row's first token; None when told to stop."""
        import torch
        from transformers import DynamicCache

        row.cache = DynamicCache(config=self._model.config)
        ids = torch.tensor([list(row.prompt)], device=self._device)  # (1, prompt)
        logits: torch.Tensor | None = None
        self._stop = stop
        try:
            with self._adapters.rows([row.adapter]):
                for start in range(0, ids.shape[1], _PREFILL_CHUNK):
                    logits = self._forward(ids[:, start : start + _PREFILL_CHUNK], row.cache)
        except Stopped:
            return None
        finally:
            self._stop = None
        return logits

    def _look(self, _layer: Any, _inputs: Any) -> None:
        """Before each layer: a prompt can take seconds, and a stop button should not."""
        if self._stop is not None and self._stop():
            raise Stopped

    def _together(self, active: list[Row], stop: Callable[[], bool]) -> Iterator[Piece]:
        """Decode the rows as one batch until all have ended."""
        batch = _Batch(active, self._device)
        while batch.rows:
            with self._adapters.rows([row.adapter for row in batch.rows]):
                while not any(row.ended for row in batch.rows):
                    if stop():
                        return
                    ids, mask, positions = batch.inputs()
                    logits = self._forward(ids, batch.cache, mask, positions)
                    batch.grow()
                    yield from self._advance(batch.rows, logits)
            batch.drop_ended()

    def _in_turn(self, active: list[Row], stop: Callable[[], bool]) -> Iterator[Piece]:
        """Decode token by token in turn, for models whose caches cannot be padded."""
        import torch

        while active:
            for row in active:
                if stop():
                    return
                ids = torch.tensor([[row.tokens[-1]]], device=self._device)
                with self._adapters.rows([row.adapter]):
                    logits = self._forward(ids, row.cache)
                yield from self._advance([row], logits)
            active = [row for row in active if not row.ended]

    def _forward(
        self,
        ids: torch.Tensor,
        cache: Any,
        mask: torch.Tensor | None = None,
        positions: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Logits of the last position, (rows, vocabulary)."""
        output = self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: torch.Tensor = output.logits[:, -1]
        return logits

    def _advance(self, rows: Sequence[Row], logits: torch.Tensor) -> Iterator[Piece]:
        """Draw the next token of each row from logits, (rows, vocabulary)."""
        greedy = logits.argmax(dim=-1).tolist()
        for place, row in enumerate(rows):
            token = (
                greedy[place] if row.decoding.temperature <= 0 else drawn_token(row, logits[place])
            )
            piece = row.take(token, self._end_ids)
            if piece.text or piece.usage is not None:
                yield piece


def _layers(model: Any) -> Iterable[Any]:
    """The decoder layers of a model: the longest of its lists of modules."""
    from torch.nn import ModuleList

    lists = [module for module in model.modules() if isinstance(module, ModuleList)]
    return max(lists, key=len, default=ModuleList())


def drawn_token(row: Row, logits: torch.Tensor) -> int:
    """A token drawn at the row's temperature from its own seeded generator.

    On the CPU in float32, so that a seed draws alike beside other rows and on other devices.
    """
    import torch

    if row.generator is None:
        row.generator = torch.Generator().manual_seed(row.decoding.seed)
    scaled = logits.float().cpu() / row.decoding.temperature  # (vocabulary,)
    return int(torch.multinomial(scaled.softmax(dim=-1), 1, generator=row.generator))


def _mergeable(rows: Sequence[Row]) -> bool:
    """Whether every layer's cache is plain keys and values over all positions."""
    from transformers.cache_utils import DynamicLayer

    return all(type(layer) is DynamicLayer for row in rows for layer in row.cache.layers)


class _Batch:
    """Rows that decode together: one cache padded on the left, its mask and its positions."""

    def __init__(self, rows: Sequence[Row], device: Any) -> None:
        import torch

        self.rows = list(rows)
        self._device = device
        self._lengths = [row.cache.get_seq_length() for row in self.rows]  # tokens in the cache
        self._width = max(self._lengths)
        self.cache = self.rows[0].cache if len(self.rows) == 1 else self._merged()
        longest = self._width + max(row.max_new_tokens for row in self.rows)
        self._mask = torch.ones(len(self.rows), longest, dtype=torch.long, device=device)
        for place, length in enumerate(self._lengths):
            self._mask[place, : self._width - length] = 0
        for row in self.rows:
            row.cache = None

    def inputs(self) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
        """Last tokens (rows, 1), mask (rows, width + 1) where needed, positions (rows, 1)."""
        import torch

        ids = torch.tensor([[row.tokens[-1]] for row in self.rows], device=self._device)
        positions = torch.tensor([[length] for length in self._lengths], device=self._device)
        padded = min(self._lengths) < self._width
        return ids, self._mask[:, : self._width + 1] if padded else None, positions

    def grow(self) -> None:
        """The step has put one more token of each row into the cache."""
        self._width += 1
        self._lengths = [length + 1 for length in self._lengths]

    def drop_ended(self) -> None:
        """Take the ended rows out, and the padding that only they made necessary."""
        import torch

        kept = [place for place, row in enumerate(self.rows) if not row.ended]
        self.rows = [self.rows[place] for place in kept]
        if not self.rows:
            return
        self._lengths = [self._lengths[place] for place in kept]
        index = torch.tensor(kept, device=self._device)
        self.cache.batch_select_indices(index)
        excess = self._width - max(self._lengths)
        if excess:
            for layer in self.cache.layers:
                layer.keys = layer.keys[..., excess:, :].contiguous()
                layer.values = layer.values[..., excess:, :].contiguous()
        self._mask = self._mask[index][:, excess:]
        self._width -= excess

    def _merged(self) -> Any:
        """One cache of all rows, (rows, heads, width, size of a head) in each layer."""
        import torch
        from torch.nn.functional import pad
        from transformers import DynamicCache

        def stacked(parts: list[torch.Tensor]) -> torch.Tensor:
            return torch.cat([pad(one, (0, 0, self._width - one.shape[-2], 0)) for one in parts])

        merged = DynamicCache()
        for number in range(len(self.rows[0].cache.layers)):
            layers = [row.cache.layers[number] for row in self.rows]
            merged.update(
                stacked([layer.keys for layer in layers]),
                stacked([layer.values for layer in layers]),
                number,
            )
        return merged
