"""A small interpreter of APL: the part of Dyalog's language in which bindings/apl and what its users type is written.

It reads the source files as they are, so that the tests play the very lines that an APL programmer loads: functions,
namespaces, classes with constructors and destructors, control structures, dfns. It is strict rather than complete: what
it does not know is an error. Index origin is 1. Values are Python's numbers, one-character texts, Ref (a namespace,
class or instance) and NULL as scalars, and Array.
"""
from __future__ import annotations

import gc
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, Optional

import quad_na

NAME = r"[A-Za-z_∆⍙À-ÖØ-Ýß-öø-þ][A-Za-z_∆⍙À-ÖØ-Ýß-öø-þ0-9]*"
KEYWORDS = (
    "If ElseIf AndIf OrIf Else EndIf Select CaseList Case EndSelect While EndWhile Repeat Until EndRepeat For In "
    "EndFor Trap EndTrap Return Leave Continue Access Implements"
).split()
SPELLING = {f":{word.lower()}": f":{word}" for word in KEYWORDS}
TOKEN = re.compile(
    rf"""(?P<space>\s+)|(?P<comment>⍝.*)|(?P<str>'(?:[^']|'')*')
    |(?P<num>¯?(?:\d+\.?\d*|\.\d+)(?:[Ee]¯?\d+)?)
    |(?P<key>:(?i:{"|".join(KEYWORDS)})\b)
    |(?P<sys>⎕[A-Za-z]*)|(?P<name>{NAME})|(?P<sym>.)""",
    re.VERBOSE,
)
PRIMITIVES = set("+-×÷|⌈⌊=≠<≤>≥∧∨~≡≢⍴,⍪↑↓⊂⊃⊆∊⍳⍷⌽⍉⍕⊢⊣∪/⌿")


class AplError(Exception):
    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


def domain(message: str) -> AplError:
    return AplError(11, f"DOMAIN ERROR: {message}")


class Null:
    def __repr__(self) -> str:
        return "⎕NULL"


NULL = Null()


class Array:
    __slots__ = ("shape", "items", "fill")

    def __init__(self, shape: tuple[int, ...], items: list[Any], fill: Any = None) -> None:
        self.shape = shape
        self.items = items
        self.fill = prototype(items[0]) if items else 0 if fill is None else fill

    def __repr__(self) -> str:
        return f"Array({self.shape}, {self.items})"


def prototype(value: Any) -> Any:
    if isinstance(value, Array):
        return Array(value.shape, [prototype(item) for item in value.items], value.fill)
    return " " if isinstance(value, str) else 0


def vector(items: list[Any], fill: Any = None) -> Array:
    return Array((len(items),), items, fill)


def characters(text: str) -> Array:
    return vector(list(text), " ")


def items_of(value: Any) -> list[Any]:
    return value.items if isinstance(value, Array) else [value]


def shape_of(value: Any) -> tuple[int, ...]:
    return value.shape if isinstance(value, Array) else ()


def fill_of(value: Any) -> Any:
    return value.fill if isinstance(value, Array) else prototype(value)


def enclose(value: Any) -> Any:
    return Array((), [value]) if isinstance(value, Array) else value


def like(shape: tuple[int, ...], items: list[Any], fill: Any = None) -> Any:
    return items[0] if shape == () and not isinstance(items[0], Array) else Array(shape, items, fill)


