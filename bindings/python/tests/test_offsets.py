"""What is stored, committed and asked of a consumer's offsets."""

from __future__ import annotations

import time

import pytest
from conftest import Cluster, read
from test_assignment import fill, offsets, refused

from kaffi import OFFSET_END, OFFSET_INVALID, KafkaError, Message, TopicPartition


def test_store_offsets(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 2, 10)
    with cluster.consumer(group, enable_auto_offset_store=False) as consumer:
        consumer.subscribe([topic])
        messages = read(consumer, 20)
        consumer.commit()
        assert offsets(consumer, topic, 2) == [OFFSET_INVALID] * 2
        consumer.store_offsets(next(message for message in messages if message.partition() == 0))
        consumer.commit()
        assert offsets(consumer, topic, 2) == [1, OFFSET_INVALID]
        consumer.store_offsets(offsets=[TopicPartition(topic, 1, 5, metadata="text é")])
        for wrong in ({}, {"message": messages[0], "offsets": []}):
            with pytest.raises(ValueError):
                consumer.store_offsets(**wrong)  # type: ignore[arg-type]
        with refused(KafkaError._STATE):
            consumer.store_offsets(offsets=[TopicPartition(topic, 99, 5)])
    with cluster.consumer(group) as consumer:
        [_, one] = consumer.committed([TopicPartition(topic, 0), TopicPartition(topic, 1)], 30)
        assert (one.offset, one.metadata) == (5, "text é")
        consumer.subscribe([topic])
        with refused(KafkaError._INVALID_ARG):
            consumer.store_offsets(read(consumer, 1)[0])


def test_commit_in_the_background(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 1, 10)
    heard: list[tuple[KafkaError | None, list[TopicPartition]]] = []
    conf = {"on_commit": lambda error, partitions: heard.append((error, partitions)), "enable.auto.commit": False}
    with cluster.consumer(group, **conf) as consumer:
        consumer.subscribe([topic])
        messages = read(consumer, 5)
        assert consumer.commit(messages[2], asynchronous=True) is None
        end = time.monotonic() + 20
        while not heard and time.monotonic() < end:
            consumer.poll(0.1)
        [(error, [entry])] = heard
        assert (error, entry, entry.offset, entry.error) == (None, TopicPartition(topic, 0), 3, None)
        assert offsets(consumer, topic, 1) == [3]


def test_what_is_committed_has_an_epoch(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 1, 2)
    with cluster.consumer(group, enable_auto_commit=False) as consumer:
        consumer.subscribe([topic])
        [message] = read(consumer, 1)
        consumer.commit(message)
        [entry] = consumer.committed([TopicPartition(topic, 0)], 30)
        assert (entry.offset, entry.leader_epoch) == (1, message.leader_epoch())


def test_position_and_lag(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 1, 20)
    with cluster.consumer(group) as consumer:
        assert consumer.lag() == []
        consumer.assign([TopicPartition(topic, 0), TopicPartition(topic, 1)])
        assert consumer.position([TopicPartition(topic, 1)])[0].offset == OFFSET_INVALID
        for number in range(20):
            assert [message.offset() for message in read(consumer, 1)] == [number]
            [entry] = consumer.position([TopicPartition(topic, 0)])
            assert (entry.topic, entry.partition, entry.offset) == (topic, 0, number + 1)
            lag = consumer.lag()[0]
            assert lag == (topic, 0, number + 1, 20, 19 - number)
        assert consumer.lag()[1][:3] == (topic, 1, None)
        with refused(KafkaError._STATE):
            consumer.position([TopicPartition(topic, 99)])


def test_watermarks(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 1, 20)
    with cluster.consumer(group) as consumer:
        assert consumer.get_watermark_offsets(TopicPartition(topic, 0), 30) == (0, 20)
        assert consumer.get_watermark_offsets(TopicPartition(f"{topic}-other", 0), cached=True)[1] == OFFSET_INVALID
        consumer.subscribe([topic])
        read(consumer, 20)
        assert consumer.get_watermark_offsets(TopicPartition(topic, 0), cached=True)[1] == 20
        with refused(KafkaError.BAD_ARGUMENT):
            consumer.get_watermark_offsets(TopicPartition(topic, -1), 30)
    with refused(KafkaError.CLOSED):
        consumer.get_watermark_offsets(TopicPartition(topic, 0), 30)


def test_offsets_for_times(cluster: Cluster, topic: str, group: str, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--cluster") == "mock":
        pytest.skip("the embedded cluster cannot look up times")
    with cluster.producer() as producer:
        for number in range(10):
            producer.produce(topic, f"{number}", partition=0, timestamp=1_000_000 + 1000 * number)
    with cluster.consumer(group) as consumer:
        times = [(999_000, 0), (1_003_000, 3), (1_003_500, 4), (2_000_000, OFFSET_END)]
        for milliseconds, offset in times:
            [entry] = consumer.offsets_for_times([TopicPartition(topic, 0, milliseconds)], 30)
            assert (entry.topic, entry.partition, entry.offset, entry.error) == (topic, 0, offset, None)


def test_group_metadata(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 1, 1)
    with cluster.consumer(group, group_instance_id="one") as consumer:
        before = consumer.consumer_group_metadata()
        assert (before.group_id, before.member_id, before.generation_id) == (group, "", -1)
        consumer.subscribe([topic])
        read(consumer, 1)
        metadata = consumer.consumer_group_metadata()
        assert metadata.member_id == consumer.memberid() != ""
        assert (metadata.generation_id > 0, metadata.group_instance_id) == (True, "one")


def test_wrong_messages(cluster: Cluster, group: str) -> None:
    with cluster.consumer(group) as consumer, pytest.raises(ValueError):
        consumer.store_offsets(Message(error=KafkaError(-191)))
