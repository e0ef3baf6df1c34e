"""Many threads on one client: every record goes to one of them, none is lost, and closing ends all waits."""
from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from ctypes import byref, c_int32, c_int64, c_uint64
from typing import Any, Callable

from common import (
    CLOSED,
    QUEUE_FULL,
    Chaos,
    Failed,
    Reader,
    Writer,
    entries,
    expect,
    ints,
    invoke,
    library,
    new_batch,
    read_all,
    tplist,
    unique,
    values,
)
from kaffi import KafkaError, Message, Producer

PRODUCING, CONSUMING = 16, 4
PARTITIONS = range(4)


def together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Runs `work` in so many threads that start at once; their answers."""
    barrier = threading.Barrier(count)

    def run(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def name_of(thread: int, number: int) -> bytes:
    return b"%d:%d" % (thread, number)


def producing(chaos: Chaos) -> str:
    """16 threads on one producer: produce, produce_batch and poll mixed."""
    topic, each = unique("threads"), 25_000 if chaos.long else 2_500
    reported: Counter[bytes] = Counter()
    lock = threading.Lock()
    producer = Producer({"bootstrap.servers": chaos.bootstrap, "enable.idempotence": True})

    def on_delivery(error: KafkaError | None, message: Message) -> None:
        expect(error is None, f"not delivered: {error}")
        with lock:
            reported[bytes(message.value() or b"")] += 1

    def work(thread: int) -> int:
        rng, number, batched = random.Random(f"{chaos.seed}/{thread}"), 0, 0
        while number < each:
            count = min(rng.randint(1, 200), each - number)
            names = [name_of(thread, number + row) for row in range(count)]
            if rng.random() < 0.5:
                done = producer.produce_batch(topic, names, partitions=thread % 4)
                expect(not done.refused, f"refused: {done.refused}")
                batched += count
            else:
                for name in names:
                    producer.produce(topic, name, partition=thread % 4, on_delivery=on_delivery)
            if rng.random() < 0.2:
                producer.poll(0)
            number += count
        return batched

    batched = sum(together(PRODUCING, work))
    producer.close()
    total = PRODUCING * each
    twice = [name for name, times in reported.items() if times != 1]
    expect(not twice, f"{len(twice)} callbacks were not called exactly once")
    expect(len(reported) == total - batched, f"{len(reported)} callbacks for {total - batched} records")
    last: dict[int, int] = {}
    rows = read_all(chaos.bootstrap, topic)
    expect(len(rows) == total, f"{len(rows)} records in the topic, {total} were produced")
    for row in rows:
        thread, number = map(int, (row.value or b"").split(b":"))
        expect(number == last.get(thread, -1) + 1, f"record {number} of thread {thread} follows {last.get(thread)}")
        last[thread] = number
    return f"{total} records from {PRODUCING} threads, {total - batched} callbacks"


def consuming(chaos: Chaos) -> str:
    """4 threads on one consumer: ConsumeBatch and Consume mixed, offsets stored by hand."""
    topic, total = unique("threads"), 400_000 if chaos.long else 60_000
    with Producer({"bootstrap.servers": chaos.bootstrap, "enable.idempotence": True}) as producer:
        for partition in PARTITIONS:
            producer.produce_batch(topic, [b"%d" % n for n in range(total // 4)], partitions=partition)
    reader = Reader(topic, bootstrap_servers=chaos.bootstrap, group_id=topic, kaffi_offset_store="manual",
                    kaffi_poll_timeout_ms=100)
    reader.subscribe()
    seen: Counter[tuple[int, int]] = Counter()
    lock, done = threading.Lock(), threading.Event()

    def work(thread: int) -> int:
        rng, mine = random.Random(f"{chaos.seed}/{thread}"), 0
        last: dict[int, int] = {}
        while not done.is_set():
            if rng.random() < 0.3:
                row = reader.consume()
                rows = [(row.partition, row.offset, row.value)] if row else []
            else:
                batch = reader.batch(rng.choice((1, 10, 500)), 100)
                columns = [ints(batch, "partition"), ints(batch, "offset"), values(batch, "value")] if batch else []
                library().DelBatch(batch)
                rows = list(zip(*columns))
            for partition, offset, value in rows:
                expect(offset > last.get(partition, -1), f"{partition}@{offset} follows {last.get(partition)}")
                expect(value == b"%d" % offset, f"{partition}@{offset} is {value!r}")
                last[partition] = offset
            mine += len(rows)
            with lock:
                seen.update((partition, offset) for partition, offset, _ in rows)
                if len(seen) >= total:
                    done.set()
            expect(time.monotonic() < end, f"{len(seen)} of {total} records came in time")
        return mine

    end = time.monotonic() + 60
    shares = together(CONSUMING, work)
    twice = sum(times > 1 for times in seen.values())
    expect(not twice, f"{twice} records went to two threads")
    expect(all(shares), f"a thread got nothing: {shares}")
    expect(all(offset == -1001 for offset in reader.committed(PARTITIONS).values()), "committed, though nothing stored")
    with tplist(topic, [(partition, total // 4) for partition in PARTITIONS]) as list_:
        invoke("StoreOffsets", reader.handle, list_)
    reader.close_well()
    after = Reader(topic, bootstrap_servers=chaos.bootstrap, group_id=topic)
    with tplist(topic, [(partition, -1001) for partition in PARTITIONS]) as list_:
        invoke("GetCommitted", after.handle, list_, 30_000)
        committed = [offset for _, offset in entries(list_)]
    expect(committed == [total // 4] * 4, f"stored {total // 4}, committed {committed}")
    after.close_well()
    return f"{total} records to {CONSUMING} threads: {', '.join(map(str, shares))}"


def closing(chaos: Chaos) -> str:
    """Threads that wait on a client when it is closed all end at once, and say why."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # where nobody listens
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        slowest = max(close_producer(address), close_reader(chaos.bootstrap, True), close_reader(address, False))
    return f"{2 * PRODUCING} and {4 * CONSUMING} waiting threads ended within {slowest * 1000:.0f} ms"