def to_apl(value: Any) -> Any:
    """Python's value as APL's: text and bytes are character vectors, lists vectors, None is ⎕NULL."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return characters(value)
    if isinstance(value, bytes):
        return characters(value.decode("latin-1"))
    if isinstance(value, (list, tuple)):
        return vector([to_apl(item) for item in value])
    return NULL if value is None else value


def to_python(value: Any) -> Any:
    """APL's value as Python's: a character vector is text, any other vector a list, a matrix a list of lists."""
    if not isinstance(value, Array):
        return None if value is NULL else value
    if len(value.shape) == 2:
        return [to_python(row) for row in split(value).items]
    if value.shape == ():
        return to_python(value.items[0])
    if all(isinstance(item, str) for item in value.items) and (value.items or value.fill == " "):
        return "".join(value.items)
    return [to_python(item) for item in value.items]


# --- primitive functions ---------------------------------------------------------------------------------------------


def match(left: Any, right: Any) -> bool:
    if isinstance(left, Array) and isinstance(right, Array):
        if left.shape != right.shape:
            return False
        if not left.items:
            return match(left.fill, right.fill)
        return all(match(a, b) for a, b in zip(left.items, right.items))
    if isinstance(left, Array) or isinstance(right, Array):
        return False
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == right
    return type(left) is type(right) and left == right if isinstance(left, str) else left is right


def depth(value: Any) -> int:
    if not isinstance(value, Array):
        return 0
    depths = [depth(item) for item in value.items] or [depth(value.fill)]
    deepest = max(abs(d) for d in depths) + 1
    return -deepest if any(d < 0 or d != depths[0] for d in depths) else deepest


def pervade(name: str, function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if not isinstance(left, Array) and not isinstance(right, Array):
        if name not in "=≠" and not (isinstance(left, (int, float)) and isinstance(right, (int, float))):
            raise domain(f"{left!r} {name} {right!r}")
        return function(left, right)
    a, b = shape_of(left), shape_of(right)
    if len(items_of(left)) == 1 and (a == () or (len(a) <= len(b))):
        one = items_of(left)[0]
        return like(b, [pervade(name, function, one, item) for item in items_of(right)], fill_of(right))
    if len(items_of(right)) == 1 and len(b) <= len(a):
        one = items_of(right)[0]
        return like(a, [pervade(name, function, item, one) for item in items_of(left)], fill_of(left))
    if a != b:
        raise AplError(5 if len(a) == len(b) else 4, f"LENGTH ERROR: {a} {name} {b}")
    return like(a, [pervade(name, function, x, y) for x, y in zip(items_of(left), items_of(right))], fill_of(left))


def boolean(value: Any) -> int:
    if value not in (0, 1):
        raise domain(f"{value!r} is not 0 or 1")
    return int(value)


DYADIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "×": lambda a, b: a * b,
    "÷": lambda a, b: a / b, "|": lambda a, b: b % a if a else b, "⌈": max, "⌊": min,
    "=": lambda a, b: int(match(a, b)), "≠": lambda a, b: int(not match(a, b)),
    "<": lambda a, b: int(a < b), "≤": lambda a, b: int(a <= b), ">": lambda a, b: int(a > b),
    "≥": lambda a, b: int(a >= b), "∧": lambda a, b: boolean(a) & boolean(b), "∨": lambda a, b: boolean(a) | boolean(b),
}  # fmt: skip
MONADIC: dict[str, Callable[[Any], Any]] = {
    "-": lambda a: -a, "|": abs, "~": lambda a: 1 - boolean(a),
    "⌊": lambda a: int(a // 1), "⌈": lambda a: int(-(-a // 1)),
}  # fmt: skip


def each_scalar(function: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, Array):
        return Array(value.shape, [each_scalar(function, item) for item in value.items], value.fill)
    if not isinstance(value, (int, float)):
        raise domain(f"{value!r} is not a number")
    return function(value)


def integer(value: Any) -> int:
    found = items_of(value)
    if len(found) != 1 or not isinstance(found[0], (int, float)) or found[0] != int(found[0]):
        raise domain(f"{value!r} is not an integer")
    return int(found[0])


def split(matrix: Any) -> Array:
    if len(shape_of(matrix)) != 2:
        return vector([matrix])
    rows, columns = matrix.shape
    return vector([vector(matrix.items[i * columns : (i + 1) * columns], matrix.fill) for i in range(rows)],
                  vector([], matrix.fill))  # fmt: skip


def mix(value: Any) -> Any:
    if not isinstance(value, Array) or not any(isinstance(item, Array) for item in value.items):
        return value
    width = max(len(items_of(item)) for item in value.items)
    rows = [take(width, item if isinstance(item, Array) else vector([item])).items for item in value.items]
    return Array((*value.shape, width), [item for row in rows for item in row])


def take(count: int, value: Any) -> Array:
    found = items_of(value)
    if len(shape_of(value)) > 1:
        raise AplError(4, "RANK ERROR: take of a matrix")
    missing = [fill_of(value)] * (abs(count) - len(found))
    result = found[:count] + missing if count >= 0 else missing + found[max(len(found) + count, 0) :]
    return vector(result, fill_of(value))


def drop(count: int, value: Any) -> Array:
    if len(shape_of(value)) > 1:
        raise AplError(4, "RANK ERROR: drop of a matrix")
    found = items_of(value)
    return vector(found[count:] if count >= 0 else found[:count], fill_of(value))


def rows_of(value: Any, columns: int) -> list[Any]:
    if len(shape_of(value)) == 2:
        if value.shape[1] != columns:
            raise AplError(5, "LENGTH ERROR: rows of different lengths")
        return list(value.items)
    found = items_of(value)
    if len(found) != columns and isinstance(value, Array) and value.shape != ():
        raise AplError(5, "LENGTH ERROR: rows of different lengths")
    return list(found) if len(found) == columns else list(found) * columns


def catenate(left: Any, right: Any, first: bool = False) -> Any:
    a, b = shape_of(left), shape_of(right)
    fill = fill_of(left) if items_of(left) or not items_of(right) else fill_of(right)
    if len(a) < 2 and len(b) < 2 and not first:
        return vector(items_of(left) + items_of(right), fill)
    if first:
        columns = a[1] if len(a) == 2 else b[1] if len(b) == 2 else max(len(items_of(left)), len(items_of(right)))
        found = rows_of(left, columns) + rows_of(right, columns)
        return Array((len(found) // columns, columns), found, fill)
    rows = a[0] if len(a) == 2 else b[0]

    def columns_of(value: Any) -> list[list[Any]]:
        if len(shape_of(value)) == 2:
            if value.shape[0] != rows:
                raise AplError(5, "LENGTH ERROR: tables of different lengths")
            return [items_of(row) for row in split(value).items]
        found = items_of(value)
        return [[item] for item in (found * rows if shape_of(value) == () else found)]

    joined = [x + y for x, y in zip(columns_of(left), columns_of(right))]
    width = (a[1] if len(a) == 2 else 1) + (b[1] if len(b) == 2 else 1)
    return Array((rows, width), [item for row in joined for item in row], fill)


def laminate(left: Any, right: Any) -> Array:
    a, b = items_of(left), items_of(right)
    if len(a) != len(b):
        raise AplError(5, "LENGTH ERROR: laminate")
    return Array((len(a), 2), [item for pair in zip(a, b) for item in pair], fill_of(left))


def replicate(left: Any, right: Any, first: bool) -> Any:
    counts = [integer(item) for item in items_of(left)]
    if len(shape_of(right)) == 2 and first:
        rows = split(right).items
        counts = counts * len(rows) if len(counts) == 1 else counts
        if len(counts) != len(rows):
            raise AplError(5, "LENGTH ERROR: replicate")
        chosen = [row for row, n in zip(rows, counts) for _ in range(n)]
        return Array((len(chosen), right.shape[1]), [item for row in chosen for item in row.items], right.fill)
    if len(shape_of(right)) > 1:
        raise AplError(4, "RANK ERROR: replicate")
    found = items_of(right)
    found = found * len(counts) if len(found) == 1 and shape_of(right) == () else found
    counts = counts * len(found) if len(counts) == 1 else counts
    if len(counts) != len(found):
        raise AplError(5, "LENGTH ERROR: replicate")
    return vector([item for item, n in zip(found, counts) for _ in range(n)], fill_of(right))


def transpose(value: Any) -> Any:
    if len(shape_of(value)) != 2:
        return value
    rows, columns = value.shape
    return Array((columns, rows), [item for j in range(columns) for item in value.items[j::columns]], value.fill)


def partition(left: Any, right: Any) -> Array:
    """Partitioned enclose along the first axis: a piece begins at each 1."""
    rows = split(right).items if len(shape_of(right)) == 2 else items_of(right)
    starts = [boolean(item) for item in items_of(left)]
    if len(starts) != len(rows):
        raise AplError(5, "LENGTH ERROR: partitioned enclose")
    at = [i for i, start in enumerate(starts) if start] + [len(rows)]
    pieces = [vector(rows[a:b], fill_of(right)) for a, b in zip(at, at[1:])]
    if len(shape_of(right)) == 2:
        pieces = [Array((len(piece.items), right.shape[1]), [item for row in piece.items for item in row.items])
                  for piece in pieces]  # fmt: skip
    return vector(pieces, vector([], fill_of(right)))


def flatten(value: Any) -> list[Any]:
    return [leaf for item in value.items for leaf in flatten(item)] if isinstance(value, Array) else [value]


def hashable(value: Any) -> Any:
    """What is equal for values that match."""
    if not isinstance(value, Array):
        return value
    return (value.shape, tuple(map(hashable, value.items)) or hashable(value.fill))


def keyed(items: list[Any]) -> Callable[[Any], int]:
    """Index of the first that matches, or their number."""
    places = {hashable(item): i for i, item in reversed(list(enumerate(items)))}
    return lambda item: places.get(hashable(item), len(items))


def monadic(name: str, right: Any) -> Any:
    if name in MONADIC:
        return each_scalar(MONADIC[name], right)
    if name == "⍴":
        return vector(list(shape_of(right)), 0)
    if name == "≢":
        return shape_of(right)[0] if shape_of(right) else 1
    if name == "≡":
        return depth(right)
    if name == ",":
        return vector(list(items_of(right)), fill_of(right))
    if name == "⊂":
        return enclose(right)
    if name == "⊆":
        return enclose(right) if depth(right) == 1 else right
    if name == "⊃":
        return items_of(right)[0] if items_of(right) else fill_of(right)
    if name == "↑":
        return mix(right)
    if name == "↓":
        return split(right)
    if name == "∊":
        return vector(flatten(right), " " if fill_of(right) == " " else 0)
    if name == "⌽":
        return vector(items_of(right)[::-1], fill_of(right)) if isinstance(right, Array) else right
    if name == "⍉":
        return transpose(right)
    if name == "∪":
        distinct = {hashable(item): item for item in reversed(items_of(right))}
        return vector([distinct[key] for key in dict.fromkeys(map(hashable, items_of(right)))], fill_of(right))
    if name == "⍳":
        return vector(list(range(1, integer(right) + 1)), 0)
    if name == "⍕":
        return characters(show(right)) if isinstance(right, Array) or not isinstance(right, str) else right
    if name in "⊢⊣":
        return right
    raise domain(f"monadic {name} is not known here")


def dyadic(name: str, left: Any, right: Any) -> Any:
    if name in DYADIC:
        return pervade(name, DYADIC[name], left, right)
    if name == "≡":
        return int(match(left, right))
    if name == "≢":
        return int(not match(left, right))
    if name == ",":
        return catenate(left, right)
    if name == "⍪":
        return catenate(left, right, first=True)
    if name == "↑":
        return take(integer(left), right)
    if name == "↓":
        return drop(integer(left), right)
    if name == "⍴":
        shape = tuple(integer(item) for item in items_of(left))
        size = 1
        for length in shape:
            size *= length
        found = items_of(right) or [fill_of(right)]
        return like(shape, [found[i % len(found)] for i in range(size)], fill_of(right))
    if name == "⊃":
        result = right
        for position in items_of(left):
            found = items_of(result)
            if not 1 <= integer(position) <= len(found):
                raise AplError(3, f"INDEX ERROR: {position} of {len(found)}")
            result = found[integer(position) - 1]
        return result
    if name == "∊":
        find, count = keyed(items_of(right)), len(items_of(right))
        return like(shape_of(left), [int(find(item) < count) for item in items_of(left)], 0)
    if name == "⍳":
        find = keyed(items_of(left))
        return like(shape_of(right), [find(item) + 1 for item in items_of(right)], 0)
    if name == "~":
        find, count = keyed(items_of(right)), len(items_of(right))
        return vector([item for item in items_of(left) if find(item) == count], fill_of(left))
    if name == "⍷":
        a, b = items_of(left), items_of(right)
        return vector([int(b[i : i + len(a)] == a) for i in range(len(b))], 0)
    if name == "⊂":
        return partition(left, right)
    if name in "/⌿":
        return replicate(left, right, first=name == "⌿" or len(shape_of(right)) < 2)
    if name == "⊢":
        return right
    if name == "⊣":
        return left
    raise domain(f"dyadic {name} is not known here")


def show(value: Any) -> str:
    """A value much as a session shows it."""
    if not isinstance(value, Array):
        if isinstance(value, float) and value == int(value) and abs(value) < 1e17:
            value = int(value)
        return str(value).replace("-", "¯")
    if len(value.shape) == 2:
        cells = [[show(item) for item in row.items] for row in split(value).items]
        widths = [max((len(row[i]) for row in cells), default=0) for i in range(value.shape[1])]
        text = any(isinstance(item, Array) for item in value.items)
        pad = str.ljust if text else str.rjust
        lines = [("  " if text else " ").join(pad(cell, w) for cell, w in zip(row, widths)) for row in cells]
        return "\n".join(" " * text + line for line in lines)
    if value.shape == ():
        return " " + show(value.items[0])
    if all(isinstance(item, str) for item in value.items):
        return "".join(value.items)
    if not any(isinstance(item, Array) for item in value.items):
        return " ".join(show(item) for item in value.items)
    return " " + "  ".join(show(item) for item in value.items)


# --- reading a source ------------------------------------------------------------------------------------------------


def tokens(line: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for part in TOKEN.finditer(line):
        kind, text = part.lastgroup, part.group()
        if kind == "key":
            text = SPELLING[text.lower()]
        if kind in ("space", "comment"):
            continue
        if kind == "num":
            number = float(text.replace("¯", "-"))
            found.append(("val", int(number) if number == int(number) and not re.search("[.Ee]", text) else number))
        elif kind == "str":
            inner = text[1:-1].replace("''", "'")
            found.append(("val", inner if len(inner) == 1 else characters(inner)))
        elif kind == "sym" and text == "'":
            raise AplError(2, f"SYNTAX ERROR: a quote is open in {line}")
        elif kind == "sym" and text == "⍬":
            found.append(("val", vector([], 0)))
        elif kind == "key" and found and found[-1] != ("sym", "⋄") and text not in (":In", ":Until"):
            raise AplError(2, f"SYNTAX ERROR: {text} inside a statement: {line}")
        else:
            found.append((str(kind), text))
    return found


CLOSING = {"(": ")", "[": "]", "{": "}"}


def nest(flat: list[tuple[str, Any]], until: str = "") -> list[tuple[str, Any]]:
    """Parentheses as ("par", tokens), brackets as ("brk", [tokens, ...]), braces as ("dfn", statements)."""
    result: list[tuple[str, Any]] = []
    while flat:
        kind, text = token = flat.pop(0)
        if kind == "sym" and text in CLOSING:
            inner = nest(flat, CLOSING[text])
            if text == "(":
                result.append(("par", inner))
            elif text == "[":
                result.append(("brk", divide(inner, ";")))
            else:
                result.append(("dfn", [parts for parts in divide(inner, "⋄") if parts]))
        elif kind == "sym" and text in ")]}":
            if text != until:
                raise AplError(2, f"SYNTAX ERROR: {text} without its counterpart")
            return result
        else:
            result.append(token)
    if until:
        raise AplError(2, f"SYNTAX ERROR: {until} is missing")
    return result


def divide(parts: list[tuple[str, Any]], separator: str) -> list[list[tuple[str, Any]]]:
    result: list[list[tuple[str, Any]]] = [[]]
    for part in parts:
        if part == ("sym", separator):
            result.append([])
        else:
            result[-1].append(part)
    return result


def statements(line: str) -> list[list[tuple[str, Any]]]:
    return [parts for parts in divide(nest(tokens(line)), "⋄") if parts]


class Body:
    """The statements of a function as a tree of blocks; every structure must be closed by its own keyword."""

    def __init__(self, lines: list[str]) -> None:
        self.queue = [statement for line in lines for statement in statements(line)]
        self.directives: list[str] = []
        self.tree, end = self.block(())
        if end or self.queue:
            raise AplError(2, f"SYNTAX ERROR: {end} without its beginning")

    def block(self, ends: tuple[str, ...]) -> tuple[list[Any], str]:
        """Nodes up to a keyword of `ends`, which stays in the queue."""
        nodes: list[Any] = []
        while self.queue:
            statement = self.queue[0]
            kind, word = statement[0]
            if kind != "key":
                nodes.append(("do", self.queue.pop(0)))
            elif word in ends:
                return nodes, word
            elif word in (":Access", ":Implements"):
                self.directives.append(" ".join(str(text) for _, text in self.queue.pop(0)))
            elif word in (":Return", ":Leave", ":Continue"):
                nodes.append((word, self.queue.pop(0)))
            elif word in (":If", ":While", ":Repeat", ":For", ":Select", ":Trap"):
                nodes.append(getattr(self, word[1:].lower() + "_block")(self.queue.pop(0)[1:]))
            else:
                return nodes, word
        return nodes, ""

    def close(self, expected: str) -> list[tuple[str, Any]]:
        if not self.queue or self.queue[0][0][1] != expected:
            raise AplError(2, f"SYNTAX ERROR: {expected} is missing")
        return self.queue.pop(0)[1:]

    def condition(self, first: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        parts = [(":AndIf", first)]
        while self.queue and self.queue[0][0][1] in (":AndIf", ":OrIf"):
            statement = self.queue.pop(0)
            parts.append((statement[0][1], statement[1:]))
        return parts

    def if_block(self, rest: Any) -> Any:
        branches: list[Any] = []
        condition = self.condition(rest)
        while True:
            nodes, end = self.block((":ElseIf", ":Else", ":EndIf"))
            branches.append((condition, nodes))
            if end == ":ElseIf":
                condition = self.condition(self.queue.pop(0)[1:])
            elif end == ":Else" and condition:
                self.queue.pop(0)
                condition = []
            else:
                self.close(":EndIf")
                return ("if", branches)

    def while_block(self, rest: Any) -> Any:
        condition = self.condition(rest)
        nodes, _ = self.block((":EndWhile",))
        self.close(":EndWhile")
        return ("while", condition, nodes)

    def repeat_block(self, _: Any) -> Any:
        nodes, _ = self.block((":Until", ":EndRepeat"))
        return ("repeat", nodes, self.close(":Until"))

    def for_block(self, rest: Any) -> Any:
        at = rest.index(("key", ":In"))
        nodes, _ = self.block((":EndFor",))
        self.close(":EndFor")
        return ("for", rest[:at], rest[at + 1 :], nodes)

    def cases(self, end: str) -> list[Any]:
        found: list[Any] = []
        while True:
            word = self.queue[0][0][1] if self.queue else ""
            if word in (":Case", ":CaseList", ":Else"):
                rest = self.queue.pop(0)[1:]
                nodes, _ = self.block((":Case", ":CaseList", ":Else", end))
                found.append((word, rest, nodes))
            else:
                self.close(end)
                return found

    def select_block(self, rest: Any) -> Any:
        return ("select", rest, self.cases(":EndSelect"))

    def trap_block(self, rest: Any) -> Any:
        nodes, _ = self.block((":Case", ":CaseList", ":Else", ":EndTrap"))
        return ("trap", rest, nodes, self.cases(":EndTrap"))


HEADER = re.compile(rf"^(?:\{{?(?P<result>{NAME})\}}?←)?(?P<rest>[^;]*?)\s*(?P<locals>(?:;\s*\S+\s*)*)$")


class Function:
    """A function with a header, or a dfn (no header)."""

    def __init__(self, lines: list[str], space: Any) -> None:
        header = re.sub(r"⍝.*", "", lines[0]).strip()
        parsed = HEADER.match(header)
        if not parsed:
            raise AplError(2, f"SYNTAX ERROR: header {header}")
        self.result = parsed["result"]
        parts = re.findall(rf"\([^)]*\)|{NAME}", parsed["rest"])
        self.name = parts[0] if len(parts) < 3 else parts[1]
        self.left = parts[0] if len(parts) == 3 else None
        self.right = parts[-1] if len(parts) > 1 else None
        self.names = re.findall(NAME, self.right or "")
        self.locals = [name.strip() for name in parsed["locals"].split(";") if name.strip()]
        self.declared = {*self.locals, *self.names, self.result, self.left} - {None}
        self.lines = lines
        try:
            self.body = Body(lines[1:])
        except AplError as error:
            raise AplError(error.number, f"{error} in {header}") from None
        self.public = any(d.lower().startswith(":access public") for d in self.body.directives)
        self.role = next((d.split()[1].lower() for d in self.body.directives if d.startswith(":Implements")), "")
        self.space = space

    @property
    def valence(self) -> int:
        return (self.right is not None) + (self.left is not None)


class Dfn:
    valence = 1

    def __init__(self, body: list[Any], frame: Frame) -> None:
        self.body = body
        self.frame = frame


class Primitive:
    valence = 1

    def __init__(self, name: str, call: Callable[[Any, Any], Any]) -> None:
        self.name = name
        self.call = call


class Ref:
    """A namespace."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: dict[str, Any] = {}

    def __repr__(self) -> str:
        return self.name


