"""What a record has beside key and value: headers, timestamps, leader epoch."""

from __future__ import annotations

import time
from ctypes import byref, c_int64
from typing import Any

import pytest
from conftest import Cluster, read

from kaffi import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME
from kaffi._call import text_of
from kaffi._library import library

HEADERS: list[Any] = [
    None,
    [("name", b"1"), ("name", b"2"), ("name", b"1")],
    [("null", None), ("empty", b""), ("", b"no name"), ("binary", bytes(range(256)))],
    {"text": "é", "bytes": bytearray(b"b"), "memory": memoryview(b"m"), "null": None},
    [("é", b"x" * 10_000)],
    [],
]
SEEN = [
    None,
    [("name", b"1"), ("name", b"2"), ("name", b"1")],
    [("null", None), ("empty", b""), ("", b"no name"), ("binary", bytes(range(256)))],
    [("text", "é".encode()), ("bytes", b"b"), ("memory", b"m"), ("null", None)],
    [("é", b"x" * 10_000)],
    None,
]


@pytest.mark.parametrize("how", ["record", "batch"])
def test_headers(cluster: Cluster, topic: str, group: str, how: str) -> None:
    with cluster.producer() as producer:
        if how == "batch":
            assert not producer.produce_batch(topic, ["x"] * 6, headers=HEADERS, partitions=0).refused
        else:
            for headers in HEADERS:
                producer.produce(topic, "x", partition=0, headers=headers)
        producer.flush(30)
        with cluster.consumer(group) as consumer:
            consumer.subscribe([topic])
            assert [message.headers() for message in read(consumer, 6)] == SEEN
        with cluster.consumer(f"{group}-batch") as consumer:
            consumer.subscribe([topic])
            batch = consumer.consume_batch(6, 30)
            assert batch.headers == SEEN[: len(batch)] == [message.headers() for message in batch]
            producer.produce_batch(topic, batch, partitions=1)  # as they came
            producer.flush(30)
            again = [message for message in read(consumer, 6) if message.partition() == 1]
            assert [message.headers() for message in again] == SEEN[: len(again)] and again


def test_timestamps_and_epochs(cluster: Cluster, topic: str, group: str) -> None:
    times = [1, 1_600_000_000_000, 1_700_000_000_000]
    with cluster.producer() as producer:
        for when in times:
            producer.produce(topic, "x", partition=0, timestamp=when)
        producer.produce_batch(topic, ["x"] * 3, partitions=0, timestamps=times)
        producer.produce(topic, "now", partition=0)
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        messages = read(consumer, 7)
        seen = [message.timestamp() for message in messages]
        assert seen[:6] == [(TIMESTAMP_CREATE_TIME, when) for when in times * 2]
        assert abs(seen[6][1] / 1000 - time.time()) < 60
        assert {message.leader_epoch() for message in messages} == {0}
    with cluster.consumer(f"{group}-batch") as consumer:
        consumer.subscribe([topic])
        batch = consumer.consume_batch(7, 30)
        assert batch.timestamps == [when for _, when in seen[: len(batch)]]
        assert batch.timestamp_types == [TIMESTAMP_CREATE_TIME] * len(batch) and batch.leader_epochs == [0] * len(batch)


def test_the_broker_sets_the_time(
    cluster: Cluster, topic: str, group: str, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--cluster") == "mock":
        pytest.skip("the embedded cluster keeps the producer's times")
    with cluster.producer() as producer:
        new = f'{{"name": "{topic}", "partitions": 1, "configs": {{"message.timestamp.type": "LogAppendTime"}}}}'
        text_of(
            library().AdminRequest, producer._handle, f'{{"CreateTopics": {{"topics": [{new}]}}}}'.encode(), 30_000,
            byref(c_int64()),
        )  # fmt: skip
        seen = []
        producer.produce(topic, "x", timestamp=1000, on_delivery=lambda _, message: seen.append(message.timestamp()))
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        seen += [message.timestamp() for message in read(consumer, 1)]
    for kind, when in seen:
        assert kind == TIMESTAMP_LOG_APPEND_TIME and abs(when / 1000 - time.time()) < 60
    assert len(seen) == 2
