"""What producers and consumers have in common: configuration, start, and an end that is never forgotten."""

from __future__ import annotations

import atexit
import os
import warnings
import weakref
from collections.abc import Mapping
from ctypes import byref, c_int64, c_uint64
from types import TracebackType
from typing import Any, TypeVar

from . import _abi
from ._call import apart, call, check, milliseconds
from ._library import library, text_in, text_out
from .errors import KafkaException
from .events import Events

PRODUCER, CONSUMER = 1, 2

Self = TypeVar("Self", bound="Client")


class Client(Events):
    """A client of Kafka: what Producer and Consumer have in common. Not made by itself."""

    _over = _abi.NOT_STARTED  # the code of what is asked of a client that has ended; 0 while it lives

    def __init__(self, conf: Mapping[str, Any], kind: int) -> None:
        handle = c_uint64()
        check(library().InitKafka(byref(handle)))
        self._handle = handle.value
        try:
            for key, value in self._take_callbacks(conf).items():
                self._set(key, value)
            self._configured()
            if "oauth" in self._callbacks:
                self._on_oauth(self._callbacks["oauth"], None)
            call(library().StartKafka, self._handle, kind)
        except BaseException:
            self._close_handle(0)
            raise
        self._close_timeout = self._seconds("kaffi.close.timeout.ms")
        self._renew_events()
        self._renew()
        self._over = 0
        _open.add(self)

    def _configured(self) -> None:
        """Called between configuration and start."""

    def _renew(self) -> None:
        """Makes the locks and forgets what is in hand. Also in the child after a fork, where a lock may be held for
        ever.
        """

    def _set(self, key: str, value: Any) -> None:
        if isinstance(value, bool):
            value = str(value).lower()
        elif isinstance(value, (int, float)):
            value = str(value)
        elif not isinstance(value, str):
            raise TypeError(f"{key}: a property is a str, bool or number, not {type(value).__name__}")
        call(
            library().SetKafkaConf,
            self._handle,
            text_in(key, "the name of a property"),
            text_in(value, f"the value of {key}"),
        )

    def _get(self, key: str) -> str:
        get = library().GetKafkaConf
        return text_out(lambda value, length: get(self._handle, key.encode(), value, length, None, None))

    def _seconds(self, key: str) -> float:
        return int(self._get(key)) / 1000

    def check_connection(self, timeout: float = 10.0) -> None:
        """Returns when a broker has answered this client as it is configured. Else raises KafkaException, whose text
        says which address failed and why.
        """
        limit = milliseconds(timeout)
        apart(self._handle, lambda: call(library().CheckConnection, self._handle, limit))

    def set_sasl_credentials(self, username: str, password: str) -> None:
        """Replaces the name and password (SASL PLAIN and SCRAM) that connections are made with from here on."""
        self._set("sasl.username", username)
        self._set("sasl.password", password)

    def _close_handle(self, timeout: float) -> None:
        """Ends the client in the library. One that is closed already is fine."""
        undelivered = c_int64()
        arguments = self._handle, milliseconds(timeout), byref(undelivered)
        apart(self._handle, lambda: call(library().CloseKafka, *arguments, expected=(_abi.DONE, _abi.CLOSED)))

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _close_forgotten(self) -> None:
        """Closes what its owner did not, and says so."""
        if self._over:
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)
        try:
            self.close()
        except KafkaException as error:
            warnings.warn(f"{self!r}: {error}", RuntimeWarning, stacklevel=2)

    def __del__(self) -> None:
        self._close_forgotten()


_open: weakref.WeakSet[Client] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for client in list(_open):
        client._close_forgotten()


def _after_fork() -> None:
    for client in list(_open):
        client._over = _abi.FORKED
        client._renew_events()
        client._renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