class ClassRef(Ref):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.fields: dict[str, tuple[bool, list[Any]]] = {}  # public, initial expression


class Instance(Ref):
    def __init__(self, of: ClassRef, session: Session) -> None:
        super().__init__(f"#.[{of.name.rsplit('.', 1)[-1]}]")
        self.of = of
        self.session = session

    def __del__(self) -> None:
        for member in self.of.members.values():
            if isinstance(member, Function) and member.role == "destructor":
                try:
                    self.session.call(member, None, None, self)
                except Exception as error:  # as in APL: the destructor's errors go nowhere else
                    self.session.destructor_errors.append(error)


class Frame:
    def __init__(self, space: Ref, caller: Optional[Frame], declared: set[str], lexical: bool = False) -> None:
        self.space = space
        self.caller = caller
        self.declared = declared
        self.locals: dict[str, Any] = {}
        self.lexical = lexical  # a dfn: its assignments make locals
        self.function = False  # a function with a header: a value that a line does not use is shown

    def holder(self, name: str) -> Optional[Frame]:
        """The function on the stack, of the same namespace, whose local this is."""
        frame: Optional[Frame] = self
        while frame:
            if frame.space is self.space and (name in frame.declared or name in frame.locals):
                return frame
            frame = frame.caller
        return None

    def find(self, name: str) -> Any:
        frame = self.holder(name)
        if frame:
            return frame.locals.get(name)
        return member_of(self.space, name)

    def assign(self, name: str, value: Any) -> None:
        if self.lexical and not name.startswith("⎕"):
            self.locals[name] = value
            return
        frame = self.holder(name)
        if frame:
            frame.locals[name] = value
        elif isinstance(self.space, Instance) and name not in self.space.members:
            raise AplError(6, f"{name} is neither local nor a field of {self.space.of.name}")
        else:
            self.space.members[name] = value


