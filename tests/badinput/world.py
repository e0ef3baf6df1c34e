"""What the calls are made of: good arguments by parameter name, bad ones by type, and the live clients behind them."""
from __future__ import annotations

import ctypes
import random
import struct
from collections.abc import Iterator
from functools import partial
from typing import Any, Callable

from arrow import RELEASED_BEFORE, UNALIGNED, Structure, malformed, release
from calls import AS_CLAIMED, FAILS, GOOD, Buffer, Call, Function, Library, Parameter, Wanted, says_optional

TOPIC = b"badinput"
RECORDS = 1000
TEXT_ROOM, ARRAY_ROOM, ERROR_ROOM = 4096, 64, 512

# Good values by name: a parameter whose name is missing here fails the test of its function.
ROLES = {"prod": "producer", "cons": "consumer", "kafka": "client", "batch": "records"}  # else by the kind:
ROLES_IN = {  # where a function wants something else
    **dict.fromkeys(("AssignPartitions", "AddPartitions", "UnassignPartitions", "UnsubscribeConsumer", "GetAssignment",
                     "PausePartitions", "ResumePartitions", "SeekPartitions", "GetSubscription", "StoreOffsets",
                     "CommitOffsets", "GetCommitted", "GetPositions", "GetOffsetsForTimes", "GetWatermarks", "GetLag",
                     "GetGroupMetadata"), {"cons": "assigned consumer"}),
    **dict.fromkeys(("BeginTransaction", "CommitTransaction", "AbortTransaction"), {"prod": "transactional producer"}),
    "InitTransactions": {"prod": "new transactional producer"},
    "SendOffsetsToTransaction": {"prod": "transactional producer", "cons": "assigned consumer"},
    "NextEvent": {"kafka": "telling consumer"}, "GetReadyFd": {"kafka": "producer"}, "AdminRequest": {"kafka": "admin"},
}
ROLE_OF_KIND = {"client": "client", "batch": "list", "topic_conf": "topic conf", "mock_cluster": "mock"}
BATCHES = ("list", "records", "consumed batch", "reports")
TEXTS = {"topic": TOPIC, "key": b"acks", "val": b"1", "json": b'{"RoundTripTime": {"broker": 1, "ms": 0}}',
         "name": b"a header", "partitioner": b"murmur2", "text": b"no token today", "token": b"a token",
         "principal": b"badinput", "extensions_json": b'{"name": "value"}',
         "request": b'{"Metadata": {"topics": ["%s"]}}' % TOPIC}
DATA = {"payload": b"a value", "key": b"a key"}
ARRAYS = {"values": struct.pack("qq", 0, 0), "bytes": b"ab", "lengths": struct.pack("ii", 1, 1),
          "rows": struct.pack("iii", 1, 0, 1), "key": b"a key", "value": b"a value"}
SCALARS = {"timeout_ms": 1000, "kind": 1, "brokers": 1, "partition": 0, "offset": 0, "max_rows": 5, "rows": 1,
           "code": -185, "err": -185, "timestamp": 0, "what": 3, "partitions": 12, "expires_ms": 4102444800000,
           "reply_id": 0}
SCALARS_IN = {"GetReadyFd": {"what": 4}, **dict.fromkeys(
    ("InitTransactions", "CommitTransaction", "AbortTransaction", "SendOffsetsToTransaction", "AdminRequest",
     "SeekPartitions", "CommitOffsets", "GetCommitted", "GetOffsetsForTimes", "GetWatermarks"), {"timeout_ms": 10000})}
OUT_OF_RANGE = {"timeout_ms": [-2, -2**31], "kind": [0, 4, -1], "brokers": [0, -1, 1000], "partition": [-2, -2**31],
                "offset": [-3, -2**63], "max_rows": [-1, -2**31], "rows": [-1, 10**6], "timestamp": [-2, -2**63],
                "what": [0, 8, -1, -2**31, 2**31 - 1], "partitions": [0, -1, -2**31],
                "expires_ms": [0, -1, 1000, -2**63], "reply_id": [2**40, -1, 2**63 - 1, -2**63]}
