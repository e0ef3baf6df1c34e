"""What the producer does beyond the scenarios."""

from __future__ import annotations

import os
import threading

import pytest
from conftest import Cluster, read

from kaffi import KafkaError, KafkaException, Message, Producer

Reports = list[tuple[object, Message]]


def test_callbacks_run_on_the_callers_thread(cluster: Cluster, topic: str) -> None:
    threads = []
    with cluster.producer() as producer:
        for _ in range(3):
            producer.produce(topic, "x", on_delivery=lambda *_: threads.append(threading.current_thread()))
        served = 0
        while served < 3:
            served += producer.poll(30)
        assert threads == [threading.current_thread()] * 3
        producer.produce(topic, "x", callback=lambda *_: threads.append(threading.current_thread()))
        other = threading.Thread(target=producer.flush)
        other.start()
        other.join()
    assert threads[3:] == [other]


def test_message_of_a_report(cluster: Cluster, topic: str) -> None:
    reports: Reports = []
    with cluster.producer(on_delivery=lambda *report: reports.append(report)) as producer:
        assert len(producer) == 0 and producer
        producer.produce(topic, "value", "key", 0)
        producer.produce(topic, None, None, 0)
        assert len(producer) == 2
        assert producer.flush() == 0
        assert len(producer) == 0
    (error, message), (_, tombstone) = reports
    assert error is None and message.error() is None
    assert (message.topic(), message.partition(), message.offset()) == (topic, 0, 0)
    assert (message.key(), message.value(), len(message), message.headers()) == (b"key", b"value", 5, None)
    assert message.timestamp()[1] > 0
    assert 0 <= (message.latency() or -1) < 60
    assert (tombstone.key(), tombstone.value(), tombstone.offset()) == (None, None, 1)


def test_record_without_callback(cluster: Cluster, topic: str) -> None:
    with cluster.producer() as producer:
        for _ in range(100):
            producer.produce(topic, "x")
        while producer._in_flight():
            assert producer.poll(30) == 0
        assert producer.flush() == 0 and not producer._deliveries.awaited()


def test_poll_and_flush_return_at_once_with_nothing_on_its_way(cluster: Cluster) -> None:
    with cluster.producer() as producer:
        assert (producer.poll(), producer.poll(-1), producer.flush(), producer.flush(-1)) == (0, 0, 0, 0)


def test_exception_in_a_callback(cluster: Cluster, topic: str) -> None:
    heard = []

    def on_delivery(_: object, message: Message) -> None:
        heard.append(message.value())
        if message.value() == b"1":
            raise RuntimeError("in the callback")

    with cluster.producer(on_delivery=on_delivery) as producer:
        for number in range(3):
            producer.produce(topic, f"{number}", partition=0)
        with pytest.raises(RuntimeError, match="in the callback"):
            producer.flush()
        assert heard == [b"0", b"1"]
        assert producer.flush() == 0
        assert heard == [b"0", b"1", b"2"]

    producer = cluster.producer(on_delivery=on_delivery)
    for number in range(3):
        producer.produce(topic, f"{number}", partition=0)
    with pytest.raises(RuntimeError, match="in the callback"):
        producer.close()
    assert heard[3:] == [b"0", b"1", b"2"]
    producer.close()


def test_callback_that_produces(cluster: Cluster, topic: str) -> None:
    heard = []

    def again(_: object, message: Message) -> None:
        heard.append(message.value())
        if len(heard) < 5:
            producer.produce(topic, f"{len(heard)}", on_delivery=again)
            producer.poll(0)

    producer = cluster.producer()
    producer.produce(topic, "0", on_delivery=again)
    assert producer.flush() == 0
    producer.close()
    assert heard == [b"0", b"1", b"2", b"3", b"4"]


def test_queue_full(nobody: str, topic: str) -> None:
    conf = {"queue.buffering.max.messages": 3, "kaffi.produce.timeout.ms": 300, "kaffi.close.timeout.ms": 0}
    producer = Producer({"bootstrap.servers": nobody, **conf})
    for _ in range(3):
        producer.produce(topic, "x")
    with pytest.raises(BufferError):
        producer.produce(topic, "one too many")
    assert len(producer) == 3
    assert producer.flush(0.3) == 3
    with pytest.raises(KafkaException) as caught:
        producer.close()
    assert caught.value.args[0] == KafkaError.UNDELIVERED


