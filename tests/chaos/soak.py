"""Nothing grows: memory, threads and descriptors after many opens and closes, and during steady work."""
from __future__ import annotations

import os
import statistics
import time
from typing import Callable

from common import (
    ADMIN,
    DONE,
    Chaos,
    Client,
    Content,
    Reader,
    Writer,
    expect,
    invoke,
    library,
    load,
    memory,
    new_batch,
    rows_of,
    unique,
    until,
)

OPENS = 100
GROWTH = 2048  # KiB that a hundred opens and closes, or the steady work, may keep


def resources() -> tuple[int, int]:
    """Threads and descriptors of this process."""
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))


class Kinds:
    """Opens and closes of each kind of client, each with some use in between."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap, self.topic = bootstrap, unique("soak")

    def untyped(self) -> None:
        Client(bootstrap_servers=self.bootstrap).close_well()

    def producer(self) -> None:
        writer = Writer(bootstrap_servers=self.bootstrap, linger_ms=0)
        writer.ready_fd(2)
        writer.produce(self.topic, 0, b"key", b"value")
        writer.flush()
        expect([code for _, code in writer.reports()] == [DONE], "the record was not delivered")
        writer.close_well()

    def transactional(self) -> None:
        writer = Writer(bootstrap_servers=self.bootstrap, transactional_id=self.topic, linger_ms=0)
        for name in ("InitTransactions", "BeginTransaction"):
            code, _, text = writer.transact(name)
            expect(code == DONE, f"{name}: {code} {text}")
        writer.produce(self.topic, 1, None, b"value")
        code, _, text = writer.transact("CommitTransaction")
        expect(code == DONE, f"CommitTransaction: {code} {text}")
        writer.reports()
        writer.close_well()

    def consumer(self) -> None:
        reader = Reader(self.topic, bootstrap_servers=self.bootstrap)
        reader.ready_fd(5)
        reader.assign([(0, 0)])
        until(lambda: reader.consume_batch(10, 1000), 20, "a record")
        reader.close_well()

    def member(self) -> None:
        reader = Reader(self.topic, bootstrap_servers=self.bootstrap, group_id=unique("soak"))
        reader.subscribe()
        until(lambda: reader.consume_batch(10, 1000), 20, "a record")
        reader.close_well()

    def admin(self) -> None:
        client = Client(bootstrap_servers=self.bootstrap)
        invoke("StartKafka", client.handle, ADMIN)
        invoke("CheckConnection", client.handle, 20_000)
        client.close_well()


def opens(chaos: Chaos) -> str:
    kinds, figures = Kinds(chaos.bootstrap), []
    works: list[Callable[[], None]] = [
        kinds.producer, kinds.untyped, kinds.transactional, kinds.consumer, kinds.member, kinds.admin,
    ]
    for work in works:
        for _ in range(OPENS // 4):
            work()
        until(lambda: settled(), 20, "closed clients are gone")
        before, had = memory(), resources()
        for _ in range(OPENS):
            work()
        until(lambda had=had: resources() <= had, 20, f"threads and descriptors as before, {had}")
        grown = memory() - before
        figures.append(f"{work.__name__} {grown} KiB")
        expect(grown < GROWTH, f"{OPENS} {work.__name__}: memory grew by {grown} KiB from {before}")
    return f"growth by {OPENS} opens and closes of each kind: {', '.join(figures)}; threads, descriptors: {resources()}"


def settled() -> bool:
    """Whether no thread or descriptor has come or gone for a moment."""
    before = resources()
    time.sleep(0.5)
    return resources() == before


def steady(chaos: Chaos) -> str:
    """A producer and a member of a group, with reports, events and statistics read, at a steady pace."""
    topic = unique("soak")
    usual = {"bootstrap_servers": chaos.bootstrap, "statistics_interval_ms": 200}
    had = resources()
    writer = Writer(kaffi_delivery_reports="all", compression_type="lz4", **usual)
    reader = Reader(topic, group_id=topic, auto_commit_interval_ms=500, kaffi_poll_timeout_ms=10, **usual)
    sent = read = reported = events = 0
    record = Content(b"key", b"x" * 100, -1, [(b"name", b"value")])
    samples: list[tuple[float, int]] = []

    def round_(pace: float) -> None:
        nonlocal sent, read, reported, events
        batch = new_batch(topic, [(n % 4, record) for n in range(500)])
        writer.produce_batch(topic, batch)
        library().DelBatch(batch)
        sent += 500
        writer.produce(topic, sent % 4, b"key", b"value")
        sent += 1
        for _ in range(3):
            reported += len(writer.reports())
            batch = reader.batch(2000, 10)
            if batch:
                read += len(rows_of(batch))
                library().DelBatch(batch)
            read += reader.consume() is not None
        clients: list[Client] = [writer, reader]
        events += sum(1 for client in clients for _ in client.events())
        time.sleep(max(0.0, pace - time.monotonic()))

    batch = new_batch(topic, [(0, record)])
    writer.produce_batch(topic, batch)
    library().DelBatch(batch)
    sent += 1
    writer.flush()
    reader.subscribe()
    start, cpu = time.monotonic(), load(0)
    number = 0
    while time.monotonic() - start < chaos.seconds:
        number += 1
        round_(start + number * 0.1)
        if number % 10 == 0:
            samples.append((time.monotonic() - start, memory()))
    cpu = load(cpu)
    until(lambda: [round_(0), read > sent - 5000][1], 30, "the reader keeps up")
    writer.flush()
    while reported < sent:
        got = len(writer.reports(1000))
        expect(got, f"{reported} reports of {sent}")
        reported += got
    while read < sent:
        rows = len(reader.consume_batch(10_000, 5000))
        expect(rows, f"{read} of {sent} records read")
        read += rows
    writer.close_well()
    reader.close_well()
    until(lambda: resources() <= had, 20, f"threads and descriptors as before, {had}: {resources()}")
    kept = [size for when, size in samples if when > min(60, chaos.seconds / 4)]
    quarter = max(1, len(kept) // 4)
    first, last = statistics.median(kept[:quarter]), statistics.median(kept[-quarter:])
    text = (
        f"{sent} records, {reported} reports, {events} events in {chaos.seconds:.0f} s with {cpu:.0f} s of CPU: memory "
        f"{first:.0f} KiB in the first quarter, {last:.0f} KiB in the last, {max(kept)} KiB at most"
    )
    expect(last - first < GROWTH, f"memory grew: {text}")
    return text


SCENARIOS = {
    "soak-opens": (0, 100, opens),
    "soak-steady": (0, 600, steady),
}
