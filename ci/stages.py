"""usage: ci/test [WORD...]

Runs all tests, with the set-up that they need: the build, a Python venv, a real Kafka. With words: only the stages
with that name, else those with the word in their name, and what these need. KAFFI_TEST_BOOTSTRAP names a Kafka to be
used instead of one of our own. What this machine lacks and cannot install is skipped, with its reason; when CI is
set, it is a failure.
The last line is `N passed, N failed`, with `, N skipped` when some were.
"""
import contextlib
import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Optional

ROOT = Path(os.environ["ROOT"])
CACHE = Path(os.environ["KAFFI_CACHE"])
LOGS = CACHE / "log" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
VENV = CACHE / "venv"
BOTH = ("mock", "kafka")
AT_ONCE = 3  # stages that run beside each other, on two cores
RUNNING: set[int] = set()  # process groups


@dataclass(frozen=True)
class Stage:
    name: str
    command: str  # {cluster}, {python} (that of the venv), {venv} (its programs) are put in
    suite: bool = False  # prints its own counts as its last such line; a plain check counts as one test
    clusters: tuple[str, ...] = ("",)  # played once for each; one with "kafka" in it gets the real one
    beside: bool = False  # mostly waits for brokers: may run while others of its kind do
    needs: str = "library"  # tools for ci/env; also "library" (the built library) and "venv"
    limit: int = 900  # seconds


STAGES = (
    Stage("library", "cargo build --release --locked --workspace", limit=3600,
          needs="cargo cc c++ cmake make perl pkg-config"),
    Stage("generated", "cargo run --release --locked -p kaffi-generate -- --check"),
    Stage("notices", "ci/notices --check", needs="cargo"),
    Stage("rustfmt", "cargo fmt --all --check", needs="cargo rustfmt"),
    Stage("clippy", "cargo clippy --release --locked --workspace --all-targets -- -D warnings", needs="library clippy"),
    Stage("ruff", "{venv}/ruff check .", needs="venv"),
    Stage("mypy", "{venv}/mypy --strict bindings/python/kaffi examples/python", needs="venv"),
    Stage("shellcheck", "ci/checks/shell", needs="shellcheck"),
    Stage("symbols", "ci/checks/symbols", needs="library nm"),
    Stage("rust", "cargo test --release --locked --workspace", suite=True, clusters=("mock and kafka",)),
    Stage("c", "tests/c/run --cluster {cluster}", suite=True, beside=True, clusters=BOTH),
    Stage("c-valgrind", "tests/c/run --cluster mock --valgrind", suite=True, beside=True, clusters=("mock",),
          needs="library valgrind"),
    Stage("python", "{python} -m pytest -q -rs -p no:cacheprovider bindings/python/tests --cluster {cluster}",
          suite=True, beside=True, clusters=BOTH, needs="library venv"),
    Stage("python-pure", "env KAFFI_PURE_PYTHON=1 {python} -m pytest -q -rs -p no:cacheprovider bindings/python/tests"
          " --cluster {cluster}", suite=True, beside=True, clusters=("mock",), needs="library venv"),
    Stage("csharp", "bindings/csharp/tests/run --cluster {cluster}", suite=True, beside=True, clusters=BOTH,
          needs="library dotnet"),
    Stage("apl", "{python} tests/apl/run.py --cluster {cluster}", suite=True, beside=True, clusters=BOTH,
          needs="library venv"),
    Stage("security", "{python} tests/security/run.py", suite=True, beside=True, clusters=("kafka",),
          needs="library venv"),
    Stage("chaos", "{python} tests/chaos/run.py --cluster {cluster}", suite=True, beside=True, clusters=("kafka",),
          needs="library venv"),
    Stage("badinput", "{python} tests/badinput/run.py", suite=True, beside=True, needs="library venv"),
    Stage("pip-install", "ci/checks/pip", needs="library venv"),
    Stage("install", "ci/checks/install", needs="library pkg-config"),
)


@dataclass
class Result:
    label: str
    cluster: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0
    notes: list[str] = field(default_factory=list)  # what was skipped, or why the stage failed
    log: Optional[Path] = None


class Missing(Exception):
    """Something that this machine lacks and cannot install."""