WRONG_ARRAYS: dict[str, list[tuple[int, ...]]] = {
    "rows": [(0, 1, 2), (-1, 0, 1), (0, 0, 2**31 - 1), (0, -2**31, 0)],
    "lengths": [(1, 2), (1, 0), (-2, 4), (-1, 1), (2**31 - 1, 2**31 - 1), (-2**31, 2)],
}
OTHER_COLUMNS = (b"nothing", b"offset", b"partition", b"key", b"header.value", b"topic.name", b"error")
# Columns of a batch of two records, each with a header, that do not fit the others, or hold what cannot be.
MISFITS: dict[bytes, list[tuple[int | bytes | None, ...]]] = {
    b"topic": [(7, 0), (-1, 0), (0,), (0, 0, 0)], b"topic.name": [(), (b"",), (b"\xff",), (b"a\0b",), (None,)],
    b"partition": [(0,), (-3, 2**31 - 1), ()], b"timestamp": [(-2**63, 2**63 - 1)], b"offset": [(0, 0, 0)],
    b"key": [(b"a key",)], b"value": [(None, None, b"")],
    b"header.count": [(-1, 3), (2**31 - 1, 2**31 - 1), (0, 0), (2,), (2, 1)],
    b"header.name": [(b"a",), (b"a", None), (b"a", b"\xff"), (b"a", b"a\0b")],
    b"header.value": [(b"a",), (b"", None, b"")],
}
EMPTY_IS_GOOD = {"val", "name", "principal"}
NOT_UTF8 = (b"\xff\xfe", b"a\xc3", b"\xc0\x80", b"\xed\xa0\x80")
NO_DATA = 0xFFFFFFFF
CONF = {"kaffi.poll.timeout.ms": "50", "kaffi.produce.timeout.ms": "50", "kaffi.close.timeout.ms": "3000",
        "kaffi.request.timeout.ms": "5000", "group.id": "badinput", "auto.offset.reset": "earliest"}


