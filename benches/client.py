"""One contender in Python: client.py CLIENT MODE BOOTSTRAP TOPIC RECORDS SIZE HEADERS COMPRESSION [TARGET]

Prints the same line of JSON as raw.c and kaffi.c do. CLIENT is ctypes (kaffi's functions, called directly), kaffi (the
Python package), confluent, kafka-python, aiokafka; or topics, which makes and deletes topics: topics create|delete
BOOTSTRAP TOPIC:PARTITIONS...
"""
import asyncio
import ctypes
import functools
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from ctypes import POINTER, byref, c_int32, c_int64, c_uint32, c_uint64, c_void_p, cast, create_string_buffer, string_at
from typing import Any, Optional

ROWS, KEY, POOL, DRAIN, WARM = 10_000, 8, 4096, 1000, 100  # as in bench.h
HEADERS = [("trace", b"0123456789abcdef"), ("type", b"created")]


class Clock:
    """Time, CPU time and what was read; as in bench.h."""

    def __init__(self) -> None:
        self.before = self.records = self.bytes = 0
        self.start()

    def start(self) -> None:
        self.began, self.cpu_began = time.perf_counter(), self.cpu()

    def cpu(self) -> float:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime

    def first(self, records: int) -> None:
        """The first records came: they start the clock, though not that of the CPU time."""
        self.before, self.began = records, time.perf_counter()

    def report(self, **more: float) -> None:
        seconds, cpu = time.perf_counter() - self.began, self.cpu() - self.cpu_began
        with open("/proc/self/status") as status:
            peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
        print(json.dumps({"records": self.records - self.before, "seconds": seconds, "cpu_records": self.records,
                          "cpu": cpu, "peak": peak, "bytes": self.bytes, **more}), flush=True)


def pool(size: int) -> bytes:
    x, text = 1, bytearray()
    for _ in range(POOL + size):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        text.append(b"etaoinshrdlu {}:"[x >> 16 & 15])
    return bytes(text)


