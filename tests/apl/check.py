"""Checks the APL sources without running them: characters, names, locals.

What is syntax - quotes, parentheses, control structures, headers, scripts - the interpreter has checked by loading.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import quad_na
from apl import ClassRef, Function, Ref, Session, nest, tokens

# ⊢ and ¤ are there in some versions of ⎕AV only.
ALLOWED = set(quad_na.AVU) - set("⊢¤")


def walk(parts: list[Any]) -> Iterator[tuple[int, list[Any]]]:
    """Each token of a statement with its place in the list it stands in, also inside parentheses; not members."""
    for at, (kind, inner) in enumerate(parts):
        yield at, parts
        if kind == "par" and (not at or parts[at - 1] != ("sym", ".")):
            yield from walk(inner)
        elif kind in ("brk", "dfn"):
            for group in inner:
                yield from walk(group)


def used(function: Function) -> tuple[set[str], set[str], list[tuple[str, str]]]:
    """Names that a function assigns, names it mentions, and pairs `space.member`."""
    assigned: set[str] = set()
    mentioned: set[str] = set()
    members: list[tuple[str, str]] = []
    for line in function.lines[1:]:
        flat = tokens(line)
        if flat and flat[0] == ("key", ":For"):
            assigned |= {text for kind, text in flat[1 : flat.index(("key", ":In"))] if kind == "name"}
        if flat and flat[0] in (("key", ":Access"), ("key", ":Implements")):
            continue
        for at, parts in walk(nest(flat)):
            kind, text = parts[at]
            after = parts[at + 1] if at + 1 < len(parts) else None
            before = parts[at - 1] if at else None
            arrow = after == ("sym", "←") or (
                after is not None and after[0] == "sym" and at + 2 < len(parts) and parts[at + 2] == ("sym", "←"))
            if kind == "name" and before == ("sym", "."):
                members.append((str(parts[at - 2][1]), text))
            elif kind == "name":
                mentioned.add(text)
                if arrow and after != ("sym", "."):
                    assigned.add(text)
            elif kind == "par" and after == ("sym", "←"):
                assigned |= {name for kind, name in text if kind == "name"}
    return assigned, mentioned, members


def problems(folder: Path, loaded: Session) -> list[str]:
    """What is wrong with the sources. `loaded` has them, and the library, in its workspace."""
    found: list[str] = []
    for path in sorted(folder.glob("*.apl?")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            strange = {character for character in line if character not in ALLOWED}
            if strange:
                found.append(f"{path.name}:{number}: not in the ⎕AV of Classic: {' '.join(sorted(strange))}")
            if re.search(r"\s$", line):
                found.append(f"{path.name}:{number}: blanks at the end")
    spaces = [space for space in loaded.root.members.values() if isinstance(space, Ref)]
    kafka = loaded.root.members["kafka"].members
    for space in spaces:
        fields = set(space.fields) if isinstance(space, ClassRef) else set()
        functions = {name: member for name, member in space.members.items() if isinstance(member, Function)}
        for name, function in functions.items():
            label = f"{space.name}.{name}"
            if function.public and not function.role and not function.lines[1].strip().startswith("⍝"):
                found.append(f"{label}: no comment says what it does")
            assigned, mentioned, members = used(function)
            for other in sorted(assigned - function.declared - fields):
                found.append(f"{label}: {other} is not local")
            for other in sorted(set(function.locals) - assigned):
                found.append(f"{label}: the local {other} is never set")
            for other in sorted(function.declared & (set(functions) | fields)):
                found.append(f"{label}: {other} hides a function or field of this name")
            if function.result and function.result not in assigned:
                found.append(f"{label}: the result {function.result} is never set")
            for other in sorted(mentioned - function.declared - fields - set(space.members) - set(loaded.root.members)):
                found.append(f"{label}: {other} is nothing")
            for owner, member in members:
                where: Any = kafka if owner == "kafka" else kafka["raw"].members if owner == "raw" else None
                if where is not None and member not in where:
                    found.append(f"{label}: there is no {owner}.{member}")
    return found
