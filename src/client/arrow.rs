//! Batches by the Arrow C data interface: out without copying, in from whatever can be cast.

use std::ptr::NonNull;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::types::{Int32Type, Int64Type, TimestampMillisecondType};
use arrow_array::{
    Array, ArrayRef, BinaryArray, DictionaryArray, Int32Array, Int64Array, ListArray, StringArray, StructArray,
    TimestampMillisecondArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, Fields, TimeUnit};

use super::batch::{
    Batch, BytesColumn, Columns, Content, IDS, Id, OFFSET_INVALID, Rows, Values, push_bytes, push_int, unequal,
};
use crate::error::{Error, Result, code};

/// A batch as a struct array and its schema.
pub fn export(batch: &Batch) -> Result<(FFI_ArrowArray, FFI_ArrowSchema)> {
    let rows = batch.rows();
    let of_rows = |id: Id| {
        let values = batch.values(id);
        match values.rows() {
            0 => Ok(None),
            has if has == rows => Ok(Some(values)),
            has => Err(unequal(id, has, rows)),
        }
    };
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    let mut add = |name: &str, array: ArrayRef, nullable: bool| {
        fields.push(Field::new(name, array.data_type().clone(), nullable));
        arrays.push(array);
    };
    for &id in IDS {
        let left_out = batch.content == Content::Records
            && matches!(id, Id::TimestampType | Id::LeaderEpoch | Id::HeaderCount | Id::Error);
        if left_out || id.kind().rows != Rows::Row || !id.kind().contents.contains(&batch.content) {
            continue;
        }
        let Some(values) = of_rows(id)? else { continue };
        match id {
            Id::Topic => {
                let names = strings(&batch.values(Id::TopicNames)).map_err(bad)?;
                let topics = DictionaryArray::<Int32Type>::try_new(int32(&values), Arc::new(names)).map_err(bad)?;
                add("topic", Arc::new(topics), false);
            }
            Id::Timestamp => add("timestamp", Arc::new(timestamps(&values)), true),
            _ => match &*values {
                Values::Int32(_) => add(id.kind().name, Arc::new(int32(&values)), false),
                Values::Int64(_) => add(id.kind().name, Arc::new(int64(&values)), false),
                Values::Bytes(_) => add(id.kind().name, Arc::new(binary(&values)), true),
            },
        }
    }
    if batch.content == Content::Records {
        if let Some(counts) = of_rows(Id::HeaderCount)? {
            add("headers", Arc::new(headers(batch, &counts)?), false);
        }
    }
    let array = StructArray::try_new_with_length(Fields::from(fields), arrays, None, rows).map_err(bad)?;
    let schema = FFI_ArrowSchema::try_from(array.data_type()).map_err(bad)?;
    Ok((FFI_ArrowArray::new(&array.into_data()), schema))
}

fn bad(e: ArrowError) -> Error {
    Error::new(code::BAD_BATCH, e.to_string())
}

/// Memory of a column, shared with it.
fn shared<T>(values: &Arc<Values>, of: &[T]) -> Buffer {
    if of.is_empty() {
        return Buffer::from_vec(Vec::<u8>::new());
    }
    // SAFETY: a live slice inside `values`, which the buffer keeps alive and nobody changes while it is shared.
    unsafe { Buffer::from_custom_allocation(NonNull::from(of).cast(), size_of_val(of), Arc::clone(values) as _) }
}

fn int32(values: &Arc<Values>) -> Int32Array {
    let slice = if let Values::Int32(ints) = &**values { ints.as_slice() } else { &[] };
    Int32Array::new(ScalarBuffer::new(shared(values, slice), 0, slice.len()), None)
}

fn int64(values: &Arc<Values>) -> Int64Array {
    let slice = if let Values::Int64(ints) = &**values { ints.as_slice() } else { &[] };
    Int64Array::new(ScalarBuffer::new(shared(values, slice), 0, slice.len()), None)
}

fn timestamps(values: &Arc<Values>) -> TimestampMillisecondArray {
    let slice = if let Values::Int64(ints) = &**values { ints.as_slice() } else { &[] };
    let nulls = slice.contains(&-1).then(|| NullBuffer::from_iter(slice.iter().map(|&time| time != -1)));
    TimestampMillisecondArray::new(ScalarBuffer::new(shared(values, slice), 0, slice.len()), nulls)
}

