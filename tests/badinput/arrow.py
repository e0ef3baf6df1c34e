"""The structures of the Arrow C data interface, lent to a call: what can be wrong, how often they are released."""
from __future__ import annotations

import ctypes
import itertools
from dataclasses import dataclass
from functools import partial
from typing import Union


class ArrowArray(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("length", "null_count", "offset", "n_buffers", "n_children")] + [
        (name, ctypes.c_uint64) for name in ("buffers", "children", "dictionary", "release", "private_data")]


class ArrowSchema(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("format", "name", "metadata")] + [
        (name, ctypes.c_int64) for name in ("flags", "n_children")] + [
        (name, ctypes.c_uint64) for name in ("children", "dictionary", "release", "private_data")]


Structure = Union[ArrowArray, ArrowSchema]
STRUCTURES = {"ArrowArray": ArrowArray, "ArrowSchema": ArrowSchema}
RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@dataclass(frozen=True)
class Change:
    """One thing wrong: a field of the structure at the end of a path of children (-1: the dictionary)."""

    path: tuple[int, ...]
    field: str
    value: int | bytes  # bytes: a text, to which the field points

    def __str__(self) -> str:
        return f"{self.field} {self.value!r} at {self.path}"


UNALIGNED, RELEASED_BEFORE = "unaligned", Change((), "release", 0)
Lending = Union[Change, str]

# What the library can tell by looking at the structure alone.
MALFORMED: dict[str, dict[str, tuple[int | bytes, ...]]] = {
    "ArrowArray": {"length": (-1, -2**63, 2**62), "offset": (-1, -2**63, 2**62), "null_count": (2**62,),
                   "n_buffers": (-1, 2**62), "n_children": (-1, 2**62)},
    "ArrowSchema": {"format": (0, b"", b"?", b"\xff", b"+w:-1", b"+ud:0"), "name": (b"\xff",),
                    "n_children": (-1, 2**62)},
}
# And where there is something that can be missing, by the field that counts it.
MISSING = {"n_buffers": "n_buffers", "n_children": "n_children", "buffers": "n_buffers", "children": "n_children"}


def nodes(structure: Structure, path: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], Structure]]:
    """A structure and all that it holds, each with its path."""
    below = [*range(structure.n_children), *([-1] if structure.dictionary else [])]
    found = [nodes(child(structure, index), (*path, index)) for index in below]
    return [(path, structure), *itertools.chain.from_iterable(found)]


def child(structure: Structure, index: int) -> Structure:
    address = structure.dictionary if index < 0 else ctypes.c_uint64.from_address(structure.children + 8 * index).value
    return type(structure).from_address(address)


def malformed(structure: Structure) -> list[Change]:
    """All that can be wrong with a structure and what it holds, one thing at a time."""
    found = []
    for path, node in nodes(structure):
        values = {field: list(values) for field, values in MALFORMED[type(structure).__name__].items()}
        for field, number in MISSING.items():
            if getattr(node, number, 0) > 0:
                values.setdefault(field, []).append(0)
        found += [Change(path, field, value) for field, several in values.items() for value in several]
    return found


class Lent:
    """A structure that a call may take over; it counts how often it was released."""

    lent: dict[int, Lent] = {}
    numbers = itertools.count(1)

    def __init__(self, structure: Structure) -> None:
        self.structure, self.released = structure, 0
        self.number = next(self.numbers)
        self.before: list[tuple[Structure, str, int]] = []
        self.text = ctypes.create_string_buffer(b"")
        self.lent[self.number] = self

    def content(self, lending: Lending) -> bytes:
        """The structure as the call gets it."""
        copy = type(self.structure).from_buffer_copy(self.structure)
        copy.release = ctypes.cast(RELEASED[type(copy)], ctypes.c_void_p).value
        copy.private_data = self.number
        if isinstance(lending, Change):
            node = copy
            for index in lending.path:
                node = child(node, index)
            if lending.path:
                self.before.append((node, lending.field, getattr(node, lending.field)))
            value = lending.value
            if isinstance(value, bytes):
                self.text = ctypes.create_string_buffer(value)
                value = ctypes.addressof(self.text)
            setattr(node, lending.field, value)
        return bytes(copy) + b"\0" * (lending == UNALIGNED)

    def end(self) -> None:
        """Releases the structure that was lent, as it was."""
        if self.structure.release:
            for node, field, value in self.before:
                setattr(node, field, value)
            release(self.structure)

    def free(self) -> None:
        self.end()
        del self.lent[self.number]


def release(structure: Structure) -> None:
    RELEASE(structure.release)(ctypes.addressof(structure))
    if structure.release:
        raise RuntimeError("released, and its release is not null")


def released(kind: type[Structure], address: int) -> None:
    structure = kind.from_address(address)
    lent = Lent.lent[structure.private_data]
    lent.released += 1
    lent.end()
    structure.release = 0


RELEASED = {kind: RELEASE(partial(released, kind)) for kind in (ArrowArray, ArrowSchema)}
