"""Assigning by hand, pausing and seeking, with records in hand."""

from __future__ import annotations

import threading
import time

import pytest
from conftest import Cluster, read

from kaffi import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition


def fill(cluster: Cluster, topic: str, partitions: int, count: int) -> None:
    """`count` records in each partition, in turn."""
    with cluster.producer() as producer:
        for number in range(count):
            for partition in range(partitions):
                producer.produce(topic, f"{number}", partition=partition)


def places(consumer: Consumer, count: int) -> list[tuple[int, int]]:
    """Partition and offset of the next records."""
    return [(message.partition(), message.offset()) for message in read(consumer, count)]  # type: ignore[misc]


def offsets(consumer: Consumer, topic: str, partitions: int) -> list[int]:
    return [entry.offset for entry in consumer.committed([TopicPartition(topic, n) for n in range(partitions)], 30)]


def refused(code: int) -> pytest.RaisesExc[KafkaException]:
    return pytest.RaisesExc(KafkaException, check=lambda failure: failure.args[0] == code)


def test_assign(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 3, 10)
    with cluster.consumer(group) as consumer:
        assert (consumer.assignment(), consumer.subscription()) == ([], [])
        consumer.assign([TopicPartition(topic, 1, 7), TopicPartition(topic, 0, OFFSET_BEGINNING)])
        assert consumer.assignment() == [TopicPartition(topic, 0), TopicPartition(topic, 1)]
        assert sorted(places(consumer, 13)) == [(0, n) for n in range(10)] + [(1, n) for n in range(7, 10)]
        consumer.assign([TopicPartition(topic, 2, 8)])
        assert (places(consumer, 2), consumer.assignment()) == ([(2, 8), (2, 9)], [TopicPartition(topic, 2)])
        consumer.incremental_assign([TopicPartition(topic, 0, 9)])
        assert places(consumer, 1) == [(0, 9)]
        with refused(KafkaError._STATE):
            consumer.incremental_assign([TopicPartition(topic, 0, 9)])
        consumer.incremental_unassign([TopicPartition(topic, 0)])
        assert consumer.assignment() == [TopicPartition(topic, 2)]
        with refused(KafkaError._STATE):
            consumer.incremental_unassign([TopicPartition(topic, 0)])
        with refused(KafkaError._STATE):
            consumer.subscribe([topic])
        consumer.unassign()
        assert consumer.assignment() == []
        with refused(KafkaError.NOT_STARTED):
            consumer.poll(0)
        assert offsets(consumer, topic, 3) == [10, 10, 10]  # what was read of each is committed when it goes


def test_assign_without_a_group(cluster: Cluster, topic: str) -> None:
    fill(cluster, topic, 1, 3)
    with Consumer({"bootstrap.servers": cluster.bootstrap, "auto.offset.reset": "earliest"}) as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        assert places(consumer, 3) == [(0, 0), (0, 1), (0, 2)]
        for use in (consumer.commit, consumer.consumer_group_metadata, consumer.memberid):
            with refused(KafkaError.START_FAILED):
                use()


def test_unassigned_records_in_hand_go(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 2, 20)
    with cluster.consumer(group) as consumer:
        both = [TopicPartition(topic, 0, 0), TopicPartition(topic, 1, 0)]
        consumer.assign(both)
        first = places(consumer, 5)
        consumer.incremental_unassign([TopicPartition(topic, 0)])
        rest = places(consumer, 20 - sum(partition for partition, _ in first))
        assert {partition for partition, _ in rest} == {1}
        assert [place for place in first + rest if place[0] == 1] == [(1, n) for n in range(20)]
        assert consumer.poll(0.3) is None
        consumer.assign(both)
        places(consumer, 5)
        consumer.assign([TopicPartition(topic, 0, 18)])
        assert places(consumer, 2) == [(0, 18), (0, 19)] and consumer.poll(0.3) is None