/// Offsets, data and validity of a column of bytes.
fn parts(values: &Arc<Values>) -> (OffsetBuffer<i32>, Buffer, Option<NullBuffer>) {
    match &**values {
        Values::Bytes(bytes) if bytes.rows() > 0 => {
            let offsets = ScalarBuffer::new(shared(values, bytes.offsets()), 0, bytes.offsets().len());
            let nulls = (!bytes.validity().is_empty())
                .then(|| NullBuffer::new(BooleanBuffer::new(shared(values, bytes.validity()), 0, bytes.rows())));
            (OffsetBuffer::new(offsets), shared(values, bytes.data()), nulls)
        }
        _ => (OffsetBuffer::new_empty(), Buffer::from_vec(Vec::<u8>::new()), None),
    }
}

fn binary(values: &Arc<Values>) -> BinaryArray {
    let (offsets, data, nulls) = parts(values);
    BinaryArray::new(offsets, data, nulls)
}

fn strings(values: &Arc<Values>) -> std::result::Result<StringArray, ArrowError> {
    let (offsets, data, nulls) = parts(values);
    StringArray::try_new(offsets, data, nulls)
}

fn headers(batch: &Batch, counts: &Arc<Values>) -> Result<ListArray> {
    let mut ends = vec![0i32];
    if let Values::Int32(counts) = &**counts {
        for (row, &count) in counts.iter().enumerate() {
            let end = Some(count).filter(|&count| count >= 0).and_then(|count| ends[row].checked_add(count));
            ends.push(end.ok_or_else(|| {
                Error::new(code::BAD_BATCH, format!("column header.count: row {row} is {count}, which cannot be"))
            })?);
        }
    }
    let names = strings(&batch.values(Id::HeaderNames)).map_err(bad)?;
    let mut values = binary(&batch.values(Id::HeaderValues));
    if values.is_empty() && !names.is_empty() {
        values = BinaryArray::new_null(names.len());
    }
    if ends.last().is_none_or(|&end| end as usize != names.len()) {
        let text =
            format!("column header.count adds up to {}, header.name has {} rows", ends[ends.len() - 1], names.len());
        return Err(Error::new(code::BAD_BATCH, text));
    }
    let fields =
        Fields::from(vec![Field::new("name", DataType::Utf8, false), Field::new("value", DataType::Binary, true)]);
    let all = StructArray::try_new(fields.clone(), vec![Arc::new(names), Arc::new(values)], None).map_err(bad)?;
    let item = Arc::new(Field::new("item", DataType::Struct(fields), false));
    ListArray::try_new(item, OffsetBuffer::new(ends.into()), Arc::new(all), None).map_err(bad)
}

/// A batch of records from a struct array.
pub fn import(array: FFI_ArrowArray, schema: &FFI_ArrowSchema) -> Result<Arc<Batch>> {
    let kind = DataType::try_from(schema).map_err(bad)?;
    if !matches!(kind, DataType::Struct(_)) {
        return Err(Error::new(
            code::BAD_BATCH,
            format!("the array is of type {kind}: a struct (a record batch) is wanted"),
        ));
    }
    // SAFETY: the host vouches for what the structures say; what can be checked is checked next.
    let data = unsafe { from_ffi(array, schema) }.map_err(bad)?;
    data.validate_full().map_err(bad)?;
    let array = StructArray::from(data);
    let mut columns = Columns::default();
    for (field, values) in array.fields().iter().zip(array.columns()) {
        let name = field.name().as_str();
        let cast = |to: &DataType| {
            cast_whole(values, to).map_err(|e| Error::new(code::BAD_BATCH, format!("field {name}: {e}")))
        };
        match name {
            "topic" => import_topics(&mut columns, &cast(&DataType::Utf8)?)?,
            "partition" => import_ints(&mut columns, Id::Partition, &cast(&DataType::Int64)?, -1)?,
            "offset" => import_ints(&mut columns, Id::Offset, &cast(&DataType::Int64)?, OFFSET_INVALID)?,
            "timestamp" => {
                let times = match values.data_type() {
                    DataType::Timestamp(..) => {
                        let times = cast(&DataType::Timestamp(TimeUnit::Millisecond, None))?;
                        let times = times.as_primitive::<TimestampMillisecondType>();
                        Arc::new(times.reinterpret_cast::<Int64Type>())
                    }
                    _ => cast(&DataType::Int64)?,
                };
                import_ints(&mut columns, Id::Timestamp, &times, -1)?;
            }
            "key" => import_bytes(&mut columns, Id::Key, &cast(&DataType::Binary)?)?,
            "value" => import_bytes(&mut columns, Id::Value, &cast(&DataType::Binary)?)?,
            "headers" => import_headers(&mut columns, values)?,
            _ => {}
        }
    }
    Ok(Batch::of(Content::Records, columns, None))
}

