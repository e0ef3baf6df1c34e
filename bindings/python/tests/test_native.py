"""The part of the package that is in machine code, and the Python that does the same where it cannot be loaded."""

from __future__ import annotations

import copy
import gc
import json
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import Cluster, read

from kaffi import KafkaError, KafkaException, Message, Producer, TopicPartition

FIELDS = "topic", "partition", "offset", "key", "value", "timestamp", "headers", "leader_epoch", "latency"
PURE = bool(os.environ.get("KAFFI_PURE_PYTHON"))

DESCRIBE = """
import inspect, json
from kaffi import _batch, _gather, _hand, message
found = {}
classes = _batch.Records, _gather.Deliveries, _gather.Gathered, _gather.Gatherer, _hand.Poller, message.Message
for one in classes:
    for name, member in [("", one), *vars(one).items()]:
        if not name.startswith("_") and name not in ("dropped", "handle", "stored"):  # attributes, in Python
            found[f"{one.__name__}.{name}"] = inspect.getdoc(member)
print(json.dumps(found))
"""


def test_both_are_documented_alike() -> None:
    def described(pure: str) -> dict[str, str]:
        env = {**os.environ, "KAFFI_PURE_PYTHON": pure, "PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run([sys.executable, "-c", DESCRIBE], env=env, check=True, stdout=subprocess.PIPE)
        documented: dict[str, str] = json.loads(done.stdout)
        return {name: " ".join((text or "").split()) for name, text in documented.items()}

    assert described("") == described("1")


def test_it_is_used() -> None:
    if sys.version_info < (3, 10) or sys.implementation.name != "cpython":
        pytest.skip("the part in machine code is for CPython 3.10 and newer")
    assert (Message.__module__ == "kaffi") is not PURE


def test_a_message_can_be_copied_and_pickled(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        now = int(time.time() * 1000)  # what is old is not kept
        producer.produce(topic, "value", "key", headers=[("a", None), ("b", b"1")], timestamp=now)
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        consumed = read(consumer, 1)[0]
    made = Message("t", 1, 2, b"k", b"v", 3, 1, 4, [("h", b"x")], KafkaError(5), 0.5)
    for message in consumed, made, Message():
        for other in pickle.loads(pickle.dumps(message)), copy.deepcopy(message):
            for name in FIELDS:
                assert getattr(other, name)() == getattr(message, name)()
            assert repr(other) == repr(message)
    assert made.latency() == 0.5


def test_a_message_keeps_its_batch(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        producer.produce(topic, b"v" * 1000, headers=[("name", b"h" * 1000)])
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        message = read(consumer, 1)[0]
    del consumer
    gc.collect()
    assert (message.value(), message.headers()) == (b"v" * 1000, [("name", b"h" * 1000)])
    assert (message.topic(), message.offset(), len(message)) == (topic, 0, 1000)


@pytest.mark.parametrize("rows", [-1, "2", 2**70])
def test_nothing_false_is_taken(rows: object) -> None:
    if PURE:
        pytest.skip("there is nothing in machine code")
    from kaffi._batch import Records

    with pytest.raises((TypeError, OverflowError)):
        Records(None, rows)  # type: ignore[arg-type]


class Holder:
    """Its producer's callback leads back to it."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self.told: list[object] = []
        self.producer = Producer({"bootstrap.servers": cluster.bootstrap, "on_delivery": self.tell})
        for number in range(1000):
            self.producer.produce(topic, str(number))

    def tell(self, error: KafkaError | None, message: Message) -> None:
        self.told.append((error, message.value()))


def test_a_forgotten_circle_is_closed(cluster: Cluster, topic: str) -> None:
    holder = Holder(cluster, topic)
    told = holder.told
    del holder
    with pytest.warns(ResourceWarning, match="unclosed <Producer"):
        gc.collect()
    assert sorted(told) == sorted((None, b"%d" % number) for number in range(1000))


def test_threads_produce_and_each_callback_is_called_once(cluster: Cluster, topic: str) -> None:
    told: list[object] = []
    with cluster.producer() as producer:

        def work(writer: int) -> None:
            for number in range(5000):
                name = f"{writer} {number}"

                def tell(_: object, message: Message, name: str = name) -> None:
                    told.append((name, message.value()))

                producer.produce(topic, name, on_delivery=tell)
                if number % 100 == 0:
                    producer.poll(0)

        threads = [threading.Thread(target=work, args=(writer,)) for writer in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert producer.flush(30) == 0
    names = [f"{writer} {number}" for writer in range(4) for number in range(5000)]
    assert sorted(told) == sorted((name, name.encode()) for name in names)


def test_what_is_closed_says_so(cluster: Cluster, topic: str, group: str) -> None:
    for linger in 0, 5:
        producer = cluster.producer(linger_ms=linger)
        for number in range(50):
            producer.produce(topic, str(number))
        producer.close()
        with pytest.raises(KafkaException) as closed:
            producer.produce(topic, "late")
        assert closed.value.args[0].code() == KafkaError.CLOSED
    consumer = cluster.consumer(group)
    consumer.subscribe([topic])
    assert len(read(consumer, 100)) == 100
    consumer.close()
    with pytest.raises(KafkaException) as closed:
        consumer.poll(0)
    assert closed.value.args[0].code() == KafkaError.CLOSED


def test_wrong_records_are_refused(cluster: Cluster, topic: str) -> None:
    with cluster.producer() as producer:
        for _ in range(100):
            producer.produce(topic, "right")
        wrongs = {"value": 1, "key": 1.5, "partition": "0", "timestamp": "now", "headers": 5, "callback": 7}
        for key, wrong in wrongs.items():
            with pytest.raises((TypeError, ValueError)):
                producer.produce(topic, **{"value": "x", key: wrong})  # type: ignore[arg-type]
        for partition in 2**31, -(2**40):
            with pytest.raises(ValueError):
                producer.produce(topic, "x", partition=partition)
        for name in "", "\0", 5:
            with pytest.raises((KafkaException, TypeError, ValueError)):
                producer.produce(name, "x")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            producer.produce()  # type: ignore[call-arg]
        with pytest.raises(UnicodeEncodeError):
            producer.produce(topic, "\ud800")
        assert producer.flush(30) == 0


def test_poll_and_batches_may_be_mixed(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer, cluster.consumer(group) as consumer:
        for start in range(0, 40, 10):
            producer.produce_batch(topic, [b"%d" % number for number in range(start, start + 10)], partitions=0)
            assert producer.flush(30) == 0
            if start == 0:
                consumer.subscribe([topic])  # the topic is there
            assert [message.offset() for message in read(consumer, 5)] == [*range(start, start + 5)]
            batch = consumer.consume_batch(timeout=30)
            offsets = batch.offsets + [message.offset() for message in read(consumer, 5 - len(batch))]
            assert offsets == [*range(start + 5, start + 10)]
            place = TopicPartition(topic, 0)
            consumer.commit(asynchronous=False)
            assert [one.offset for one in consumer.committed([place])] == [start + 10]
            consumer.pause([place])
            consumer.resume([place])


def test_a_callback_may_poll(cluster: Cluster, topic: str, group: str) -> None:
    count = 20_000
    with cluster.producer() as producer:
        producer.produce_batch(topic, [b"x"] * count, partitions=0)
    got: list[int | None] = []

    def stats(_: str) -> None:
        message = consumer.poll(0)
        if message is not None:
            got.append(message.offset())

    with cluster.consumer(group, stats_cb=stats, statistics_interval_ms=5) as consumer:
        consumer.subscribe([topic])
        while len(got) < count:
            message = consumer.poll(30)
            assert message is not None
            got.append(message.offset())
    assert sorted(got, key=lambda offset: offset or 0) == [*range(count)]


def test_a_subclass_of_bytes_is_bytes(cluster: Cluster, topic: str, group: str) -> None:
    class Named(bytes):
        pass

    with cluster.producer() as producer:
        for number in range(200):
            producer.produce(topic, Named(b"%d" % number), Named(b"key"), 0)
        producer.produce_batch(topic, [Named(b"200")], partitions=0)
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        values = [message.value() for message in read(consumer, 201)]
    assert values == [b"%d" % number for number in range(201)] and {type(value) for value in values} == {bytes}