class Setup:
    """What stages need, made once, when first asked for; a failure is remembered too."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kafka_env: dict[str, str] = {}
        self.known = {"library": "the library is not built"}  # need -> why it cannot be had; "" when it can

    def need(self, what: str) -> None:
        with self.lock:
            if what not in self.known:
                try:
                    {"venv": self.venv, "kafka": self.kafka}.get(what, lambda: self.tool(what))()
                    self.known[what] = ""
                except Missing as error:
                    self.known[what] = str(error)
        if self.known[what]:
            raise Missing(self.known[what])

    def tool(self, name: str) -> None:
        command("set-up", [ROOT / "ci/env", name], f"{name} is not here and could not be installed")

    def venv(self) -> None:
        """Python with the tools of requirements.txt, made anew when that or the machine's Python changes."""
        requirements = ROOT / "ci/requirements.txt"
        key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
        done = VENV / "done"
        if not done.exists() or done.read_text() != key:
            self.tool("venv")
            shutil.rmtree(VENV, ignore_errors=True)
            command("set-up", [sys.executable, "-m", "venv", VENV], "no Python venv could be made")
            command("set-up", [VENV / "bin/python", "-m", "pip", "install", "-q", "-r", requirements],
                    "the Python tools could not be installed from PyPI")
            done.write_text(key)

    def kafka(self) -> None:
        if "KAFFI_TEST_BOOTSTRAP" in os.environ:
            return
        command("set-up", [ROOT / "ci/kafka", "start", "--dir", LOGS / "kafka", "--sasl"], "no Kafka could be started")
        lines = (LOGS / "kafka/env").read_text().splitlines()
        self.kafka_env = dict(line.split("=", 1) for line in lines)

    def close(self, keep: bool) -> None:
        if (LOGS / "kafka").exists():
            subprocess.run([ROOT / "ci/kafka", "stop", "--dir", LOGS / "kafka"])
        if not keep:
            shutil.rmtree(LOGS / "kafka", ignore_errors=True)


def command(log: str, line: list[object], failure: str) -> None:
    with open(LOGS / log, "ab") as out:
        if subprocess.run([str(part) for part in line], stdin=subprocess.DEVNULL, stdout=out, stderr=out).returncode:
            raise Missing(f"{failure} (see {LOGS / log})")


def end(group: int) -> None:
    """Ends a stage, also what it left running."""
    RUNNING.discard(group)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def play(stage: Stage, cluster: str, env: dict[str, str]) -> Result:
    """Runs one stage to its end, or its time limit, with its output in a log file."""
    result = Result(stage.name, cluster, log=LOGS / f"{stage.name}{'-' * bool(cluster)}{cluster.replace(' ', '-')}.log")
    assert result.log
    line = shlex.split(stage.command.format(cluster=cluster, python=VENV / "bin/python", venv=VENV / "bin"))
    trouble = ""
    with open(result.log, "wb") as out:
        try:
            process = subprocess.Popen(line, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                       start_new_session=True)
        except OSError as error:
            out.write(f"{error}\n".encode())
            trouble = str(error)
        else:
            RUNNING.add(process.pid)
            try:
                if process.wait(stage.limit):
                    trouble = f"exit code {process.returncode}"
            except subprocess.TimeoutExpired:
                trouble = f"not done after {stage.limit} s"
            finally:
                end(process.pid)
    text = result.log.read_text(errors="replace")
    if stage.suite:
        count(text, result)
        if result.passed + result.failed == 0:
            trouble = trouble or "ran no test"
    else:
        result.passed = int(not trouble)
    if trouble:
        result.failed = max(result.failed, 1)
        result.notes = [trouble]
    return result


def count(text: str, result: Result) -> None:
    """Reads a suite's counts: its last line of them, or all `test result:` lines of cargo."""
    lines = [line for line in text.splitlines() if re.search(r"\d+ (passed|failed)\b", line)]
    of_cargo = [line for line in lines if line.startswith("test result:")]
    counted = "\n".join(of_cargo or lines[-1:])
    for number, word in re.findall(r"(\d+) (passed|failed|errors?|skipped|ignored)\b", counted):
        if word == "passed":
            result.passed += int(number)
        elif word in ("skipped", "ignored"):
            result.skipped += int(number)
        else:
            result.failed += int(number)
    if result.skipped:
        result.notes = re.findall(r"(?im)^\s*(skip(?:ped)?\b.*|test .* \.\.\. ignored.*)$", text) or ["no reason given"]