class Bench:
    """The settings of a run; the records; what all clients measure alike."""

    def __init__(self, args: list[str]) -> None:
        self.bootstrap, self.topic = args[0], args[1]
        self.records, self.size, self.headers = int(args[2]), int(args[3]), HEADERS[: int(args[4])]
        self.compression, self.target = args[5], (args + [""])[6]
        text = pool(self.size)
        starts = (i * 31 % POOL for i in range(ROWS))
        self.values = [text[start : start + self.size] for start in starts]
        self.keys = [b"%08d" % i for i in range(ROWS)]
        self.clock = Clock()

    def producing(self, linger: int = 5) -> dict[str, Any]:
        return {"bootstrap.servers": self.bootstrap, "acks": 1, "linger.ms": linger,
                "queue.buffering.max.messages": 100_000, "compression.type": self.compression}

    def consuming(self) -> dict[str, Any]:
        return {"bootstrap.servers": self.bootstrap, "group.id": f"python-{os.getpid()}-{time.time_ns()}",
                "auto.offset.reset": "earliest", "fetch.queue.backoff.ms": 10}

    def chunks(self) -> Iterator[list[tuple[bytes, bytes]]]:
        """Key and value of each record to produce, DRAIN at a time: then the reports are looked at."""
        rows = list(zip(self.keys, self.values))
        for done in range(0, self.records, DRAIN):
            yield rows[done % ROWS : done % ROWS + min(DRAIN, self.records - done)]

    def produced(self) -> None:
        """Reports a run that has produced all."""
        self.clock.records, self.clock.bytes = self.records, self.records * (KEY + self.size)
        self.clock.report()

    def consumed(self, records: int, size: int) -> None:
        """Reports a run that has consumed so much."""
        self.clock.records, self.clock.bytes = records, size
        self.clock.report()

    def consume_rows(self, take: Callable[[], tuple[int, int]], finish: Callable[[], object] = lambda: None) -> None:
        """Takes batches of records, whose number and bytes `take` says, until all are there; then it finishes."""
        got = size = 0
        while got < self.records:
            rows, more = take()
            if rows and not got:
                self.clock.first(rows)
            got, size = got + rows, size + more
        finish()
        self.consumed(got, size)

    def latency(self, send: Callable[[], object], receive: Callable[[], object]) -> None:
        """One record at a time, 1,000 in a second."""
        for _ in range(WARM):
            send()
            receive()
        took = []
        self.clock.start()
        for i in range(self.records):
            wait = self.clock.began + i / 1000 - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            begin = time.perf_counter()
            send()
            receive()
            took.append(time.perf_counter() - begin)
        took.sort()
        self.clock.records = self.records
        self.clock.report(p50=took[self.records // 2], p99=took[self.records * 99 // 100])


class Ctypes(Bench):
    """kaffi's functions by ctypes: no argtypes, and objects that are made once."""

    def __init__(self, args: list[str]) -> None:
        super().__init__(args)
        self.lib = ctypes.CDLL(os.environ["KAFFI_LIBRARY"])
        self.text, self.length = create_string_buffer(512), c_int32()
        self.said = self.text, byref(self.length)
        self.batch, self.rows = c_void_p(), c_int32()
        self.rows_at, self.batch_at = byref(self.rows), byref(self.batch)

    def call(self, name: str, *args: Any) -> int:
        self.length.value = 512
        code: int = getattr(self.lib, name)(*args, *self.said)
        if code not in (0, 1):
            sys.exit(f"{name}: {code} {self.text.value.decode()}")
        return code

    def client(self, conf: dict[str, Any], kind: int) -> c_void_p:
        client = c_void_p()
        self.lib.InitKafka(byref(client))
        for name, value in conf.items():
            self.call("SetKafkaConf", client, name.encode(), str(value).encode())
        self.call("StartKafka", client, kind)
        return client

    def start_producer(self, topic: str, linger: int = 5) -> None:
        self.producer = self.client({**self.producing(linger), "kaffi.poll.timeout.ms": 0}, 1)
        self.id, self.left = c_uint64(), c_int64()
        value, key = self.values[0], self.keys[0]
        self.call("Produce", self.producer, topic.encode(), value, len(value), key, KEY, -1, byref(self.id))
        self.finish()

    def start_consumer(self) -> None:
        self.consumer = self.client(self.consuming(), 2)
        topics = c_void_p()
        self.lib.NewTopicPartitionList(byref(topics))
        self.lib.SetTopicPartitionList(topics, self.topic.encode(), -1)
        self.clock.start()
        self.call("SubscribeConsumerTPList", self.consumer, topics)

    def drain(self) -> None:
        reports = c_void_p()
        if self.call("DeliveryReportBatch", self.producer, 100_000, 0, byref(reports), self.rows_at) == 0:
            self.lib.DelBatch(reports)

    def finish(self) -> None:
        self.call("FlushProducer", self.producer, -1, byref(self.left))
        self.drain()

    def produce_rows(self, topic: bytes, batch: c_void_p) -> None:
        left, refused = c_int32(), c_int32()
        self.call("ProduceBatch", self.producer, topic, -1, batch, -1, byref(self.id), byref(left), byref(refused))
        self.drain()

    def take_batch(self) -> bool:
        return self.call("ConsumeBatch", self.consumer, ROWS, 100, self.batch_at, self.rows_at) == 0

    def view(self, column: bytes) -> tuple[int, int, int]:
        """Address and size of the data, address of the offsets."""
        data, size, offsets, validity = c_uint64(), c_int64(), c_uint64(), c_uint64()
        self.call("ViewBatch", self.batch, column, byref(data), byref(size), byref(offsets), byref(validity))
        return data.value, size.value, offsets.value

    def run_produce_batch(self) -> None:
        self.start_producer(self.topic)
        batch, topic = c_void_p(), self.topic.encode()
        self.lib.NewBatch(byref(batch))
        columns = [(b"key", b"".join(self.keys), [KEY] * ROWS), (b"value", b"".join(self.values), [self.size] * ROWS)]
        if self.headers:
            names, values = [name.encode() for name, _ in self.headers] * ROWS, [v for _, v in self.headers] * ROWS
            columns += [(b"header.name", b"".join(names), [len(n) for n in names]),
                        (b"header.value", b"".join(values), [len(v) for v in values])]
        ready = [(name, data, len(data), (c_int32 * len(sizes))(*sizes), len(sizes)) for name, data, sizes in columns]
        counts = (c_int64 * ROWS)(*[len(self.headers)] * ROWS)
        self.clock.start()
        for _ in range(0, self.records, ROWS):
            for column in ready:
                self.call("SetBatchBytes", batch, *column)
            if self.headers:
                self.call("SetBatchInts", batch, b"header.count", counts, ROWS)
            self.produce_rows(topic, batch)
        self.finish()
        self.produced()

    def run_produce(self) -> None:
        self.start_producer(self.topic)
        produce, report, topic = self.lib.Produce, self.lib.DeliveryReport, self.topic.encode()
        ids, errors, room = (c_uint64 * ROWS)(), (c_int32 * ROWS)(), c_int32()
        producer, id_at, value_size, key_size, partition = self.producer, byref(self.id), self.size, KEY, -1
        self.clock.start()
        for chunk in self.chunks():
            for key, value in chunk:
                if produce(producer, topic, value, value_size, key, key_size, partition, id_at, None, None):
                    sys.exit("Produce failed")
            room.value = ROWS
            report(producer, ids, errors, byref(room))
        self.finish()
        self.produced()

    def run_columns(self) -> None:
        """Every column in place, by its address."""
        self.start_consumer()

        def take() -> tuple[int, int]:
            if not self.take_batch():
                return 0, 0
            size = self.view(b"key")[1] + self.view(b"value")[1]
            for column in b"partition", b"offset", b"timestamp":
                self.view(column)
            self.lib.DelBatch(self.batch)
            return self.rows.value, size

        self.consume_rows(take)

    def slices(self, column: bytes) -> list[bytes]:
        data, size, offsets = self.view(column)
        whole = string_at(data, size)
        ends = cast(offsets, POINTER(c_int32))[: self.rows.value + 1]
        return [whole[begin:end] for begin, end in zip(ends, ends[1:])]

    def run_bytes(self) -> None:
        """Every key and value as bytes."""
        self.start_consumer()

        def take() -> tuple[int, int]:
            if not self.take_batch():
                return 0, 0
            keys, values = self.slices(b"key"), self.slices(b"value")
            self.lib.DelBatch(self.batch)
            return len(keys), sum(map(len, keys)) + sum(map(len, values))

        self.consume_rows(take)

    def run_consume(self) -> None:
        self.start_consumer()
        consume, consumer, room = self.lib.Consume, self.consumer, self.size + 1
        topic, payload, key = create_string_buffer(256), create_string_buffer(room), create_string_buffer(64)
        topic_size, value_size, key_size, partition, offset = c_uint32(), c_uint32(), c_uint32(), c_int32(), c_int64()
        refs = byref(partition), byref(offset), None, None
        args = consumer, topic, byref(topic_size), payload, byref(value_size), key, byref(key_size), *refs
        values, keys, got, size = memoryview(payload), memoryview(key), 0, 0
        while got < self.records:
            topic_size.value, value_size.value, key_size.value = 256, room, 64
            if consume(*args):
                continue
            if not got:
                self.clock.first(1)
            got += 1
            size += len(bytes(values[: value_size.value])) + len(bytes(keys[: key_size.value]))
        self.consumed(got, size)

    def run_forward(self) -> None:
        self.start_producer(self.target)
        self.start_consumer()
        target = self.target.encode()

        def take() -> tuple[int, int]:
            if not self.take_batch():
                return 0, 0
            rows, size = self.rows.value, self.view(b"key")[1] + self.view(b"value")[1]
            self.produce_rows(target, self.batch)
            self.lib.DelBatch(self.batch)
            return rows, size

        self.consume_rows(take, self.finish)


class Common(Bench):
    """Clients with confluent's names: kaffi's package and confluent_kafka itself."""

    def __init__(self, args: list[str]) -> None:
        super().__init__(args)
        self.module: Any = self.load()
        self.failed = 0
        self.more: dict[str, Any] = {"headers": self.headers} if self.headers else {}

    def load(self) -> Any:
        raise NotImplementedError

    def start_producer(self, topic: str, linger: int = 5) -> None:
        self.producer = self.module.Producer(self.producing(linger))
        self.producer.produce(topic, self.values[0], self.keys[0])
        self.producer.flush(10)

    def start_consumer(self) -> None:
        self.consumer = self.module.Consumer(self.consuming())
        self.clock.start()
        self.consumer.subscribe([self.topic])

    def reported(self, error: Any, message: Any) -> None:
        self.failed += error is not None

    def produce_all(self, more: dict[str, Any], between: Callable[[], object]) -> None:
        self.start_producer(self.topic)
        produce, topic = self.producer.produce, self.topic
        if more:
            produce = functools.partial(produce, **more)
        self.clock.start()
        for chunk in self.chunks():
            for key, value in chunk:
                try:
                    produce(topic, value, key)
                except BufferError:
                    self.retry(lambda key=key, value=value: produce(topic, value, key))
            between()
        while self.producer.flush(10):
            pass
        if self.failed:
            sys.exit(f"{self.failed} records failed")
        self.produced()

    def retry(self, produce: Callable[[], object]) -> None:
        """Produces when there is room again."""
        while True:
            self.producer.poll(0.01)
            try:
                produce()
                return
            except BufferError:
                pass

    def run_produce(self) -> None:
        self.produce_all(self.more, lambda: None)

    def run_produce_callback(self) -> None:
        self.produce_all({**self.more, "on_delivery": self.reported}, lambda: self.producer.poll(0))

    def run_poll(self) -> None:
        self.start_consumer()
        poll, got, size = self.consumer.poll, 0, 0
        while got < self.records:
            message = poll(0.1)
            if message is None:
                continue
            if message.error():
                sys.exit(str(message.error()))
            if not got:
                self.clock.first(1)
            got += 1
            size += len(message.key()) + len(message.value())
        self.consumed(got, size)

    def run_consume(self) -> None:
        self.start_consumer()
        got = size = 0
        while got < self.records:
            messages = self.consumer.consume(1000, 0.1)
            if messages and not got:
                self.clock.first(len(messages))
            for message in messages:
                if message.error():
                    sys.exit(str(message.error()))
                size += len(message.key()) + len(message.value())
            got += len(messages)
        self.consumed(got, size)

    def run_latency(self) -> None:
        self.start_producer(self.topic, 0)
        self.start_consumer()

        def receive() -> None:
            while self.consumer.poll(0.1) is None:
                pass

        receive()  # the one that start_producer produced
        self.latency(lambda: self.producer.produce(self.topic, self.values[0], self.keys[0]), receive)


class Confluent(Common):
    def load(self) -> Any:
        import confluent_kafka

        return confluent_kafka

    def run_produce_batch(self) -> None:
        self.start_producer(self.topic)
        rows = [{"key": key, "value": value, **self.more} for key, value in zip(self.keys, self.values)]
        self.clock.start()
        for _ in range(0, self.records, ROWS):
            rest = rows
            while rest:
                for row in rest:
                    row.pop("_error", None)
                taken = self.producer.produce_batch(self.topic, rest)
                if taken < len(rest):
                    rest = [row for row in rest if "_error" in row]
                    self.producer.poll(0.01)
                else:
                    rest = []
        while self.producer.flush(10):
            pass
        self.produced()


class Kaffi(Common):
    def load(self) -> Any:
        import kaffi

        return kaffi

    def run_produce_batch(self) -> None:
        self.start_producer(self.topic)
        headers = [self.headers] * ROWS if self.headers else None
        self.clock.start()
        for _ in range(0, self.records, ROWS):
            self.producer.produce_batch(self.topic, self.values, keys=self.keys, headers=headers)
        while self.producer.flush(10):
            pass
        self.produced()

    def take_batches(self, look: Callable[[Any], int], finish: Callable[[], object] = lambda: None) -> None:
        """Takes batches, of which `look` says the bytes."""
        self.start_consumer()

        def take() -> tuple[int, int]:
            batch = self.consumer.consume_batch(ROWS, 0.1)
            return len(batch), look(batch) if batch else 0

        self.consume_rows(take, finish)

    def run_columns(self) -> None:
        """Every column in place."""
        import numpy  # noqa: F401  # what the first batch would load is not measured

        def look(batch: Any) -> int:
            for column in "partition", "offset", "timestamp":
                batch.numpy(column)
            return len(batch.view("key").data) + len(batch.view("value").data)

        self.take_batches(look)

    def run_bytes(self) -> None:
        """Every key and value as bytes."""
        self.take_batches(lambda batch: sum(map(len, batch.keys)) + sum(map(len, batch.values)))

    def run_forward(self) -> None:
        self.start_producer(self.target)

        def look(batch: Any) -> int:
            self.producer.produce_batch(self.target, batch)
            return len(batch.view("key").data) + len(batch.view("value").data)

        self.take_batches(look, lambda: self.producer.flush(60))

    def run_iterate(self) -> None:
        self.start_consumer()
        consumer = self.consumer
        got = size = 0
        for message in consumer:
            if not got:
                self.clock.first(1)
            got += 1
            size += len(message.key()) + len(message.value())
            if got == self.records:
                break
        self.consumed(got, size)


class KafkaPython(Bench):
    def run_produce(self) -> None:
        from kafka import KafkaProducer

        kind = None if self.compression == "none" else self.compression
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, acks=1, linger_ms=5, batch_size=1_000_000,
                                 compression_type=kind, enable_idempotence=False)
        producer.send(self.topic, self.values[0], self.keys[0]).get(10)
        self.clock.start()
        for chunk in self.chunks():
            for key, value in chunk:
                producer.send(self.topic, value, key, headers=self.headers)
        producer.flush()
        self.produced()

    def run_consume(self) -> None:
        from kafka import KafkaConsumer

        conf = self.consuming()
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, group_id=conf["group.id"],
                                 auto_offset_reset="earliest")
        self.clock.start()
        consumer.subscribe([self.topic])
        got = size = 0
        for message in consumer:
            if not got:
                self.clock.first(1)
            got += 1
            size += len(message.key) + len(message.value)
            if got == self.records:
                break
        self.consumed(got, size)


