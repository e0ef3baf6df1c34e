"""Calls of the library's functions, as DescribeAll tells them, with every pointer between guards.

A call is a value for each parameter. Each pointer leads to memory of its own that ends right before a page without
access, with canaries before it; after the call `Call.problems` says what breaks the contract of the C ABI.
"""
from __future__ import annotations

import ctypes
import json
import mmap
import re
from dataclasses import dataclass
from typing import Any, Callable, Union

from arrow import RELEASED_BEFORE, STRUCTURES, UNALIGNED, Lent, Structure

PAGE = mmap.PAGESIZE
FILL = b"\xa5"  # not UTF-8, and no number that the library would write
UNSET = int.from_bytes(FILL * 8, "little")
CANARY = 64
SMALL = 16  # real size of a buffer whose claimed room is null or negative: nothing may be written there
AS_CLAIMED = "as claimed"  # an output: memory of the size that the call says
FAILS = "fails"  # wanted: any code but 0, 1 and 2
GOOD = frozenset({0, 1})
TOO_SMALL = 2
ELEMENTS = {
    "char": ctypes.c_char, "uint8_t": ctypes.c_uint8, "int": ctypes.c_int32, "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32, "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64, "double": ctypes.c_double,
    "unsigned long long": ctypes.c_uint64, "void*": ctypes.c_uint64,
}
Wanted = Union[frozenset[int], str, None]  # codes, FAILS, or None: any code of the manual

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
LIBC.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


