"""How the library's functions are called: codes become exceptions, and every wait can be interrupted."""

from __future__ import annotations

import math
import sys
import threading
import time
from concurrent.futures import Future, TimeoutError
from ctypes import byref, c_int, c_int32, create_string_buffer
from typing import Callable

from . import _abi
from ._library import library
from .errors import KafkaError, KafkaException

# A waiting call is made in slices of this many milliseconds, between which Python sees to its signals.
SLICE_MS = 200

TIMED_OUT = -185


class Room:
    """Room for the error text of a call."""

    __slots__ = ("length", "length_at", "text")

    def __init__(self) -> None:
        self.text = create_string_buffer(1024)
        self.length = c_int()
        self.length_at = byref(self.length)

    def error(self, code: int) -> KafkaError:
        """The error of a code with the text in here."""
        return KafkaError(code, self.text.raw[: self.length.value].decode(errors="replace"))


_rooms: list[Room] = []  # that no call uses


def call(function: Callable[..., int], *arguments: object, expected: tuple[int, ...] = (_abi.DONE,)) -> int:
    """Calls a function that ends in `errtxt, plen`. Answers its code, or raises what is not expected with its text."""
    try:
        room = _rooms.pop()
    except IndexError:
        room = Room()
    room.length.value = 1024
    code = function(*arguments, room.text, room.length_at)
    if code not in expected:
        raise KafkaException(room.error(code))
    _rooms.append(room)
    return code


def text_of(function: Callable[..., int], *arguments: object) -> str:
    """Text of a function that ends in a buffer, its length, and `errtxt, plen`."""
    room = c_int32(1024)
    while True:
        buffer = create_string_buffer(room.value)
        code = call(function, *arguments, buffer, byref(room), expected=(_abi.DONE, _abi.TOO_SMALL))
        if code == _abi.DONE:
            return buffer.raw[: room.value].decode()


def check(code: int) -> None:
    """Raises the code of a function that gives no text, unless it is 0."""
    if code != _abi.DONE:
        raise KafkaException(KafkaError(code))


def milliseconds(timeout: float | None) -> int:
    """Seconds as the library takes them: -1 for None, negative ones, and more than it can count."""
    if timeout is None or timeout < 0 or timeout * 1000 >= 2**31:
        return -1
    return math.ceil(timeout * 1000)


class Deadline:
    """The end of a timeout in seconds; None and negative ones never end."""

    def __init__(self, timeout: float | None) -> None:
        if timeout is not None and math.isnan(timeout):
            raise ValueError("a timeout must be a number")
        self._end = math.inf if timeout is None or timeout < 0 else time.monotonic() + timeout

    def left(self) -> float:
        """Seconds that are left, at least 0."""
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        return self.left() == 0

    def slice_ms(self) -> int:
        """Milliseconds of the next slice of the wait."""
        return math.ceil(min(self.left() * 1000, SLICE_MS))


def apart(handle: int, work: Callable[[], int], timeout: float | None = None) -> int:
    """Runs a call that cannot be made in slices on a thread of its own: Ctrl-C and `timeout` end the wait for it."""
    if sys.is_finalizing() or (timeout is None and threading.current_thread() is not threading.main_thread()):
        return work()  # no thread runs any more while the interpreter ends
    answer: Future[int] = Future()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:
            answer.set_exception(error)

    try:
        threading.Thread(target=run, name="kaffi", daemon=True).start()
    except RuntimeError:  # the interpreter is shutting down
        return work()
    deadline = Deadline(timeout)
    try:
        while True:
            try:
                return answer.result(deadline.slice_ms() / 1000)
            except TimeoutError:
                if deadline.passed():
                    raise KafkaException(KafkaError(TIMED_OUT)) from None
    finally:
        if not answer.done():
            library().WakeKafka(handle)
