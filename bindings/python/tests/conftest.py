"""The cluster that the tests run on, and the lines that tell how they ended."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from kaffi import Consumer, Message, MockCluster, Producer
from kaffi.events import CALLBACKS


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cluster", choices=("mock", "kafka"), default="mock", help="kafka: that of KAFFI_TEST_BOOTSTRAP")


@dataclass
class Cluster:
    """Where the tests connect to, and clients for it."""

    bootstrap: str

    def producer(self, **conf: object) -> Producer:
        return Producer({"bootstrap.servers": self.bootstrap, **names(conf)})

    def consumer(self, group: str, **conf: object) -> Consumer:
        usual = {
            "bootstrap.servers": self.bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6000,  # who joins a group of the embedded cluster waits that long for earlier members
        }
        return Consumer({**usual, **names(conf)})


def names(conf: dict[str, object]) -> dict[str, object]:
    """Names of properties from those of keywords: `linger_ms` is linger.ms."""
    return {key if key in ("on_delivery", *CALLBACKS) else key.replace("_", "."): value for key, value in conf.items()}


def read(consumer: Consumer, count: int, timeout: float = 30) -> list[Message]:
    """So many records of a consumer, in order; fewer when one did not come in time."""
    messages = []
    while len(messages) < count:
        message = consumer.poll(timeout)
        if message is None:
            break
        assert message.error() is None, message.error()
        messages.append(message)
    return messages


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    if request.config.getoption("--cluster") == "kafka":
        if "KAFFI_TEST_BOOTSTRAP" not in os.environ:
            pytest.fail("--cluster kafka needs KAFFI_TEST_BOOTSTRAP (see ci/kafka)", pytrace=False)
        yield Cluster(os.environ["KAFFI_TEST_BOOTSTRAP"])
    else:
        with MockCluster() as mock:
            yield Cluster(mock.bootstrap)


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> str:
    """A name that no other test and no other run has: a real cluster keeps its topics."""
    test = request.node.name.partition("[")[0].replace("test_", "").replace("_", "-")
    return f"kaffi-{test}-python-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def group(topic: str) -> str:
    return f"{topic}-group"


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nobody listens, and nobody will as long as the test runs."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


lines: list[str] = []  # one for each scenario: ok NAME, FAIL NAME: why, skip NAME: why
counts = {"passed": 0, "failed": 0, "skipped": 0}
ended: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Counts each test once, by the worst of its setup, call and teardown."""
    if report.outcome != "passed" or (report.when == "call" and report.nodeid not in ended):
        ended[report.nodeid] = "failed" if "failed" in (report.outcome, ended.get(report.nodeid)) else report.outcome
    file, _, test = report.nodeid.rpartition("::")
    if report.when != "teardown" or not file.endswith("test_scenarios.py") or test == "test_names":
        return
    name = test.replace("test_", "").replace("_", "-")
    word = {"passed": "ok", "failed": "FAIL", "skipped": "skip"}[ended.get(report.nodeid, "failed")]
    lines.append(f"{word} {name}{reasons.get(report.nodeid, '')}")


reasons: dict[str, str] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.outcome != "passed" and call.excinfo is not None:
        reasons[item.nodeid] = f": {call.excinfo.exconly()}".replace("\n", " ")
    return report


def pytest_unconfigure() -> None:
    """The scenarios, and as the last line how many tests there were."""
    for outcome in ended.values():
        counts[outcome] += 1
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print("", *lines, f"{counts['passed']} passed, {counts['failed']} failed{skipped}", sep="\n")
