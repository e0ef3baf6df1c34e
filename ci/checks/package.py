"""usage: package.py VERSION: what the installed Python package `kaffi` is named, tagged and carries."""
import importlib.metadata
import re
import sys
from pathlib import Path

import kaffi

package = importlib.metadata.distribution("kaffi")
names = [str(file) for file in package.files or []]
tag = re.search(r"^Tag: (.*)$", package.read_text("WHEEL") or "", re.M)
print(package.version, tag and tag[1], *names, sep="\n")
assert package.version == sys.argv[1], "not the version of Cargo.toml"
assert not package.requires, f"it requires {package.requires}"
assert tag and re.fullmatch(r"py3-none-(?!any).+", tag[1]), "a wheel for any Python 3, on this platform alone"
assert "kaffi/py.typed" in names
natives = r"kaffi/_native\.(abi3\.so|pyd)"
for what in natives, r"kaffi/(libkaffi\.so|libkaffi\.dylib|kaffi\.dll)", r".*LICENSE-MIT", r".*THIRD-PARTY-NOTICES\.md":
    assert any(re.fullmatch(what, name) for name in names), f"no {what} inside"
assert Path(kaffi.__file__).is_relative_to(sys.prefix)
assert kaffi.Message.__module__ == "kaffi", "what is done for each record is not in machine code"
