"""Batches out to and in from whatever knows Arrow's PyCapsule interface."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, byref, c_char_p, c_int64, c_size_t, c_uint64, c_void_p, cast, py_object, pythonapi
from typing import Any

from ._batch import Handle
from ._call import call
from ._library import library


class _Schema(ctypes.Structure):
    _fields_ = (
        *((name, c_char_p) for name in ("format", "name", "metadata")),
        *((name, c_int64) for name in ("flags", "n_children")),
        *((name, c_void_p) for name in ("children", "dictionary", "release", "private_data")),
    )


class _Array(ctypes.Structure):
    _fields_ = (
        *((name, c_int64) for name in ("length", "null_count", "offset", "n_buffers", "n_children")),
        *((name, c_void_p) for name in ("buffers", "children", "dictionary", "release", "private_data")),
    )


_KINDS = {b"arrow_schema": _Schema, b"arrow_array": _Array}

_allocate = ctypes.PYFUNCTYPE(c_void_p, c_size_t, c_size_t)(("PyMem_RawCalloc", pythonapi))
_free = ctypes.PYFUNCTYPE(None, c_void_p)(("PyMem_RawFree", pythonapi))
_new = ctypes.PYFUNCTYPE(py_object, c_void_p, c_char_p, c_void_p)(("PyCapsule_New", pythonapi))
_pointer = ctypes.PYFUNCTYPE(c_void_p, py_object, c_char_p)(("PyCapsule_GetPointer", pythonapi))
# For a capsule that is being deleted: it must not become a Python object again.
_pointer_of_dead = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(("PyCapsule_GetPointer", pythonapi))


def _destructor(name: bytes) -> Any:
    kind, pointer, free = _KINDS[name], _pointer_of_dead, _free
    release = CFUNCTYPE(None, c_void_p)

    def destroy(capsule: int) -> None:
        address = pointer(capsule, name)
        held = kind.from_address(address)
        if held.release:  # nobody took it
            release(held.release)(address)
        free(address)

    return ctypes.PYFUNCTYPE(None, c_void_p)(destroy)


_destructors = {name: _destructor(name) for name in _KINDS}
for _each in _destructors.values():
    pythonapi.Py_IncRef(py_object(_each))  # a capsule may be deleted later than this module


def capsules(batch: int) -> tuple[object, object]:
    """A batch as the two capsules that `__arrow_c_array__` gives."""
    schema, array = (
        _new(_allocate(1, ctypes.sizeof(kind)), name, cast(_destructors[name], c_void_p))
        for name, kind in _KINDS.items()
    )
    call(library().ExportBatch, batch, _pointer(array, b"arrow_array"), _pointer(schema, b"arrow_schema"))
    return schema, array


def imported(data: Any) -> Handle:
    """A batch from an object that has `__arrow_c_array__`: a struct array or record batch."""
    schema, array = data.__arrow_c_array__()
    number = c_uint64()
    pointers = _pointer(array, b"arrow_array"), _pointer(schema, b"arrow_schema")
    call(library().ImportBatch, *pointers, byref(number))
    return Handle(number.value)
