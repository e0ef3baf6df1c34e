"""Batches and topic-partition lists: their columns in and out."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from ctypes import byref, c_int32, c_int64, c_uint64, string_at
from io import BytesIO
from itertools import islice, repeat
from operator import length_hint
from sys import byteorder
from typing import Any

from . import _abi, message
from ._call import call, check
from ._library import library, natively, text_in
from .errors import KafkaError
from .message import Headers, Message
from .topic_partition import TopicPartition


@natively
class Handle:
    """A batch of the library; it ends with the last who refers to it."""

    __slots__ = ("_delete", "number", "owned")

    def __init__(self, number: int, owned: bool = True) -> None:
        self.number = number
        self.owned = owned  # not while an interrupted call may read it again
        self._delete = library().DelBatch

    def __del__(self) -> None:
        if self.owned:
            self._delete(self.number)


def new_batch() -> Handle:
    """An empty batch for records."""
    number = c_uint64()
    check(library().NewBatch(byref(number)))
    return Handle(number.value)


def view(batch: int, column: str) -> tuple[int, int, int, int]:
    """Where a column lies: address of the values or bytes and their size, of the offsets, of the bits of validity."""
    data, size, offsets, validity = c_uint64(), c_int64(), c_uint64(), c_uint64()
    arguments = batch, column.encode(), byref(data), byref(size), byref(offsets), byref(validity)
    if library().ViewBatch(*arguments, None, None) != _abi.DONE:
        call(library().ViewBatch, *arguments)
    return data.value, size.value, offsets.value, validity.value


def ints(batch: int, column: str, rows: int) -> list[int]:
    """A column of integers; empty where the batch has none of this name."""
    data, size, _, _ = view(batch, column)
    return memoryview(string_at(data, size)).cast("i" if size == 4 * rows else "q").tolist() if size else []


@natively
def values(batch: int, column: str, rows: int) -> list[bytes | None]:
    """A column of bytes; empty where the batch has none of this name."""
    data, size, offsets, validity = view(batch, column)
    if not offsets or not rows:
        return []
    # Reading one after the other is the fastest way that Python has to cut bytes.
    read = BytesIO(string_at(data, size) if size else b"").read
    entries: list[bytes | None] = list(map(read, _lengths(string_at(offsets, 4 * rows + 4))))
    valid = string_at(validity, (rows + 7) // 8) if validity else b""
    for row in range(rows) if valid else ():
        if not valid[row >> 3] >> (row & 7) & 1:
            entries[row] = None
    return entries


def _lengths(ends: bytes) -> memoryview:
    """The differences of 32-bit offsets: in one subtraction of long numbers, as no offset is below the one before."""
    difference = int.from_bytes(ends[4:], byteorder) - int.from_bytes(ends[:-4], byteorder)
    return memoryview(difference.to_bytes(len(ends) - 4, byteorder)).cast("i")


def set_ints(batch: int, column: str, numbers: Iterable[int]) -> None:
    """Sets a column of integers. What does not fit 64 bits is refused."""
    try:
        held = array("q", numbers)
    except OverflowError:
        raise ValueError(f"{column}: a number is outside the range of 64 bits") from None
    call(library().SetBatchInts, batch, column.encode(), held.buffer_info()[0], len(held))


# One piece of memory with the values of a column, and the length of each as 32-bit integers (-1: null).
Values = tuple[bytes, bytes]


@natively
def joined(entries: Sequence[bytes | None]) -> Values:
    """Values in one piece of memory. What is neither bytes nor None raises TypeError."""
    if not all(isinstance(entry, bytes) or entry is None for entry in entries):
        raise TypeError("a value is neither bytes nor None")
    lengths = array("i", (-1 if entry is None else len(entry) for entry in entries))
    return b"".join(entry for entry in entries if entry is not None), lengths.tobytes()


def set_values(batch: int, column: str, entries: Sequence[bytes | None]) -> None:
    """Sets a column of bytes."""
    set_bytes(batch, column, *joined(entries))


def set_bytes(batch: int, column: str, data: bytes, lengths: bytes) -> None:
    """Sets a column of bytes from one piece of memory, with the length of each value (32-bit integers; -1: null)."""
    call(library().SetBatchBytes, batch, column.encode(), data, len(data), lengths, len(lengths) // 4)


def set_headers(batch: int, headers: Sequence[Headers | None]) -> None:
    """Sets the headers of each row."""
    pairs = [pair for row in headers for pair in row or ()]
    set_ints(batch, "header.count", (len(row or ()) for row in headers))
    set_values(batch, "header.name", [name.encode() for name, _ in pairs])
    set_values(batch, "header.value", [value for _, value in pairs])


def set_topics(batch: int, topics: Sequence[str]) -> None:
    """Sets the topic of each row."""
    index = {name: number for number, name in enumerate(dict.fromkeys(topics))}
    set_values(batch, "topic.name", [text_in(name, "the topic") for name in index])
    set_ints(batch, "topic", map(index.__getitem__, topics))


def topics(batch: int, rows: int) -> Iterable[str]:
    """The topic of each row."""
    index = ints(batch, "topic", rows)
    names = [(name or b"").decode() for name in values(batch, "topic.name", max(index, default=-1) + 1)]
    return repeat(names[0], rows) if len(names) == 1 else [names[number] for number in index]


def headers(batch: int, rows: int) -> Iterable[Headers | None]:
    """The headers of each row."""
    counts = ints(batch, "header.count", rows)
    if not any(counts):
        return repeat(None, rows)
    count = sum(counts)
    names = [(name or b"").decode(errors="replace") for name in values(batch, "header.name", count)]
    pairs = zip(names, values(batch, "header.value", count) or repeat(None))
    return [list(islice(pairs, count)) or None for count in counts]


def messages(batch: int, rows: int) -> list[Message]:
    """The records of a batch."""
    columns: tuple[Iterable[Any], ...] = (
        topics(batch, rows) or repeat(None),
        ints(batch, "partition", rows) or repeat(-1),
        ints(batch, "offset", rows) or repeat(-1),
        values(batch, "key", rows) or repeat(None),
        values(batch, "value", rows) or repeat(None),
        ints(batch, "timestamp", rows) or repeat(-1),
        ints(batch, "timestamp_type", rows) or repeat(0),
        ints(batch, "leader_epoch", rows) or repeat(-1),
        headers(batch, rows),
        repeat(None),
        repeat(None),
    )
    return message.messages(zip(*columns))


@natively
class Records:
    """The records of a batch, handed out one after the other, or many at once. Whoever takes one has got it: threads
    may do that at the same time.
    """

    def __init__(self, handle: Handle | None = None, rows: int = 0) -> None:
        self.handle = handle
        self.stored = -1 if rows else 0
        """Of how many the library knows that they were handed out; -1: not told yet, it would count all."""
        self._messages = messages(handle.number, rows) if handle else []
        self._left: Iterator[Message] = iter(self._messages)

    @property
    def number(self) -> int:
        """The batch in the library; 0: there is none."""
        return self.handle.number if self.handle else 0

    def __len__(self) -> int:
        """How many there are in all."""
        return len(self._messages)

    @property
    def handed_out(self) -> int:
        """How many were handed out."""
        return len(self._messages) - length_hint(self._left)

    def next(self) -> Message | None:
        """Hands out the next one; None when there is none left."""
        return next(self._left, None)

    def take(self, most: int) -> list[Message]:
        """Hands out the next ones, `most` at most."""
        return list(islice(self._left, most))

    def take_rows(self, most: int) -> range:
        """Hands out the next ones, `most` at most: the numbers of their rows."""
        messages = self.take(most)
        first = self._messages.index(messages[0]) if messages else 0
        return range(first, first + len(messages))

    def rest(self) -> list[Message]:
        """Those that were not handed out; they stay so."""
        return self._messages[self.handed_out :]

    def rewind(self, first: int) -> None:
        """Goes on with row `first`."""
        left = iter(self._messages)
        deque(islice(left, first), maxlen=0)
        self._left = left


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
        list_ = self._handle.value
        set_topics(list_, [entry.topic for entry in entries])
        set_ints(list_, "partition", (entry.partition for entry in entries))
        set_ints(list_, "offset", (entry.offset for entry in entries))
        epochs = (entry.leader_epoch for entry in entries)
        set_ints(list_, "leader_epoch", (-1 if epoch is None else epoch for epoch in epochs))
        texts = (entry.metadata for entry in entries)
        set_values(list_, "metadata", [None if text is None else text.encode() for text in texts])

    @staticmethod
    def read(list_: int) -> list[TopicPartition]:
        """The partitions of a list, with what a call has set in it."""
        count = c_int32()
        check(library().GetBatchRows(list_, byref(count)))
        rows = count.value
        if not rows:
            return []
        columns: tuple[Iterable[Any], ...] = (
            topics(list_, rows),
            *(ints(list_, name, rows) or repeat(-1) for name in ("partition", "offset", "leader_epoch")),
            values(list_, "metadata", rows) or repeat(None),
            ints(list_, "error", rows) or repeat(0),
        )
        answer = []
        for topic, partition, offset, epoch, metadata, error in zip(*columns):
            text = None if metadata is None else metadata.decode(errors="replace")
            answer.append(TopicPartition(topic, partition, offset, text, None if epoch < 0 else epoch))
            answer[-1].error = KafkaError(error) if error else None
        return answer

    def __exit__(self, *_: object) -> None:
        library().DelBatch(self._handle.value)
