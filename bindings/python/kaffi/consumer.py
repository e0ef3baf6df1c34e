"""Consumer: reads the records of topics, as a member of a group."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from ctypes import byref, c_uint64
from typing import Any

from . import _abi
from ._batch import Handle, PartitionList, Records, new_batch
from ._call import Deadline, call
from ._client import CONSUMER
from ._library import library
from .assignment import Assignment, OnRebalance
from .batch import Batch
from .errors import KafkaError, KafkaException
from .message import Message
from .offsets import Offsets
from .topic_partition import TopicPartition

ROWS = 500  # taken from the library in one call, as max.poll.records of the Java client
PARTITION_EOF = -191


class Consumer(Assignment, Offsets):
    """Reads the records of topics, as a member of a group.

        with Consumer({"bootstrap.servers": "localhost:9092", "group.id": "readers"}) as consumer:
            consumer.subscribe(["greetings"])
            for message in consumer:
                print(message.value())

    A record that was handed out counts as processed at the next `poll`, `consume`, `commit` or `close`: with
    `enable.auto.commit` (the default) it is committed from then on, in the background and by `close`. Nothing that was
    not handed out is ever committed.

    `consume_batch` gives records in columns, which is the fastest way, and the way to pyarrow, polars and pandas.

    Records are taken from the library up to 500 at once. The time from one such batch to the next must stay below
    `max.poll.interval.ms` (5 minutes): when single records take longer, raise it.

    Iterating hands out record after record, without end: ends of partitions are left out, other errors raise
    KafkaException, and the loop ends when the consumer is closed. One that is not closed is closed when Python exits or
    forgets it, with a ResourceWarning.
    """

    _WAITS_FOR = 1 + 4

    def __init__(self, conf: Mapping[str, Any], logger: Any = None) -> None:
        """Starts a consumer. `conf` maps names of properties to str, bool or number; `group.id` is needed to
        subscribe. Callbacks in it: `error_cb(error)`, `stats_cb(json)`, `throttle_cb(ThrottleEvent)`,
        `oauth_cb(config)`, `on_commit(error, partitions)`, and `logger`, a Logger of `logging` (also as argument);
        they are called by `poll`, `consume`, ... on their caller's thread, and what they raise comes out there. Raises
        KafkaException when it cannot start as configured.
        """
        self._answers = "kaffi.rebalance" not in conf
        conf = {"kaffi.rebalance": "manual", **conf}
        if logger is not None:
            conf["logger"] = logger
        if "enable.auto.offset.store" in conf:
            usual = "manual" if str(conf["enable.auto.offset.store"]).lower() == "false" else "delivered"
            conf["kaffi.offset.store"] = conf.pop("kaffi.offset.store", usual)
        super().__init__(conf, CONSUMER)
        if not self._callbacks:
            self._source = self._handle

    def _configured(self) -> None:
        super()._configured()
        self._batch_rows = 1 if self._get("kaffi.offset.store") == "delivered" else ROWS

    def subscribe(
        self,
        topics: Sequence[str],
        on_assign: OnRebalance | None = None,
        on_revoke: OnRebalance | None = None,
        on_lost: OnRebalance | None = None,
    ) -> None:
        """Subscribes to topics, in place of those of an earlier call. A name that begins with `^` is a regular
        expression. The first records come by `poll` once the group has given this member its partitions.

        `on_assign(consumer, partitions)` is called when partitions come: to begin elsewhere, set their offsets and
        call `consumer.assign(partitions)`. `on_revoke(consumer, partitions)` is called before partitions go, also by
        `unsubscribe` and `close`: all records that were handed out can still be committed. `on_lost` is called in its
        place when they are gone already (by a timeout, say), so that a commit would fail. They are called by `poll`,
        `consume`, ... on their caller's thread; what they raise comes out there, and the rebalance goes on.

        With the cooperative protocol (`partition.assignment.strategy` `cooperative-sticky`, or `group.protocol`
        `consumer`) they are told only of partitions that come or go, as in confluent_kafka; answering with `assign`
        is right there, too.
        """
        if isinstance(topics, (str, bytes)):
            raise TypeError("subscribe takes a list of topics, not one topic")
        with PartitionList([TopicPartition(topic) for topic in topics]) as subscription:
            self._on_assign, self._on_revoke, self._on_lost = on_assign, on_revoke, on_lost
            call(library().SubscribeConsumerTPList, self._handle, subscription)

    def _poll(self, timeout: float | None) -> Message | None:
        messages = self._take(1, timeout)
        return messages[0] if messages else None

    def consume(self, num_messages: int = 1, timeout: float | None = None) -> list[Message]:
        """Up to `num_messages` records (and errors, as `poll` gives them). Waits for the first only, `timeout`
        seconds at most (None or -1: as long as it takes), and then takes what is there: it never holds records
        while it waits.
        """
        if not 0 <= num_messages <= 1_000_000:
            raise ValueError(f"num_messages must be between 0 and 1000000, not {num_messages}")
        return self._take(num_messages, timeout) if num_messages else []

    def consume_batch(self, max_rows: int = 10_000, timeout: float | None = None) -> Batch:
        """Up to `max_rows` records, as a Batch of columns. Waits for the first only, `timeout` seconds at most (None
        or -1: as long as it takes); an empty Batch (which is false) when none came.

        An error of the consumer raises KafkaException, also `_PARTITION_EOF` (with `enable.partition.eof`). All
        rows of the batch count as processed at the next call.
        """
        if not 0 < max_rows < 2**31:
            raise ValueError(f"max_rows must be between 1 and 2147483647, not {max_rows}")
        deadline: Deadline | None = None
        while True:
            with self._turn:
                pass
            with self._lock:
                self._receive()  # what an interrupted call left
                batch = self._rest(max_rows)
                if batch is None:
                    deadline = deadline or Deadline(timeout)
                    if self._fetching:
                        return Batch(new_batch(), 0)
                    if self._fetch(max_rows, deadline.slice_ms()):
                        batch = self._receive_batch()
                        if batch is None:
                            continue
            if batch is not None:
                return batch
            if deadline and deadline.passed():
                return Batch(new_batch(), 0)

    def _receive_batch(self) -> Batch | None:
        """The batch that came in; None: what runs in between has received it, or there were records in hand."""
        number = self._incoming.value
        if not number:
            return None
        handle = Handle(number, owned=False)
        batch = Batch(handle, self._rows.value)
        if self._incoming.value != number:
            return None
        handle.owned = True
        self._incoming.value = 0
        return batch

    def _rest(self, max_rows: int) -> Batch | None:
        """Rows that came for `poll` or `consume` and were not handed out."""
        records = self._records
        taken = records.take_rows(max_rows)
        if not taken:
            return None
        try:
            rows, number = array("i", taken), c_uint64()
            call(library().SelectBatchRows, records.number, rows.buffer_info()[0], len(rows), byref(number))
            return Batch(Handle(number.value), len(rows))
        except BaseException:
            records.rewind(taken.start)
            raise

    def _take(self, most: int, timeout: float | None) -> list[Message]:
        deadline: Deadline | None = None
        while True:
            with self._turn:
                pass
            with self._lock:
                self._receive()  # what an interrupted call left
                if self._looks():
                    self._store()
                    if self._callbacks:
                        self._serve_events()  # though there may be records in hand for long
                messages = self._records.take(most)
                if self._fetching:
                    return messages
                if not messages:
                    deadline = deadline or Deadline(timeout)
                    try:
                        if self._fetch(most if self._batch_rows == 1 else max(most, ROWS), deadline.slice_ms()):
                            self._receive()
                            messages = self._records.take(most)
                    except KafkaException as failure:
                        messages = [self._failed(failure.args[0].code(), failure.args[0].str())]
            if messages or (deadline and deadline.passed()):
                return messages

    def _failed(self, code: int, text: str) -> Message:
        """What ConsumeBatch has answered: an error of the consumer is a message."""
        error = KafkaError(code, text)
        if code <= _abi.INVALID_HANDLE:  # kaffi's own: the call was wrong
            raise KafkaException(error)
        return Message(error=error)

    def _fetch(self, rows: int, wait_ms: int) -> bool:
        """Takes a batch from the library into `_incoming`; says whether there was one, or records are in hand."""
        if self._callbacks:
            self._serve_events()
        # A signal's handler that comes back into this consumer gets what is in hand, and no more: all that was handed
        # out before this call counts as processed.
        self._fetching = True
        try:
            records = self._records
            if self._incoming.value or records.handed_out < len(records):
                return True  # a callback has taken a batch
            if records.stored >= 0:
                self._store()
            else:
                records.stored = records.handed_out  # the library counts all
            arguments = self._handle, rows, wait_ms, byref(self._incoming), byref(self._rows)
            if call(library().ConsumeBatch, *arguments, expected=(_abi.DONE, _abi.NOTHING)) == _abi.DONE:
                return True
        finally:
            self._fetching = False
        self._serve_events()  # a rebalance may wait for its answer: till then nothing comes
        return False

    def close(self) -> None:
        """Commits what was handed out (with `enable.auto.commit`), leaves the group and closes. Closing again does
        nothing. `on_revoke` is called before.

        A call of another thread that waits ends with KafkaException (CLOSED). Waits `kaffi.close.timeout.ms` (30 s)
        at most; raises KafkaException when the commit failed: those records come again. What `on_revoke` raises comes
        out in the end.
        """
        failures: list[Exception] = []
        deadline = Deadline(self._close_timeout if not self._over else 0)
        with self._turn, self._lock:
            if self._over:
                return
            self._receive()
            self._store()
            if self._on_revoke or self._on_lost:
                self._hand_in(deadline, failures)
            self._over, self._source = _abi.CLOSED, 0
            self._records = Records()
        self._close_handle(deadline.left())
        if failures:
            raise failures[0]

    def _hand_in(self, deadline: Deadline, failures: list[Exception]) -> None:
        """Commits, and gives the partitions back, so that `on_revoke` is told."""
        try:
            if self._auto_commit:
                self._ask(library().CommitOffsets, 0, timeout=deadline.left() or 0.001)
        except KafkaException as failure:
            failures.append(failure)
        try:
            self.unsubscribe()
        except Exception as failure:
            failures.append(failure)

    def _next(self) -> Message:
        while True:
            try:
                message = self.poll()
            except KafkaException as failure:
                if failure.args[0].code() == _abi.CLOSED:
                    raise StopIteration from None
                raise
            if message is None:
                continue
            error = message.error()
            if error is None:
                return message
            if error.code() != PARTITION_EOF:
                raise KafkaException(error)

    def __repr__(self) -> str:
        return f"<Consumer {self._handle}{' closed' if self._over else ''}>"
