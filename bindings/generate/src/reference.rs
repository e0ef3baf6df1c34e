//! `docs/reference.md`: every function, in the order of the header.

use crate::source::{Function, Library, Section};

pub fn reference(library: &Library) -> String {
    let mut text = "\
# Reference

Written by bindings/generate from src/abi: do not edit. The contract that all functions keep (codes, handles, texts, \
bytes, threads) is on top of `include/kaffi.h`.

The pattern of a function is for APL's `⎕NA`; `%P` stands for the path of the library. A function that can wait says \
so: there `⎕NA` may run it in a thread of its own (`&` behind the name).

"
    .to_string();
    for section in &library.sections {
        text.push_str(&format!("- [{}](#{})\n", section.title, anchor(&section.title)));
    }
    text.push_str("- [Codes](#codes)\n");
    for section in &library.sections {
        text.push_str(&chapter(section));
    }
    text.push_str(
        "\n## Codes\n\nThose that kaffi itself gives; `DescribeError` and `DescribeAll` tell all others.\n\n",
    );
    text.push_str("| code | name | meaning |\n|---|---|---|\n");
    for code in &library.codes {
        text.push_str(&row(&[&code.number.to_string(), &format!("`{}`", code.name), &code.text]));
    }
    text
}

fn chapter(section: &Section) -> String {
    let opening = section.text.split_once(": ").map_or("", |(_, rest)| rest);
    let mut letters = opening.chars();
    let opening: String = letters.next().iter().flat_map(|first| first.to_uppercase()).chain(letters).collect();
    let mut text = format!("\n## {}\n\n{opening}\n\n| function | what it does |\n|---|---|\n", section.title);
    for function in &section.functions {
        let sentence = function.summary.split_once(". ").map_or(function.summary.as_str(), |(first, _)| first);
        let name = format!("[{}](#{})", function.name, anchor(&function.name));
        text.push_str(&row(&[&name, sentence.trim_end_matches('.')]));
    }
    section.functions.iter().for_each(|function| text.push_str(&entry(function)));
    text
}

fn entry(function: &Function) -> String {
    let mut text = format!("\n### {}\n\n```c\n{}\n```\n\n", function.name, function.prototype());
    text.push_str(&format!("`⎕NA`: `{}`", function.pattern()));
    text.push_str(if function.has_documented_pattern() { " (given by `Describe`)\n\n" } else { "\n\n" });
    text.push_str(&format!("{}\n", function.summary));
    if !function.text.is_empty() {
        text.push_str(&format!("\n{}\n", function.text));
    }
    if !function.parameters.is_empty() {
        text.push_str("\n| parameter | direction | meaning |\n|---|---|---|\n");
        for parameter in &function.parameters {
            let name = format!("`{} {}`", parameter.ty.c(), parameter.name);
            text.push_str(&row(&[&name, parameter.ty.direction(), &parameter.meaning]));
        }
    }
    text.push_str("\n| code | meaning |\n|---|---|\n");
    for (codes, meaning) in &function.codes {
        text.push_str(&row(&[codes, meaning]));
    }
    text
}

fn row(cells: &[&str]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The anchor that Markdown gives a heading.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-")
}
