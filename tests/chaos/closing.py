"""Closing while the broker is there, stopped or killed: it always ends in the given time and says what was left."""
from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

from common import (
    CLOSED,
    COMING_BACK,
    DONE,
    NOTHING,
    QUEUE_FULL,
    ROOT,
    TIMED_OUT,
    UNDELIVERED,
    Chaos,
    Client,
    Failed,
    Reader,
    Writer,
    Wrong,
    expect,
    invoke,
    read_all,
    unique,
    until,
)
from kaffi import Producer
from records import PROTOCOLS

GRACE = 0.5  # seconds that closing may take beyond its time
PASSING = (TIMED_OUT, *COMING_BACK)  # what threads that wait are told while the broker is gone
HOWS = ("there", "stopped", "killed")
PARTITIONS = range(4)
VALUE = b"x" * 100


class Clock(threading.Thread):
    """How late this machine lets a thread run, which is not what a client can be blamed for."""

    late = 0.0

    def run(self) -> None:
        while True:
            start = time.monotonic()
            time.sleep(0.01)
            self.late = max(self.late, time.monotonic() - start - 0.01)


class Kafka:
    """A Kafka of our own, whose brokers can be stopped and killed."""

    def __init__(self, folder: Path, brokers: int) -> None:
        self.folder, self.nodes = folder, range(1, brokers + 1)
        env = self.run("start", "--brokers", str(brokers))
        self.bootstrap = dict(line.split("=", 1) for line in env.splitlines())["KAFFI_TEST_BOOTSTRAP"]

    def run(self, command: str, *arguments: str) -> str:
        line = [str(ROOT / "ci/kafka"), command, "--dir", str(self.folder / "kafka"), *arguments]
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        expect(done.returncode == 0, f"ci/kafka {command}: {done.stderr}")
        return done.stdout

    def signal(self, number: int) -> None:
        for node in self.nodes:
            os.kill(int((self.folder / f"kafka/{node}/pid").read_text()), number)

    @contextlib.contextmanager
    def gone(self, how: str) -> Iterator[None]:
        """Without its brokers for the time of a `with`: stopped (connections stay, nothing answers) or killed."""
        if how == "there":
            yield
            return
        self.signal(signal.SIGSTOP if how == "stopped" else signal.SIGKILL)
        try:
            yield
        finally:
            if how == "stopped":
                self.signal(signal.SIGCONT)
            else:
                self.run("start", "--brokers", str(len(self.nodes)))


def in_time(who: str, seconds: float, timeout_ms: int) -> None:
    late = CLOCK.late
    text = f"{who}: closing within {timeout_ms} ms took {seconds:.2f} s, {late:.2f} s of which may be the machine's"
    expect(seconds <= timeout_ms / 1000 + GRACE + late, text)


