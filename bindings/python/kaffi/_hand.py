"""What a consumer has in hand: records that came from the library and were not handed out yet."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from ctypes import c_int32, c_uint64
from time import monotonic
from typing import Any, Callable, TypeVar

from ._batch import Handle, PartitionList, Records
from ._call import apart, call, milliseconds
from ._client import Client
from ._library import library, natively
from .errors import KafkaError, KafkaException
from .message import Message
from .topic_partition import TopicPartition

_P = TypeVar("_P", bound="Poller")

STORE_SECONDS = 1.0  # how far the library's knowledge of what was handed out may lag behind


@natively
class Poller:
    """Hands out the records in hand one by one, as long as nothing else is to be done."""

    _records: Records
    _until = 0.0
    _source = 0
    """The consumer in the library, when to take records from it is all that is to be done there; else 0."""
    _fetching = False
    """Whether a batch is being taken: a call that comes in between, of a signal's handler, takes none."""
    _batch_rows: int  # how many records are taken from it at once
    _turn: AbstractContextManager[Any]
    _lock: AbstractContextManager[Any]
    _incoming: c_uint64  # the number of a batch that came in and is not received

    def _look_later(self) -> None:
        """Something else is looked after again after a second."""
        self._until = monotonic() + STORE_SECONDS

    def _look_now(self) -> None:
        """Something else is looked after next."""
        self._until = 0.0

    def _looks(self) -> bool:
        """Whether something else is to be looked after now."""
        return monotonic() >= self._until

    def poll(self, timeout: float | None = None) -> Message | None:
        """The next record, or None when none came within `timeout` seconds (None or -1: as long as it takes).

        Look at `error()` of the message first: it may be an error of the consumer, such as `_PARTITION_EOF` (with
        `enable.partition.eof`), which by itself does not end it. Raises KafkaException when the consumer is closed, or
        nothing was subscribed to.
        """
        return (None if self._looks() else self._records.next()) or self._poll(timeout)

    def _poll(self, timeout: float | None) -> Message | None:
        raise NotImplementedError

    def __iter__(self: _P) -> _P:
        return self

    def __next__(self) -> Message:
        return (None if self._looks() else self._records.next()) or self._next()

    def _next(self) -> Message:
        raise NotImplementedError


class Hand(Client, Poller):
    """A consumer's records in hand, and whose turn it is to take some. What is given back here is taken from the
    library again as if it had never come.
    """

    def _configured(self) -> None:
        self._stores = self._get("kaffi.offset.store") == "next-call"
        self._tells_rebalances = "rebalance" in self._get("kaffi.events")
        self._auto_commit = self._get("enable.auto.commit").lower() not in ("false", "f", "0")
        self._request_seconds = self._seconds("kaffi.request.timeout.ms")

    def _renew(self) -> None:
        # A waiting call holds the lock for one slice at a time; who queues in `_turn` gets it next.
        # A signal's handler may come back into both.
        self._turn, self._lock = threading.RLock(), threading.RLock()
        self._incoming, self._rows = c_uint64(), c_int32()
        self._records = Records()
        self._source, self._fetching = 0, False
        self._look_now()

    def _receive(self) -> None:
        """Reads the batch that came in. May be interrupted and done again."""
        if self._over:
            raise KafkaException(KafkaError(self._over))
        number = self._incoming.value
        if number == 0:
            return
        records = Records(Handle(number, owned=False), self._rows.value)
        if self._incoming.value != number or records.handle is None:
            return  # what runs in between, such as a signal's handler, has received it
        self._records = records
        records.handle.owned = True
        self._incoming.value = 0
        self._look_later()

    def _store(self) -> None:
        """Tells the library how much of the batch was handed out."""
        records = self._records
        handed_out = records.handed_out
        if self._stores and records.stored != handed_out:
            call(library().StoreBatchOffsets, self._handle, records.number, handed_out)
            records.stored = handed_out
        self._look_later()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """No other thread takes records meanwhile, and the library knows what was handed out."""
        with self._turn, self._lock:
            self._receive()
            self._store()
            yield

    def _first_in_hand(self) -> list[TopicPartition]:
        """The partitions that have records in hand, with the offset of the first."""
        return _firsts(self._records.rest())

    def _give_back(self, but: Collection[TopicPartition] = (), to: Sequence[TopicPartition] = ()) -> None:
        """Puts the library back to the records in hand; those of some partitions just go, others are put elsewhere."""
        records = self._records
        in_hand = records.take(len(records))  # from here on no other thread takes one
        try:
            back = [place for place in _firsts(in_hand) if place not in but and place not in to]
            if back or to:
                with PartitionList([*to, *back]) as list_:
                    self._ask(library().SeekPartitions, list_, timeout=self._request_seconds)
        except BaseException:
            records.rewind(len(records) - len(in_hand))
            raise
        self._records = Records()

    def _ask(self, function: Callable[..., int], *arguments: object, timeout: float | None) -> None:
        """A call that waits for brokers. Ctrl-C ends it."""
        limit = milliseconds(timeout)
        apart(self._handle, lambda: call(function, self._handle, *arguments, limit))

    def _fill(
        self, function: Callable[..., int], partitions: Sequence[TopicPartition], timeout: float | None
    ) -> list[TopicPartition]:
        """The partitions with what a call that waits for brokers sets in their list."""
        with PartitionList(partitions) as list_:
            self._ask(function, list_, timeout=timeout)
            return PartitionList.read(list_)


def _firsts(messages: Sequence[Message]) -> list[TopicPartition]:
    """The first record of each partition."""
    places: dict[TopicPartition, None] = {}
    for message in messages:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if topic is not None and partition is not None and offset is not None:
            places.setdefault(TopicPartition(topic, partition, offset))
    return list(places)
