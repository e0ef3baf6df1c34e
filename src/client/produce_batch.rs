//! Producing a batch: rows grouped by partition, handed over in runs.
//!
//! The broker threads of the engine work on one partition at a time: rows that come in runs of one partition cost less
//! than half of rows that alternate. Grouping is stable, so the order of each key and of each partition is kept.

use std::ffi::c_void;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::batch::{Batch, Progress};
use super::gate::{Inside, Timeout};
use super::ledger::MessageId;
use super::producer::{MSG_F_COPY, Producer, Room, Topic, raw, size};
use super::records::Produced;
use super::sys::{self, rd};
use crate::error::{Error, Result, code};

/// Rows that are grouped together: enough for long runs, few enough that no partition waits for another's backlog.
const WINDOW: usize = 8192;
/// Rows that one call of the engine takes.
const RUN: usize = 256;

/// Where the rows of a batch go.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// One topic for all rows.
    Named(&'a str),
    /// The batch's own topics.
    Batch,
}

/// What a call has done.
pub struct Outcome {
    pub first: MessageId,
    pub left: usize,
    pub refused: usize,
    pub result: Result<()>,
}

impl Producer {
    /// Hands over the rows of a batch. `partition`: -1 the partitioner's choice, -2 the batch's own.
    pub fn produce_batch(
        &self,
        inside: &Inside<'_>,
        target: Target<'_>,
        partition: i32,
        batch: &Batch,
        timeout: Timeout,
    ) -> Result<Outcome> {
        if partition < -2 {
            return Err(Error::new(
                code::BAD_ARGUMENT,
                format!("partition {partition}: give -2 (the batch's), -1 (any) or more"),
            ));
        }
        let changes = batch.changes();
        let rows = Produced::new(batch, matches!(target, Target::Named(_)), partition == -2)?;
        let names: Vec<&str> = match target {
            Target::Named(name) => vec![name],
            Target::Batch => rows.topics.iter().map(String::as_str).collect(),
        };
        names.iter().try_for_each(|name| self.with_topic(name, |_| ()))?;
        let mut work = Work {
            producer: self,
            names,
            partition,
            rows: &rows,
            progress: batch.take_progress().filter(|progress| progress.errors.len() == rows.rows).unwrap_or_else(
                || Progress { first: MessageId::next_run(rows.rows), errors: vec![code::QUEUE_FULL; rows.rows] },
            ),
            messages: Vec::with_capacity(RUN),
        };
        let mut room = Room::new(self, timeout);
        let mut result = work.run(inside, &mut room);
        let progress = work.progress;
        if result.is_ok() && progress.errors.contains(&code::WRONG_STATE) {
            result = Err(self.not_in_transaction("the batch"));
        }
        let first = progress.first;
        let left = progress.errors.iter().filter(|&&error| error == code::QUEUE_FULL).count();
        let refused = progress.errors.iter().filter(|&&error| error != 0).count() - left;
        batch.set_progress(changes, progress);
        Ok(Outcome { first, left, refused, result })
    }
}

struct Work<'a> {
    producer: &'a Producer,
    names: Vec<&'a str>,
    partition: i32,
    rows: &'a Produced,
    progress: Progress,
    /// Kept from run to run for its memory.
    messages: Vec<rd::rd_kafka_message_t>,
}

