//! Library: versions and self-description.

use std::ffi::c_int;

use super::boundary::boundary;
use super::types::{Bytes, ErrorText, InOut, Out, Text, TextOut};
use crate::client::{describe, partitioner};
use crate::error::{self, Error, code};

/// Gives the version of librdkafka, the engine.
///
/// ⎕NA: `I4 %P|Version >0T1 U4`
///
/// # Parameters
/// - `version`: receives the version as text, such as `2.12.1`, cut to the room; null: no text
/// - `len`: room of `version` in bytes
///
/// # Codes
/// - any: the version as a number, 0xMMmmrrpp (major, minor, revision, 0xff for a release)
#[unsafe(no_mangle)]
pub extern "C" fn Version(version: TextOut, len: c_int) -> c_int {
    boundary(ErrorText::NONE, &[], || {
        let (number, text) = describe::engine_version();
        version.write_cut(usize::try_from(len).unwrap_or(0), &text);
        Ok(number)
    })
}

/// Describes the documented functions as JSON: `{"Version":"...","Patterns":["I4 %P|Version >0T1 U4",...]}`.
///
/// `Version` is kaffi's own. A host replaces `%P` by the path of the library and hands each pattern to `⎕NA`.
/// The text is always the same; `DescribeAll` tells everything.
///
/// # Parameters
/// - `buffer`: receives the text with its NUL; null where the room is 0
/// - `psize`: in: room of `buffer` in bytes; out: the room that the text and its NUL need
///
/// # Codes
/// - 0: done
/// - more: the text did not fit; the number is the room needed, call again with that
/// - -1102: a pointer is null
/// - -1104: the room given is negative
#[unsafe(no_mangle)]
pub extern "C" fn Describe(buffer: TextOut, psize: InOut<i32>) -> i32 {
    boundary(ErrorText::NONE, &[], || {
        let text = describe::documented();
        let room = psize.room("psize")?;
        buffer.required(room, "buffer")?;
        psize.set(text.len() + 1);
        if room <= text.len() {
            buffer.write_cut(room, "");
            return Ok(text.len() as i32 + 1);
        }
        buffer.write_cut(room, text);
        Ok(code::DONE)
    })
}

/// Describes the whole library as JSON, for whoever writes a binding.
///
/// Members: `version`, `librdkafka`, `features`, `functions` (name, summary, prototype, pattern, documented, waits,
/// parameters with name, type, direction and meaning, codes), `codes` (code, name, text, class, retriable, fatal),
/// `properties` (name, default, meaning), `columns` (name, type, meaning).
///
/// # Parameters
/// - `json`: receives the text with its NUL; null where the room is 0
/// - `len`: in: room of `json` in bytes; out: length without the NUL, or the room needed
///
/// # Codes
/// - 0: done
/// - 2: the room is too small: `len` says what is needed, call again
/// - -1102: a pointer is null
/// - -1104: the room given is negative
#[unsafe(no_mangle)]
pub extern "C" fn DescribeAll(json: TextOut, len: InOut<i32>) -> i32 {
    boundary(ErrorText::NONE, &[&len], || Ok(json.with_room(len, "json")?.put(describe::all())))
}

/// Describes a code as JSON: `{"code","name","text","class","retriable","fatal"}`.
///
/// Class is one of config, network, auth, request, state, full, timeout, data, fatal, internal. A code that nobody
/// knows is described as such; that is no failure.
///
/// # Parameters
/// - `code`: the code, as a function returned it or a report or list holds it
/// - `json`: receives the text with its NUL; null where the room is 0
/// - `len`: in: room of `json` in bytes; out: length without the NUL, or the room needed
///
/// # Codes
/// - 0: done
/// - 2: the room is too small: `len` says what is needed, call again
/// - -1102: a pointer is null
/// - -1104: the room given is negative
#[unsafe(no_mangle)]
pub extern "C" fn DescribeError(code: i32, json: TextOut, len: InOut<i32>) -> i32 {
    boundary(ErrorText::NONE, &[&len], || {
        let text =
            serde_json::to_string(&error::describe(code)).map_err(|e| Error::new(code::INTERNAL, e.to_string()))?;
        Ok(json.with_room(len, "json")?.put(&text))
    })
}

/// Tells to which partition of a topic a key goes.
///
/// With `random`, and without a key with a partitioner that ends in `_random`, any partition will do and a random one is
/// told; `Produce` then keeps to one partition for a while.
///
/// # Parameters
/// - `partitioner`: its name, as in the property `partitioner`; empty: the default, consistent_random
/// - `key`: the key, any bytes; null where `keylen` is 0
/// - `keylen`: length of `key` in bytes; -1: no key
/// - `partitions`: how many partitions the topic has
/// - `partition`: receives the partition
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1104: there is no such partitioner: the text names them; `partitions` is below 1, `keylen` below -1
/// - -1102, -1103: a pointer is null, `partitioner` is not UTF-8
#[unsafe(no_mangle)]
pub extern "C" fn GetKeyPartition(
    partitioner: Text,
    key: Bytes,
    keylen: i32,
    partitions: i32,
    partition: Out<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&partition], || {
        let partition = partition.required("partition")?;
        let key = key.optional(keylen, "key")?;
        partition.set(partitioner::partition(partitioner.get("partitioner")?, key, partitions)?);
        Ok(code::DONE)
    })
}
