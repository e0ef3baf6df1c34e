"""Ctrl-C, the end of the process, finding the library: each in a Python of its own."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Cluster, read

PACKAGE = Path(__file__).resolve().parents[1]
HEAD = """
import signal, sys, time
from kaffi import *
servers, topic = sys.argv[1:]
with Producer({"bootstrap.servers": servers}) as first:
    first.produce(topic, "first", partition=3)
def wait(call):
    try:
        print("waiting", flush=True)
        call()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    else:
        print("not interrupted", flush=True)
"""
WAITS = {
    "consumer-poll": """
consumer = Consumer({"bootstrap.servers": servers, "group.id": topic})
consumer.subscribe([topic])
consumer.poll(1)
wait(consumer.poll)
consumer.close()
""",
    "consumer-iteration": """
consumer = Consumer({"bootstrap.servers": servers, "group.id": topic})
consumer.subscribe([topic])
wait(lambda: [message for message in consumer])
consumer.close()
""",
    "consumer-committed": """
consumer = Consumer({"bootstrap.servers": "127.0.0.1:1", "group.id": topic})
wait(lambda: consumer.committed([TopicPartition(topic, 0)]))
consumer.close()
""",
    "next-event": """
consumer = Consumer({"bootstrap.servers": servers, "group.id": topic, "kaffi.events": ""})
wait(consumer.next_event)
wait(lambda: consumer.next_event(60))
consumer.close()
""",
    "watermarks": """
consumer = Consumer({"bootstrap.servers": "127.0.0.1:1", "group.id": topic})
wait(lambda: consumer.get_watermark_offsets(TopicPartition(topic, 0)))
consumer.close()
""",
    "init-transactions": """
producer = Producer({"bootstrap.servers": "127.0.0.1:1", "transactional.id": topic})
wait(producer.init_transactions)
producer.close(0)
""",
    "check-connection": """
producer = Producer({"bootstrap.servers": "127.0.0.1:1"})
wait(lambda: producer.check_connection(60))
producer.close()
""",
    "producer-poll": """
producer = Producer({"bootstrap.servers": "127.0.0.1:1"})
producer.produce(topic, "x")
wait(producer.poll)
assert len(producer) == 1
try:
    producer.close(0)
except KafkaException:
    pass
""",
    "producer-flush": """
producer = Producer({"bootstrap.servers": "127.0.0.1:1"})
producer.produce(topic, "x")
wait(producer.flush)
wait(producer.close)
assert len(producer) == 1
try:
    producer.close(0)
except KafkaException:
    pass
""",
    "producer-queue-full": """
producer = Producer({"bootstrap.servers": "127.0.0.1:1", "queue.buffering.max.messages": 1})
producer.produce(topic, "x")
wait(lambda: producer.produce(topic, "y"))
assert len(producer) == 1
try:
    producer.close(0)
except KafkaException:
    pass
""",
}


def python(script: str, cluster: Cluster, topic: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "always", "-c", script, cluster.bootstrap, topic]
    env = {**os.environ, "PYTHONPATH": str(PACKAGE), **environment}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("name", WAITS)
def test_ctrl_c(cluster: Cluster, topic: str, name: str) -> None:
    process = python(HEAD + WAITS[name], cluster, topic)
    assert process.stdout is not None
    line = process.stdout.readline()
    while line.strip() == "waiting":
        # Nothing must come for a while: the call waits. Then the signal ends it.
        assert not select.select([process.stdout], [], [], 0.4)[0]
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline().strip() == "interrupted"
        assert time.monotonic() - start < 2
        line = process.stdout.readline()
    _, errors = process.communicate(timeout=60)
    assert (line, process.returncode, errors) == ("", 0, "")


def test_ctrl_c_loses_no_record(cluster: Cluster, topic: str, group: str) -> None:
    """Signals come as fast as records do; each record is handed out once, in order."""
    script = HEAD + """
import os, threading
count = 3000
with Producer({"bootstrap.servers": servers}) as producer:
    for number in range(count):
        producer.produce(topic, f"{number}", partition=0)
conf = {"bootstrap.servers": servers, "group.id": topic, "auto.offset.reset": "earliest", "kaffi.batch.max.bytes": 200}
consumer = Consumer(conf)
consumer.subscribe([topic])
stop = threading.Event()
def disturb():
    while not stop.wait(0.003):
        os.kill(os.getpid(), signal.SIGINT)
class Disturbed(Exception): pass
def handler(number, frame):
    # Between the library and the hand: an interrupt there is where a record could get lost.
    if frame.f_code.co_name in ("_fetch", "_receive", "call", "ints", "values", "_store"):
        raise Disturbed
signal.signal(signal.SIGINT, handler)
threading.Thread(target=disturb, daemon=True).start()
got, interrupts, end = [], 0, time.monotonic() + 60
while len(got) < count and time.monotonic() < end:
    try:
        message = consumer.poll(1)
    except Disturbed:
        interrupts += 1
        continue
    if message is not None and message.error() is None and message.partition() == 0:
        got.append(message.offset())
