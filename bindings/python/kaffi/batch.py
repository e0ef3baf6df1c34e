"""Batch: many records in columns."""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import c_uint8
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _arrow, _batch
from ._batch import Handle
from .message import Headers, Message

if TYPE_CHECKING:
    import numpy


class View(NamedTuple):
    """A column where it lies, read only: integers in `data`; or bytes in `data`, those of row i from `offsets[i]` to
    `offsets[i + 1]`, null where bit i of `validity` (the least first) is 0. None: the column has no such part.
    """

    data: memoryview
    offsets: memoryview | None
    validity: memoryview | None


class Batch:
    """Many records in columns, as `Consumer.consume_batch` gives them and `Producer.produce_batch` takes them.

        batch = consumer.consume_batch()
        for key, value in zip(batch.keys, batch.values):
            ...
        table = pyarrow.record_batch(batch)       # or polars.from_arrow(batch).struct.unnest()
        producer.produce_batch("copy", batch)

    `len(batch)` is the number of records. Iterating gives a Message for each. The columns `keys`, `values`, `topics`,
    `partitions`, `offsets`, `timestamps`, `timestamp_types`, `leader_epochs` and `headers` are lists, made anew at each
    use; `view` gives a column without
    copying, `numpy` as an array. It has Arrow's `__arrow_c_array__`, so that whatever takes Arrow data takes a batch:
    its columns are topic, partition, offset, timestamp, key, value and headers. A batch outlives its consumer.
    """

    __slots__ = ("__weakref__", "_handle", "_rows")

    def __init__(self, handle: Handle, rows: int) -> None:
        """Not for users: `consume_batch` makes batches."""
        self._handle = handle
        self._rows = rows

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[Message]:
        return iter(_batch.Records(self._handle, self._rows).take(self._rows))

    @property
    def keys(self) -> list[bytes | None]:
        """The key of each record; None where it has none."""
        return self._values("key")

    @property
    def values(self) -> list[bytes | None]:
        """The value of each record; None where it has none (a tombstone)."""
        return self._values("value")

    @property
    def topics(self) -> list[str]:
        """The topic of each record."""
        return list(_batch.topics(self._handle.number, self._rows))

    @property
    def partitions(self) -> list[int]:
        """The partition of each record."""
        return _batch.ints(self._handle.number, "partition", self._rows)

    @property
    def offsets(self) -> list[int]:
        """The offset of each record."""
        return _batch.ints(self._handle.number, "offset", self._rows)

    @property
    def timestamps(self) -> list[int]:
        """The time of each record, in milliseconds since 1970."""
        return _batch.ints(self._handle.number, "timestamp", self._rows)

    @property
    def timestamp_types(self) -> list[int]:
        """The TIMESTAMP_ constant of each record."""
        return _batch.ints(self._handle.number, "timestamp_type", self._rows)

    @property
    def leader_epochs(self) -> list[int]:
        """The leader epoch of each record; -1 where it is not known."""
        return _batch.ints(self._handle.number, "leader_epoch", self._rows)

    @property
    def headers(self) -> list[Headers | None]:
        """The headers of each record, as `Message.headers`."""
        return list(_batch.headers(self._handle.number, self._rows))

    def _values(self, column: str) -> list[bytes | None]:
        return _batch.values(self._handle.number, column, self._rows) or [None] * self._rows

    def view(self, column: str) -> View:
        """A column where it lies, without copying: "key", "value", "partition", "offset", "timestamp",
        "timestamp_type", "leader_epoch", "topic" (index into "topic.name"), "topic.name", "header.count" (for each
        row), "header.name", "header.value". The views keep the batch.
        """
        data, size, offsets, validity = _batch.view(self._handle.number, column)
        if not offsets:
            return View(self._memory(data, size).cast("i" if size == 4 * self._rows else "q"), None, None)
        counts = {"topic.name": "topic", "header.name": "header.count", "header.value": "header.count"}
        rows = self._rows
        if column in counts:
            numbers = _batch.ints(self._handle.number, counts[column], self._rows)
            rows = sum(numbers) if column.startswith("header") else max(numbers, default=-1) + 1
        bits = self._memory(validity, (rows + 7) // 8) if validity else None
        return View(self._memory(data, size), self._memory(offsets, 4 * rows + 4).cast("i"), bits)

    def _memory(self, address: int, size: int) -> memoryview:
        if not size:
            return memoryview(b"")
        memory = (c_uint8 * size).from_address(address)
        memory.batch = self._handle  # type: ignore[attr-defined]  # kept as long as there is a view
        return memoryview(memory).toreadonly().cast("B")

    def views(self, column: str) -> list[memoryview | None]:
        """"key" or "value" of each record as a memoryview, without copying."""
        data, offsets, validity = self.view(column)
        if offsets is None:
            return [None] * self._rows
        ends = offsets.tolist()
        entries: list[memoryview | None] = [data[start:end] for start, end in zip(ends, ends[1:])]
        if validity is not None:
            entries = [entry if validity[row >> 3] >> (row & 7) & 1 else None for row, entry in enumerate(entries)]
        return entries

    def numpy(self, column: str) -> numpy.ndarray[Any, Any]:
        """A column of integers ("offset", "partition", "timestamp", ...) as a numpy array, read only, not copied."""
        import numpy

        data, offsets, _ = self.view(column)
        if offsets is not None:
            raise TypeError(f"{column} is a column of bytes: see `view`")
        array: numpy.ndarray[Any, Any] = numpy.asarray(data)
        return array

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """The schema and the array, for whatever takes Arrow data (the PyCapsule interface). Nothing is copied."""
        return _arrow.capsules(self._handle.number)

    def __repr__(self) -> str:
        return f"<Batch of {self._rows} records>"
