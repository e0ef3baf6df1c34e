"""Batches: consuming and producing in columns, Arrow, and what produce() gathers."""

from __future__ import annotations

import gc
import os
import random
import threading
import time
from array import array
from typing import Any

import pytest
from conftest import Cluster, read

from kaffi import (
    TIMESTAMP_CREATE_TIME,
    Batch,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    QueueFull,
    TopicPartition,
)

VALUES = [b"one", None, b"", bytes(range(256)), b"x" * 5000]
KEYS = [None, b"key", b"", b"\0", None]
HEADERS = [None, [("a", b"1"), ("a", None), ("b", b"")], [], [("é", b"\0\xff")], None]


def fill(cluster: Cluster, topic: str, count: int) -> None:
    with cluster.producer(linger_ms=1000) as producer:
        assert producer.produce_batch(topic, [b"%d" % number for number in range(count)], partitions=0).refused == {}


def columns(cluster: Cluster, topic: str, group: str, count: int) -> list[Batch]:
    """So many records of a topic, in batches."""
    batches: list[Batch] = []
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        while sum(map(len, batches)) < count:
            batches.append(consumer.consume_batch(timeout=30))
            assert batches[-1]
    return batches


def one(cluster: Cluster, topic: str, group: str, count: int) -> Batch:
    """So many records of a topic in one batch; they were sent together. They may come in several: then they are read
    again.
    """
    for attempt in range(10):
        batches = columns(cluster, topic, f"{group}-{attempt}", count)
        if len(batches) == 1:
            return batches[0]
    pytest.fail(f"{count} records never came in one batch")


@pytest.fixture
def odd(cluster: Cluster, topic: str, group: str) -> Batch:
    """A consumed batch with all that is unusual in it."""
    with cluster.producer(linger_ms=1000) as producer:
        times = [1_600_000_000_000 + number for number in range(5)]
        produced = producer.produce_batch(topic, VALUES, KEYS, HEADERS, [0] * 5, times)  # type: ignore[arg-type]
        assert produced.first_id > 0 and produced.refused == {}
    return one(cluster, topic, group, 5)


def test_columns(odd: Batch, topic: str) -> None:
    assert len(odd) == 5 and repr(odd) == "<Batch of 5 records>"
    assert (odd.values, odd.keys) == (VALUES, KEYS)
    assert (odd.topics, odd.partitions, odd.offsets) == ([topic] * 5, [0] * 5, [0, 1, 2, 3, 4])
    assert odd.timestamps == [1_600_000_000_000 + number for number in range(5)]
    assert odd.headers == [row or None for row in HEADERS]
    messages = list(odd)
    assert [(message.key(), message.value()) for message in messages] == list(zip(KEYS, VALUES))
    assert [message.offset() for message in messages] == odd.offsets
    assert [message.headers() for message in messages] == odd.headers
    assert {(message.topic(), message.timestamp()[0], message.error()) for message in messages} == {(topic, 1, None)}


def test_views(odd: Batch) -> None:
    views = odd.views("value")
    assert [view if view is None else view.tobytes() for view in views] == VALUES
    data, offsets, validity = odd.view("key")
    assert data.readonly and data.tobytes() == b"key\0"
    assert offsets is not None and offsets.tolist() == [0, 0, 3, 3, 4, 4]
    assert validity is not None and [validity[0] >> row & 1 for row in range(5)] == [0, 1, 1, 1, 0]
    assert odd.view("offset").data.tolist() == odd.offsets and odd.view("partition").data.tolist() == [0] * 5
    names = odd.view("header.name")
    assert names.data.tobytes() == "aabé".encode() and names.offsets is not None and len(names.offsets) == 5
    assert odd.view("topic.name").data.tobytes().decode() == odd.topics[0]
    with pytest.raises(KafkaException, match="there is no column"):
        odd.view("nothing")


def test_views_keep_the_batch(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 100)
    view, values = one(cluster, topic, group, 100).views("value"), [b"%d" % number for number in range(100)]
    for _ in range(3):  # memory that is free again would be used for these
        gc.collect()
        fill(cluster, topic, 1000)
    assert [entry and entry.tobytes() for entry in view] == values


def test_numpy(odd: Batch) -> None:
    numpy = pytest.importorskip("numpy")
    offsets = odd.numpy("offset")
    assert offsets.dtype == numpy.int64 and offsets.tolist() == odd.offsets and not offsets.flags.writeable
    assert odd.numpy("partition").dtype == numpy.int32
    assert odd.numpy("timestamp").tolist() == odd.timestamps
    with pytest.raises(TypeError, match="bytes"):
        odd.numpy("value")