class World:
    """An embedded cluster and live handles, each made when it is first wanted and again when it has died."""

    def __init__(self, library: Library, wait_ms: int = SCALARS["timeout_ms"]) -> None:
        self.library, self.wait_ms, self.patient = library, wait_ms, True
        self.bootstrap = b""
        self.handles: dict[str, int] = {}
        self.passing: list[tuple[str, int]] = []  # handles for one call, with their kinds
        self.dead_handles: dict[str, tuple[int, int]] = {}
        self.produced = 0
        library.lend = self.lend
        if "Produce" in library.functions:
            self.start()

    def start(self) -> None:
        """The cluster with its topic and records, and a producer beside the tested calls that must never lose any."""
        mock = self.new_mock()
        text, room = ctypes.create_string_buffer(200), ctypes.c_int32(200)
        self.do("GetMockBootstrap", mock, text, ctypes.byref(room))
        self.bootstrap = text.value
        self.witness = self.new_client({"kaffi.delivery.reports": "all"})
        for _ in range(RECORDS):
            self.produce_witness()
        self.check_witness()

    def new_mock(self) -> int:
        mock = self.new("NewMockCluster", 1, ...)
        self.do("MockRequest", mock, b'{"CreateTopic": {"topic": "%s", "partitions": 2}}' % TOPIC)
        return mock

    def do(self, name: str, *arguments: Any, allowed: tuple[int, ...] = (0,)) -> int:
        """A call of the set-up, with room for the error text where the function has one."""
        text, room = ctypes.create_string_buffer(500), ctypes.c_int32(500)
        errors = (text, ctypes.byref(room)) if any(p.error for p in self.library.functions[name].parameters) else ()
        code: int = getattr(self.library.c, name)(*arguments, *errors)
        if code not in allowed:
            raise RuntimeError(f"set-up: {name} answered {code}: {text.value.decode()}")
        return code

    def new(self, name: str, *arguments: Any) -> int:
        """The handle that a call of the set-up puts where `...` stands."""
        handle = ctypes.c_uint64(0)
        self.do(name, *[ctypes.byref(handle) if argument is ... else argument for argument in arguments])
        return handle.value

    def new_client(self, conf: dict[str, str] | None = None, kind: int = 0) -> int:
        client = self.new("InitKafka", ...)
        for key, value in {**CONF, "bootstrap.servers": self.bootstrap.decode(), **(conf or {})}.items():
            self.do("SetKafkaConf", client, key.encode(), value.encode())
        if kind:
            self.do("StartKafka", client, kind)
        return client

    def new_list(self, partitions: int = 2) -> int:
        entries = self.new("NewTopicPartitionList", ...)
        for partition in range(partitions):
            self.do("SetTopicPartitionList", entries, TOPIC, partition)
            self.do("SetOffset", entries, TOPIC, partition, 0)
        return entries

    def new_consumer(self) -> int:
        """A subscribed consumer, which has joined its group when there is time for that."""
        consumer = self.new_client({"group.id": f"badinput-{random.getrandbits(48)}"}, 2)
        self.do("SubscribeConsumerTPList", consumer, self.new_list(1))
        if self.patient:
            self.consume(consumer)
        return consumer

    def new_assigned(self, conf: dict[str, str]) -> int:
        """A consumer to which the topic's partitions are assigned by hand."""
        manual = {"kaffi.offset.store": "manual", "enable.auto.commit": "false", "isolation.level": "read_uncommitted"}
        consumer = self.new_client({"group.id": f"badinput-{random.getrandbits(48)}", **manual, **conf}, 2)
        self.do("AssignPartitions", consumer, self.handle("list"))
        return consumer

    def new_transactional(self) -> int:
        """A producer before `InitTransactions`."""
        return self.new_client({"transactional.id": f"badinput-{random.getrandbits(48)}"}, 1)

    def new_in_transaction(self) -> int:
        producer, advice = self.new_transactional(), ctypes.c_int32(0)
        self.do("InitTransactions", producer, 20000, ctypes.byref(advice))
        self.do("BeginTransaction", producer, 0, ctypes.byref(advice))
        return producer

    def new_batch(self) -> int:
        """What the shared consumer consumed last."""
        return self.consume(self.handle("consumer")) if self.patient else self.new_list()

    def new_records(self) -> int:
        batch = self.new("NewBatch", ...)
        self.fill(batch)
        return batch

    def fill(self, batch: int) -> None:
        """The same two records again, whatever became of the batch. Other threads may have deleted it."""
        c, offsets = self.library.c, struct.pack("qq", 0, 1)
        c.ClearBatch(batch)
        for key, length in ((b"a key", 5), (None, -1)):
            c.AddRecord(batch, TOPIC, 0, -1, key, length, b"a value", 7, None, None)
            c.AddHeader(batch, b"a header", key, length, None, None)
        c.SetBatchInts(batch, b"offset", offsets, 2, None, None)

    def new_reports(self) -> int:
        producer, batch, rows = self.new_client(kind=1), ctypes.c_uint64(0), ctypes.c_int32(0)
        self.feed_producer(producer)
        self.do("DeliveryReportBatch", producer, 5, 20000, ctypes.byref(batch), ctypes.byref(rows))
        self.close("client", producer)
        return batch.value

    def lend(self) -> list[Structure]:
        """An array and its schema, from the function that exports them."""
        function = next(f for f in self.library.functions.values() if f.having("arrow out"))
        call = Call(self.library, function, self.good(function, lambda role: MAKERS[role](self)))
        if call.run() != 0:
            raise RuntimeError(f"set-up: {function.name} answered {call.code}")
        exported = [p.element.from_buffer_copy(call.buffers[p.name].read()) for p in function.having("arrow out")]
        for p in function.handles:
            self.close(p.object, call.values[p.name])
        call.free()
        return exported

    def consume(self, consumer: int) -> int:
        batch, rows = ctypes.c_uint64(0), ctypes.c_int32(0)
        self.do("ConsumeBatch", consumer, 5, 20000, ctypes.byref(batch), ctypes.byref(rows))
        return batch.value

    def handle(self, role: str) -> int:
        kind = next((kind for kind, of_kind in ROLE_OF_KIND.items() if of_kind == role), "client")
        kind = "batch" if role in BATCHES else kind
        if role not in self.handles or not self.alive(kind, self.handles[role]):
            self.handles[role] = MAKERS[role](self)
        return self.handles[role]

    def fresh_client(self) -> int:
        """A client before its start, for the next call only."""
        self.passing.append(("client", self.new_client()))
        return self.passing[-1][1]

    def misfit(self, column: bytes, values: tuple[int | bytes | None, ...]) -> int:
        """A batch of records with one column set to what does not fit, for the next call only."""
        batch = self.new_records()
        if all(isinstance(value, int) for value in values) and column != b"topic.name":
            self.do("SetBatchInts", batch, column, struct.pack(f"{len(values)}q", *values), len(values))
        else:
            texts = [value for value in values if isinstance(value, bytes)]
            lengths = [len(value) if isinstance(value, bytes) else -1 for value in values]
            data, sizes = b"".join(texts), struct.pack(f"{len(lengths)}i", *lengths)
            self.do("SetBatchBytes", batch, column, data, len(data), sizes, len(lengths))
        self.passing.append(("batch", batch))
        return batch

    def alive(self, kind: str, handle: int) -> bool:
        c, number = self.library.c, ctypes.c_int32(0)
        probes: dict[str, Callable[[], bool]] = {
            "client": lambda: c.WakeKafka(handle) == 0,
            "batch": lambda: c.GetBatchRows(handle, ctypes.byref(number)) == 0,
            "topic_conf": lambda: c.SetTopicConf(handle, b"acks", b"1", None, None) == 0,
            "mock_cluster": lambda: c.GetMockBootstrap(handle, None, ctypes.byref(number)) == 2,
        }
        return probes[kind]()

    def close(self, kind: str, handle: int) -> None:
        left = ctypes.c_int64(0)
        if kind == "client":
            self.library.c.CloseKafka(handle, 0, ctypes.byref(left), None, None)
        else:
            deleter = {"batch": "DelBatch", "topic_conf": "DelTopicConf", "mock_cluster": "DelMockCluster"}[kind]
            getattr(self.library.c, deleter)(handle)

    def dead(self, kind: str) -> tuple[int, int]:
        """A closed handle, and a stale one: its place in the library belongs to another by now."""
        if kind not in self.dead_handles:
            make = MAKERS[ROLE_OF_KIND[kind]]
            stale = make(self)
            self.close(kind, stale)
            make(self)
            closed = make(self)
            self.close(kind, closed)
            self.dead_handles[kind] = closed, stale
        return self.dead_handles[kind]

    def produce_witness(self) -> None:
        msgid = ctypes.c_uint64(0)
        self.do("Produce", self.witness, TOPIC, b"a value", 7, b"a key", 5, 0, ctypes.byref(msgid))
        self.produced += 1

    def check_witness(self) -> str:
        """Empty when every record that the witness produced was delivered, once."""
        if "Produce" not in self.library.functions:
            return ""
        left, count = ctypes.c_int64(0), ctypes.c_int32(0)
        flushed = self.do("FlushProducer", self.witness, 20000, ctypes.byref(left), allowed=(0, 1, -185))
        ids, errors, reports, failed = (ctypes.c_uint64 * 500)(), (ctypes.c_int32 * 500)(), set(), 0
        while True:
            count.value = 500
            self.do("DeliveryReport", self.witness, ids, errors, ctypes.byref(count))
            if count.value == 0:
                break
            reports.update(ids[:count.value])
            failed += sum(error != 0 for error in errors[:count.value])
        produced, self.produced = self.produced, 0
        if flushed == 0 and len(reports) == produced and failed == 0:
            return ""
        return f"a producer beside it: {produced} records, {len(reports)} reports, {failed} failed, {left.value} left"

    def snapshot(self, mock: int = 0) -> list[str]:
        """What can be seen of a cluster, without a mock of the one at hand: its topics, and what a group committed."""
        text, room = ctypes.create_string_buffer(200), ctypes.c_int32(200)
        if mock:
            self.do("GetMockBootstrap", mock, text, ctypes.byref(room))
        client = self.new_client({"bootstrap.servers": text.value.decode()} if mock else {}, 3)
        said = [self.ask(client, request) for request in (b'{"Metadata": {}}', b'{"ListGroupOffsets": {"groups": ['
                b'{"group": "billing", "partitions": [{"topic": "badinput", "partition": 0}]}]}}')]
        self.close("client", client)
        return said

    def ask(self, client: int, request: bytes) -> str:
        reply, room, reply_id = ctypes.create_string_buffer(65536), ctypes.c_int32(65536), ctypes.c_int64(0)
        self.do("AdminRequest", client, request, 20000, ctypes.byref(reply_id), reply, ctypes.byref(room))
        return reply.value.decode()

    def good(self, function: Function, handle: Callable[[str], int] | None = None) -> dict[str, Any]:
        """A good value for each parameter, from its name and type."""
        values: dict[str, Any] = {}
        for p in function.parameters:
            if p.role == "handle":
                values[p.name] = (handle or self.handle)(self.role(p, function))
            elif p.role in ("out", "text out", "array out", "arrow", "arrow out"):
                values[p.name] = AS_CLAIMED
            elif function.sized_by(p):
                of = function.sized_by(p)[0]
                if of.role in ("text out", "array out"):
                    values[p.name] = ERROR_ROOM if p.error else TEXT_ROOM if of.role == "text out" else ARRAY_ROOM
                else:
                    values[p.name] = len(values[of.name]) // ctypes.sizeof(of.element)
            elif p.name == "column":
                of_bytes = any(q.element is ctypes.c_uint8 for q in function.parameters)
                values[p.name] = b"topic.name" if of_bytes else b"offset"
            elif p.name == "timeout_ms":
                longer = SCALARS_IN.get(function.name, {}) if self.patient else {}
                values[p.name] = longer.get(p.name, self.wait_ms)
            else:
                tables: dict[str, dict[str, Any]] = {"text": TEXTS, "data": DATA, "array": ARRAYS}
                table = tables.get(p.role, SCALARS)
                if p.name not in table:
                    raise LookupError(f"world.py has no good value for {p.role} `{p.name}` of {function.name}")
                values[p.name] = SCALARS_IN.get(function.name, {}).get(p.name, table[p.name])
        return values

    @staticmethod
    def role(p: Parameter, function: Function) -> str:
        if p.object == "client" and p.name not in ROLES:
            raise LookupError(f"world.py does not know what type of client `{p.name}` of {function.name} is")
        if p.object == "batch" and p.name == "batch" and "cons" in [q.name for q in function.parameters]:
            return "consumed batch"
        return ROLES_IN.get(function.name, ROLES).get(p.name) or ROLE_OF_KIND[p.object]

    def feed(self, function: Function, values: dict[str, Any]) -> None:
        """Gives a producer something to deliver and to report, a batch its records, and the call the state it needs."""
        c, none = self.library.c, (None, None)
        consumer, producer, advice = values.get("cons"), values.get("prod"), ctypes.byref(ctypes.c_int32(0))
        role = {self.role(p, function): p.name for p in function.handles}
        if function.name == "AddPartitions":
            c.UnassignPartitions(consumer, 0, *none)
        elif function.name != "AssignPartitions" and "assigned consumer" in role:
            c.AddPartitions(consumer, self.handle("list"), *none)
        if "telling consumer" in role:
            c.CommitOffsets(values["kafka"], self.handle("list"), 0, *none)
        if function.name == "BeginTransaction":
            c.AbortTransaction(producer, self.wait_ms, advice, *none)
        elif "transactional producer" in role:
            c.BeginTransaction(producer, 0, advice, *none)
        for p in function.handles:
            if p.name == "prod" and function.name != "Produce":
                self.feed_producer(values["prod"])
            if self.role(p, function) == "records":
                self.fill(values[p.name])
            if self.role(p, function) == "list":
                for partition in range(2):
                    c.SetOffset(values[p.name], TOPIC, partition, 0)

    def feed_producer(self, producer: int) -> None:
        record = (TOPIC, b"a value", 7, b"a key", 5, 0, ctypes.byref(ctypes.c_uint64(0)))
        self.library.c.Produce(producer, *record, None, None)

    def after(self, function: Function, call: Call) -> None:
        """Closes what a call handed out, and the handles that were made for it."""
        for p in function.having("out"):
            if p.object and call.code == 0 and p.name in call.buffers and call.read(p.name):
                self.close(p.object, call.read(p.name))
        for p in function.having("arrow out"):
            if call.code == 0:
                release(p.element.from_address(call.buffers[p.name].address))
        if function.name == "InitTransactions" and call.code == 0:  # once for each producer
            self.close("client", call.values["prod"])
        for kind, handle in self.passing:
            self.close(kind, handle)
        self.passing.clear()


