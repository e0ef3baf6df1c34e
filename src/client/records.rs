//! Records in columns: gathered by a consumer, put together by a host, read by a producer.

use std::sync::Arc;

use super::batch::{
    Batch, Bytes, BytesColumn, Columns, Content, IDS, Id, Rows, Values, gather, push_bytes, push_int, unequal,
};
use super::positions::Slot;
use crate::error::{Error, Result, code};

/// Records while they are gathered, then handed out one by one or as a batch.
#[derive(Default)]
pub struct Records {
    pub topics: Vec<Arc<str>>,
    pub topic: Vec<i32>,
    pub partition: Vec<i32>,
    /// Which of the consumer's partitions it is; no column.
    pub slot: Vec<Slot>,
    pub offset: Vec<i64>,
    pub timestamp: Vec<i64>,
    pub timestamp_type: Vec<i32>,
    pub leader_epoch: Vec<i32>,
    pub key: BytesColumn,
    pub value: BytesColumn,
    pub header_count: Vec<i32>,
    pub header_name: BytesColumn,
    pub header_value: BytesColumn,
}

impl Records {
    /// Room for so many rows, bytes of keys and bytes of values.
    pub fn with_capacity((rows, keys, values): (usize, usize, usize)) -> Records {
        Records {
            topic: Vec::with_capacity(rows),
            partition: Vec::with_capacity(rows),
            slot: Vec::with_capacity(rows),
            offset: Vec::with_capacity(rows),
            timestamp: Vec::with_capacity(rows),
            timestamp_type: Vec::with_capacity(rows),
            leader_epoch: Vec::with_capacity(rows),
            header_count: Vec::with_capacity(rows),
            key: BytesColumn::with_capacity(rows, keys),
            value: BytesColumn::with_capacity(rows, values),
            ..Records::default()
        }
    }

    /// The index of a topic, which is added if it is new.
    pub fn topic_index(&mut self, name: &Arc<str>) -> i32 {
        let known = self.topics.iter().rposition(|known| known == name);
        known.unwrap_or_else(|| {
            self.topics.push(Arc::clone(name));
            self.topics.len() - 1
        }) as i32
    }

    pub fn rows(&self) -> usize {
        self.partition.len()
    }

    /// Bytes of keys, values and headers.
    pub fn bytes(&self) -> usize {
        [&self.key, &self.value, &self.header_name, &self.header_value].iter().map(|column| column.data().len()).sum()
    }

    /// Adds those rows of `other` that `wanted` picks. `headers` is the index of the first header of each row.
    pub fn append(&mut self, other: &Records, wanted: impl Fn(usize) -> bool) {
        let mut header = 0;
        for row in 0..other.rows() {
            let headers = header..header + other.header_count[row] as usize;
            header = headers.end;
            if !wanted(row) {
                continue;
            }
            let topic = self.topic_index(&other.topics[other.topic[row] as usize]);
            self.topic.push(topic);
            self.slot.push(other.slot[row]);
            self.partition.push(other.partition[row]);
            self.offset.push(other.offset[row]);
            self.timestamp.push(other.timestamp[row]);
            self.timestamp_type.push(other.timestamp_type[row]);
            self.leader_epoch.push(other.leader_epoch[row]);
            self.key.push(other.key.get(row));
            self.value.push(other.value.get(row));
            self.header_count.push(other.header_count[row]);
            for header in headers {
                self.header_name.push(other.header_name.get(header));
                self.header_value.push(other.header_value.get(header));
            }
        }
    }

    pub fn into_batch(self, origin: super::positions::Origin) -> Arc<Batch> {
        let mut names = BytesColumn::default();
        self.topics.iter().for_each(|name| names.push(Some(name.as_bytes())));
        let columns = [
            (Id::Topic, Values::Int32(self.topic)),
            (Id::TopicNames, Values::Bytes(names)),
            (Id::Partition, Values::Int32(self.partition)),
            (Id::Offset, Values::Int64(self.offset)),
            (Id::Timestamp, Values::Int64(self.timestamp)),
            (Id::TimestampType, Values::Int32(self.timestamp_type)),
            (Id::LeaderEpoch, Values::Int32(self.leader_epoch)),
            (Id::Key, Values::Bytes(self.key)),
            (Id::Value, Values::Bytes(self.value)),
            (Id::HeaderCount, Values::Int32(self.header_count)),
            (Id::HeaderNames, Values::Bytes(self.header_name)),
            (Id::HeaderValues, Values::Bytes(self.header_value)),
        ];
        Batch::of(Content::Records, gather(columns), Some(origin))
    }
}

