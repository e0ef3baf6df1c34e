"""Read-process-write between two topics, in transactions, by processes that are killed: a reader of committed records
finds each result exactly once. And fencing: of two producers with one transactional.id the older cannot go on.
"""
from __future__ import annotations

import random
import threading
import time
from typing import Any, Optional

from common import (
    DONE,
    TIMED_OUT,
    Chaos,
    Content,
    Failed,
    Journal,
    Reader,
    Told,
    Worker,
    Writer,
    Wrong,
    expect,
    library,
    new_batch,
    read_all,
    row_count,
    rows_of,
    say,
    unique,
    until,
)
from kaffi import Producer
from records import CLASSIC

PARTITIONS = range(4)
NONE, AGAIN, ABORT, FATAL = range(4)  # advice
LIMIT = 20_000  # ms


# ---- One process of the application ----


class Application:
    """Reads records, and writes each with an exclamation mark, with its offset, in one transaction."""

    def __init__(self, configuration: dict[str, Any]) -> None:
        self.c = configuration
        self.rng = random.Random(self.c["choices"])
        self.reader = Reader(
            self.c["source"], bootstrap_servers=self.c["bootstrap"], group_id=self.c["source"],
            enable_auto_commit=False, partition_assignment_strategy="cooperative-sticky", **CLASSIC,
        )
        self.reader.subscribe()
        self.new_writer()
        self.told = Told()

    def new_writer(self) -> None:
        self.writer = Writer(bootstrap_servers=self.c["bootstrap"], transactional_id=self.c["id"], linger_ms=1,
                             transaction_timeout_ms=10_000)
        self.must("InitTransactions")

    def call(self, name: str) -> tuple[int, int, str]:
        """Calls as long as the advice is to call again."""
        advice, end = AGAIN, time.monotonic() + 120
        while advice == AGAIN:
            if name == "SendOffsetsToTransaction":
                code, advice, text = self.writer.send_offsets(self.reader, LIMIT)
            else:
                code, advice, text = self.writer.transact(name, self.rng.choice((0, 50, LIMIT)))
            expect(time.monotonic() < end, f"{name} still answers {code}, advice {advice} after 120 s: {text}")
        return code, advice, text

    def must(self, name: str) -> None:
        """A call that only time may keep from success."""
        code, advice, text = self.call(name)
        expect(code == DONE, f"{name} answered {code}, advice {advice}: {text}")

    def run(self) -> None:
        while self.told.word != "end":
            batch = self.reader.batch(self.rng.choice((1, 20, 200)), 100)
            if batch:
                self.process(batch)
                library().DelBatch(batch)
        self.writer.close_well()
        self.reader.close_well()

    def process(self, batch: int) -> None:
        """One transaction. After a failure it does what the advice says, and reads again from what is committed."""
        self.must("BeginTransaction")
        rows = rows_of(batch)
        results = [(row.partition, Content(None, (row.value or b"") + b"!", -1, ())) for row in rows]
        out = new_batch(self.c["target"], results)
        self.writer.produce_batch(self.c["target"], out)
        library().DelBatch(out)
        what = "SendOffsetsToTransaction"
        code, advice, text = self.call(what)
        if code == DONE and self.rng.random() < 0.1:
            what, code, advice, text = "the application", DONE, ABORT, "changed its mind"
        elif code == DONE:
            what = "CommitTransaction"
            code, advice, text = self.call(what)
        self.writer.reports()
        say("transaction", what, code, advice, text, row_count(batch))
        if code == DONE and advice == NONE:
            return
        expect(advice in (ABORT, FATAL), f"{what} answered {code}, advice {advice}: {text}")
        if advice == FATAL:
            self.writer.close()
            self.new_writer()
        else:
            self.must("AbortTransaction")
        assigned = self.reader.assignment()
        if assigned:
            committed = until(lambda: self.committed(assigned), 120, "the group tells what is committed")
            self.reader.seek([(partition, offset if offset >= 0 else -2) for partition, offset in committed.items()])


    def committed(self, partitions: list[int]) -> Optional[dict[int, int]]:
        try:
            return self.reader.committed(partitions)
        except Failed as failure:
            if failure.code != TIMED_OUT:
                raise
            return None


def work(configuration: dict[str, Any]) -> None:
    try:
        Application(configuration).run()
    except (Failed, Wrong) as error:
        say("wrong", str(error))


# ---- The scenarios ----


