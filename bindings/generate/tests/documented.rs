//! Holds the generated files against the documented interface, which may never change.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

const DOCUMENTED: &str = include_str!("documented.txt");

fn file(path: &str) -> String {
    let path = format!("{}/../../{path}", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn functions() -> Vec<Value> {
    serde_json::from_str(&file("src/generated/functions.json")).unwrap()
}

/// The prototypes in a C text: on one line each, without `const`.
fn prototypes(text: &str) -> BTreeSet<String> {
    let mut code = String::new();
    for part in text.split("/*") {
        code.push_str(part.split_once("*/").map_or(part, |(_, code)| code));
    }
    let lines: String = code.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line} ")).collect();
    let words = lines.replace("const ", "").replace("extern \"C\" {", "");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(");
    words.split_inclusive(';').map(|line| line.trim().to_string()).filter(|line| line.ends_with(");")).collect()
}

fn documented_prototypes() -> BTreeSet<String> {
    let (text, _) = DOCUMENTED.split_once("# The documented patterns").unwrap();
    prototypes(text)
}

#[test]
fn the_header_has_the_documented_prototypes() {
    let documented = documented_prototypes();
    assert_eq!(documented.len(), 19);
    let missing: Vec<_> = documented.difference(&prototypes(&file("include/kaffi.h"))).cloned().collect();
    assert!(missing.is_empty(), "not in include/kaffi.h: {missing:#?}");
}

#[test]
fn the_functions_that_are_marked_documented_are_these() {
    let marked = functions().into_iter().filter(|function| function["documented"] == true);
    let marked = marked.map(|function| function["prototype"].as_str().unwrap().replace("const ", ""));
    assert_eq!(marked.collect::<BTreeSet<_>>(), documented_prototypes());
}

/// cbindgen writes the ones, `types.rs` the others.
#[test]
fn header_and_descriptions_have_the_same_prototypes() {
    let described =
        functions().into_iter().map(|function| function["prototype"].as_str().unwrap().replace("const ", ""));
    assert_eq!(prototypes(&file("include/kaffi.h")), described.collect());
}

#[test]
fn describe_gives_the_documented_patterns() {
    let patterns: Vec<_> = DOCUMENTED.lines().filter(|line| line.starts_with("I4 %P|")).collect();
    assert_eq!(patterns.len(), 15);
    let text = file("src/generated/describe.json");
    let describe: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        describe["Patterns"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect::<Vec<_>>(),
        patterns
    );
    assert!(file("Cargo.toml").contains(&format!("\nversion = {}\n", describe["Version"])));
    assert_eq!(text, describe.to_string(), "the text is compact, in this order");
    assert!(text.len() < 1024, "the existing loader has 1,024 bytes");
}
