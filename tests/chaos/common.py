"""What the scenarios share: the library's functions without a binding's help, worker processes, records that can be
made again from their place.
"""
from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from ctypes import byref, c_int, c_int32, c_int64, c_uint32, c_uint64, create_string_buffer
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "bindings/python"))

from kaffi._library import library  # noqa: E402

PRODUCER, CONSUMER, ADMIN = 1, 2, 3
DONE, NOTHING, TOO_SMALL = 0, 1, 2
PARTITION_EOF, TIMED_OUT, QUEUE_FULL, CLOSED, UNDELIVERED = -191, -185, -184, -1107, -1109
COMING_BACK = (5, 6, 14, 15, 16, 78, -187, -190, -195)  # what is told while a broker that was gone comes back
REBALANCING = (22, 25, 27)  # how the group refuses a commit after a rebalance
BATCHES_OWN = -2  # partition of ProduceBatch

Entry = tuple[int, int]  # partition and offset


@dataclass(frozen=True)
class Chaos:
    """What a scenario gets."""

    bootstrap: str
    seconds: float  # how long it disturbs
    long: bool
    seed: str
    folder: Path

    @property
    def rng(self) -> random.Random:
        return random.Random(self.seed)


class Wrong(Exception):
    """What the library did and must not do."""


class Failed(Exception):
    """A call that answered an unexpected code."""

    def __init__(self, name: str, code: int, text: str) -> None:
        super().__init__(f"{name} answered {code}: {text}")
        self.code, self.text = code, text


def expect(holds: object, text: str) -> None:
    if not holds:
        raise Wrong(text)


def invoke(name: str, *arguments: object, expected: Sequence[int] = (DONE,)) -> int:
    """Calls a function that ends in `errtxt, plen`; its code."""
    room, length = create_string_buffer(2000), c_int(2000)
    code: int = getattr(library(), name)(*arguments, room, byref(length))
    if code not in expected:
        raise Failed(name, code, room.raw[: length.value].decode(errors="replace"))
    return code


def check(name: str, *arguments: object) -> None:
    """Calls a function without error text."""
    code = getattr(library(), name)(*arguments)
    if code:
        raise Failed(name, code, "")


def until(holds: Callable[[], Any], seconds: float, what: str) -> Any:
    """Waits until something holds, and answers it."""
    end = time.monotonic() + seconds
    while True:
        answer = holds()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Wrong(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)


# ---- Batches and lists ----


@contextlib.contextmanager
def tplist(topic: str, entries: Iterable[Entry]) -> Iterator[int]:
    """A topic-partition list for the time of a `with`. Offset -1001: none."""
    handle = c_uint64()
    check("NewTopicPartitionList", byref(handle))
    try:
        for partition, offset in entries:
            check("SetTopicPartitionList", handle, topic.encode(), partition)
            if offset != -1001:
                check("SetOffset", handle, topic.encode(), partition, offset)
        yield handle.value
    finally:
        library().DelBatch(handle)


def row_count(batch: int) -> int:
    rows = c_int32()
    check("GetBatchRows", batch, byref(rows))
    return rows.value


def ints(batch: int, column: str) -> list[int]:
    """A column of integers."""
    count = c_int32(row_count(batch))
    values = (c_int64 * count.value)()
    invoke("GetBatchInts", batch, column.encode(), values, byref(count))
    return values[: count.value]


def values(batch: int, column: str) -> list[Optional[bytes]]:
    """A column of bytes."""
    size, count = c_int32(), c_int32()
    name = column.encode()
    if invoke("GetBatchBytes", batch, name, None, byref(size), None, byref(count), expected=(0, TOO_SMALL)) == DONE:
        return []
    data, lengths = create_string_buffer(size.value + 1), (c_int32 * count.value)()
    invoke("GetBatchBytes", batch, name, data, byref(size), lengths, byref(count))
    whole, at, answer = data.raw, 0, []
    for length in lengths:
        answer.append(None if length < 0 else whole[at : at + length])
        at += max(0, length)
    return answer


def entries(list_: int) -> list[Entry]:
    return list(zip(ints(list_, "partition"), ints(list_, "offset")))


class Row(NamedTuple):
    """A record as it was handed out; `whole` is False where the call gives neither headers nor timestamp, nor nulls."""

    partition: int
    offset: int
    key: Optional[bytes]
    value: Optional[bytes]
    timestamp: int = -1
    headers: Sequence[tuple[bytes, Optional[bytes]]] = ()
    whole: bool = False


