#!/usr/bin/env python3
"""usage: tests/apl/run.py --cluster mock|kafka [WORD...]

Plays the sources of bindings/apl by an interpreter (apl.py) and an emulator of ⎕NA (quad_na.py): all scenarios of
tests/scenarios, and tests of the APL layer itself (names with a slash), in Unicode and in Classic Edition. With words:
only those whose name contains one. `mock` starts an embedded cluster, `kafka` uses KAFFI_TEST_BOOTSTRAP. The library is
the one that KAFFI_LIBRARY names.
"""
from __future__ import annotations

import argparse
import faulthandler
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Optional

import check
import quad_na
from apl import AplError, Function, Session

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent.parent / "bindings" / "apl"
EDITIONS = ("unicode", "classic")
AT_ONCE = 2  # tests that run beside each other, each in a process of its own: most wait for brokers
TESTS: dict[str, tuple[tuple[str, ...], Callable[[Play], None]]] = {}


def test(name: str, editions: tuple[str, ...] = EDITIONS) -> Callable[[Callable[[Play], None]], Callable[[Play], None]]:
    def register(function: Callable[[Play], None]) -> Callable[[Play], None]:
        TESTS[name] = (editions, function)
        return function

    return register


class Skip(Exception):
    """Why a test cannot be played here."""


def same(seen: Any, wanted: Any) -> None:
    if seen != wanted:
        raise AssertionError(f"{seen!r} instead of {wanted!r}")


