//! Batches: many records, reports or list entries in columns, behind one handle.
//!
//! A column is immutable once set; setting replaces it. `DescribeAll` lists the columns with their types. A batch
//! outlives the client that it came from.

use std::ffi::c_int;

use super::boundary::boundary;
use super::types::{Arrow, ArrowIn, Bytes, Column, ColumnOut, ErrorText, Handle, HandleOut, InOut, Out, Text, TextOut};
use crate::client::arrow;
use crate::client::batch::Batch;
use crate::error::{Result, code};

/// Makes an empty batch for records: set its columns, or add records one by one; then `ProduceBatch`.
///
/// # Parameters
/// - `batch`: receives the handle
///
/// # Codes
/// - 0: done
/// - -1102, -1112: `batch` is null, too many handles are open
#[unsafe(no_mangle)]
pub extern "C" fn NewBatch(batch: HandleOut<Batch>) -> i32 {
    boundary(ErrorText::NONE, &[&batch], || {
        batch.required("batch")?.set(Batch::new_records())?;
        Ok(code::DONE)
    })
}

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
    boundary(ErrorText::NONE, &[], || {
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
    boundary(ErrorText::NONE, &[], || {
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
    boundary(ErrorText::NONE, &[&rows], || {
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
    boundary(ErrorText::new(errtxt, plen), &[&count], || read_ints(batch, column, values, count, |value| value))
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
    boundary(ErrorText::new(errtxt, plen), &[&count], || read_ints(batch, column, values, count, |value| value as f64))
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
    boundary(ErrorText::new(errtxt, plen), &[&len, &count], || {
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
            lengths.set(row, column.length(row));
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
    boundary(ErrorText::new(errtxt, plen), &[], || {
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
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let bytes = bytes.get(len, "bytes")?;
        let lengths = lengths.get(count, "lengths")?;
        batch.get()?.set_bytes(column.get("column")?, bytes, lengths)?;
        Ok(code::DONE)
    })
}

/// Adds a record to a batch of records, for hosts that go row by row.
///
/// # Parameters
/// - `batch`: the batch; one that has columns must have them all: topic, topic.name, partition, timestamp, key, value,
///   header.count
/// - `topic`: name of the topic
/// - `partition`: the partition; -1: the partitioner chooses
/// - `timestamp`: ms since 1970; -1: when it is produced
/// - `key`: the key; may be null where `keylen` is 0 or -1
/// - `keylen`: length of `key` in bytes; -1: null
/// - `value`: the value; may be null where `valuelen` is 0 or -1
/// - `valuelen`: length of `value` in bytes; -1: null
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1114: the handle is a batch of another kind, or a column lacks rows
/// - -1102, -1103, -1104: a pointer is null, the topic is not right, a number is out of range
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn AddRecord(
    batch: Handle<Batch>,
    topic: Text,
    partition: i32,
    timestamp: i64,
    key: Bytes,
    keylen: i32,
    value: Bytes,
    valuelen: i32,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let key = key.optional(keylen, "key")?;
        let value = value.optional(valuelen, "value")?;
        batch.get()?.add_record(topic.get("topic")?, partition, timestamp, key, value)?;
        Ok(code::DONE)
    })
}

/// Adds a header to the last record of a batch. Several may have one name.
///
/// # Parameters
/// - `batch`: the batch
/// - `name`: name of the header
/// - `value`: its value; may be null where `len` is 0 or -1
/// - `len`: length of `value` in bytes; -1: null
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1114: the batch has no record yet, or is of another kind
/// - -1102, -1103, -1104: a pointer is null, the name is not UTF-8, the length is out of range
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn AddHeader(
    batch: Handle<Batch>,
    name: Text,
    value: Bytes,
    len: i32,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let value = value.optional(len, "value")?;
        batch.get()?.add_header(name.get("name")?, value)?;
        Ok(code::DONE)
    })
}

/// Makes a new batch of some rows of another, in the order given; a row may come several times.
///
/// # Parameters
/// - `batch`: the batch
/// - `rows`: numbers of the rows, from 0; null where `count` is 0
/// - `count`: how many
/// - `out`: receives the handle of the new batch
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1104: there is no such row: the text names it; or `count` is negative
/// - -1114: the columns do not fit together
/// - -1102, -1112: a pointer is null, too many handles are open
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn SelectBatchRows(
    batch: Handle<Batch>,
    rows: Column<i32>,
    count: i32,
    out: HandleOut<Batch>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&out], || {
        let out = out.required("out")?;
        let rows = rows.get(count, "rows")?;
        out.set(batch.get()?.select(rows)?)?;
        Ok(code::DONE)
    })
}

/// Gives the addresses of a column's buffers in place, for hosts that read memory without copying.
///
/// The layout is Arrow's: integers in their own width (int32 or int64, as `DescribeAll` says); bytes as data, int32
/// offsets (one more than rows) and a validity bitmap, least bit first. The addresses are valid until the column is
/// replaced or the batch deleted: this is the one place where a host can hurt itself.
///
/// # Parameters
/// - `batch`: the batch
/// - `column`: name of the column
/// - `data`: receives the address of the values or bytes; 0: there are none
/// - `data_bytes`: receives their size in bytes
/// - `offsets`: receives the address of the offsets; 0: the column has none
/// - `validity`: receives the address of the bitmap; 0: no value is null
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1113: the batch has no such column
/// - -1102, -1103: a pointer is null, the name is not UTF-8
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn ViewBatch(
    batch: Handle<Batch>,
    column: Text,
    data: Out<u64>,
    data_bytes: Out<i64>,
    offsets: Out<u64>,
    validity: Out<u64>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&data, &data_bytes, &offsets, &validity], || {
        let data = data.required("data")?;
        let data_bytes = data_bytes.required("data_bytes")?;
        let offsets = offsets.required("offsets")?;
        let validity = validity.required("validity")?;
        let view = batch.get()?.view(column.get("column")?)?;
        data.set(view.0);
        data_bytes.set(view.1 as i64);
        offsets.set(view.2);
        validity.set(view.3);
        Ok(code::DONE)
    })
}