class Case:
    """A client that is busy with something, closed in the end, and then what must hold of what it said."""

    def __init__(self, kafka: Kafka, rng: random.Random) -> None:
        self.kafka, self.rng = kafka, rng
        self.topic = unique("closing")
        self.code, self.undelivered, self.text, self.seconds = 0, 0, "", 0.0
        self.threads: list[threading.Thread] = []
        self.ends: list[tuple[str, int]] = []  # of the threads: what each waited for and its last code
        self.client = self.open()

    def open(self) -> Client:
        raise NotImplementedError

    def busy(self) -> None:
        """Called when the broker has just gone."""

    def close(self, timeout_ms: int) -> None:
        self.code, self.undelivered, self.text, self.seconds = self.client.close(timeout_ms)
        in_time(self.name, self.seconds, timeout_ms)
        expect((self.code == UNDELIVERED) == (self.undelivered > 0),
               f"{self.name}: answered {self.code} with {self.undelivered} undelivered: {self.text}")
        expect((self.code != DONE) == bool(self.text), f"{self.name}: answered {self.code} with the text {self.text!r}")
        for thread in self.threads:
            thread.join(2)
            expect(not thread.is_alive(), f"{self.name}: a thread still waits after the client was closed")
        codes = {code for _, code in self.ends}
        expect(codes <= {CLOSED, QUEUE_FULL}, f"{self.name}: the threads ended with {self.ends}")

    def check(self) -> None:
        """Called when the broker is back."""

    @property
    def name(self) -> str:
        return type(self).__name__

    def wait(self, what: str, call: Callable[[], Any]) -> None:
        """Has a thread call that again and again until the client is closed."""

        def run() -> None:
            while True:
                try:
                    call()
                except Failed as failure:
                    if failure.code not in PASSING:
                        self.ends.append((what, failure.code))
                        return

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def writer(self, **conf: object) -> Writer:
        return Writer(bootstrap_servers=self.kafka.bootstrap, linger_ms=2, **conf)

    def reader(self, **conf: object) -> Reader:
        usual = {"group_id": self.topic, "kaffi_poll_timeout_ms": 100, "auto_commit_interval_ms": 60_000}
        return Reader(self.topic, bootstrap_servers=self.kafka.bootstrap, **{**usual, **conf})

    def fill(self, count: int) -> None:
        with Producer({"bootstrap.servers": self.kafka.bootstrap}) as producer:
            for partition in PARTITIONS:
                producer.produce_batch(self.topic, [VALUE] * (count // 4), partitions=partition)

    def found(self, **conf: object) -> int:
        """How many records a reader finds."""
        return len(read_all(self.kafka.bootstrap, self.topic, **conf))


class Producing(Case):
    """A producer in the middle of it, with reports read now and then."""

    read_reports = True

    def open(self) -> Client:
        writer = self.writer(kaffi_delivery_reports="all", queue_buffering_max_messages=5000, enable_idempotence=True,
                             kaffi_produce_timeout_ms=200)
        self.taken, self.codes, self.stop = 0, Counter[int](), threading.Event()
        self.producing = threading.Thread(target=self.produce, args=(writer,), daemon=True)
        self.producing.start()
        until(lambda: self.taken > 1000 or self.ends, 20, "records are produced")
        return writer

    def produce(self, writer: Writer) -> None:
        while True:
            try:
                writer.produce(self.topic, self.taken % 4, None, VALUE)
                self.taken += 1
                if self.read_reports and self.taken % 100 == 0:
                    self.codes.update(code for _, code in writer.reports())
            except Failed as failure:
                if failure.code != QUEUE_FULL:
                    self.ends.append(("produce", failure.code))
                    return

    def close(self, timeout_ms: int) -> None:
        super().close(timeout_ms)
        self.producing.join(2)
        expect(not self.producing.is_alive(), f"{self.name}: its thread still produces after closing")

    def check(self) -> None:
        delivered, failed = self.codes[0], sum(self.codes.values()) - self.codes[0]
        accounted = f"{self.taken} produced, {delivered} reported as delivered and {failed} as failed, closing left " \
                    f"{self.undelivered}"
        expect(delivered + failed + self.undelivered <= self.taken, f"{self.name}: {accounted}")
        least = max(delivered, self.taken - failed - self.undelivered)
        deadline = time.monotonic() + 30
        while True:  # several brokers that come back agree on the ends only after a moment
            found = self.found()
            if found >= least or time.monotonic() > deadline:
                break
        expect(least <= found <= self.taken, f"{self.name}: {accounted}, {found} are in the topic")


class Unread(Producing):
    """A producer whose reports nobody reads."""

    read_reports = False


class Waiting(Producing):
    """A producer on which threads wait for delivery and for reports."""

    read_reports = False

    def busy(self) -> None:
        writer = self.client
        assert isinstance(writer, Writer)
        self.wait("flush", lambda: writer.flush(-1))
        self.wait("reports", lambda: self.codes.update(code for _, code in writer.reports(-1)))
        self.wait("check", lambda: invoke("CheckConnection", writer.handle, -1, expected=(DONE, NOTHING)))
        self.wait("event", lambda: writer.event(-1))


class Consuming(Case):
    """A consumer with records in hand that are not committed yet."""

    conf: dict[str, Any] = PROTOCOLS["eager"]

    def open(self) -> Client:
        self.fill(4000)
        reader = self.reader(**self.conf)
        reader.subscribe()
        self.handed: dict[int, int] = {}
        until(lambda: self.take(reader), 30, "records come")
        return reader

    def take(self, reader: Reader) -> bool:
        for row in reader.consume_batch(500):
            self.handed[row.partition] = row.offset + 1
        return sum(self.handed.values()) >= 1000

    def check(self) -> None:
        reader = self.reader()
        found = until(lambda: settled(lambda: reader.committed(PARTITIONS)), 20, "the group's coordinator is back")
        committed = {partition: max(0, offset) for partition, offset in found.items()}
        reader.close()
        handed = {partition: self.handed.get(partition, 0) for partition in PARTITIONS}
        expect(all(committed[p] <= handed[p] for p in PARTITIONS), f"{self.name}: committed {committed} of {handed}")
        expect(self.code != DONE or committed == handed,
               f"{self.name}: closing answered 0 within {self.seconds:.2f} s, but committed {committed} of {handed}")


class ConsumingByConsumerProtocol(Consuming):
    conf = PROTOCOLS["consumer"]


class Idle(Case):
    """A consumer on which threads wait, with nothing to commit."""

    def open(self) -> Client:
        self.fill(4)
        reader = self.reader(auto_offset_reset="latest", **PROTOCOLS["cooperative"])
        reader.subscribe()
        until(lambda: reader.consume_batch(10) or reader.assignment(), 30, "partitions are assigned")
        return reader

    def busy(self) -> None:
        reader = self.client
        assert isinstance(reader, Reader)
        self.wait("batch", lambda: reader.batch(100, -1))
        self.wait("consume", lambda: reader.consume())
        self.wait("committed", lambda: reader.committed(PARTITIONS))
        self.wait("event", lambda: reader.event(-1))

    def check(self) -> None:
        pass


class Rebalancing(Consuming):
    """A member that is not in a call, while the group waits for its answer to a rebalance."""

    def open(self) -> Client:
        reader = super().open()
        self.other = self.reader(**self.conf)
        self.other.subscribe()
        for _ in range(5):  # it joins, and gets nothing as long as the first one has not answered
            expect(not self.other.consume_batch(10, 100), "a second member got records of the first one's partitions")
        return reader

    def close(self, timeout_ms: int) -> None:
        code, _, text, seconds = self.other.close(timeout_ms)
        in_time("the joining member", seconds, timeout_ms)
        expect(code == DONE, f"the joining member: closing answered {code}: {text}")
        super().close(timeout_ms)


class RebalancingCooperatively(Rebalancing):
    conf = PROTOCOLS["cooperative"]


class RebalancingByConsumerProtocol(Rebalancing):
    conf = PROTOCOLS["consumer"]


class Unanswered(Consuming):
    """A rebalance waits for the host's own answer (kaffi.rebalance manual)."""

    conf = {**PROTOCOLS["eager"], "kaffi_rebalance": "manual"}

    def open(self) -> Client:
        self.fill(40)
        reader = self.reader(**self.conf)
        reader.subscribe()
        self.handed = {}

        def asked() -> bool:
            expect(not reader.consume_batch(10, 100), "records came before the rebalance was answered")
            return any(event["event"] == "rebalance" and event["pending"] for event in reader.events())

        until(asked, 30, "a rebalance that waits for its answer")
        return reader


class Transaction(Case):
    """A producer in a transaction: what is in it counts as undelivered, and no reader of committed records sees it."""

    def open(self) -> Client:
        writer = self.writer(transactional_id=self.topic, transaction_timeout_ms=10_000)
        for name in ("InitTransactions", "BeginTransaction"):
            code, advice, text = writer.transact(name)
            expect(code == DONE, f"{name} answered {code}, advice {advice}: {text}")
        for number in range(1000):
            writer.produce(self.topic, number % 4, None, VALUE)
        writer.flush()
        for number in range(100):
            writer.produce(self.topic, number % 4, None, VALUE)
        return writer

    def close(self, timeout_ms: int) -> None:
        super().close(timeout_ms)
        expect(self.undelivered >= 1000, f"{self.name}: closing left {self.undelivered} of 1100 in the transaction")

    def check(self) -> None:
        until(lambda: not self.open_transactions(), 30, "the transaction is aborted")
        found = self.found(isolation_level="read_committed")
        expect(found == 0, f"{self.name}: {found} records of an aborted transaction can be read")

    def open_transactions(self) -> bool:
        """Whether the end that a reader of committed records sees is not yet that of the partition."""
        ends = []
        for level in ("read_committed", "read_uncommitted"):
            reader = self.reader(isolation_level=level)
            ends.append(settled(lambda reader=reader: reader.ends(PARTITIONS)))
            reader.close()
        return ends[0] is None or ends[0] != ends[1]


class Never(Case):
    """A client that was never started, and one that never reached a broker."""

    def open(self) -> Client:
        self.admin = Client(bootstrap_servers=self.kafka.bootstrap)
        invoke("StartKafka", self.admin.handle, 3)
        return Client(bootstrap_servers=self.kafka.bootstrap)

    def close(self, timeout_ms: int) -> None:
        super().close(timeout_ms)
        code, _, text, seconds = self.admin.close(timeout_ms)
        in_time("admin", seconds, timeout_ms)
        expect(code == DONE, f"admin: closing answered {code}: {text}")


CLOCK = Clock(daemon=True)
CASES: list[type[Case]] = [
    Producing, Unread, Waiting, Consuming, ConsumingByConsumerProtocol, Idle, Rebalancing, RebalancingCooperatively,
    RebalancingByConsumerProtocol, Unanswered, Transaction, Never,
]


def settled(question: Callable[[], Any]) -> Any:
    """The answer; None while a broker that has just come back does not know yet what it leads."""
    try:
        return question()
    except Failed as failure:
        if failure.code not in COMING_BACK:
            raise
        return None


def beside(works: list[Callable[[], Any]]) -> None:
    """Runs all at once; raises what went wrong first, with what else did."""
    wrong: list[str] = []

    def run(work: Callable[[], Any]) -> None:
        try:
            work()
        except Exception as error:
            wrong.append(str(error) if isinstance(error, Wrong) else repr(error))

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise Wrong("; ".join(wrong))


def one_round(kafka: Kafka, rng: random.Random, how: str) -> list[Case]:
    cases: list[Case] = []
    beside([lambda kind=kind: cases.append(kind(kafka, rng)) for kind in CASES])
    with kafka.gone(how):
        for case in cases:
            case.busy()
        time.sleep(rng.choice((0.0, 0.1, 1.0)))
        timeout_ms = rng.choice((0, 500, 2000, 5000))
        CLOCK.late = 0.0
        beside([lambda case=case: case.close(timeout_ms) for case in cases])
    beside([case.check for case in cases])
    return cases


def closing(chaos: Chaos, brokers: int) -> str:
    rng, start = chaos.rng, time.monotonic()
    codes: dict[str, Counter[int]] = {how: Counter() for how in HOWS}
    left, slowest = dict.fromkeys(HOWS, 0), dict.fromkeys(HOWS, 0.0)
    kafka = Kafka(chaos.folder, brokers)
    CLOCK.start()
    try:
        while not any(left.values()) or time.monotonic() - start < chaos.seconds:
            for how in HOWS:
                try:
                    cases = one_round(kafka, rng, how)
                except Wrong as wrong:
                    raise Wrong(f"broker {how}: {wrong}") from wrong
                codes[how].update(case.code for case in cases)
                left[how] += sum(case.undelivered for case in cases)
                slowest[how] = max(slowest[how], *(case.seconds for case in cases))
    finally:
        with contextlib.suppress(ProcessLookupError):
            kafka.signal(signal.SIGCONT)
        kafka.run("stop")
    return "; ".join(
        f"broker {how}: {sum(codes[how].values())} clients, the slowest {slowest[how]:.2f} s, answers "
        f"{dict(codes[how])}, {left[how]} records left"
        for how in HOWS
    )


SCENARIOS = {
    # No short form: what librdkafka does with a dead broker takes a core, and other suites run beside this one.
    "closing": (0, 180, lambda chaos: closing(chaos, 1)),
    "closing-of-3": (0, 120, lambda chaos: closing(chaos, 3)),
}