def rows_of(batch: int) -> list[Row]:
    counts = ints(batch, "header.count")
    names, contents = iter(()), iter(())
    if any(counts):
        names, contents = iter(values(batch, "header.name")), iter(values(batch, "header.value"))
    headers = [[(next(names), next(contents)) for _ in range(count)] for count in counts]
    columns = (ints(batch, "partition"), ints(batch, "offset"), values(batch, "key"), values(batch, "value"))
    return [Row(*row, True) for row in zip(*columns, ints(batch, "timestamp"), headers)]


# ---- Clients ----


class Client:
    """A client, by its handle. What it is told goes to the library as it is."""

    kind = 0

    def __init__(self, **conf: object) -> None:
        handle = c_uint64()
        check("InitKafka", byref(handle))
        self.handle = handle.value
        for key, value in conf.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            invoke("SetKafkaConf", self.handle, key.replace("_", ".").encode(), text.encode())
        if self.kind:
            invoke("StartKafka", self.handle, self.kind)

    def close(self, timeout_ms: int = 30_000) -> tuple[int, int, str, float]:
        """Code, undelivered records, text and how many seconds it took."""
        undelivered, room, length = c_int64(), create_string_buffer(2000), c_int(2000)
        start = time.monotonic()
        code = library().CloseKafka(self.handle, timeout_ms, byref(undelivered), room, byref(length))
        text = room.raw[: length.value].decode(errors="replace")
        return code, undelivered.value, text, time.monotonic() - start

    def close_well(self) -> None:
        code, undelivered, text, _ = self.close()
        expect(code == DONE, f"CloseKafka answered {code} ({undelivered} undelivered): {text}")

    def event(self, timeout_ms: int = 0) -> Optional[dict[str, Any]]:
        """The next event."""
        length = c_int32(4000)
        while True:
            room = create_string_buffer(length.value)
            code = invoke("NextEvent", self.handle, timeout_ms, room, byref(length), expected=(0, NOTHING, TOO_SMALL))
            if code != TOO_SMALL:
                return json.loads(room.raw[: length.value]) if code == DONE else None

    def events(self) -> Iterator[dict[str, Any]]:
        while (event := self.event()) is not None:
            yield event

    def ready_fd(self, what: int) -> int:
        fd = c_int64()
        invoke("GetReadyFd", self.handle, what, byref(fd))
        return fd.value


class Writer(Client):
    kind = PRODUCER

    def produce(self, topic: str, partition: int, key: Optional[bytes], value: Optional[bytes]) -> int:
        """The documented Produce; the record's id."""
        id_ = c_uint64()
        lengths = [0xFFFFFFFF if data is None else len(data) for data in (value, key)]
        invoke("Produce", self.handle, topic.encode(), value, lengths[0], key, lengths[1], partition, byref(id_))
        return id_.value

    def produce_batch(self, topic: str, batch: int, partition: int = BATCHES_OWN, timeout_ms: int = -1) -> int:
        """How many rows were left for want of room."""
        first, left, refused = c_uint64(), c_int32(), c_int32()
        arguments = self.handle, topic.encode(), partition, batch, timeout_ms, byref(first), byref(left), byref(refused)
        invoke("ProduceBatch", *arguments, expected=(DONE, QUEUE_FULL))
        expect(refused.value == 0, f"ProduceBatch refused {refused.value} rows")
        return left.value

    def reports(self, timeout_ms: int = 0, most: int = 10_000) -> list[tuple[int, int]]:
        """Id and code of reports."""
        batch, rows = c_uint64(), c_int32()
        arguments = self.handle, most, timeout_ms, byref(batch), byref(rows)
        if invoke("DeliveryReportBatch", *arguments, expected=(DONE, NOTHING)) == NOTHING:
            return []
        try:
            return list(zip(ints(batch.value, "msgid"), ints(batch.value, "error")))
        finally:
            library().DelBatch(batch)

    def flush(self, timeout_ms: int = 30_000) -> None:
        left = c_int64()
        invoke("FlushProducer", self.handle, timeout_ms, byref(left))

    def transact(self, name: str, timeout_ms: int = 30_000) -> tuple[int, int, str]:
        """InitTransactions, BeginTransaction, CommitTransaction or AbortTransaction: code, advice, text."""
        return self._advised(name, self.handle, timeout_ms)

    def send_offsets(self, reader: Reader, timeout_ms: int = 30_000) -> tuple[int, int, str]:
        return self._advised("SendOffsetsToTransaction", self.handle, reader.handle, 0, timeout_ms)

    @staticmethod
    def _advised(name: str, *arguments: object) -> tuple[int, int, str]:
        advice, room, length = c_int32(), create_string_buffer(2000), c_int(2000)
        code = getattr(library(), name)(*arguments, byref(advice), room, byref(length))
        return code, advice.value, room.raw[: length.value].decode(errors="replace")


