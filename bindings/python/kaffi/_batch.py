"""Batches and topic-partition lists: their columns in and out."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import byref, c_int32, c_int64, c_uint8, c_uint64
from itertools import accumulate

from . import _abi
from ._call import call, check
from ._library import library, text_in
from .errors import KafkaError
from .message import Headers, Message
from .topic_partition import TopicPartition


def ints(batch: int, column: str, rows: int) -> list[int]:
    """A column of integers, of `rows` values at most."""
    values = (c_int64 * rows)()
    call(library().GetBatchInts, batch, column.encode(), values, byref(c_int32(rows)))
    return values[:]


def values(batch: int, column: str) -> list[bytes | None]:
    """A column of bytes."""
    length, count = c_int32(0), c_int32(0)
    read, name = library().GetBatchBytes, column.encode()
    asked = call(read, batch, name, None, byref(length), None, byref(count), expected=(_abi.DONE, _abi.TOO_SMALL))
    if asked == _abi.DONE:
        return []
    data, lengths = (c_uint8 * length.value)(), (c_int32 * count.value)()
    call(read, batch, name, data, byref(length), lengths, byref(count))
    whole, sizes = bytes(data), lengths[:]
    ends = accumulate(max(size, 0) for size in sizes)
    return [whole[end - size : end] if size >= 0 else None for size, end in zip(sizes, ends)]


def set_ints(batch: int, column: str, numbers: Sequence[int]) -> None:
    """Sets a column of integers. What ctypes would cut to its lower 64 bits is refused."""
    for number in numbers:
        if not -(2**63) <= number < 2**63:
            raise ValueError(f"{column} is outside its range: {number}")
    call(library().SetBatchInts, batch, column.encode(), (c_int64 * len(numbers))(*numbers), len(numbers))


def set_values(batch: int, column: str, entries: Sequence[bytes | None]) -> None:
    """Sets a column of bytes."""
    data = b"".join(entry or b"" for entry in entries)
    lengths = (c_int32 * len(entries))(*(-1 if entry is None else len(entry) for entry in entries))
    call(library().SetBatchBytes, batch, column.encode(), data, len(data), lengths, len(entries))


def topics(batch: int, rows: int) -> list[str]:
    """The topic of each row."""
    names = [(name or b"").decode() for name in values(batch, "topic.name")]
    return [names[index] for index in ints(batch, "topic", rows)]


def _headers(batch: int, rows: int) -> list[Headers | None]:
    counts = ints(batch, "header.count", rows)
    if not any(counts):
        return [None] * rows
    names = [(name or b"").decode(errors="replace") for name in values(batch, "header.name")]
    pairs = iter(list(zip(names, values(batch, "header.value"))))
    return [[next(pairs) for _ in range(count)] or None for count in counts]


class Records:
    """A batch of consumed records: the messages, and how many of them the host has got and the library knows of."""

    def __init__(self, batch: int = 0, rows: int = 0) -> None:
        self.batch = batch
        self.owned = False  # whether the batch ends with this; not while an interrupted call may read it again
        self.handed_out = 0
        self.stored = 0
        self.messages: list[Message] = []
        if rows:
            columns = (ints(batch, name, rows) for name in ("timestamp", "timestamp_type", "leader_epoch"))
            self.messages = list(
                map(
                    Message,
                    topics(batch, rows),
                    ints(batch, "partition", rows),
                    ints(batch, "offset", rows),
                    values(batch, "key"),
                    values(batch, "value"),
                    *columns,
                    _headers(batch, rows),
                )
            )

    def __del__(self) -> None:
        if self.owned:
            library().DelBatch(self.batch)


class PartitionList:
    """A topic-partition list of the library, for the time of a `with`."""

    def __init__(self, partitions: Sequence[TopicPartition]) -> None:
        self.partitions = partitions
        self._handle = c_uint64()

    def __enter__(self) -> int:
        check(library().NewTopicPartitionList(byref(self._handle)))
        try:
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self._handle.value

    def _fill(self) -> None:
        entries = self.partitions
        list_, names = self._handle.value, dict.fromkeys(text_in(entry.topic, "the topic") for entry in entries)
        index = {name: number for number, name in enumerate(names)}
        set_values(list_, "topic.name", list(index))
        set_ints(list_, "topic", [index[entry.topic.encode()] for entry in entries])
        set_ints(list_, "partition", [entry.partition for entry in entries])
        set_ints(list_, "offset", [entry.offset for entry in entries])
        epochs = (entry.leader_epoch for entry in entries)
        set_ints(list_, "leader_epoch", [-1 if epoch is None else epoch for epoch in epochs])
        texts = (entry.metadata for entry in entries)
        set_values(list_, "metadata", [None if text is None else text.encode() for text in texts])

    def read(self) -> list[TopicPartition]:
        """The partitions as they were given, with what a call has set in the list."""
        list_, rows = self._handle.value, c_int32()
        check(library().GetBatchRows(list_, byref(rows)))
        columns = (ints(list_, name, rows.value) for name in ("partition", "offset", "error"))
        filled = {(topic, *row[:1]): row[1:] for topic, *row in zip(topics(list_, rows.value), *columns)}
        answer = []
        for given in self.partitions:
            offset, error = filled[given.topic, given.partition]
            answer.append(TopicPartition(given.topic, given.partition, offset, given.metadata, given.leader_epoch))
            answer[-1].error = KafkaError(error) if error else None
        return answer

    def __exit__(self, *_: object) -> None:
        library().DelBatch(self._handle.value)