def killing(chaos: Chaos) -> str:
    source, target, journal, rng = unique("source"), unique("target"), Journal(), chaos.rng
    produced = dict.fromkeys(PARTITIONS, 0)
    stop = threading.Event()
    producer = Producer({"bootstrap.servers": chaos.bootstrap, "enable.idempotence": True})

    def produce() -> None:
        for partition in PARTITIONS:
            values = [b"%d" % number for number in range(produced[partition], produced[partition] + 50)]
            producer.produce_batch(source, values, partitions=partition)
            produced[partition] += len(values)

    def keep_producing() -> None:
        while not stop.wait(0.1):
            produce()

    def start(id_: str) -> Worker:
        configuration = {"bootstrap": chaos.bootstrap, "source": source, "target": target, "id": id_,
                         "choices": rng.random()}
        return Worker(journal, "transactions", configuration)

    produce()
    producer.flush()
    workers = {id_: start(id_) for id_ in (f"{source}-1", f"{source}-2")}
    thread = threading.Thread(target=keep_producing)
    thread.start()
    kills, begin = int(chaos.seconds), time.monotonic()
    after = Reader(source, bootstrap_servers=chaos.bootstrap, group_id=source)
    try:
        for _ in range(kills):
            until(lambda: working(journal, workers), 30, "a process that works")
            time.sleep(rng.uniform(0, 1.0))
            id_ = rng.choice(list(workers))
            workers[id_].kill()
            journal.check()
            workers[id_] = start(id_)
        stop.set()
        thread.join()
        producer.close()
        until(lambda: journal.check() or after.committed(PARTITIONS) == produced, 60, "all offsets are committed")
        for worker in workers.values():
            worker.end()
        journal.check()
    finally:
        stop.set()
        for worker in workers.values():
            worker.kill()
    seconds = time.monotonic() - begin
    after.close_well()
    next_ = dict.fromkeys(PARTITIONS, 0)
    for row in read_all(chaos.bootstrap, target, isolation_level="read_committed"):
        wanted = b"%d!" % next_[row.partition]
        expect(row.value == wanted, f"{row.partition}@{row.offset}: {row.value!r} instead of {wanted!r}")
        next_[row.partition] += 1
    expect(next_ == produced, f"{next_} of {produced} were written")
    total = sum(produced.values())
    more = len(read_all(chaos.bootstrap, target, isolation_level="read_uncommitted")) - total
    told = [words for _, _, words in journal.sorted() if words[0] == "transaction"]
    failed = sum(words[2] != DONE for words in told)
    return (
        f"{total} records exactly once, {kills} kills in {seconds:.0f} s, {len(told)} transactions, {failed} failed, "
        f"{sum(words[3] == ABORT for words in told)} aborted; {more} records of aborted ones are hidden"
    )


def working(journal: Journal, workers: dict[str, Worker]) -> bool:
    """Whether the last that was started has done a transaction."""
    journal.check()
    newest = max(worker.number for worker in workers.values())
    return any(who == newest for _, who, words in journal.sorted()[-200:] if words[0] == "transaction")


def fencing(chaos: Chaos) -> str:
    topic = unique("fencing")

    def begin() -> Writer:
        writer = Writer(bootstrap_servers=chaos.bootstrap, transactional_id=topic, linger_ms=1)
        for name in ("InitTransactions", "BeginTransaction"):
            code, advice, text = writer.transact(name)
            expect((code, advice) == (DONE, NONE), f"{name} answered {code}, advice {advice}: {text}")
        return writer

    answers = []
    for number, name in enumerate(("CommitTransaction", "AbortTransaction", "SendOffsetsToTransaction")):
        old = begin()
        old.produce(topic, 0, None, b"old")
        old.flush()
        new = begin()
        if name == "SendOffsetsToTransaction":
            reader = Reader(topic, bootstrap_servers=chaos.bootstrap, group_id=topic, enable_auto_commit=False)
            reader.subscribe()
            until(lambda reader=reader: reader.consume_batch(), 20, "what was committed before")
            code, advice, text = old.send_offsets(reader, LIMIT)
            reader.close_well()
        else:
            code, advice, text = old.transact(name, LIMIT)
        expect(code != DONE and advice == FATAL, f"fenced, {name} answered {code}, advice {advice}: {text}")
        answers.append(f"{name} {code}")
        code, advice, _ = old.transact("BeginTransaction")
        expect(code != DONE and advice == FATAL, f"then BeginTransaction answered {code}, advice {advice}")
        try:
            old.produce(topic, 0, None, b"old")
            expect(False, "a fenced producer takes records")
        except Failed:
            pass
        _, left, _, seconds = old.close(5000)
        expect(seconds < 5.5, f"closing a fenced producer took {seconds:.2f} s")
        new.produce(topic, number, None, b"new")
        code, advice, text = new.transact("CommitTransaction")
        expect((code, advice) == (DONE, NONE), f"the new producer's commit answered {code}, advice {advice}: {text}")
        new.reports(1000)
        new.close_well()
        values = [row.value for row in read_all(chaos.bootstrap, topic)]
        expect(values == [b"new"] * (number + 1), f"a reader finds {values}")
    return f"fenced: {', '.join(answers)}, advice 3 each"


SCENARIOS = {
    "transactions-killing": (4, 20, killing),  # kills instead of seconds
    "transactions-fencing": (1, 1, fencing),
}
