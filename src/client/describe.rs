//! What the library says of itself. The functions come from `src/generated/`, which `bindings/generate` writes.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::admin;
use super::batch::COLUMNS;
use super::config::{NativeConf, PROPERTIES};
use super::events::{Description, EVENTS};
use super::sys::{self, rd};
use crate::error;

/// Number and text of librdkafka's version.
pub fn engine_version() -> (i32, String) {
    // SAFETY: no arguments; the text is static.
    unsafe { (rd::rd_kafka_version(), sys::text(rd::rd_kafka_version_str())) }
}

/// The documented functions, compact.
pub fn documented() -> &'static str {
    include_str!("../generated/describe.json").trim_ascii_end()
}

/// Everything, as ASCII JSON.
pub fn all() -> &'static str {
    static ALL: OnceLock<String> = OnceLock::new();
    ALL.get_or_init(|| {
        let functions: Value = serde_json::from_str(include_str!("../generated/functions.json")).unwrap_or_default();
        let features = NativeConf::new().get("builtin.features").unwrap_or_default();
        // Named by the engine, though kaffi is built without Kerberos unless asked for.
        let features: Vec<_> =
            features.split(',').filter(|name| cfg!(feature = "gssapi") || *name != "sasl_gssapi").collect();
        ascii(&json!({
            "version": env!("CARGO_PKG_VERSION"),
            "librdkafka": engine_version().1,
            "features": features,
            "functions": functions,
            "codes": error::descriptions(),
            "properties": PROPERTIES,
            "columns": COLUMNS,
            "events": EVENTS.iter().map(described).collect::<Value>(),
            "admin": admin::operations(),
        }))
    })
}

fn described(event: &Description) -> Value {
    let members = event.members.iter().map(|(name, meaning)| json!({ "name": name, "meaning": meaning }));
    json!({ "name": event.name, "meaning": event.meaning, "members": members.collect::<Value>() })
}

/// JSON with everything beyond ASCII escaped.
pub fn ascii(value: &Value) -> String {
    escaped(&value.to_string())
}

/// The same for JSON text: beyond ASCII is only what texts hold.
pub fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out += &format!("\\u{unit:04x}"));
        }
    }
    out
}