/// The columns of a batch of records as a producer reads them: checked, and kept as they were when the call began.
pub struct Produced {
    pub rows: usize,
    pub topics: Vec<String>,
    topic: Arc<Values>,
    partition: Arc<Values>,
    timestamp: Arc<Values>,
    key: Bytes,
    value: Bytes,
    header_count: Arc<Values>,
    header_name: Bytes,
    header_value: Bytes,
    /// Index of the first header of each row; empty without headers.
    first_header: Vec<usize>,
}

impl Produced {
    /// `named`: the call names the topic, so that the batch need not.
    pub fn new(batch: &Batch, named: bool, partitioned: bool) -> Result<Produced> {
        if batch.content != Content::Records {
            return Err(Error::new(code::BAD_BATCH, "this batch holds no records"));
        }
        let rows = batch.rows();
        let of_rows = |id: Id| {
            let values = batch.values(id);
            let has = values.rows();
            if has == 0 || has == rows { Ok(values) } else { Err(unequal(id, has, rows)) }
        };
        let all = Produced {
            rows,
            topics: if named { Vec::new() } else { batch.names()? },
            topic: of_rows(Id::Topic)?,
            partition: of_rows(Id::Partition)?,
            timestamp: of_rows(Id::Timestamp)?,
            key: Bytes(of_rows(Id::Key)?),
            value: Bytes(of_rows(Id::Value)?),
            header_count: of_rows(Id::HeaderCount)?,
            header_name: Bytes(batch.values(Id::HeaderNames)),
            header_value: Bytes(batch.values(Id::HeaderValues)),
            first_header: Vec::new(),
        };
        if !named && rows > 0 {
            all.check_topics()?;
        }
        if let Values::Int64(timestamps) = &*all.timestamp {
            if let Some(row) = timestamps.iter().position(|&timestamp| timestamp < -1) {
                let text =
                    format!("column timestamp: row {row} is {}: give -1 (now) or ms since 1970", timestamps[row]);
                return Err(Error::new(code::BAD_BATCH, text));
            }
        }
        if let (true, Values::Int32(partitions)) = (partitioned, &*all.partition) {
            if partitions.len() != rows {
                return Err(Error::new(code::BAD_BATCH, "column partition is not set, and partition -2 asks for it"));
            }
            if let Some(row) = partitions.iter().position(|&partition| partition < -1) {
                let text = format!("column partition: row {row} is {}: give -1 (any) or more", partitions[row]);
                return Err(Error::new(code::BAD_BATCH, text));
            }
        }
        all.with_headers()
    }

    fn check_topics(&self) -> Result<()> {
        let lacking = |text: &str| Err(Error::new(code::BAD_BATCH, text.to_string()));
        match &*self.topic {
            _ if self.topics.is_empty() => lacking("column topic.name is not set, and the call names no topic"),
            Values::Int32(topics) if topics.is_empty() && self.topics.len() == 1 => Ok(()),
            Values::Int32(topics) if topics.is_empty() => {
                lacking("column topic is not set: it says which of topic.name")
            }
            Values::Int32(topics) => {
                let wrong = topics.iter().position(|&topic| topic < 0 || topic as usize >= self.topics.len());
                wrong.map_or(Ok(()), |row| {
                    lacking(&format!(
                        "column topic: row {row} has index {}, topic.name has {} names",
                        topics[row],
                        self.topics.len()
                    ))
                })
            }
            _ => Ok(()),
        }
    }

    fn with_headers(mut self) -> Result<Produced> {
        let (names, values) = (self.header_name.rows(), self.header_value.rows());
        let mut total = 0usize;
        let mut first = Vec::new();
        if let Values::Int32(counts) = &*self.header_count {
            for (row, &count) in counts.iter().enumerate() {
                first.push(total);
                total += usize::try_from(count).map_err(|_| {
                    Error::new(code::BAD_BATCH, format!("column header.count: row {row} is negative: {count}"))
                })?;
            }
        }
        if total != names {
            let text = format!("column header.count adds up to {total}, header.name has {names} rows");
            return Err(Error::new(code::BAD_BATCH, text));
        }
        if values != 0 && values != names {
            return Err(unequal(Id::HeaderValues, values, names));
        }
        for header in 0..names {
            if self.header_name.get(header).is_none_or(|name| name.contains(&0) || std::str::from_utf8(name).is_err()) {
                let text = format!("column header.name: row {header} is null, holds a NUL or is not UTF-8");
                return Err(Error::new(code::BAD_BATCH, text));
            }
        }
        if names > 0 {
            first.push(total);
            self.first_header = first;
        }
        Ok(self)
    }