def test_pause(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 3, 300)
    with cluster.consumer(group, enable_auto_commit=False) as consumer:
        consumer.subscribe([topic])
        got = places(consumer, 1)
        while len({partition for partition, _ in got}) < 2:  # with records of several in hand
            got += places(consumer, 1)
        paused = got[-1][0]
        for _ in range(3):
            consumer.pause([TopicPartition(topic, paused)])
        before = len([place for place in got if place[0] == paused])
        others = 600 - (len(got) - before)
        got += places(consumer, others)
        assert len([place for place in got if place[0] == paused]) == before and consumer.poll(0.5) is None
        consumer.commit()
        assert offsets(consumer, topic, 3) == [before if n == paused else 300 for n in range(3)]
        assert consumer.position([TopicPartition(topic, paused)])[0].offset == before
        consumer.resume([TopicPartition(topic, paused)])
        got += places(consumer, 300 - before)
        for partition in range(3):
            assert [offset for number, offset in got if number == partition] == list(range(300))
        assert consumer.poll(0.3) is None
        with refused(KafkaError._STATE):
            consumer.pause([TopicPartition(topic, 0), TopicPartition(topic, 99)])
        consumer.pause([])


def test_pause_while_threads_poll(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 3, 1000)
    got: list[tuple[int | None, int | None]] = []
    with cluster.consumer(group, enable_auto_commit=False) as consumer:
        consumer.assign([TopicPartition(topic, number, 0) for number in range(3)])

        def work() -> None:
            end = time.monotonic() + 60
            while len(got) < 3000 and time.monotonic() < end:
                message = consumer.poll(0.1)
                if message is not None:
                    got.append((message.partition(), message.offset()))

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(12):
            consumer.pause([TopicPartition(topic, number % 3)])
            consumer.resume([TopicPartition(topic, number % 3)])
        for thread in threads:
            thread.join(90)
        assert sorted(got) == [(partition, offset) for partition in range(3) for offset in range(1000)]
        consumer.commit()
        assert offsets(consumer, topic, 3) == [1000] * 3


def test_seek(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 2, 100)
    with cluster.consumer(group, enable_auto_commit=False) as consumer:
        with refused(KafkaError._STATE):
            consumer.seek(TopicPartition(topic, 0, 5))
        consumer.assign([TopicPartition(topic, 0, 0), TopicPartition(topic, 1, 0)])
        consumer.seek(TopicPartition(topic, 0, 3))
        got = places(consumer, 10)
        consumer.seek(TopicPartition(topic, 0, 90))
        assert consumer.position([TopicPartition(topic, 0)])[0].offset == 90
        consumer.commit()
        read_of_1 = [offset for partition, offset in got if partition == 1]
        assert [max(0, offset) for offset in offsets(consumer, topic, 2)] == [90, len(read_of_1)]
        more = places(consumer, 10 + 100 - len(read_of_1))
        assert [offset for partition, offset in more if partition == 0] == list(range(90, 100))
        assert read_of_1 + [offset for partition, offset in more if partition == 1] == list(range(100))
        consumer.seek(TopicPartition(topic, 0, OFFSET_BEGINNING))
        assert len(consumer.consume_batch(10, 30)) > 0
        consumer.seek(TopicPartition(topic, 0, OFFSET_END))
        assert consumer.poll(0.5) is None
        consumer.seek(TopicPartition(topic, 0, 0))
        assert places(consumer, 1) == [(0, 0)]
        for partition, offset, code in ((0, -1000, KafkaError.BAD_ARGUMENT), (99, 0, KafkaError._STATE)):
            with refused(code):
                consumer.seek(TopicPartition(topic, partition, offset))
        assert places(consumer, 1) == [(0, 1)]  # a seek that is refused changes nothing


def test_unsubscribe(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 1, 10)
    with cluster.consumer(group) as consumer:
        consumer.unsubscribe()
        consumer.subscribe([topic])
        assert consumer.subscription() == [topic]
        assert places(consumer, 4) == [(0, n) for n in range(4)]
        assert len(consumer.assignment()) >= 1
        consumer.unsubscribe()
        assert (consumer.assignment(), consumer.subscription()) == ([], [])
        assert offsets(consumer, topic, 1) == [4]
        with refused(KafkaError.NOT_STARTED):
            consumer.poll(0)
        consumer.subscribe([topic])
        assert places(consumer, 6) == [(0, n) for n in range(4, 10)]
