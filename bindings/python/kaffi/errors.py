"""Errors: a code with its name, text and class, and the exception that carries one."""

from __future__ import annotations

import functools
import json
from typing import Any

from ._library import description, library, text_out


@functools.cache
def _describe(code: int) -> dict[str, Any]:
    for described in description()["codes"]:
        if described["code"] == code:
            return dict(described)
    return dict(json.loads(text_out(library().DescribeError, code)))


@functools.cache
def _numbers() -> dict[str, int]:
    return {"NO_ERROR": 0, **{described["name"]: described["code"] for described in description()["codes"]}}


class _Constants(type):
    """Gives KafkaError an attribute for every code that the library knows."""

    def __getattr__(cls, name: str) -> int:
        if not name.startswith("__") and name in _numbers():
            return _numbers()[name]
        raise AttributeError(f"KafkaError has no code {name}")

    def __dir__(cls) -> list[str]:
        return [*super().__dir__(), *_numbers()]


class KafkaError(metaclass=_Constants):
    """An error: its code, and what failed on what.

    Codes are attributes of the class: `KafkaError._PARTITION_EOF`, `_QUEUE_FULL`, `_TIMED_OUT`,
    `UNKNOWN_TOPIC_OR_PART`, and kaffi's own `CLOSED`, `FORKED`, `UNDELIVERED`, ... An error equals another of the
    same code, and its code.
    """

    __slots__ = ("_abort", "_code", "_fatal", "_reason", "_retriable")

    def __init__(
        self,
        error: int,
        reason: str | None = None,
        fatal: bool | None = None,
        retriable: bool | None = None,
        txn_requires_abort: bool = False,
    ) -> None:
        self._code = error
        self._reason = reason
        self._fatal = fatal
        self._retriable = retriable
        self._abort = txn_requires_abort

    def code(self) -> int:
        """The number of the error."""
        return self._code

    def name(self) -> str:
        """The name of the code, such as `UNKNOWN_TOPIC_OR_PART`."""
        return str(_describe(self._code)["name"])

    def str(self) -> str:
        """What went wrong, in words."""
        return self._reason or str(_describe(self._code)["text"])

    def retriable(self) -> bool:
        """Whether trying again may help."""
        return bool(_describe(self._code)["retriable"]) if self._retriable is None else self._retriable

    def fatal(self) -> bool:
        """Whether the client is of no use any more."""
        return bool(_describe(self._code)["fatal"]) if self._fatal is None else self._fatal

    def txn_requires_abort(self) -> bool:
        """Whether the transaction must be aborted: call `abort_transaction`, then begin anew."""
        return self._abort

    def __eq__(self, other: object) -> bool:
        if isinstance(other, KafkaError):
            return self._code == other._code
        return self._code == other if isinstance(other, int) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._code)

    def __repr__(self) -> str:  # type: ignore[valid-type]  # str is a method here
        return f'KafkaError{{code={self.name()},val={self._code},str="{self.str()}"}}'


class KafkaException(Exception):
    """Raised when a call fails. `args[0]` is the KafkaError."""

    def __init__(self, error: KafkaError) -> None:
        super().__init__(error)
