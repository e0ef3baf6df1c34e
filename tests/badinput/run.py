"""usage: run.py [FUNCTION...]

Bad input for every function that DescribeAll tells of: one thing wrong at a time, between memory guards. Then all
functions from 8 threads at once, on closed handles, and after fork. Each part runs in a process of its own, so that a
crash, a hang or a waste of memory is its failure by name. KAFFI_LIBRARY is the library.
Last line: `N passed, N failed`.
"""
from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from calls import AS_CLAIMED, FAILS, GOOD, TOO_SMALL, Call, Function, Library, Wanted
from world import World, bad
from wrong_json import SECRET, cases

LIMIT = 60.0  # seconds for one part
MEMORY = 16 << 30  # address space of one part, in bytes
THREADS, CALLS = 8, 500
SECTIONS = ("closed", "fork", "threads")
PATIENCE = 15.0  # seconds in which a good call must find what it waits for
REFUSED = {-1100, -1101, -1102, -1103, -1104}
CLOSED, FORKED = frozenset({-1107}), frozenset({-1108})


class Report:
    """What a child process tells its parent, line by line, on what was its standard output.

    The library has to keep quiet: whatever else comes out of the process counts as a failure.
    """

    def __init__(self) -> None:
        self.file = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)

    def say(self, *words: Any) -> None:
        self.file.write(json.dumps(words) + "\n")

    def case(self, name: str, label: str) -> None:
        self.say("case", name, label)

    def fail(self, name: str, label: str, why: str) -> None:
        self.say("fail", name, label, why)


