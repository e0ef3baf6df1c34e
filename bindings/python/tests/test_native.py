"""The part of the package that is in machine code, and the Python that does the same where it cannot be loaded."""

from __future__ import annotations

import copy
import gc
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Cluster, read

from kaffi import KafkaError, Message

FIELDS = "topic", "partition", "offset", "key", "value", "timestamp", "headers", "leader_epoch", "latency"
PURE = bool(os.environ.get("KAFFI_PURE_PYTHON"))

DESCRIBE = """
import inspect, json
from kaffi import _batch, _gather, _hand, message
found = {}
classes = _batch.Records, _gather.Deliveries, _gather.Gathered, _gather.Gatherer, _hand.Poller, message.Message
for one in classes:
    for name, member in [("", one), *vars(one).items()]:
        if not name.startswith("_") and name not in ("dropped", "handle", "stored"):  # attributes, in Python
            found[f"{one.__name__}.{name}"] = inspect.getdoc(member)
print(json.dumps(found))
"""


def test_both_are_documented_alike() -> None:
    def described(pure: str) -> dict[str, str]:
        env = {**os.environ, "KAFFI_PURE_PYTHON": pure, "PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run([sys.executable, "-c", DESCRIBE], env=env, check=True, stdout=subprocess.PIPE)
        documented: dict[str, str] = json.loads(done.stdout)
        return {name: " ".join((text or "").split()) for name, text in documented.items()}

    assert described("") == described("1")


def test_it_is_used() -> None:
    if sys.version_info < (3, 10) or sys.implementation.name != "cpython":
        pytest.skip("the part in machine code is for CPython 3.10 and newer")
    assert (Message.__module__ == "kaffi") is not PURE


def test_a_message_can_be_copied_and_pickled(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        producer.produce(topic, "value", "key", headers=[("a", None), ("b", b"1")], timestamp=1)
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        consumed = read(consumer, 1)[0]
    made = Message("t", 1, 2, b"k", b"v", 3, 1, 4, [("h", b"x")], KafkaError(5), 0.5)
    for message in consumed, made, Message():
        for other in pickle.loads(pickle.dumps(message)), copy.deepcopy(message):
            for name in FIELDS:
                assert getattr(other, name)() == getattr(message, name)()
            assert repr(other) == repr(message)
    assert made.latency() == 0.5


def test_a_message_keeps_its_batch(cluster: Cluster, topic: str, group: str) -> None:
    with cluster.producer() as producer:
        producer.produce(topic, b"v" * 1000, headers=[("name", b"h" * 1000)])
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        message = read(consumer, 1)[0]
    del consumer
    gc.collect()
    assert (message.value(), message.headers()) == (b"v" * 1000, [("name", b"h" * 1000)])
    assert (message.topic(), message.offset(), len(message)) == (topic, 0, 1000)


@pytest.mark.parametrize("rows", [-1, "2", 2**70])
def test_nothing_false_is_taken(rows: object) -> None:
    if PURE:
        pytest.skip("there is nothing in machine code")
    from kaffi._batch import Records

    with pytest.raises((TypeError, OverflowError)):
        Records(None, rows)  # type: ignore[arg-type]
