//! The one wrapper that every export goes through: panics, codes and the error text.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::types::{ErrorText, Output};
use crate::error::{Error, Result, code};

/// Runs the body of an export. What it answers is a code; what goes wrong inside becomes one, with its text.
///
/// On failure the outputs are 0. Some failures say in them how much there is or is left: these stay.
pub fn boundary(error: ErrorText, outputs: &[&dyn Output], body: impl FnOnce() -> Result<i32>) -> i32 {
    keep_quiet();
    let room = match error.room() {
        Ok(room) => room,
        Err(e) => {
            outputs.iter().for_each(|output| output.zero());
            return e.code;
        }
    };
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(Error::new(code::INTERNAL, format!("internal error of kaffi: {}", what.unwrap_or("no text"))))
    });
    match result {
        Ok(code) => {
            error.write(room, "");
            code
        }
        Err(e) => {
            if !matches!(
                e.code,
                code::TOO_SMALL | code::NOTHING | code::TIMED_OUT | code::QUEUE_FULL | code::UNDELIVERED
            ) {
                outputs.iter().filter(|output| !output.is_kept()).for_each(|output| output.zero());
            }
            error.write(room, &e.text);
            e.code
        }
    }
}

/// Keeps a panic from being printed: its text is in the error.
fn keep_quiet() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    if !cfg!(test) {
        ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    }
}
