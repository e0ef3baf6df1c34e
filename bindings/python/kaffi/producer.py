"""Producer: hands records to Kafka and reports their delivery."""

from __future__ import annotations

import threading
import weakref
from array import array
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from ctypes import byref, c_int32, c_int64, c_uint64
from functools import lru_cache
from operator import index
from time import monotonic, sleep
from typing import Any, NamedTuple

from . import _abi, _arrow, transactions
from ._batch import Handle, ints, new_batch, set_bytes, set_headers, set_ints, set_topics, set_values
from ._call import SLICE_MS, TIMED_OUT, Deadline, call, check
from ._client import PRODUCER
from ._gather import Columns, Data, Deliveries, Gathered, Gatherer, HeadersIn, OnDelivery, Record, Report
from ._library import library, text_in
from .batch import Batch
from .errors import KafkaError, KafkaException
from .message import Headers

QUEUE_FULL = -184
TOO_LARGE = 10
NULL = 0xFFFFFFFF
REPORTS = 10_000  # read in one call
GATHERED = 1000  # records that are handed over in one call
GATHER_BYTES = 4096  # larger records are handed over one by one: gathering them saves nothing
GATHER_SECONDS = 0.005
READ_SECONDS = 0.001  # how often `poll(0)` looks for reports at most
BURST_SECONDS = 0.001  # records that follow each other faster are gathered


class Produced(NamedTuple):
    """What `produce_batch` did: row i has the id `first_id` + i; `refused` maps the rows that were not taken (too
    large, no such partition) to why.
    """

    first_id: int
    refused: dict[int, KafkaError]


class QueueFull(BufferError):
    """`produce_batch` found no room for `left` rows. When there is some (after `poll` or `flush`),
    `produce_batch(topic, error.rest)` takes those, and no other rows again.
    """

    def __init__(self, text: str, rest: Batch, left: int) -> None:
        super().__init__(text)
        self.rest = rest
        self.left = left


@lru_cache(maxsize=1024)
def _topic(name: str) -> bytes:
    return text_in(name, "the topic")


def _data(data: Data, what: str) -> bytes | None:
    if data is None or type(data) is bytes:
        return data
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"the {what} must be str or bytes, not {type(data).__name__}")


def _headers(headers: HeadersIn) -> Headers | None:
    if not headers:
        return None
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    for name, _ in pairs:
        text_in(name, "the name of a header")
    return [(name, _data(value, "value of a header")) for name, value in pairs]


def _timestamp(timestamp: int) -> int:
    if not 0 <= index(timestamp) < 2**63:
        raise ValueError(f"the timestamp is outside its range: {timestamp}")
    return timestamp


class _Work:
    """Records that are being handed over."""

    def __init__(self, records: Gathered) -> None:
        self.records = records
        self.rows = len(records)
        self.told = records.tells()
        self.handle = new_batch()
        self.first, self.left, self.refused = c_uint64(), c_int32(self.rows), c_int32()
        self.base = 0  # the first id, once the records are noted
        batch = self.handle.number
        columns = Columns(*records.columns())
        set_bytes(batch, "value", *columns.values)
        if columns.keys:
            set_bytes(batch, "key", *columns.keys)
        if columns.timestamps:
            set_ints(batch, "timestamp", (timestamp or -1 for timestamp in columns.timestamps))
        if columns.headers:
            set_headers(batch, columns.headers)
        self.topic, self.partition = _topic(columns.topic) if columns.topic else b"", columns.partition
        if columns.topics:
            set_topics(batch, columns.topics)
        if columns.partitions:
            set_ints(batch, "partition", columns.partitions)

    def outputs(self) -> tuple[object, ...]:
        return byref(self.first), byref(self.left), byref(self.refused)

    def errors(self) -> list[int]:
        """The code of each row."""
        return ints(self.handle.number, "error", self.rows) or [QUEUE_FULL] * self.rows


