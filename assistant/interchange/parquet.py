"""Parquet in and out. The only home of pyarrow, which is imported when used.

Parquet holds typed columns and no code; nothing here unpickles anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.errors import ExamplesError

_BATCH = 2_000  # rows held at once
_LARGEST = 4 * 1024**3  # bytes of all columns, unpacked


def parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number, from 1, and columns of each row.

    Raises ExamplesError where the file is no Parquet, is encrypted, damaged or too large.
    """
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            _refuse_large(path, file.metadata)
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise ExamplesError(_sentence(path, error)) from error


def write_parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of equal columns. Raises OSError."""
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(rows), path)


def _refuse_large(path: Path, metadata: Any) -> None:
    groups = (metadata.row_group(index) for index in range(metadata.num_row_groups))
    if sum(group.total_byte_size for group in groups) > _LARGEST:
        raise ExamplesError(
            f"{path.name} unpacks to more than {_LARGEST >> 30} GB, so nothing was taken in: keep "
            "the columns of the examples alone."
        )


def _sentence(path: Path, error: Exception) -> str:
    said = " ".join(str(error).split())
    if "ncrypt" in said or "decrypt" in said:
        return f"{path.name} is an encrypted Parquet file: save it without encryption."
    if "magic bytes" in said or "smaller than" in said or "footer" in said.lower():
        return f"{path.name} is no Parquet file, or a damaged one: save it again."
    return f"{path.name} cannot be read as Parquet ({said[:200]}): save it again."
