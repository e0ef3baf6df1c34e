"""Callbacks of the configuration and of rebalances, `next_event`, and waiting in an event loop."""

from __future__ import annotations

import asyncio
import json
import logging
import select
import time
from collections import Counter
from typing import Any, Callable

import pytest
from conftest import Cluster, read
from test_assignment import fill, offsets

from kaffi import Consumer, KafkaError, KafkaException, MockCluster, Producer, TopicPartition
from kaffi.events import ThrottleEvent


def until(what: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = what()
        if answer:
            return answer
    raise AssertionError("not in time")


class Heard(list[tuple[str, list[int]]]):
    """What the callbacks of rebalances were told: kind and partitions."""

    def callbacks(self) -> dict[str, Callable[[Consumer, list[TopicPartition]], None]]:
        def of(kind: str) -> Callable[[Consumer, list[TopicPartition]], None]:
            return lambda _, partitions: self.append((kind, sorted(entry.partition for entry in partitions)))

        return {kind: of(kind) for kind in ("on_assign", "on_revoke", "on_lost")}

    def all_of(self, kind: str) -> list[int]:
        return [partition for one, partitions in self for partition in partitions if one == kind]


def four(cluster: Cluster, topic: str) -> None:
    """A topic of 4 partitions with 10 records each."""
    fill(cluster, topic, 4, 10)


def test_on_assign_and_on_revoke(cluster: Cluster, topic: str, group: str) -> None:
    four(cluster, topic)
    heard = Heard()
    consumer = cluster.consumer(group)
    consumer.subscribe([topic], **heard.callbacks())
    read(consumer, 40)
    assert heard == [("on_assign", [0, 1, 2, 3])]
    consumer.close()
    assert heard == [("on_assign", [0, 1, 2, 3]), ("on_revoke", [0, 1, 2, 3])]
    with cluster.consumer(group) as other:
        assert offsets(other, topic, 4) == [10] * 4


@pytest.mark.parametrize("answer", ["assign", "incremental_assign"])
def test_on_assign_says_where_to_begin(cluster: Cluster, topic: str, group: str, answer: str) -> None:
    four(cluster, topic)

    def on_assign(consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for entry in partitions:
            entry.offset = 8
        getattr(consumer, answer)(partitions)

    with cluster.consumer(group, partition_assignment_strategy="cooperative-sticky") as consumer:
        consumer.subscribe([topic], on_assign=on_assign)
        assert sorted(message.offset() or 0 for message in read(consumer, 8)) == [8] * 4 + [9] * 4
        assert consumer.poll(0.3) is None and len(consumer.assignment()) == 4


def test_on_revoke_commits_and_answers(cluster: Cluster, topic: str, group: str) -> None:
    four(cluster, topic)

    def on_revoke(consumer: Consumer, partitions: list[TopicPartition]) -> None:
        assert sorted(partitions) == consumer.assignment()
        consumer.commit(offsets=[TopicPartition(topic, 2, 7)])
        consumer.unassign()

    with cluster.consumer(group, enable_auto_commit=False) as consumer:
        consumer.subscribe([topic], on_revoke=on_revoke)
        read(consumer, 1)
        consumer.unsubscribe()
        assert consumer.assignment() == []
        assert offsets(consumer, topic, 4)[2] == 7


def test_a_callback_that_raises(cluster: Cluster, topic: str, group: str) -> None:
    four(cluster, topic)

    def on_assign(consumer: Consumer, partitions: list[TopicPartition]) -> None:
        raise RuntimeError("assign")

    def on_revoke(consumer: Consumer, partitions: list[TopicPartition]) -> None:
        raise RuntimeError("revoke")

    consumer = cluster.consumer(group)
    consumer.subscribe([topic], on_assign, on_revoke)
    with pytest.raises(RuntimeError, match="assign"):
        read(consumer, 1)
    assert len(read(consumer, 40)) == 40
    with pytest.raises(RuntimeError, match="revoke"):
        consumer.close()
    with cluster.consumer(group) as other:
        assert offsets(other, topic, 4) == [10] * 4


def test_on_lost(cluster: Cluster, topic: str, group: str) -> None:
    four(cluster, topic)
    heard = Heard()
    with cluster.consumer(group, max_poll_interval_ms=6000, heartbeat_interval_ms=500) as consumer:
        consumer.subscribe([topic], **heard.callbacks())
        until(lambda: (consumer.poll(0.1) and False) or heard)
        time.sleep(7)  # the group's patience
        message = until(lambda: consumer.poll(0.1))
        while message and (message.error() is None or message.error() != KafkaError._MAX_POLL_EXCEEDED):
            message = consumer.poll(5)
        assert message and until(lambda: (consumer.poll(0.1) and False) or heard.all_of("on_lost")) == [0, 1, 2, 3]
        assert not heard.all_of("on_revoke")
        until(lambda: (consumer.poll(0.1) and False) or len(heard.all_of("on_assign")) == 8)


def test_close_without_a_broker_calls_on_revoke(topic: str) -> None:
    heard = Heard()
    with MockCluster() as mock:
        cluster = Cluster(mock.bootstrap)
        four(cluster, topic)
        consumer = cluster.consumer("g", kaffi_close_timeout_ms=1500)
        consumer.subscribe([topic], **heard.callbacks())
        read(consumer, 5)
        mock.broker_down()
        start = time.monotonic()
        with pytest.raises(KafkaException):
            consumer.close()
        assert time.monotonic() - start < 4
    assert heard.all_of("on_revoke") == [0, 1, 2, 3]


@pytest.mark.parametrize("strategy", ["range", "cooperative-sticky"])
def test_a_second_member(cluster: Cluster, topic: str, group: str, strategy: str) -> None:
    four(cluster, topic)
    heard, other_heard = Heard(), Heard()
    got: list[tuple[int | None, int | None]] = []

    def take(consumer: Consumer) -> None:
        message = consumer.poll(0.1)
        if message is not None:
            got.append((message.partition(), message.offset()))

    conf = {"partition.assignment.strategy": strategy, "heartbeat.interval.ms": 200, "enable.auto.commit": False}
    with cluster.consumer(group, **conf) as consumer, cluster.consumer(group, **conf) as other:
        consumer.subscribe([topic], **heard.callbacks())
        until(lambda: take(consumer) or heard)
        other.subscribe([topic], **other_heard.callbacks())
        until(lambda: take(consumer) or take(other) or len(other_heard.all_of("on_assign")) == 2, 60)
        until(lambda: take(consumer) or take(other) or len(consumer.assignment()) == 2, 60)
        until(lambda: take(consumer) or take(other) or len(set(got)) == 40)
        assert heard.all_of("on_revoke") and not heard.all_of("on_lost")
        for one, told in ((consumer, heard), (other, other_heard)):
            held = Counter(told.all_of("on_assign")) - Counter(told.all_of("on_revoke"))
            assert sorted(held.elements()) == [entry.partition for entry in one.assignment()]
        everything = sorted([*consumer.assignment(), *other.assignment()])
        assert everything == [TopicPartition(topic, number) for number in range(4)]


def test_the_host_answers_by_itself(cluster: Cluster, topic: str, group: str) -> None:
    four(cluster, topic)
    with cluster.consumer(group, kaffi_rebalance="manual", error_cb=print) as consumer:
        consumer.subscribe([topic])

        def event() -> dict[str, Any] | None:
            assert consumer.poll(0.1) is None
            return next(iter(all_events(consumer, "rebalance")), None)

        rebalance = until(event)
        assert (rebalance["kind"], rebalance["pending"], len(rebalance["partitions"])) == ("assign", True, 4)
        consumer.assign([TopicPartition(topic, number, 5) for number in range(4)])
        assert sorted(message.offset() or 0 for message in read(consumer, 20)) == sorted([5, 6, 7, 8, 9] * 4)


def all_events(client: Consumer | Producer, kind: str) -> list[dict[str, Any]]:
    """The events of a kind that wait."""
    events = iter(lambda: client.next_event(0), None)
    return [event for event in events if event["event"] == kind]


def test_next_event(cluster: Cluster, topic: str, group: str) -> None:
    four(cluster, topic)
    with cluster.consumer(group, statistics_interval_ms=100) as consumer:
        consumer.subscribe([topic])
        read(consumer, 40)
        [rebalance] = all_events(consumer, "rebalance")
        assert (rebalance["kind"], rebalance["pending"]) == ("assign", False)
        consumer.commit(asynchronous=True)
        event = until(lambda: next(iter(all_events(consumer, "commit")), None))
        assert event["code"] == 0 and event["time"] > 1_700_000_000_000
        start = time.monotonic()
        while consumer.next_event(0.05) is not None:
            assert time.monotonic() - start < 20
    with pytest.raises(KafkaException):
        consumer.next_event(0)


def test_stats_cb(cluster: Cluster, topic: str, group: str) -> None:
    heard: list[str] = []
    with cluster.producer(stats_cb=heard.append, statistics_interval_ms=50) as producer:
        producer.produce(topic, "x")
        until(lambda: (producer.poll(0.05) and False) or heard)
        assert json.loads(heard[0])["type"] == "producer"
    heard.clear()
    with cluster.consumer(group, stats_cb=heard.append, statistics_interval_ms=50) as consumer:
        consumer.subscribe([topic])
        until(lambda: (consumer.poll(0.05) and False) or heard)
        assert json.loads(heard[0])["type"] == "consumer"
        heard.clear()
        until(lambda: (consumer.consume_batch(5, 0.05) and False) or heard)


def test_error_cb(nobody: str, topic: str) -> None:
    heard: list[KafkaError] = []
    conf = {"bootstrap.servers": nobody, "error_cb": heard.append, "kaffi.close.timeout.ms": 100}
    with Producer(conf) as producer:
        until(lambda: producer.flush(0.1) or heard)
        codes = {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN}
        assert heard[0].code() in codes and not heard[0].fatal() and heard[0].str()
    heard.clear()
    with Consumer({**conf, "group.id": "g"}) as consumer:
        consumer.subscribe([topic])
        until(lambda: consumer.consume(5, 0.1) or heard)

    def refuse(error: KafkaError) -> None:
        raise RuntimeError(error.name())

    with Producer({**conf, "error_cb": refuse}) as producer, pytest.raises(RuntimeError, match="_"):
        until(lambda: producer.poll(0.1))
    for wrong in ("error_cb", "oauth_cb", "on_commit"):
        with pytest.raises(TypeError, match=wrong):
            Producer({**conf, wrong: "text"})


def test_no_record_is_lost_by_a_callback_that_raises(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 1, 3000)
    raised, got = 0, []

    def refuse(_: str) -> None:
        raise RuntimeError("statistics")

    with cluster.consumer(group, stats_cb=refuse, statistics_interval_ms=1) as consumer:
        consumer.subscribe([topic])
        while len(got) < 3000 or not raised:
            try:
                got += [message.offset() for message in consumer.consume(7, 1)]
            except RuntimeError:
                raised += 1
        consumer._callbacks = {}
    assert got == list(range(3000))


def test_logger(nobody: str, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("kaffi-test")
    caplog.set_level(logging.DEBUG, "kaffi-test")
    conf = {"bootstrap.servers": nobody, "kaffi.close.timeout.ms": 100}
    with Producer({**conf, "debug": "broker"}, logger=logger) as producer:
        until(lambda: producer.poll(0.05) or [one for one in caplog.records if one.levelno == logging.DEBUG])
    caplog.clear()
    with Consumer({**conf, "group.id": "g", "logger": logger}) as consumer:
        consumer.subscribe(["t"])
        until(lambda: consumer.poll(0.05) or caplog.records)
        assert nobody in caplog.text and "Consumer" in caplog.text


def test_throttle_event() -> None:
    heard: list[ThrottleEvent] = []
    with MockCluster() as mock, Cluster(mock.bootstrap).producer(throttle_cb=heard.append) as producer:
        event = {"event": "throttle", "broker": "b:1", "broker_id": 1, "throttle_ms": 1500, "time": 0}
        producer._tell(event, json.dumps(event))  # neither cluster can be made to throttle
    assert heard == [("b:1", 1, 1.5)]


def test_fileno_with_poll(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer, cluster.consumer(group) as consumer:
        heard: list[object] = []
        producer.produce(topic, "x", on_delivery=lambda *what: heard.append(what))
        poll = select.poll()
        poll.register(producer.fileno(), select.POLLIN)
        while not heard:
            assert poll.poll(30_000)
            producer.poll(0)
        consumer.subscribe([topic])
        poll = select.poll()
        poll.register(consumer.fileno(), select.POLLIN)
        message = None
        while message is None:
            assert poll.poll(30_000)
            message = consumer.poll(0)
        while poll.poll(0):
            consumer.poll(0)
            while consumer.next_event(0):
                pass
        producer.produce(topic, "y")
        producer.flush(30)
        assert poll.poll(30_000)


def test_asyncio(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 1, 1)

    async def main() -> list[bytes | None]:
        loop, ready, got = asyncio.get_running_loop(), asyncio.Event(), []
        with cluster.consumer(group, error_cb=print) as consumer, cluster.producer() as producer:
            consumer.subscribe([topic])
            loop.add_reader(consumer.fileno(), ready.set)
            for number in range(1, 6):
                producer.produce(topic, f"{number}", partition=0)
                producer.flush(30)
                while len(got) <= number:
                    await asyncio.wait_for(ready.wait(), 30)
                    ready.clear()
                    for message in iter(lambda: consumer.poll(0), None):
                        got.append(message.value())
            loop.remove_reader(consumer.fileno())
        return got

    assert asyncio.run(main()) == [b"0", b"1", b"2", b"3", b"4", b"5"]
