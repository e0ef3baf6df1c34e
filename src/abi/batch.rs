//! Batches: many records, reports or list entries in columns, behind one handle.
//!
//! A column is immutable once set; setting replaces it. `DescribeAll` lists the columns with their types. A batch
//! outlives the client that it came from.

use std::ffi::c_int;

use super::boundary::boundary;
use super::types::{Bytes, Column, ColumnOut, ErrorText, Handle, InOut, Out, Text, TextOut};
use crate::client::batch::Batch;
use crate::error::{Result, code};

/// Empties a batch or list; it can be filled again.
///
/// # Parameters
/// - `batch`: the batch
///
/// # Codes
/// - 0: done
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn ClearBatch(batch: Handle<Batch>) -> i32 {
    boundary(ErrorText::NONE, || {
        batch.get()?.clear();
        Ok(code::DONE)
    })
}

/// Deletes a batch or list. The handle ends.
///
/// # Parameters
/// - `batch`: the batch
///
/// # Codes
/// - 0: done
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn DelBatch(batch: Handle<Batch>) -> i32 {
    boundary(ErrorText::NONE, || {
        batch.take()?;
        Ok(code::DONE)
    })
}

/// Counts the rows of a batch or list.
///
/// # Parameters
/// - `batch`: the batch
/// - `rows`: receives the number of rows (of its longest column, while it is being filled)
///
/// # Codes
/// - 0: done
/// - -1100, -1101, -1102, -1107, -1108: the handle or the pointer is not right
#[unsafe(no_mangle)]
pub extern "C" fn GetBatchRows(batch: Handle<Batch>, rows: Out<i32>) -> i32 {
    boundary(ErrorText::NONE, || {
        let rows = rows.required("rows")?;
        rows.set(batch.get()?.rows() as i32);
        Ok(code::DONE)
    })
}

/// Reads a column of integers.
///
/// # Parameters
/// - `batch`: the batch
/// - `column`: name of the column, such as `partition`, `offset`, `timestamp`, `topic` (index into `topic.name`)
/// - `values`: receives the values, room for `count`; null where that is 0
/// - `count`: in: room in values; out: how many there are
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 2: the room is too small: `count` says what is needed, nothing was written; call again
/// - -1113: the batch has no such column, or it is one of bytes
/// - -1102, -1103, -1104: a pointer is null, the name is not UTF-8, the room is negative
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn GetBatchInts(
    batch: Handle<Batch>,
    column: Text,
    values: ColumnOut<i64>,
    count: InOut<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), || read_ints(batch, column, values, count, |value| value))
}

/// Reads a column of integers as doubles, for hosts without 64-bit integers. Exact below 2^53.
///
/// # Parameters
/// - `batch`: the batch
/// - `column`: name of the column, as for `GetBatchInts`
/// - `values`: receives the values, room for `count`; null where that is 0
/// - `count`: in: room in values; out: how many there are
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 2: the room is too small: `count` says what is needed, nothing was written; call again
/// - -1113: the batch has no such column, or it is one of bytes
/// - -1102, -1103, -1104: a pointer is null, the name is not UTF-8, the room is negative
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn GetBatchDoubles(
    batch: Handle<Batch>,
    column: Text,
    values: ColumnOut<f64>,
    count: InOut<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), || read_ints(batch, column, values, count, |value| value as f64))
}

fn read_ints<T: Copy>(
    batch: Handle<Batch>,
    column: Text,
    values: ColumnOut<T>,
    count: InOut<i32>,
    convert: impl Fn(i64) -> T,
) -> Result<i32> {
    let room = count.room("count")?;
    let values = values.required(room, "values")?;
    let ints = batch.get()?.ints(column.get("column")?)?;
    count.set(ints.len());
    if ints.len() > room {
        return Ok(code::TOO_SMALL);
    }
    ints.for_each(|row, value| values.set(row, convert(value)));
    Ok(code::DONE)
}

/// Reads a column of bytes: all values one after the other, and the length of each.
///
/// # Parameters
/// - `batch`: the batch
/// - `column`: name of the column, such as `key`, `value`, `topic.name`
/// - `bytes`: receives the bytes, room for `len`; null where that is 0
/// - `len`: in: room of `bytes`; out: how many bytes there are
/// - `lengths`: receives the length of each value, -1 for null, room for `count`; null where that is 0
/// - `count`: in: room of `lengths`; out: how many values there are
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 2: a room is too small: `len` and `count` say what is needed, nothing was written; call again
/// - -1113: the batch has no such column, or it is one of integers
/// - -1102, -1103, -1104: a pointer is null, the name is not UTF-8, a room is negative
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn GetBatchBytes(
    batch: Handle<Batch>,
    column: Text,
    bytes: ColumnOut<u8>,
    len: InOut<i32>,
    lengths: ColumnOut<i32>,
    count: InOut<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), || {
        let room = len.room("len")?;
        let rows_room = count.room("count")?;
        let bytes = bytes.required(room, "bytes")?;
        let lengths = lengths.required(rows_room, "lengths")?;
        let column = batch.get()?.bytes(column.get("column")?)?;
        len.set(column.data().len());
        count.set(column.rows());
        if column.data().len() > room || column.rows() > rows_room {
            return Ok(code::TOO_SMALL);
        }
        bytes.write(column.data());
        for row in 0..column.rows() {
            lengths.set(row, column.get(row).map_or(-1, |value| value.len() as i32));
        }
        Ok(code::DONE)
    })
}

/// Sets a column of integers; it replaces the one that is there.
///
/// # Parameters
/// - `batch`: the batch
/// - `column`: name of the column, as for `GetBatchInts`
/// - `values`: the values, copied; null where `count` is 0
/// - `count`: number of values: one for each row
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1113: a batch of this kind has no such column that can be set, or it is one of bytes
/// - -1104: a value is outside the column's range (the text names the row), or `count` is negative
/// - -1102, -1103: a pointer is null, the name is not UTF-8
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn SetBatchInts(
    batch: Handle<Batch>,
    column: Text,
    values: Column<i64>,
    count: i32,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), || {
        batch.get()?.set_ints(column.get("column")?, values.get(count, "values")?)?;
        Ok(code::DONE)
    })
}

/// Sets a column of bytes; it replaces the one that is there.
///
/// # Parameters
/// - `batch`: the batch
/// - `column`: name of the column, as for `GetBatchBytes`
/// - `bytes`: all values one after the other, copied; null where `len` is 0
/// - `len`: number of bytes
/// - `lengths`: the length of each value, -1 for null; they must add up to `len`; null where `count` is 0
/// - `count`: number of values: one for each row, or for each topic in `topic.name`
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1113: a batch of this kind has no such column that can be set, or it is one of integers
/// - -1104: the lengths do not add up, one is below -1 (the text names the row), or `len` or `count` is negative
/// - -1102, -1103: a pointer is null, the name is not UTF-8
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn SetBatchBytes(
    batch: Handle<Batch>,
    column: Text,
    bytes: Bytes,
    len: i32,
    lengths: Column<i32>,
    count: i32,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), || {
        let bytes = bytes.get(len, "bytes")?;
        let lengths = lengths.get(count, "lengths")?;
        batch.get()?.set_bytes(column.get("column")?, bytes, lengths)?;
        Ok(code::DONE)
    })
}
