"""Plays demo.apl as Dyalog APL would, by the interpreter and the emulator of ⎕NA in tests/apl.

usage: demo.py [bootstrap servers]    without them: on an embedded cluster of its own
"""
from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "apl"))

from apl import Session  # noqa: E402  (the path is set above)

session = Session()
for source in sorted((ROOT / "bindings" / "apl").glob("*.apl?")):
    session.load(source)
with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / "kafka.so").symlink_to(Path(os.environ["KAFFI_LIBRARY"]).resolve())
    session("Init folder", folder=folder)
    if len(sys.argv) > 1:
        session("servers←given", given=sys.argv[1])
    else:
        session("cluster←⎕NEW MockCluster")
        print("an embedded cluster answers at", session("servers←cluster.bootstrap"))
    for line in (Path(__file__).parent / "demo.apl").read_text(encoding="utf-8").splitlines():
        if not line.startswith("⍝"):
            print("     ", line.split("⍝")[0].rstrip())
            shown = session.typed(line)
            if shown is not None:
                print(shown)
    if session("⎕NC'consumer'") or session.destructor_errors:
        sys.exit(f"closing failed: {session.destructor_errors}")
    session.close()
