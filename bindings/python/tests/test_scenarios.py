"""The scenarios that every language plays (tests/scenarios/scenarios.md), a test for each, under its name."""

from __future__ import annotations

import importlib.util
import itertools
import threading
import time
from ctypes import byref, c_char, c_int, c_int32, c_int64, c_uint32, c_uint64, create_string_buffer
from pathlib import Path
from typing import Any, Callable

import pytest
from conftest import Cluster, read

from kaffi import Consumer, KafkaError, KafkaException, Message, MockCluster, Producer, TopicPartition
from kaffi._abi import CLOSED, DONE, INVALID_HANDLE, NOTHING, TOO_SMALL, WRONG_KIND
from kaffi._library import library


def test_names() -> None:
    """Each scenario of the list has its test here."""
    check = Path(__file__).resolve().parents[3] / "tests/scenarios/check.py"
    spec = importlib.util.spec_from_file_location("check", check)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ours = {name[5:].replace("_", "-") for name in globals() if name.startswith("test_") and name != "test_names"}
    assert ours == set(module.scenarios())


def test_produce_and_report(cluster: Cluster, topic: str) -> None:
    """Ids are the library's: those of a batch are given out, and follow each other."""
    reports: dict[int, list[object]] = {}
    with cluster.producer() as producer:
        ids = [producer.produce_batch(topic, ["first", "of a batch"]).first_id for _ in range(10)]
        for number in range(100):

            def on_delivery(error: object, _: Message, number: int = number) -> None:
                reports[number].append(error)

            reports[number] = []
            producer.produce(topic, f"{number}", on_delivery=on_delivery)
        while any(not heard for heard in reports.values()):
            assert producer.poll(30) > 0
        assert producer.flush(30) == len(producer) == 0
    assert all(second - first >= 2 for first, second in zip(ids, ids[1:]))
    assert all(heard == [None] for heard in reports.values())