class Reader(Client):
    """A consumer of one topic."""

    kind = CONSUMER

    def __init__(self, topic: str, **conf: object) -> None:
        self.topic = topic
        super().__init__(**{"auto_offset_reset": "earliest", **conf})

    def subscribe(self) -> None:
        handle = c_uint64()
        check("NewTopicPartitionList", byref(handle))
        check("SetTopicPartitionList", handle, self.topic.encode(), -1)
        invoke("SubscribeConsumerTPList", self.handle, handle)

    def assign(self, entries: Iterable[Entry]) -> None:
        with tplist(self.topic, entries) as list_:
            invoke("AssignPartitions", self.handle, list_)

    def consume(self, room: int = 4096) -> Optional[Row]:
        """The documented Consume, with as much room as it wants in the end."""
        sizes = [c_uint32(300), c_uint32(room), c_uint32(room)]
        partition, offset = c_int32(), c_int64()
        code = TOO_SMALL
        while code == TOO_SMALL:
            rooms = [create_string_buffer(size.value + 1) for size in sizes]
            given = [part for pair in zip(rooms, map(byref, sizes)) for part in pair]
            arguments = *given, byref(partition), byref(offset)
            code = invoke("Consume", self.handle, *arguments, expected=(DONE, NOTHING, TOO_SMALL))
        if code == NOTHING:
            return None
        topic, value, key = (data.raw[: size.value] for data, size in zip(rooms, sizes))
        expect(topic == self.topic.encode(), f"a record of topic {topic!r}")
        return Row(partition.value, offset.value, key, value)

    def consume_batch(self, most: int = 10_000, timeout_ms: int = 100) -> list[Row]:
        batch = self.batch(most, timeout_ms)
        try:
            return rows_of(batch) if batch else []
        finally:
            library().DelBatch(batch)

    def batch(self, most: int = 10_000, timeout_ms: int = 100) -> int:
        """A batch, which its owner deletes; 0 when no record came in time."""
        batch, rows = c_uint64(), c_int32()
        arguments = self.handle, most, timeout_ms, byref(batch), byref(rows)
        invoke("ConsumeBatch", *arguments, expected=(DONE, NOTHING))
        return batch.value

    def seek(self, entries: Iterable[Entry], timeout_ms: int = 10_000) -> None:
        with tplist(self.topic, entries) as list_:
            invoke("SeekPartitions", self.handle, list_, timeout_ms)

    def pause(self, partitions: Iterable[int], name: str = "PausePartitions") -> None:
        with tplist(self.topic, [(partition, -1001) for partition in partitions]) as list_:
            invoke(name, self.handle, list_)

    def resume(self, partitions: Iterable[int]) -> None:
        self.pause(partitions, "ResumePartitions")

    def assignment(self) -> list[int]:
        handle = c_uint64()
        invoke("GetAssignment", self.handle, byref(handle))
        try:
            return ints(handle.value, "partition")
        finally:
            library().DelBatch(handle)

    def lag(self) -> list[tuple[int, ...]]:
        """Partition, position, end and lag, as the engine knows them."""
        batch, rows = c_uint64(), c_int32()
        invoke("GetLag", self.handle, byref(batch), byref(rows))
        try:
            return list(zip(*(ints(batch.value, name) for name in ("partition", "position", "end", "lag"))))
        finally:
            library().DelBatch(batch)

    def commit(self) -> int:
        """Commits the positions; the code."""
        code: int = library().Commit(self.handle, 0)
        return code

    def committed(self, partitions: Iterable[int]) -> dict[int, int]:
        with tplist(self.topic, [(partition, -1001) for partition in partitions]) as list_:
            invoke("GetCommitted", self.handle, list_, 30_000)
            return dict(entries(list_))

    def ends(self, partitions: Iterable[int], timeout_ms: int = 30_000) -> dict[int, int]:
        """The offset behind the last record of each partition."""
        answer = {}
        for partition in partitions:
            low, high = c_int64(), c_int64()
            arguments = self.handle, self.topic.encode(), partition, timeout_ms, byref(low), byref(high)
            invoke("GetWatermarks", *arguments)
            answer[partition] = high.value
        return answer


