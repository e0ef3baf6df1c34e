//! Batches: many records, delivery reports or list entries, in columns.
//!
//! A column is an `Arc` that is replaced, never changed while others hold it: a running call keeps what it began with.
//! Bytes are laid out as Arrow lays them out: 32-bit offsets, data, validity.

use std::sync::Arc;

use parking_lot::Mutex;

use super::sys::Entry;
use crate::error::{Error, Result, code};
use crate::handle::Kind;

/// Offset "none".
pub const OFFSET_INVALID: i64 = -1001;

/// What a batch holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    Records,
    List,
    Reports,
    Lag,
}

/// A kind of column: its name, how its values are kept, where it occurs, and what it means.
#[derive(serde::Serialize)]
pub struct ColumnKind {
    pub name: &'static str,
    #[serde(rename = "type")]
    pub width: Width,
    pub contents: &'static [Content],
    pub meaning: &'static str,
    #[serde(skip)]
    pub rows: Rows,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Width {
    Int32,
    Int64,
    Bytes,
}

/// What the values of a column are counted by.
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum Rows {
    Row,
    Topic,
    Header,
}

macro_rules! columns {
    ($($id:ident = $name:literal, $width:ident, $rows:ident, [$($content:ident),*], $meaning:literal;)*) => {
        /// The columns that there are, in the order of `COLUMNS`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Id { $($id),* }
        /// Every column, for `DescribeAll`.
        pub const COLUMNS: &[ColumnKind] = &[$(ColumnKind {
            name: $name, width: Width::$width, contents: &[$(Content::$content),*], meaning: $meaning, rows: Rows::$rows,
        }),*];
    };
}

columns! {
    Topic = "topic", Int32, Row, [Records, List, Reports, Lag], "index into topic.name";
    TopicNames = "topic.name", Bytes, Topic, [Records, List, Reports, Lag], "names of the topics, one for each distinct topic";
    Partition = "partition", Int32, Row, [Records, List, Reports, Lag], "partition; -1: none or any";
    Offset = "offset", Int64, Row, [Records, List, Reports], "offset; in a list that of the record to be read next, -1001: none";
    Timestamp = "timestamp", Int64, Row, [Records, Reports], "ms since 1970; -1: none";
    TimestampType = "timestamp_type", Int32, Row, [Records, Reports], "0 none, 1 set by the producer, 2 set by the broker";
    LeaderEpoch = "leader_epoch", Int32, Row, [Records, List], "epoch of the partition's leader; -1: none";
    Key = "key", Bytes, Row, [Records], "keys";
    Value = "value", Bytes, Row, [Records], "values";
    HeaderCount = "header.count", Int32, Row, [Records], "how many headers the record has";
    HeaderNames = "header.name", Bytes, Header, [Records], "names of the headers of all records, one after the other";
    HeaderValues = "header.value", Bytes, Header, [Records], "values of the headers of all records, one after the other";
    Metadata = "metadata", Bytes, Row, [List], "the host's own text beside a committed offset";
    Error = "error", Int32, Row, [Records, List, Reports], "code: 0, or why it failed; -184: not taken yet for lack of room";
    Message = "msgid", Int64, Row, [Reports], "id that Produce gave the record";
    Status = "status", Int32, Row, [Reports], "0 not persisted, 1 possibly, 2 persisted";
    Latency = "latency", Int64, Row, [Reports], "µs from Produce to the report";
    Position = "position", Int64, Row, [Lag], "offset of the record that is handed out next; -1001: not known yet";
    End = "end", Int64, Row, [Lag], "offset of the next record that will be written, as last heard; -1001: not known yet";
    Lag = "lag", Int64, Row, [Lag], "records from position to end; -1001: not known yet";
}

impl Id {
    pub fn kind(self) -> &'static ColumnKind {
        &COLUMNS[self as usize]
    }
}

pub const IDS: &[Id] = &[
    Id::Topic,
    Id::TopicNames,
    Id::Partition,
    Id::Offset,
    Id::Timestamp,
    Id::TimestampType,
    Id::LeaderEpoch,
    Id::Key,
    Id::Value,
    Id::HeaderCount,
    Id::HeaderNames,
    Id::HeaderValues,
    Id::Metadata,
    Id::Error,
    Id::Message,
    Id::Status,
    Id::Latency,
    Id::Position,
    Id::End,
    Id::Lag,
];

