"""Keys and values of rows that decode together, in room that is taken once.

Rows end at the same column, so that a step writes one column; the shorter ones are padded on the
left. Appending to a `DynamicCache` copies all of it at every step, which for thirty rows with
passages costs more than the model itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache as cached
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import torch

# Of one row, for each layer: keys and values, (1, heads, tokens, size of a head).
KeysValues: TypeAlias = "list[tuple[torch.Tensor, torch.Tensor]]"


class RowCache:
    """The cache of several rows. more: how many further tokens a row may get."""

    def __init__(self, rows: Sequence[KeysValues], more: int) -> None:
        import torch

        lengths = [row[0][0].shape[2] for row in rows]
        self._width = max(lengths)
        self._count = len(rows)
        room = self._width + more + 1
        example = rows[0][0][0]
        self._keys: list[torch.Tensor] = []
        self._values: list[torch.Tensor] = []
        for number in range(len(rows[0])):
            for kept, part in ((self._keys, 0), (self._values, 1)):
                like = rows[0][number][part]
                # Zeros, since what is masked is still multiplied, by 0.
                held = like.new_zeros(len(rows), like.shape[1], room, like.shape[3])
                for place, row in enumerate(rows):
                    held[place, :, self._width - lengths[place] : self._width] = row[number][part][
                        0
                    ]
                kept.append(held)
        self._lengths = torch.tensor(lengths, device=example.device)
        starts = self._width - self._lengths
        columns = torch.arange(room, device=example.device)
        self._seen = (columns >= starts[:, None])[:, None, None]  # (rows, 1, 1, room)
        self._padded = min(lengths) < self._width

    def row(self, place: int) -> KeysValues:
        """Views of one row's keys and values."""
        start = self._width - int(self._lengths[place])
        return [
            (
                keys[place : place + 1, :, start : self._width],
                values[place : place + 1, :, start : self._width],
            )
            for keys, values in zip(self._keys, self._values, strict=True)
        ]

    def mask(self) -> torch.Tensor | None:
        """Which columns each row's next token sees, (rows, 1, 1, width + 1); None for all."""
        return self._seen[: self._count, :, :, : self._width + 1] if self._padded else None

    def positions(self) -> torch.Tensor:
        """Of each row's next token, (rows, 1)."""
        return self._lengths[: self._count, None].clone()

    def view(self) -> Any:
        """The cache as a model takes it: it writes the next column, and sees all before."""
        from transformers import DynamicCache

        shown = DynamicCache()
        shown.layers = [
            _layer_class()(keys[: self._count], values[: self._count], self._width)
            for keys, values in zip(self._keys, self._values, strict=True)
        ]
        return shown

    def grow(self) -> None:
        """The next column has been written."""
        self._width += 1
        self._lengths += 1

    def remove(self, place: int) -> None:
        """Drop a row; the last one takes its place."""
        last = self._count - 1
        if place != last:
            for held in (*self._keys, *self._values):
                held[place, :, : self._width] = held[last, :, : self._width]
            self._seen[place] = self._seen[last]
            self._lengths[place] = self._lengths[last]
        self._count = last


def bytes_a_token(model: Any) -> int:
    """What the keys and values of one token take on this model."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    width = next(model.parameters()).element_size()
    return int(2 * config.num_hidden_layers * heads * size * width)


@cached
def _layer_class() -> Any:
    """A layer of transformers' cache over room of ours; made late, since torch is."""
    from transformers.cache_utils import DynamicLayer

    class Room(DynamicLayer):  # type: ignore[no-untyped-call]
        def __init__(self, keys: torch.Tensor, values: torch.Tensor, width: int) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.dtype, self.device = keys.dtype, keys.device
            self._room = keys, values
            self._width = width
            self.keys, self.values = keys[:, :, :width], values[:, :, :width]
            self.is_initialized = True

        def update(
            self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
        ) -> tuple[torch.Tensor, torch.Tensor]:
            keys, values = self._room
            end = self._width + key_states.shape[2]
            keys[:, :, self._width : end] = key_states
            values[:, :, self._width : end] = value_states
            self.keys, self.values = keys[:, :, :end], values[:, :, :end]
            return self.keys, self.values

    return Room