class AioKafka(Bench):
    def run_produce(self) -> None:
        from aiokafka import AIOKafkaProducer

        async def run() -> None:
            kind = None if self.compression == "none" else self.compression
            producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks=1, linger_ms=5, compression_type=kind,
                                        max_batch_size=1_000_000)
            await producer.start()
            await producer.send_and_wait(self.topic, self.values[0], self.keys[0])
            self.clock.start()
            for chunk in self.chunks():
                for key, value in chunk:
                    await producer.send(self.topic, value, key, headers=self.headers)
            await producer.flush()
            self.produced()
            await producer.stop()

        asyncio.run(run())

    def run_consume(self) -> None:
        from aiokafka import AIOKafkaConsumer

        async def run() -> None:
            conf = self.consuming()
            consumer = AIOKafkaConsumer(self.topic, bootstrap_servers=self.bootstrap, group_id=conf["group.id"],
                                        auto_offset_reset="earliest")
            self.clock.start()
            await consumer.start()
            got = size = 0
            async for message in consumer:
                if not got:
                    self.clock.first(1)
                got += 1
                size += len(message.key) + len(message.value)
                if got == self.records:
                    break
            self.consumed(got, size)

        asyncio.run(run())


CLIENTS = {"ctypes": Ctypes, "kaffi": Kaffi, "confluent": Confluent, "kafka-python": KafkaPython, "aiokafka": AioKafka}


def topics(action: str, bootstrap: str, names: list[str]) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    pairs = [name.split(":") for name in names]
    if action == "create":
        done = admin.create_topics([NewTopic(name, int(partitions), 1) for name, partitions in pairs])
    else:
        done = admin.delete_topics([name for name, _ in pairs])
    for future in done.values():
        future.result()


def main() -> None:
    client, mode, *args = sys.argv[1:]
    if client == "topics":
        topics(mode, args[0], args[1:])
        return
    run: Optional[Callable[[], None]] = getattr(CLIENTS[client](args), "run_" + mode.replace("-", "_"), None)
    if run is None:
        sys.exit(f"{client} has no {mode}")
    run()
    os._exit(0)  # what comes after is not measured


main()
