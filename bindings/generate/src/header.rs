//! `include/kaffi.h`: cbindgen writes the declarations of each section; this puts them together.

use cbindgen::{Builder, Config, DocumentationStyle, Language};

use crate::source::{Library, Section};
use crate::wrap::wrap;

const INTRODUCTION: &str = "\
kaffi: Kafka over FFI. A Kafka client behind a plain C interface.

Written by bindings/generate from src/abi: do not edit.

A client is made by InitKafka, configured by SetKafkaConf, and becomes a producer at the first Produce, a consumer at \
SubscribeConsumerTPList, or what StartKafka says. UninitProducer, UninitConsumer or CloseKafka ends it.

Codes. Every function returns one (but Describe, a size, and Version, a number), and a code means the same everywhere: \
0 done; 1 nothing there now (Produce: could not start); 2 a buffer is too small; -1 and -2 an invalid value and an \
unknown property; -100 to -199 librdkafka's local codes; -1100 to -1199 kaffi's own, named below; 3 to 9998 the codes \
of Kafka's brokers, and 9999, 10001, 10002 the brokers' -1, 1 and 2. DescribeError tells a code's name, text and class.

Handles. A handle is a checked number in the guise of a pointer, between 2^48 and 2^53, and never an address. 0 is \
none. A handle that is closed, of another kind or made up is answered with a code. A closed handle's number does not \
come again.

Texts. Texts in are UTF-8 and end in NUL. A text out has a buffer and a length: in, the room; on 0, the length without \
the NUL; on 2, the room to give, and nothing is lost. errtxt and plen at the end of a function tell why it failed, cut \
to the room, and may both be null; plen is 0 when all is well. JSON out is ASCII.

Bytes. They have a length beside them and may hold NUL. Length -1 (0xFFFFFFFF) is null, 0 is empty. A pointer may be \
null where its length, count or room is 0. Nothing is ever written past the room given. On failure (code 2 apart) \
counts, ids and handles are 0; only Produce sets its msgid in any case.

Threads. Any thread may call any function at any time. Functions that can wait say \"Waits\"; a timeout of 0 does not \
wait, -1 waits as long as it takes. A waiting call ends when another thread closes the handle, or wakes it by \
WakeKafka. After fork the child cannot use the parent's handles.";

pub fn header(library: &Library) -> Result<String, String> {
    let mut header = comment(INTRODUCTION);
    header.push_str("#ifndef KAFFI_H\n#define KAFFI_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n");
    header.push_str("#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    header.push_str("/* The codes that kaffi itself gives. */\nenum {\n");
    for code in &library.codes {
        header.push_str(&format!("    /* {} */\n    KAFFI_{} = {},\n", code.text, code.name, code.number));
    }
    header.push_str("};\n");
    for section in &library.sections {
        header.push_str(&format!("\n/* {} */\n\n{}\n", "=".repeat(114), comment(&section.text)));
        header.push_str(&declarations(library, section)?);
    }
    header.push_str("\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* KAFFI_H */\n");
    match header.lines().find(|line| !line.is_ascii()) {
        Some(line) => Err(format!("the header would not be ASCII: {line}")),
        None => Ok(header),
    }
}

/// The declarations of a section with their comments.
fn declarations(library: &Library, section: &Section) -> Result<String, String> {
    let mut config = Config {
        language: Language::C,
        no_includes: true,
        documentation_style: DocumentationStyle::C99,
        line_length: 120,
        ..Config::default()
    };
    for ty in section.functions.iter().flat_map(|function| &function.parameters).map(|p| &p.ty) {
        if let Some(name) = ty.cbindgen() {
            config.export.rename.insert(name.clone(), ty.c());
            config.export.exclude.push(name);
        }
    }
    let types = library.root.join("src/abi/types.rs");
    let bindings = Builder::new().with_config(config).with_src(types).with_src(&section.file).generate();
    let mut text = Vec::new();
    bindings.map_err(|e| format!("cbindgen: {e}"))?.write(&mut text);
    Ok(manual(&String::from_utf8(text).map_err(|e| e.to_string())?))
}

/// Makes block comments of cbindgen's `//` lines.
fn manual(declarations: &str) -> String {
    let mut out = String::new();
    let mut lines = Vec::new();
    for line in declarations.lines() {
        match line.strip_prefix("//") {
            Some(line) => lines.push(line.strip_prefix(' ').unwrap_or(line)),
            None if lines.is_empty() => out.push_str(&format!("{line}\n")),
            None => {
                lines.retain(|line| !line.starts_with("⎕NA:"));
                let text = lines.join("\n").replace("\n\n\n", "\n\n");
                out.push_str(&format!("{}{line}\n", comment(&text)));
                lines.clear();
            }
        }
    }
    out
}

/// A block comment of the text, in ASCII: some compilers for Windows stumble over anything else.
fn comment(text: &str) -> String {
    let text = text.replace("µs", "microseconds").replace("⎕NA", "quad-NA");
    let lines: Vec<_> =
        text.lines().map(|line| line.strip_prefix("# ").map_or(line.into(), |name| format!("{name}:"))).collect();
    format!("/*\n{} */\n", wrap(&lines.join("\n"), " * ").replace(" * \n", " *\n"))
}
