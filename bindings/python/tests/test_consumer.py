"""What the consumer does beyond the scenarios."""

from __future__ import annotations

import os
import threading
import time

import pytest
from conftest import Cluster, read

from kaffi import (
    OFFSET_INVALID,
    TIMESTAMP_CREATE_TIME,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)


def fill(cluster: Cluster, topic: str, count: int) -> None:
    with cluster.producer() as producer:
        for number in range(count):
            producer.produce(topic, f"{number}", partition=0)


def test_message(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        producer.produce(topic, "value", "key", 1)
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        [message] = read(consumer, 1)
    assert (message.topic(), message.partition(), message.offset()) == (topic, 1, 0)
    assert (message.key(), message.value(), len(message)) == (b"key", b"value", 5)
    kind, timestamp = message.timestamp()
    assert kind == TIMESTAMP_CREATE_TIME and abs(timestamp / 1000 - time.time()) < 60
    assert (message.error(), message.headers(), message.latency()) == (None, None, None)
    assert message.leader_epoch() is not None
    assert repr(message) == f"<Message {topic}[1]@0>"


def test_consume(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 1200)
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        assert consumer.consume(0) == []
        messages: list[Message] = []
        while len(messages) < 1200:
            some = consumer.consume(700, 30)
            assert 0 < len(some) <= 700
            messages += some
        assert [message.offset() for message in messages] == list(range(1200))
        assert consumer.consume(700, 0.3) == []
        for wrong in (-1, 1_000_001):
            with pytest.raises(ValueError):
                consumer.consume(wrong)


def test_what_was_not_handed_out_is_not_committed(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 20)
    for start in (0, 5):
        with cluster.consumer(group) as consumer:
            consumer.subscribe([topic])
            assert [message.offset() for message in read(consumer, 5)] == list(range(start, start + 5))
    with cluster.consumer(group) as consumer:
        assert [entry.offset for entry in consumer.committed([TopicPartition(topic, 0)])] == [10]
        consumer.subscribe([topic])
        assert [message.offset() for message in consumer.consume(4, 30)] == [10, 11, 12, 13]
        consumer.commit()
        assert [entry.offset for entry in consumer.committed([TopicPartition(topic, 0)])] == [14]


def test_background_commit_follows_what_is_handed_out(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 20)
    with cluster.consumer(group, auto_commit_interval_ms=100) as consumer:
        consumer.subscribe([topic])
        assert len(read(consumer, 5)) == 5
        time.sleep(1.1)  # longer than the library's knowledge may lag behind
        assert len(read(consumer, 1)) == 1
        committed, end = OFFSET_INVALID, time.monotonic() + 20
        while committed == OFFSET_INVALID and time.monotonic() < end:
            [entry] = consumer.committed([TopicPartition(topic, 0)])
            committed = entry.offset
        assert committed == 5


def test_commit(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 10)
    with cluster.consumer(group, enable_auto_commit=False) as consumer:
        assert consumer.committed([TopicPartition(topic, 0), TopicPartition(topic, 1)], 30)[1].offset == OFFSET_INVALID
        consumer.subscribe([topic])
        messages = read(consumer, 7)
        [entry] = consumer.commit(messages[3], asynchronous=False) or []
        assert (entry.topic, entry.partition, entry.offset, entry.error) == (topic, 0, 4, None)
        assert [entry.offset for entry in consumer.committed([TopicPartition(topic, 0)])] == [4]
        wanted = [TopicPartition(topic, 0, 6, metadata="text é"), TopicPartition(topic, 1, 0)]
        assert [entry.offset for entry in consumer.commit(offsets=wanted) or []] == [6, 0]
        assert [entry.offset for entry in consumer.committed(wanted)] == [6, 0]
        assert consumer.commit() is None
        assert [entry.offset for entry in consumer.committed([TopicPartition(topic, 0)])] == [7]
        assert consumer.commit() is None
        with pytest.raises(ValueError):
            consumer.commit(messages[0], wanted)
        with pytest.raises(ValueError):
            consumer.commit(Message(error=KafkaError(-191)))
        with pytest.raises(ValueError):
            consumer.commit(offsets=[TopicPartition(topic, 0, 2**64)])
        with pytest.raises(KafkaException):
            consumer.committed([TopicPartition("", 0)])


def test_committed_ends_in_time(nobody: str, topic: str) -> None:
    with Consumer({"bootstrap.servers": nobody, "group.id": "g", "kaffi.close.timeout.ms": 2000}) as consumer:
        start = time.monotonic()
        with pytest.raises(KafkaException) as caught:
            consumer.committed([TopicPartition(topic, 0)], 0.3)
        assert caught.value.args[0] == KafkaError._TIMED_OUT and time.monotonic() - start < 2


def test_iteration(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 10)
    values = []
    with cluster.consumer(group, enable_partition_eof=True) as consumer:
        consumer.subscribe([topic])
        for message in consumer:
            values.append(message.value())
            if len(values) == 10:
                consumer.close()
    assert values == [b"%d" % number for number in range(10)]


def test_partition_eof(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 3)
    with cluster.consumer(group, enable_partition_eof=True) as consumer:
        consumer.subscribe([topic])
        got, end = [], time.monotonic() + 30
        while len(got) < 3 and time.monotonic() < end:
            message = consumer.poll(30)
            assert message is not None
            if message.error() is None:
                got.append(message.value())
            else:
                assert message.error() == KafkaError._PARTITION_EOF
        message = consumer.poll(30)
        assert message is not None and message.error() == KafkaError._PARTITION_EOF
        assert message and len(message) == 0 and message.topic() is None and message.offset() is None


def test_subscribe_again_replaces(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 1)
    fill(cluster, topic + "-other", 1)
    with cluster.consumer(group) as consumer:
        with pytest.raises(KafkaException) as caught:
            consumer.poll(0)
        assert caught.value.args[0] == KafkaError.NOT_STARTED
        for wrong in (topic, topic.encode(), [5]):
            with pytest.raises(TypeError):
                consumer.subscribe(wrong)  # type: ignore[arg-type]
        with pytest.raises(KafkaException):
            consumer.subscribe([])
        consumer.subscribe([topic])
        assert [message.topic() for message in read(consumer, 1)] == [topic]
        consumer.subscribe(["^" + topic + "-oth.*"])
        assert [message.topic() for message in read(consumer, 1)] == [topic + "-other"]


def test_close(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 10)
    consumer = cluster.consumer(group)
    consumer.subscribe([topic])
    assert len(read(consumer, 2)) == 2
    consumer.close()
    consumer.close()
    assert "closed" in repr(consumer) and list(consumer) == []
    uses = (lambda: consumer.poll(0), lambda: consumer.subscribe([topic]), consumer.commit, consumer.check_connection)
    for use in uses:
        with pytest.raises(KafkaException) as caught:
            use()
        assert caught.value.args[0] == KafkaError.CLOSED


def test_forgotten_consumer_commits(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 10)
    consumer = cluster.consumer(group)
    consumer.subscribe([topic])
    assert len(read(consumer, 4)) == 4
    with pytest.warns(ResourceWarning, match="unclosed <Consumer"):
        del consumer
    with cluster.consumer(group) as consumer:
        assert [entry.offset for entry in consumer.committed([TopicPartition(topic, 0)])] == [4]


def test_threads_share_the_records(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 2000)
    got: list[int] = []
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])

        def work() -> None:
            while len(got) < 2000:
                message = consumer.poll(1)
                if message is not None:
                    got.append(message.offset() or 0)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            consumer.commit()  # while others wait
        for thread in threads:
            thread.join(60)
    assert sorted(got) == list(range(2000))


def test_fork(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 10)
    consumer = cluster.consumer(group)
    consumer.subscribe([topic])
    assert len(read(consumer, 2)) == 2
    child = os.fork()
    if child == 0:
        codes = []
        for use in (lambda: consumer.poll(0), consumer.commit, lambda: consumer.consume(5, 0)):
            try:
                use()
            except KafkaException as error:
                codes.append(error.args[0].code())
        consumer.close()
        os._exit(0 if codes == [KafkaError.FORKED] * 3 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert [message.offset() for message in read(consumer, 8)] == list(range(2, 10))
    consumer.close()
