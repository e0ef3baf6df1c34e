"""Events: what a client tells by itself, to callbacks or by `next_event`."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from ctypes import byref, c_int32, c_int64, create_string_buffer
from typing import Any, Callable, NamedTuple

from . import _abi
from ._call import Deadline, call
from ._library import library, text_in
from .errors import KafkaError
from .topic_partition import TopicPartition

KEPT = 10_000  # events without a callback that wait for `next_event`

AT_ONCE = 1000  # told in one call: a log may grow faster than it is read

# Callbacks in the configuration, and the events that go to them.
CALLBACKS = {
    "error_cb": "error",
    "stats_cb": "stats",
    "throttle_cb": "throttle",
    "logger": "log",
    "oauth_cb": "oauth",
    "on_commit": "commit",
}

# Levels of syslog as those of `logging`.
LEVELS = {0: 50, 1: 50, 2: 50, 3: 40, 4: 30, 5: 20, 6: 20, 7: 10}


class ThrottleEvent(NamedTuple):
    """A broker has delayed its answer because of a quota, by `throttle_time` seconds."""

    broker_name: str
    broker_id: int
    throttle_time: float


class Events:
    """Part of every client. Callbacks are called on the thread of `poll`, `consume`, `flush` and their like."""

    _WAITS_FOR = 4  # what `fileno` is for: a sum of 1 (records), 2 (reports), 4 (events)
    _handle: int
    _callbacks: Mapping[str, Callable[..., Any]] = {}

    def _take_callbacks(self, conf: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration without the callbacks in it."""
        rest = dict(conf)
        callbacks: dict[str, Callable[..., Any]] = {}
        for name, kind in CALLBACKS.items():
            callback = rest.pop(name, None)
            if callback is None:
                continue
            if not callable(callback) and name != "logger":
                raise TypeError(f"{name} must be callable, not {type(callback).__name__}")
            callbacks[kind] = callback
        self._callbacks = callbacks
        self._oauth_config = str(rest.get("sasl.oauthbearer.config", ""))
        if callbacks:
            rest.setdefault("kaffi.events", ",".join(callbacks))
        return rest

    def _renew_events(self) -> None:
        self._telling = threading.RLock()  # of the room for an event
        self._room, self._size = create_string_buffer(4096), c_int32()
        self._kept: deque[str] = deque(maxlen=KEPT)

    def _serve_events(self, wait_ms: int = 0) -> None:
        """Calls the callbacks of what has happened; what a callback raises comes out. An event stays in the room, with
        its size, till it is told: interrupted, this goes on with it.
        """
        if not self._telling.acquire(timeout=wait_ms / 1000):
            return  # another thread tells
        try:
            for _ in range(AT_ONCE):
                if not 0 < self._size.value < len(self._room):
                    if self._size.value >= len(self._room):
                        self._room = create_string_buffer(self._size.value + 1)
                    self._size.value = len(self._room)
                    arguments = self._handle, wait_ms, self._room, byref(self._size)
                    expected = _abi.DONE, _abi.NOTHING, _abi.TOO_SMALL
                    code = call(library().NextEvent, *arguments, expected=expected)
                    if code == _abi.NOTHING:
                        self._size.value = 0
                        return
                    if code == _abi.TOO_SMALL:
                        continue
                    wait_ms = 0
                text = self._room.raw[: self._size.value].decode()
                self._tell(json.loads(text), text)
        finally:
            self._telling.release()

    def _tell(self, event: dict[str, Any], text: str) -> None:
        """Calls the callback of an event, or keeps it for `next_event`."""
        callback = self._callbacks.get(event["event"])
        if callback is None:
            self._kept.append(text)
        self._size.value = 0
        if callback is not None:
            getattr(self, f"_on_{event['event']}")(callback, event)

    def _on_error(self, callback: Callable[..., Any], event: dict[str, Any]) -> None:
        callback(KafkaError(event["code"], event["text"], fatal=event["fatal"]))

    def _on_stats(self, callback: Callable[..., Any], event: dict[str, Any]) -> None:
        callback(json.dumps(event["stats"]))

    def _on_throttle(self, callback: Callable[..., Any], event: dict[str, Any]) -> None:
        callback(ThrottleEvent(event["broker"], event["broker_id"], event["throttle_ms"] / 1000))

    def _on_log(self, logger: Any, event: dict[str, Any]) -> None:
        logger.log(LEVELS.get(event["level"], 10), "%s [%s] %s", event["facility"], self, event["text"])

    def _on_oauth(self, callback: Callable[..., Any], _: object) -> None:
        """Gives the library a token. `oauth_cb` answers with that, its end (seconds since 1970), and, if wanted, the
        principal and a dict of extensions.
        """
        try:
            token, expires, *more = callback(self._oauth_config)
            principal, extensions = (*more, None, None)[:2]
            texts = text_in(principal or "", "the principal"), json.dumps(extensions or {}).encode()
            token = text_in(token, "the token")
            call(library().SetOAuthToken, self._handle, token, round(expires * 1000), *texts)
        except Exception as failure:
            reason = f"oauth_cb: {failure or type(failure).__name__}".replace("\0", "")
            call(library().SetOAuthFailure, self._handle, reason.encode())
            raise

    def _on_commit(self, callback: Callable[..., Any], event: dict[str, Any]) -> None:
        callback(KafkaError(event["code"], event["text"]) if event["code"] else None, partitions(event))

    def next_event(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next event that no callback takes, or None when none came within `timeout` seconds (None or -1: as long
        as it takes). Its member `event` says the kind, `time` when (ms since 1970); `kaffi.describe()["events"]`
        tells the others.

        Without callbacks in the configuration events of every kind come, with some only those of the kinds that the
        property `kaffi.events` names. Events that have a callback go to it meanwhile.
        """
        deadline = Deadline(timeout)
        while not self._kept:
            self._serve_events(deadline.slice_ms())
            if deadline.passed():
                break
        try:
            event: dict[str, Any] = json.loads(self._kept.popleft())
        except IndexError:
            return None
        return event

    def fileno(self) -> int:
        """A descriptor that is readable as long as something waits, for `select`, `epoll`, `asyncio` and the like:

            asyncio.get_running_loop().add_reader(consumer.fileno(), on_ready)

        Then call `poll(0)` (or `consume`, or a producer's `poll`) till it gives nothing. Nobody reads or closes the
        descriptor; take it out of the event loop before `close`. Not on Windows.
        """
        descriptor = c_int64()
        call(library().GetReadyFd, self._handle, self._WAITS_FOR, byref(descriptor))
        return descriptor.value


def partitions(event: dict[str, Any]) -> list[TopicPartition]:
    """The partitions of an event."""
    answer = []
    for one in event["partitions"]:
        answer.append(TopicPartition(one["topic"], one["partition"], one.get("offset", -1001)))
        answer[-1].error = KafkaError(one["code"]) if one.get("code") else None
    return answer