def read_all(bootstrap: str, topic: str, **conf: object) -> list[Row]:
    """All that a reader finds in a topic of 4 partitions, up to the end of each."""
    reader = Reader(topic, bootstrap_servers=bootstrap, enable_partition_eof=True, **conf)
    reader.assign([(partition, -2) for partition in range(4)])
    rows: list[Row] = []
    ended: set[int] = set()
    told: list[str] = []

    def read() -> bool:
        try:
            rows.extend(reader.consume_batch())
        except Failed as failure:
            if failure.code not in (PARTITION_EOF, *COMING_BACK):
                raise
            told.append(str(failure))
        ended.update(event["partition"] for event in reader.events() if event["event"] == "eof")
        return len(ended) == 4

    try:
        until(read, 60, f"the end of all partitions of {topic}")
    except Wrong as wrong:
        raise Wrong(f"{wrong}: {len(rows)} records, ends {ended}, told {told[-9:]}, lag {reader.lag()}") from None
    finally:
        reader.close()
    return rows


def unique(name: str) -> str:
    """A name that no other run has: a real cluster keeps its topics and groups."""
    return f"kaffi-chaos-{name}-{uuid.uuid4().hex[:8]}"


# ---- Records ----


class Content(NamedTuple):
    key: Optional[bytes]
    value: Optional[bytes]
    timestamp: int  # -1: when it was produced
    headers: Sequence[tuple[bytes, Optional[bytes]]]


def content(seed: str, partition: int, sequence: int) -> Content:
    """What the record at this place holds: any size from 0 B to 1 MB, mostly small."""
    rng = random.Random(f"{seed}/{partition}/{sequence}")

    def some(low: int, high: int) -> bytes:
        return rng.randbytes(rng.randint(low, high))

    size = rng.random()
    value: Optional[bytes]
    if size < 0.05:
        value = None
    elif size < 0.1:
        value = b""
    else:
        high = 200 if size < 0.7 else 4000 if size < 0.95 else 60_000 if size < 0.998 else 1_000_000
        value = some(1, high)
    key = rng.choice((None, b"", some(1, 40), some(1, 40)))
    names = (b"a", b"a", b"trace", "ü".encode())
    headers = [(rng.choice(names), rng.choice((None, b"", some(0, 60)))) for _ in range(rng.choice((0, 0, 1, 2, 5)))]
    return Content(key, value, rng.choice((-1, 1_790_000_000_000 + sequence)), headers)


def differs(seed: str, row: Row, since_ms: int) -> str:
    """How a record that was handed out differs from what was produced at its place; empty if it does not."""
    wanted = content(seed, row.partition, row.offset)
    where = f"record {row.partition}@{row.offset}"
    pairs = [("key", row.key, wanted.key), ("value", row.value, wanted.value)]
    for what, seen, produced in pairs:
        if seen != (produced if row.whole else produced or b""):
            return f"{where}: {what} of {size(seen)} instead of {size(produced)}"
    if not row.whole:
        return ""
    if list(row.headers) != list(wanted.headers):
        return f"{where}: headers {row.headers} instead of {wanted.headers}"
    early, late = (since_ms, time.time() * 1000 + 1000) if wanted.timestamp < 0 else (wanted.timestamp,) * 2
    return "" if early <= row.timestamp <= late else f"{where}: timestamp {row.timestamp}, not {wanted.timestamp}"


def size(data: Optional[bytes]) -> str:
    return "null" if data is None else f"{len(data)} B"