def within(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


class Play:
    """One test in one edition: a workspace with the sources loaded, a cluster, names of its own."""

    folder = Path()  # holds the library under the name kafka.so
    cluster = ""
    bootstrap = ""

    def __init__(self, name: str, edition: str) -> None:
        self.name = name
        self.classic = edition == "classic"
        self.apl = Session(self.classic)
        for path in sorted(SOURCES.glob("*.apl?")):
            self.apl.load(path)
        self.apl("Init path", path=str(self.folder))
        self.topic = self.unique()
        self.note = ""  # what a test measured

    def unique(self) -> str:
        return f"kaffi-{self.name.replace('/', '-')}-apl-{uuid.uuid4().hex[:10]}"

    def config(self, **more: Any) -> None:
        """Makes the table `config`; the underscores of a name are dots."""
        rows = {"bootstrap.servers": self.bootstrap, **{key.replace("_", "."): value for key, value in more.items()}}
        self.apl("config←↑rows", rows=[[key, value] for key, value in rows.items()])

    def producer(self, **more: Any) -> None:
        self.config(**more)
        self.apl("producer←⎕NEW Producer config")

    def consumer(self, group: Optional[str] = None, name: str = "consumer", **more: Any) -> None:
        settings = {"auto_offset_reset": "earliest", "enable_auto_commit": "false", "kaffi_poll_timeout_ms": "1000",
                    "session_timeout_ms": "6000"}  # fmt: skip
        self.config(group_id=group or self.unique(), **{**settings, **more})
        self.apl(f"{name}←⎕NEW Consumer(config(⊂topic))", topic=self.topic)

    def produce(self, payloads: list[Any], key: Any = "", partition: int = 0) -> list[int]:
        """Produces and waits for the reports; the ids."""
        ids = []
        for payload in payloads:
            line = "producer.produce topic payload key partition"
            answer = self.apl(line, topic=self.topic, payload=payload, key=key, partition=partition)
            same(answer[0], 0)
            ids.append(answer[1])
        same(self.apl("producer.flush 60000"), [0, 0])
        same(self.apl("producer.update_outstanding"), [0, []])
        return ids

    def read(self, count: int, name: str = "consumer") -> list[Any]:
        """The next records, as topic, payload, key, partition, offset."""
        found: list[Any] = []
        in_time = within(60)
        while len(found) < count:
            answer = self.apl(f"{name}.consume")
            if answer[0] == 0:
                found.append(answer[1:])
            elif answer != [1, "no msg"]:
                raise AssertionError(f"consume answers {answer}")
            elif not in_time():
                raise AssertionError(f"{len(found)} of {count} records came")
        return found

    def read_batch(self, count: int) -> list[list[Any]]:
        """The next records by batches: rows of topic, payload, key, partition, offset, timestamp, headers."""
        rows: list[list[Any]] = []
        in_time = within(60)
        while len(rows) < count:
            code, *columns = self.apl("consumer.consume_batch 20000")
            if code == 0:
                same({len(column) for column in columns}, {len(columns[0])})
                rows += map(list, zip(*columns))
            elif [code, *columns] != [1, "no msg"]:
                raise AssertionError(f"consume_batch answers {code} {columns}")
            elif not in_time():
                raise AssertionError(f"{len(rows)} of {count} records came")
        same(len(rows), count)
        return rows

    def report_batch(self, count: int) -> list[list[Any]]:
        """The next delivery reports by batches, in the order of their ids."""
        reports: list[list[Any]] = []
        in_time = within(60)
        while len(reports) < count:
            code, more = self.apl("producer.delivery_report_batch 20000")
            same(code, 0)
            reports += more
            assert in_time(), f"{len(reports)} of {count} reports came"
        same(len(reports), count)
        return sorted(reports)

    def raw(self) -> dict[str, quad_na.Function]:
        """The functions of the library by their patterns of bytes."""
        return dict(self.apl.root.members["kafka"].members["raw"].members)

    def spent(self) -> tuple[int, float]:
        """Calls into the library so far, and seconds inside it."""
        return sum(f.calls for f in self.raw().values()), sum(f.seconds for f in self.raw().values())

    def no_batch_left(self) -> None:
        """Each batch and list that was made is deleted, or used up by a call."""
        raw = self.raw()
        made = ("NewBatch", "ConsumeBatch", "DeliveryReportBatch", "NewTopicPartitionList", "GetAssignment",
                "GetSubscription", "GetLag")  # fmt: skip
        used = raw["SubscribeConsumerTPList"].calls + raw["Committed"].calls
        same(raw["DelBatch"].done + used, sum(raw[name].done for name in made))

    def bytes(self, value: Any) -> bytes:
        return bytes(self.apl("#.kafka.bytes value", value=value))

    def plain(self, value: Any) -> Any:
        return None if value is None else self.bytes(value)

    def headers(self, table: Any) -> list[Any]:
        return [(name, self.plain(value)) for name, value in table]

    def fails(self, line: str, number: int, **variables: Any) -> str:
        """The message of the error that a line signals."""
        try:
            seen = self.apl(line, **variables)
        except AplError as error:
            same((error.number, str(error)), (number, str(error)))
            return str(error)
        raise AssertionError(f"{line} gives {seen!r} and no error")

    def close(self) -> None:
        self.apl.close()
        same((self.apl.destructor_errors, self.apl.output), ([], []))


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


# --- the scenarios ---------------------------------------------------------------------------------------------------


@test("produce-and-report")
def produce_and_report(play: Play) -> None:
    play.producer()
    ids = []
    for i in range(100):
        code, msgid = play.apl(f"producer.produce topic 'value {i}'", topic=play.topic)
        same(code, 0)
        ids.append(msgid)
    same(ids, sorted(set(ids)))
    reports: list[Any] = []
    in_time = within(60)
    while len(reports) < 100 and in_time():
        code, more = play.apl("producer.delivery_report 30")
        same(code, 0)
        assert len(more) <= 30
        reports += more
    same(sorted(reports), [[msgid, 0] for msgid in ids])
    same(play.apl("producer.delivery_report 30"), [0, []])
    same(play.apl("producer.update_outstanding"), [0, []])
    same(play.apl("producer.get_outstanding"), [0, 0, 0, 0])


@test("consume-in-order")
def consume_in_order(play: Play) -> None:
    play.producer()
    play.produce([f"value {i}" for i in range(100)])
    play.consumer()
    same(play.read(100), [[play.topic, f"value {i}", "", 0, i] for i in range(100)])
    same(play.apl("consumer.consume"), [1, "no msg"])


@test("key-and-partition")
def key_and_partition(play: Play) -> None:
    play.producer()
    for partition in range(3):
        play.produce([f"value {partition}"], f"key {partition}", partition)
    play.consumer()
    seen = sorted(play.read(3), key=lambda record: record[3])
    same(seen, [[play.topic, f"value {p}", f"key {p}", p, 0] for p in range(3)])
    for turn in range(2):
        for number in range(8):
            play.produce([f"turn {turn}"], f"key {number}", -1)
    places: dict[str, set[int]] = {}
    for _, _, key, partition, _ in play.read(16):
        places.setdefault(key, set()).add(partition)
    same(sorted(places), [f"key {number}" for number in range(8)])
    assert all(len(partitions) == 1 for partitions in places.values()), places


@test("null-empty-nul")
def null_empty_nul(play: Play) -> None:
    play.producer()
    every = bytes(range(256))
    values: list[Any] = [None, "", [0], [0, 0, 65, 0], list(every), [-1, -128, 127]]
    for value in values:
        play.produce([value], value)
    if not play.classic:
        play.produce([every, b"\0"], every)
    text = "ärger, größe, ñandú" if play.classic else "žluťoučký kůň, 漢字, 🙂"
    play.apl("coded←#.kafka.utf8 text", text=text)
    same(play.apl("producer.produce topic coded coded 0", topic=play.topic)[0], 0)
    play.consumer()
    for value, (_, payload, key, _, _) in zip(values, play.read(len(values))):
        wanted = b"" if value is None else bytes(byte % 256 for byte in value) if isinstance(value, list) else b""
        same((play.bytes(payload), play.bytes(key)), (wanted, wanted))
    if not play.classic:
        same([record[1:3] for record in play.read(2)], [[every.decode("latin-1")] * 2, ["\0", every.decode("latin-1")]])
    (record,) = play.read(1)
    same((play.bytes(record[1]), play.bytes(record[2])), (text.encode(), text.encode()))
    same(play.apl("#.kafka.text payload", payload=record[1]), text)


@test("small-buffer")
def small_buffer(play: Play) -> None:
    play.producer()
    payload, key = os.urandom(100_000), os.urandom(300)
    play.produce([list(payload)], list(key))
    play.consumer()
    small = "#.kafka.raw.Consume consumer.get_consumer 5 5 50 50 7 7 0 0 200 200"
    in_time = within(60)
    while (answer := play.apl(small))[0] == 1:
        assert in_time(), "no record came"
    same([answer[i] for i in (0, 2, 4, 6)], [2, len(play.topic), len(payload), len(key)])
    (record,) = play.read(1)
    same((record[0], play.bytes(record[1]), play.bytes(record[2])), (play.topic, payload, key))
    same(record[3:], [0, 0])


@test("commit-and-resume")
def commit_and_resume(play: Play) -> None:
    play.producer()
    play.produce([f"value {i}" for i in range(10)])
    group = play.unique()
    play.consumer(group)
    same([record[4] for record in play.read(5)], [0, 1, 2, 3, 4])
    same(play.apl("consumer.commit"), 0)
    same(play.apl("consumer.committed topic 0"), [0, 5])
    play.apl("⎕EX'consumer'")
    play.consumer(group)
    same(play.read(1)[0][1:], ["value 5", "", 0, 5])
    same(play.apl("consumer.committed topic 0"), [0, 5])
    same(play.apl("consumer.committed topic 1"), [0, -1001])


@test("offsets-by-hand")
def offsets_by_hand(play: Play) -> None:
    play.producer()
    play.produce([f"value {i}" for i in range(10)])
    group = play.unique()
    play.consumer(group)
    play.read(1)
    play.apl("list←consumer.topic_partition")
    same(play.apl("consumer.set_topic_partition list topic 0"), [0, ""])
    same(play.apl("consumer.set_offset list topic 0 3"), [0, ""])
    code, text = play.apl("consumer.set_offset list topic 7 1")
    same((code, bool(text)), (-190, True))
    same(play.apl("consumer.commit_topic_partition list"), 0)
    same(play.apl("consumer.del_topic_partition list"), [0, ""])
    same(play.apl("consumer.close 30000"), 0)
    play.consumer(group)
    same(play.read(1)[0][1:], ["value 3", "", 0, 3])


@test("unknown-property")
def unknown_property(play: Play) -> None:
    play.producer()
    for key, value, wanted in (("no.such.property", "1", -2), ("acks", "perhaps", -1), ("linger.ms", "¯¯", -1)):
        code, text = play.apl("producer.configure key value", key=key, value=value)
        same((code, key in text), (wanted, True))
    same(play.apl("producer.configure 'linger.ms' 5"), [0, ""])
    play.produce(["started"])
    code, text = play.apl("producer.configure 'linger.ms' 7")
    same((code, "linger.ms" in text), (-1105, True))


@test("broker-not-there")
def broker_not_there(play: Play) -> None:
    address = closed_port()
    play.producer(bootstrap_servers=address, message_timeout_ms="1000")
    start = time.monotonic()
    code, text = play.apl("producer.check_connection 5000")
    assert time.monotonic() - start < 8
    assert code < 0 and address in text and "refused" in text.lower(), (code, text)
    code, msgid = play.apl("producer.produce topic 'value'", topic=play.topic)
    same(code, 0)
    in_time = within(30)
    while (answer := play.apl("producer.update_outstanding"))[1] == [[msgid, 0]]:
        assert in_time(), "no report came"
    same((answer[0], answer[1][0][0], len(answer[1])), (0, msgid, 1))
    assert answer[1][0][1] != 0, "the record is not reported as failed"
    assert play.apl("producer.parse_error code", code=answer[1][0][1])[1]
    same(play.apl("producer.update_outstanding"), [0, []])  # a failure is shown once


@test("bad-handles")
def bad_handles(play: Play) -> None:
    play.producer()
    play.produce(["before"])
    made_up = 2**52 + 12345
    play.apl("list←#.kafka.new_topic_partition ⋄ conf←#.kafka.new_topic_conf ⋄ client←#.kafka.new")
    play.apl("(code mock text)←#.kafka.new_mock 1")
    kinds = {
        "client": ("#.kafka.setconf handle 'linger.ms' '5'", "#.kafka.close handle 1000", "list"),
        "list": ("#.kafka.set_topic_partition handle 'topic' 0", "#.kafka.del_topic_partition handle", "client"),
        "conf": ("#.kafka.set_topic_conf handle 'acks' '1'", "#.kafka.del_topic_conf handle", "list"),
        "mock": ("#.kafka.mock_request handle '{}'", "#.kafka.del_mock handle", "conf"),
    }
    for kind, (use, _, other) in kinds.items():
        for handle, wanted in ((0, -1100), (made_up, -1100), (play.apl(other), -1101)):
            code, text = play.apl(use, handle=handle)
            same((kind, handle, code, bool(text)), (kind, handle, wanted, True))
    for kind, (use, end, _) in kinds.items():
        handle = play.apl(kind)
        same(play.apl(end, handle=handle)[0], 0)
        for line in (use, end):
            same((line, play.apl(line, handle=handle)[0]), (line, -1107))
    for line in ("#.kafka.consume handle 9 9 9", "#.kafka.check_connection handle 9",
                 "#.kafka.subscribe_topic_partition handle #.kafka.new_topic_partition",
                 "#.kafka.committed handle #.kafka.new_topic_partition"):  # fmt: skip
        code, text = play.apl(line, handle=made_up)
        same((line, code, bool(text)), (line, -1100, True))
    code, _, text = play.apl("#.kafka.produce handle 'topic' 'value' '' 0", handle=made_up)
    same((code, bool(text)), (-1100, True))
    play.produce(["after"])


@test("close-in-flight")
def close_in_flight(play: Play) -> None:
    play.producer()
    for i in range(1000):
        same(play.apl(f"⊃producer.produce topic 'value {i}' '' 0", topic=play.topic), 0)
    same(play.apl("producer.close 60000"), [0, 0])
    play.consumer()
    same([record[1] for record in play.read(1000)], [f"value {i}" for i in range(1000)])


@test("close-without-broker")
def close_without_broker(play: Play) -> None:
    play.producer(bootstrap_servers=closed_port())
    for i in range(10):
        same(play.apl(f"⊃producer.produce topic 'value {i}'", topic=play.topic), 0)
    start = time.monotonic()
    same(play.apl("producer.close 1000"), [-1109, 10])
    assert time.monotonic() - start < 3, "closing took too long"


@test("two-threads")
def two_threads(play: Play) -> None:
    play.producer()
    play.apl("topic←t", t=play.topic)
    ids: list[list[int]] = [[], []]

    def work(number: int) -> None:
        for i in range(1000):
            code, msgid = play.apl(f"producer.produce topic 'thread {number} {i}' '' 0")
            same(code, 0)
            ids[number].append(msgid)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same([len(found) for found in ids], [1000, 1000])
    reported: list[int] = []
    in_time = within(60)
    while len(reported) < 2000 and in_time():
        code, reports = play.apl("producer.delivery_report 500")
        same((code, {error for _, error in reports} - {0}), (0, set()))
        reported += [msgid for msgid, _ in reports]
    same(sorted(reported), sorted(set(ids[0] + ids[1])))
    play.consumer()
    seen = [record[1] for record in play.read(2000)]
    for number in range(2):
        mine = [text for text in seen if text.startswith(f"thread {number} ")]
        same(mine, [f"thread {number} {i}" for i in range(1000)])


@test("close-while-waiting")
def close_while_waiting(play: Play) -> None:
    play.producer()
    play.produce(["value"])
    play.consumer(kaffi_poll_timeout_ms="30000")
    play.read(1)
    answers: list[Any] = []

    def wait() -> None:
        answers.append(play.apl("consumer.consume"))
        answers.append(time.monotonic())

    thread = threading.Thread(target=wait)
    thread.start()
    in_time = within(10)
    while not play.apl.waiting and in_time():
        time.sleep(0.001)
    start = time.monotonic()
    same(play.apl("consumer.close 30000"), 0)
    thread.join()
    code, text = answers[0]
    same((code, bool(text)), (-1107, True))
    assert answers[1] - start < 1, f"the waiting call ended after {answers[1] - start:.1f} s"


# --- the layer itself ------------------------------------------------------------------------------------------------


@test("apl/sources", ("unicode",))
def sources(play: Play) -> None:
    found = check.problems(SOURCES, play.apl)
    assert not found, "; ".join(found)


@test("apl/patterns", ("unicode",))
def patterns(play: Play) -> None:
    """Each documented function has its documented pattern under its own name; all have one of bytes in raw."""
    library = f"{play.folder}/kafka.so"
    listed = json.loads((SOURCES / "patterns.json").read_text(encoding="utf-8"))
    for entry in listed:
        raw = play.apl.root.members["kafka"].members["raw"].members[entry["name"]]
        wanted = entry["pattern"].replace("%P", library).replace("0T1", "U1[]")
        same((raw.pattern.replace("&", ""), raw.own_thread), (wanted, entry["waits"]))
        if entry["given_by"] == "Describe":
            plain = play.apl.root.members["kafka"].members[entry["name"]]
            same(plain.pattern, entry["pattern"].replace("%P", library))
    assert any(entry["given_by"] == "Describe" for entry in listed)


@test("apl/names", ("unicode",))
def names(play: Play) -> None:
    """The documented names are there."""
    kafka = ("NA new setconf produce delivery errormsg consume commit committed new_topic_partition "
             "set_topic_partition set_offset subscribe_topic_partition version")  # fmt: skip
    producer = ("configure produce produce_record delivery_report delivery_report_err update_outstanding parse_error "
                "get_producer")  # fmt: skip
    consumer = ("configure subscribe consume consume_record commit committed topic_partition set_topic_partition "
                "set_offset subscribe_topic_partition get_consumer")  # fmt: skip
    for space, listed in (("kafka", kafka), ("Producer", producer), ("Consumer", consumer), ("Record", "asArg")):
        there = play.apl.root.members[space].members
        for name in listed.split():
            assert name in there and (space == "kafka" or there[name].public), f"{space}.{name} is missing"


@test("apl/drop-in")
def drop_in(play: Play) -> None:
    """Init with and without the trailing slash, and with an empty path."""
    for path in (f"{play.folder}/", str(play.folder)):
        play.apl("Init path", path=path)
        same(play.apl.patterns[-1].count("//"), 0)
    code, text = play.apl("#.kafka.version")
    same(text, ".".join(str(code >> shift & 255) for shift in (24, 16, 8)))
    play.fails("Init '/nowhere'", 22)
    lines = ("import sys; from pathlib import Path; from apl import Session; s = Session()\n"
             "for path in Path(sys.argv[1]).glob('*.apl?'): s.load(path)\n"
             "s(\"Init ''\"); print(s('#.kafka.version')[1])")  # fmt: skip
    env = {**os.environ, "LD_LIBRARY_PATH": str(play.folder), "DYLD_LIBRARY_PATH": str(play.folder)}
    command = [sys.executable, "-c", lines, str(SOURCES)]
    done = subprocess.run(command, env=env, cwd=HERE, capture_output=True, text=True)
    same((done.returncode, done.stdout.strip()), (0, text))


@test("apl/existing-loader")
def existing_loader(play: Play) -> None:
    """A program that loads the library with one Describe of 1,024 bytes and calls the documented patterns itself."""
    play.apl(f"_←⎕NA'I4 {play.folder}/kafka.so|Describe >0T1 =I4'")
    code, text, size = play.apl("res←Describe 1024 1024")
    same((code, size), (0, len(text) + 1))
    assert size <= 1024
    play.apl("all←⎕JSON 2⊃res")
    assert play.apl("all.Version")
    same(len(play.apl("_←⎕NA¨('%P'⎕R file)all.Patterns", file=f"{play.folder}/kafka.so")), play.apl("≢all.Patterns"))
    room = "512 512"
    play.apl("(code prod)←InitKafka 1 ⋄ (code2 cons)←InitKafka 1")
    for client in ("prod", "cons"):
        same(play.apl(f"SetKafkaConf {client} 'bootstrap.servers' servers {room}", servers=play.bootstrap), [0, "", 0])
    code, text, length = play.apl(f"SetKafkaConf prod 'nothing' 'x' {room}")
    same((code, len(text)), (-2, length))
    code, msgid, text, length = play.apl(f"Produce prod topic 'tiger' 5 'key01' 5 0 1 {room}", topic=play.topic)
    same((code, text, length), (0, "", 0))
    reports: list[Any] = []
    in_time = within(60)
    while not reports and in_time():
        code, ids, errors, count = play.apl("DeliveryReport prod 10 10 10")
        reports += list(zip(ids, errors))[:count]
    same(reports, [(msgid, 0)])
    same(play.apl(f"DRMessageError ¯185 {room}")[0], 0)
    for key, value in (("group.id", play.unique()), ("auto.offset.reset", "earliest")):
        same(play.apl(f"SetKafkaConf cons key value {room}", key=key, value=value), [0, "", 0])
    play.apl("(code list)←NewTopicPartitionList 1")
    same(play.apl("SetTopicPartitionList list topic 0"), 0)
    same(play.apl(f"SubscribeConsumerTPList cons list {room}"), [0, "", 0])
    in_time = within(60)
    while (answer := play.apl(f"Consume cons 200 200 2048 2048 200 200 1 1 {room}"))[0] == 1:
        same(answer[9:], ["no msg", 6])
        assert in_time(), "no record came"
    same(answer, [0, play.topic, len(play.topic), "tiger", 5, "key01", 5, 0, 0, "", 0])
    same(play.apl("Commit cons 0"), 0)
    play.apl("(code list)←NewTopicPartitionList 1 ⋄ code←SetTopicPartitionList list topic 0")
    same(play.apl("Committed cons list 1"), [0, 1])
    same(play.apl("UninitConsumer cons"), 0)
    same(play.apl("UninitProducer prod"), 0)


@test("apl/large-describe", ("unicode",))
def large_describe(play: Play) -> None:
    """A Describe that needs more than 1,024 bytes is asked again with the room it needs, and fails with its code."""
    text = json.dumps({"Patterns": ["I4 %P|Version >0T1 U4"], "More": "x" * 3000}).encode() + b"\0"
    calls: list[list[Any]] = []

    class Library:
        def __init__(self, pattern: str, *_: Any) -> None:
            self.name = pattern.split("|")[1].split()[0]

        def __call__(self, values: list[Any]) -> Any:
            calls.append([self.name, *values])
            size = values[1]
            if self.name == "DescribeAll":
                return [-1110, [0] * size, 0]
            fits = size >= len(text)
            return [0 if fits else len(text), list(text.ljust(size, b"\xa5")) if fits else [0] * size, len(text)]

    real = quad_na.Function
    quad_na.Function = Library  # type: ignore[assignment,misc]
    try:
        message = play.fails("Init '/somewhere'", 11)
    finally:
        quad_na.Function = real  # type: ignore[misc]
    same(message, "DescribeAll of /somewhere/kafka.so answers ¯1110")
    size = len(text)
    same(calls, [["Describe", 1024, 1024], ["Describe", size, size], ["DescribeAll", 1024, 1024]])


@test("apl/utf-8")
def utf_8(play: Play) -> None:
    """Texts beyond ASCII: a property's value, an error text, a topic."""
    text = "größe-ñ" if play.classic else "žluť-漢字-🙂"
    play.producer(client_id=text)
    same(play.apl("#.kafka.getconf producer.get_producer 'client.id'"), [0, text])
    code, message = play.apl("producer.configure name 'x'", name=text)
    same((code, text in message), (-2, True))
    json_text = list(json.dumps({"text": "ä漢🙂"}).encode()) + [0, 0xA5]
    same(play.apl("(#.kafka.parse bytes).text", bytes=json_text), "????" if play.classic else "ä漢🙂")
    if play.cluster != "mock":
        raise Skip("a real Kafka refuses topics beyond ASCII")
    play.topic += text
    play.produce(["value"])
    play.consumer()
    same(play.read(1), [[play.topic, "value", "", 0, 0]])


@test("apl/classic", ("classic",))
def classic(play: Play) -> None:
    """What has no character in ⎕AV: a payload stays integers, an error text shows ?, text signals TRANSLATION ERROR."""
    play.producer()
    euro = list("č".encode())
    play.produce([euro, "plain", [0, 65], [11]])
    play.consumer()
    same([record[1] for record in play.read(4)], [euro, "plain", "\0A", [11]])
    play.fails("#.kafka.text payload", 92, payload=euro)
    code, message = play.apl("producer.configure name 'x'", name=euro)
    same((code, "??" in message), (-2, True))
    if play.cluster == "mock":
        play.topic = [*play.topic.encode(), *euro]  # type: ignore[assignment]
        play.produce(["value"])
        play.consumer()
        same(play.read(1), [[play.topic, "value", "", 0, 0]])


@test("apl/not-bytes", ("unicode",))
def not_bytes(play: Play) -> None:
    play.producer()
    for payload in ("漢字", [256], [-129]):
        assert "utf8" in play.fails("producer.produce topic payload", 11, topic=play.topic, payload=payload)
    play.fails("producer.produce topic", 5)
    same(play.apl("producer.get_outstanding"), [0, 0, 0, 0])


@test("apl/constructors")
def constructors(play: Play) -> None:
    """Clients with and without a table; a table that cannot be used is an error."""
    play.apl("producer←⎕NEW Producer ⋄ consumer←⎕NEW Consumer")
    same(play.apl("producer.configure 'client.id' 'me'"), [0, ""])
    same(play.apl("consumer.configure 'group.id' 'us'"), [0, ""])
    for name in ("Producer", "Consumer"):
        assert "no.such" in play.fails(f"⎕NEW {name}(1 2⍴'no.such' 'x')", 11)
        play.fails(f"⎕NEW {name}(1 3⍴'a' 'b' 'c')", 5)
    play.fails("⎕NEW Producer('client.id' 'x')", 5)
    play.producer()
    play.produce(["value"])
    play.config(group_id=play.unique())
    play.apl("consumer←⎕NEW Consumer config")
    same(play.apl("consumer.subscribe topic"), [0, ""])
    same(play.apl("consumer.subscribe topic 'other-topic'"), [0, ""])
    play.config()  # a consumer needs a group
    play.fails("⎕NEW Consumer(config topic)", 11)


@test("apl/records")
def records(play: Play) -> None:
    for given, wanted in (
        (["t", "p"], ["t", "p", "", -1, -1]),
        (["topic"], ["topic", "", "", -1, -1]),
        (["topic", "payload"], ["topic", "payload", "", -1, -1]),
        (["topic", "payload", "key"], ["topic", "payload", "key", -1, -1]),
        (["topic", "payload", "key", 2], ["topic", "payload", "key", 2, -1]),
        (["topic", "payload", "key", 2, 7], ["topic", "payload", "key", 2, 7]),
    ):
        same(play.apl("(⎕NEW Record fields).(Topic Payload Key Partition Offset)", fields=given), wanted)
        same(play.apl("(⎕NEW Record fields).asArg", fields=given), wanted[:4])
    same(play.apl("(⎕NEW Record).(Topic Payload Key Partition Offset)"), ["", "", "", -1, -1])
    same(play.apl("(⎕NEW Record 'topic').Topic"), "topic")
    play.producer()
    same(play.apl("⊃producer.produce_record ⎕NEW Record(topic 'p' 'k' 1)", topic=play.topic), 0)
    same(play.apl("producer.flush 60000"), [0, 0])
    play.consumer()
    in_time = within(60)
    while play.apl("⊃answer←consumer.consume_record") != 0:
        assert in_time(), "no record came"
    same(play.apl("(2⊃answer).(Topic Payload Key Partition Offset)"), [play.topic, "p", "k", 1, 0])


@test("apl/reports")
def reports(play: Play) -> None:
    """Failures: produce's own answer, the failed among the reports, what is outstanding and why."""
    play.producer(message_max_bytes="2000")
    code, msgid, *text = play.apl("producer.produce topic payload", topic=play.topic, payload="x" * 3000)
    same((code, msgid > 0, "".join(text).startswith("ERROR: ")), (10, True, True))
    play.config(security_protocol="sasl_plaintext", sasl_mechanisms="OAUTHBEARER", sasl_oauthbearer_method="oidc")
    play.apl("broken←⎕NEW Producer config")
    code, msgid, *text = play.apl("broken.produce topic 'payload'", topic=play.topic)
    same((code, "".join(text).startswith("ERROR START PRODUCER: ")), (1, True))
    play.producer(bootstrap_servers=closed_port(), message_timeout_ms="300")
    ids = [play.apl("producer.produce topic 'payload'", topic=play.topic)[1] for _ in range(3)]
    in_time = within(30)
    failed: list[Any] = []
    while len(failed) < 3 and in_time():
        failed += play.apl("producer.delivery_report_err 2")
    same([row[:2] for row in failed], [[0, msgid] for msgid in ids])
    assert all(row[2] != 0 for row in failed)
    same(play.apl("producer.update_outstanding"), [0, []])


@test("apl/topic-conf")
def topic_conf(play: Play) -> None:
    play.apl("conf←#.kafka.new_topic_conf")
    same(play.apl("#.kafka.set_topic_conf conf 'message.timeout.ms' '1000'"), [0, ""])
    same(play.apl("#.kafka.set_topic_conf conf 'nothing' '1'")[0], -2)
    play.producer(bootstrap_servers=closed_port())
    same(play.apl("#.kafka.set_default_topic_conf producer.get_producer conf"), [0, ""])
    same(play.apl("#.kafka.del_topic_conf conf"), [0, ""])
    msgid = play.apl("producer.produce topic 'payload'", topic=play.topic)[1]
    in_time = within(30)
    while (answer := play.apl("producer.delivery_report 5")[1]) == [] and in_time():
        pass
    same((answer[0][0], answer[0][1] != 0), (msgid, True))


@test("apl/mock-cluster")
def mock_cluster(play: Play) -> None:
    play.apl("cluster←⎕NEW MockCluster 3")
    same(len(play.apl("cluster.bootstrap").split(",")), 3)
    same(play.apl("cluster.create_topic 'made' 2"), [0, ""])
    code, text = play.apl("cluster.request '{\"Nothing\": 1}'")
    same((code, "Nothing" in text), (-1115, True))
    play.bootstrap = play.apl("cluster.bootstrap")
    play.producer()
    same(play.apl("producer.check_connection 10000"), [0, ""])
    same(play.apl("⊃producer.produce 'made' 'x' '' 1"), 0)
    same(play.apl("producer.flush 60000"), [0, 0])
    play.fails("⎕NEW MockCluster 0", 11)
    play.apl("⎕EX'producer cluster'")


@test("apl/destructors")
def destructors(play: Play) -> None:
    """⎕EX ends the handle; a record under way is delivered."""
    play.producer()
    play.apl("handle←producer.get_producer")
    same(play.apl("⊃producer.produce topic 'last' '' 0", topic=play.topic), 0)
    play.apl("⎕EX'producer'")
    same(play.apl("⊃#.kafka.setconf handle 'linger.ms' '5'"), -1107)
    play.consumer()
    same(play.read(1)[0][1], "last")
    play.apl("handle←consumer.get_consumer")
    play.apl("⎕EX'consumer'")
    same(play.apl("⊃#.kafka.consume handle 9 9 9"), -1107)


@test("apl/wake")
def wake(play: Play) -> None:
    play.producer()
    play.produce(["value"])
    play.consumer(kaffi_poll_timeout_ms="30000")
    play.read(1)
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(play.apl("consumer.consume")))
    thread.start()
    in_time = within(20)
    while thread.is_alive() and in_time():  # a call that does not wait yet is not woken
        same(play.apl("consumer.wake"), [0, ""])
        thread.join(0.01)
    same([answer[0] for answer in answers], [1])