MAKERS: dict[str, Callable[[World], int]] = {
    "client": World.new_client, "producer": lambda world: world.new_client(kind=1), "consumer": World.new_consumer,
    "idle consumer": lambda world: world.new_client(kind=2), "list": World.new_list,
    "subscribed consumer": World.new_consumer, "assigned consumer": lambda world: world.new_assigned({}),
    "telling consumer": lambda world: world.new_assigned({"kaffi.events": "commit"}),
    "transactional producer": World.new_in_transaction, "new transactional producer": World.new_transactional,
    "admin": lambda world: world.new_client(kind=3),
    "consumed batch": World.new_batch, "records": World.new_records, "reports": World.new_reports,
    "topic conf": lambda world: world.new("NewTopicConf", ...),
    "mock": World.new_mock,
}
Case = tuple[str, dict[str, Any], Wanted]


def bad(function: Function, world: World) -> Iterator[Case]:
    """What can be wrong with one parameter at a time, whatever the call before answered."""
    lent = world.lend() if function.having("arrow") else []
    refused = frozenset({-1104})
    for p in function.parameters:
        if p.role == "handle":
            for label, value, wanted in bad_handles(p, world):
                yield f"{p.name} {label}", {p.name: value()}, wanted
            continue
        if not p.by_value:
            yield f"{p.name} null", {p.name: None}, GOOD if says_optional(p.meaning) else frozenset({-1102})
        if p.role == "text":
            for text in NOT_UTF8:
                yield f"{p.name} {text!r}", {p.name: text}, frozenset({-1103})
            yield f"{p.name} empty", {p.name: b""}, None if p.name in EMPTY_IS_GOOD or "empty: " in p.meaning else FAILS
            for column in OTHER_COLUMNS if p.name == "column" else ():
                yield f"{p.name} {column!r}", {p.name: column}, frozenset({-1113}) if column == b"nothing" else None
        elif p.role == "room" and p.element is not ctypes.c_uint32:
            for room in (-1, -2**31):
                yield f"{p.name} {room}", {p.name: room}, frozenset({-1104})
        elif p.role == "scalar" and function.sized_by(p):
            yield from bad_lengths(p, function)
        elif p.role in ("scalar", "inout"):
            for number in OUT_OF_RANGE.get(p.name, []):
                yield f"{p.name} {number}", {p.name: number}, None if f"{number}: " in p.meaning else FAILS
        elif p.role == "array":
            for numbers in WRONG_ARRAYS.get(p.name, []):
                yield f"{p.name} {numbers}", {p.name: struct.pack(f"{len(numbers)}i", *numbers)}, refused
            if ctypes.sizeof(p.element) > 1:
                yield f"{p.name} unaligned", {p.name: ARRAYS[p.name] + b"\0"}, refused
        elif p.role == "arrow out":
            yield f"{p.name} unaligned", {p.name: UNALIGNED}, refused
        elif p.role == "arrow":
            yield f"{p.name} unaligned", {p.name: UNALIGNED}, refused
            yield f"{p.name} released before", {p.name: RELEASED_BEFORE}, refused
            for change in malformed(next(structure for structure in lent if isinstance(structure, p.element))):
                yield f"{p.name} with {change}", {p.name: change}, frozenset({-1114})
    for structure in lent:
        release(structure)


