"""Members that join and leave a group at random, and commit by the default rule: what a call handed out counts as
processed at the next call. With no failure each record is handed out exactly once.
"""
from __future__ import annotations

from collections import Counter
from typing import Any, Callable

from common import REBALANCING, Chaos, Journal, Row, Wrong, content, differs, expect
from records import PARTITIONS, PROTOCOLS, judge, play

LATE = 5_000_000_000  # ns until a member may tell that its commit failed, while the next owner is at work


def failure(words: list[Any]) -> str:
    """What went wrong with a commit, as a member told it; else empty."""
    if words[0] == "commit failed" or (words[0] == "closed" and words[1] in REBALANCING):
        return f"{words[0]} {words[1]}"
    return "lost" if words[0] == "rebalance" and words[3] else ""


def exactly_once(journal: Journal) -> str:
    """A member that gets a partition begins where the one before it ended. It may begin earlier, at what is committed,
    only where a commit of that one failed, or its partitions were lost.
    """
    failures = [(when, failure(words)) for when, _, words in journal.sorted() if failure(words)]
    next_, since = dict.fromkeys(PARTITIONS, 0), dict.fromkeys(PARTITIONS, 0)
    twice = 0
    for when, who, words in journal.sorted():
        for partition, first, last, _ in words[1] if words[0] == "rows" else ():
            if first != next_[partition]:
                excused = any(since[partition] < failed < when + LATE for failed, _ in failures)
                text = f"worker {who} began {partition} at {first} instead of {next_[partition]}, and no commit failed"
                expect(excused and first < next_[partition], text)
                twice += next_[partition] - first
            next_[partition], since[partition] = last + 1, when
    return f"{twice} records twice after {dict(Counter(what for _, what in failures)) or 'no'} failures"


def rebalances(chaos: Chaos, protocol: str) -> str:
    journal, figures = play(chaos, protocol, gentle=True)
    return f"{figures}; {exactly_once(journal)}"


def told(*lines: list[Any]) -> Journal:
    """What two members could have told, by turns."""
    journal = Journal()
    for number, words in enumerate(lines):
        journal.add(number, number % 2, words)
    return journal


def finds(judgement: Callable[[Journal], object], *lines: list[Any]) -> None:
    try:
        judgement(told(*lines))
    except Wrong:
        return
    raise Wrong(f"{judgement.__name__} finds nothing in {lines}")


def judging(chaos: Chaos) -> str:
    """The judges themselves must find what is wrong, and nothing else."""
    runs = (0, 9), (10, 19), (11, 19), (5, 19)
    first, later, gap, again = (["rows", [[0, *run, True]]] for run in runs)
    for journal in (told(first, later), told(first, again)):
        expect(judge(journal).frontier[0] == 20, "not all was seen")
    expect(exactly_once(told(first, later)).startswith("0 records twice"), "something came twice")
    lost = ["rebalance", "revoke", [0], True]
    expect(exactly_once(told(first, lost, again)).startswith("5 records twice"), "5 records came twice")
    finds(judge, first, gap)
    finds(judge, first, ["wrong", "something"])
    finds(exactly_once, first, again)
    finds(exactly_once, first, gap)
    jump = ["rows", [[0, 11, 19, False]]]
    expect(judge(told(first, jump)).frontier[0] == 10, "a record that is missing was not missed")
    count = 0
    for sequence in range(300):
        record = content(chaos.seed, 1, sequence)
        row = Row(1, sequence, record.key, record.value, max(record.timestamp, 0), record.headers, True)
        expect(not differs(chaos.seed, row, 0), f"{sequence} differs")
        other = (record.value or b"") + b"x"
        for wrong in (
            row._replace(offset=sequence + 1), row._replace(value=other), row._replace(key=b"\0"),
            row._replace(headers=[*record.headers, (b"a", None)]), row._replace(timestamp=-1),
        ):
            expect(differs(chaos.seed, wrong, 0), f"{sequence}: what is wrong is not seen")
            count += 1
    return f"{count + 5} wrongs found"


SCENARIOS: dict[str, Any] = {
    "judges": (1, 1, judging),
    **{f"rebalances-{protocol}": (6, 120, lambda chaos, protocol=protocol: rebalances(chaos, protocol))
       for protocol in PROTOCOLS},
}
