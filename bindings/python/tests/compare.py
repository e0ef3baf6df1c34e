"""CPU per record of this package beside confluent-kafka, on one broker: python tests/compare.py [RECORDS] [ROUNDS]

Needs confluent-kafka, and the broker at KAFFI_TEST_BOOTSTRAP. Keys of 8 bytes, values of 100, 4 partitions. Each
figure is the user and system time of a process of its own; the ratio is the median over the rounds, which alternate.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
import uuid
from typing import Any

# What is compared: kaffi's mode, confluent's, and the ratio that is aimed at.
PAIRS = {
    "produce()": ("produce", "produce", 0.7),
    "produce(on_delivery), poll(0)": ("callback", "callback", 0.7),
    "produce_batch()": ("produce_batch", "produce", 0.5),
    "poll(), key and value": ("poll", "poll", 0.6),
    "consume(1000), key and value": ("consume", "consume", 0.9),
    "iteration, key and value": ("iterate", "consume", 0.9),
    "consume_batch(), keys and values": ("consume_batch", "consume", 0.8),
    "consume_batch(), views": ("views", "consume", 0.5),
}


def clients(name: str) -> tuple[Any, Any]:
    if name == "kaffi":
        from kaffi import Consumer, Producer, version

        version()  # loads the library, which is not what is measured
    else:
        from confluent_kafka import Consumer, Producer  # type: ignore[import-not-found, assignment]
    return Consumer, Producer


def produce(producer: Any, mode: str, topic: str, count: int) -> None:
    values, keys = [b"%0100d" % number for number in range(10_000)], [b"%08d" % number for number in range(10_000)]
    failed = []

    def delivered(error: object, _: object) -> None:
        if error is not None:
            failed.append(error)

    for _ in range(0, count, 10_000):
        if mode == "produce_batch":
            producer.produce_batch(topic, values, keys)
            continue
        for key, value in zip(keys, values):
            while True:
                try:
                    if mode == "callback":
                        producer.produce(topic, value, key, on_delivery=delivered)
                        producer.poll(0)
                    else:
                        producer.produce(topic, value, key)
                    break
                except BufferError:
                    producer.poll(0.1)
    producer.flush()
    assert not failed


def consume(consumer: Any, mode: str, topic: str, count: int) -> None:
    consumer.subscribe([topic])
    got = 0
    while got < count:
        if mode == "poll":
            message = consumer.poll(1)
            if message is not None and message.error() is None:
                message.key(), message.value()
                got += 1
        elif mode == "consume":
            for message in consumer.consume(1000, 1):
                if message.error() is None:
                    message.key(), message.value()
                    got += 1
        elif mode == "iterate":
            for message in consumer:
                message.key(), message.value()
                got += 1
                if got == count:
                    break
        else:
            batch = consumer.consume_batch(timeout=1)
            if batch and mode == "views":
                batch.view("key"), batch.view("value")
            elif batch:
                batch.keys, batch.values  # noqa: B018  # made at each use
            got += len(batch)


def run(name: str, mode: str, topic: str, count: int) -> None:
    consumer, producer = clients(name)
    conf = {"bootstrap.servers": os.environ["KAFFI_TEST_BOOTSTRAP"]}
    began, start = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    if mode in ("produce", "callback", "produce_batch"):
        client = producer({**conf, "acks": 1, "linger.ms": 5})
        produce(client, mode, topic, count)
    else:
        group = {"group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest", "fetch.queue.backoff.ms": 10}
        client = consumer({**conf, **group})
        consume(client, mode, topic, count)
    end = resource.getrusage(resource.RUSAGE_SELF)
    cpu = end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime
    print(json.dumps({"cpu": cpu / count * 1e6, "rate": count / (time.perf_counter() - began)}), flush=True)
    if name == "kaffi" or mode not in ("produce", "callback"):
        client.close()


def main() -> None:
    if sys.argv[1:2] == ["run"]:
        run(*sys.argv[2:5], int(sys.argv[5]))
        return
    count, rounds = int((sys.argv[1:2] or ["300000"])[0]), int((sys.argv[2:3] or ["5"])[0])
    only = sys.argv[3] if len(sys.argv) > 3 else ""
    topic = f"kaffi-compare-{uuid.uuid4().hex[:8]}"

    def measure(name: str, mode: str, where: str) -> float:
        command = [sys.executable, __file__, "run", name, mode, where, str(count)]
        return float(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["cpu"])

    measure("kaffi", "produce_batch", topic)
    for what, (ours, theirs, bar) in PAIRS.items():
        if only not in what:
            continue
        pairs = []
        for _ in range(rounds):
            where = f"{topic}-out" if theirs in ("produce", "callback") else topic
            pairs.append((measure("kaffi", ours, where), measure("confluent", theirs, where)))
        kaffi, confluent = (statistics.median(column) for column in zip(*pairs))
        ratio = statistics.median(one / other for one, other in pairs)
        figures = f"kaffi {kaffi:5.2f} µs  confluent {confluent:5.2f} µs  ratio {ratio:4.2f}  (aim {bar})"
        print(f"{what:35} {figures}", flush=True)


if __name__ == "__main__":
    main()