stop.set()
signal.signal(signal.SIGINT, signal.SIG_IGN)
consumer.close()
print(interrupts > 0, got == list(range(count)))
"""
    out, errors = python(script, cluster, topic).communicate(timeout=120)
    assert errors == "" and out.strip() == "True True"


def test_ctrl_c_loses_no_produced_record(cluster: Cluster, topic: str) -> None:
    """Signals come while records are gathered and handed over: each is delivered once, each callback called once."""
    script = HEAD + """
import os, threading
from collections import Counter
producer = Producer({"bootstrap.servers": servers, "linger.ms": 5})
stop = threading.Event()
def disturb():
    while not stop.wait(0.002):
        os.kill(os.getpid(), signal.SIGINT)
class Disturbed(Exception): pass
def handler(number, frame):
    if frame.f_code.co_name in ("_hand_over", "_produce_rows", "_note", "call", "_settle"):
        raise Disturbed
heard, taken, unsure = Counter(), set(), set()
producer.produce(topic, "-1", partition=0, on_delivery=lambda error, message: heard.update([int(message.value())]))
producer.flush()
heard.clear()
signal.signal(signal.SIGINT, handler)
threading.Thread(target=disturb, daemon=True).start()
for number in range(60_000):
    try:
        producer.produce(
            topic, f"{number}", partition=0, on_delivery=lambda error, message: heard.update([int(message.value())])
        )
        taken.add(number)
    except Disturbed:
        unsure.add(number)
stop.set()
signal.signal(signal.SIGINT, signal.SIG_IGN)
producer.flush()
end = producer.produce_batch(topic, ["end"], partitions=0)
producer.close()
print(len(unsure) > 0, taken <= set(heard) <= taken | unsure, set(heard.values()) == {1})
conf = {"bootstrap.servers": servers, "group.id": topic, "auto.offset.reset": "earliest"}
values = []
with Consumer(conf) as consumer:
    consumer.subscribe([topic])
    while b"end" not in values[-1:]:
        values += consumer.consume_batch(timeout=30).values
    values = [int(value) for value in values[:-1] if value not in (b"first", b"-1")]
print(values == sorted(set(values)), set(values) == set(heard))
"""
    out, errors = python(script, cluster, topic).communicate(timeout=120)
    assert (out.split(), errors) == (["True"] * 5, "")


def test_exit_without_close_delivers(cluster: Cluster, topic: str, group: str) -> None:
    script = HEAD + """
producer = Producer({"bootstrap.servers": servers, "linger.ms": 10000})
for number in range(100):
    producer.produce(topic, f"{number}", partition=0, on_delivery=lambda error, _: print(error))
"""
    out, errors = python(script, cluster, topic).communicate(timeout=60)
    assert out.split() == ["None"] * 100
    assert "ResourceWarning: unclosed <Producer" in errors and "Traceback" not in errors
    with cluster.consumer(group) as consumer:
        consumer.subscribe([topic])
        assert len(read(consumer, 101)) == 101


def test_exit_without_close_says_what_is_lost(cluster: Cluster, topic: str) -> None:
    script = HEAD + """
producer = Producer({"bootstrap.servers": "127.0.0.1:1", "kaffi.close.timeout.ms": 300})
producer.produce(topic, "x")
"""
    process = python(script, cluster, topic)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "RuntimeWarning" in errors and "UNDELIVERED" in errors


def test_exit_while_a_thread_waits(cluster: Cluster, topic: str) -> None:
    script = HEAD + """
import threading
consumer = Consumer({"bootstrap.servers": servers, "group.id": topic})
consumer.subscribe([topic])
threading.Thread(target=consumer.poll, daemon=True).start()
consumer.poll(0.3)
"""
    process = python(script, cluster, topic)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_close_in_a_signal_handler(cluster: Cluster, topic: str) -> None:
    script = HEAD + """
consumer = Consumer({"bootstrap.servers": servers, "group.id": topic})
consumer.subscribe([topic])
signal.signal(signal.SIGALRM, lambda *_: consumer.close())
signal.setitimer(signal.ITIMER_REAL, 0.5)
print([message for message in consumer])
"""
    out, errors = python(script, cluster, topic).communicate(timeout=60)
    assert (out.strip(), errors) == ("[]", "")


def test_library_not_found(cluster: Cluster, topic: str, tmp_path: Path) -> None:
    script = "import kaffi\ntry: kaffi.version()\nexcept ImportError as error: print(error)"
    out, _ = python(script, cluster, topic, KAFFI_LIBRARY=str(tmp_path / "nothing.so")).communicate(timeout=60)
    assert "KAFFI_LIBRARY names" in out
    wrong = tmp_path / "wrong.so"
    wrong.write_text("no library")
    out, _ = python(script, cluster, topic, KAFFI_LIBRARY=str(wrong)).communicate(timeout=60)
    assert "KAFFI_LIBRARY names" in out