def new_batch(topic: str, records: Sequence[tuple[int, Content]], by_row: bool = False) -> int:
    """A batch of records with their partitions, set column by column or row by row."""
    handle = c_uint64()
    check("NewBatch", byref(handle))
    batch = handle.value
    if by_row:
        for partition, (key, value, timestamp, headers) in records:
            lengths = [-1 if data is None else len(data) for data in (key, value)]
            arguments = topic.encode(), partition, timestamp, key, lengths[0], value, lengths[1]
            invoke("AddRecord", batch, *arguments)
            for name, data in headers:
                invoke("AddHeader", batch, name, data, -1 if data is None else len(data))
        return batch
    contents = [content for _, content in records]
    pairs = [pair for content in contents for pair in content.headers]
    set_ints(batch, "partition", [partition for partition, _ in records])
    set_ints(batch, "timestamp", [content.timestamp for content in contents])
    set_ints(batch, "header.count", [len(content.headers) for content in contents])
    set_values(batch, "header.name", [name for name, _ in pairs])
    set_values(batch, "header.value", [data for _, data in pairs])
    set_values(batch, "key", [content.key for content in contents])
    set_values(batch, "value", [content.value for content in contents])
    return batch


def set_ints(batch: int, column: str, numbers: Sequence[int]) -> None:
    invoke("SetBatchInts", batch, column.encode(), (c_int64 * len(numbers))(*numbers), len(numbers))


def set_values(batch: int, column: str, entries: Sequence[Optional[bytes]]) -> None:
    data = b"".join(entry or b"" for entry in entries)
    lengths = (c_int32 * len(entries))(*(-1 if entry is None else len(entry) for entry in entries))
    invoke("SetBatchBytes", batch, column.encode(), data, len(data), lengths, len(entries))


# ---- Worker processes ----


class Journal:
    """What the workers of a scenario told: time, who and words. A line that a worker has written is kept, however the
    worker ends.
    """

    def __init__(self) -> None:
        self.lines: list[tuple[int, int, list[Any]]] = []
        self.changed = threading.Condition()

    def add(self, when: int, who: int, words: list[Any]) -> None:
        with self.changed:
            self.lines.append((when, who, words))
            self.changed.notify_all()

    def sorted(self) -> list[tuple[int, int, list[Any]]]:
        with self.changed:
            return sorted(self.lines, key=lambda line: line[0])

    def check(self) -> None:
        """Raises what a worker found, with what it told before."""
        with self.changed:
            lines = list(self.lines)
        for number, (_, who, words) in enumerate(lines):
            if words[0] == "wrong":
                told = [(when, told) for when, other, told in lines[:number] if other == who and told[0] != "rows"]
                before = [f"{when / 1e9:.3f} {told}" for when, told in told[-30:]]
                raise Wrong(f"worker {who}: {words[1]}; before that: {'; '.join(before)}")


class Worker:
    """A process of its own that runs `work(configuration)` of a module here."""

    started = 0

    def __init__(self, journal: Journal, module: str, configuration: dict[str, Any]) -> None:
        Worker.started += 1
        self.number = Worker.started
        command = [sys.executable, str(HERE / "run.py"), "--worker", module, json.dumps(configuration)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.killed = False
        self.reading = threading.Thread(target=self._read, args=(journal,), daemon=True)
        self.reading.start()

    def _read(self, journal: Journal) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if line.endswith(b"]\n"):  # the last one of a killed worker may be cut
                when, words = json.loads(line)
                journal.add(when, self.number, words)
        code = self.process.wait()
        if code and not self.killed:
            journal.add(time.monotonic_ns(), self.number, ["wrong", f"ended with code {code}"])

    def tell(self, word: str) -> None:
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{word}\n".encode())
            self.process.stdin.flush()

    def kill(self) -> None:
        self.killed = True
        self.process.kill()
        self.reading.join()

    def end(self, seconds: float = 45) -> None:
        """Lets it end by itself."""
        self.tell("end")
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Wrong(f"worker {self.number} does not end within {seconds:.0f} s") from None
        self.reading.join()


class Told:
    """What the parent told this worker last; "end" when the parent is gone."""

    def __init__(self) -> None:
        self.word = ""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            self.word = line.strip()
        self.word = "end"


def say(*words: Any) -> None:
    """Tells the parent; written before this returns, whatever happens to the process then."""
    line = json.dumps([time.monotonic_ns(), words], separators=(",", ":")) + "\n"
    data = line.encode()
    while data:
        try:
            data = data[os.write(1, data) :]
        except BrokenPipeError:  # the parent is gone
            os._exit(0)


def load(seconds: float) -> float:
    """CPU seconds that this process used so far, minus `seconds`."""
    usage = os.times()
    return usage.user + usage.system - seconds


def memory() -> int:
    """Resident memory in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])