/// Values of variable length, laid out as Arrow lays them out: row i is `data[offsets[i]..offsets[i + 1]]`.
#[derive(Debug, Clone, Default)]
pub struct BytesColumn {
    /// One more than rows; empty while there are none.
    offsets: Vec<i32>,
    data: Vec<u8>,
    /// A bit for each row, 0 for null; empty while no value is null.
    validity: Vec<u8>,
}

impl BytesColumn {
    pub fn rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    pub fn data(&self) -> &[u8] {
        &self.data
    }

    pub fn offsets(&self) -> &[i32] {
        &self.offsets
    }

    pub fn validity(&self) -> &[u8] {
        &self.validity
    }

    fn is_valid(&self, row: usize) -> bool {
        self.validity.is_empty() || self.validity[row / 8] >> (row % 8) & 1 == 1
    }

    pub fn get(&self, row: usize) -> Option<&[u8]> {
        self.is_valid(row).then(|| &self.data[self.offsets[row] as usize..self.offsets[row + 1] as usize])
    }

    /// Length of a value; -1 for null.
    pub fn length(&self, row: usize) -> i32 {
        if self.is_valid(row) { self.offsets[row + 1] - self.offsets[row] } else { -1 }
    }

    /// Room for so many rows and bytes.
    pub fn with_capacity(rows: usize, bytes: usize) -> BytesColumn {
        BytesColumn { offsets: Vec::with_capacity(rows + 1), data: Vec::with_capacity(bytes), validity: Vec::new() }
    }

    /// Adds a value. The caller sees to it that all of them stay below 2^31 bytes.
    pub fn push(&mut self, value: Option<&[u8]>) {
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        if value.is_none() || !self.validity.is_empty() {
            self.push_validity(value.is_some());
        }
        self.data.extend_from_slice(value.unwrap_or_default());
        self.offsets.push(self.data.len() as i32);
    }

    #[cold]
    fn push_validity(&mut self, valid: bool) {
        let row = self.rows();
        if self.validity.is_empty() {
            // All rows so far are valid; bits beyond the last row do not matter.
            self.validity.resize(row / 8 + 1, 0xff);
        }
        self.validity.resize(row / 8 + 1, 0);
        let bit = 1 << (row % 8);
        if valid {
            self.validity[row / 8] |= bit;
        } else {
            self.validity[row / 8] &= !bit;
        }
    }

    /// Whether another `more` bytes fit.
    pub fn has_room(&self, more: usize) -> bool {
        self.data.len() + more <= i32::MAX as usize
    }

    fn from_lengths(column: &str, bytes: &[u8], lengths: &[i32]) -> Result<BytesColumn> {
        let mut all = BytesColumn::default();
        let mut rest = bytes;
        for (row, &length) in lengths.iter().enumerate() {
            let value = match usize::try_from(length) {
                Ok(length) if length <= rest.len() => {
                    let (value, after) = rest.split_at(length);
                    rest = after;
                    Some(value)
                }
                Err(_) if length == -1 => None,
                _ => {
                    let why = if length < -1 { "below -1" } else { "more than the bytes that are left" };
                    return Err(Error::new(
                        code::BAD_ARGUMENT,
                        format!("column {column}: the length of row {row} is {length}, {why}"),
                    ));
                }
            };
            all.push(value);
        }
        if rest.is_empty() {
            Ok(all)
        } else {
            Err(Error::new(
                code::BAD_ARGUMENT,
                format!("column {column}: the lengths add up to {} of {} bytes", bytes.len() - rest.len(), bytes.len()),
            ))
        }
    }
}

#[derive(Debug, Clone)]
pub enum Values {
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Bytes(BytesColumn),
}

impl Values {
    pub fn rows(&self) -> usize {
        match self {
            Values::Int32(values) => values.len(),
            Values::Int64(values) => values.len(),
            Values::Bytes(values) => values.rows(),
        }
    }
}

/// A column of integers to be read.
pub struct Ints(pub Arc<Values>);