class Buffer:
    """`size` bytes right before a page without access, with canaries before them."""

    def __init__(self, size: int, content: bytes | None = None) -> None:
        inner = (size + CANARY + PAGE - 1) // PAGE * PAGE
        self.size, self.front, self.whole = size, inner - size, inner + 2 * PAGE
        self.base = LIBC.mmap(None, self.whole, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        self.inside = self.base + PAGE
        if LIBC.mprotect(self.inside, inner, mmap.PROT_READ | mmap.PROT_WRITE) != 0:
            raise MemoryError(ctypes.get_errno())
        ctypes.memset(self.inside, FILL[0], inner)
        self.address = self.inside + self.front
        if content is not None:
            ctypes.memmove(self.address, content, size)
        self.before = content if content is not None else FILL * size

    def read(self) -> bytes:
        return ctypes.string_at(self.address, self.size)

    def intact(self) -> bool:
        return ctypes.string_at(self.inside, self.front) == FILL * self.front

    def free(self) -> None:
        LIBC.munmap(self.base, self.whole)


@dataclass(frozen=True)
class Parameter:
    name: str
    role: str  # handle, scalar, text, data, array, arrow, value, room, inout (=), out (a value), text, array, arrow out
    element: Any  # ctypes type of the value, or of that behind the pointer
    meaning: str
    length: str  # name of the parameter that holds its length or room
    object: str  # kind of the handle
    error: bool  # one of errtxt and plen

    @property
    def by_value(self) -> bool:
        return self.role in ("handle", "scalar")


class Function:
    def __init__(self, described: dict[str, Any]) -> None:
        self.name: str = described["name"]
        self.parameters = [self.parameter(p) for p in described["parameters"]]
        self.codes = {c["code"]: c.get("meaning", "") for c in described["codes"]}  # None among them: others too

    @staticmethod
    def parameter(p: dict[str, Any]) -> Parameter:
        base = p["type"].replace("const ", "", 1)
        pointer, base = base.endswith("*"), base[:-1] if base.endswith("*") else base
        role = {
            ("handle", "in"): "handle", ("text", "in"): "text", ("data", "in"): "data", ("bytes", "in"): "array",
            ("column", "in"): "array", ("value", "in"): "value" if pointer else "scalar", ("length", "in"): "scalar",
            ("length", "inout"): "room", ("value", "inout"): "inout", ("handle", "out"): "out", ("value", "out"): "out",
            ("text", "out"): "text out", ("column", "out"): "array out",
            ("arrow", "inout"): "arrow out" if "room for" in p["meaning"] else "arrow",
        }[p["kind"], p["direction"]]
        element = ctypes.c_uint64 if role == "handle" else ELEMENTS.get(base)
        if p["kind"] == "arrow":
            element = next(kind for name, kind in STRUCTURES.items() if name in p["meaning"])
        error = p["name"] in ("errtxt", "plen") and "may be null" in p["meaning"]
        return Parameter(p["name"], role, element, p["meaning"], p.get("length", ""), p.get("object", ""), error)

    def having(self, *roles: str) -> list[Parameter]:
        return [p for p in self.parameters if p.role in roles]

    def sized_by(self, length: Parameter) -> list[Parameter]:
        return [p for p in self.parameters if p.length == length.name]

    @property
    def handles(self) -> list[Parameter]:
        return self.having("handle")


class Library:
    """The library, and its functions as it describes them itself."""

    def __init__(self, path: str) -> None:
        self.c = ctypes.CDLL(path)
        room = ctypes.c_int32(0)
        self.c.DescribeAll(None, ctypes.byref(room))
        text = ctypes.create_string_buffer(room.value)
        if self.c.DescribeAll(text, ctypes.byref(room)) != 0:
            raise RuntimeError("DescribeAll gives no description")
        described = json.loads(text.value)
        self.described: dict[str, Any] = described
        self.functions = {f["name"]: Function(f) for f in described["functions"]}
        self.codes = {c["code"] for c in described["codes"]}
        self.lend: Callable[[], list[Structure]] = list  # an array and its schema, for a call that takes them
        for function in self.functions.values():
            types = [p.element if p.by_value else ctypes.c_void_p for p in function.parameters]
            getattr(self.c, function.name).argtypes = types


class Call:
    """One call, with `values` of each parameter: None is a null pointer; for an output AS_CLAIMED or a real size."""

    def __init__(self, library: Library, function: Function, values: dict[str, Any]) -> None:
        self.library, self.function, self.values = library, function, values
        self.buffers: dict[str, Buffer] = {}
        self.code = 0
        self.needed: dict[str, int] = {}  # what its rooms say afterwards
        self.lent = [Lent(structure) for structure in library.lend()] if function.having("arrow") else []
        for p in function.parameters:
            if not p.by_value and values[p.name] is not None:
                self.buffers[p.name] = Buffer(*self.memory(p, values[p.name]))

    def memory(self, p: Parameter, value: Any) -> tuple[int, bytes | None]:
        if p.role == "text":
            return len(value) + 1, value + b"\0"
        if p.role in ("data", "array"):
            return len(value), value
        if p.role in ("value", "room", "inout"):
            return ctypes.sizeof(p.element), bytes(p.element(value))
        if p.role == "out":
            return ctypes.sizeof(p.element), None
        if p.role == "arrow":
            content = self.lent_for(p).content(value)
            return len(content), content
        if p.role == "arrow out":
            return ctypes.sizeof(p.element) + (value == UNALIGNED), None
        claimed = self.values[p.length]
        count = value if value != AS_CLAIMED else SMALL if claimed is None or claimed < 0 else claimed
        return count * ctypes.sizeof(p.element), None

    def error_text(self) -> bytes:
        """What the call says of its failure, as far as it was given room."""
        if "errtxt" not in self.buffers or "plen" not in self.buffers:
            return b""
        return self.buffers["errtxt"].read()[:max(self.read("plen"), 0)]

    def lent_for(self, p: Parameter) -> Lent:
        return next(lent for lent in self.lent if isinstance(lent.structure, p.element))

    def run(self) -> int:
        """The code; the two functions that answer a size and a number are put into the same words."""
        arguments = [
            self.values[p.name] if p.by_value else self.buffers[p.name].address if p.name in self.buffers else None
            for p in self.function.parameters
        ]
        raw: int = getattr(self.library.c, self.function.name)(*arguments)
        if self.function.name == "Version" and raw > 0:
            raw = 0
        if self.function.name == "Describe" and raw > 0:
            raw = TOO_SMALL if raw == self.read("psize") else raw
        self.code = raw
        self.needed = {p.name: self.read(p.name) for p in self.function.having("room") if p.name in self.buffers}
        return raw

    def read(self, name: str) -> int:
        """The value behind a room or output."""
        element = next(p.element for p in self.function.parameters if p.name == name)
        number: int = element.from_buffer_copy(self.buffers[name].read()).value
        return number

    def free(self) -> None:
        for lent in self.lent:
            lent.free()
        for buffer in self.buffers.values():
            buffer.free()

    def problems(self, wanted: Wanted) -> list[str]:
        """What breaks the contract, in words: FAILS is any code but 0, 1 and 2, None any code of the manual."""
        found = [f"wrote before `{name}`" for name, buffer in self.buffers.items() if not buffer.intact()]
        code, f = self.code, self.function
        if wanted == FAILS:
            if code in (0, 1, 2):
                found.append(f"answered {code} to what is certainly wrong")
        elif wanted is not None and code not in wanted:
            found.append(f"answered {code}, not {' or '.join(map(str, sorted(wanted)))}")
        negative_plen = (self.values.get("plen") or 0) < 0 and code == -1104  # of every function with an error text
        if code not in self.library.codes:
            found.append(f"answered {code}, which DescribeAll does not know")
        elif code not in f.codes and None not in f.codes and not negative_plen:
            found.append(f"answered {code}, which its manual does not name")
        for p in f.parameters:
            if p.name in self.buffers:
                check = Call.check_error if p.error else CHECKS[p.role]
                found += [f"{why} (answered {code})" for why in check(self, p)]
        return found

    def check_input(self, p: Parameter) -> list[str]:
        return [] if self.buffers[p.name].read() == self.buffers[p.name].before else [f"changed its input `{p.name}`"]

    def check_number(self, p: Parameter) -> list[str]:
        """An output or room: set on success, 0 on failure; a room says on 2 what is needed."""
        content = self.buffers[p.name].read()
        if p.role == "out" and content == FILL * len(content):
            return [f"left `{p.name}` unset"]
        says = f"{p.meaning} {self.function.codes.get(self.code)}"
        if self.code != 0 and any(content) and "set also on failure" not in says and f"`{p.name}`" not in says:
            told = p.role in ("room", "inout") and self.code == TOO_SMALL
            return [] if told else [f"left `{p.name}` {self.read(p.name)}"]
        return []

    def check_text(self, p: Parameter) -> list[str]:
        """Text or bytes with a room: the length fits, a NUL behind it, nothing touched behind that."""
        content, length = self.buffers[p.name].read(), 0
        if self.code != 0 or (self.values[p.length] or 0) <= 0:
            return [f"wrote `{p.name}`"] if content[1:].strip(FILL) or content[:1] not in (b"", b"\0", FILL) else []
        if p.length in self.buffers:
            length = self.read(p.length) - (self.function.name == "Describe")
        else:  # a room by value
            length = len(content.split(b"\0")[0])
        is_text = any(q.name == p.length and q.element is not ctypes.c_uint32 for q in self.function.parameters)
        if length + is_text > len(content):
            return [f"`{p.length}` is {length} for room {len(content)}"]
        found = self.check_rest(p, content, length)
        if is_text and not is_utf8(content[:length]):
            found.append(f"`{p.name}` is not UTF-8: {content[:length]!r}")
        return found

    def check_rest(self, p: Parameter, content: bytes, length: int) -> list[str]:
        if content[length:length + 1] not in (b"", b"\0"):
            return [f"`{p.name}` has no NUL behind its {length} bytes"]
        return [f"wrote behind the NUL of `{p.name}`"] if content[length + 1:].strip(FILL) else []

    def check_array(self, p: Parameter) -> list[str]:
        content = self.buffers[p.name].read()
        count = self.read(p.length) if self.code == 0 and p.length in self.buffers else 0
        size = ctypes.sizeof(p.element)
        if count * size > len(content):
            return [f"`{p.length}` is {count} for room {len(content) // size}"]
        return [f"wrote more of `{p.name}` than `{p.length}` says"] if content[count * size:].strip(FILL) else []

    def check_lent(self, p: Parameter) -> list[str]:
        """A structure that was given is released, once; one that cannot be is left alone."""
        lent, given = self.lent_for(p), self.values[p.name]
        times = 0 if given in (UNALIGNED, RELEASED_BEFORE) else 1
        found = [] if lent.released == times else [f"released `{p.name}` {lent.released} times, not {times}"]
        after = p.element.from_buffer_copy(self.buffers[p.name].read())
        return found + [f"did not mark `{p.name}` as released"] * (after.release != 0 and times)

    def check_structure(self, p: Parameter) -> list[str]:
        content = self.buffers[p.name].read()
        if self.code != 0:
            return [f"wrote `{p.name}`"] if content.strip(FILL) else []
        return [] if p.element.from_buffer_copy(content).release not in (0, UNSET) else [f"left `{p.name}` unset"]

    def check_error(self, p: Parameter) -> list[str]:
        """Error text and its length: empty when all is well, else UTF-8 with a NUL, cut to the room."""
        if p.role == "room":
            return [] if 0 <= self.read(p.name) < max(self.values[p.name], 1) else [f"`plen` is {self.read(p.name)}"]
        content, room = self.buffers[p.name].read(), self.values[p.length]
        if room is None or room <= 0:
            return ["wrote `errtxt`, which has no room"] if content.strip(FILL) else []
        length = self.read(p.length)
        text = content[:length]
        found = self.check_rest(p, content, length)
        if (self.code == 0 and text) or (self.code not in (0, 1, 2) and not text and room > 8):
            found.append(f"the error text is {text!r}")
        if not is_utf8(text) or b"\0" in text:
            found.append(f"the error text is no text: {text!r}")
        return found


CHECKS = {
    "text": Call.check_input, "data": Call.check_input, "array": Call.check_input, "value": Call.check_input,
    "out": Call.check_number, "room": Call.check_number, "inout": Call.check_number, "text out": Call.check_text,
    "array out": Call.check_array, "arrow": Call.check_lent, "arrow out": Call.check_structure,
}


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def says_optional(meaning: str) -> bool:
    """Whether null is no failure, whatever the other arguments are."""
    return re.search(r"may be null(?! where)|null: ", meaning) is not None