@test("apl/quad-na", ("unicode",))
def emulator(play: Play) -> None:
    """The emulator itself: it gives what APL gives, and notices every access outside the room."""
    libc = "libc.so.6" if sys.platform == "linux" else "/usr/lib/libSystem.dylib"

    def call(pattern: str, *values: Any, classic: bool = False) -> Any:
        return quad_na.Function(pattern.replace("%P", libc), classic)(values)

    same(call("I4 %P|abs I4", -5), 5)
    same(call("U8 %P|strlen <0T1", "ab\0cd"), 2)
    same(call("P %P|memcpy >0T1 <0T1 P", 9, "ab\0cd", 6)[1], "ab")
    same(call("P %P|memcpy >T1[] <0T1 P", 6, "ab\0cd", 6)[1], "ab\0cd\0")
    same(call("P %P|memcpy >U1[] <U1[] P", 3, [1, 0, 255], 3)[1], [1, 0, 255])
    same(call("P %P|memcpy >I4 <I8 P", 1, -2, 4)[1], -2)
    same(call("P& %P|memcpy =I4 <I4 P".replace("P& %P|memcpy", "P %P|memcpy&"), 9, 7, 4)[1], 7)
    same(call("P %P|memcpy >0T1 <U1[] P", 9, [*"č".encode(), 0], 3, classic=True)[1], "Ä?")
    for pattern, values, number in (("I4 %P|abs I4", [2**31], 11), ("I4 %P|abs I4", [], 5), ("I4 %P|abs I4", [1.5], 11),
                                    ("U8 %P|strlen <0T1", ["č"], 11), ("I4 %P|nothing I4", [1], 11)):  # fmt: skip
        try:
            call(pattern, *values)
        except quad_na.QuadNaError as error:
            same(error.number, number)
        else:
            raise AssertionError(f"{pattern} takes {values}")
    beyond = ("import sys, quad_na\nf = quad_na.Function(f'P {sys.argv[1]}|memset >U1[] I4 P')\n"
              "assert f([8, 7, 8])[1] == [7] * 8\nprint('inside')\nsys.stdout.flush()\nf([8, 7, 9])")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", beyond, libc], cwd=HERE, capture_output=True, text=True)
    same((done.stdout, done.returncode < 0), ("inside\n", True))
    buffer = quad_na.Buffer(8)
    buffer.map[buffer.start - 1] = 0
    try:
        buffer.check()
    except quad_na.OutOfBounds:
        buffer.close()
    else:
        raise AssertionError("a write before the buffer is not noticed")