impl Ints {
    pub fn len(&self) -> usize {
        self.0.rows()
    }

    pub fn for_each(&self, mut give: impl FnMut(usize, i64)) {
        match &*self.0 {
            Values::Int32(values) => values.iter().enumerate().for_each(|(row, &value)| give(row, i64::from(value))),
            Values::Int64(values) => values.iter().enumerate().for_each(|(row, &value)| give(row, value)),
            Values::Bytes(_) => {}
        }
    }
}

/// A column of bytes to be read.
pub struct Bytes(pub Arc<Values>);

impl std::ops::Deref for Bytes {
    type Target = BytesColumn;
    fn deref(&self) -> &BytesColumn {
        static EMPTY: BytesColumn = BytesColumn { offsets: Vec::new(), data: Vec::new(), validity: Vec::new() };
        match &*self.0 {
            Values::Bytes(bytes) => bytes,
            _ => &EMPTY,
        }
    }
}

pub type Columns = [Option<Arc<Values>>; COLUMNS.len()];

/// A batch of which rows are left to be produced.
pub struct Progress {
    pub first: super::ledger::MessageId,
    /// The code of each row; -184 for one that is left.
    pub errors: Vec<i32>,
}

/// What is left of a batch to be produced, and how often the batch has changed: a call that began before a change must
/// not leave anything behind.
#[derive(Default)]
struct Left {
    changes: u64,
    progress: Option<Progress>,
}

/// Records, reports or list entries, in columns.
pub struct Batch {
    pub content: Content,
    pub columns: Mutex<Columns>,
    /// Held while an entry is looked for and changed.
    changing: Mutex<()>,
    progress: Mutex<Left>,
    /// For a batch that a consumer handed out: where it came from.
    pub origin: Option<super::positions::Origin>,
}

impl Kind for Batch {
    const KIND: u64 = 3;
    const NAME: &'static str = "batch or topic-partition list";
}

impl Batch {
    pub fn of(content: Content, columns: Columns, origin: Option<super::positions::Origin>) -> Arc<Batch> {
        Arc::new(Batch {
            content,
            columns: Mutex::new(columns),
            changing: Mutex::new(()),
            progress: Mutex::default(),
            origin,
        })
    }

    /// An empty batch of records.
    pub fn new_records() -> Arc<Batch> {
        Batch::of(Content::Records, Columns::default(), None)
    }

    /// An empty topic-partition list.
    pub fn new_list() -> Arc<Batch> {
        let list = Batch::of(Content::List, [const { None }; COLUMNS.len()], None);
        list.clear();
        list
    }

    /// Empties it.
    pub fn clear(&self) {
        self.start_anew();
        let mut columns = self.columns.lock();
        for &id in IDS {
            columns[id as usize] = id.kind().contents.contains(&self.content).then(|| Arc::new(empty(id)));
        }
    }

    pub fn rows(&self) -> usize {
        let columns = self.columns.lock();
        let of_rows = IDS.iter().filter(|id| id.kind().rows == Rows::Row);
        of_rows.filter_map(|&id| columns[id as usize].as_deref()).map(Values::rows).max().unwrap_or(0)
    }

    pub fn column(&self, name: &str) -> Result<Id> {
        let found = IDS.iter().find(|id| id.kind().name == name && id.kind().contents.contains(&self.content));
        found.copied().ok_or_else(|| {
            let has = IDS.iter().filter(|id| id.kind().contents.contains(&self.content));
            let names: Vec<_> = has.map(|id| id.kind().name).collect();
            Error::new(
                code::UNKNOWN_COLUMN,
                format!("there is no column {name:?} here; there are {}", names.join(", ")),
            )
        })
    }

    fn typed_column(&self, name: &str, bytes: bool) -> Result<Id> {
        let id = self.column(name)?;
        if (id.kind().width == Width::Bytes) == bytes {
            return Ok(id);
        }
        let (is, call) = if bytes { ("integers", "Ints") } else { ("bytes", "Bytes") };
        Err(Error::new(code::UNKNOWN_COLUMN, format!("column {name} holds {is}: use GetBatch{call} or SetBatch{call}")))
    }

