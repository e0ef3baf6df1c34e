"""Records of any size and content, consumed by processes that seek, pause, commit, join, leave and are killed: every
record arrives at least once, in order within its partition between disturbances, byte for byte.
"""
from __future__ import annotations

import random
import subprocess
import threading
import time
from collections import Counter
from typing import Any, Optional

from common import (
    COMING_BACK,
    DONE,
    REBALANCING,
    ROOT,
    TIMED_OUT,
    Chaos,
    Content,
    Failed,
    Journal,
    Reader,
    Row,
    Told,
    Worker,
    Writer,
    Wrong,
    content,
    differs,
    expect,
    invoke,
    library,
    new_batch,
    say,
    unique,
    until,
)

PARTITIONS = range(4)
MEMBERS = 3  # at most
# What a member of a group needs so that a killed one is noticed in seconds.
CLASSIC = {"session_timeout_ms": 1500, "heartbeat_interval_ms": 300}
PROTOCOLS: dict[str, dict[str, Any]] = {
    "eager": {**CLASSIC, "partition_assignment_strategy": "range"},
    "cooperative": {**CLASSIC, "partition_assignment_strategy": "cooperative-sticky"},
    "consumer": {"group_protocol": "consumer"},
}


def quick_group(bootstrap: str, group: str) -> None:
    """Tells the broker to notice dead members of this group soon, where the members themselves cannot."""
    command = [str(ROOT / "ci/kafka"), "tool", "kafka-configs", "--bootstrap-server", bootstrap, "--alter"]
    command += ["--entity-type", "groups", "--entity-name", group]
    command += ["--add-config", "consumer.session.timeout.ms=1500,consumer.heartbeat.interval.ms=500"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    expect(done.returncode == 0, f"kafka-configs: {done.stdout}{done.stderr}")


# ---- A member of the group, in a process of its own ----


class Member:
    """Consumes and disturbs itself. Each partition that it owns has the offset that must come next (None: where the
    group left it).
    """

    def __init__(self, configuration: dict[str, Any]) -> None:
        c = configuration
        self.seed, self.since_ms, self.auto, self.gentle = c["seed"], c["since_ms"], c["auto"], c["gentle"]
        self.rng = random.Random(c["choices"])
        usual = {"bootstrap_servers": c["bootstrap"], "group_id": c["group"], "enable_auto_commit": self.auto}
        usual |= {"auto_commit_interval_ms": 100, "kaffi_poll_timeout_ms": 20}
        self.reader = Reader(c["topic"], **usual, **c["conf"])
        self.reader.subscribe()
        self.next: dict[int, Optional[int]] = {}
        self.reached: dict[int, int] = {}  # up to where all was handed out, here or before
        self.paused: set[int] = set()
        self.calm = False
        self.told = Told()

    def run(self) -> None:
        while self.told.word != "end":
            try:
                self.take()
            except Failed as failure:
                if failure.code not in (TIMED_OUT, *COMING_BACK):
                    raise
                say("the broker is slow", failure.code)
                self.rebalanced()
            if self.told.word == "calm":
                self.go_on()
            elif not self.gentle and self.rng.random() < 0.4:
                self.disturb()
        if not (self.auto or self.ahead()):
            self.commit()
        code, _, text, _ = self.reader.close()
        expect(code in (DONE, *REBALANCING), f"CloseKafka answered {code}: {text}")
        say("closed", code)

    def take(self) -> None:
        if self.rng.random() < 0.5:
            self.note(self.reader.consume_batch(self.rng.choice((1, 7, 100, 5000)), self.rng.choice((0, 20, 100))))
        else:
            for _ in range(self.rng.randint(1, 20)):
                row = self.reader.consume(self.rng.choice((0, 10, 4096)))
                self.note([row] if row else [])
                if not row:
                    break

    def note(self, rows: list[Row]) -> None:
        """Judges what a call handed out, and tells it before the next call."""
        self.rebalanced()
        runs: list[list[Any]] = []  # partition, first and last offset, whether the group said where
        for row in rows:
            partition, offset = row.partition, row.offset
            place = f"record {partition}@{offset}"
            expect(partition in self.next, f"{place}: the partition is not assigned")
            expect(partition not in self.paused, f"{place}: the partition is paused")
            wanted = self.next[partition]
            expect(wanted in (None, offset), f"{place}: {wanted} is to be the next")
            wrong = differs(self.seed, row, self.since_ms)
            expect(not wrong, wrong)
            if wanted is not None and runs and runs[-1][0] == partition:
                runs[-1][2] = offset
            else:
                runs.append([partition, offset, offset, wanted is None])
            self.next[partition] = offset + 1
            reached = self.reached.setdefault(partition, offset)
            if offset == reached:
                self.reached[partition] = offset + 1
        if runs:
            say("rows", runs)

    def rebalanced(self) -> None:
        for event in self.reader.events():
            if event["event"] == "commit" and event["code"] != DONE:
                say("commit failed", event["code"], event["text"])
            if event["event"] != "rebalance":
                continue
            partitions = [entry["partition"] for entry in event["partitions"]]
            if event["protocol"] == "EAGER" and event["kind"] == "assign":
                expect(not self.next, f"assigned {partitions} while {list(self.next)} were not revoked")
            for partition in partitions:
                known = partition in self.next
                expect(known == (event["kind"] == "revoke"), f"{event['kind']} of {partition}, assigned is {self.next}")
                self.next.pop(partition, None)
                self.reached.pop(partition, None)
                self.paused.discard(partition)
                if event["kind"] == "assign":
                    self.next[partition] = None
            say("rebalance", event["kind"], partitions, event["lost"])
        assigned = self.reader.assignment()
        expect(assigned == sorted(self.next), f"GetAssignment says {assigned}, the events say {sorted(self.next)}")

    def ahead(self) -> dict[int, int]:
        """Partitions where a seek has left out records, and where these begin."""
        return {
            partition: self.reached[partition]
            for partition, offset in self.next.items()
            if offset is not None and offset > self.reached[partition]
        }

    def seek(self, partition: int, offset: int) -> None:
        self.reader.seek([(partition, offset)])
        self.next[partition] = max(0, offset)
        say("seek", partition, offset)

    def disturb(self) -> None:
        rng, owned = self.rng, list(self.next)
        known = [partition for partition in owned if self.next[partition] is not None]
        choice = rng.choice(("back", "ahead", "beginning", "pause", "resume", "resume", "commit", "leave"))
        if choice == "back" and known:
            partition = rng.choice(known)
            self.seek(partition, max(0, self.reached[partition] - rng.randint(0, 300)))
        elif choice == "ahead" and known:
            # What a seek leaves out must not be committed: with automatic commits it stays within what was handed out.
            partition = rng.choice(known)
            now, reached = self.next[partition], self.reached[partition]
            assert now is not None
            end = reached if self.auto else self.reader.ends([partition], 0)[partition]
            if end > now:
                self.seek(partition, rng.randint(now, min(end, now + 100)))
        elif choice == "beginning" and known and rng.random() < 0.05:
            self.seek(rng.choice(known), -2)
        elif choice == "pause" and owned:
            some = rng.sample(owned, rng.randint(1, len(owned)))
            self.reader.pause(some)
            self.paused |= set(some)
            say("pause", some)
        elif choice == "resume":
            self.resume()
        elif choice == "commit" and (self.auto or not self.ahead()):
            self.commit()
        elif choice == "leave" and rng.random() < 0.05:
            invoke("UnsubscribeConsumer", self.reader.handle)
            self.rebalanced()
            expect(not self.next, f"unsubscribed, and {list(self.next)} are still assigned")
            say("unsubscribed")
            self.reader.subscribe()

    def commit(self) -> None:
        code = self.reader.commit()
        if code not in (DONE, *REBALANCING):
            raise Failed("Commit", code, "")
        say("commit", code)

    def resume(self) -> None:
        if self.paused:
            self.reader.resume(self.paused)
            say("resume", list(self.paused))
            self.paused.clear()

    def go_on(self) -> None:
        """No more disturbances: it goes to where all was handed out, and on from there."""
        self.resume()
        for partition, offset in self.next.items():
            if offset is not None and offset != self.reached[partition]:
                self.seek(partition, self.reached[partition])
        if not self.calm:
            say("calm")
            self.calm = True
        if not self.auto and self.rng.random() < 0.2:
            self.commit()


def work(configuration: dict[str, Any]) -> None:
    try:
        Member(configuration).run()
    except (Failed, Wrong) as error:
        say("wrong", str(error))


# ---- What they told ----


class Seen:
    """Which records were handed out so far."""

    def __init__(self) -> None:
        self.frontier = dict.fromkeys(PARTITIONS, 0)  # all below was handed out
        self.above: dict[int, set[int]] = {partition: set() for partition in PARTITIONS}
        self.count = 0

    def add(self, partition: int, first: int, last: int) -> None:
        self.count += last + 1 - first
        frontier, above = self.frontier[partition], self.above[partition]
        if first > frontier:
            above.update(range(first, last + 1))
            return
        frontier = max(frontier, last + 1)
        while frontier in above:
            frontier += 1
        self.frontier[partition] = frontier
        self.above[partition] = {offset for offset in above if offset > frontier} if above else above


def judge(journal: Journal) -> Seen:
    """What was handed out; raises what must not be."""
    journal.check()
    seen = Seen()
    for _, who, words in journal.sorted():
        if words[0] != "rows":
            continue
        for partition, first, last, by_group in words[1]:
            frontier = seen.frontier[partition]
            missing = f"worker {who} began {partition} at {first}, though nobody got {frontier} yet"
            expect(not by_group or first <= frontier, missing)
            seen.add(partition, first, last)
    return seen


def calm(journal: Journal) -> set[int]:
    journal.check()
    return {who for _, who, words in journal.sorted() if words[0] == "calm"}


# ---- The scenario ----


class Source:
    """Produces records all the time: documented Produce, and batches set by column and by row."""

    def __init__(self, chaos: Chaos, topic: str, rate: int) -> None:
        self.chaos, self.topic, self.rate = chaos, topic, rate
        self.rng = random.Random(f"{chaos.seed}/source")
        self.produced = dict.fromkeys(PARTITIONS, 0)
        self.bytes = 0
        self.writer = Writer(bootstrap_servers=chaos.bootstrap, enable_idempotence=True, message_max_bytes=1_048_000,
                             linger_ms=2)
        self.stop = threading.Event()
        self.failure: Optional[Exception] = None
        self.reported = 0
        self.some()
        self.writer.flush()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        start, before = time.monotonic(), sum(self.produced.values())
        try:
            while not self.stop.is_set():
                self.some()
                ahead = (sum(self.produced.values()) - before) / self.rate - (time.monotonic() - start)
                self.stop.wait(max(0.0, ahead))
        except Exception as error:
            self.failure = error

    def some(self) -> None:
        records: list[tuple[int, Content]] = []
        for partition in self.rng.choices(PARTITIONS, k=self.rng.randint(4, 60)):
            records.append((partition, content(self.chaos.seed, partition, self.produced[partition])))
            self.produced[partition] += 1
        way = self.rng.choice(("columns", "rows", "one by one"))
        if way != "one by one":
            self.produce(records, way == "rows")
        else:
            for partition, record in records:
                if record.headers or record.timestamp >= 0:
                    self.produce([(partition, record)], True)
                else:
                    self.writer.produce(self.topic, partition, record.key, record.value)
        self.bytes += sum(len(record.value or b"") for _, record in records)
        self.read()

    def produce(self, records: list[tuple[int, Content]], by_row: bool) -> None:
        batch = new_batch(self.topic, records, by_row)
        self.writer.produce_batch(self.topic, batch)
        library().DelBatch(batch)

    def read(self, timeout_ms: int = 0) -> None:
        for id_, code in self.writer.reports(timeout_ms):
            expect(code == 0, f"record {id_} was not delivered: {code}")
            self.reported += 1

    def end(self) -> None:
        self.stop.set()
        self.thread.join()
        if self.failure:
            raise self.failure
        self.writer.flush()
        total = sum(self.produced.values())
        while self.reported < total:
            before = self.reported
            self.read(1000)
            expect(self.reported > before, f"{self.reported} reports for {total} records")
        self.writer.close_well()


def play(chaos: Chaos, protocol: str, gentle: bool) -> tuple[Journal, str]:
    """Members join and leave at random while records are produced; unless it is gentle, they are killed too."""
    topic, rng, journal = unique("records"), chaos.rng, Journal()
    since_ms = int(time.time() * 1000) - 1000
    if protocol == "consumer":
        quick_group(chaos.bootstrap, topic)
    source = Source(chaos, topic, 1500)
    workers: list[Worker] = []

    def start() -> None:
        configuration = {
            "bootstrap": chaos.bootstrap, "topic": topic, "group": topic, "seed": chaos.seed, "since_ms": since_ms,
            "conf": PROTOCOLS[protocol], "auto": gentle or rng.random() < 0.5, "gentle": gentle,
            "choices": rng.random(),
        }
        workers.append(Worker(journal, "records", configuration))

    kills = leaves = 0
    source.thread.start()
    try:
        start()
        end = time.monotonic() + chaos.seconds
        while time.monotonic() < end:
            time.sleep(rng.uniform(0.2, 1.5))
            journal.check()
            choice = rng.choice(("leave", "join")) if gentle else rng.choice(("kill", "kill", "leave", "join", "join"))
            if choice == "join" and len(workers) < MEMBERS:
                start()
            elif choice != "join":
                worker = workers.pop(rng.randrange(len(workers)))
                if choice == "kill":
                    worker.kill()
                    kills += 1
                else:
                    worker.end()
                    leaves += 1
                if not workers:
                    start()
        source.end()
        for worker in workers:
            worker.tell("calm")
        until(lambda: {worker.number for worker in workers} <= calm(journal), 60, "the members are calm")
        until(lambda: judge(journal).frontier == source.produced, 60, "every record arrives")
        after = Reader(topic, bootstrap_servers=chaos.bootstrap, group_id=topic)
        until(lambda: after.committed(PARTITIONS) == source.produced, 20, "all is committed")
        for worker in workers:
            worker.end()
        seen, committed = judge(journal), after.committed(PARTITIONS)
        # A member that has gone back to what it left out may end before it is there again: then it comes once more.
        right = all(committed[partition] <= source.produced[partition] for partition in PARTITIONS)
        expect(right, f"committed {committed} in the end, produced {source.produced}")
        after.close_well()
    finally:
        source.stop.set()
        for worker in workers:
            worker.kill()
    total = sum(source.produced.values())
    told = Counter(words[0] for _, _, words in journal.sorted())
    return journal, (
        f"{total} records, {source.bytes >> 20} MiB, handed out {seen.count / total:.2f} times on average; in "
        f"{chaos.seconds:.0f} s {kills} kills, {leaves} leaves, {Worker.started} members, {told['rebalance']} "
        f"assignments and revocations, {told['seek']} seeks, {told['pause']} pauses"
    )


SCENARIOS = {
    f"records-{protocol}": (6, 120, lambda chaos, protocol=protocol: play(chaos, protocol, False)[1])
    for protocol in PROTOCOLS
}
