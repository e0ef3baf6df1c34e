"""Builds the library from the repository that this folder is part of, and puts it into the wheel, with the package's
own part in machine code.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parents[2]
FILE = {"win32": "kaffi.dll", "darwin": "libkaffi.dylib"}.get(sys.platform, "libkaffi.so")
NATIVE = "_native.pyd" if sys.platform == "win32" else "_native.abi3.so"  # as in kaffi/_library.py
NOTICES = ("LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-NOTICES.md")


def library() -> Path:
    """The library: that of KAFFI_LIBRARY, else built now."""
    if "KAFFI_LIBRARY" in os.environ:
        return Path(os.environ["KAFFI_LIBRARY"])
    cache = os.environ.get("KAFFI_CACHE") or Path.home() / ".cache/kaffi"
    target = Path(os.environ.get("CARGO_TARGET_DIR") or Path(cache) / "target")
    command = ["cargo", "build", "--release", "--locked", "--workspace"]
    try:
        # In the root, where .cargo/config.toml is seen.
        subprocess.run(command, cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": str(target)}, check=True)
    except FileNotFoundError:
        sys.exit("kaffi: building the library needs Rust (https://rustup.rs); KAFFI_LIBRARY may name a built one")
    except subprocess.CalledProcessError as error:
        sys.exit(f"kaffi: the library could not be built: {error}")
    return target / "release" / FILE


class Build(build_py):
    def run(self) -> None:
        super().run()
        package = Path(self.build_lib) / "kaffi"
        if not self.editable_mode:
            built = library()
            shutil.copyfile(built, package / FILE)
            native = built.with_name(FILE.replace("kaffi", "kaffi_python"))
            if native.exists():  # not beside a library that is installed: without it the package is slower
                shutil.copyfile(native, package / NATIVE)
            for notice in NOTICES:
                shutil.copyfile(ROOT / notice, package / notice)


class Wheel(bdist_wheel):
    """A wheel for every Python 3 of this platform."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


class Binary(Distribution):
    def has_ext_modules(self) -> bool:
        return True


version = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.M)
if version is None:
    sys.exit(f"kaffi: {ROOT}/Cargo.toml gives no version")
with tempfile.TemporaryDirectory() as out:  # nothing is left in the repository
    setup(
        version=version[1],
        distclass=Binary,
        cmdclass={"build_py": Build, "bdist_wheel": Wheel},
        options={"build": {"build_base": out}, "egg_info": {"egg_base": out}},
    )