    pub fn values(&self, id: Id) -> Arc<Values> {
        self.columns.lock()[id as usize].clone().unwrap_or_else(|| Arc::new(empty(id)))
    }

    pub fn ints(&self, name: &str) -> Result<Ints> {
        self.typed_column(name, false).map(|id| Ints(self.values(id)))
    }

    pub fn bytes(&self, name: &str) -> Result<Bytes> {
        self.typed_column(name, true).map(|id| Bytes(self.values(id)))
    }

    /// Replaces a column that the host may set. What was left of a batch to be produced starts anew.
    fn replace(&self, id: Id, values: Values) {
        self.columns.lock()[id as usize] = Some(Arc::new(values));
        self.start_anew();
    }

    /// The batch has changed: what ProduceBatch said of its rows does not hold any more.
    pub fn start_anew(&self) {
        if self.content == Content::Records {
            self.columns.lock()[Id::Error as usize] = None;
        }
        let mut left = self.progress.lock();
        left.changes += 1;
        left.progress = None;
    }

    /// How often the batch has changed.
    pub fn changes(&self) -> u64 {
        self.progress.lock().changes
    }

    /// What an earlier call of ProduceBatch left.
    pub fn take_progress(&self) -> Option<Progress> {
        self.progress.lock().progress.take()
    }

    /// Says for each row what became of it, and leaves the rest for another call; unless the batch has changed meanwhile.
    pub fn set_progress(&self, changes: u64, progress: Progress) {
        let mut left = self.progress.lock();
        if left.changes == changes {
            self.columns.lock()[Id::Error as usize] = Some(Arc::new(Values::Int32(progress.errors.clone())));
            left.progress = progress.errors.contains(&code::QUEUE_FULL).then_some(progress);
        }
    }

    fn settable(&self, name: &str, bytes: bool) -> Result<Id> {
        let id = self.typed_column(name, bytes)?;
        match self.content {
            Content::Reports | Content::Lag => Err(Error::new(code::UNKNOWN_COLUMN, "this batch can be read, not set")),
            Content::Records if id == Id::Error => {
                Err(Error::new(code::UNKNOWN_COLUMN, "column error of records is for ProduceBatch to set"))
            }
            _ => Ok(id),
        }
    }

    pub fn set_ints(&self, name: &str, values: &[i64]) -> Result<()> {
        let id = self.settable(name, false)?;
        let column = if id.kind().width == Width::Int64 {
            Values::Int64(values.to_vec())
        } else {
            let narrow = values.iter().enumerate().map(|(row, &value)| {
                i32::try_from(value).map_err(|_| {
                    Error::new(code::BAD_ARGUMENT, format!("column {name}: {value} in row {row} is beyond 32 bits"))
                })
            });
            Values::Int32(narrow.collect::<Result<_>>()?)
        };
        self.replace(id, column);
        Ok(())
    }

    pub fn set_bytes(&self, name: &str, bytes: &[u8], lengths: &[i32]) -> Result<()> {
        let id = self.settable(name, true)?;
        self.replace(id, Values::Bytes(BytesColumn::from_lengths(name, bytes, lengths)?));
        Ok(())
    }