/// Exports a batch by the Arrow C data interface, as one struct array, without copying.
///
/// Fields of records: topic dictionary<int32, utf8>, partition int32, offset int64, timestamp timestamp[ms], key and value
/// binary, headers list<struct<name utf8, value binary>>; of reports and lists: their columns. A column that the batch does
/// not have is left out; a timestamp of -1 is null. The host calls the `release` of both structures, as Arrow says; they
/// may outlive the batch.
///
/// # Parameters
/// - `batch`: the batch
/// - `array`: address of room for a `struct ArrowArray`
/// - `schema`: address of room for a `struct ArrowSchema`
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1114: the columns do not fit together, or topic or header names are not UTF-8: nothing was written
/// - -1102, -1104: an address is null or not aligned
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn ExportBatch(
    batch: Handle<Batch>,
    array: Arrow,
    schema: Arrow,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let array = array.required("array")?;
        let schema = schema.required("schema")?;
        let (exported, described) = arrow::export(&*batch.get()?)?;
        array.put(exported);
        schema.put(described);
        Ok(code::DONE)
    })
}

/// Makes a batch of records from an Arrow struct array (a record batch), by the Arrow C data interface.
///
/// Fields, by name, any of them: topic, partition, offset, timestamp, key, value, headers, in the types of `ExportBatch` or
/// ones that can be cast to them (large and view types, other integers, utf8 for bytes). Unknown fields are ignored.
/// Both structures are released, also on failure.
///
/// # Parameters
/// - `array`: address of the `struct ArrowArray`
/// - `schema`: address of its `struct ArrowSchema`
/// - `batch`: receives the handle of the batch
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1114: not a struct array, malformed, or a field that cannot be read as records need it: the text names it
/// - -1104: an address is not aligned, or a structure is released already
/// - -1102, -1112: a pointer is null, too many handles are open
#[unsafe(no_mangle)]
pub extern "C" fn ImportBatch(
    array: Arrow,
    schema: Arrow,
    batch: HandleOut<Batch>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&ArrowIn { array, schema }, &batch], || {
        let batch = batch.required("batch")?;
        let (array, schema) = ArrowIn { array, schema }.take()?;
        batch.set(arrow::import(array, &schema)?)?;
        Ok(code::DONE)
    })
}
