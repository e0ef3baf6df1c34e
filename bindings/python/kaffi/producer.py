"""Producer: hands records to Kafka and reports their delivery."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from ctypes import byref, c_int, c_int32, c_int64, c_uint64, create_string_buffer
from functools import lru_cache
from typing import Any, Callable, Optional, Union

from . import _abi
from ._batch import ints
from ._call import SLICE_MS, TIMED_OUT, Deadline, call
from ._client import PRODUCER, Client
from ._library import library, text_in
from .errors import KafkaError, KafkaException
from .message import TIMESTAMP_CREATE_TIME, TIMESTAMP_NOT_AVAILABLE, Message

OnDelivery = Callable[[Optional[KafkaError], Message], object]
Data = Union[str, bytes, bytearray, memoryview, None]

QUEUE_FULL = -184
NULL = 0xFFFFFFFF
REPORTS = 10_000  # read in one call

# A record whose report a callback waits for: callback, topic, key, value.
_Sent = tuple[OnDelivery, str, Optional[bytes], Optional[bytes]]


@lru_cache(maxsize=1024)
def _topic(name: str) -> bytes:
    return text_in(name, "the topic")


def _data(data: Data, what: str) -> bytes | None:
    if data is None or isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"the {what} must be str or bytes, not {type(data).__name__}")


class _Room(threading.local):
    """Room for the error text of `produce`, for each thread once: it is called for every record."""

    def __init__(self) -> None:
        self.text = create_string_buffer(1024)
        self.length = c_int()
        self.length_at = byref(self.length)


_room = _Room()


class Producer(Client):
    """Hands records to Kafka and reports their delivery.

        producer = Producer({"bootstrap.servers": "localhost:9092"})
        producer.produce("greetings", "hello", key="world", on_delivery=lambda error, message: print(error or message))
        producer.close()

    Records are delivered in the background. `on_delivery(error, message)` is called by `poll`, `flush` and `close`
    on their caller's thread, once for each record: `error` is None or the KafkaError, and the message has topic,
    partition, offset, key and value. A callback that raises ends the `poll` or `flush` with its exception; the
    other callbacks are called by the next one.

    A producer that is not closed is closed when Python exits or forgets it, with a ResourceWarning: no record is
    lost in silence. As a context manager it closes at the end. `len(producer)` is the number of records that are on
    their way, or whose callback was not yet called.
    """

    def __init__(self, conf: Mapping[str, Any]) -> None:
        """Starts a producer. `conf` maps names of properties to str, bool or number; `on_delivery` in it is the
        callback of the records that are produced without one. Raises KafkaException when it cannot start as
        configured.
        """
        conf = dict(conf)
        self._on_delivery: OnDelivery | None = conf.pop("on_delivery", None)
        super().__init__(conf, PRODUCER)

    def _configured(self) -> None:
        self._reports_wanted = self._get("kaffi.delivery.reports") in ("auto", "all")
        limit = self._seconds("kaffi.produce.timeout.ms")
        if not 0 <= limit <= SLICE_MS / 1000:
            self._set("kaffi.produce.timeout.ms", SLICE_MS)  # so that Ctrl-C ends the wait; `produce` calls again
        self._more_patience = limit if limit < 0 else max(0.0, limit - SLICE_MS / 1000)
        self._Produce = library().Produce

    def _renew(self) -> None:
        self._lock = threading.RLock()  # of the records that wait for their report
        self._reading = threading.RLock()  # of the batch of reports. A signal's handler may come back into both
        self._reports, self._rows = c_uint64(), c_int32()
        self._asked = False  # whether reports were asked for: from then on the library keeps them all
        self._producing = 0  # calls that may not have noted their record yet
        self._sent: dict[int, _Sent] = {}
        self._early: dict[int, Sequence[int]] = {}  # reports that came while their record was not noted yet
        self._untold: tuple[int, int] | None = None  # of the records that failed without a callback: a code, how many
        self._ready: OrderedDict[int, tuple[OnDelivery, Message]] = OrderedDict()

    def produce(
        self,
        topic: str,
        value: Data = None,
        key: Data = None,
        partition: int = -1,
        callback: OnDelivery | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> int:
        """Takes a record, which is delivered in the background, and returns its id: unique and increasing in the
        process.

        `value` and `key` are bytes, or str, which is encoded as UTF-8; None is null. Partition -1 leaves the choice
        to the partitioner, by the key. `on_delivery` (or `callback`, the same) is called when the record was
        delivered or failed.

        When the queue is full it waits for room, `kaffi.produce.timeout.ms` (60 s) at most, then raises
        BufferError: call `poll` or `flush`, then try again. Raises KafkaException when the record is not taken for
        another reason.
        """
        name, data, key_data = _topic(topic), _data(value, "value"), _data(key, "key")
        if not -(2**31) <= partition < 2**31:
            raise ValueError(f"the partition is outside its range: {partition}")
        if on_delivery is None:
            on_delivery = self._on_delivery if callback is None else callback
        id_ = c_uint64()
        if on_delivery is None:
            self._produce(name, data, key_data, partition, id_)
            return id_.value

        if not self._reports_wanted:
            raise ValueError("on_delivery needs every report: set kaffi.delivery.reports to auto or all")
        if not callable(on_delivery):
            raise TypeError(f"on_delivery must be callable, not {type(on_delivery).__name__}")
        if not self._asked:
            self._read(0)
        with self._lock:
            self._producing += 1
        try:
            self._produce(name, data, key_data, partition, id_)
            sent = on_delivery, topic, key_data, data
            with self._lock:
                report = self._early.pop(id_.value, None)
                if report is None:
                    self._sent[id_.value] = sent
                else:
                    self._ready[id_.value] = on_delivery, _message(sent, report)
        finally:
            with self._lock:
                self._producing -= 1
                if self._producing == 0:
                    while self._early:
                        self._no_callback(self._early.popitem()[1])
        return id_.value

    def _produce(self, topic: bytes, value: bytes | None, key: bytes | None, partition: int, id_: c_uint64) -> None:
        value_length = NULL if value is None else len(value)
        key_length = NULL if key is None else len(key)
        room, deadline = _room, None
        while True:
            room.length.value = 1024
            code = self._Produce(
                self._handle,
                topic,
                value,
                value_length,
                key,
                key_length,
                partition,
                byref(id_),
                room.text,
                room.length_at,
            )
            if code == _abi.DONE:
                return
            text = room.text.raw[: room.length.value].decode(errors="replace")
            if code != QUEUE_FULL:
                raise KafkaException(KafkaError(code, text))
            if deadline is None:  # one slice of the wait is over
                deadline = Deadline(self._more_patience)
            if deadline.passed():
                raise BufferError(text)
            while self._asked and not self._sent and self._read(0):
                pass  # reports that nobody waits for may be what fills the queue

    def poll(self, timeout: float | None = None) -> int:
        """Calls the callbacks of the records that were delivered or failed, and returns how many. Waits for the
        first at most `timeout` seconds (None or -1: as long as it takes), and only while records are on their way.
        """
        deadline = Deadline(timeout)
        while True:
            more = self._read(0 if self._ready else deadline.slice_ms())
            served = self._serve()
            if served or deadline.passed() or not (more or self._in_flight()):
                return served

    def flush(self, timeout: float | None = None) -> int:
        """Sends what is queued at once and waits until every record was delivered or failed, `timeout` seconds at most
        (None or -1: as long as it takes). Calls the callbacks. Returns how many records are left.
        """
        return self._flush(Deadline(timeout), None)

    def _flush(self, deadline: Deadline, failures: list[Exception] | None) -> int:
        while True:
            expected = (_abi.DONE, _abi.NOTHING, TIMED_OUT)
            left = c_int64()
            call(library().FlushProducer, self._handle, deadline.slice_ms(), byref(left), expected=expected)
            while self._read(0) or self._ready:
                self._serve(failures)
            waiting = len(self)
            if not waiting or deadline.passed():
                return waiting

    def _read(self, wait_ms: int) -> bool:
        """Reads one batch of reports; says whether there was one."""
        with self._reading:
            self._asked = True
            self._sort()  # what an interrupted call left
            arguments = self._handle, REPORTS, wait_ms, byref(self._reports), byref(self._rows)
            code = call(library().DeliveryReportBatch, *arguments, expected=(_abi.DONE, _abi.NOTHING))
            self._sort()
            return code == _abi.DONE

    def _sort(self) -> None:
        """Brings reports and callbacks together. May be interrupted and done again."""
        batch, rows = self._reports.value, self._rows.value
        if batch == 0:
            return
        errors = ints(batch, "error", rows)
        if self._sent or self._producing or any(errors):
            columns = (ints(batch, name, rows) for name in ("partition", "offset", "timestamp", "latency"))
            for id_, *report in zip(ints(batch, "msgid", rows), *columns, errors):
                self._match(id_, report)
        self._reports.value = 0
        library().DelBatch(batch)

    def _match(self, id_: int, report: Sequence[int]) -> None:
        """Notes a report for the callback of its record."""
        with self._lock:
            sent = self._sent.get(id_)
            if sent is not None:
                self._ready[id_] = sent[0], _message(sent, report)
                del self._sent[id_]
            elif self._producing:
                self._early[id_] = report
            else:
                self._no_callback(report)

    def _no_callback(self, report: Sequence[int]) -> None:
        if report[-1]:
            self._untold = report[-1], self._untold[1] + 1 if self._untold else 1

    def _serve(self, failures: list[Exception] | None = None) -> int:
        """Calls the callbacks that are ready. The exception of one ends that, unless there is a list to put it in."""
        served = 0
        while self._ready:
            try:
                _, (on_delivery, message) = self._ready.popitem(last=False)
            except KeyError:  # another thread took the last one
                break
            served += 1
            try:
                on_delivery(message.error(), message)
            except Exception as error:
                if failures is None:
                    raise
                failures.append(error)
        return served

    def _in_flight(self) -> int:
        in_flight, unread, forgotten = c_int64(), c_int64(), c_int64()
        call(library().GetOutstanding, self._handle, byref(in_flight), byref(unread), byref(forgotten))
        return in_flight.value

    def __len__(self) -> int:
        if self._over:
            return len(self._ready)
        while self._read(0):
            pass
        return self._in_flight() + len(self._ready)

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
            self._close_handle(deadline.left())
            if self._untold:
                code, count = self._untold
                text = f"{count} records that had no on_delivery could not be delivered: {KafkaError(code).str()}"
                raise KafkaException(KafkaError(_abi.UNDELIVERED, text))
        except KafkaException as failure:
            if failure.args[0].code() != _abi.CLOSED:  # another thread may have been faster
                failures.insert(0, failure)
        self._over = _abi.CLOSED
        for id_ in list(self._sent):
            self._match(id_, (-1, -1, -1, 0, _abi.UNDELIVERED))
        self._serve(failures)
        if failures:
            raise failures[0]

    def __repr__(self) -> str:
        return f"<Producer {self._handle}{' closed' if self._over else ''}>"


def _message(sent: _Sent, report: Sequence[int]) -> Message:
    _, topic, key, value = sent
    partition, offset, timestamp, latency, code = report
    kind = TIMESTAMP_CREATE_TIME if timestamp >= 0 else TIMESTAMP_NOT_AVAILABLE
    error = KafkaError(code) if code else None
    return Message(topic, partition, offset, key, value, timestamp, kind, -1, None, error, latency / 1e6)