def test_pyarrow(odd: Batch, topic: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.record_batch(odd)
    table.validate(full=True)
    assert table.column("value").to_pylist() == VALUES and table.column("key").to_pylist() == KEYS
    assert table.column("topic").to_pylist() == [topic] * 5 and table.column("offset").to_pylist() == [0, 1, 2, 3, 4]
    assert table.column("timestamp").cast("int64").to_pylist() == odd.timestamps
    first = table.column("headers").to_pylist()[1]
    assert [(header["name"], header["value"]) for header in first] == HEADERS[1]
    del odd
    gc.collect()
    assert table.column("value").to_pylist() == VALUES


def test_arrow_capsules_that_nobody_takes(odd: Batch) -> None:
    pytest.importorskip("pyarrow")
    for _ in range(1000):
        assert len(odd.__arrow_c_array__()) == 2
    assert odd.values == VALUES


def test_polars(odd: Batch) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.from_arrow(odd)
    frame = frame if isinstance(frame, polars.DataFrame) else frame.struct.unnest()
    assert frame["value"].to_list() == VALUES and frame["offset"].to_list() == [0, 1, 2, 3, 4]


def test_forward_a_batch(cluster: Cluster, topic: str, odd: Batch) -> None:
    """What was consumed is produced as it is: to another topic, and to its own."""
    with cluster.producer(linger_ms=1000) as producer:
        assert producer.produce_batch(f"{topic}-copy", odd, partitions=-2).refused == {}
        assert producer.produce_batch(None, odd, partitions=1).refused == {}
    copy = one(cluster, f"{topic}-copy", f"{topic}-copies", 5)
    assert (copy.values, copy.keys, copy.headers) == (odd.values, odd.keys, odd.headers)
    assert copy.timestamps == odd.timestamps and copy.partitions == [0] * 5
    again = [message for batch in columns(cluster, topic, f"{topic}-again", 10) for message in batch]
    assert [message.value() for message in again if message.partition() == 1] == VALUES


def test_produce_arrow(cluster: Cluster, topic: str, group: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    strings = pyarrow.record_batch({"value": ["é", None, ""], "key": [b"a", b"b", b"c"], "else": [1, 2, 3]})
    named = pyarrow.record_batch({"topic": [topic] * 2, "partition": [0, 0], "value": pyarrow.array([b"x", b"y"])})
    with cluster.producer() as producer:
        producer.produce_batch(topic, strings, partitions=0)
        producer.produce_batch(None, named, partitions=-2)
        with pytest.raises(KafkaException):
            producer.produce_batch(None, strings)
        with pytest.raises(KafkaException):
            producer.produce_batch(topic, pyarrow.array([b"no struct"]))
        with pytest.raises(TypeError):
            producer.produce_batch(topic, strings, keys=[b"x"] * 3)
    assert [value for batch in columns(cluster, topic, group, 5) for value in batch.values] == [
        "é".encode(),
        None,
        b"",
        b"x",
        b"y",
    ]


def test_produce_lists_and_buffers(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        first = producer.produce_batch(topic, ["text", b"bytes", None, bytearray(b"array")], partitions=0)
        second = producer.produce_batch(topic, (b"onetwo", [3, -1, 3]), (b"kk", array("i", [1, 1, 0])), partitions=0)
        assert second.first_id >= first.first_id + 4
        assert producer.produce_batch(topic, []).refused == {}
        assert producer.produce_batch(topic, iter([b"of an iterator"]), partitions=iter([0])).refused == {}
    batches = columns(cluster, topic, group, 8)
    values = [value for batch in batches for value in batch.values]
    assert values == [b"text", b"bytes", None, b"array", b"one", None, b"two", b"of an iterator"]
    assert [key for batch in batches for key in batch.keys] == [None] * 4 + [b"k", b"k", b"", None]


def test_bad_batches(cluster: Cluster, topic: str) -> None:
    wrong: list[tuple[type[BaseException], dict[str, Any]]] = [
        (TypeError, {"values": b"one value"}),
        (TypeError, {"values": "text"}),
        (TypeError, {"values": [5]}),
        (TypeError, {"values": 5}),
        (TypeError, {"topic": None, "values": [b"x"]}),
        (TypeError, {"topic": 5, "values": [b"x"]}),
        (ValueError, {"topic": "", "values": [b"x"]}),
        (ValueError, {"topic": "a\0b", "values": [b"x"]}),
        (KafkaException, {"values": [b"x"], "keys": [b"x", b"y"]}),
        (KafkaException, {"values": (b"abc", [1, 1])}),
        (KafkaException, {"values": (b"abc", [5, -2])}),
        (ValueError, {"values": (b"abc", [2**40])}),
        (KafkaException, {"values": [b"x"], "partitions": [0, 1]}),
        (KafkaException, {"values": [b"x"], "partitions": [2**40]}),
        (ValueError, {"values": [b"x"], "partitions": [2**70]}),
        (ValueError, {"values": [b"x"], "partitions": 2**31}),
        (KafkaException, {"values": [b"x"], "partitions": -3}),
        (ValueError, {"values": [b"x"], "timestamps": [-5]}),
        (KafkaException, {"values": [b"x"], "headers": [None, None]}),
        (TypeError, {"values": [b"x"], "headers": [{"a": 5}]}),
        (ValueError, {"values": [b"x"], "headers": [{"a\0b": b""}]}),
    ]
    with cluster.producer() as producer:
        for error, arguments in wrong:
            with pytest.raises(error):
                producer.produce_batch(**{"topic": topic, **arguments})
        assert len(producer) == 0
        assert producer.produce_batch(topic, ["good"]).refused == {}
    with pytest.raises(KafkaException) as caught:
        producer.produce_batch(topic, ["x"])
    assert caught.value.args[0] == KafkaError.CLOSED


def test_refused_rows(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer(message_max_bytes=2000, linger_ms=1000) as producer:
        produced = producer.produce_batch(topic, [b"good", b"x" * 5000, b"good too"], partitions=0)
        assert produced.refused == {1: KafkaError.MSG_SIZE_TOO_LARGE}
    assert one(cluster, topic, group, 2).values == [b"good", b"good too"]


def test_queue_full_keeps_the_rest(cluster: Cluster, topic: str, group: str) -> None:
    values = [b"%d" % number for number in range(500)]
    rests = 0
    with cluster.producer(queue_buffering_max_messages=20, kaffi_produce_timeout_ms=0, linger_ms=100) as producer:
        rest: Any = values
        while True:
            try:
                produced = producer.produce_batch(topic, rest, partitions=0)
                break
            except BufferError as error:
                assert isinstance(error, QueueFull) and 0 < error.left <= 480
                rest, rests = error.rest, rests + 1
                producer.flush()
        assert rests > 0 and produced.refused == {}
    assert [value for batch in columns(cluster, topic, group, 500) for value in batch.values] == values


def test_consume_batch(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 2500)
    offsets: list[int] = []
    with cluster.consumer(group) as consumer:
        with pytest.raises(KafkaException) as caught:
            consumer.consume_batch(timeout=0)
        assert caught.value.args[0] == KafkaError.NOT_STARTED
        consumer.subscribe([topic])
        for wrong in (0, -1, 2**31):
            with pytest.raises(ValueError):
                consumer.consume_batch(wrong)
        while len(offsets) < 2500:
            batch = consumer.consume_batch(700, 30)
            assert 0 < len(batch) <= 700
            offsets += batch.offsets
        empty = consumer.consume_batch(timeout=0.3)
        assert not empty and len(empty) == 0 and list(empty) == empty.values == empty.offsets == empty.topics == []
    assert offsets == list(range(2500))
    assert batch.offsets == offsets[-len(batch) :]  # a batch outlives its consumer
    with pytest.raises(KafkaException) as caught:
        consumer.consume_batch()
    assert caught.value.args[0] == KafkaError.CLOSED


def test_poll_consume_and_batches_mixed(cluster: Cluster, topic: str, group: str) -> None:
    """Each way takes up where the other left, and only what was handed out is committed."""
    fill(cluster, topic, 2000)
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        assert [message.offset() for message in read(consumer, 3)] == [0, 1, 2]
        offsets = consumer.consume_batch(10).offsets  # what is there: one to ten
        assert 1 <= len(offsets) <= 10
        messages = consumer.consume(2)
        assert 1 <= len(messages) <= 2
        offsets += [message.offset() for message in messages]
        last = 3 + len(offsets)
        assert offsets == list(range(3, last))
        consumer.commit()
        assert [entry.offset for entry in consumer.committed([TopicPartition(topic, 0)])] == [last]
        offsets = [offset for _ in range(2) for offset in consumer.consume_batch(100).offsets]
        assert offsets == list(range(last, last + len(offsets)))
        last += len(offsets)
    with cluster.consumer(group) as consumer:
        assert [entry.offset for entry in consumer.committed([TopicPartition(topic, 0)])] == [last]


def test_headers_and_timestamp(cluster: Cluster, topic: str, group: str) -> None:
    reports: list[Message] = []
    with cluster.producer() as producer:
        for number in range(50):
            headers: Any = {"a": "text", "b": None} if number % 2 else [("c", b"1"), ("c", b"2")]
            producer.produce(
                topic,
                f"{number}",
                partition=0,
                timestamp=1_600_000_000_000 + number,
                headers=headers,
                on_delivery=lambda _, message: reports.append(message),
            )
        for wrong, error in (({"a": 5}, TypeError), ({5: b""}, TypeError), ({"a\0": b""}, ValueError)):
            with pytest.raises(error):
                producer.produce(topic, "x", headers=wrong)  # type: ignore[arg-type]
        for wrong, error in ((-1, ValueError), (2**63, ValueError), ("now", TypeError)):
            with pytest.raises(error):
                producer.produce(topic, "x", timestamp=wrong)  # type: ignore[arg-type]
    for number, message in enumerate(reports):  # the embedded cluster reports a time of its own
        assert message.timestamp() in ((TIMESTAMP_CREATE_TIME, 1_600_000_000_000 + number), (2, 1234))
    assert reports[1].headers() == [("a", b"text"), ("b", None)]
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        got = read(consumer, 50)
    assert [message.value() for message in got] == [b"%d" % number for number in range(50)]
    assert [message.timestamp() for message in got] == [(1, 1_600_000_000_000 + number) for number in range(50)]
    assert got[0].headers() == [("c", b"1"), ("c", b"2")] and got[1].headers() == [("a", b"text"), ("b", None)]


def gather(producer: Producer, topic: str, count: int, **more: Any) -> None:
    """Produces until records are gathered: the first go directly."""
    end = time.monotonic() + 30
    producer.produce(topic, "-1", partition=0, **more)
    producer._gather_seconds = 1000.0  # the thread that looks after them shall not come first
    number = 0
    while number < count:
        producer.produce(topic, f"{number}", partition=0, **more)
        number += 1
    assert producer._gathered and time.monotonic() < end


def test_gathered_records_go_without_another_call(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        for number in range(100):
            producer.produce(topic, f"{number}", partition=0)
            if number == 0:
                producer.flush()  # so that there is a topic
        with cluster.consumer(group) as consumer:
            consumer.subscribe([topic])
            assert [message.value() for message in read(consumer, 100)] == [b"%d" % number for number in range(100)]


WAYS = ("flush", "poll", "close", "with", "del", "exception", "thread", "fork", "direct", "batch")


@pytest.mark.parametrize("how", WAYS)
def test_gathered_records_are_handed_over(cluster: Cluster, topic: str, group: str, how: str) -> None:
    heard: list[bytes | None] = []
    producer = cluster.producer(on_delivery=lambda _, message: heard.append(message.value()))
    gather(producer, topic, 50)
    extra = []
    if how == "flush":
        assert producer.flush() == 0 and len(producer) == 0
    elif how == "poll":
        while len(heard) < 51:
            assert producer.poll(30) > 0
    elif how == "with":
        with producer:
            pass
    elif how == "exception":
        with pytest.raises(RuntimeError), producer:
            raise RuntimeError
    elif how == "thread":
        thread = threading.Thread(target=producer.flush)
        thread.start()
        thread.join()
        assert len(heard) == 51
    elif how == "fork":
        child = os.fork()
        if child == 0:
            producer.close()
            os._exit(len(producer))
        assert os.waitpid(child, 0)[1] == 0
    elif how == "direct":
        extra = [b"x" * 10_000]
        producer.produce(topic, extra[0], partition=0)
        assert not producer._gathered
    elif how == "batch":
        extra = [b"of a batch"]
        producer.produce_batch(topic, extra, partitions=0)
        assert not producer._gathered
    if how == "del":
        with pytest.warns(ResourceWarning):
            del producer
    else:
        producer.close()
    values = [b"%d" % number for number in range(-1, 50)]
    assert heard == values + (extra if how == "direct" else [])
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        assert [message.value() for message in read(consumer, 51 + len(extra))] == values + extra


def test_gathered_records_that_fail(cluster: Cluster, topic: str) -> None:
    heard: list[tuple[object, bytes | None]] = []
    producer = cluster.producer(message_max_bytes=4000)
    for number in range(1000):
        producer.produce(topic, f"{number}", on_delivery=lambda error, message: heard.append((error, message.value())))
    assert producer.flush() == 0  # so that the partitions are known
    for _ in range(2):
        with pytest.raises(KafkaException) as caught:
            producer.produce(topic, b"x" * 4000)
        assert caught.value.args[0] == KafkaError.MSG_SIZE_TOO_LARGE
        with pytest.raises(KafkaException) as caught:
            producer.produce(topic, "x", partition=99)
        assert caught.value.args[0] == KafkaError._UNKNOWN_PARTITION
    producer.close()
    assert sorted(int(value or b"") for _, value in heard) == list(range(1000)) and not any(error for error, _ in heard)


def test_gathered_records_without_a_broker(nobody: str, topic: str) -> None:
    """Each is counted, and each callback called, also those that the queue has no room for."""
    heard: list[object] = []
    conf = {"queue.buffering.max.messages": 1000, "kaffi.produce.timeout.ms": 0, "kaffi.close.timeout.ms": 300}
    producer = Producer({"bootstrap.servers": nobody, "on_delivery": lambda error, _: heard.append(error), **conf})
    taken = 0
    with pytest.raises(BufferError):
        while True:
            producer.produce(topic, "x")
            taken += 1
    assert 1000 <= taken <= 1000 + producer._gather and len(producer) == taken
    with pytest.raises(KafkaException) as caught:
        producer.close()
    assert caught.value.args[0] == KafkaError.UNDELIVERED
    assert heard == [KafkaError.UNDELIVERED] * taken


def test_nothing_is_gathered_with_linger_0(cluster: Cluster, topic: str) -> None:
    with cluster.producer(linger_ms=0) as producer:
        for _ in range(100):
            producer.produce(topic, "x")
            assert not producer._gathered


def test_many_topics_in_order(cluster: Cluster, topic: str, group: str) -> None:
    """Gathered records of several topics and partitions, with and without keys, keep their order."""
    rng = random.Random(5)
    sent: dict[tuple[str, int], list[bytes]] = {}
    with cluster.producer() as producer:
        for number in range(5000):
            where = f"{topic}-{rng.randrange(2)}", rng.randrange(3)
            value = b"%d" % number + b"x" * rng.choice((0, 10, 5000 if number % 100 == 0 else 20))
            key = rng.choice((None, b"", b"key"))
            sent.setdefault(where, []).append(value)
            producer.produce(where[0], value, key, where[1])
    got: dict[tuple[str, int], list[bytes]] = {}
    with cluster.consumer(group) as consumer:
        consumer.subscribe([f"{topic}-0", f"{topic}-1"])
        for message in read(consumer, 5000):
            got.setdefault((message.topic() or "", message.partition() or 0), []).append(message.value() or b"")
    assert got == sent


def test_random_batches_arrive_byte_for_byte(cluster: Cluster, topic: str, group: str) -> None:
    rng = random.Random(7)
    sizes = (0, 1, 7, 100, 3000, 100_000)
    values = [rng.choice((None, rng.randbytes(rng.choice(sizes)))) for _ in range(60)]
    keys = [rng.choice((None, rng.randbytes(rng.choice(sizes[:4])))) for _ in range(60)]
    headers = [[("h", rng.choice((None, b"", rng.randbytes(9))))] * rng.randrange(3) for _ in range(60)]
    with cluster.producer() as producer:
        producer.produce_batch(topic, values, keys, headers, partitions=0)  # type: ignore[arg-type]
    batches = columns(cluster, topic, group, 60)
    assert [value for batch in batches for value in batch.values] == values
    assert [key for batch in batches for key in batch.keys] == keys
    assert [row for batch in batches for row in batch.headers] == [row or None for row in headers]


def test_batches_from_a_consumer_that_ends(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 10)
    consumer: Consumer = cluster.consumer(group)
    consumer.subscribe([topic])
    batch = consumer.consume_batch(4, 30)
    consumer.close()
    assert batch.values == [b"%d" % number for number in range(len(batch))]
    with cluster.consumer(group) as consumer:
        assert [entry.offset for entry in consumer.committed([TopicPartition(topic, 0)])] == [len(batch)]