class Battery:
    """All bad input for one function."""

    def __init__(self, library: Library, function: Function, report: Report) -> None:
        self.function, self.report = function, report
        self.library, self.world = library, World(library)
        self.room: dict[str, int] = {}  # where the usual room is not enough
        self.next_offset: tuple[int, int] | None = None  # of the consumer that the offsets are from, and the offset

    def run(self) -> None:
        self.room = self.needs(self.good_room("usual room"))
        self.good("good arguments")
        error = None
        for label, changes, wanted in bad(self.function, self.world):
            call = self.case(label, changes, wanted)
            if call.code not in (0, 1, 2) and "plen" not in changes and "errtxt" not in changes:
                error = error or (label, changes)
        for p in self.function.having("room"):
            if p.error and error:
                for room in (0, 1, 2, 5, 30):
                    self.case(f"{error[0]}, with plen {room}", {**error[1], "plen": room}, FAILS)
                self.case(f"{error[0]}, with errtxt null", {**error[1], "errtxt": None}, FAILS)
                self.case(f"{error[0]}, with plen null", {**error[1], "plen": None}, FAILS)
            elif not p.error:
                self.rooms(p.name)
        self.json()
        self.good("good arguments again")
        why = self.world.check_witness()
        if why:
            self.report.fail(self.function.name, "all cases", why)

    def json(self) -> None:
        """JSON that is not right: the text names what is wrong and shows no secret, and the cluster stays as it is."""
        name, wrongs = cases(self.function.name, self.library.described)
        if not name:
            return
        mock = self.world.handle("mock") if self.function.name == "MockRequest" else 0
        before = self.world.snapshot(mock)
        for wrong in wrongs:
            self.case(wrong.label, {**wrong.arguments, name: wrong.text}, wrong.wanted, wrong.names)
        after = self.world.snapshot(mock)
        if after != before:
            self.report.fail(self.function.name, "wrong requests", f"changed {before} to {after}")

    def good(self, label: str, **changes: Any) -> Call:
        """A call that has to succeed, now or when what it waits for has come."""
        deadline = time.monotonic() + PATIENCE
        while True:
            last = time.monotonic() > deadline
            call = self.case(label, changes, frozenset({0}) if last else GOOD)
            if call.code != 1 or last:
                return call

    def needs(self, call: Call) -> dict[str, int]:
        errors = [p.name for p in self.function.parameters if p.error]
        return {name: need for name, need in call.needed.items() if call.code == TOO_SMALL and name not in errors}

    def rooms(self, name: str) -> None:
        """Too little room for one output: the room needed comes back, and is enough in the end."""
        outputs = {p.name: None for p in self.function.parameters if p.length == name}
        size = self.good_room(f"{name} 0", **{name: 0})
        if size.code != TOO_SMALL:  # cut, or as many as there is room for
            for room in (0, 1, 2, 3):
                self.case(f"{name} {room}", {name: room}, GOOD)
            return
        need = size.needed[name]
        self.good_room(f"{name} 0, outputs null", **outputs, **{name: 0})
        for room in sorted({room for room in (1, need - 1) if 0 < room < need}):
            again = self.good_room(f"{name} {room}", **{name: room})
            if again.code != TOO_SMALL or again.needed[name] != need:
                self.report.fail(self.function.name, f"{name} {room}", f"answered {again.code}, {again.needed} needed")
        self.good(f"{name} {need}", **{name: need})
        self.good(f"{name} huge", **{name: 2**31 - 1}, **dict.fromkeys(outputs, need + 1))

    def good_room(self, label: str, **changes: Any) -> Call:
        deadline = time.monotonic() + PATIENCE
        while True:
            call = self.case(label, changes, GOOD | {TOO_SMALL})
            if call.code != 1 or time.monotonic() > deadline:
                return call

    def case(self, label: str, changes: dict[str, Any], wanted: Wanted, names: str = "") -> Call:
        """One call with some arguments changed, and all that has to hold after it. `names`: its error text has this."""
        name, world = self.function.name, self.world
        self.report.case(name, label)
        values = world.good(self.function)
        world.feed(self.function, values)
        call = Call(self.library, self.function, {**values, **self.room, **changes})
        call.run()
        found = call.problems(wanted)
        found += self.handles_after(call, changes) + self.offset_after(call) + self.reply_after(call)
        text = call.error_text().decode(errors="replace")
        if names not in text or SECRET in text:
            found.append(f"its text does not name {names}, or shows a secret: {text}")
        for why in found:
            self.report.fail(name, label, why)
        world.after(self.function, call)
        call.free()
        if world.bootstrap:
            world.produce_witness()
        return call

    def handles_after(self, call: Call, changes: dict[str, Any]) -> list[str]:
        """A refused call closes nothing; a handle that the manual says is consumed is gone in any case."""
        found = []
        for p in self.function.handles:
            if p.name in changes:
                continue
            alive = self.world.alive(p.object, call.values[p.name])
            if "consumes" in p.meaning:
                if alive:
                    found.append(f"answered {call.code} and did not consume `{p.name}`")
            elif not alive and call.code in REFUSED:
                found.append(f"answered {call.code} and `{p.name}` is closed")
        return found

    def offset_after(self, call: Call) -> list[str]:
        """Nothing is lost and nothing comes twice: records have consecutive offsets, whatever was wrong between."""
        if call.code != 0 or self.function.name != "Consume" or "cons" not in call.values:
            return []
        consumer, offset = call.values["cons"], call.read("offset")
        wanted, self.next_offset = self.next_offset, (consumer, offset + 1)
        if wanted and wanted[0] == consumer and wanted[1] != offset:
            return [f"the record at offset {offset} comes after {wanted[1] - 1}"]
        return []


    def reply_after(self, call: Call) -> list[str]:
        """A reply that found too little room is there, once."""
        if call.code != TOO_SMALL or self.function.name != "AdminRequest":
            return []
        room, found = call.needed["len"], []
        for wanted in (0, -1104):
            again = Call(self.library, self.function, {**call.values, "reply_id": call.read("reply_id"), "len": room,
                                                       "reply": AS_CLAIMED})
            again.run()
            found += again.problems(frozenset({wanted}))
            again.free()
        return found


