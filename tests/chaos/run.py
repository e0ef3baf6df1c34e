"""usage: run.py [--cluster kafka] [--only NAME] [--long] [--seconds N] [--seed N] [--jobs N]

Chaos: the library as a whole against a real Kafka, while processes are killed, groups rebalance and brokers stop. Each
scenario runs in a process of its own, so that a crash or a hang is its failure by name. KAFFI_TEST_BOOTSTRAP is the
Kafka, set up as ci/kafka does it (sessions of a second and a half are allowed); scenarios that kill brokers start one
of their own. KAFFI_LIBRARY is the library.

--only plays the scenarios with NAME in their name. --long gives each its long form, and plays those that have no short
one. --seconds sets how long the disturbances last. --seed repeats the choices of an earlier run.
Last line: `N passed, N failed`.
"""
from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

from common import Chaos, Wrong

MODULES = ("closing", "records", "rebalances", "transactions", "ready", "threads", "soak")
SLACK = 200.0  # seconds that a scenario may take longer than its disturbances last
RUNNING: dict[int, str] = {}  # process groups, and the folder of each


# Of each scenario the seconds of its short form (0: none), those of its long form, and what it does; which answers
# its figures.
Scenario = tuple[float, float, Callable[[Chaos], str]]


def scenarios() -> dict[str, Scenario]:
    found: dict[str, Scenario] = {}
    for module in MODULES:
        found |= importlib.import_module(module).SCENARIOS
    return found


def child(name: str, chaos: Chaos) -> int:
    """Plays one scenario; its last line of output tells how it ended."""
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    try:
        figures = scenarios()[name][2](chaos)
    except Exception as error:
        where = "" if isinstance(error, Wrong) else traceback.format_exc()
        print(f"{where}FAIL {name}: {error}", flush=True)
        return 1
    print(f"ok {name}: {figures}", flush=True)
    return 0


def play(name: str, options: argparse.Namespace, seed: str) -> tuple[bool, str]:
    short, long, _ = scenarios()[name]
    seconds = options.seconds or (long if options.long else short)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kaffi-chaos-") as folder:
        command = [sys.executable, __file__, "--child", name, "--seed", seed, "--seconds", str(seconds)]
        command += ["--folder", folder, *["--long"] * options.long]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, start_new_session=True)
        RUNNING[process.pid] = folder
        try:
            out, _ = process.communicate(timeout=2 * seconds + SLACK)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGUSR1)  # it writes where it is
            time.sleep(0.5)
            end(process.pid)
            out = process.communicate()[0] + f"\nFAIL {name}: hangs: no end within {2 * seconds + SLACK:.0f} s"
        end(process.pid)
    lines = out.strip().splitlines() or [""]
    took = f" ({time.monotonic() - start:.0f} s)"
    if process.returncode == 0 and len(lines) == 1:
        return True, lines[0] + took
    if not lines[-1].startswith("FAIL "):
        lines.append(f"FAIL {name}: ended with code {process.returncode}, and wrote the lines above")
    return False, "".join(f"  | {line}\n" for line in lines[:-1]) + lines[-1] + took


def end(group: int) -> None:
    """Ends a scenario, also what it left running: its workers and its brokers."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    for file in Path(RUNNING.pop(group, "/nowhere")).glob("kafka/*/pid"):
        with contextlib.suppress(OSError, ValueError):
            pid = int(file.read_text())
            if str(file.parent) in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGKILL)


def on_signal(number: int, frame: object) -> None:
    for group in list(RUNNING):
        end(group)
    os._exit(128 + number)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(usage=(__doc__ or "").removeprefix("usage: "))
    parser.add_argument("--cluster", choices=("kafka",), default="kafka")
    parser.add_argument("--only", action="append")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10**6)))
    parser.add_argument("--jobs", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.worker:
        module, configuration = options.worker
        importlib.import_module(module).work(json.loads(configuration))
        return 0
    bootstrap = os.environ.get("KAFFI_TEST_BOOTSTRAP", "")
    if options.child:
        return child(options.child, Chaos(bootstrap, options.seconds, options.long, options.seed, options.folder))
    if not bootstrap:
        print("KAFFI_TEST_BOOTSTRAP is not set: export $(ci/kafka start)")
        return 2
    names = [name for name, (short, _, _) in scenarios().items() if short or options.long or options.seconds]
    if options.only:
        names = [name for name in names if any(word in name for word in options.only)]
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, on_signal)
    print(f"seed {options.seed}", flush=True)
    passed = 0
    with tempfile.TemporaryDirectory(prefix="kaffi-chaos-") as folder:
        # A copy: a build meanwhile cannot change what is being tested.
        library = shutil.copy(os.environ["KAFFI_LIBRARY"], folder)
        os.environ["KAFFI_LIBRARY"] = str(library)
        with ThreadPoolExecutor(options.jobs) as pool:
            for result in [pool.submit(play, name, options, f"{options.seed}/{name}") for name in names]:
                good, text = result.result()
                passed += good
                print(text, flush=True)
    print(f"{passed} passed, {len(names) - passed} failed")
    return int(passed < len(names) or not names)


if __name__ == "__main__":
    sys.exit(main())