impl Work<'_> {
    /// Tries every row that is left; an error when there is no room in time.
    fn run(&mut self, inside: &Inside<'_>, room: &mut Room<'_>) -> Result<()> {
        let mut start = 0;
        while start < self.rows.rows {
            let end = self.rows.rows.min(start + WINDOW);
            loop {
                let (groups, order) = self.group(start..end)?;
                if order.is_empty() {
                    break;
                }
                let all = self.hand_over(&groups, &order)?;
                self.producer.engine().serve(Duration::ZERO);
                if !all {
                    room.wait(inside)?;
                }
            }
            start = end;
        }
        Ok(())
    }

    /// The rows of a window that are left, those of one group one after the other; and where each group ends.
    fn group(&self, window: Range<usize>) -> Result<Grouped> {
        let mut partitions = Vec::with_capacity(self.names.len());
        for name in &self.names {
            partitions.push(self.producer.with_topic(name, |topic| topic.noted.partitions.load(Ordering::Relaxed))?);
        }
        let mut known = FxHashMap::default();
        let mut groups: Vec<(Group, usize)> = Vec::new();
        let mut rows = Vec::with_capacity(window.len());
        // Topics of which some rows go where only the engine knows: those keep the order of the rows.
        let mut free = vec![false; self.names.len()];
        let mut bound = vec![false; self.names.len()];
        let left = window.filter(|&row| self.progress.errors[row] == code::QUEUE_FULL);
        let left: Vec<_> = left.map(|row| (self.group_of(row, &partitions), row)).collect();
        for (group, _) in &left {
            if group.to < 0 { free[group.topic] = true } else { bound[group.topic] = true }
        }
        for (mut group, row) in left {
            if free[group.topic] && bound[group.topic] {
                group.to = -1;
            }
            let index = *known.entry(group).or_insert_with(|| {
                groups.push((group, 0));
                groups.len() - 1
            });
            groups[index].1 += 1;
            rows.push((index, row));
        }
        let mut places = Vec::with_capacity(groups.len());
        let mut next = 0;
        for (_, count) in &groups {
            places.push(next);
            next += count;
        }
        let mut order = vec![0; rows.len()];
        for (index, row) in rows {
            order[places[index]] = row;
            places[index] += 1;
        }
        for (group, end) in groups.iter_mut().zip(places) {
            group.1 = end;
        }
        Ok((groups, order))
    }

    /// The partition that is asked for; -1: any.
    fn asked(&self, row: usize) -> i32 {
        if self.partition == -2 { self.rows.partition(row) } else { self.partition }
    }

    fn group_of(&self, row: usize, partitions: &[i32]) -> Group {
        let topic = if self.names.len() == 1 { 0 } else { self.rows.topic(row) };
        let (asked, count) = (self.asked(row), partitions[topic]);
        let to = match (self.rows.key(row).filter(|key| !key.is_empty()), self.producer.partitioner) {
            _ if asked >= 0 => asked,
            (Some(key), Some(choose)) if count > 0 => {
                // SAFETY: these partitioners read the key and the number of partitions only.
                unsafe { choose(ptr::null(), key.as_ptr().cast(), key.len(), count, ptr::null_mut(), ptr::null_mut()) }
            }
            // Without a key it is the engine's own choice.
            _ => -1,
        };
        Group { topic, to }
    }

    /// Hands rows over, in runs of one group. Whether all of them were tried: else there is no more room.
    fn hand_over(&mut self, groups: &[(Group, usize)], order: &[usize]) -> Result<bool> {
        let mut start = 0;
        for &(group, end) in groups {
            let runs = order[start..end].chunk_by(|&one, &other| self.asked(one) == self.asked(other));
            let runs: Vec<_> = runs.flat_map(|run| run.chunks(RUN)).collect();
            for run in runs {
                let ledger = self.producer.ledger()?;
                let allowed = ledger.enter(run.len());
                let name = self.names[group.topic];
                let full = self.producer.with_topic(name, |topic| self.hand_over_run(topic, &run[..allowed]))?;
                let refused = run[..allowed].iter().filter(|&&row| self.progress.errors[row] != 0);
                ledger.strike(refused.count());
                if full || allowed < run.len() {
                    return Ok(false);
                }
            }
            start = end;
            self.producer.engine().serve(Duration::ZERO);
        }
        Ok(true)
    }

    /// Hands over a run of rows that ask for one partition; whether some found no room.
    fn hand_over_run(&mut self, topic: &Topic, run: &[usize]) -> bool {
        let Some(&first) = run.first() else { return false };
        let asked = self.asked(first);
        let simple = |row: usize| self.rows.timestamp(row).is_none() && self.rows.headers(row).len() == 0;
        for part in run.chunk_by(|&one, &other| simple(one) == simple(other)) {
            let full = if simple(part[0]) {
                self.hand_over_simple(topic, asked, part)
            } else {
                part.iter().any(|&row| {
                    self.progress.errors[row] = self.hand_over_one(topic, asked, row);
                    self.progress.errors[row] == code::QUEUE_FULL
                })
            };
            if full {
                return true;
            }
        }
        false
    }

    /// Rows without headers and timestamps, in one call.
    fn hand_over_simple(&mut self, topic: &Topic, asked: i32, run: &[usize]) -> bool {
        self.messages.clear();
        let mut rows = [0; RUN];
        for &row in run {
            let (key, value) = (self.rows.key(row), self.rows.value(row));
            if let Err(e) = self.producer.check_size(size(key, value)) {
                self.progress.errors[row] = e.code;
                continue;
            }
            rows[self.messages.len()] = row;
            let (payload, len) = raw(value);
            let (key, key_len) = raw(key);
            self.messages.push(rd::rd_kafka_message_t {
                err: rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR,
                rkt: ptr::null_mut(),
                partition: asked,
                payload: payload.cast_mut(),
                len,
                key: key.cast_mut(),
                key_len,
                offset: 0,
                _private: self.progress.first.row(row).number() as *mut c_void,
            });
        }
        let count = self.messages.len();
        // SAFETY: a live topic, messages with their count; bytes are copied. Errors are read as plain integers.
        unsafe {
            rd::rd_kafka_produce_batch(topic.raw, asked, MSG_F_COPY, self.messages.as_mut_ptr(), count as i32);
        }
        let mut full = false;
        for (message, &row) in self.messages.iter().zip(&rows) {
            // SAFETY: a message of ours.
            let error = code::from_engine(unsafe { sys::message_error(message) });
            self.progress.errors[row] = error;
            full |= error == code::QUEUE_FULL;
        }
        full
    }

    /// A row with headers or a timestamp. Its code.
    fn hand_over_one(&self, topic: &Topic, partition: i32, row: usize) -> i32 {
        use rd::rd_kafka_vtype_t as kind;
        let (key, value) = (self.rows.key(row), self.rows.value(row));
        let headers = self.rows.headers(row);
        let headers_size: usize =
            self.rows.headers(row).map(|(name, value)| name.len() + value.map_or(0, <[u8]>::len)).sum();
        if let Err(e) = self.producer.check_size(size(key, value) + headers_size) {
            return e.code;
        }
        let part = |vtype, u| rd::rd_kafka_vu_t { vtype, u };
        type Union = rd::rd_kafka_vu_s__bindgen_ty_1;
        let memory = |(ptr, size): (*const c_void, usize)| Union {
            mem: rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 { ptr: ptr.cast_mut(), size },
        };
        let mut parts = vec![
            part(kind::RD_KAFKA_VTYPE_RKT, Union { rkt: topic.raw }),
            part(kind::RD_KAFKA_VTYPE_PARTITION, Union { i32_: partition }),
            part(kind::RD_KAFKA_VTYPE_MSGFLAGS, Union { i: MSG_F_COPY }),
            part(kind::RD_KAFKA_VTYPE_KEY, memory(raw(key))),
            part(kind::RD_KAFKA_VTYPE_VALUE, memory(raw(value))),
            part(kind::RD_KAFKA_VTYPE_OPAQUE, Union { ptr: self.progress.first.row(row).number() as *mut c_void }),
        ];
        if let Some(timestamp) = self.rows.timestamp(row) {
            parts.push(part(kind::RD_KAFKA_VTYPE_TIMESTAMP, Union { i64_: timestamp }));
        }
        // SAFETY: live texts with their lengths, which the engine copies; the headers are its own once it takes the record.
        unsafe {
            let mut native = ptr::null_mut();
            if headers.len() > 0 {
                native = rd::rd_kafka_headers_new(headers.len());
                for (name, value) in headers {
                    let (data, len) = raw(value);
                    rd::rd_kafka_header_add(native, name.as_ptr().cast(), name.len() as isize, data, len as isize);
                }
                parts.push(part(kind::RD_KAFKA_VTYPE_HEADERS, Union { headers: native }));
            }
            let error = rd::rd_kafka_produceva(self.producer.engine().rk(), parts.as_ptr(), parts.len());
            match sys::take_error(error, "") {
                Ok(()) => 0,
                Err(e) => {
                    if !native.is_null() {
                        rd::rd_kafka_headers_destroy(native);
                    }
                    e.code
                }
            }
        }
    }
}

/// Groups with where each ends, and the rows in that order.
type Grouped = (Vec<(Group, usize)>, Vec<usize>);

/// Rows that go to one partition of one topic; -1: the engine chooses.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Group {
    topic: usize,
    to: i32,
}
