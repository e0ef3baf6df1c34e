"""Finds the library and loads it, once, when it is first needed; and texts in and out of it."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import importlib.util
import json
import os
import sys
import sysconfig
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from typing import Any, Callable, TypeVar, cast

from . import _abi

T = TypeVar("T", bound=Callable[..., Any])

FILE = {"win32": "kaffi.dll", "darwin": "libkaffi.dylib"}.get(sys.platform, "libkaffi.so")
NATIVE = "_native.pyd" if sys.platform == "win32" else "_native.abi3.so"  # its name beside this package


def _load_native() -> Any:
    path = Path(__file__).with_name(NATIVE)
    named = os.environ.get("KAFFI_LIBRARY")
    if named and not path.exists():  # a build of cargo
        path = Path(named).with_name(FILE.replace("kaffi", "kaffi_python"))
    other = sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED")
    if os.environ.get("KAFFI_PURE_PYTHON") or other or not path.exists():
        return None
    try:
        loader = ExtensionFileLoader("kaffi._native", str(path))
        spec = importlib.util.spec_from_loader("kaffi._native", loader)
        assert spec
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    except ImportError:  # it is for newer Pythons
        return None
    return module


_native = _load_native()


def natively(python: T) -> T:
    """Puts what has this name in the part that is in machine code (bindings/python/native) in place of a class or
    function that is called for each record. Python does the same where that part cannot be loaded (it is for CPython
    3.10 and newer), or KAFFI_PURE_PYTHON is set.
    """
    return cast(T, getattr(_native, python.__name__)) if _native else python


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
        if _native:
            _native.use_library(lambda name: ctypes.cast(getattr(loaded, name), ctypes.c_void_p).value)
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
