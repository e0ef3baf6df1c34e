"""An emulator of Dyalog's system function ⎕NA: makes a call by a pattern as the interpreter would.

A pattern is `[result] library|function[&] [argument]...`, an argument `[direction][special]type[width][array]`.
Every buffer lies against a page that may be neither read nor written, and behind bytes that are checked after the
call: an access beyond a buffer ends the process, a write before it is an error. Room that a function is to fill holds
rubbish, as APL does not clear it.

Values are Python's: a character vector is `str`, a number `int` or `float`, a numeric vector a list.
"""
from __future__ import annotations

import ctypes
import mmap
import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Optional, Union

Value = Union[int, float, str, list[Any]]

# The code points of ⎕AV in Classic Edition: what ⎕AVU is unless somebody changes it (older versions have ¤ for ⊢).
AVU = (
    "\0\b\n\r \f\6\7\x1b\t⌶ɫ%'⍺⍵_abcdefghijklmnopqrstuvwxyz\1\2¯.⍬0123456789\3⊢¥$£¢∆"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ\4\5ý·\x7f⍙ÁÂÃÇÈÊËÌÍÎÏÐÒÓÔÕÙÚÛÝþãìðòõ{€}⊣⌷¨ÀÄÅÆ⍨ÉÑÖØÜßàáâäåæçèéêëíîïñ[/⌿\\⍀<≤=≥>≠∨∧-+÷×?∊⍴~↑↓⍳○*⌈⌊∇"
    "∘(⊂⊃∩∪⊥⊤|;,⍱⍲⍒⍋⍉⌽⊖⍟⌹!⍕⍎⍫⍪≡≢óôöø\"#\x1e&´┘┐┌└┼─├┤┴┬│@ùúû^ü`∣¶:⍷¿¡⋄←→⍝)]\x1f\xa0§⎕⍞⍣"
)
PAGE = mmap.PAGESIZE
CANARY = 0xC7
RUBBISH = 0xA5

C_TYPES: dict[str, Any] = {
    "I1": ctypes.c_int8, "I2": ctypes.c_int16, "I4": ctypes.c_int32, "I8": ctypes.c_int64,
    "U1": ctypes.c_uint8, "U2": ctypes.c_uint16, "U4": ctypes.c_uint32, "U8": ctypes.c_uint64,
    "T1": ctypes.c_uint8, "T2": ctypes.c_uint16, "T4": ctypes.c_uint32,
    "C1": ctypes.c_uint8, "C2": ctypes.c_uint16, "C4": ctypes.c_uint32,
    "F4": ctypes.c_float, "F8": ctypes.c_double, "P": ctypes.c_size_t,
}  # fmt: skip
DEFAULT_WIDTH = {"I": "4", "U": "4", "T": "4", "C": "1", "F": "8", "P": ""}
ARGUMENT = re.compile(r"([<>=]?)(0?)([IUTCFP])([1248]?)(\[\d*\])?")

_libc = ctypes.CDLL(None, use_errno=True)


class QuadNaError(Exception):
    """An error that ⎕NA or a call of what it made would signal: number and message."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


class OutOfBounds(AssertionError):
    """A function wrote outside the room that it was given."""


class Buffer:
    """Memory for `size` bytes: a page that cannot be touched behind it, known bytes before it."""

    def __init__(self, size: int) -> None:
        pages = (size + 16 + PAGE - 1) // PAGE
        self.map = mmap.mmap(-1, (pages + 1) * PAGE)
        self.start = pages * PAGE - size
        self.map[: self.start] = bytes([CANARY]) * self.start
        anchor = ctypes.c_char.from_buffer(self.map)
        self.base = ctypes.addressof(anchor)
        del anchor
        self.guard(0)  # PROT_NONE
        self.address = self.base + self.start

    def guard(self, protection: int) -> None:
        at = ctypes.c_void_p(self.base + len(self.map) - PAGE)
        if _libc.mprotect(at, ctypes.c_size_t(PAGE), protection):
            raise OSError(ctypes.get_errno(), "mprotect")

    def check(self) -> None:
        if self.map[: self.start] != bytes([CANARY]) * self.start:
            raise OutOfBounds("a function wrote before its buffer")

    def close(self) -> None:
        self.guard(mmap.PROT_READ | mmap.PROT_WRITE)
        self.map.close()


class Argument:
    """One argument of a pattern."""

    def __init__(self, text: str) -> None:
        match = ARGUMENT.fullmatch(text)
        if not match:
            raise QuadNaError(11, f"DOMAIN ERROR: {text} in a pattern is not understood")
        self.direction, special, letter, width, array = match.groups()
        self.terminated = special == "0"
        self.array = bool(array) or self.terminated
        self.type = letter
        self.c_type = C_TYPES[letter + (width or DEFAULT_WIDTH[letter])]
        self.size = ctypes.sizeof(self.c_type)
        self.out = self.direction in (">", "=") and self.direction != ""


class Function:
    """What ⎕NA makes of a pattern. `released` gives APL's other threads their turn while a call with & runs."""

    def __init__(self, pattern: str, classic: bool = False,
                 released: Callable[[], AbstractContextManager[Any]] = nullcontext) -> None:  # fmt: skip
        match = re.fullmatch(r"(?:([IUF][1248]?|P) )?(.*)\|(\w+)(&?)((?: \S+)*)", pattern)
        if not match:
            raise QuadNaError(11, f"DOMAIN ERROR: the pattern {pattern!r} is not understood")
        result, library, self.name, own_thread, arguments = match.groups()
        self.pattern = pattern
        self.classic = classic
        self.own_thread = bool(own_thread)
        self.calls = 0
        self.done = 0  # calls that answered 0
        self.seconds = 0.0  # inside the function, without what the emulator does around it
        self.released = released
        self.result = Argument(result) if result else None
        self.arguments = [Argument(text) for text in arguments.split()]
        try:
            self.function = ctypes.CDLL(library)[self.name]
        except OSError as error:
            raise QuadNaError(22, f"FILE ERROR: {error}") from None
        except AttributeError as error:
            raise QuadNaError(11, f"DOMAIN ERROR: {error}") from None
        self.function.restype = self.result.c_type if self.result else None
        self.function.argtypes = [ctypes.c_void_p if a.direction else a.c_type for a in self.arguments]

    def __call__(self, values: Sequence[Value]) -> Value:
        if len(values) != len(self.arguments):
            raise QuadNaError(5, f"LENGTH ERROR: {self.name} takes {len(self.arguments)} arguments, not {len(values)}")
        buffers: list[Optional[Buffer]] = []
        try:
            given: list[Any] = []
            for argument, value in zip(self.arguments, values):
                buffers.append(self.buffer(argument, value) if argument.direction else None)
                last = buffers[-1]
                given.append(last.address if last else self.number(argument, value))
            answer = self.call(given)
            for buffer in buffers:
                if buffer:
                    buffer.check()
            results: list[Any] = [answer] if self.result else []
            for argument, buffer in zip(self.arguments, buffers):
                if buffer and argument.out:
                    results.append(self.seen(argument, buffer))
        finally:
            for buffer in buffers:
                if buffer:
                    buffer.close()
        return results[0] if len(results) == 1 else results

    def call(self, given: list[Any]) -> Any:
        answers: list[Any] = []

        def timed() -> None:
            start = time.perf_counter()
            answers.append(self.function(*given))
            self.seconds += time.perf_counter() - start
            self.done += answers[0] == 0

        self.calls += 1
        if not self.own_thread:
            timed()
            return answers[0]
        thread = threading.Thread(target=timed)
        with self.released():
            thread.start()
            thread.join()
        return answers[0]

    def number(self, argument: Argument, value: Value) -> Any:
        """A number in the argument's type, or DOMAIN ERROR where it does not fit."""
        if isinstance(value, str) and len(value) == 1 and argument.type in "TC":
            return self.code_points(argument, value)[0]
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise QuadNaError(11, f"DOMAIN ERROR: {self.name} wants a number, not {value!r}")
        if argument.type == "F":
            return float(value)
        if value != int(value) or argument.c_type(int(value)).value != value:
            raise QuadNaError(11, f"DOMAIN ERROR: {value!r} does not fit, in {self.pattern}")
        return int(value)

    def code_points(self, argument: Argument, text: str) -> list[int]:
        """Characters as an argument of type T or C; Classic knows only those of ⎕AV."""
        points = [ord(character) for character in text]
        if any(point >= 1 << 8 * argument.size for point in points):
            raise QuadNaError(92 if self.classic else 11, f"{text!r} does not fit into {argument.type}{argument.size}")
        return points

    def buffer(self, argument: Argument, value: Value) -> Buffer:
        if argument.direction == ">":
            count = self.number(Argument("U4"), value) if argument.array else 1
            buffer = Buffer(count * argument.size)
            buffer.map[buffer.start : buffer.start + count * argument.size] = bytes([RUBBISH]) * count * argument.size
            return buffer
        if isinstance(value, str):
            if argument.type not in "TC":
                raise QuadNaError(11, f"DOMAIN ERROR: {self.name} wants numbers, not {value!r}")
            points: list[Any] = self.code_points(argument, value)
        else:
            if argument.type in "TC" and value != []:
                raise QuadNaError(11, f"DOMAIN ERROR: {self.name} wants characters, not {value!r}")
            items = value if isinstance(value, list) else [value]
            points = [self.number(argument, item) for item in items]
        if not argument.array and len(points) != 1:
            raise QuadNaError(5, f"LENGTH ERROR: {self.name} wants one number, not {value!r}")
        if argument.terminated:
            points.append(0)
        data = bytes((argument.c_type * len(points))(*points))
        buffer = Buffer(len(data))
        buffer.map[buffer.start : buffer.start + len(data)] = data
        return buffer

    def seen(self, argument: Argument, buffer: Buffer) -> Value:
        """An output as APL gives it."""
        count = (len(buffer.map) - PAGE - buffer.start) // argument.size
        data = buffer.map[buffer.start : buffer.start + count * argument.size]
        items = list((argument.c_type * count).from_buffer_copy(data))
        if argument.type in "TC":
            if argument.terminated and 0 in items:
                items = items[: items.index(0)]
            text = "".join(map(chr, items))
            if self.classic and argument.type == "T":  # a byte that ⎕AV has no character for is lost
                text = "".join(character if character in AVU else "?" for character in text)
            return text if argument.array else text[0]
        return items if argument.array else items[0]
