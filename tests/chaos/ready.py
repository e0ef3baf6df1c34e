"""Descriptors that tell when something waits (GetReadyFd): no wake-up is lost, and none comes for nothing when idle."""
from __future__ import annotations

import asyncio
import random
import select
import threading
import time
from collections.abc import Iterable
from typing import Callable, Optional

from common import Chaos, Content, Reader, Writer, expect, ints, library, load, new_batch, unique, until

RECORDS, REPORTS, EVENTS = 1, 2, 4
LOOK = 10.0  # seconds without a wake-up after which it looks whether one was lost
PATIENCE = 120.0  # seconds that a broker may hang


class Flow:
    """Records on their way from a writer to a reader, and what was seen of them."""

    def __init__(self, chaos: Chaos, total: int) -> None:
        self.total, self.rng = total, random.Random(f"{chaos.seed}/flow")
        self.topic = unique("ready")
        self.writer = Writer(bootstrap_servers=chaos.bootstrap, linger_ms=0, kaffi_delivery_reports="all",
                             enable_idempotence=True)
        self.reader = Reader(self.topic, bootstrap_servers=chaos.bootstrap, statistics_interval_ms=100)
        self.sent = self.read = self.reported = self.events = self.bursts = 0
        self.came = threading.Condition()
        self.failure: Optional[Exception] = None
        self.stop = False
        self.send(1)
        self.writer.flush()
        self.reader.assign([(0, 0)])
        self.thread = threading.Thread(target=self.produce, daemon=True)

    def send(self, count: int) -> None:
        batch = new_batch(self.topic, [(0, Content(None, b"x", -1, ()))] * count)
        self.writer.produce_batch(self.topic, batch, timeout_ms=10_000)
        library().DelBatch(batch)
        self.sent += count
        self.bursts += 1

    def produce(self) -> None:
        """Bursts, before half of which it waits until everything has arrived: then a lost wake-up is the end."""
        most = 500 if self.total <= 300_000 else 5000
        try:
            while self.sent < self.total and not self.stop:
                self.send(min(self.rng.randint(1, most), self.total - self.sent))
                if self.rng.random() < 0.5:
                    with self.came:
                        self.came.wait_for(lambda: self.stop or (self.read, self.reported) == (self.sent, self.sent))
        except Exception as error:
            self.failure = error

    def take_records(self) -> bool:
        batch = self.reader.batch(10_000, 0)
        if batch:
            offsets = ints(batch, "offset")
            library().DelBatch(batch)
            expect(offsets == list(range(self.read, self.read + len(offsets))), f"{offsets[0]} follows {self.read - 1}")
            with self.came:
                self.read += len(offsets)
                self.came.notify_all()
        return batch != 0

    def take_reports(self) -> bool:
        reports = self.writer.reports()
        expect(all(code == 0 for _, code in reports), "a record was not delivered")
        with self.came:
            self.reported += len(reports)
            self.came.notify_all()
        return bool(reports)

    def take_event(self) -> bool:
        event = self.reader.event()
        expect(event is None or event["event"] in ("stats", "error"), f"an event came: {event}")
        self.events += event is not None
        return event is not None

    def descriptors(self) -> dict[int, Callable[[], bool]]:
        """What to call when a descriptor is readable."""
        return {
            self.reader.ready_fd(RECORDS): self.take_records,
            self.writer.ready_fd(REPORTS): self.take_reports,
            self.reader.ready_fd(EVENTS): self.take_event,
        }

    def done(self) -> bool:
        if self.failure:
            raise self.failure
        return self.read == self.reported == self.total

    def look(self, seconds: float) -> None:
        """Called when no descriptor of records or reports was readable for so many seconds."""
        ready, _, _ = select.select(list(self.descriptors()), [], [], 0)
        if ready:
            return
        waits = [name for name, take in (("records", self.take_records), ("reports", self.take_reports)) if take()]
        expect(not waits, f"a wake-up was lost: {waits} waited")
        state = f"{self.sent} sent, {self.read} read, {self.reported} reported"
        expect(seconds < PATIENCE, f"nothing came for {seconds:.0f} s; {state}")

    def figures(self, seconds: float, wakes: int, nothing: int) -> str:
        return (
            f"{self.total} records in {self.bursts} bursts, and their reports, in {seconds:.0f} s: {wakes} wake-ups, "
            f"{nothing} for nothing; {self.events} events"
        )

    def close(self) -> None:
        self.stop = True
        with self.came:
            self.came.notify_all()
        self.thread.join()
        self.writer.close_well()
        self.reader.close_well()


