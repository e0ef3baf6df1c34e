"""JSON that is not right: malformed, too much of it, and every request of the manual with one thing wrong at a time."""
from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Union

Path_ = tuple[Union[str, int], ...]
ANY = None  # any code of the manual
MALFORMED, BAD_VALUE = frozenset({-1115}), frozenset({-1103, -1104, -1115})
LARGE = 10_000_000
SECRET = "secret"  # the password of the manual, and what stands for one: no error text may show it
UNKNOWN = "no_such_member"
MANUAL = Path(__file__).resolve().parents[2] / "docs/admin.md"
MOCK_REQUESTS: dict[str, dict[str, Any]] = {
    "CreateTopic": {"topic": "made", "partitions": 4, "replication_factor": 1}, "BrokerDown": {"broker": 1},
    "BrokerUp": {"broker": 1}, "RoundTripTime": {"broker": 1, "ms": 0},
    "PartitionLeader": {"topic": "badinput", "partition": 0, "broker": 1},
    "PushErrors": {"api": "ListGroups", "errors": [6, 6]}, "CoordinatorFor": {"group": "g", "broker": 1},
}
MOCK_VALUES: dict[str, list[dict[str, Any]]] = {  # of the right type, and not right
    "CreateTopic": [{"topic": "made", "partitions": count} for count in (0, -1, -2**31, 2**31 - 1)] + [
        {"topic": "", "partitions": 1}, {"topic": "made\0", "partitions": 1}, {"topic": "badinput", "partitions": 2},
        *[{"topic": "made", "partitions": 1, "replication_factor": count} for count in (0, -1, 2**31 - 1)]],
    **{name: [{"broker": broker, **({"ms": 0} if name == "RoundTripTime" else {})} for broker in (0, -1, 2, 2**31 - 1)]
       for name in ("BrokerDown", "BrokerUp", "RoundTripTime")},
    "PartitionLeader": [{"topic": "badinput", "partition": partition, "broker": 1} for partition in (-1, 2, 2**31 - 1)],
    "PushErrors": [{"api": api, "errors": [6]} for api in ("NoSuchApi", "", -1, 100, 2**31)],
    "CoordinatorFor": [{"broker": 1}, {"group": "g", "broker": 2},
                       {"group": "g", "transactional_id": "t", "broker": 1}],
}


@dataclass
class Wrong:
    label: str
    text: bytes
    wanted: Optional[frozenset[int]] = MALFORMED
    names: str = ""  # what the error text has to name
    arguments: dict[str, Any] = field(default_factory=dict)  # other arguments of the call