def sweep(library: Library, world: World, report: Report, handles: dict[str, int], wanted: Wanted, where: str) -> None:
    """Every function on the same handles, none of which is good."""
    for function in library.functions.values():
        report.case(function.name, where)
        call = Call(library, function, world.good(function, handles.__getitem__))
        call.run()
        for why in call.problems(wanted if function.handles else GOOD | {TOO_SMALL}):
            report.fail(function.name, where, why)
        call.free()
        report.say("ok", f"{where}: {function.name}", 1)


def all_handles(library: Library, world: World) -> dict[str, int]:
    return {world.role(p, f): world.handle(world.role(p, f)) for f in library.functions.values() for p in f.handles}


def section_closed(library: Library, report: Report) -> None:
    world = World(library)
    handles = all_handles(library, world)
    for function in library.functions.values():
        for p in function.handles:
            world.close(p.object, handles[world.role(p, function)])
    sweep(library, world, report, handles, CLOSED, "after close")
    why = world.check_witness()
    if why:
        report.fail("after close", "all functions", why)


def section_fork(library: Library, report: Report) -> None:
    """In a child of this process the parent's handles are refused and new ones work; the parent loses nothing."""
    world = World(library)
    handles = all_handles(library, world)
    world.produce_witness()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            sweep(library, world, report, handles, FORKED, "after fork")
            report.case("after fork", "a new producer in the child")
            world.witness, world.produced = world.new_client(kind=1), 0
            world.produce_witness()
            why = world.check_witness()
            if why:
                report.fail("after fork", "a new producer in the child", why)
            report.say("ok", "after fork: a new producer in the child", 1)
            report.case("after fork", "end of the child")
            status = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)
    status = os.waitpid(child, 0)[1]
    if status != 0:
        report.fail("after fork", "the child", f"ended with status {status}")
    report.case("after fork", "the parent goes on")
    world.produce_witness()
    why = world.check_witness()
    dead = [role for role, handle in handles.items() if role == "client" and not world.alive("client", handle)]
    if why or dead:
        report.fail("after fork", "the parent goes on", why or f"its {dead} is closed")
    report.say("ok", "after fork: the parent goes on", 1)


def section_threads(library: Library, report: Report) -> None:
    """All functions at random on shared handles, good and bad arguments mixed: other threads close what one uses."""
    world, lock, made = World(library, wait_ms=50), threading.Lock(), Counter[str]()
    world.patient = False
    functions = list(library.functions.values())

    def play(seed: int) -> None:
        rng = random.Random(seed)
        for number in range(CALLS):
            function = rng.choice(functions)
            with lock:
                values = world.good(function)
                world.feed(function, values)
                label, changes, wanted = rng.choice(cases[function.name]) if rng.random() < 0.6 else ("good", {}, None)
                made[function.name] += 1
                report.case(function.name, f"thread {seed}, call {number}: {label}")
            whole = None in changes.values()  # a null pointer is right where the room is 0
            rooms = [p for p in function.having("room") if p.name not in changes and not whole and rng.random() < 0.3]
            call = Call(library, function, {**values, **{p.name: rng.choice((0, 1, 5)) for p in rooms}, **changes})
            call.run()
            certain = wanted == FAILS or (isinstance(wanted, frozenset) and 0 not in wanted)
            with lock:
                wrong = call.problems(None)  # 1 too: another thread may have woken it before it looked
                if certain and call.code == 0:
                    wrong.append("answered 0 to what is certainly wrong")
                for why in wrong:
                    report.fail(function.name, f"{THREADS} threads: {label}", why)
                world.after(function, call)
            call.free()

    cases = {function.name: list(bad(function, world)) for function in functions}
    threads = [threading.Thread(target=play, args=(seed,)) for seed in range(THREADS)]
    for _ in range(CALLS):
        world.produce_witness()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    why = world.check_witness()
    if why:
        report.fail("threads", "all functions", why)
    for name, count in made.items():
        report.say("ok", f"{THREADS} threads: {name}", count)


