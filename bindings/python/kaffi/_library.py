"""Finds the library and loads it, once, when it is first needed; and texts in and out of it."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import json
import os
import sys
from pathlib import Path
from typing import Any, Callable

from . import _abi

FILE = {"win32": "kaffi.dll", "darwin": "libkaffi.dylib"}.get(sys.platform, "libkaffi.so")


@functools.cache
def library() -> _abi.Functions:
    """The functions. Looks for their library at KAFFI_LIBRARY, beside this package, then where the system does."""
    beside = Path(__file__).with_name(FILE)
    named = os.environ.get("KAFFI_LIBRARY")
    if named:
        path = named
    elif beside.exists():
        path = str(beside)
    else:
        path = ctypes.util.find_library("kaffi") or FILE
    try:
        loaded = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"the library of kaffi cannot be loaded: {error}. "
            + (
                f"KAFFI_LIBRARY names {named}; it must be the full path of {FILE}."
                if named
                else f"It is not beside the package ({beside}) nor where the system looks for libraries: install the"
                f" package with `pip install ./bindings/python`, or set KAFFI_LIBRARY to the full path of {FILE}."
            )
        ) from error
    try:
        return _abi.declare(loaded)
    except AttributeError as error:
        raise ImportError(f"the library {path} does not fit this package: {error}") from error


def text_in(value: str, what: str) -> bytes:
    """Text for the library, which ends it at the first NUL: one inside is refused."""
    if not isinstance(value, str):
        raise TypeError(f"{what} must be a str, not {type(value).__name__}")
    if "\0" in value:
        raise ValueError(f"{what} holds a NUL character")
    return value.encode()


def text_out(function: Callable[..., int], *arguments: object) -> str:
    """Text of a function that ends in a buffer and its length, whatever its size."""
    room = ctypes.c_int32(1024)
    while True:
        buffer = ctypes.create_string_buffer(room.value)
        code = function(*arguments, buffer, ctypes.byref(room))
        if code == _abi.DONE:
            return buffer.raw[: room.value].decode()
        if code != _abi.TOO_SMALL:
            raise RuntimeError(f"the library answers {code}")


@functools.cache
def description() -> dict[str, Any]:
    """What the library says about itself (DescribeAll)."""
    described: dict[str, Any] = json.loads(text_out(library().DescribeAll))
    return described


def version() -> str:
    """The version of kaffi."""
    return str(description()["version"])


def libversion() -> tuple[str, int]:
    """The version of librdkafka, the engine, as text and as a number such as 0x020c01ff."""
    text = ctypes.create_string_buffer(64)
    number: int = library().Version(text, len(text))
    return text.value.decode(), number