class Producer(transactions.Transactions, Gatherer):
    """Hands records to Kafka and reports their delivery.

        producer = Producer({"bootstrap.servers": "localhost:9092"})
        producer.produce("greetings", "hello", key="world", on_delivery=lambda error, message: print(error or message))
        producer.close()

    Records are delivered in the background. `on_delivery(error, message)` is called by `poll`, `flush` and `close`
    on their caller's thread, once for each record: `error` is None or the KafkaError, and the message has topic,
    partition, offset, key and value. A callback that raises ends the `poll` or `flush` with its exception; the
    other callbacks are called by the next one.

    Records that follow each other within a millisecond are gathered and handed to the library together: 1,000 of them
    at most, for `linger.ms` or 5 ms, whichever is shorter. `flush`, `close` and a `poll` that waits hand them over at
    once. With `linger.ms` 0 nothing is gathered. `produce_batch` takes many records in one call: the fastest way.

    A producer that is not closed is closed when Python exits or forgets it, with a ResourceWarning: no record is
    lost in silence. As a context manager it closes at the end. `len(producer)` is the number of records that are on
    their way, or whose callback was not yet called.
    """

    _WAITS_FOR = 2 + 4

    def __init__(self, conf: Mapping[str, Any], logger: Any = None) -> None:
        """Starts a producer. `conf` maps names of properties to str, bool or number. Callbacks in it: `on_delivery`,
        for the records that are produced without one; `error_cb(error)`, `stats_cb(json)`,
        `throttle_cb(ThrottleEvent)`, `oauth_cb(config)`, and `logger`, a Logger of `logging` (also as argument); they
        are called by `poll` and `flush` on their caller's thread, and what they raise comes out there. Raises
        KafkaException when it cannot start as configured.
        """
        conf = dict(conf)
        if logger is not None:
            conf["logger"] = logger
        self._on_delivery: OnDelivery | None = conf.pop("on_delivery", None)
        super().__init__(conf, PRODUCER)
        self._sink = self._handle

    def _configured(self) -> None:
        self._tells, self._reports_wanted = False, self._get("kaffi.delivery.reports") in ("auto", "all")
        limit = self._seconds("kaffi.produce.timeout.ms")
        if not 0 <= limit <= SLICE_MS / 1000:
            self._set("kaffi.produce.timeout.ms", SLICE_MS)  # so that Ctrl-C ends the wait; `produce` calls again
        self._patience = limit
        self._more_patience = limit if limit < 0 else max(0.0, limit - SLICE_MS / 1000)
        self._gather = min(GATHERED, int(self._get("queue.buffering.max.messages")) // 100)
        self._gather_seconds = min(GATHER_SECONDS, float(self._get("linger.ms")) / 1000)
        room = int(self._get("message.max.bytes")) - 512  # what Kafka adds to a record is less
        self._gather_bytes = min(GATHER_BYTES, room) if self._gather > 1 and self._gather_seconds else -1
        if self._get("transactional.id"):
            self._gather_bytes = -1  # what is refused must be known before the commit

    def _renew(self) -> None:
        self._lock = threading.RLock()  # of the records that wait for their report
        self._reading = threading.RLock()  # of the batch of reports. A signal's handler may come back into all
        self._handing = threading.RLock()  # of the records that are handed over
        self._reports, self._rows = c_uint64(), c_int32()
        self._asked = False  # whether reports were asked for: from then on the library keeps them all
        self._producing = 0  # calls that may not have noted their record yet
        self._deliveries = Deliveries()
        self._early: dict[int, Report] = {}  # reports that came while their record was not noted yet
        self._untold: tuple[int, int] | None = None  # of the records that failed without a callback: a code, how many
        self._gathered = Gathered()
        self._work: _Work | None = None
        self._targets, self._ticking, self._tells, self._sink = set(), False, False, 0
        self._wake: threading.Event | None = None
        self._last = 0.0
        self._read_after = 0.0  # before that `poll(0)` does not look for reports again

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
        if type(value) is not bytes and value is not None:
            value = _data(value, "value")
        if type(key) is not bytes and key is not None:
            key = _data(key, "key")
        size = (len(value) if value else 0) + (len(key) if key else 0)
        if headers is not None:
            headers = _headers(headers)
            size += sum(len(name) * 4 + len(data or b"") for name, data in headers or ())
        if timestamp or type(timestamp) is not int:
            timestamp = _timestamp(timestamp)
        if type(partition) is not int:
            partition = index(partition)
        if on_delivery is None:
            on_delivery = self._on_delivery if callback is None else callback
        if on_delivery is not None and not (self._tells and callable(on_delivery)):
            self._expect_reports(on_delivery)
        record = topic, value, key, partition, timestamp, headers, on_delivery
        if size <= self._gather_bytes and (topic, partition) in self._targets:
            ticking = self._ticking
            if not ticking:
                now = monotonic()
                ticking = now - self._last < BURST_SECONDS
                self._last = now
            if ticking:
                if len(self._gathered) >= self._gather:
                    self._hand_over(self._patience)
                self._gather_one(record)
                return
        self._direct(record)

    def _expect_reports(self, on_delivery: OnDelivery) -> None:
        if not self._reports_wanted:
            raise ValueError("on_delivery needs every report: set kaffi.delivery.reports to auto or all")
        if not callable(on_delivery):
            raise TypeError(f"on_delivery must be callable, not {type(on_delivery).__name__}")
        if not self._asked:
            self._read(0)

    def _direct(self, record: Record) -> None:
        """Hands over one record now, after what is gathered. What is wrong with it is raised."""
        topic, value, key, partition, timestamp, headers, on_delivery = record
        name = _topic(topic)
        if not -(2**31) <= partition < 2**31:
            raise ValueError(f"the partition is outside its range: {partition}")
        if self._gathered or self._work:
            self._hand_over(self._patience)
        id_ = c_uint64()
        if on_delivery is not None:
            with self._lock:
                self._producing += 1
        try:
            if headers or timestamp:
                self._produce_with(_Work(_gathered(record)), id_)
            else:
                self._produce(name, value, key, partition, id_)
            if on_delivery is not None:
                self._deliveries.expect(id_.value, record)
        finally:
            if on_delivery is not None:
                with self._lock:
                    self._producing -= 1
                self._settle()
        if len(self._targets) < 10_000:
            self._targets.add((topic, partition))

    def _produce(self, topic: bytes, value: bytes | None, key: bytes | None, partition: int, id_: c_uint64) -> None:
        lengths = [NULL if data is None else len(data) for data in (value, key)]
        if (value is not None and lengths[0] >= NULL) or (key is not None and lengths[1] >= NULL):
            raise KafkaException(KafkaError(TOO_LARGE))
        arguments = self._handle, topic, value, lengths[0], key, lengths[1], partition, byref(id_)
        deadline = None
        while True:
            try:
                call(library().Produce, *arguments)
                return
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
                if error.code() != QUEUE_FULL:
                    raise
            if deadline is None:  # one slice of the wait is over
                deadline = Deadline(self._more_patience)
            self._wait_for_room(deadline, error.str())

    def _produce_with(self, work: _Work, id_: c_uint64) -> None:
        """A record with headers or a timestamp."""
        deadline = Deadline(self._patience)
        while self._produce_rows(work, deadline.slice_ms()) == QUEUE_FULL:
            self._wait_for_room(deadline, "no room came in time: the queue is full")
        if work.refused.value:
            raise KafkaException(KafkaError(work.errors()[0]))
        id_.value = work.first.value

    def _wait_for_room(self, deadline: Deadline, text: str) -> None:
        """Between two slices of the wait for room."""
        if deadline.passed():
            raise BufferError(text)
        while self._asked and not self._deliveries.awaited() and self._read(0):
            pass  # reports that nobody waits for may be what fills the queue

    def _produce_rows(self, work: _Work, wait_ms: int) -> int:
        arguments = self._handle, work.topic, work.partition, work.handle.number, wait_ms, *work.outputs()
        return call(library().ProduceBatch, *arguments, expected=(_abi.DONE, QUEUE_FULL))

    def _hand_over(self, patience: float) -> None:
        """Hands over what is gathered. Waits for room so many seconds, then raises BufferError.

        It may be interrupted anywhere, by an exception or by a signal's handler that comes back into it: what is
        in `_work` is gone on with. Where `_work` changes there is no call in between, so no interruption.
        """
        deadline = Deadline(patience)
        while self._gathered or self._work:
            with self._handing:
                work = self._work
                if work is None:
                    records = self._gathered.first(self._gather)
                    if not records:
                        return
                    work = _Work(records)
                    if self._work is None and self._gathered.dropped == records.dropped:
                        self._work = work
                    continue
                self._gathered.drop(work.records)
                if work.left.value or not work.first.value:
                    try:
                        self._produce_rows(work, min(deadline.slice_ms(), SLICE_MS))
                    except KafkaException as failure:
                        if failure.args[0].code() != _abi.CLOSED:  # else `close` tells
                            self._give_up(work, failure.args[0])
                        raise
                self._note(work)
            if self._work is work:
                self._wait_for_room(deadline, "no room came in time: the queue is full")

    def _note(self, work: _Work) -> None:
        """Notes the records that are handed over, for their reports."""
        first, left = work.first.value, work.left.value
        refused = {id_: code for id_, code in enumerate(work.errors(), first) if code} if work.refused.value else {}
        with self._lock:
            if self._work is not work:
                return
            if not work.base:
                if work.told:
                    self._deliveries.expect_all(first, work.records)
                work.base = first
            if not left:
                self._work = None
                for id_, code in refused.items():
                    self._match(id_, _failure(code))
        self._settle()

    def _give_up(self, work: _Work, error: KafkaError) -> None:
        """Tells the callbacks of records that cannot be handed over."""
        errors = work.errors() if work.base else ()
        with self._lock:
            if self._work is not work:
                return
            self._work = None
            for row in range(len(errors)):
                if errors[row] and not self._deliveries.tell(work.base + row, _failure(error.code())):
                    self._no_callback(error.code())
            for record in work.records if not work.base else ():
                self._fail(record, error.code())
        self._settle()

    def _fail(self, record: Record, code: int) -> None:
        if record[-1] is None:
            self._no_callback(code)
        else:
            self._deliveries.tell_of(record, _failure(code))

    def _gather_one(self, record: Record) -> None:
        """Gathers a record, and sees to it that a thread looks after what is gathered."""
        with self._lock:
            if self._over:  # closed meanwhile, by another thread
                raise KafkaException(KafkaError(self._over))
            self._gathered.append(record)
            if self._ticking:
                return
            self._ticking = True
            if self._wake is not None:
                self._wake.set()
                return
            self._wake = threading.Event()
            self._wake.set()
            arguments = weakref.ref(self), self._wake, self._gather_seconds
            try:
                threading.Thread(target=_tick, args=arguments, name="kaffi linger", daemon=True).start()
                return
            except RuntimeError:  # the interpreter is shutting down
                self._wake, self._ticking, self._gather_bytes = None, False, -1
        self._hand_over(self._patience)

    def _ticked(self, wake: threading.Event) -> None:
        if self._gathered or self._work:
            with suppress(Exception):  # the rest waits; callbacks and `close` tell a failure
                self._hand_over(0)
            return
        with self._lock:
            wake.clear()
            self._ticking = False
            if self._gathered:
                self._ticking = True
                wake.set()

    def produce_batch(
        self,
        topic: str | None,
        values: Any,
        keys: Any = None,
        headers: Sequence[HeadersIn] | None = None,
        partitions: int | Iterable[int] | None = None,
        timestamps: Iterable[int] | None = None,
    ) -> Produced:
        """Takes many records at once: the fastest way to produce.

        `values` and `keys` are lists of bytes, str or None; or pairs of one buffer and the lengths of the values in it
        (-1: null), such as `(b"onetwo", [3, 3])`. `headers`, `partitions` and `timestamps` have an entry for each row;
        `partitions` may also be one number for all. Or `values` is a batch: a Batch that was consumed, or anything
        with `__arrow_c_array__`, such as a pyarrow.RecordBatch with columns key, value, headers, timestamp, ...; then
        `topic` may be None: the batch's own, and `partitions` -2: the batch's own. Else the partitioner chooses, by
        the key.

        Returns the ids and which rows were refused. Waits for room as `produce` does; QueueFull, a BufferError, says
        what is left and holds the rest. `on_delivery` is not called for these records: `close` says when some failed.
        Where you must know which, use `produce` with `on_delivery`; where all count together, a transaction.
        """
        batch = _batch_of(values, keys, headers, partitions, timestamps)
        if topic is None and not isinstance(values, Batch) and not hasattr(values, "__arrow_c_array__"):
            raise TypeError("the topic may be left out only for a batch that has its own")
        name = b"" if topic is None else _topic(topic)
        if topic == "":
            raise ValueError("the topic is empty")
        partition = -1 if partitions is None else partitions if isinstance(partitions, int) else -2
        if not -(2**31) <= partition < 2**31:
            raise ValueError(f"the partition is outside its range: {partition}")
        if self._gathered or self._work:
            self._hand_over(self._patience)
        first, left, refused = c_uint64(), c_int32(), c_int32()
        number = batch._handle.number
        deadline = Deadline(self._patience)
        while True:
            arguments = self._handle, name, partition, number, deadline.slice_ms(), byref(first), byref(left)
            code = call(library().ProduceBatch, *arguments, byref(refused), expected=(_abi.DONE, QUEUE_FULL))
            if code == _abi.DONE:
                break
            try:
                self._wait_for_room(deadline, f"no room came in time for {left.value} rows: the queue is full")
            except BufferError as full:
                raise QueueFull(str(full), batch, left.value) from None
        errors = ints(number, "error", len(batch)) if refused.value else ()
        return Produced(first.value, {row: KafkaError(code) for row, code in enumerate(errors) if code})

    def poll(self, timeout: float | None = None) -> int:
        """Calls the callbacks of the records that were delivered or failed, and returns how many. Waits for the
        first at most `timeout` seconds (None or -1: as long as it takes), and only while records are on their way.
        With timeout 0 it looks for reports once in a millisecond at most, and leaves gathered records to their time.
        """
        if timeout == 0 and not self._deliveries.ready() and monotonic() < self._read_after:
            return 0
        deadline = Deadline(timeout)
        while True:
            if self._callbacks:
                self._serve_events()
            if (self._gathered or self._work) and not deadline.passed():
                self._try_hand_over()
            more = self._read(0 if self._deliveries.ready() else deadline.slice_ms())
            served = self._deliveries.serve()
            if served or deadline.passed() or not (more or self._gathered or self._work or self._in_flight()):
                return served

    def flush(self, timeout: float | None = None) -> int:
        """Sends what is queued at once and waits until every record was delivered or failed, `timeout` seconds at most
        (None or -1: as long as it takes). Calls the callbacks. Returns how many records are left.
        """
        return self._flush(Deadline(timeout), None)

    def _flush(self, deadline: Deadline, failures: list[Exception] | None) -> int:
        while True:
            if self._callbacks and failures is None:
                self._serve_events()
            self._try_hand_over()
            expected = (_abi.DONE, _abi.NOTHING, TIMED_OUT)
            left = c_int64()
            call(library().FlushProducer, self._handle, deadline.slice_ms(), byref(left), expected=expected)
            while self._read(0) or self._deliveries.ready():
                self._deliveries.serve(failures)
            waiting = len(self)
            if not waiting or deadline.passed():
                return waiting

    def _forget_failures(self) -> None:
        while self._read(0):
            pass
        self._untold = None

    def purge(self, in_queue: bool = True, in_flight: bool = True) -> None:
        """Gives up records that are on their way: those that wait to be sent (`in_queue`), those in flight (which may
        have been stored all the same). Callbacks tell, with `_PURGE_QUEUE` and `_PURGE_INFLIGHT`, by the next `poll` or
        `flush`. A transaction whose records were given up cannot be committed.
        """
        what = in_queue + 2 * in_flight
        if what:
            call(library().PurgeProducer, self._handle, what)
        while in_queue and (self._gathered or self._work):
            with suppress(BufferError):
                self._hand_over(SLICE_MS / 1000)
            call(library().PurgeProducer, self._handle, what)

    def _try_hand_over(self) -> None:
        """Hands over what finds room now."""
        with suppress(BufferError):
            self._hand_over(0)

    def _read(self, wait_ms: int) -> bool:
        """Reads one batch of reports; says whether there was one."""
        with self._reading:
            self._asked, self._tells = True, self._reports_wanted
            self._sort()  # what an interrupted call left
            arguments = self._handle, REPORTS, wait_ms, byref(self._reports), byref(self._rows)
            code = call(library().DeliveryReportBatch, *arguments, expected=(_abi.DONE, _abi.NOTHING))
            self._sort()
            self._read_after = monotonic() + READ_SECONDS
            return code == _abi.DONE

    def _sort(self) -> None:
        """Brings reports and callbacks together. May be interrupted and done again."""
        batch, rows = self._reports.value, self._rows.value
        if batch == 0:
            return
        with self._lock:
            early = bool(self._producing or self._work)
            if early or self._deliveries.awaited() or any(ints(batch, "error", rows)):
                for id_, report in self._deliveries.tell_all(batch, rows, early):
                    self._not_awaited(id_, report)
        self._reports.value = 0
        library().DelBatch(batch)

    def _not_awaited(self, id_: int, report: Report) -> None:
        """Sees to the report of a record that no callback awaits by now. Called with the lock held."""
        if self._producing or self._work:
            self._early[id_] = report
        elif report[-1]:
            self._no_callback(report[-1])

    def _match(self, id_: int, report: Report) -> None:
        """Makes the callback of a record ready, if one awaits its report. Called with the lock held."""
        if not self._deliveries.tell(id_, report):
            self._not_awaited(id_, report)

    def _settle(self) -> None:
        """Matches the reports that came before their record was noted."""
        if not self._early:
            return
        with self._lock:
            for id_, report in list(self._early.items()):
                self._early.pop(id_, None)
                self._match(id_, report)

    def _no_callback(self, code: int) -> None:
        self._untold = code, self._untold[1] + 1 if self._untold else 1

    def _in_flight(self) -> int:
        in_flight, unread, forgotten = c_int64(), c_int64(), c_int64()
        call(library().GetOutstanding, self._handle, byref(in_flight), byref(unread), byref(forgotten))
        return in_flight.value

    def __len__(self) -> int:
        if self._over:
            return self._deliveries.ready()
        while self._read(0):
            pass
        work, gathered = self._work, len(self._gathered)  # first: from here records go to the library, never back
        left = work.left.value if work else 0
        return gathered + left + self._in_flight() + self._deliveries.ready()

    def __bool__(self) -> bool:
        """A producer is true, also when nothing is on its way."""
        return True

    def close(self, timeout: float | None = None) -> None:
        """Delivers what is on its way, as `flush` does, and closes. Closing again does nothing.

        Waits `timeout` seconds at most, or `kaffi.close.timeout.ms` (30 s). Records that no broker confirmed by then
        are given up: their callbacks get the error UNDELIVERED, and KafkaException (UNDELIVERED) says how many they
        were. It also says how many failed earlier that had no callback to tell it. What a callback raises comes out in
        the end. After Ctrl-C the producer is still open.
        """
        if self._over:
            return
        failures: list[Exception] = []
        deadline = Deadline(self._close_timeout if timeout is None else timeout)
        try:
            self._flush(deadline, failures)
            with self._handing:  # nothing is handed over any more
                self._close_handle(deadline.left())
            if self._untold:
                code, count = self._untold
                text = f"{count} records that had no on_delivery could not be delivered: {KafkaError(code).str()}"
                raise KafkaException(KafkaError(_abi.UNDELIVERED, text))
        except KafkaException as failure:
            if failure.args[0].code() != _abi.CLOSED:  # another thread may have been faster
                failures.insert(0, failure)
        with self._lock:
            self._over = _abi.CLOSED
            self._targets, self._ticking, self._sink, self._read_after = set(), False, 0, 0.0
            if self._wake:
                self._wake.set()  # its thread ends
            self._drop(failures)
            for id_ in self._deliveries.awaited_ids():
                self._match(id_, _failure(_abi.UNDELIVERED))
        self._deliveries.serve(failures)
        if failures:
            raise failures[0]

    def _drop(self, failures: list[Exception]) -> None:
        """Gives up what was gathered and found no room in time."""
        work = self._work
        if work:
            self._gathered.drop(work.records)
        left = len(self._gathered)
        if work:
            left += work.errors().count(QUEUE_FULL)
        self._work = None
        for record in [*(work.records if work and not work.base else ()), *self._gathered.take_all()]:
            if record[-1] is not None:
                self._fail(record, _abi.UNDELIVERED)
        if left:
            text = f"{left} records found no room in the queue in time"
            before = f"{failures[0].args[0].str()}; " if failures and isinstance(failures[0], KafkaException) else ""
            failures.insert(0, KafkaException(KafkaError(_abi.UNDELIVERED, before + text)))

    def __repr__(self) -> str:
        return f"<Producer {self._handle}{' closed' if self._over else ''}>"


def _failure(code: int) -> Report:
    """The report of a record that no broker took."""
    return -1, -1, -1, 0, 0, code


def _gathered(record: Record) -> Gathered:
    gathered = Gathered()
    gathered.append(record)
    return gathered


def _tick(producer: weakref.ref[Producer], wake: threading.Event, seconds: float) -> None:
    """Hands over what is gathered, as long as there is something; then it waits to be woken."""
    while True:
        wake.wait()
        sleep(seconds)
        held = producer()
        if held is None or held._over:
            return
        held._ticked(wake)
        del held


def _batch_of(values: Any, keys: Any, headers: Any, partitions: Any, timestamps: Any) -> Batch:
    """What `produce_batch` was given, as a batch."""
    if isinstance(values, Batch) or hasattr(values, "__arrow_c_array__"):
        several = not (partitions is None or isinstance(partitions, int))
        if not (keys is None and headers is None and timestamps is None) or several:
            raise TypeError("a batch has its own keys, headers, partitions and timestamps")
        if isinstance(values, Batch):
            return values
        handle = _arrow.imported(values)
    else:
        handle = new_batch()
        _set_column(handle, "value", values)
        _set_column(handle, "key", keys)
        if headers is not None:
            set_headers(handle.number, [_headers(row) for row in headers])
        if not (partitions is None or isinstance(partitions, int)):
            set_ints(handle.number, "partition", partitions)
        if timestamps is not None:
            set_ints(handle.number, "timestamp", (_timestamp(timestamp) or -1 for timestamp in timestamps))
    rows = c_int32()
    check(library().GetBatchRows(handle.number, byref(rows)))
    return Batch(handle, rows.value)


def _set_column(handle: Handle, column: str, given: Any) -> None:
    if given is None:
        return
    if isinstance(given, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"the {column}s must be a list, not one {type(given).__name__}")
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], (bytes, bytearray, memoryview)):
        data, lengths = given
        if not (lengths is None or isinstance(lengths, (str, bytes, bytearray))):
            try:
                numbers = array("i", lengths)
            except OverflowError:
                raise ValueError(f"the lengths of the {column}s are outside their range") from None
            set_bytes(handle.number, column, bytes(data), numbers.tobytes())
            return
    entries = given if isinstance(given, (list, tuple)) else list(given)
    try:
        set_values(handle.number, column, entries)
    except TypeError:
        set_values(handle.number, column, [_data(entry, column) for entry in entries])


def key_partition(key: Data, partitions: int, partitioner: str = "consistent_random") -> int:
    """The partition to which a key goes in a topic with so many `partitions`; the `partitioner` is named as in the
    property. With `random`, and without a key with one that ends in `_random`, it is a random one.
    """
    data = _data(key, "key")
    number = c_int32()
    arguments = text_in(partitioner, "the partitioner"), data, -1 if data is None else len(data), partitions
    call(library().GetKeyPartition, *arguments, byref(number))
    return number.value
