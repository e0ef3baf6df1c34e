"""Message: a record that was consumed, or one whose delivery is reported."""

from __future__ import annotations

from typing import Optional

from .errors import KafkaError

TIMESTAMP_NOT_AVAILABLE = 0
TIMESTAMP_CREATE_TIME = 1
TIMESTAMP_LOG_APPEND_TIME = 2

Headers = list[tuple[str, Optional[bytes]]]


class Message:
    """A record that was consumed or produced, or an error of the consumer: look at `error()` first."""

    __slots__ = (
        "_error",
        "_headers",
        "_key",
        "_latency",
        "_leader_epoch",
        "_offset",
        "_partition",
        "_timestamp",
        "_timestamp_type",
        "_topic",
        "_value",
    )

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
        self._topic = topic
        self._partition = partition
        self._offset = offset
        self._key = key
        self._value = value
        self._timestamp = timestamp
        self._timestamp_type = timestamp_type
        self._leader_epoch = leader_epoch
        self._headers = headers
        self._error = error
        self._latency = latency

    def error(self) -> KafkaError | None:
        """Why this is no record, or was not delivered; None when all is well."""
        return self._error

    def topic(self) -> str | None:
        """The topic; None for an error that concerns none."""
        return self._topic

    def partition(self) -> int | None:
        """The partition; None where there is none."""
        return self._partition if self._partition >= 0 else None

    def offset(self) -> int | None:
        """The offset; None where there is none."""
        return self._offset if self._offset >= 0 else None

    def key(self) -> bytes | None:
        """The key; None when the record has none."""
        return self._key

    def value(self) -> bytes | None:
        """The value; None when the record has none (a tombstone)."""
        return self._value

    def timestamp(self) -> tuple[int, int]:
        """A TIMESTAMP_ constant, and milliseconds since 1970 (-1 with TIMESTAMP_NOT_AVAILABLE)."""
        return self._timestamp_type, self._timestamp

    def headers(self) -> Headers | None:
        """Names and values of the headers, in their order; None when there are none."""
        return self._headers

    def leader_epoch(self) -> int | None:
        """The leader epoch of the record; None where it is not known."""
        return self._leader_epoch if self._leader_epoch >= 0 else None

    def latency(self) -> float | None:
        """Seconds from `produce` to the delivery report; None for a consumed record."""
        return self._latency

    def __len__(self) -> int:
        """The length of the value in bytes."""
        return len(self._value or b"")

    def __bool__(self) -> bool:
        """A message is true, also when its value is empty."""
        return True

    def __repr__(self) -> str:
        what = f"{self._topic}[{self._partition}]@{self._offset}" if self._topic is not None else "no record"
        return f"<Message {what}{f' {self._error}' if self._error else ''}>"