    /// The entries of a topic-partition list. Columns that were never set have their defaults.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        self.expect_list()?;
        let rows = self.rows();
        let names = self.names()?;
        let read = |id: Id, default: i64| -> Result<Vec<i64>> {
            let mut out = Vec::with_capacity(rows);
            Ints(self.values(id)).for_each(|_, value| out.push(value));
            if out.is_empty() {
                out.resize(rows, default);
            }
            if out.len() == rows { Ok(out) } else { Err(unequal(id, out.len(), rows)) }
        };
        let topics = read(Id::Topic, 0)?;
        let partitions = read(Id::Partition, -1)?;
        let offsets = read(Id::Offset, OFFSET_INVALID)?;
        let epochs = read(Id::LeaderEpoch, -1)?;
        let metadata = Bytes(self.values(Id::Metadata));
        if metadata.rows() != 0 && metadata.rows() != rows {
            return Err(unequal(Id::Metadata, metadata.rows(), rows));
        }
        (0..rows)
            .map(|row| {
                let topic = usize::try_from(topics[row]).ok().and_then(|index| names.get(index)).ok_or_else(|| {
                    Error::new(
                        code::BAD_BATCH,
                        format!(
                            "column topic: row {row} has index {}, topic.name has {} names",
                            topics[row],
                            names.len()
                        ),
                    )
                })?;
                Ok(Entry {
                    topic: topic.clone(),
                    partition: partitions[row] as i32,
                    offset: offsets[row],
                    leader_epoch: epochs[row] as i32,
                    metadata: if metadata.rows() == 0 { None } else { metadata.get(row).map(<[u8]>::to_vec) },
                    error: 0,
                })
            })
            .collect()
    }

    /// Replaces the entries of a topic-partition list.
    pub fn set_entries(&self, entries: &[Entry]) {
        let mut rows = Columns::default();
        for entry in entries {
            push_entry(&mut rows, entry);
        }
        self.clear();
        let mut columns = self.columns.lock();
        for (place, set) in columns.iter_mut().zip(rows) {
            if set.is_some() {
                *place = set;
            }
        }
    }

    pub fn expect_list(&self) -> Result<()> {
        if self.content == Content::List {
            return Ok(());
        }
        Err(Error::new(code::BAD_BATCH, "this batch is no topic-partition list: NewTopicPartitionList makes one"))
    }

    pub fn names(&self) -> Result<Vec<String>> {
        let names = Bytes(self.values(Id::TopicNames));
        let name = |row| {
            let bytes = names.get(row).filter(|name| !name.is_empty() && !name.contains(&0));
            bytes.and_then(|name| std::str::from_utf8(name).ok()).map(str::to_string).ok_or_else(|| {
                Error::new(code::BAD_BATCH, format!("column topic.name: row {row} is empty, or not UTF-8"))
            })
        };
        (0..names.rows()).map(name).collect()
    }

    /// Adds an entry to a topic-partition list; one that is there stays.
    pub fn add_partition(&self, topic: &str, partition: i32) -> Result<()> {
        if topic.is_empty() {
            return Err(Error::new(code::BAD_TEXT, "the topic is empty"));
        }
        if partition < -1 {
            return Err(Error::new(code::BAD_ARGUMENT, format!("partition {partition}: give -1 or more")));
        }
        let entry = Entry {
            topic: topic.to_string(),
            partition,
            offset: OFFSET_INVALID,
            leader_epoch: -1,
            metadata: None,
            error: 0,
        };
        let _changing = self.changing.lock();
        if self.find(topic, partition)?.is_none() {
            push_entry(&mut self.columns.lock(), &entry);
        }
        Ok(())
    }

    /// The row of an entry of a topic-partition list.
    fn find(&self, topic: &str, partition: i32) -> Result<Option<usize>> {
        self.expect_list()?;
        if !self.is_even() {
            // Columns that the host has not set get their defaults; others do not fit together.
            let entries = self.entries()?;
            self.set_entries(&entries);
        }
        let names = Bytes(self.values(Id::TopicNames));
        let Some(index) = (0..names.rows()).find(|&row| names.get(row) == Some(topic.as_bytes())) else {
            return Ok(None);
        };
        match (&*self.values(Id::Topic), &*self.values(Id::Partition)) {
            (Values::Int32(topics), Values::Int32(partitions)) => {
                let mut rows = topics.iter().zip(partitions);
                Ok(rows.position(|(&of, &number)| of == index as i32 && number == partition))
            }
            _ => Ok(None),
        }
    }

    /// Whether every column has all rows.
    fn is_even(&self) -> bool {
        let rows = self.rows();
        let columns = self.columns.lock();
        let mut of_rows =
            IDS.iter().filter(|id| id.kind().rows == Rows::Row).filter_map(|&id| columns[id as usize].as_deref());
        of_rows.all(|values| values.rows() == rows)
    }

    /// Sets the offset of an entry of a topic-partition list.
    pub fn set_offset(&self, topic: &str, partition: i32, offset: i64) -> Result<()> {
        if offset < 0 && !matches!(offset, -1 | -2 | -1000 | OFFSET_INVALID) {
            return Err(Error::new(code::BAD_ARGUMENT, format!("offset {offset} is none")));
        }
        let _changing = self.changing.lock();
        let row = self.find(topic, partition)?.ok_or_else(|| {
            Error::new(code::UNKNOWN_PARTITION, format!("the list has no entry for {topic} [{partition}]"))
        })?;
        let mut columns = self.columns.lock();
        match columns[Id::Offset as usize].as_mut().map(Arc::make_mut) {
            Some(Values::Int64(offsets)) if row < offsets.len() => offsets[row] = offset,
            offsets => return Err(unequal(Id::Offset, offsets.map_or(0, |offsets| offsets.rows()), row + 1)),
        }
        Ok(())
    }
}

