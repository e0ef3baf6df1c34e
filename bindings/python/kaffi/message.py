"""Message: a record that was consumed, or one whose delivery is reported."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import repeat
from typing import Any, Callable, Optional

from ._library import natively
from .errors import KafkaError

TIMESTAMP_NOT_AVAILABLE = 0
TIMESTAMP_CREATE_TIME = 1
TIMESTAMP_LOG_APPEND_TIME = 2

Headers = list[tuple[str, Optional[bytes]]]


@natively
class Message:
    """A record that was consumed or produced, or an error of the consumer: look at `error()` first."""

    __slots__ = ("_record",)

    def __init__(
        self,
        topic: str | None = None,
        partition: int = -1,
        offset: int = -1,
        key: bytes | None = None,
        value: bytes | None = None,
        timestamp: int = -1,
        timestamp_type: int = TIMESTAMP_NOT_AVAILABLE,
        leader_epoch: int = -1,
        headers: Headers | None = None,
        error: KafkaError | None = None,
        latency: float | None = None,
    ) -> None:
        self._record = (
            topic, partition, offset, key, value, timestamp, timestamp_type, leader_epoch, headers, error,
            None if latency is None else latency * 1e6,
        )  # fmt: skip

    def error(self) -> KafkaError | None:
        """Why this is no record, or was not delivered; None when all is well."""
        return self._record[9]

    def topic(self) -> str | None:
        """The topic; None for an error that concerns none."""
        return self._record[0]

    def partition(self) -> int | None:
        """The partition; None where there is none."""
        return self._record[1] if self._record[1] >= 0 else None

    def offset(self) -> int | None:
        """The offset; None where there is none."""
        return self._record[2] if self._record[2] >= 0 else None

    def key(self) -> bytes | None:
        """The key; None when the record has none."""
        return self._record[3]

    def value(self) -> bytes | None:
        """The value; None when the record has none (a tombstone)."""
        return self._record[4]

    def timestamp(self) -> tuple[int, int]:
        """A TIMESTAMP_ constant, and milliseconds since 1970 (-1 with TIMESTAMP_NOT_AVAILABLE)."""
        return self._record[6], self._record[5]

    def headers(self) -> Headers | None:
        """Names and values of the headers, in their order; None when there are none."""
        return self._record[8]

    def leader_epoch(self) -> int | None:
        """The leader epoch of the record; None where it is not known."""
        return self._record[7] if self._record[7] >= 0 else None

    def latency(self) -> float | None:
        """Seconds from `produce` to the delivery report; None for a consumed record."""
        return None if self._record[10] is None else self._record[10] / 1e6

    def __len__(self) -> int:
        """The length of the value in bytes."""
        return len(self._record[4] or b"")

    def __bool__(self) -> bool:
        """A message is true, also when its value is empty."""
        return True

    def __repr__(self) -> str:
        what = f"{self._record[0]}[{self._record[1]}]@{self._record[2]}" if self._record[0] is not None else "no record"
        return f"<Message {what}{f' {self._record[9]}' if self._record[9] else ''}>"


_new: Callable[[type[Message]], Message] = object.__new__


def messages(fields: Iterable[tuple[Any, ...]]) -> list[Message]:
    """Messages from the fields of each, in the order of `_record`; the last is the time from `produce` to the report in
    microseconds. Made without a step of Python for each: this is the hot path of consuming and of reports.
    """
    records = list(fields)
    made = list(map(_new, repeat(Message, len(records))))
    deque(map(setattr, made, repeat("_record"), records), maxlen=0)
    return made