def close_while(client: Any, count: int, waits: list[Callable[[], Any]], allowed: set[int]) -> float:
    """Closes a client while threads wait on it; the seconds from there until the last has ended."""
    waiting = threading.Barrier(count + 1)
    ends, codes = [], []

    def wait(number: int) -> None:
        waiting.wait()
        try:
            waits[number % len(waits)]()
            codes.append(0)
        except Failed as failure:
            codes.append(failure.code)
        ends.append(time.monotonic())

    threads = [threading.Thread(target=wait, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    waiting.wait()
    time.sleep(0.3)  # until they wait inside
    expect(not ends, f"threads that had to wait ended with {codes}")
    start = time.monotonic()
    code, _, text, seconds = client.close(2000)
    expect(seconds < 2.5, f"closing took {seconds:.2f} s")
    for thread in threads:
        thread.join(5)
    expect(len(ends) == count, f"{count - len(ends)} of {count} threads still wait")
    expect(set(codes) <= allowed, f"the threads ended with {codes}")
    late = max(ends) - start
    expect(late < 1.0, f"the last thread ended {late:.2f} s after closing began")
    return late


def close_producer(address: str) -> float:
    """Its queue is full for ever: it waits for room, for reports and for delivery."""
    topic = unique("threads")
    writer = Writer(bootstrap_servers=address, queue_buffering_max_messages=10, kaffi_produce_timeout_ms=60_000)
    for _ in range(10):
        writer.produce(topic, -1, None, b"x")
    batch, rows, left = c_uint64(), c_int32(), c_int64()
    own = new_batch(topic, [])
    library().AddRecord(own, topic.encode(), -1, -1, None, -1, b"x", 1, None, None)
    waits: list[Callable[[], Any]] = [
        lambda: writer.produce(topic, -1, None, b"x"),
        lambda: writer.produce_batch(topic, own, -1),
        lambda: invoke("FlushProducer", writer.handle, -1, byref(left)),
        lambda: invoke("DeliveryReportBatch", writer.handle, 10, -1, byref(batch), byref(rows)),
    ]
    return close_while(writer, 2 * PRODUCING, waits, {CLOSED, QUEUE_FULL})


def close_reader(address: str, live: bool) -> float:
    """Nothing comes: it waits for records, and without a broker for answers."""
    topic = unique("threads")
    if live:
        with Producer({"bootstrap.servers": address}) as producer:
            producer.produce(topic, b"x")
    reader = Reader(topic, bootstrap_servers=address, group_id=topic, kaffi_poll_timeout_ms=60_000,
                    auto_offset_reset="latest")
    reader.subscribe()
    waits: list[Callable[[], Any]] = [lambda: through_errors(lambda: reader.batch(10, -1)),
                                      lambda: through_errors(reader.consume)]
    if live:
        reader.consume_batch(10, 100)
    else:
        waits.append(lambda: reader.committed([0]))
    return close_while(reader, 2 * CONSUMING, waits, {CLOSED})


def through_errors(wait: Callable[[], Any]) -> None:
    """Goes on waiting where the brokers are told to be down."""
    while True:
        try:
            wait()
        except Failed as failure:
            if failure.code not in (-187, -195):
                raise


SCENARIOS = {
    "threads-producer": (1, 1, producing),
    "threads-consumer": (1, 1, consuming),
    "threads-closing": (1, 1, closing),
}
