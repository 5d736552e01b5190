"""Tables as Parquet, where pyarrow is installed: this is the only module that needs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from edge.api.answers import Exported

MEDIA_TYPE = "application/vnd.apache.parquet"
ROWS_AT_ONCE = 20_000  # in one row group
TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "truth": pa.bool_(),
    "instant": pa.timestamp("us", tz="UTC"),
}


class _Written:
    """A file that hands on what is written to it."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._size += len(part)
        return len(part)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        """What was written since the last time."""
        out = b"".join(self._parts)
        self._parts.clear()
        return out


def blocks(table: Exported) -> Iterator[bytes]:
    """The file in blocks; each is made when it is asked for, and may be empty."""
    schema = pa.schema([(name, TYPES[kind]) for name, kind in table.columns.items()])
    out = _Written()
    waiting: list[Sequence[Any]] = []
    with pq.ParquetWriter(out, schema) as writer:
        for piece in table.pieces:
            waiting += piece
            if len(waiting) >= ROWS_AT_ONCE:
                writer.write_table(_arrow(schema, waiting))
                waiting = []
            yield out.taken()
        writer.write_table(_arrow(schema, waiting))
    yield out.taken()


def _arrow(schema: Any, rows: Sequence[Sequence[Any]]) -> Any:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(map(_number, column) if field.type == TYPES["number"] else column, field.type, size=len(rows))
              for field, column in zip(schema, columns, strict=True)]  # fmt: skip
    return pa.Table.from_arrays(arrays, schema=schema)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
