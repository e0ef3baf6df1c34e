"""Transactions, giving records up, where keys go, tokens and credentials."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from conftest import Cluster, read
from test_assignment import fill, offsets, refused
from test_events import until

from kaffi import KafkaError, KafkaException, Producer, TopicPartition, key_partition


def transactional(cluster: Cluster, topic: str, **conf: object) -> Producer:
    producer = cluster.producer(transactional_id=f"{topic}-id", **conf)
    producer.init_transactions(30)
    return producer


def committed_values(cluster: Cluster, topic: str, count: int) -> list[bytes | None]:
    """What a reader of committed records gets: so many, and nothing more."""
    with cluster.consumer(f"{topic}-reader") as consumer:
        consumer.subscribe([topic])
        values = [message.value() for message in read(consumer, count)]
        assert consumer.poll(0.5) is None
    return values


def test_commit_and_abort(cluster: Cluster, topic: str, request: pytest.FixtureRequest) -> None:
    heard: list[object] = []
    with transactional(cluster, topic) as producer:
        for number in range(6):
            producer.begin_transaction()
            for part in "ab":
                value = f"{number}{part}"
                producer.produce(topic, value, partition=0, on_delivery=lambda error, _: heard.append(error))
            if number % 2:
                producer.flush(30)
                producer.abort_transaction(30)
            else:
                producer.commit_transaction(30)
                assert heard == [None] * len(heard) and len(heard) == 2 * number + 2
    if request.config.getoption("--cluster") == "mock":
        return  # the embedded cluster has no read_committed
    assert committed_values(cluster, topic, 6) == [b"0a", b"0b", b"2a", b"2b", b"4a", b"4b"]


def test_wrong_calls(cluster: Cluster, topic: str) -> None:
    with cluster.producer() as producer, refused(KafkaError._NOT_CONFIGURED) as caught:
        producer.init_transactions(5)
    error = caught.value.args[0]
    assert not (error.retriable() or error.fatal() or error.txn_requires_abort())
    with transactional(cluster, topic) as producer:
        for call in (producer.init_transactions, producer.commit_transaction, producer.abort_transaction):
            with refused(KafkaError._STATE):
                call(5)
        producer.begin_transaction()
        with refused(KafkaError._STATE):
            producer.begin_transaction()
        producer.abort_transaction(30)


def test_what_takes_too_long_goes_on(nobody: str) -> None:
    conf = {"bootstrap.servers": nobody, "transactional.id": "t", "kaffi.close.timeout.ms": 100}
    with Producer(conf) as producer:
        start = time.monotonic()
        with refused(KafkaError._TIMED_OUT) as caught:
            producer.init_transactions(0.5)
        assert caught.value.args[0].retriable() and time.monotonic() - start < 5


def test_a_failed_record_is_not_committed(cluster: Cluster, topic: str, request: pytest.FixtureRequest) -> None:
    heard: list[KafkaError | None] = []
    with transactional(cluster, topic, linger_ms=10_000) as producer:
        producer.begin_transaction()
        producer.produce(topic, "x", partition=0)
        with refused(KafkaError.MSG_SIZE_TOO_LARGE):
            producer.produce(topic, "x" * 2_000_000)
        producer.produce(topic, "gone", on_delivery=lambda error, _: heard.append(error))
        producer.purge()
        until(lambda: producer.poll(0.1) or heard)
        assert heard == [KafkaError._PURGE_QUEUE]
        with pytest.raises(KafkaException) as caught:
            producer.commit_transaction(30)
        assert caught.value.args[0].txn_requires_abort()
        producer.abort_transaction(30)
        if request.config.getoption("--cluster") == "mock":
            return  # the embedded cluster misses the records that were given up
        producer.begin_transaction()
        producer.produce(topic, "fine", partition=0)
        producer.commit_transaction(30)


def test_a_callback_that_raises_commits_nothing(cluster: Cluster, topic: str) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("delivered")

    with transactional(cluster, topic) as producer:
        producer.begin_transaction()
        producer.produce(topic, "x", on_delivery=refuse)
        with pytest.raises(RuntimeError):
            producer.commit_transaction(30)
        producer.abort_transaction(30)


def test_fencing(cluster: Cluster, topic: str, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--cluster") == "mock":
        pytest.skip("the embedded cluster fences nobody off")
    with transactional(cluster, topic) as old:
        old.begin_transaction()
        old.produce(topic, "old", partition=0)
        old.flush(30)
        with transactional(cluster, topic) as new:
            new.begin_transaction()
            new.produce(topic, "new", partition=0)
            with pytest.raises(KafkaException) as caught:
                old.commit_transaction(30)
            assert caught.value.args[0].fatal(), caught.value
            new.commit_transaction(30)
        with suppress(KafkaException):
            old.close()


@pytest.mark.parametrize("how", ["handed out", "metadata", "consumer"])
def test_offsets_in_a_transaction(
    cluster: Cluster, topic: str, group: str, how: str, request: pytest.FixtureRequest
) -> None:
    fill(cluster, topic, 1, 10)
    out = f"{topic}-out"
    with transactional(cluster, topic) as producer, cluster.consumer(group, enable_auto_commit=False) as consumer:
        consumer.subscribe([topic])
        for count, end, commits in ((3, 3, True), (4, 7, False)):
            messages = read(consumer, count)
            producer.begin_transaction()
            for message in messages:
                producer.produce(out, message.value(), partition=0)
            if how == "handed out":
                producer.send_offsets_to_transaction(None, consumer, 30)
            else:
                who = consumer if how == "consumer" else consumer.consumer_group_metadata()
                producer.send_offsets_to_transaction([TopicPartition(topic, 0, end)], who, 30)
            (producer.commit_transaction if commits else producer.abort_transaction)(30)
            if request.config.getoption("--cluster") == "kafka":  # the embedded cluster forgets such offsets
                assert offsets(consumer, topic, 1) == [3]
        consumer.seek(TopicPartition(topic, 0, 3))
        assert [message.offset() for message in read(consumer, 2)] == [3, 4]


def test_stale_metadata(cluster: Cluster, topic: str, group: str) -> None:
    fill(cluster, topic, 1, 1)
    with transactional(cluster, topic) as producer, cluster.consumer(group, enable_auto_commit=False) as consumer:
        metadata = consumer.consumer_group_metadata()
        consumer.subscribe([topic])
        read(consumer, 1)
        producer.begin_transaction()
        with refused(KafkaError.ILLEGAL_GENERATION) as caught:
            producer.send_offsets_to_transaction([TopicPartition(topic, 0, 1)], metadata, 30)
        assert caught.value.args[0].txn_requires_abort()
        producer.abort_transaction(30)


def test_purge(nobody: str, topic: str) -> None:
    heard: list[KafkaError | None] = []
    producer = Producer({"bootstrap.servers": nobody, "linger.ms": 50})
    for _ in range(500):
        producer.produce(topic, "x", on_delivery=lambda error, _: heard.append(error))
    producer.purge(in_queue=False, in_flight=False)
    assert len(producer) == 500
    producer.purge()
    assert producer.flush(10) == 0
    assert heard == [KafkaError._PURGE_QUEUE] * 500
    producer.close()


def test_key_partition(cluster: Cluster, topic: str) -> None:
    told: list[tuple[str, int | None]] = []
    with cluster.producer(partitioner="murmur2") as producer:
        producer.produce(topic, "x", partition=0)  # makes the topic
        for number in range(50):
            key = f"key {number}"
            producer.produce(
                topic, "x", key, on_delivery=lambda _, message, key=key: told.append((key, message.partition()))
            )
        producer.flush(30)
    assert len(told) == 50
    partitions = 4
    assert [key_partition(key, partitions, "murmur2") for key, _ in told] == [partition for _, partition in told]
    assert key_partition(b"\0", 1) == 0 and 0 <= key_partition(None, 3) < 3
    for wrong in ((b"k", 0, "murmur2"), (b"k", 4, "none")):
        with refused(KafkaError.BAD_ARGUMENT):
            key_partition(*wrong)


def test_oauth_cb(nobody: str) -> None:
    conf = {
        "bootstrap.servers": nobody,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.config": "scope=test",
        "kaffi.close.timeout.ms": 100,
    }
    asked: list[str] = []

    def token(config: str) -> tuple[str, float, str, dict[str, str]]:
        asked.append(config)
        return "token", time.time() + 2, "me", {"logicalCluster": "one"}

    with Producer({**conf, "oauth_cb": token}) as producer:
        assert asked == ["scope=test"]
        until(lambda: (producer.poll(0.1) and False) or len(asked) > 1)  # before the token ends it wants the next one

    def late(_: str) -> tuple[str, float]:
        return "token", time.time() - 1

    with refused(KafkaError.BAD_ARGUMENT):
        Producer({**conf, "oauth_cb": late})

    def fails(_: str) -> tuple[str, float]:
        raise OSError("no token today")

    with pytest.raises(OSError, match="no token today"):
        Producer({**conf, "oauth_cb": fails})
    answers = iter([token, fails])
    with Producer({**conf, "oauth_cb": lambda config: next(answers)(config)}) as producer:
        with pytest.raises(OSError, match="no token today"):
            until(lambda: producer.poll(0.1))
        with pytest.raises(KafkaException) as caught:
            producer.check_connection(1)
        assert caught.value.args[0].str()


def test_new_credentials(nobody: str) -> None:
    conf = {"bootstrap.servers": nobody, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN"}
    with Producer({**conf, "sasl.username": "old", "sasl.password": "old"}) as producer:
        producer.set_sasl_credentials("new", "secret")
        assert (producer._get("sasl.username"), producer._get("sasl.password")) == ("new", "[redacted]")