def test_consume_in_order(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        for number in range(100):
            producer.produce(topic, f"{number}", partition=0)
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        messages = read(consumer, 100)
        assert [message.value() for message in messages] == [b"%d" % number for number in range(100)]
        assert [message.offset() for message in messages] == list(range(100))
        assert {(message.topic(), message.partition()) for message in messages} == {(topic, 0)}
        assert consumer.poll(0.5) is None


def test_key_and_partition(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        for partition in (0, 1, 2):
            producer.produce(topic, f"to {partition}", f"key {partition}", partition)
        for number in range(20):
            producer.produce(topic, f"by key {number}", f"equal {number % 2}")
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        got = [(message.key(), message.value(), message.partition()) for message in read(consumer, 23)]
    for partition in (0, 1, 2):
        assert (b"key %d" % partition, b"to %d" % partition, partition) in got
    for key in (b"equal 0", b"equal 1"):
        partitions = [partition for got_key, _, partition in got if got_key == key]
        assert len(partitions) == 10 and len(set(partitions)) == 1


def test_null_empty_nul(cluster: Cluster, topic: str, group: str) -> None:
    data = (None, b"", b"a\0b\0", bytes(range(256)))
    sent = list(itertools.product(data, data))
    with cluster.producer() as producer:
        for key, value in sent:
            producer.produce(topic, value, key, 0)
        producer.produce(topic, "Grüße 日本語", "clé", 0)
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        got = [(message.key(), message.value()) for message in read(consumer, len(sent) + 1)]
    assert got == [*sent, ("clé".encode(), "Grüße 日本語".encode())]


def test_small_buffer(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        producer.produce(topic, b"v" * 1000, b"k" * 100, 0)
    with cluster.consumer(group, kaffi_rebalance="auto") as consumer:
        consumer.subscribe([topic])
        buffers = [(c_char * 4000).from_buffer(bytearray(b"\xa5" * 4000)) for _ in range(3)]
        text, text_length, partition, offset = create_string_buffer(500), c_int(), c_int32(), c_int64()

        def consume(*rooms: int) -> tuple[int, list[int]]:
            lengths = [c_uint32(room) for room in rooms]
            pairs = [part for buffer, length in zip(buffers, lengths) for part in (buffer, byref(length))]
            code, end = NOTHING, time.monotonic() + 30
            while code == NOTHING and time.monotonic() < end:
                for length, room in zip(lengths, rooms):
                    length.value = room
                text_length.value = len(text)
                code = library().Consume(
                    consumer._handle, *pairs, byref(partition), byref(offset), text, byref(text_length)
                )
            return code, [length.value for length in lengths]

        need = [len(topic), 1000, 100]
        untouched = b"\xa5" * 4000
        for rooms in ([0, 0, 0], [len(topic), 999, 100], [len(topic) - 1, 1000, 100], [len(topic), 1000, 99]):
            assert consume(*rooms) == (TOO_SMALL, need)
            assert all(buffer.raw[room:] == untouched[room:] for buffer, room in zip(buffers, rooms))
        assert consume(*need) == (DONE, need)
        assert (buffers[0].raw[: need[0]], partition.value, offset.value) == (topic.encode(), 0, 0)
        assert (buffers[1].raw[:1000], buffers[2].raw[:100]) == (b"v" * 1000, b"k" * 100)
        assert all(buffer.raw[room:] == untouched[room:] for buffer, room in zip(buffers, need))


def test_commit_and_resume(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        for number in range(10):
            producer.produce(topic, f"{number}", partition=0)
    with cluster.consumer(group, enable_auto_commit=False) as consumer:
        consumer.subscribe([topic])
        assert [message.offset() for message in read(consumer, 5)] == [0, 1, 2, 3, 4]
        consumer.commit()
    with cluster.consumer(group, enable_auto_commit=False) as consumer:
        assert [entry.offset for entry in consumer.committed([TopicPartition(topic, 0)], 30)] == [5]
        consumer.subscribe([topic])
        assert [message.value() for message in read(consumer, 5)] == [b"5", b"6", b"7", b"8", b"9"]


def test_offsets_by_hand(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        for number in range(5):
            producer.produce(topic, f"{number}", partition=0)
    with cluster.consumer(group) as consumer:
        [entry] = consumer.commit(offsets=[TopicPartition(topic, 0, 3)]) or []
        assert (entry.offset, entry.error) == (3, None)
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        assert [message.offset() for message in read(consumer, 2)] == [3, 4]

    partitions = c_uint64()
    assert library().NewTopicPartitionList(byref(partitions)) == DONE
    assert library().SetTopicPartitionList(partitions.value, topic.encode(), 0) == DONE
    assert library().SetOffset(partitions.value, topic.encode(), 1, 3) == KafkaError._UNKNOWN_PARTITION
    assert library().DelBatch(partitions.value) == DONE


def test_unknown_property(cluster: Cluster) -> None:
    def refused(code: int, name: str, configure: Callable[[], object]) -> None:
        with pytest.raises(KafkaException) as caught:
            configure()
        error = caught.value.args[0]
        assert error.code() == code and name in error.str(), error

    for kind in (Producer, Consumer):
        refused(-2, "no.such.property", lambda kind=kind: kind({"no.such.property": "1"}))
        for name in ("message.max.bytes", "linger.ms"):  # linger.ms is an alias
            refused(-1, name, lambda kind=kind, name=name: kind({name: "many"}))
    with cluster.producer() as producer:
        for name in ("message.max.bytes", "linger.ms"):
            refused(-1105, name, lambda name=name: producer._set(name, 2000))


def test_broker_not_there(nobody: str, topic: str) -> None:
    heard: list[KafkaError] = []
    producer = Producer({"bootstrap.servers": nobody, "message.timeout.ms": 1000})
    start = time.monotonic()
    with pytest.raises(KafkaException) as caught:
        producer.check_connection(3)
    assert time.monotonic() - start < 4
    text = caught.value.args[0].str()
    assert nobody in text and "refused" in text
    producer.produce(topic, "lost", on_delivery=lambda error, _: heard.append(error))
    assert producer.flush(10) == 0
    assert heard == [KafkaError._MSG_TIMED_OUT]
    producer.close()


def test_bad_handles(cluster: Cluster, topic: str) -> None:
    lib = library()
    text, text_length = create_string_buffer(500), c_int()

    def new(function: Callable[..., int], *arguments: Any) -> int:
        handle = c_uint64()
        assert function(*arguments, byref(handle)) == DONE
        return handle.value

    def end(function: Callable[..., int], handle: int) -> int:
        assert function(handle) == DONE
        return handle

    def produce(handle: int) -> int:
        text_length.value = len(text)
        return lib.Produce(handle, topic.encode(), b"x", 1, None, 0, 0, byref(c_uint64()), text, byref(text_length))

    def set_topic_conf(handle: int) -> int:
        text_length.value = len(text)
        return lib.SetTopicConf(handle, b"acks", b"all", text, byref(text_length))

    def get_rows(handle: int) -> int:
        return lib.GetBatchRows(handle, byref(c_int32()))

    def mock_request(handle: int) -> int:
        text_length.value = len(text)
        return lib.MockRequest(handle, b'{"BrokerUp": {"broker": 1}}', text, byref(text_length))

    client, list_ = new(lib.InitKafka), new(lib.NewTopicPartitionList)
    kinds: list[tuple[Callable[[int], int], bool, int, int]] = [  # use, has a text, a closed one, one of another kind
        (produce, True, end(lib.UninitProducer, new(lib.InitKafka)), list_),
        (lib.WakeKafka, False, end(lib.UninitConsumer, new(lib.InitKafka)), list_),
        (set_topic_conf, True, end(lib.DelTopicConf, new(lib.NewTopicConf)), list_),
        (get_rows, False, end(lib.DelBatch, new(lib.NewTopicPartitionList)), client),
        (mock_request, True, closed_mock(), client),
    ]
    with cluster.producer() as beside:
        for use, has_text, closed, other in kinds:
            wrong = {0: INVALID_HANDLE, 2**50 + 12345: INVALID_HANDLE, closed: CLOSED, other: WRONG_KIND}
            for handle, code in wrong.items():
                text_length.value = 0
                assert use(handle) == code
                assert not has_text or text_length.value > 0
        beside.produce(topic, "goes on")
        assert beside.flush(30) == 0
    end(lib.UninitProducer, client), end(lib.DelBatch, list_)


def closed_mock() -> int:
    mock = MockCluster()
    mock.close()
    return mock._handle


def test_close_in_flight(cluster: Cluster, topic: str, group: str) -> None:
    producer = cluster.producer(linger_ms=500)
    for number in range(1000):
        producer.produce(topic, f"{number}", partition=0)
    producer.close()
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        assert [message.value() for message in read(consumer, 1000)] == [b"%d" % number for number in range(1000)]


def test_close_without_broker(nobody: str, topic: str) -> None:
    heard: list[KafkaError] = []
    producer = Producer({"bootstrap.servers": nobody, "kaffi.close.timeout.ms": 1000})
    for _ in range(10):
        producer.produce(topic, "lost", on_delivery=lambda error, _: heard.append(error))
    start = time.monotonic()
    with pytest.raises(KafkaException) as caught:
        producer.close()
    assert time.monotonic() - start < 3
    error = caught.value.args[0]
    assert error.code() == KafkaError.UNDELIVERED == -1109 and " 10 " in error.str()
    assert heard == [KafkaError.UNDELIVERED] * 10


def test_two_threads(cluster: Cluster, topic: str, group: str) -> None:
    reported: list[Message] = []
    with cluster.producer() as producer:

        def work(partition: int) -> None:
            for number in range(1000):
                producer.produce(
                    topic, f"{number}", partition=partition, on_delivery=lambda _, message: reported.append(message)
                )

        threads = [threading.Thread(target=work, args=(partition,)) for partition in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert producer.flush(30) == 0
    assert len({(message.partition(), message.offset()) for message in reported}) == 2000
    assert len(reported) == 2000 and not any(message.error() for message in reported)
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        messages = read(consumer, 2000)
    for partition in (0, 1):
        values = [message.value() for message in messages if message.partition() == partition]
        assert values == [b"%d" % number for number in range(1000)]


def test_close_while_waiting(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        producer.produce(topic, "first")
    consumer = cluster.consumer(group)
    consumer.subscribe([topic])
    assert len(read(consumer, 1)) == 1
    waiting, ended, caught = threading.Event(), [], []

    def wait() -> None:
        waiting.set()
        try:
            consumer.poll(30)
        except KafkaException as error:
            caught.append(error.args[0])
        ended.append(time.monotonic())

    thread = threading.Thread(target=wait)
    thread.start()
    assert waiting.wait(10)
    start = time.monotonic()
    consumer.close()
    thread.join(10)
    assert caught == [KafkaError.CLOSED] and ended[0] - start < 1
