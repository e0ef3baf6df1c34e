"""Errors, versions, topic-partitions and the embedded cluster."""

from __future__ import annotations

import json
import math

import pytest

import kaffi
from kaffi import KafkaError, KafkaException, MockCluster, Producer, TopicPartition
from kaffi._call import Deadline, milliseconds
from kaffi._library import description


def test_constants() -> None:
    known = {
        "_PARTITION_EOF": -191,
        "_QUEUE_FULL": -184,
        "_TIMED_OUT": -185,
        "_MSG_TIMED_OUT": -192,
        "_ALL_BROKERS_DOWN": -187,
        "_TRANSPORT": -195,
        "UNKNOWN_TOPIC_OR_PART": 3,
        "MSG_SIZE_TOO_LARGE": 10,
        "TRANSACTION_ABORTABLE": 120,
        "UNKNOWN": 9999,
        "OFFSET_OUT_OF_RANGE": 10001,
        "CLOSED": -1107,
        "FORKED": -1108,
        "NO_ERROR": 0,
    }
    assert {name: getattr(KafkaError, name) for name in known} == known
    assert set(known) <= set(dir(KafkaError))
    for described in description()["codes"]:
        code = getattr(KafkaError, described["name"])
        assert (KafkaError(code).name(), KafkaError(code).str()) == (described["name"], described["text"])
    with pytest.raises(AttributeError):
        _ = KafkaError.NO_SUCH_ERROR


def test_error() -> None:
    error = KafkaError(KafkaError._TIMED_OUT, "waited too long")
    assert (error.code(), error.name(), error.str()) == (-185, "_TIMED_OUT", "waited too long")
    assert (error.retriable(), error.fatal()) == (True, False)
    assert (KafkaError(-150).fatal(), KafkaError(5, fatal=True, retriable=False).fatal()) == (True, True)
    assert repr(error) == str(error) == 'KafkaError{code=_TIMED_OUT,val=-185,str="waited too long"}'
    assert error == KafkaError(-185) == -185 and error != KafkaError(3) and error != "text"
    assert {error: 1}[KafkaError(-185)] == 1
    assert "7777" in KafkaError(7777).str()
    exception = KafkaException(error)
    assert exception.args[0] is error and str(exception) == str(error)


def test_versions() -> None:
    text, number = kaffi.libversion()
    assert f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}" == text
    assert kaffi.version() == description()["version"]


def test_topic_partition() -> None:
    entry = TopicPartition("t", 1, 5)
    assert entry == TopicPartition("t", 1) != TopicPartition("t", 2) and entry != "t"
    first, last = TopicPartition("a"), TopicPartition("t", 2)
    assert sorted([last, entry, first]) == [first, entry, last]
    assert len({entry, TopicPartition("t", 1)}) == 1
    assert repr(entry) == "TopicPartition{topic=t,partition=1,offset=5,leader_epoch=None,error=None}"
    assert (TopicPartition("t").partition, TopicPartition("t").offset) == (-1, kaffi.OFFSET_INVALID)


def test_timeouts() -> None:
    assert [milliseconds(seconds) for seconds in (None, -1, 0, 0.0001, 1.5)] == [-1, -1, 0, 1, 1500]
    assert [milliseconds(seconds) for seconds in (1e9, math.inf)] == [-1, -1]
    assert Deadline(0).passed() and not Deadline(None).passed() and not Deadline(-1).passed()
    assert Deadline(None).slice_ms() == Deadline(9).slice_ms() == 200 and Deadline(0).slice_ms() == 0
    with pytest.raises(ValueError):
        Deadline(math.nan)


def test_mock_cluster() -> None:
    with MockCluster(3) as cluster:
        assert len(cluster.bootstrap.split(",")) == 3
        cluster.create_topic("two", partitions=2, replication_factor=3)
        with pytest.raises(KafkaException) as caught:
            cluster.create_topic("two")
        assert caught.value.args[0] == KafkaError.TOPIC_ALREADY_EXISTS
        cluster.create_topic("three")
        cluster.partition_leader("two", 0, 2)
        cluster.round_trip_time(0.02, 2)
        cluster.coordinator_for(3, group="g")
        errors: list[object] = []
        with Producer({"bootstrap.servers": cluster.bootstrap, "retries": 0}) as producer:
            producer.check_connection()
            cluster.push_errors("Produce", [KafkaError.TOPIC_AUTHORIZATION_FAILED])
            producer.produce("two", "x", partition=0, on_delivery=lambda error, _: errors.append(error))
            assert producer.flush(30) == 0
            assert errors == [KafkaError.TOPIC_AUTHORIZATION_FAILED]
            for broker in (1, 2, 3):
                cluster.broker_down(broker)
            producer.produce("three", "x", partition=0)
            assert producer.flush(0.5) == 1
            for broker in (1, 2, 3):
                cluster.broker_up(broker)
            assert producer.flush(30) == 0
        with pytest.raises(KafkaException, match="broker"):
            cluster._request("BrokerUp", brokr=1)
    cluster.close()
    with pytest.raises(RuntimeError):
        _ = cluster.bootstrap
    with pytest.raises(KafkaException):
        MockCluster(0)


def test_json_of_requests_is_text() -> None:
    with MockCluster() as cluster, pytest.raises(KafkaException) as caught:
        cluster._request("Grüße", value=json.dumps("日本"))
    assert caught.value.args[0] == KafkaError.BAD_JSON
