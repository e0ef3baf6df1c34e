"""Records that are gathered to be produced together, and those whose delivery report is awaited."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, Callable, NamedTuple, Optional, Union

from ._batch import Values, ints, joined
from ._library import natively
from .errors import KafkaError
from .message import Headers, Message, messages

OnDelivery = Callable[[Optional[KafkaError], Message], object]
Data = Union[str, bytes, bytearray, memoryview, None]
HeadersIn = Union[Mapping[str, Data], Sequence[tuple[str, Data]], None]

# A record to produce: topic, value, key, partition, timestamp (0: now), headers, callback.
Record = tuple[str, Optional[bytes], Optional[bytes], int, int, Optional[Headers], Optional[OnDelivery]]

# What a delivery report tells: partition, offset, timestamp, its type, latency (microseconds), error.
Report = Sequence[int]


class Columns(NamedTuple):
    """Gathered records in columns. What all have in common is no column, nor what none has."""

    topic: str | None
    partition: int  # -2: each has its own
    values: Values
    keys: Values | None
    topics: Sequence[str] | None
    partitions: Sequence[int] | None
    timestamps: Sequence[int] | None
    headers: Sequence[Headers | None] | None


@natively
class Gathered:
    """Records that are handed over together, in their order."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self.dropped = 0  # how many went from the front, ever

    def append(self, record: Record) -> None:
        """Adds a record."""
        self._records.append(record)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records[:])

    def first(self, most: int) -> Gathered:
        """The first records, `most` at most, which stay here, too."""
        first = Gathered()
        first._records, first.dropped = self._records[:most], self.dropped
        return first

    def drop(self, first: Gathered) -> None:
        """Drops what `first` gave, if that was not done yet."""
        count = len(first)
        if first.dropped == self.dropped:
            self.dropped += count
            del self._records[:count]

    def take_all(self) -> list[Record]:
        """All of them, which go from here."""
        records, self._records, self.dropped = self._records, [], self.dropped + len(self._records)
        return records

    def tells(self) -> bool:
        """Whether any has a callback."""
        return any(record[-1] is not None for record in self._records)

    def columns(self) -> tuple[Any, ...]:
        """What Columns has; there is a record at least."""
        topics, values, keys, partitions, timestamps, headers, _ = zip(*self._records)
        one_topic = topics.count(topics[0]) == len(topics)
        one_partition = partitions.count(partitions[0]) == len(partitions)
        return (
            topics[0] if one_topic else None,
            partitions[0] if one_partition else -2,
            joined(values),
            joined(keys) if keys.count(None) < len(keys) else None,
            None if one_topic else topics,
            None if one_partition else partitions,
            timestamps if any(timestamps) else None,
            headers if any(headers) else None,
        )