def test_queue_full_waits_for_room(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer(queue_buffering_max_messages=10) as producer:
        for number in range(1000):
            producer.produce(topic, f"{number}", partition=0)
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        assert len(read(consumer, 1000)) == 1000


def test_failure_without_a_callback_is_told_by_close(nobody: str, topic: str) -> None:
    producer = Producer({"bootstrap.servers": nobody, "message.timeout.ms": 300})
    producer.produce(topic, "x")
    assert producer.flush(10) == 0
    with pytest.raises(KafkaException) as caught:
        producer.close()
    assert caught.value.args[0] == KafkaError.UNDELIVERED


def test_too_large(cluster: Cluster, topic: str) -> None:
    with cluster.producer(message_max_bytes=2000) as producer:
        with pytest.raises(KafkaException) as caught:
            producer.produce(topic, b"x" * 5000)
        assert caught.value.args[0] == KafkaError.MSG_SIZE_TOO_LARGE
        producer.produce(topic, b"x" * 500)


def test_data(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        for value in ("text é", b"bytes", bytearray(b"array"), memoryview(b"view")):
            producer.produce(topic, value, value, 0)
        for wrong in (5, ["x"], object()):
            with pytest.raises(TypeError):
                producer.produce(topic, wrong)  # type: ignore[arg-type]
        for topic_name, error in ((None, TypeError), ("a\0b", ValueError), ("", KafkaException)):
            with pytest.raises(error):
                producer.produce(topic_name, "x")  # type: ignore[arg-type]
        for partition in (2**31, -(2**40)):
            with pytest.raises(ValueError):
                producer.produce(topic, "x", partition=partition)
        with pytest.raises(TypeError):
            producer.produce(topic, "x", on_delivery=5)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            producer.produce(topic, "x", unknown=5)  # type: ignore[call-arg]
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        values = [message.value() for message in read(consumer, 4)]
    assert values == ["text é".encode(), b"bytes", b"array", b"view"]


def test_close(cluster: Cluster, topic: str) -> None:
    producer = cluster.producer()
    producer.close()
    producer.close()
    assert len(producer) == 0 and "closed" in repr(producer)
    uses = (lambda: producer.produce(topic, "x"), lambda: producer.poll(0), producer.flush, producer.check_connection)
    for use in uses:
        with pytest.raises(KafkaException) as caught:
            use()
        assert caught.value.args[0] == KafkaError.CLOSED


def test_forgotten_producer_delivers(cluster: Cluster, topic: str, group: str) -> None:
    producer = cluster.producer(linger_ms=10_000)
    producer.produce(topic, "not lost")
    with pytest.warns(ResourceWarning, match="unclosed <Producer"):
        del producer
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        assert [message.value() for message in read(consumer, 1)] == [b"not lost"]


def test_configuration(cluster: Cluster) -> None:
    conf = {"bootstrap.servers": cluster.bootstrap, "enable.idempotence": True, "linger.ms": 7}
    with Producer(conf) as producer:
        assert (producer._get("enable.idempotence"), producer._get("linger.ms")) == ("true", "7")
    for key, value in (("error_cb", 5), ("no_such_cb", print), ("acks", None)):
        with pytest.raises(TypeError, match=key):
            Producer({**conf, key: value})
    with pytest.raises(KafkaException):
        Producer({"enable.idempotence": True, "acks": "0"})


def test_reports_that_callbacks_need(cluster: Cluster, topic: str) -> None:
    with cluster.producer(kaffi_delivery_reports="errors") as producer:
        producer.produce(topic, "x")
        with pytest.raises(ValueError, match=r"kaffi\.delivery\.reports"):
            producer.produce(topic, "x", on_delivery=print)


def test_many_threads(cluster: Cluster, topic: str) -> None:
    heard: dict[int, int] = {}
    stop = threading.Event()

    def produce(thread: int) -> None:
        for number in range(500):

            def count(_: object, __: object, name: int = thread * 1000 + number) -> None:
                heard[name] = heard.get(name, 0) + 1

            producer.produce(topic, "x", on_delivery=count)

    def poll() -> None:
        while not stop.is_set():
            producer.poll(0.05)

    with cluster.producer() as producer:
        pollers = [threading.Thread(target=poll) for _ in range(3)]
        workers = [threading.Thread(target=produce, args=(thread,)) for thread in range(5)]
        for thread in pollers + workers:
            thread.start()
        for thread in workers:
            thread.join()
        stop.set()
        for thread in pollers:
            thread.join()
    assert heard == {thread * 1000 + number: 1 for thread in range(5) for number in range(500)}
    assert not producer._deliveries.awaited() and not producer._early


def test_fork(cluster: Cluster, topic: str) -> None:
    producer = cluster.producer()
    producer.produce(topic, "of the parent", on_delivery=lambda *_: None)
    child = os.fork()
    if child == 0:
        codes = []
        for use in (lambda: producer.produce(topic, "x"), lambda: producer.poll(0), producer.flush):
            try:
                use()
            except KafkaException as error:
                codes.append(error.args[0].code())
        producer.close()
        os._exit(0 if codes == [KafkaError.FORKED] * 3 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert producer.flush() == 0
    producer.close()
