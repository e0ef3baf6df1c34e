//! `bindings/python/native/src/functions.rs`: what the Python package's part in machine code calls.

use crate::source::Library;

const USED: [&str; 4] = ["ConsumeBatch", "DelBatch", "Produce", "ViewBatch"];

const HEAD: &str = "\
//! Functions of the library. Written by bindings/generate from src/abi: do not edit.

#![allow(non_snake_case)]

use std::ffi::{c_char, c_int};
use std::mem::transmute;

";

pub fn functions(library: &Library) -> String {
    let used = || library.functions().filter(|function| USED.contains(&function.name.as_str()));
    let mut text = HEAD.to_string();
    for function in used() {
        let types: Vec<_> = function.parameters.iter().map(|p| p.ty.rust()).collect();
        let (name, result) = (&function.name, function.result.rust());
        text.push_str(&format!("type {name} = unsafe extern \"C\" fn({}) -> {result};\n", types.join(", ")));
    }
    text.push_str("\npub struct Functions {\n");
    used().for_each(|function| text.push_str(&format!("    pub {0}: {0},\n", function.name)));
    text.push_str(
        "}\n\nimpl Functions {\n    /// # Safety\n    /// `address` gives the address of the library's function of each \
         name.\n    pub unsafe fn find<E>(address: impl Fn(&'static str) -> Result<usize, E>) -> Result<Functions, E> {\n        \
         // SAFETY: as above; their types never change.\n        unsafe {\n            Ok(Functions {\n",
    );
    for function in used() {
        let name = &function.name;
        let address = format!("address(\"{name}\")? as *const ()");
        text.push_str(&format!("                {name}: transmute::<*const (), {name}>({address}),\n"));
    }
    text.push_str("            })\n        }\n    }\n}\n");
    text
}
