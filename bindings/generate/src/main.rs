//! Writes what can be generated from the signatures and doc comments in `src/abi`; with `--check` it compares instead.

mod csharp;
mod header;
mod json;
mod python;
mod reference;
mod rust;
mod source;
mod types;
mod wrap;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use source::Library;

fn main() -> ExitCode {
    // As cargo says when it runs this, not when it was built: another clone may have built it.
    let manifest = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").into());
    let root = Path::new(&manifest).ancestors().nth(2).expect("bindings/generate is in the repository");
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write(root),
        ["--check"] => check(root),
        _ => Err("usage: kaffi-generate [--check]".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::FAILURE
        }
    }
}

/// Every generated file and its text.
fn outputs(root: &Path) -> Result<Vec<(&'static str, String)>, String> {
    let library = Library::read(root)?;
    Ok(vec![
        ("include/kaffi.h", header::header(&library)?),
        ("src/generated/describe.json", json::describe(&library)),
        ("src/generated/functions.json", json::functions(&library)),
        ("bindings/python/kaffi/_abi.py", python::declarations(&library)),
        ("bindings/python/native/src/functions.rs", rust::functions(&library)),
        ("bindings/csharp/src/Native.g.cs", csharp::declarations(&library)),
        ("docs/reference.md", reference::reference(&library)),
        ("bindings/apl/patterns.json", json::patterns(&library)),
    ])
}

fn write(root: &Path) -> Result<(), String> {
    for (path, text) in outputs(root)? {
        let file = root.join(path);
        if fs::read_to_string(&file).is_ok_and(|found| found == text) {
            continue;
        }
        file.parent().map_or(Ok(()), fs::create_dir_all).map_err(|e| format!("{path}: {e}"))?;
        fs::write(&file, text).map_err(|e| format!("{path}: {e}"))?;
        println!("wrote {path}");
    }
    Ok(())
}

fn check(root: &Path) -> Result<(), String> {
    let mut problems = Vec::new();
    for (path, text) in outputs(root)? {
        match fs::read_to_string(root.join(path)) {
            Ok(found) if found == text => {}
            Ok(found) => problems.push(format!("{path} differs:\n{}", difference(&found, &text))),
            Err(e) => problems.push(format!("{path}: {e}")),
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    problems.push("write them anew: cargo run --release -p kaffi-generate".into());
    Err(problems.join("\n"))
}

/// The first line that differs, from shortly before the difference, as it is and as it should be.
fn difference(found: &str, wanted: &str) -> String {
    let same = found.lines().zip(wanted.lines()).take_while(|(found, wanted)| found == wanted).count();
    let line = |text: &str| text.lines().nth(same).unwrap_or("(no such line)").to_string();
    let (found, wanted) = (line(found), line(wanted));
    let start = found.chars().zip(wanted.chars()).take_while(|(found, wanted)| found == wanted).count();
    let excerpt = |line: &str| line.chars().skip(start.saturating_sub(60)).take(120).collect::<String>();
    format!("  line {}\n  - {}\n  + {}", same + 1, excerpt(&found), excerpt(&wanted))
}