def admin_requests() -> dict[str, dict[str, Any]]:
    """The example of each operation in the manual."""
    found = re.findall(r"^## (\w+)\n.*?```json\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.M | re.S)
    return {name: json.loads(text)[name] for name, text in found}


def places(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Each value inside a value, with the way to it."""
    yield path, value
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in below:
        yield from places(inner, (*path, key))


def changed(request: Any, path: Path_, value: Any) -> Any:
    if not path:
        return value
    whole = copy.deepcopy(request)
    place = whole
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return whole


def others(value: Any) -> list[Any]:
    """Values of other types."""
    if isinstance(value, bool):
        return [0, "true", [], {}]
    if isinstance(value, int):
        return [True, str(value), 1.5, 1e300, 2**64, [], {}]
    if isinstance(value, str):
        return [7, True, [], {}, [value], {value: value}]
    if isinstance(value, list):
        return [7, True, "text", {}, {"text": 1}]
    return [7, True, "text", [], [[]], list(value.values())]


def shapes(requests: dict[str, dict[str, Any]]) -> Iterator[Wrong]:
    """What is wrong by its shape alone, at every place of every request."""
    for name, request in requests.items():
        for path, value in places({name: request}):
            where = "/".join(map(str, path))
            free = path[-1:] == ("configs",)  # its members are names of the user's
            for other in others(value):
                yield Wrong(f"{where}: {other!r}", json.dumps(changed({name: request}, path, other)).encode())
            if isinstance(value, dict) and not free:
                extended = changed({name: request}, path, {**value, UNKNOWN: 1})
                yield Wrong(f"{where} with {UNKNOWN}", json.dumps(extended).encode(), names=UNKNOWN if path else "")
            if isinstance(value, dict) and value and not free and path:
                member = next(iter(value))
                twice = json.dumps(changed({name: request}, path, "?")).replace('"?"', "{%s, %s}" % (
                    ", ".join(f"{json.dumps(key)}: {json.dumps(inner)}" for key, inner in value.items()),
                    f"{json.dumps(member)}: {json.dumps(value[member])}"))
                yield Wrong(f"{where} with {member} twice", twice.encode(), names=member)
            if isinstance(value, str):
                lone = json.dumps(changed({name: request}, path, "?")).replace('"?"', '"\\ud800"')
                yield Wrong(f"{where}: half a surrogate pair", lone.encode())


def values(requests: dict[str, dict[str, Any]]) -> Iterator[Wrong]:
    """Values of the right type that are out of range, or may be."""
    for name, request in requests.items():
        for path, value in places({name: request}):
            where = "/".join(map(str, path))
            tried: list[tuple[Any, Optional[frozenset[int]]]] = [(None, ANY)]
            if isinstance(value, str):
                wanted = ANY if path[-1] == "password" else BAD_VALUE  # any bytes
                tried += [("a\0b", wanted), ("a" * 40_000, wanted), ("", ANY)]
            elif isinstance(value, int) and not isinstance(value, bool):
                tried += [(number, ANY) for number in (-1, -3, -2**31, 2**31 - 1, -2**63, 2**63 - 1, 0)]
            elif isinstance(value, list):
                twice = ANY if not value or path[-1] == "replica_assignment" else BAD_VALUE
                tried += [([], ANY), (value + value[:1], twice)]
            for other, wanted in tried:
                text = json.dumps(changed({name: request}, path, other)).encode()
                yield Wrong(f"{where}: {str(other)[:20]!r}", text, wanted)
            if isinstance(value, dict):
                for member in value:
                    less = {key: inner for key, inner in value.items() if key != member}
                    text = json.dumps(changed({name: request}, path, less)).encode()
                    yield Wrong(f"{where} without {member}", text, ANY)


def malformed(good: bytes) -> Iterator[Wrong]:
    """No JSON at all, or not one object."""
    for end in (0, 1, len(good) // 2, len(good) - 1):
        yield Wrong(f"{good[:end]!r}", good[:end] or b" ")
    for text in (b"null", b"7", b"true", b'"text"', b"[]", b"NaN", b"-", b"{a: 1}", b"\xef\xbb\xbf" + good,
                 b"\x0b" + good, good + b"}", good + good, good + b",", b"[" + good + b"]", b"/* */ " + good,
                 good.replace(b'"', b"'"), b'{"a": 01}', b'{"a": "\t"}', b'{"a": "\\x"}', b'{"\\u0000": "a"}',
                 b'{"a": 1e99999}'):
        yield Wrong(f"{text[:40]!r}", text)


def large(wrapped: str, longest: Optional[frozenset[int]] = BAD_VALUE) -> Iterator[Wrong]:
    """10 MB, and nested as deep as that. `wrapped` is a request with %s for a value; `longest`: codes of a long one."""
    def inside(value: str) -> bytes:
        return (wrapped % value).encode()

    yield Wrong("10 MB of [", b"[" * LARGE)
    yield Wrong("10 MB of {", b'{"a":' * (LARGE // 5))
    yield Wrong("nested 100,000 deep", inside("[" * 100_000 + "]" * 100_000))
    yield Wrong("nested 200 deep", inside("[" * 200 + "]" * 200))
    yield Wrong("10 MB of digits", inside("1" * LARGE))
    yield Wrong("10 MB of text", inside(json.dumps("a" * LARGE)), longest)
    yield Wrong("10 MB of a member's name", inside('{"%s": 1}' % ("a" * LARGE)))
    yield Wrong("10 MB of an operation's name", b'{"%s": {}}' % (b"a" * LARGE))
    yield Wrong("10 MB of white space, then nothing", b" " * LARGE)
    yield Wrong("10 MB of white space, then a wrong end", b" " * LARGE + b"{]")


def admin(described: dict[str, list[str]]) -> Iterator[Wrong]:
    requests = admin_requests()
    if set(requests) != set(described):
        raise LookupError(f"docs/admin.md and DescribeAll differ: {set(requests) ^ set(described)}")
    once = {"timeout_ms": 0}  # what turns out to be right changes nothing
    for name, request in requests.items():
        cached = name in ("Metadata", "ListTopics")  # they may have their answer by then
        wanted, names = (frozenset({0, -185}), "") if cached else (frozenset({-185}), name)
        yield Wrong(f"the manual's {name}", json.dumps({name: request}).encode(), wanted, names, once)
    everything = json.dumps({"Metadata": {}}).encode()
    yield from malformed(everything)
    yield from large('{"DeleteTopics": {"topics": [%s]}}')
    yield Wrong("an unknown operation", b'{"NoSuchOperation": {}}', names="NoSuchOperation")
    yield Wrong("two operations", b'{"Metadata": {}, "ListTopics": {}}')
    yield Wrong("no operation", b"{}")
    many = ",".join(f'"{number}"' for number in range(1_000_000))
    yield Wrong("a million topics", b'{"DeleteTopics": {"topics": [%s]}}' % many.encode(), frozenset({-1104}), "topics")
    yield from shapes(requests)
    for wrong in values(requests):
        wrong.arguments = once
        yield wrong


def mock() -> Iterator[Wrong]:
    yield from malformed(json.dumps({"BrokerUp": {"broker": 1}}).encode())
    yield from large('{"BrokerUp": {"broker": %s}}')
    yield Wrong("an unknown operation", b'{"NoSuchOperation": {}}', names="NoSuchOperation")
    yield Wrong("two operations", b'{"BrokerUp": {"broker": 1}, "BrokerDown": {"broker": 1}}')
    for wrong in shapes(MOCK_REQUESTS):
        if not wrong.label.startswith("PushErrors/api: 7"):  # an API may be a number
            yield wrong
    for name, several in MOCK_VALUES.items():
        for value in several:
            yield Wrong(f"{name} {value}", json.dumps({name: value}).encode(), frozenset({3, 36, 37, 38, *BAD_VALUE}))
        for member in MOCK_REQUESTS[name]:
            if member not in ("replication_factor",):
                less = {key: inner for key, inner in MOCK_REQUESTS[name].items() if key != member}
                yield Wrong(f"{name} without {member}", json.dumps({name: less}).encode(), names=member)


def extensions() -> Iterator[Wrong]:
    """Of a token: an object of texts."""
    yield from malformed(b'{"name": "value"}')
    yield from large('{"name": %s}', ANY)
    for value in (7, None, True, [SECRET], {"a": SECRET}, SECRET + "\0", SECRET + "\x01", SECRET + "\u00fc"):
        yield Wrong(f"a value {value!r}", json.dumps({"name": value}).encode())
    for name in ("", "auth", "a1", "a b", "gr\u00fcn", "a\0", "a="):
        yield Wrong(f"a name {name!r}", json.dumps({"other": "b", name: SECRET}).encode())


def cases(function: str, described: dict[str, Any]) -> tuple[str, Iterator[Wrong]]:
    """The parameter of a function that is JSON, and what is wrong with it."""
    return {"AdminRequest": ("request", admin(described.get("admin", {}))), "MockRequest": ("json", mock()),
            "SetOAuthToken": ("extensions_json", extensions())}.get(function, ("", iter(())))
