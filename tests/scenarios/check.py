#!/usr/bin/env python3
"""usage: tests/scenarios/check.py [FILE]

Reads a suite's output (a file, or standard input) and compares the names in it with scenarios.md: one that is missing
or unknown is a failure. Where the suite runs in several ways (`ok NAME (c++17)`), each must play all scenarios. A name
with a slash is a test of the suite's own, beside the scenarios.
"""
import re
import sys
from pathlib import Path

LINE = re.compile(r"^\s*(?:ok|FAIL|skip) ([^\s:]+)(?: \(([^)]*)\))?(?::.*)?$", re.M)


def scenarios() -> list[str]:
    """The names in the table of scenarios.md, in its order."""
    text = (Path(__file__).resolve().parent / "scenarios.md").read_text(encoding="utf-8")
    return [name for name in re.findall(r"^\| ([a-z-]+) \|", text, re.M) if name != "name"]


def problems(output: str) -> list[str]:
    """What is wrong with the names in a suite's output."""
    played: dict[str, list[str]] = {}
    for name, way in LINE.findall(output):
        names = played.setdefault(way, [])
        if "/" not in name:
            names.append(name)
    found = [] if played else ["no scenario was played"]
    wanted = scenarios()
    for way, names in played.items():
        tag = f" ({way})" * bool(way)
        found += [f"missing: {name}{tag}" for name in wanted if name not in names]
        found += [f"unknown: {name}{tag}" for name in dict.fromkeys(names) if name not in wanted]
        found += [f"played twice: {name}{tag}" for name in dict.fromkeys(names) if names.count(name) > 1]
    return found


def main() -> int:
    output = Path(sys.argv[1]).read_text(encoding="utf-8") if len(sys.argv) > 1 else sys.stdin.read()
    found = problems(output)
    print("\n".join(found) or f"all {len(scenarios())} scenarios were played")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