# --- batches ---------------------------------------------------------------------------------------------------------

EVERY = list(range(256))
CELLS: list[Any] = ["plain", None, "", [0], EVERY, [0, 0, 65, 0], [-1, -128, 127], [*"ž漢🙂".encode()], "x", [255]]
HEADERS: list[Any] = [
    [], [["trace", "abc"]], [["same", "1"], ["same", ""], ["same", None], ["other", EVERY]], [], [["größe", [0]]],
    [["n", "v"]], [], [["empty", ""]], [["null", None]], [["a", "1"], ["b", "2"]],
]  # fmt: skip


@test("apl/batches")
def batches(play: Play) -> None:
    """Null, empty and binary payloads, keys and headers there and back, and from one topic to another as they come."""
    play.producer()
    keys = CELLS[::-1]
    times = [1_700_000_000_000 + i for i in range(len(CELLS))]
    line = "producer.produce_batch topic payloads keys partitions timestamps(↑¨headers)"
    code, ids, errors, text = play.apl(line, topic=play.topic, payloads=CELLS, keys=keys, timestamps=times,
                                       partitions=[i % 2 for i in range(len(CELLS))], headers=HEADERS)  # fmt: skip
    same((code, errors, text), (0, [0] * len(CELLS), ""))
    reports = play.report_batch(len(CELLS))
    same([(row[0], row[1], row[2], row[5], row[7]) for row in reports],
         [(ids[i], 0, i % 2, 2, play.topic) for i in range(len(CELLS))])  # fmt: skip
    at = times if play.cluster == "kafka" else [1234] * len(CELLS)  # what the mock's brokers answer
    same([row[4] for row in reports], at)
    same(sorted(row[3] for row in reports), sorted([*range(5)] * 2))
    same(play.apl("producer.update_outstanding"), [0, []])
    same(play.apl("producer.get_outstanding"), [0, 0, 0, 0])
    same(play.apl("producer.delivery_report_batch 10"), [0, []])

    wanted = [(play.topic, play.plain(value), play.plain(key), i % 2, i // 2, times[i], play.headers(headers))
              for i, (value, key, headers) in enumerate(zip(CELLS, keys, HEADERS))]  # fmt: skip

    def seen(rows: list[list[Any]]) -> list[tuple[Any, ...]]:
        plain = [(topic, play.plain(value), play.plain(key), partition, offset, at, play.headers(headers))
                 for topic, value, key, partition, offset, at, headers in rows]  # fmt: skip
        return sorted(plain, key=lambda row: row[5])

    play.consumer()
    same(seen(play.read_batch(len(CELLS))), wanted)
    same(play.apl("consumer.commit"), 0)
    same(play.apl("consumer.committed topic 0"), [0, 5])
    play.consumer(name="again")  # as they come: topics, nulls, bytes, headers and times
    play.topic = play.unique()
    in_time = within(60)
    copied = 0
    while copied < len(CELLS):
        if play.apl("⊃batch←again.consume_batch 4") == 0:
            play.apl("(code topics payloads keys partitions offsets timestamps headers)←batch")
            play.apl("topics[]←⊂to", to=play.topic)
            answer = play.apl("producer.produce_batch topics payloads keys partitions timestamps headers")
            same((answer[0], answer[3]), (0, ""))
            copied += len(answer[1])
        assert in_time(), f"{copied} records were copied"
    play.consumer()
    same(seen(play.read_batch(len(CELLS))), [(play.topic, *row[1:]) for row in wanted])
    play.no_batch_left()


@test("apl/batch-of-10000")
def batch_of_10000(play: Play) -> None:
    """10,000 records need no more calls into the library than 10; says how many, and the time inside it."""
    play.producer(linger_ms="0")
    spent: dict[str, tuple[int, int, float]] = {}  # of the largest batch: rows, calls, µs a record

    def measured(line: str) -> Any:
        calls, seconds = play.spent()
        answer = play.apl(line)
        calls, seconds = play.spent()[0] - calls, play.spent()[1] - seconds
        assert calls <= 18, f"{calls} calls: {line}"
        name, rows = line.split(".")[1].split()[0], len(answer[1])
        spent[name] = max(spent.get(name, (0, 0, 0.0)), (rows, calls, seconds / rows * 1e6))
        return answer

    payloads = [f"value {i:04}" for i in range(10_010)]
    keys = [f"{i:08}" for i in range(10_010)]
    for part in (slice(0, 10), slice(10, None)):
        play.apl("(topic table)←t(1 2⍴'trace' 'abc')", t=play.topic, payloads=payloads[part], keys=keys[part])
        code, ids, errors, text = measured("producer.produce_batch topic payloads keys 0 ¯1 table")
        same((code, set(errors), text), (0, {0}, ""))
        same(ids, [ids[0] + i for i in range(len(payloads[part]))])
        same(play.apl("producer.flush 60000"), [0, 0])
        code, reports = measured("producer.delivery_report_batch 20000")
        same((code, [row[:2] for row in reports]), (0, [[i, 0] for i in ids]))
    play.consumer(kaffi_poll_timeout_ms="30000")
    seen = 0
    while seen < len(payloads):
        code, *columns = measured(f"consumer.consume_batch {10_000 if seen else 10}")
        same(code, 0)
        some = slice(seen, seen + len(columns[0]))
        same(columns[1:3], [payloads[some], keys[some]])
        same(columns[4], list(range(len(payloads)))[some])
        assert all(headers == [["trace", "abc"]] for headers in columns[6])
        seen = some.stop
    play.note = "".join(f"; {name}: {rows} records, {calls} calls, {micros:.2f} µs a record"
                        for name, (rows, calls, micros) in spent.items())  # fmt: skip
    play.no_batch_left()


@test("apl/batch-refused")
def batch_refused(play: Play) -> None:
    """A record that is too large between good ones; a partition that is not there; each good one arrives once."""
    play.producer(message_max_bytes="2000")
    play.produce(["first"])  # from now on the producer knows the partitions
    code, ids, errors, text = play.apl("producer.produce_batch topic payloads ⎕NULL 0", topic=play.topic,
                                       payloads=["good", "x" * 3000, "good too", "x" * 3000])  # fmt: skip
    same((code, errors), (10, [0, 10, 0, 10]))
    assert text.startswith("2 of 4 records refused, the first is number 2: ") and "large" in text, text
    same([row[:2] for row in play.report_batch(2)], [[ids[0], 0], [ids[2], 0]])
    code, ids, errors, text = play.apl("producer.produce_batch topic('a1' 'b2' 'c3')⎕NULL(0 999 0)", topic=play.topic)
    same((code, errors), (-190, [0, -190, 0]))
    same([row[:2] for row in play.report_batch(2)], [[ids[0], 0], [ids[2], 0]])
    same(play.apl("producer.update_outstanding"), [0, []])
    play.consumer()
    same([row[1:3] for row in play.read_batch(5)], [[p, ""] if p == "first" else [p, None]
                                                    for p in ("first", "good", "good too", "a1", "c3")])  # fmt: skip
    code, msgid, *text = play.apl("producer.produce topic payload '' 0 ¯1 (1 2⍴'name' 'value')", payload="x" * 3000)
    same((code, msgid > 0, "".join(text).startswith("ERROR: ")), (10, True, True))
    play.no_batch_left()


@test("apl/batch-queue-full")
def batch_queue_full(play: Play) -> None:
    """Records that found no room are told, have no report, and go with another call; reports drain by batches."""
    address = closed_port()
    play.producer(bootstrap_servers=address, queue_buffering_max_messages="10", kaffi_produce_timeout_ms="0",
                  message_timeout_ms="1000", linger_ms="0")  # fmt: skip
    payloads = [f"p{i}" for i in range(15)]
    code, ids, errors, text = play.apl("producer.produce_batch 'topic' payloads ⎕NULL 0", payloads=payloads)
    same((code, errors, bool(text)), (-184, [0] * 10 + [-184] * 5, True))
    same(play.apl("producer.get_outstanding"), [0, 10, 0, 0])
    code, reports = play.apl("producer.update_outstanding")
    same((code, reports), (0, [[msgid, 0] for msgid in ids[:10]]))
    failed = play.report_batch(10)
    same([row[0] for row in failed], ids[:10])
    assert all(row[1] != 0 and row[5] in (0, 1) and row[7] == "topic" for row in failed), failed
    code, again, errors, text = play.apl("producer.produce_batch 'topic' ((errors=¯184)/payloads) ⎕NULL 0",
                                         errors=errors)  # fmt: skip
    same((code, errors, text), (0, [0] * 5, ""))
    same([row[0] for row in play.report_batch(5)], again)
    same(play.apl("producer.update_outstanding"), [0, []])
    play.no_batch_left()


@test("apl/batch-bad-input")
def batch_bad_input(play: Play) -> None:
    play.producer()
    line = "producer.produce_batch topic payloads keys partitions timestamps headers"
    good: dict[str, Any] = {"topic": play.topic, "payloads": ["a1", "b2"], "keys": None, "partitions": 0,
                            "timestamps": -1, "headers": ""}  # fmt: skip
    value: Any
    for name, value, wanted in (("keys", ["only one"], "key"), ("partitions", [0], "partition"),
                                ("topic", ["one"], "topic"), ("timestamps", [1, 2, 3], "3")):  # fmt: skip
        code, ids, errors, text = play.apl(line, **{**good, name: value})
        same((name, code, errors, wanted in text), (name, -1114, [-1114, -1114], True))
    for name, value, number in (("partitions", -3, -1104), ("timestamps", -2, -1114), ("topic", "", -1114)):
        code, ids, errors, text = play.apl(line, **{**good, name: value})
        same((name, code, errors, name.rstrip("s") in text), (name, number, [number] * 2, True))
    for name, value, number in (("payloads", "text", 11), ("payloads", [1, 2, 3], 11), ("payloads", None, 11),
                                ("payloads", ["a1", [256]], 11), ("payloads", ["a1", ["b2", "c3"]], 11),
                                ("keys", "k", 11), ("headers", ["trace", "abc"], 5),
                                ("headers", [["n"], ["v"]], 5)):  # fmt: skip
        play.fails(line, number, **{**good, name: value})
    play.fails("producer.produce_batch topic", 5, topic=play.topic)
    same(play.apl("producer.get_outstanding"), [0, 0, 0, 0])
    same(play.apl("producer.produce_batch topic(0⍴⊂'')", topic=play.topic), [0, [], [], ""])
    play.no_batch_left()
    play.config(security_protocol="sasl_plaintext", sasl_mechanisms="OAUTHBEARER", sasl_oauthbearer_method="oidc")
    play.apl("broken←⎕NEW Producer config")
    code, ids, errors, text = play.apl("broken.produce_batch topic payloads", **good)
    same((code, ids, errors, bool(text)), (-1111, [0, 0], [-1111, -1111], True))
    same(play.apl("producer.close 1000"), [0, 0])
    code, ids, errors, text = play.apl(line, **good)
    same((code, errors, bool(text)), (-1100, [-1100, -1100], True))
    same(play.apl("producer.delivery_report_batch 10"), [-1100, []])
    play.consumer()
    same(play.apl("consumer.consume_batch ¯1")[0], -1104)
    same(play.apl("consumer.consume_batch 0"), [1, "no msg"])
    same(play.apl("consumer.close 30000"), 0)
    code, text = play.apl("consumer.consume_batch 10")
    same((code, bool(text)), (-1100, True))
    play.no_batch_left()


@test("apl/record-metadata")
def record_metadata(play: Play) -> None:
    """Timestamps and headers of single records and of Records."""
    play.producer()
    at = 1_700_000_000_000
    play.apl("table←3 2⍴'same' 'one' 'same'⎕NULL 'other' ''")
    same(play.apl("⊃producer.produce topic 'p' 'k' 0 at table", topic=play.topic, at=at), 0)
    same(play.apl("⊃producer.produce topic(,'q')'' 0 at", at=at + 1), 0)
    same(play.apl("⊃producer.produce_record ⎕NEW Record(topic 'r' '' 0 ¯1 at table)", at=at + 2), 0)
    same(play.apl("⊃producer.produce topic ⎕NULL ⎕NULL 0 ¯1 table"), 0)
    same(play.apl("producer.flush 60000"), [0, 0])
    same(play.apl("producer.update_outstanding"), [0, []])
    play.consumer()
    table = [["same", "one"], ["same", None], ["other", ""]]
    seen: list[Any] = []
    in_time = within(60)
    while len(seen) < 4:
        if play.apl("⊃answer←consumer.consume_record") == 0:
            seen.append(play.apl("(2⊃answer).(Topic Payload Key Partition Offset Timestamp Headers)"))
            same(play.apl("producer.produce_record 2⊃answer")[0], 0)  # goes on with its time and headers
        assert in_time(), f"{len(seen)} records came"
    assert abs(seen[3].pop(5) / 1000 - time.time()) < 60
    same(seen, [[play.topic, "p", "k", 0, 0, at, table], [play.topic, "q", "", 0, 1, at + 1, []],
                [play.topic, "r", "", 0, 2, at + 2, table], [play.topic, "", "", 0, 3, table]])  # fmt: skip
    same(play.apl("producer.flush 60000"), [0, 0])
    same([row[4:] for row in play.read_batch(4)][:3], [[4, at, table], [5, at + 1, []], [6, at + 2, table]])
    same(play.apl("(2⊃answer).asArg"), [play.topic, "", "", 0])
    play.no_batch_left()


@test("apl/readme", ("unicode",))
def readme(play: Play) -> None:
    """What the README shows: its lines as typed one after the other, and its function."""
    text = (SOURCES / "README.md").read_text(encoding="utf-8")
    text = text[text.index("\n## Use") : text.index("\n## Develop")]
    names = {"localhost:9092": play.bootstrap, "'animals'": f"'{play.topic}'", '"animals"': f'"{play.topic}"',
             "'zoo": f"'{play.unique()}"}  # fmt: skip
    for line in re.findall("^    (.*)", re.sub("```.*?```", "", text, flags=re.DOTALL), re.MULTILINE):
        for name, own in names.items():
            line = line.replace(name, own)
        answer = play.apl(line)
        if re.search(r"\b(producer|consumer|exact|reader|admin)\.", line.split("⍝")[0]):
            for _ in range(20):
                if answer[0] == 3:  # the topic was made just now, and the consumer has not heard of it
                    answer = play.apl(line)
            assert answer[0] in (0, "next_event" in line), f"{line} gives {answer}"
    function = Function(re.findall("^∇ (.*?)^∇", text, re.DOTALL | re.MULTILINE)[0].splitlines(), play.apl.root)
    play.apl.root.members[function.name] = function
    play.producer()
    play.consumer()
    to, copied = play.unique(), 0
    for _ in range(20):  # it ends where nothing comes for a while
        if copied < 12:
            copied += play.apl("consumer copy(producer to)", to=to)
    same(copied, 12)
    play.no_batch_left()


# --- assignment, offsets, events -------------------------------------------------------------------------------------


@test("apl/assignment")
def assignment(play: Play) -> None:
    """Assigning by hand, with offsets, one row or several; seek, pause, resume; positions, watermarks, lag."""
    play.producer()
    for partition in range(2):
        play.produce([f"{partition} {i}" for i in range(5)], "", partition)
    play.config(auto_offset_reset="earliest", kaffi_poll_timeout_ms="1000")
    play.apl("consumer←⎕NEW Consumer config ⋄ topic←t", t=play.topic)
    same(play.apl("consumer.assign 2 3⍴topic 0 2 topic 1 ¯2"), [0, ""])
    same(play.apl("consumer.assignment"), [0, [[play.topic, 0], [play.topic, 1]]])
    same(sorted(row[1] for row in play.read_batch(8)), ["0 2", "0 3", "0 4", *(f"1 {i}" for i in range(5))])
    same(play.apl("consumer.get_positions 2⊃consumer.assignment"), [0, [[play.topic, 0, 5], [play.topic, 1, 5]]])
    same(play.apl("consumer.watermarks topic 0"), [0, 0, 5])
    same(play.apl("consumer.lag"), [0, [[play.topic, p, 5, 5, 0] for p in range(2)]])
    same(play.apl("consumer.pause topic 1"), [0, ""])
    same(play.apl("consumer.seek 2 3⍴topic 0 3 topic 1 4"), [0, ""])
    same([row[1] for row in play.read_batch(2)], ["0 3", "0 4"])
    same(play.apl("consumer.consume_batch 10"), [1, "no msg"])
    same(play.apl("consumer.resume ⍬"), [0, ""])
    same([row[1] for row in play.read_batch(1)], ["1 4"])
    same(play.apl("consumer.unassign topic 0"), [0, ""])
    same(play.apl("consumer.assignment"), [0, [[play.topic, 1]]])
    same(play.apl("consumer.add_partitions 1 3⍴topic 0 4"), [0, ""])
    same([row[1] for row in play.read_batch(1)], ["0 4"])
    same(play.apl("consumer.unassign ⍬"), [0, ""])
    same(play.apl("consumer.assignment"), [0, []])
    for line, wanted in (("pause topic 1", -172), ("seek topic 1 0", -172), ("assign topic ¯1", -1104),
                         ("assign 2 2⍴topic 0 topic 0", -1104), ("watermarks topic ¯1", -1104)):  # fmt: skip
        code, text = play.apl(f"consumer.{line}")
        same((line, code, bool(text)), (line, wanted, True))
    for line in ("assign topic", "assign 2 1⍴topic 0", "seek topic 0 0 0 '' 0"):
        play.fails(f"consumer.{line}", 5)
    play.no_batch_left()


@test("apl/subscription")
def subscription(play: Play) -> None:
    play.producer()
    play.produce(["value"])
    group = play.unique()
    play.consumer(group)
    play.read(1)
    same(play.apl("consumer.subscription"), [0, [play.topic]])
    same(sorted(row[1] for row in play.apl("2⊃consumer.assignment")), [0, 1, 2, 3])
    play.apl("(code me)←consumer.group_metadata")
    same(play.apl("code me.group_id (0<≢me.member_id) (0<me.generation_id)"), [0, group, 1, 1])
    same(play.apl("consumer.unsubscribe"), [0, ""])
    same(play.apl("consumer.subscription"), [0, []])
    same(play.apl("consumer.assignment"), [0, []])
    play.no_batch_left()


@test("apl/offsets")
def offsets(play: Play) -> None:
    """Committing by table, by what was consumed, without waiting, and what is stored by hand; with metadata."""
    play.producer()
    for partition in range(2):
        play.produce([f"{i}" for i in range(5)], "", partition)
    play.consumer(kaffi_offset_store="manual")
    play.read(10)
    play.apl("topic←t ⋄ both←2 2⍴topic 0 topic 1", t=play.topic)
    committed = "(2⊃consumer.get_committed both)[;1 2 3 5]"
    same(play.apl(committed), [[play.topic, p, -1001, ""] for p in range(2)])
    note = "größe" if play.classic else "漢🙂"
    same(play.apl("consumer.commit_offsets 2 5⍴topic 0 3 ¯1 note topic 1 2 ¯1 ''", note=note), [0, ""])
    same(play.apl(committed), [[play.topic, 0, 3, note], [play.topic, 1, 2, ""]])
    same(play.apl("consumer.commit_offsets 2⊃consumer.get_committed both"), [0, ""])  # as they come
    same(play.apl(committed), [[play.topic, 0, 3, note], [play.topic, 1, 2, ""]])
    same(play.apl("consumer.store_offsets topic 1 4"), [0, ""])
    same(play.apl("consumer.commit_async ⍬"), [0, ""])
    in_time = within(30)
    while play.apl("⊃answer←consumer.next_event 1000") != 0 or play.apl("(2⊃answer).event") != "commit":
        assert in_time(), "no event of the commit came"
    same(play.apl("2⊃consumer.get_committed topic 1")[0][:3], [play.topic, 1, 4])
    code, text = play.apl("consumer.store_offsets topic 9 4")
    same((code, bool(text)), (-172, True))
    play.apl("other←⎕NEW Consumer((config⍪'kaffi.offset.store' 'next-call')topic)")
    code, text = play.apl("other.store_offsets topic 1 4")
    same((code, "manual" in text), (-186, True))
    play.no_batch_left()


@test("apl/offsets-for-times")
def offsets_for_times(play: Play) -> None:
    if play.cluster == "mock":
        raise Skip("the embedded cluster cannot look up times")
    play.producer()
    play.apl("topic←t", t=play.topic)
    for at in (1_700_000_000_000, 1_700_000_001_000, 1_700_000_002_000):
        same(play.apl("⊃producer.produce topic 'value' '' 0 at", at=at), 0)
    same(play.apl("producer.flush 60000"), [0, 0])
    play.consumer()
    same(play.apl("consumer.offsets_for_times 2 3⍴topic 0 1700000000500 topic 1 0"),
         [0, [[play.topic, 0, 1], [play.topic, 1, -1]]])  # fmt: skip


@test("apl/events")
def events(play: Play) -> None:
    """A broker that is not there is told as an event, statistics too; then there is none."""
    address = closed_port()
    play.producer(bootstrap_servers=address, statistics_interval_ms="100")
    same(play.apl("⊃producer.produce 'topic' 'value'"), 0)
    kinds: dict[str, Any] = {}
    in_time = within(30)
    while not {"error", "stats"} <= set(kinds):
        if play.apl("⊃answer←producer.next_event 1000") == 0:
            play.apl("event←2⊃answer")
            kinds[play.apl("event.event")] = play.apl("event.time")
            if play.apl("event.event") == "error":
                same(play.apl("(event.code<0)(0<≢event.text)"), [1, 1])
        assert in_time(), f"only {kinds} came"
    assert all(abs(at / 1000 - time.time()) < 60 for at in kinds.values())
    same(play.apl("producer.close 0")[0], -1109)
    code, text = play.apl("producer.next_event 0")
    same((code, bool(text)), (-1100, True))
    play.producer()
    play.produce(["value"])
    same(play.apl("⊃producer.next_event 0") in (0, 1), True)


@test("apl/rebalance-by-hand")
def rebalance_by_hand(play: Play) -> None:
    """With kaffi.rebalance manual the events say what is given and taken; the answers are assign and unassign."""
    play.producer()
    play.produce(["value"])
    play.consumer(kaffi_rebalance="manual")

    def rebalance() -> None:
        in_time = within(60)
        while play.apl("⊃answer←consumer.next_event 0") != 0 or play.apl("(2⊃answer).event") != "rebalance":
            same(play.apl("⊃consumer.consume"), 1)
            assert in_time(), "no rebalance event came"

    rebalance()
    same(play.apl("consumer.assign ⍬"), [0, ""])
    same([row[1] for row in play.read(1)], ["value"])
    same(play.apl("consumer.unsubscribe"), [0, ""])
    rebalance()
    same(play.apl("consumer.unassign ⍬"), [0, ""])
    same(play.apl("consumer.assignment"), [0, []])


# --- transactions, admin and the rest --------------------------------------------------------------------------------


@test("apl/transactions")
def transactions(play: Play) -> None:
    """Read, process, write: offsets and records of one transaction together; one that is aborted leaves nothing."""
    play.producer()
    play.produce([f"value {i}" for i in range(6)])
    play.consumer()
    play.apl("producer←⎕NEW Producer(2 2⍴'bootstrap.servers' servers 'transactional.id' id)", servers=play.bootstrap,
             id=play.unique())  # fmt: skip
    code, advice, text = play.apl("producer.begin_transaction")
    same((code, advice, bool(text)), (-1106, 0, True))
    same(play.apl("producer.init_transactions 60000"), [0, 0, ""])
    play.apl("(from to)←pair", pair=[play.topic, play.unique()])
    kafka = play.cluster == "kafka"  # the mock's groups do not take the offsets, and its consumers see all records
    rows = play.read_batch(6)
    for end in ("commit", "abort"):
        same(play.apl("producer.begin_transaction"), [0, 0, ""])
        same(play.apl("⊃producer.produce_batch to payloads ⎕NULL 0", payloads=[f"{end} {row[1]}" for row in rows]), 0)
        same(play.apl("producer.send_offsets consumer ⍬ 30000"), [0, 0, ""])
        same(play.apl(f"producer.{end}_transaction 60000"), [0, 0, ""])
        same(play.apl("consumer.committed from 0"), [0, 6 if kafka else -1001])
        same(play.apl("consumer.seek from 0 2"), [0, ""])
        rows = play.read_batch(4)
    code, advice, text = play.apl("producer.commit_transaction 60000")
    same((code, advice, bool(text)), (-172, 0, True))
    if kafka:
        play.topic = play.apl("to")
        same(play.apl("producer.begin_transaction"), [0, 0, ""])
        same(play.apl("⊃producer.produce to 'last' '' 0"), 0)
        same(play.apl("producer.send_offsets consumer(1 3⍴from 0 3)30000"), [0, 0, ""])
        same(play.apl("producer.commit_transaction 60000"), [0, 0, ""])
        same(play.apl("consumer.committed from 0"), [0, 3])
        play.consumer()
        same([row[1] for row in play.read_batch(7)], [*(f"commit value {i}" for i in range(6)), "last"])
    play.no_batch_left()


@test("apl/fenced")
def fenced(play: Play) -> None:
    """A second producer of the same transactional.id ends the first one: advice 3."""
    if play.cluster == "mock":
        raise Skip("the embedded cluster does not fence")
    play.apl("config←2 2⍴'bootstrap.servers' servers 'transactional.id' id", servers=play.bootstrap, id=play.unique())
    play.apl("first←⎕NEW Producer config ⋄ second←⎕NEW Producer config ⋄ topic←t", t=play.topic)
    same(play.apl("first.init_transactions 60000"), [0, 0, ""])
    same(play.apl("first.begin_transaction"), [0, 0, ""])
    same(play.apl("⊃first.produce topic 'lost' '' 0"), 0)
    same(play.apl("second.init_transactions 60000"), [0, 0, ""])
    code, advice, text = play.apl("first.commit_transaction 60000")
    same((code != 0, advice, bool(text)), (True, 3, True))


@test("apl/purge")
def purge(play: Play) -> None:
    play.producer(bootstrap_servers=closed_port())
    code, ids, _, _ = play.apl("producer.produce_batch 'topic' payloads", payloads=[f"p{i}" for i in range(10)])
    same(play.apl("producer.purge 3"), [0, ""])
    same([(row[0], row[1]) for row in play.report_batch(10)], [(msgid, -152) for msgid in ids])
    code, text = play.apl("producer.purge 4")
    same((code, bool(text)), (-1104, True))


@test("apl/key-partition")
def key_partition(play: Play) -> None:
    """Where a key goes is where its record goes, with several partitioners."""
    play.apl("cluster←⎕NEW MockCluster ⋄ servers←cluster.bootstrap")
    same(play.apl("cluster.create_topic 'topic' 7"), [0, ""])
    for partitioner in ("consistent_random", "murmur2", "fnv1a"):
        play.producer(bootstrap_servers=play.apl("servers"), partitioner=partitioner)
        keys = [f"key {i}" for i in range(20)]
        play.apl("answer←producer.produce_batch 'topic' keys keys", keys=keys)
        reports = play.report_batch(20)
        wanted = [play.apl("producer.key_partition key 7", key=key) for key in keys]
        same((partitioner, wanted), (partitioner, [[0, row[2]] for row in reports]))
    code, text = play.apl("producer.key_partition 'key' 0")
    same((code, bool(text)), (-1104, True))
    code, text = play.apl("#.kafka.key_partition 'nothing' 'key' 7")
    same((code < 0, "nothing" in text), (True, True))
    play.apl("⎕EX'producer cluster'")


@test("apl/oauth")
def oauth(play: Play) -> None:
    """The event that asks for a token, a failure and a token as answers."""
    play.producer(security_protocol="sasl_plaintext", sasl_mechanisms="OAUTHBEARER")
    same(play.apl("⊃producer.produce 'topic' 'value'"), 0)

    def asked() -> None:
        in_time = within(60)
        while play.apl("⊃answer←producer.next_event 1000") != 0 or play.apl("(2⊃answer).event") != "oauth":
            assert in_time(), "no token was asked for"

    asked()
    same(play.apl("producer.set_oauth_failure 'the server of tokens is away'"), [0, ""])
    expires = int((time.time() + 3600) * 1000)
    same(play.apl("producer.set_oauth_token 'token' expires 'me' '{\"scope\": \"all\"}'", expires=expires), [0, ""])
    for line in ("'token' 1 'me' ''", "'' expires 'me' ''", "'token' expires 'me' '[]'"):
        code, text = play.apl(f"producer.set_oauth_token {line}")
        same((line, code != 0, bool(text)), (line, True, True))
    same(play.apl("producer.close 0")[0], -1109)


@test("apl/admin")
def admin(play: Play) -> None:
    """Operations as JSON: what is there, and on a real Kafka making, describing, deleting."""
    play.producer()
    play.produce(["value"])
    play.config()
    play.apl("admin←⎕NEW Admin config")
    same(play.apl("admin.check_connection 30000"), [0, ""])
    play.apl("(code reply)←admin.request '{\"ListTopics\": {}}'")
    same(play.apl("code"), 0)
    assert play.topic in play.apl("reply.topics.name")
    request = f'{{"DescribeTopics": {{"topics": ["{play.topic}"]}}}}'
    play.apl("(code reply)←admin.request json", json=request)
    same(play.apl("code(⊃reply.topics).(name code)"), [0, [play.topic, 0]])
    for json_text, member in (('{"Nothing": {}}', "Nothing"), ('{"ListTopics": {"what": 1}}', "what"), ("{", "")):
        code, text = play.apl("admin.request json", json=json_text)
        same((json_text, code, member in text, bool(text)), (json_text, -1115, True, True))
    if play.cluster == "kafka":
        name = play.unique()
        for operation in (f'{{"CreateTopics": {{"topics": [{{"name": "{name}", "partitions": 3}}]}}}}',
                          f'{{"DeleteTopics": {{"topics": ["{name}"]}}}}'):  # fmt: skip
            play.apl("(code reply)←admin.request json", json=operation)
            same(play.apl("code(⊃reply.topics).(name code text)"), [0, [name, 0, ""]])
    config = '{"DescribeConfigs": {"resources": [{"type": "TOPIC", "name": "' + play.topic + '"}]}}'
    if play.cluster == "kafka":  # a reply of many kilobytes
        play.apl("(code reply)←admin.request json", json=config)
        same(play.apl("code"), 0)
    same(play.apl("admin.close 10000"), 0)
    code, text = play.apl("admin.request '{}'")
    same((code, bool(text)), (-1100, True))
    play.fails("⎕NEW Admin(1 2⍴'no.such' 'x')", 11)


# --- running ---------------------------------------------------------------------------------------------------------


def library() -> Path:
    cache = os.environ.get("KAFFI_CACHE", str(Path.home() / ".cache/kaffi"))
    target = Path(os.environ.get("CARGO_TARGET_DIR", f"{cache}/target"))
    name = "libkaffi.dylib" if sys.platform == "darwin" else "libkaffi.so"
    return Path(os.environ.get("KAFFI_LIBRARY", target / "release" / name))


def main() -> int:
    parser = argparse.ArgumentParser(usage=(__doc__ or "").split("\n")[0][7:])
    parser.add_argument("--cluster", choices=("mock", "kafka"), required=True)
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    if options.cluster == "kafka" and "KAFFI_TEST_BOOTSTRAP" not in os.environ:
        parser.error("--cluster kafka needs KAFFI_TEST_BOOTSTRAP, the address of a Kafka")
    faulthandler.enable()
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    with tempfile.TemporaryDirectory() as folder:
        Play.folder = Path(folder)
        Play.cluster = options.cluster
        shutil.copy(library(), Play.folder / "kafka.so")
        host: Optional[Play] = None
        if options.cluster == "kafka":
            Play.bootstrap = os.environ["KAFFI_TEST_BOOTSTRAP"]
        else:
            host = Play("host", "unicode")
            host.apl("cluster←⎕NEW MockCluster")
            Play.bootstrap = host.apl("cluster.bootstrap")
        ready = (folder, Play.cluster, Play.bootstrap)
        with ProcessPoolExecutor(AT_ONCE, get_context("spawn"), prepare, ready) as pool:
            outcomes = [(name, edition, pool.submit(run, name, edition)) for name, (editions, _) in TESTS.items()
                        if not options.words or any(word in name for word in options.words)
                        for edition in editions]  # fmt: skip
            for name, edition, future in outcomes:
                outcome, why = future.result()
                counts[outcome] += 1
                print(f"{outcome} {name} ({edition}){why}", flush=True)
        if host:
            host.close()
    skipped = f", {counts['skip']} skipped" * bool(counts["skip"])
    print(f"{counts['ok']} passed, {counts['FAIL']} failed{skipped}")
    return int(counts["FAIL"] > 0)


def prepare(folder: str, cluster: str, bootstrap: str) -> None:
    """Makes a new process ready to run tests."""
    faulthandler.enable()
    Play.folder, Play.cluster, Play.bootstrap = Path(folder), cluster, bootstrap


def run(name: str, edition: str) -> tuple[str, str]:
    play: Optional[Play] = None
    try:
        play = Play(name, edition)
        TESTS[name][1](play)
        play.close()
        note = play.note
    except Skip as reason:
        return "skip", f": {reason}"
    except Exception as error:
        where = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == __file__]
        return "FAIL", f": {type(error).__name__}: {error} (run.py, lines {', '.join(map(str, where))})"
    finally:
        if play:
            play.apl.close()
    return "ok", note


if __name__ == "__main__":
    sys.exit(main())