def total(chaos: Chaos) -> int:
    return 10_000_000 if chaos.long else 300_000


def epoll(chaos: Chaos) -> str:
    """Reads till nothing is there, then waits."""
    flow = Flow(chaos, total(chaos))
    descriptors = flow.descriptors()
    epoll = select.epoll()
    for fd in descriptors:
        epoll.register(fd, select.EPOLLIN)
    wakes = nothing = 0
    start = last = time.monotonic()
    flow.thread.start()
    while not flow.done():
        for fd, _ in epoll.poll(LOOK):
            wakes += 1
            some = False
            while descriptors[fd]():
                some = True
            nothing += not some
            if some and descriptors[fd] != flow.take_event:
                last = time.monotonic()
        if time.monotonic() - last > LOOK:
            flow.look(time.monotonic() - last)
    seconds = time.monotonic() - start
    epoll.close()
    flow.close()
    return flow.figures(seconds, wakes, nothing)


def with_asyncio(chaos: Chaos) -> str:
    """Reads once at each wake-up: the descriptor stays readable as long as something is left."""
    flow = Flow(chaos, total(chaos))
    wakes = nothing = 0

    async def run() -> None:
        loop = asyncio.get_running_loop()
        ended, last = loop.create_future(), time.monotonic()

        def ready(take: Callable[[], bool]) -> None:
            nonlocal wakes, nothing, last
            wakes += 1
            try:
                some = take()
                nothing += not some
                if some and take != flow.take_event:
                    last = time.monotonic()
                if flow.done() and not ended.done():
                    ended.set_result(None)
            except Exception as error:
                if not ended.done():
                    ended.set_exception(error)

        def look() -> None:
            try:
                if time.monotonic() - last > LOOK:
                    flow.look(time.monotonic() - last)
                loop.call_later(LOOK, look)
            except Exception as error:
                if not ended.done():
                    ended.set_exception(error)

        for fd, take in flow.descriptors().items():
            loop.add_reader(fd, ready, take)
        look()
        flow.thread.start()
        await ended
        for fd in flow.descriptors():
            loop.remove_reader(fd)

    start = time.monotonic()
    asyncio.run(run())
    seconds = time.monotonic() - start
    flow.close()
    return flow.figures(seconds, wakes, nothing)


def idle(chaos: Chaos) -> str:
    """A producer, a consumer with its own partitions and a member of a group, with nothing to do."""
    topic = unique("ready")
    writer = Writer(bootstrap_servers=chaos.bootstrap, kaffi_delivery_reports="all")
    writer.produce(topic, 0, None, b"x")
    writer.flush()
    alone = Reader(topic, bootstrap_servers=chaos.bootstrap)
    alone.assign([(partition, -2) for partition in range(4)])
    member = Reader(topic, bootstrap_servers=chaos.bootstrap, group_id=topic)
    member.subscribe()
    takes: dict[int, Callable[[], object]] = {writer.ready_fd(REPORTS): lambda: writer.reports()}
    seen = {id(alone): 0, id(member): 0}

    def take(reader: Reader) -> int:
        rows = len(reader.consume_batch(100, 0))
        seen[id(reader)] += rows
        return rows

    for reader in (alone, member):
        takes[reader.ready_fd(RECORDS)] = lambda reader=reader: take(reader)
    for client in (writer, alone, member):
        takes[client.ready_fd(EVENTS)] = lambda client=client: client.event()
    poll = select.epoll()
    for fd in takes:
        poll.register(fd, select.EPOLLIN)

    def serve(seconds: float) -> int:
        wakes, end = 0, time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for fd, _ in poll.poll(left):
                wakes += 1
                while takes[fd]():
                    pass
        return wakes

    until(lambda: serve(0.1) >= 0 and min(seen.values()) == 1, 20, "both consumers read the record")
    serve(2)  # what follows the start
    cpu = load(0)
    wakes = serve(chaos.seconds)
    cpu = load(cpu)
    poll.close()
    close_all((writer, alone, member))
    text = f"{wakes} wake-ups and {cpu * 1000:.0f} ms of CPU in {chaos.seconds:.0f} s idle, of 3 clients"
    expect(wakes <= 2 * chaos.seconds, f"too many: {text}")
    expect(cpu < 0.1 * chaos.seconds, f"too much: {text}")
    return text


def close_all(clients: Iterable[Reader | Writer]) -> None:
    for client in clients:
        client.close_well()


SCENARIOS = {
    "ready-epoll": (5, 300, epoll),
    "ready-asyncio": (5, 300, with_asyncio),
    "ready-idle": (4, 30, idle),
}