@natively
class Deliveries:
    """Records whose delivery report is awaited, and callbacks that are ready to be called. Nothing in here can be
    interrupted but a callback.
    """

    def __init__(self) -> None:
        self._awaited: dict[int, Record] = {}
        self._ready: deque[tuple[OnDelivery, KafkaError | None, Message]] = deque()

    def awaited(self) -> int:
        """How many records await their report."""
        return len(self._awaited)

    def ready(self) -> int:
        """How many callbacks are ready."""
        return len(self._ready)

    def expect(self, id: int, record: Record) -> None:
        """Awaits the report of a record, which has a callback."""
        self._awaited[id] = record

    def expect_all(self, first: int, gathered: Gathered) -> None:
        """Awaits the reports of those that have a callback, which go from `gathered`; the first has the id `first`."""
        self._awaited |= {id: record for id, record in enumerate(gathered, first) if record[-1] is not None}
        gathered._records.clear()

    def awaited_ids(self) -> list[int]:
        """The ids of the records that await their report."""
        return list(self._awaited)

    def tell(self, id: int, report: Report) -> bool:
        """Makes the callback of a record ready. False: it is not awaited."""
        record = self._awaited.pop(id, None)
        if record is None:
            return False
        self.tell_of(record, report)
        return True

    def tell_of(self, record: Record, report: Report) -> None:
        """Makes the callback of a record ready that was never awaited."""
        self._tell([record], *zip(report))

    def tell_all(self, batch: int, rows: int, early: bool) -> list[tuple[int, Report]]:
        """Makes the callbacks of a batch of reports ready. Gives ids and reports of those that are not awaited: all if
        some may have come `early`, else the failures.
        """
        names = ("partition", "offset", "timestamp", "timestamp_type", "latency", "error")
        reports = [ints(batch, name, rows) for name in names]
        ids = ints(batch, "msgid", rows)
        records = [record for record in map(self._awaited.get, ids) if record]
        if len(records) == rows:
            self._tell(records, *reports)
            for id in ids:
                self._awaited.pop(id, None)
            return []
        others = ((id, report) for id, report in zip(ids, zip(*reports)) if not self.tell(id, report))
        return [(id, report) for id, report in others if early or report[-1]]

    def _tell(
        self,
        records: Sequence[Record],
        partitions: Iterable[int],
        offsets: Iterable[int],
        timestamps: Iterable[int],
        kinds: Iterable[int],
        latencies: Iterable[int],
        codes: Sequence[int],
    ) -> None:
        topics, values, keys, _, _, headers, callbacks = zip(*records)
        errors = [KafkaError(code) if code else None for code in codes] if any(codes) else repeat(None)
        place = topics, partitions, offsets, keys, values, timestamps, kinds
        made = messages(zip(*place, repeat(-1), headers, errors, latencies))
        self._ready.extend(zip(callbacks, (message.error() for message in made), made))

    def serve(self, failures: list[Exception] | None = None) -> int:
        """Calls the callbacks that are ready; how many. The exception of one ends that, unless there is a list to put
        it in.
        """
        served = 0
        while self._ready:
            try:
                on_delivery, error, message = self._ready.popleft()
            except IndexError:  # another thread took the last one
                break
            served += 1
            try:
                on_delivery(error, message)
            except Exception as failure:
                if failures is None:
                    raise
                failures.append(failure)
        return served


@natively
class Gatherer:
    """Takes the records that are produced, and gathers them while that can be."""

    _gathered: Gathered
    _targets: set[tuple[str, int]]  # topics and partitions that the library has accepted
    _sink: int  # the producer in the library, when records may be handed over to it; else 0
    _work: Any  # records that are being handed over
    _ticking: bool  # whether a thread looks after what is gathered
    _tells: bool  # whether reports are asked for, so that a callback is possible
    _gather: int  # how many records are gathered at most
    _gather_bytes: int  # larger records are not gathered
    _on_delivery: OnDelivery | None  # of records that have none of their own

    def produce(
        self,
        topic: str,
        value: Data = None,
        key: Data = None,
        partition: int = -1,
        callback: OnDelivery | None = None,
        on_delivery: OnDelivery | None = None,
        timestamp: int = 0,
        headers: HeadersIn = None,
    ) -> None:
        """Takes a record, which is delivered in the background.

        `value` and `key` are bytes, or str, which is encoded as UTF-8; None is null. Partition -1 leaves the choice
        to the partitioner, by the key. `timestamp` is in milliseconds since 1970; 0: now. `headers` is a dict or a list
        of tuples, of names and values. `on_delivery` (or `callback`, the same) is called when the record was delivered
        or failed.

        When the queue is full it waits for room, `kaffi.produce.timeout.ms` (60 s) at most, then raises
        BufferError: call `poll` or `flush`, then try again. Raises KafkaException when the record is not taken for
        another reason. What is found wrong only after a record was gathered, `on_delivery` tells.
        """
        self._produce_any(topic, value, key, partition, callback, on_delivery, timestamp, headers)

    def _produce_any(
        self,
        topic: str,
        value: Data,
        key: Data,
        partition: int,
        callback: OnDelivery | None,
        on_delivery: OnDelivery | None,
        timestamp: int,
        headers: HeadersIn,
    ) -> None:
        raise NotImplementedError