def member_of(space: Ref, name: str) -> Any:
    if name in space.members:
        return space.members[name]
    return space.of.members.get(name) if isinstance(space, Instance) else None


class Leave(Exception):
    pass


class Continue(Exception):
    pass


class Return(Exception):
    pass


class Guard(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


# --- the interpreter -------------------------------------------------------------------------------------------------


class Session:
    """A workspace. `classic` plays Classic Edition; `platform` is what ⎕WG'APLVersion' says of it."""

    def __init__(self, classic: bool = False, platform: str = "Linux-64") -> None:
        self.classic = classic
        self.platform = platform
        self.root = Ref("#")
        self.lock = threading.Lock()  # one APL thread at a time
        self.waiting = 0  # threads inside a call with &
        self.patterns: list[str] = []  # what ⎕NA was given
        self.output: list[str] = []  # what functions show in the session
        self.destructor_errors: list[Exception] = []

    # --- loading ---

    def load(self, path: Path) -> None:
        """A source file as Link or ]LOAD reads it: .aplf a function, .apln a namespace, .aplc a class."""
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".aplf":
            function = Function(text.splitlines(), self.root)
            self.root.members[function.name] = function
        else:
            self.script(text, self.root)

    def script(self, text: str, parent: Ref) -> None:
        """A :Namespace or :Class script."""
        space: Optional[Ref] = None
        function: Optional[list[str]] = None
        for number, line in enumerate(text.splitlines(), 1):
            words = re.sub(r"^\s*⍝.*", "", line).split()
            try:
                if function is not None:
                    if words == ["∇"]:
                        assert space is not None
                        made = Function(function, space)
                        if made.name in space.members and not made.role:
                            raise AplError(11, f"{made.name} is there twice")
                        space.members[made.name] = made
                        function = None
                    else:
                        function.append(line)
                elif not words:
                    pass
                elif words[0].lower() in (":namespace", ":class") and not space:
                    kind = Ref if words[0].lower() == ":namespace" else ClassRef
                    space = kind(f"{parent.name}.{words[1]}")
                    parent.members[words[1]] = space
                elif space is None:
                    raise AplError(2, "a script begins with :Namespace or :Class")
                elif words[0].lower() == (":endclass" if isinstance(space, ClassRef) else ":endnamespace"):
                    space = None
                elif words[0].lower() == ":field" and isinstance(space, ClassRef):
                    self.field(space, line)
                elif words[0].startswith("∇"):
                    function = [line.strip()[1:]]
                else:
                    self.execute(line, Frame(space, None, set()))
            except AplError as error:
                raise AplError(error.number, f"{error}, line {number}: {line.strip()}") from None
        if space or function is not None:
            raise AplError(2, f"the end of {space} is missing")

    def field(self, space: ClassRef, line: str) -> None:
        parsed = re.match(rf"\s*:Field\s+((?:(?:Public|Private|Shared|Instance)\s+)*)({NAME})\s*(?:←(.*))?$",
                          re.sub(r"⍝.*", "", line).rstrip(), re.IGNORECASE)  # fmt: skip
        if not parsed:
            raise AplError(2, "SYNTAX ERROR: field")
        words = parsed[1].lower().split()
        initial = statements(parsed[3]) if parsed[3] else []
        if "shared" in words:
            space.members[parsed[2]] = self.value(initial[0], Frame(space, None, set())) if initial else None
        else:
            space.fields[parsed[2]] = ("public" in words, initial)

    # --- for the tests ---

    def __call__(self, line: str, **variables: Any) -> Any:
        """Executes a line as typed into the session and gives its value as Python's. Keywords set variables before."""
        with self.lock:
            for name, value in variables.items():
                self.root.members[name] = to_apl(value)
            if self.classic and any(character not in quad_na.AVU for character in line):
                raise AplError(92, f"TRANSLATION ERROR: {line}")
            return to_python(self.execute(line, Frame(self.root, None, set())))

    def typed(self, line: str) -> Optional[str]:
        """Executes a line as typed into the session and gives what APL would show."""
        with self.lock:
            value = self.execute(line, Frame(self.root, None, set()))
            silent = value is None or ("sym", "←") in nest(tokens(line)) or line.startswith("⎕EX")
            return None if silent else show(value)

    def close(self) -> None:
        """Erases all instances, which runs their destructors."""
        with self.lock:
            for name, value in list(self.root.members.items()):
                if isinstance(value, Instance):
                    del self.root.members[name]
            del value
            gc.collect()

    @contextmanager
    def released(self) -> Iterator[None]:
        self.waiting += 1
        self.lock.release()
        try:
            yield
        finally:
            self.lock.acquire()
            self.waiting -= 1

    # --- statements ---

    def execute(self, line: str, frame: Frame) -> Any:
        return self.run(Body([line]).tree, frame)

    def run(self, nodes: list[Any], frame: Frame) -> Any:
        value = None
        for node in nodes:
            kind = node[0]
            if kind == "do":
                value = self.statement(node[1], frame)
                if frame.function and value is not None and ("sym", "←") not in node[1]:
                    self.output.append(show(value))
            elif kind == "if":
                for condition, inner in node[1]:
                    if not condition or self.holds(condition, frame):
                        self.run(inner, frame)
                        break
            elif kind == "while":
                self.loop(node[2], frame, before=partial(self.holds, node[1], frame))
            elif kind == "repeat":
                self.loop(node[1], frame, until=node[2])
            elif kind == "for":
                remaining = iter(items_of(self.value(node[2], frame)))
                names = [name for _, name in node[1]]

                def advance(remaining: Iterator[Any] = remaining, names: list[str] = names) -> bool:
                    for item in remaining:
                        self.bind(names, item, frame)
                        return True
                    return False

                self.loop(node[3], frame, before=advance)
            elif kind == "select":
                self.select(node, frame)
            elif kind == "trap":
                self.trap(node, frame)
            else:
                raise {":Return": Return, ":Leave": Leave, ":Continue": Continue}[kind]()
        return value

    def loop(self, nodes: list[Any], frame: Frame, before: Callable[[], bool] = lambda: True,
             until: Optional[list[Any]] = None) -> None:  # fmt: skip
        try:
            while before():
                try:
                    self.run(nodes, frame)
                except Continue:
                    pass
                if until and self.truth(self.value(until, frame)):
                    break
        except Leave:
            pass

    def holds(self, condition: list[tuple[str, Any]], frame: Frame) -> bool:
        result = True
        for word, expression in condition:
            if result == (word == ":AndIf"):
                result = self.truth(self.value(expression, frame))
        return result

    def truth(self, value: Any) -> bool:
        found = items_of(value)
        if len(found) != 1 or found[0] not in (0, 1):
            raise domain(f"{value!r} is not a condition")
        return bool(found[0])

    def select(self, node: Any, frame: Frame) -> None:
        subject = self.value(node[1], frame)
        for word, expression, nodes in node[2]:
            choice = self.value(expression, frame) if expression else None
            found = items_of(choice) if word == ":CaseList" else [choice]
            if word == ":Else" or any(match(subject, item) for item in found):
                self.run(nodes, frame)
                return

    def trap(self, node: Any, frame: Frame) -> None:
        numbers = [integer(item) for item in items_of(self.value(node[1], frame))]
        try:
            self.run(node[2], frame)
        except AplError as error:
            if error.number not in numbers and 0 not in numbers:
                raise
            for word, expression, nodes in node[3]:
                if word == ":Else" or error.number in [integer(i) for i in items_of(self.value(expression, frame))]:
                    self.run(nodes, frame)
                    return

    def bind(self, names: list[str], value: Any, frame: Frame) -> None:
        if len(names) == 1:
            frame.assign(names[0], value)
            return
        found = items_of(value)
        if len(shape_of(value)) > 1:
            raise AplError(4, "RANK ERROR: strand assignment")
        if len(found) == 1:
            found = found * len(names)
        if len(found) != len(names):
            raise AplError(5, f"LENGTH ERROR: {len(found)} values for {' '.join(names)}")
        for name, item in zip(names, found):
            frame.assign(name, item)

    # --- calls ---

    def call(self, function: Any, left: Any, right: Any, space: Optional[Ref] = None,
             caller: Optional[Frame] = None) -> Any:  # fmt: skip
        if isinstance(function, Primitive):
            return function.call(left, right)
        if isinstance(function, quad_na.Function):
            return self.foreign(function, right)
        if isinstance(function, Dfn):
            frame = Frame(function.frame.space, function.frame, set(), lexical=True)
            frame.locals = {"⍵": right, **({"⍺": left} if left is not None else {})}
            return self.dfn(function.body, frame)
        frame = Frame(space or function.space, caller, set(function.declared))
        frame.function = True
        if function.right is not None:
            self.bind(function.names, right, frame)
        elif right is not None:
            raise AplError(2, f"SYNTAX ERROR: {function.name} takes no argument")
        if left is not None:
            if function.left is None:
                raise AplError(2, f"SYNTAX ERROR: {function.name} takes no left argument")
            frame.locals[function.left] = left
        try:
            self.run(function.body.tree, frame)
        except Return:
            pass
        return frame.locals.get(function.result) if function.result else None

    def dfn(self, body: list[Any], frame: Frame) -> Any:
        value = None
        for statement in body:
            if ("sym", ":") in statement:
                at = statement.index(("sym", ":"))
                if self.truth(self.value(statement[:at], frame)):
                    return self.value(statement[at + 1 :], frame)
            else:
                value = self.statement(statement, frame)
                if ("sym", "←") not in statement:
                    return value
        return value

    def foreign(self, function: quad_na.Function, right: Any) -> Any:
        values: list[Any] = []
        for item in items_of(right):
            while isinstance(item, Array) and item.shape == ():
                item = item.items[0]
            plain = to_python(item)
            if isinstance(plain, str) and not isinstance(item, str) and not item.items:
                plain = ""
            values.append(plain)
        try:
            answer = function(values)
        except quad_na.QuadNaError as error:
            raise AplError(error.number, str(error)) from None

        def seen(value: Any) -> Any:
            if isinstance(value, str):
                return characters(value)
            return vector(value, 0) if isinstance(value, list) else value

        return vector([seen(value) for value in answer]) if isinstance(answer, list) else seen(answer)

    # --- expressions ---

    def value(self, expression: list[Any], frame: Frame) -> Any:
        value = self.statement(expression, frame)
        if value is None:
            raise AplError(6, f"VALUE ERROR: {expression}")
        return value

    def statement(self, expression: list[Any], frame: Frame) -> Any:
        elements = self.link(expression, frame)
        at = len(elements) - 1
        kind, right = elements[at]
        if kind == "F":
            if at == 2 and elements[1][0] == "A" and elements[0][0] == "V":
                frame.assign(elements[0][1][-1].name, right)
                return None
            raise AplError(2, f"SYNTAX ERROR: a function without its argument: {expression}")
        if kind == "A":
            raise AplError(2, "SYNTAX ERROR: ← without a value")
        value = self.strand(right)
        at -= 1
        while at >= 0:
            kind, function = elements[at]
            if value is None:
                raise AplError(6, f"VALUE ERROR: no result in {expression}")
            if kind == "A":
                if elements[at - 1][0] == "F":
                    if at < 2 or elements[at - 2][0] != "V":
                        raise AplError(2, "SYNTAX ERROR: modified assignment")
                    target = elements[at - 2][1][-1]
                    value = function_value(self, elements[at - 1][1], target.get(), value, frame)
                    target.set(value)
                    at -= 3
                else:
                    target = elements[at - 1][1]
                    target[-1].set(value)
                    if len(target) > 1:
                        raise AplError(2, "SYNTAX ERROR: a strand before ← needs parentheses")
                    at -= 2
            else:
                left = None
                if at > 0 and elements[at - 1][0] == "V":
                    left = self.strand(elements[at - 1][1])
                    at -= 1
                value = function_value(self, function, left, value, frame)
                at -= 1
        return value

    def strand(self, parts: list[Any]) -> Any:
        if len(parts) == 1:
            return parts[0].get()
        found = [part.get() for part in reversed(parts)]
        if any(value is None for value in found):
            raise AplError(6, f"VALUE ERROR: {[part.name for part in parts]}")
        return vector(found[::-1])

    def link(self, expression: list[Any], frame: Frame) -> list[Any]:
        """Elements from left to right: ("V", strand of parts), ("F", function), ("A", arrow)."""
        elements: list[Any] = []
        at = 0

        def add_function(function: Any) -> None:
            elements.append(("F", function))

        while at < len(expression):
            kind, text = expression[at]
            at += 1
            if kind == "sym" and text == "←":
                elements.append(("A", text))
            elif kind == "sym" and text in "/⌿" and elements and elements[-1][0] == "F":
                elements[-1] = ("F", reduction(self, elements[-1][1], frame))
            elif kind == "sym" and text == "\\" and elements and elements[-1][0] == "F":
                elements[-1] = ("F", scan(self, elements[-1][1], frame))
            elif kind == "sym" and text == "¨":
                elements[-1] = ("F", each(self, elements[-1][1], frame))
            elif kind == "sym" and text == "⍨":
                elements[-1] = ("F", commute(self, elements[-1][1], frame))
            elif kind == "sym" and text in PRIMITIVES:
                axis = None
                if at < len(expression) and expression[at][0] == "brk":
                    axis = self.value(expression[at][1][0], frame)
                    at += 1
                add_function(primitive(text, axis))
            elif (kind, text) == ("sys", "⎕R"):
                operand = Part(self, expression[at], frame)
                at += 1
                if elements[-1][0] != "V":
                    raise AplError(2, "SYNTAX ERROR: ⎕R")
                add_function(replacement(elements.pop()[1][-1].get(), operand.get()))
            else:
                part = Part(self, (kind, text), frame)
                while at < len(expression) and part.follow(expression[at:]):
                    at += part.taken
                if part.function is not None:
                    add_function(part.function)
                elif elements and elements[-1][0] == "V":
                    elements[-1][1].append(part)
                else:
                    elements.append(("V", [part]))
        if not elements:
            raise AplError(2, "SYNTAX ERROR: nothing there")
        return elements

    def new(self, arguments: Any) -> Instance:
        found = items_of(arguments)
        of = found[0]
        if not isinstance(of, ClassRef):
            raise domain(f"⎕NEW of {of!r}")
        instance = Instance(of, self)
        for name, (_, initial) in of.fields.items():
            instance.members[name] = 0
            if initial:
                instance.members[name] = self.value(initial[0], Frame(instance, None, set()))
        given = len(found) > 1
        makers = [m for m in of.members.values() if isinstance(m, Function) and m.role == "constructor"]
        maker = [m for m in makers if (m.right is not None) == given]
        if len(maker) > 1:  # the one with as many names as there are items, else the one with a single name
            length = len(items_of(found[1])) if len(shape_of(found[1])) == 1 else 1
            maker = [m for m in maker if len(m.names) == length] or [m for m in maker if len(m.names) == 1]
        if len(maker) != 1 or not maker[0].public:
            raise AplError(11, f"DOMAIN ERROR: {of.name} has no constructor for this argument")
        self.call(maker[0], None, found[1] if given else None, instance)
        return instance

    def erase(self, names: Any, frame: Frame) -> int:
        for name in "".join(items_of(names)).split():
            holder = frame.holder(name)
            (holder.locals if holder else frame.space.members).pop(name, None)
        gc.collect()  # a destructor runs as soon as nothing refers to its instance
        return 1

    def name_class(self, name: str, frame: Frame) -> int:
        found = frame.find(name)
        return 0 if found is None else 9 if isinstance(found, Ref) else 2 if not callable_value(found) else 3

    # --- system functions ---

    def quad(self, name: str, frame: Frame, space: Optional[Ref] = None) -> Any:
        """A system function, or the value of a system constant."""
        here = space or frame.space
        if name in ("⎕IO", "⎕ML"):
            return 1
        if name == "⎕CT":
            return 0
        if name == "⎕NULL":
            return NULL
        functions: dict[str, Callable[[Any, Any], Any]] = {
            "⎕NA": lambda left, right: self.associate(left, right, here, frame),
            "⎕NS": lambda left, right: self.namespace(left, here),
            "⎕NEW": lambda left, right: self.new(right),
            "⎕EX": lambda left, right: self.erase(right, frame),
            "⎕UCS": self.ucs,
            "⎕DR": self.representation,
            "⎕JSON": lambda left, right: self.json(json.loads("".join(items_of(right)))),
            "⎕WG": lambda left, right: vector([characters(self.platform), characters("19.0.50027.0"), characters("W"),
                                              characters("Runtime")]),
            "⎕VFI": verify,
            "⎕SIGNAL": self.signal,
            "⎕NC": lambda left, right: self.name_class("".join(items_of(right)), frame),
        }  # fmt: skip
        if name not in functions:
            raise AplError(2, f"{name} is not known here")
        return Primitive(name, functions[name])

    def signal(self, left: Any, right: Any) -> Any:
        for number in items_of(right):
            if number:
                raise AplError(integer(number), "".join(items_of(left)) if left is not None else "signalled")
        return None

    def associate(self, left: Any, right: Any, space: Ref, frame: Frame) -> Any:
        pattern = "".join(items_of(right))
        try:
            function = quad_na.Function(pattern, self.classic, self.released)
        except quad_na.QuadNaError as error:
            raise AplError(error.number, str(error)) from None
        self.patterns.append(pattern)
        name = "".join(items_of(left)) if left is not None else function.name
        if space is frame.space:
            frame.assign(name, function)
        else:
            space.members[name] = function
        return characters(name)

    def namespace(self, left: Any, space: Ref) -> Any:
        name = "".join(items_of(left))
        full = f"{space.name}.{name}"
        space.members.setdefault(name, Ref(full))
        return characters(full)

    def character(self, point: int) -> str:
        if self.classic and chr(point) not in quad_na.AVU:
            raise AplError(92, f"TRANSLATION ERROR: ⎕UCS {point}")
        return chr(point)

    def representation(self, left: Any, right: Any) -> int:
        """The type of an array: characters, numbers, or neither (326)."""
        kinds = {type(prototype(item)) for item in items_of(right)} or {type(fill_of(right))}
        return {str: 82 if self.classic else 80, int: 645}[kinds.pop()] if kinds in ({str}, {int}) else 326

    def ucs(self, left: Any, right: Any) -> Any:
        found = items_of(right)
        text = isinstance(found[0] if found else fill_of(right), str)
        if not all(isinstance(item, str if text else (int, float)) for item in found):
            raise domain("⎕UCS of mixed items")
        if left is not None:
            assert "".join(items_of(left)) == "UTF-8"
            if text:
                return vector(list("".join(found).encode()), 0)
            try:
                decoded = bytes(found).decode()
            except ValueError as error:
                raise domain(f"⎕UCS: {error}") from None
            return vector([self.character(ord(character)) for character in decoded], " ")
        result = [ord(item) if text else self.character(item) for item in found]
        return like(shape_of(right), result, 0 if text else " ")

    def json(self, value: Any) -> Any:
        """What ⎕JSON makes of a text: objects are namespaces; true, false and null are enclosed words."""
        if isinstance(value, dict):
            made = Ref("#.[JSON object]")
            made.members = {name: self.json(member) for name, member in value.items()}
            return made
        if isinstance(value, list):
            return vector([self.json(item) for item in value])
        if value is None or isinstance(value, bool):
            return enclose(characters({None: "null", True: "true", False: "false"}[value]))
        if isinstance(value, str):
            return vector([self.character(ord(character)) for character in value], " ")
        return value


def callable_value(value: Any) -> bool:
    return isinstance(value, (Function, Dfn, Primitive, quad_na.Function))


def verify(left: Any, right: Any) -> Any:
    words = "".join(items_of(right)).split()
    valid = [int(bool(re.fullmatch(r"¯?(\d+\.?\d*|\.\d+)([Ee]¯?\d+)?", word))) for word in words]
    return vector([vector(valid), vector([float(w.replace("¯", "-")) if ok else 0 for w, ok in zip(words, valid)])])


class Part:
    """One value of a strand with what follows it: members, an index; or a function."""

    def __init__(self, session: Session, token: tuple[str, Any], frame: Frame) -> None:
        self.session = session
        self.frame = frame
        self.kind, self.token = token
        self.name = str(self.token) if self.kind in ("name", "sys", "sym") else self.kind
        self.function: Any = None
        self.index: Optional[list[Any]] = None
        self.owner: Optional[Callable[[], Any]] = None  # what stands before the last dot
        self.taken = 0
        kind, text = token
        if kind == "val":
            self.read: Callable[[], Any] = lambda: text
        elif kind == "par":
            inner = session.link(text, frame) if len(text) > 1 and text[-2:-1] == [("sys", "⎕R")] else []
            if len(inner) == 1 and inner[0][0] == "F":
                self.function = inner[0][1]
            self.read = lambda: session.value(text, frame)
        elif kind == "dfn":
            self.function = Dfn(text, frame)
        elif kind == "sys":
            if text == "⎕":
                self.read = lambda: None
            else:
                self.resolve(lambda: session.quad(text, frame))
        elif text == "#":
            self.read = lambda: session.root
        elif kind == "name" or text in "⍵⍺":
            self.resolve(lambda: frame.find(text))
        else:
            raise AplError(2, f"SYNTAX ERROR: {text}")

    def resolve(self, find: Callable[[], Any], space: Optional[Ref] = None) -> None:
        """A function, a niladic function (a value), or a variable, which is read when its turn comes."""
        found = find()
        self.function = None
        if isinstance(found, Function) and found.right is None:
            inside = space or (self.frame.space if isinstance(self.frame.space, Instance) else None)
            self.read = lambda: self.session.call(found, None, None, inside, self.frame)
        elif callable_value(found):
            self.function = found if space is None else bound(self.session, found, space)
        else:
            self.read = find

    def follow(self, rest: list[Any]) -> bool:
        """Takes an index or `.member` that follows; says whether there was one."""
        if rest[0][0] == "brk" and self.function is None:
            self.index = rest[0][1]
            self.taken = 1
            return True
        if rest[0] != ("sym", ".") or len(rest) < 2 or self.function is not None or self.index is not None:
            return False
        kind, text = rest[1]
        owner = self.read
        self.owner = owner
        self.taken = 2
        self.name = str(text)
        if kind == "par":
            self.read = lambda: self.members(owner(), [name for _, name in text])
        elif kind == "sys":
            self.resolve(lambda: self.session.quad(text, self.frame, owner()))
        else:
            before = None if self.kind == "par" else owner()
            if isinstance(before, Ref):
                self.resolve(lambda: self.member_raw(before, text), before)
            else:
                self.read = lambda: self.member(owner(), text)
            self.kind = "par" if self.kind == "par" else "member"
        return True

    def member_raw(self, owner: Ref, name: str) -> Any:
        found = member_of(owner, name)
        inside = self.frame.space is owner
        if isinstance(owner, Instance) and not inside:
            public = found.public if isinstance(found, Function) else owner.of.fields.get(name, (False,))[0]
            if not public:
                raise AplError(6, f"VALUE ERROR: {name} is not public in {owner}")
        return found

    def members(self, owner: Any, names: list[str]) -> Array:
        return vector([self.member(owner, name) for name in names])

    def member(self, owner: Any, name: str) -> Any:
        if isinstance(owner, Array):
            return Array(owner.shape, [self.member(item, name) for item in owner.items])
        if not isinstance(owner, Ref):
            raise domain(f"{owner!r} has no members")
        found = self.member_raw(owner, name)
        if isinstance(found, Function) and found.right is None:
            found = self.session.call(found, None, None, owner, self.frame)
        if found is None:
            raise AplError(6, f"VALUE ERROR: {owner}.{name}")
        return found

    def get(self) -> Any:
        value = self.read()
        if value is None and self.kind in ("name", "member"):
            if self.kind == "name" and not isinstance(self.frame.find(str(self.token)), Function):
                raise AplError(6, f"VALUE ERROR: {self.name}")
        if self.index is None or value is None:
            return value
        return self.indexed(value)

    def positions(self, value: Any) -> tuple[list[list[int]], tuple[int, ...]]:
        assert self.index is not None
        if len(self.index) != len(shape_of(value)):
            raise AplError(4, f"RANK ERROR: index of {self.name}")
        chosen: list[list[int]] = []
        shape: tuple[int, ...] = ()
        for expression, length in zip(self.index, shape_of(value)):
            where = self.session.value(expression, self.frame) if expression else vector(list(range(1, length + 1)), 0)
            chosen.append([integer(item) - 1 for item in items_of(where)])
            shape += shape_of(where)
            if any(not 0 <= i < length for i in chosen[-1]):
                raise AplError(3, f"INDEX ERROR: {self.name}")
        return chosen, shape

    def cells(self, value: Any) -> tuple[list[int], tuple[int, ...]]:
        chosen, shape = self.positions(value)
        if len(chosen) == 1:
            return chosen[0], shape
        return [i * value.shape[1] + j for i in chosen[0] for j in chosen[1]], shape

    def indexed(self, value: Any) -> Any:
        cells, shape = self.cells(value)
        return like(shape, [value.items[i] for i in cells], value.fill)

    def set(self, value: Any) -> None:
        if self.owner is not None:
            owner = self.owner()
            if isinstance(owner, Instance) and not owner.of.fields.get(self.name, (False,))[0]:
                raise AplError(6, f"{self.name} is not a public field")
            owner.members[self.name] = value
        elif self.kind == "par":
            names = [text for kind, text in self.token if kind in ("name", "sys")]
            if len(names) != len(self.token):
                raise AplError(2, "SYNTAX ERROR: a strand of names before ←")
            self.session.bind(names, value, self.frame)
        elif (self.kind, self.token) == ("sys", "⎕"):
            self.session.output.append(show(value))
        elif self.index is not None:
            old = self.read()
            cells, _ = self.cells(old)
            given = items_of(value)
            given = given * len(cells) if len(given) == 1 else given
            if len(given) != len(cells):
                raise AplError(5, "LENGTH ERROR: indexed assignment")
            new = Array(old.shape, list(old.items))
            for i, item in zip(cells, given):
                new.items[i] = item
            self.frame.assign(self.name, new)
        elif self.kind == "name":
            self.frame.assign(self.name, value)
        else:
            raise AplError(2, f"SYNTAX ERROR: {self.name}←")


def function_value(session: Session, function: Any, left: Any, right: Any, frame: Frame) -> Any:
    inside = frame.space if isinstance(frame.space, Instance) else None
    own = inside if isinstance(function, Function) and inside and function.space is inside.of else None
    return session.call(function, left, right, own, frame)


def bound(session: Session, function: Any, space: Ref) -> Primitive:
    return Primitive("bound", lambda left, right: session.call(function, left, right, space))


def primitive(name: str, axis: Any) -> Primitive:
    def call(left: Any, right: Any) -> Any:
        if axis is not None:
            if name == "," and axis == 1.5 and left is not None:
                return laminate(left, right)
            if name == "⊂" and axis == 1 and left is not None:
                return partition(left, right)
            raise domain(f"{name}[{axis}] is not known here")
        return monadic(name, right) if left is None else dyadic(name, left, right)

    return Primitive(name, call)


def reduction(session: Session, function: Any, frame: Frame) -> Primitive:
    identity = {"∨": 0, "∧": 1, "+": 0, "×": 1}

    def call(left: Any, right: Any) -> Any:
        found = items_of(right)
        if left is not None or len(shape_of(right)) > 1:
            raise domain("reduction of a matrix is not known here")
        if not found:
            return identity[function.name]
        if function.name == "," and all(len(shape_of(item)) < 2 for item in found):
            return enclose(vector([leaf for item in found for leaf in items_of(item)], fill_of(found[0])))
        result = found[-1]
        for item in reversed(found[:-1]):
            result = function_value(session, function, item, result, frame)
        return enclose(result)

    return Primitive("reduce", call)


def scan(session: Session, function: Any, frame: Frame) -> Primitive:
    def call(left: Any, right: Any) -> Any:
        if function.name != "+" or left is not None or len(shape_of(right)) != 1:
            raise domain("this scan is not known here")
        return vector(list(accumulate(items_of(right))), 0)

    return Primitive("scan", call)


def each(session: Session, function: Any, frame: Frame) -> Primitive:
    def call(left: Any, right: Any) -> Any:
        lefts, rights = (items_of(left) if left is not None else [None]), items_of(right)
        shape = shape_of(right)
        if len(lefts) == 1:
            lefts = lefts * len(rights)
        elif len(rights) == 1:
            shape, rights = shape_of(left), rights * len(lefts)
        if len(lefts) != len(rights):
            raise AplError(5, "LENGTH ERROR: each")
        results = [function_value(session, function, a, b, frame) for a, b in zip(lefts, rights)]
        return None if None in results else like(shape, results)

    return Primitive("each", call)


def commute(session: Session, function: Any, frame: Frame) -> Primitive:
    return Primitive("commute", lambda left, right: function_value(
        session, function, right, right if left is None else left, frame))  # fmt: skip


def replacement(pattern: Any, by: Any) -> Primitive:
    regex, text = "".join(items_of(pattern)), "".join(items_of(by))

    def call(left: Any, right: Any) -> Any:
        if any(isinstance(item, Array) for item in items_of(right)):
            return Array(right.shape, [call(None, item) for item in right.items])
        return characters(re.sub(regex, lambda found: text, "".join(items_of(right))))

    return Primitive("⎕R", call)
