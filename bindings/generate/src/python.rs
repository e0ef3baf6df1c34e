//! `bindings/python/kaffi/_abi.py`: the declarations for ctypes.

use crate::source::Library;
use crate::types::Kind;
use crate::wrap::{list, wrap};

const HEAD: &str = r#""""The C ABI of kaffi for ctypes. Written by bindings/generate from src/abi: do not edit."""

from __future__ import annotations

import ctypes
from typing import Any, Protocol, cast

"#;

pub fn declarations(library: &Library) -> String {
    let mut text = HEAD.to_string();
    for code in &library.codes {
        text.push_str(&wrap(&code.text, "# "));
        text.push_str(&format!("{} = {}\n", code.name, code.number));
    }
    text.push_str("\n# Of every function the type of its result, then those of its arguments.\n");
    text.push_str("FUNCTIONS: dict[str, list[Any]] = {\n");
    for function in library.functions() {
        let types = function.parameters.iter().map(|p| p.ty.python());
        let types: Vec<_> = std::iter::once(function.result.python()).chain(types).collect();
        text.push_str(&list("    ", &format!("\"{}\": [", function.name), &types, "],", ","));
    }
    text.push_str("}\n");
    text.push_str("\n# bytes, a ctypes object, what byref gives, an address or None.\nPointer = Any\n\n\n");
    text.push_str("class Functions(Protocol):\n    \"\"\"The functions as they are called.\"\"\"\n");
    for function in library.functions() {
        let parameters = function.parameters.iter().map(|p| {
            let hint = match p.ty.kind {
                Kind::Handle => "int",
                Kind::Text => "bytes | None",
                Kind::Value if p.ty.python() == "ctypes.c_double" => "float",
                Kind::Value => "int",
                _ => "Pointer",
            };
            format!("{}: {hint}", p.name)
        });
        let parameters: Vec<_> = std::iter::once("self".to_string()).chain(parameters).chain(["/".into()]).collect();
        text.push('\n');
        text.push_str(&list("    ", &format!("def {}(", function.name), &parameters, ") -> int:", ","));
        text.push_str(&wrap(&format!("\"\"\"{}\"\"\"", function.summary), "        "));
    }
    text.push_str(
        "\n\ndef declare(library: ctypes.CDLL) -> Functions:\n    \"\"\"Gives the functions of a loaded library their types.\"\"\"\n    \
         for name, (result, *arguments) in FUNCTIONS.items():\n        function = getattr(library, name)\n        \
         function.restype = result\n        function.argtypes = arguments\n    return cast(Functions, library)\n",
    );
    text
}