def run(stage: Stage, cluster: str, setup: Setup) -> Result:
    """Sees to what the stage needs, then plays it. Only real-Kafka stages see a KAFFI_TEST_ variable."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("KAFFI_TEST_")}
    env |= {"RUFF_CACHE_DIR": str(CACHE / "ruff"), "MYPY_CACHE_DIR": str(CACHE / "mypy")}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "TERM": "dumb", "CARGO_TERM_COLOR": "never"}
    start = time.monotonic()
    try:
        for what in stage.needs.split():
            setup.need(what)
        if "kafka" in cluster:
            setup.need("kafka")
            env = {**os.environ, **env, **setup.kafka_env}
        result = play(stage, cluster, env)
    except Missing as missing:
        failed = "CI" in os.environ or stage is STAGES[0] or setup.known["library"] != ""
        result = Result(stage.name, cluster, failed=int(failed), skipped=int(not failed), notes=[str(missing)])
    if stage is STAGES[0] and not result.failed:
        setup.known["library"] = ""
    result.seconds = time.monotonic() - start
    return result


def main() -> int:
    words = sys.argv[1:]
    if any(word.startswith("-") for word in words):
        print(__doc__)
        return 2
    names = [stage.name for stage in STAGES]
    wanted = {name for word in words for name in names if name == word or (word not in names and word in name)}
    chosen = [stage for stage in STAGES if not words or stage.name in wanted]
    if not chosen:
        print("no stage has such a name; there are:", *names)
        return 2
    if any("library" in stage.needs.split() for stage in chosen) and STAGES[0] not in chosen:
        chosen.insert(0, STAGES[0])

    LOGS.mkdir(parents=True)
    for old in sorted(LOGS.parent.iterdir())[:-10]:
        shutil.rmtree(old, ignore_errors=True)
    print(f"logs: {LOGS}\nThe first build takes some minutes; later ones reuse it.\n")
    start = time.monotonic()
    results: list[Result] = []
    setup = Setup()

    def run_all(stage: Stage) -> None:
        for cluster in stage.clusters:
            result = run(stage, cluster, setup)
            results.append(result)
            show(result)

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        for stage in chosen:
            if not stage.beside:
                run_all(stage)
        for future in [pool.submit(run_all, stage) for stage in chosen if stage.beside]:
            future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for group in list(RUNNING):
            end(group)
        setup.close(keep=any(result.failed for result in results))
    return summary(results, time.monotonic() - start)


def counts(passed: int, failed: int, skipped: int) -> str:
    return f"{passed} passed, {failed} failed" + f", {skipped} skipped" * bool(skipped)


def show(result: Result) -> None:
    counted = counts(result.passed, result.failed, result.skipped)
    print(f"{result.label:<12} {result.cluster:<15}{counted:<36} {result.seconds:7.1f} s", flush=True)
    if result.failed:
        print(*(f"  {note}" for note in result.notes), sep="\n")
        if result.log:
            lines = result.log.read_text(errors="replace").splitlines()
            print(*(f"  | {line}" for line in lines[-300:]), sep="\n")
            print(f"  {len(lines)} lines in {result.log}")


def summary(results: list[Result], seconds: float) -> int:
    print(f"\n{'suite':<12} {'cluster':<15} {'passed':>7} {'failed':>7} {'skipped':>7} {'seconds':>8}")
    for r in results:
        print(f"{r.label:<12} {r.cluster:<14} {r.passed:>7} {r.failed:>7} {r.skipped:>7} {r.seconds:>8.1f}")
    print(f"{'all':<42} {seconds:>17.1f}\n")
    skips = [(r, note) for r in results if r.skipped and not r.failed for note in r.notes]
    if skips:
        print("skipped:", *(f"  {r.label} {r.cluster}: {note}" for r, note in skips), "", sep="\n")
    passed, failed, skipped = (sum(numbers) for numbers in zip(*((r.passed, r.failed, r.skipped) for r in results)))
    print(counts(passed, failed, skipped))
    return int(failed > 0)


def on_signal(number: int, frame: Optional[FrameType]) -> None:
    sys.exit(128 + number)  # through `finally`: the Kafka is stopped


for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, on_signal)
sys.exit(main())