/// Casts; a value that cannot be cast is an error, not a null.
fn cast_whole(values: &ArrayRef, to: &DataType) -> std::result::Result<ArrayRef, ArrowError> {
    let options = arrow_cast::CastOptions { safe: false, ..Default::default() };
    arrow_cast::cast_with_options(values, to, &options)
}

fn import_ints(columns: &mut Columns, id: Id, values: &ArrayRef, null: i64) -> Result<()> {
    for (row, value) in values.as_primitive::<Int64Type>().iter().enumerate() {
        let value = value.unwrap_or(null);
        if id == Id::Partition && i32::try_from(value).is_err() {
            return Err(Error::new(
                code::BAD_BATCH,
                format!("field partition: {value} in row {row} is beyond 32 bits"),
            ));
        }
        push_int(columns, id, value);
    }
    Ok(())
}

fn import_bytes(columns: &mut Columns, id: Id, values: &ArrayRef) -> Result<()> {
    let mut all = BytesColumn::default();
    for value in values.as_binary::<i32>() {
        if !all.has_room(value.map_or(0, <[u8]>::len)) {
            return Err(Error::new(code::BAD_BATCH, format!("field {} holds more than 2^31 bytes", id.kind().name)));
        }
        all.push(value);
    }
    columns[id as usize] = Some(Arc::new(Values::Bytes(all)));
    Ok(())
}

fn import_topics(columns: &mut Columns, values: &ArrayRef) -> Result<()> {
    let mut known = std::collections::HashMap::new();
    for (row, name) in values.as_string::<i32>().iter().enumerate() {
        let name = name.ok_or_else(|| Error::new(code::BAD_BATCH, format!("field topic: row {row} is null")))?;
        let next = known.len() as i64;
        let index = *known.entry(name).or_insert_with(|| {
            push_bytes(columns, Id::TopicNames, Some(name.as_bytes()));
            next
        });
        push_int(columns, Id::Topic, index);
    }
    Ok(())
}

fn import_headers(columns: &mut Columns, values: &ArrayRef) -> Result<()> {
    let wrong = |what: &dyn std::fmt::Display| {
        Error::new(code::BAD_BATCH, format!("field headers: {what}; list<struct<name utf8, value binary>> is wanted"))
    };
    let item = match values.data_type() {
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) | DataType::LargeListView(item) => {
            item
        }
        other => return Err(wrong(other)),
    };
    let list = cast_whole(values, &DataType::List(Arc::clone(item))).map_err(|e| wrong(&e))?;
    let list = list.as_list::<i32>();
    let all = list.values().as_struct_opt().ok_or_else(|| wrong(item.data_type()))?;
    let part = |name: &str, to: &DataType| {
        let column = all.column_by_name(name).ok_or_else(|| wrong(&format!("no member {name}")))?;
        cast_whole(column, to).map_err(|e| wrong(&e))
    };
    let (names, data) = (part("name", &DataType::Utf8)?, part("value", &DataType::Binary)?);
    let (names, data) = (names.as_string::<i32>(), data.as_binary::<i32>());
    for row in 0..list.len() {
        let range = if list.is_null(row) { 0..0 } else { list.value_offsets()[row]..list.value_offsets()[row + 1] };
        push_int(columns, Id::HeaderCount, i64::from(range.end - range.start));
        for header in range.map(|header| header as usize) {
            if names.is_null(header) {
                return Err(wrong(&format!("row {row} has a header without a name")));
            }
            push_bytes(columns, Id::HeaderNames, Some(names.value(header).as_bytes()));
            push_bytes(columns, Id::HeaderValues, (!data.is_null(header)).then(|| data.value(header)));
        }
    }
    Ok(())
}