    /// Index of the topic of a row.
    pub fn topic(&self, row: usize) -> usize {
        match &*self.topic {
            Values::Int32(topics) if !topics.is_empty() => topics[row] as usize,
            _ => 0,
        }
    }

    pub fn partition(&self, row: usize) -> i32 {
        match &*self.partition {
            Values::Int32(partitions) if !partitions.is_empty() => partitions[row],
            _ => -1,
        }
    }

    /// ms since 1970; `None`: now. The engine takes 0 for now, too.
    pub fn timestamp(&self, row: usize) -> Option<i64> {
        match &*self.timestamp {
            Values::Int64(timestamps) if !timestamps.is_empty() => Some(timestamps[row]).filter(|&time| time > 0),
            _ => None,
        }
    }

    pub fn key(&self, row: usize) -> Option<&[u8]> {
        if self.key.rows() == 0 { None } else { self.key.get(row) }
    }

    pub fn value(&self, row: usize) -> Option<&[u8]> {
        if self.value.rows() == 0 { None } else { self.value.get(row) }
    }

    /// Name and value of each header of a row.
    pub fn headers(&self, row: usize) -> impl ExactSizeIterator<Item = (&[u8], Option<&[u8]>)> {
        let range =
            if self.first_header.is_empty() { 0..0 } else { self.first_header[row]..self.first_header[row + 1] };
        range.map(|header| {
            let value = if self.header_value.rows() == 0 { None } else { self.header_value.get(header) };
            (self.header_name.get(header).unwrap_or_default(), value)
        })
    }
}

