//! Describe's text, the functions for DescribeAll, and the patterns for APL.

use serde_json::{Value, json};

use crate::source::{Function, Library, Parameter};

/// The text that `Describe` gives: the documented patterns.
pub fn describe(library: &Library) -> String {
    let documented = library.functions().filter(|function| function.has_documented_pattern());
    let patterns: Vec<_> = documented.map(Function::pattern).collect();
    json!({"Version": library.version, "Patterns": patterns}).to_string()
}

/// Every function with all that its source says.
pub fn functions(library: &Library) -> String {
    let sections = library.sections.iter();
    lines(
        sections
            .flat_map(|section| section.functions.iter().map(|function| describe_function(&section.title, function))),
    )
}

/// The pattern of every function.
pub fn patterns(library: &Library) -> String {
    lines(library.functions().map(|function| {
        json!({
            "name": function.name,
            "pattern": function.pattern(),
            "given_by": if function.has_documented_pattern() { "Describe" } else { "DescribeAll" },
            "waits": function.waits(),
        })
    }))
}

fn describe_function(section: &str, function: &Function) -> Value {
    let parameters: Vec<_> = function.parameters.iter().map(|p| describe_parameter(function, p)).collect();
    let codes: Vec<_> = function.codes.iter().flat_map(|(codes, meaning)| describe_codes(codes, meaning)).collect();
    json!({
        "name": function.name,
        "section": section,
        "summary": function.summary,
        "text": function.text,
        "prototype": function.prototype(),
        "pattern": function.pattern(),
        "documented": function.documented(),
        "waits": function.waits(),
        "result": function.result.c(),
        "parameters": parameters,
        "codes": codes,
    })
}

fn describe_parameter(function: &Function, parameter: &Parameter) -> Value {
    let kind = if function.is_length(&parameter.name) { "length" } else { parameter.ty.holds() };
    let mut value = json!({
        "name": parameter.name,
        "type": parameter.ty.c(),
        "direction": parameter.ty.direction(),
        "kind": kind,
    });
    if let Some(object) = parameter.ty.object() {
        value["object"] = object.into();
    }
    if let Some(length) = &parameter.length {
        value["length"] = length.as_str().into();
    }
    value["meaning"] = parameter.meaning.as_str().into();
    value
}

/// One entry for each number of a group; words such as `other` are null.
fn describe_codes(codes: &str, meaning: &str) -> Vec<Value> {
    let numbers = codes.split([',', ' ']).filter(|word| !word.is_empty() && *word != "and");
    numbers.map(|word| json!({"code": word.parse::<i32>().ok(), "meaning": meaning})).collect()
}

/// An array with one element a line, in ASCII: `DescribeAll` hands it out.
fn lines(values: impl Iterator<Item = Value>) -> String {
    let values: Vec<_> = values.map(|value| value.to_string()).collect();
    let text = format!("[\n{}\n]\n", values.join(",\n"));
    let mut ascii = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => ascii.push(char::from(byte)),
            _ => ascii.push_str(&format!("\\u{unit:04x}")),
        }
    }
    ascii
}