def child(path: str, part: str) -> None:
    """One part, in a process of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    report = Report()
    library = Library(path)
    if part in SECTIONS:
        {"closed": section_closed, "fork": section_fork, "threads": section_threads}[part](library, report)
    else:
        Battery(library, library.functions[part], report).run()
    report.case(part, "end of the process")


def play(path: str, part: str, limit: float = LIMIT) -> tuple[list[str], list[str]]:
    """Runs a part in a child process; its lines `ok` and `FAIL`."""
    command = [sys.executable, __file__, "--child", path, part]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    try:
        out, err = process.communicate(timeout=limit)
        ended = f"ended by {signal.Signals(-process.returncode).name}" if process.returncode < 0 else ""
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        ended = f"hangs: no end within {limit:.0f} s"
    lines = [json.loads(line) for line in out.splitlines() if line.endswith("]")]
    cases = Counter(line[1] for line in lines if line[0] == "case")
    wrong: dict[tuple[str, str], list[str]] = {}  # the cases by function and reason
    for _, name, label, why in (line for line in lines if line[0] == "fail"):
        wrong.setdefault((name, why), []).append(label)
    failed = [
        f"FAIL {name}: {labels[0]}{f' and {len(labels) - 1} more' if labels[1:] else ''}: {why}"
        for (name, why), labels in wrong.items()
    ]
    last = next((line for line in reversed(lines) if line[0] == "case"), ["case", part, "start"])
    if ended:
        failed.append(f"FAIL {last[1]}: {last[2]}: {ended}")
    if err:
        failed.append(f"FAIL {last[1]}: {last[2]}: wrote to standard error or output: {err.strip()[-1500:]}")
    if part in SECTIONS:
        bad_names = {line[1] for line in lines if line[0] == "fail"}
        done = [(name, count) for _, name, count in (line for line in lines if line[0] == "ok")]
        return [f"ok {name} ({count} cases)" for name, count in done if name.split(": ")[-1] not in bad_names], failed
    return ([] if failed else [f"ok {part} ({cases[part] - 1} cases)"]), failed


def self_check() -> tuple[list[str], list[str]]:
    """The test must be able to fail: what is wrong in each function of broken.c has to be seen, and nothing else."""
    passed, failed = [], []
    source = Path(__file__).with_name("broken.c")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "broken.so"))
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", path, str(source)], check=True)
        for name in Library(path).functions:
            expected = BROKEN.get(name, "")
            lines = "\n".join(play(path, name, limit=5 if expected == "hangs" else LIMIT)[1])
            if expected in lines if expected else not lines:
                passed.append(f"ok self-check {name}: {expected or 'nothing'} found (1 cases)")
            else:
                failed.append(f"FAIL self-check {name}: `{expected}` was to be found, not `{lines}`")
    return passed, failed


BROKEN = {
    "WriteBehind": "SIGSEGV", "WriteBefore": "wrote before `buf`", "Crash": "SIGSEGV", "Hang": "hangs",
    "Careless": "answered 0, not -1102", "Unknown": "which DescribeAll does not know", "Grows": "needed",
    "Unnamed": "its manual does not name", "Noisy": "wrote to standard error", "Mute": "the error text is b''",
    "Dirty": "left `number` 7", "Leak": "released `array` 0 times", "Twice": "released `array` 2 times",
    "Credulous": "answered 0, not -1114", "Unfilled": "left `array` unset",
}


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--child"]:
        child(*arguments[1:])
        return 0
    path = os.environ["KAFFI_LIBRARY"]
    parts = arguments or [*Library(path).functions, *SECTIONS]
    passed = failed = 0
    with ThreadPoolExecutor(max_workers=4) as pool:  # they wait most of the time
        first = [] if arguments else [pool.submit(self_check)]
        for result in [*first, *(pool.submit(play, path, part) for part in parts)]:
            good, wrong = result.result()
            print(*good, *wrong, sep="\n", flush=True)
            passed += len(good)
            failed += len({line.split(":")[0] for line in wrong})
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