impl Batch {
    /// Adds a record behind the last one.
    pub fn add_record(
        &self,
        topic: &str,
        partition: i32,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<()> {
        self.expect_records()?;
        if topic.is_empty() {
            return Err(Error::new(code::BAD_TEXT, "the topic is empty"));
        }
        if partition < -1 {
            return Err(Error::new(code::BAD_ARGUMENT, format!("partition {partition}: give -1 (any) or more")));
        }
        if timestamp < -1 {
            return Err(Error::new(
                code::BAD_ARGUMENT,
                format!("timestamp {timestamp}: give -1 (now) or ms since 1970"),
            ));
        }
        let rows = self.rows();
        let mut columns = self.columns.lock();
        for id in [Id::Topic, Id::Partition, Id::Timestamp, Id::Key, Id::Value, Id::HeaderCount] {
            let has = columns[id as usize].as_deref().map_or(0, Values::rows);
            if has != rows {
                return Err(unequal(id, has, rows));
            }
        }
        for (id, data) in [(Id::Key, key), (Id::Value, value)] {
            check_room(&columns, id, data)?;
        }
        let names = columns[Id::TopicNames as usize].as_deref();
        let known = names.and_then(|names| match names {
            Values::Bytes(names) => (0..names.rows()).rev().find(|&row| names.get(row) == Some(topic.as_bytes())),
            _ => None,
        });
        let index = known.unwrap_or_else(|| {
            let index = columns[Id::TopicNames as usize].as_deref().map_or(0, Values::rows);
            push_bytes(&mut columns, Id::TopicNames, Some(topic.as_bytes()));
            index
        });
        push_int(&mut columns, Id::Topic, index as i64);
        push_int(&mut columns, Id::Partition, i64::from(partition));
        push_int(&mut columns, Id::Timestamp, timestamp);
        push_bytes(&mut columns, Id::Key, key);
        push_bytes(&mut columns, Id::Value, value);
        push_int(&mut columns, Id::HeaderCount, 0);
        drop(columns);
        self.start_anew();
        Ok(())
    }

    /// Adds a header to the last record.
    pub fn add_header(&self, name: &str, value: Option<&[u8]>) -> Result<()> {
        self.expect_records()?;
        let mut columns = self.columns.lock();
        check_room(&columns, Id::HeaderValues, value)?;
        check_room(&columns, Id::HeaderNames, Some(name.as_bytes()))?;
        match columns[Id::HeaderCount as usize].as_mut().map(Arc::make_mut) {
            Some(Values::Int32(counts)) if !counts.is_empty() => {
                let last = counts.len() - 1;
                counts[last] += 1;
            }
            _ => {
                return Err(Error::new(
                    code::BAD_BATCH,
                    "there is no record to add a header to: AddRecord comes first",
                ));
            }
        }
        push_bytes(&mut columns, Id::HeaderNames, Some(name.as_bytes()));
        push_bytes(&mut columns, Id::HeaderValues, value);
        drop(columns);
        self.start_anew();
        Ok(())
    }

    fn expect_records(&self) -> Result<()> {
        if self.content == Content::Records {
            return Ok(());
        }
        Err(Error::new(code::BAD_BATCH, "this batch is not for records: NewBatch makes one"))
    }

    /// A new batch of some rows, in the order given.
    pub fn select(&self, wanted: &[i32]) -> Result<Arc<Batch>> {
        let rows = self.rows();
        let outside = wanted.iter().position(|&row| row < 0 || row as usize >= rows);
        if let Some(at) = outside {
            let text = format!("rows[{at}] is {}: the batch has rows 0 to {}", wanted[at], rows as i64 - 1);
            return Err(Error::new(code::BAD_ARGUMENT, text));
        }
        let mut headers = Vec::new();
        if let Values::Int32(counts) = &*self.values(Id::HeaderCount) {
            let mut first = vec![0usize];
            counts.iter().for_each(|&count| first.push(first[first.len() - 1] + count.max(0) as usize));
            let names = self.values(Id::HeaderNames).rows();
            if first[counts.len()] > names {
                let text =
                    format!("column header.count adds up to {}, header.name has {names} rows", first[counts.len()]);
                return Err(Error::new(code::BAD_BATCH, text));
            }
            if counts.len() == rows {
                wanted.iter().for_each(|&row| headers.extend(first[row as usize]..first[row as usize + 1]));
            }
        }
        let wanted: Vec<usize> = wanted.iter().map(|&row| row as usize).collect();
        let mut out = Columns::default();
        for &id in IDS {
            let Some(values) = self.columns.lock()[id as usize].clone() else { continue };
            if (self.content, id) == (Content::Records, Id::Error) {
                continue;
            }
            let picked = match id.kind().rows {
                Rows::Topic => Some(values),
                Rows::Row if values.rows() == 0 => Some(values),
                Rows::Row if values.rows() != rows => return Err(unequal(id, values.rows(), rows)),
                Rows::Row => Some(Arc::new(pick(id, &values, &wanted)?)),
                Rows::Header if values.rows() == 0 => Some(values),
                Rows::Header if headers.iter().any(|&header| header >= values.rows()) => {
                    return Err(Error::new(
                        code::BAD_BATCH,
                        format!("column {} is too short for header.count", id.kind().name),
                    ));
                }
                Rows::Header => Some(Arc::new(pick(id, &values, &headers)?)),
            };
            out[id as usize] = picked;
        }
        Ok(Batch::of(self.content, out, None))
    }

    /// Addresses of a column's buffers in place: data and its bytes, offsets, validity; 0 where it has none.
    pub fn view(&self, name: &str) -> Result<(u64, usize, u64, u64)> {
        let id = self.column(name)?;
        let address = |empty: bool, address: *const u8| if empty { 0 } else { address as u64 };
        Ok(match &*self.values(id) {
            Values::Int32(v) => (address(v.is_empty(), v.as_ptr().cast()), v.len() * 4, 0, 0),
            Values::Int64(v) => (address(v.is_empty(), v.as_ptr().cast()), v.len() * 8, 0, 0),
            Values::Bytes(v) => (
                address(v.data().is_empty(), v.data().as_ptr()),
                v.data().len(),
                address(v.offsets().is_empty(), v.offsets().as_ptr().cast()),
                address(v.validity().is_empty(), v.validity().as_ptr()),
            ),
        })
    }
}

fn check_room(columns: &Columns, id: Id, data: Option<&[u8]>) -> Result<()> {
    match columns[id as usize].as_deref() {
        Some(Values::Bytes(bytes)) if !bytes.has_room(data.map_or(0, <[u8]>::len)) => Err(too_large(id)),
        _ => Ok(()),
    }
}

fn too_large(id: Id) -> Error {
    Error::new(code::BAD_ARGUMENT, format!("column {} would grow beyond 2^31 bytes", id.kind().name))
}

fn pick(id: Id, values: &Values, rows: &[usize]) -> Result<Values> {
    Ok(match values {
        Values::Int32(values) => Values::Int32(rows.iter().map(|&row| values[row]).collect()),
        Values::Int64(values) => Values::Int64(rows.iter().map(|&row| values[row]).collect()),
        Values::Bytes(values) => {
            let mut picked = BytesColumn::default();
            for &row in rows {
                let value = values.get(row);
                if !picked.has_room(value.map_or(0, <[u8]>::len)) {
                    return Err(too_large(id));
                }
                picked.push(value);
            }
            Values::Bytes(picked)
        }
    })
}