pub fn unequal(id: Id, has: usize, rows: usize) -> Error {
    let name = id.kind().name;
    Error::new(code::BAD_BATCH, format!("column {name} has {has} rows, another one {rows}"))
}

fn empty(id: Id) -> Values {
    match id.kind().width {
        Width::Int32 => Values::Int32(Vec::new()),
        Width::Int64 => Values::Int64(Vec::new()),
        Width::Bytes => Values::Bytes(BytesColumn::default()),
    }
}

pub fn push_int(columns: &mut Columns, id: Id, value: i64) {
    let column = columns[id as usize].get_or_insert_with(|| Arc::new(empty(id)));
    match Arc::make_mut(column) {
        Values::Int32(values) => values.push(value as i32),
        Values::Int64(values) => values.push(value),
        Values::Bytes(_) => {}
    }
}

pub fn push_bytes(columns: &mut Columns, id: Id, value: Option<&[u8]>) {
    let column = columns[id as usize].get_or_insert_with(|| Arc::new(empty(id)));
    if let Values::Bytes(bytes) = Arc::make_mut(column) {
        bytes.push(value);
    }
}

fn push_entry(columns: &mut Columns, entry: &Entry) {
    let name = entry.topic.as_bytes();
    let known = columns[Id::TopicNames as usize].as_deref().and_then(|values| match values {
        Values::Bytes(names) => (0..names.rows()).find(|&row| names.get(row) == Some(name)),
        _ => None,
    });
    let topic = known.unwrap_or_else(|| {
        push_bytes(columns, Id::TopicNames, Some(name));
        columns[Id::TopicNames as usize].as_deref().map_or(0, Values::rows) - 1
    });
    push_int(columns, Id::Topic, topic as i64);
    push_int(columns, Id::Partition, i64::from(entry.partition));
    push_int(columns, Id::Offset, entry.offset);
    push_int(columns, Id::LeaderEpoch, i64::from(entry.leader_epoch));
    push_bytes(columns, Id::Metadata, entry.metadata.as_deref());
    push_int(columns, Id::Error, i64::from(entry.error));
}

/// Delivery reports as a batch.
pub fn of_reports(reports: &[super::ledger::Report], topics: &[Arc<super::engine::Topic>]) -> Arc<Batch> {
    let int32 = |read: fn(&super::ledger::Report) -> i32| Values::Int32(reports.iter().map(read).collect());
    let int64 = |read: fn(&super::ledger::Report) -> i64| Values::Int64(reports.iter().map(read).collect());
    let mut names = BytesColumn::default();
    topics.iter().for_each(|topic| names.push(Some(topic.name.as_bytes())));
    let columns = [
        (Id::Message, int64(|report| report.id.number() as i64)),
        (Id::Error, int32(|report| report.error)),
        (Id::Topic, int32(|report| report.topic)),
        (Id::TopicNames, Values::Bytes(names)),
        (Id::Partition, int32(|report| report.partition)),
        (Id::Offset, int64(|report| report.offset)),
        (Id::Timestamp, int64(|report| report.timestamp)),
        (Id::TimestampType, int32(|report| report.timestamp_type)),
        (Id::Status, int32(|report| report.status)),
        (Id::Latency, int64(|report| report.latency)),
    ];
    Batch::of(Content::Reports, gather(columns), None)
}

pub fn gather(columns: impl IntoIterator<Item = (Id, Values)>) -> Columns {
    let mut all = Columns::default();
    for (id, values) in columns {
        all[id as usize] = Some(Arc::new(values));
    }
    all
}