def bad_handles(p: Parameter, world: World) -> Iterator[tuple[str, Callable[[], int], Wanted]]:
    invalid, wrong, closed = frozenset({-1100}), frozenset({-1101}), frozenset({-1107})
    yield "0", lambda: 0, GOOD if "or 0" in p.meaning or "; 0: " in p.meaning else invalid
    mapped = Buffer(8)
    made_up = {"1": 1, "2^48": 2**48, "2^53-1": 2**53 - 1, "2^64-1": 2**64 - 1, "an address": mapped.address,
               "at random": random.Random(p.name).randrange(2**48, 2**53)}
    for name, number in made_up.items():
        yield name, partial(int, number), invalid
    mapped.free()
    yield "closed", lambda: world.dead(p.object)[0], closed
    yield "stale", lambda: world.dead(p.object)[1], closed
    for kind, role in ROLE_OF_KIND.items():
        if kind != p.object:
            yield f"is a {kind}", partial(world.handle, role), wrong
    if p.object == "batch":
        for role in BATCHES:
            yield f"is {role}", partial(world.handle, role), None
        for column, misfits in MISFITS.items():
            for values in misfits:
                yield f"has {column.decode()} {values}", partial(world.misfit, column, values), None
    if p.object == "client":
        yield "is a producer", lambda: world.handle("producer"), wrong if p.name == "cons" else None
        yield "is a consumer", lambda: world.handle("idle consumer"), wrong if p.name == "prod" else None
        yield "is subscribed", lambda: world.handle("subscribed consumer"), wrong if p.name == "prod" else None
        yield "is assigned by hand", lambda: world.handle("assigned consumer"), wrong if p.name == "prod" else None
        yield "not started", world.fresh_client, None


def bad_lengths(p: Parameter, function: Function) -> Iterator[Case]:
    """Lengths given by value. A wrong one that the host vouches for is no case: no library can tell."""
    of = function.sized_by(p)[0]
    if of.role == "text out":
        for room in (-1, -2**31, 0, 1, 3):
            yield f"{p.name} {room}", {p.name: room}, GOOD
    elif of.role == "data":
        yield f"{of.name} null and {p.name} 0", {of.name: None, p.name: 0}, GOOD
        yield f"{of.name} null and {p.name} null", {of.name: None, p.name: NO_DATA}, GOOD
        for length in (2**31 - 1, 2**31, 0xFFFFFFFE):
            yield f"{p.name} {length}", {p.name: length}, FAILS
    else:
        for length in (-1, -2**31):
            yield f"{p.name} {length}", {p.name: length}, GOOD if f"{length}: " in p.meaning else frozenset({-1104})
        yield f"{of.name} null and {p.name} 0", {of.name: None, p.name: 0}, None
        if of.element is ctypes.c_uint8 and "lengths" in [q.name for q in function.parameters]:
            for length in (1, 3, 2**31 - 1):
                yield f"{p.name} {length}, other than the lengths say", {p.name: length}, frozenset({-1104})
