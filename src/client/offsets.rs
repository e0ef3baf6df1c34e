//! Offsets of a consumer's group: committing them, and asking for them, without waiting deaf in the engine.

use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::assignment::{check_entries, expect_assigned};
use super::batch::{Batch, Columns, Content, Id, OFFSET_INVALID, push_bytes, push_int};
use super::clock::Moment;
use super::config::Store;
use super::consumer::Consumer;
use super::gate::{DEAF, Deadline, Inside, SLICE, Timeout};
use super::positions::{Mark, Slot};
use super::queue::PrivateQueue;
use super::sys::{self, Entry, NativeList, c_text, rd};
use crate::error::{self, Class, Error, Result, code};

const WAIT_COORD: i32 = -180;

impl Consumer {
    /// Commits a list, or the positions, and waits for the answer.
    pub fn commit(&self, inside: &Inside<'_>, list: Option<&Batch>) -> Result<()> {
        let deadline = Timeout::of(self.settings.request_timeout).deadline();
        let entries = self.to_commit(inside, list)?;
        self.commit_by(inside, list, entries, deadline)
    }

    /// The entries of a list, or the positions.
    fn to_commit(&self, inside: &Inside<'_>, list: Option<&Batch>) -> Result<Vec<Entry>> {
        list.map_or_else(|| self.processed(inside), Batch::entries)
    }

    fn commit_by(
        &self,
        inside: &Inside<'_>,
        list: Option<&Batch>,
        mut entries: Vec<Entry>,
        deadline: Deadline,
    ) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let result = self.commit_entries(&mut entries, deadline, || inside.check());
        match list {
            Some(list) => list.set_entries(&entries),
            None if result.is_ok() => self.note_committed(&entries),
            None => {}
        }
        result
    }

    /// The positions: what was handed out so far counts as processed.
    pub(super) fn processed(&self, inside: &Inside<'_>) -> Result<Vec<Entry>> {
        let mut state = self.interrupt(inside)?;
        self.apply_rebalances(&mut state);
        self.count_processed(&mut state, Moment::now());
        // What is stored is committed once more when the partition leaves: it must not be older than this.
        self.store(&mut state);
        Ok(state.positions.processed())
    }

    fn note_committed(&self, entries: &[Entry]) {
        if let Some(mut state) = self.state.try_lock_for(SLICE) {
            for entry in entries.iter().filter(|entry| entry.error == 0) {
                if let Some(position) = state.positions.of(entry) {
                    position.committed = Some(Mark { offset: entry.offset, epoch: entry.leader_epoch });
                }
            }
        }
    }

    /// Commits without blocking in the engine, where a hung coordinator would hold the call for minutes.
    pub(super) fn commit_entries(
        &self,
        entries: &mut [Entry],
        deadline: Deadline,
        check: impl Fn() -> Result<()>,
    ) -> Result<()> {
        if self.group.is_none() {
            return Err(no_group());
        }
        patiently(deadline, &check, || self.commit_once(entries, deadline, &check))
    }

    fn commit_once(&self, entries: &mut [Entry], deadline: Deadline, check: impl Fn() -> Result<()>) -> Result<()> {
        let list = NativeList::new(&*entries)?;
        let queue = PrivateQueue::new(&self.engine);
        // SAFETY: a live client, list and queue.
        let err = unsafe {
            sys::rd_kafka_commit_queue(self.engine.rk(), list.as_ptr(), queue.as_ptr(), Some(unused), ptr::null_mut())
        };
        if err != 0 {
            return Err(self.engine.fatal().unwrap_or_else(|| Error::engine(err, "commit")));
        }
        loop {
            if let Some(event) = queue.poll(deadline.slice()) {
                let (err, answers) = event.partitions();
                note_errors(entries, &answers);
                let first = entries.iter().map(|entry| code::to_engine(entry.error)).find(|&error| error != 0);
                return match first.unwrap_or(err) {
                    0 => Ok(()),
                    err => Err(Error::engine(err, "commit")),
                };
            }
            check()?;
            if deadline.is_over() {
                let what = "the group's coordinator did not answer the commit in time";
                return Err(self.engine.hub().diagnosis.explain(what, code::TIMED_OUT).with_code(code::TIMED_OUT));
            }
        }
    }

    /// The committed offset of the first entry of a list.
    pub fn committed(&self, inside: &Inside<'_>, list: &Batch) -> Result<i64> {
        let entries = list.entries()?;
        let first = entries.first().ok_or_else(|| {
            Error::new(code::BAD_ARGUMENT, "the list is empty: add a topic and partition with SetTopicPartitionList")
        })?;
        let deadline = Timeout::of(self.settings.request_timeout).deadline();
        let group = self.group.as_deref().ok_or_else(no_group)?;
        let first = std::slice::from_ref(first);
        let found = self.group_offsets(inside, group, first, deadline)?;
        match found.first() {
            Some(entry) if entry.error != 0 => Err(Error::engine(entry.error, "committed")),
            Some(entry) if entry.offset >= 0 => Ok(entry.offset),
            _ => Ok(OFFSET_INVALID),
        }
    }

    /// Asks the group for offsets and gets them, unless the answer takes longer than a call may be deaf to others.
    fn group_offsets_at_once(&self, of: &[Entry], deadline: Deadline) -> Result<Option<Vec<Entry>>> {
        let list = NativeList::new(of)?;
        let wait = sys::ms(deadline.left().min(DEAF));
        // SAFETY: a live client and list.
        match unsafe { sys::rd_kafka_committed(self.engine.rk(), list.as_ptr(), wait) } {
            0 => Ok(Some(list.entries())),
            code::TIMED_OUT | WAIT_COORD => Ok(None),
            err => Err(Error::engine(err, "committed")),
        }
    }

    fn group_offsets(&self, inside: &Inside<'_>, group: &str, of: &[Entry], deadline: Deadline) -> Result<Vec<Entry>> {
        patiently(
            deadline,
            || inside.check(),
            || match self.group_offsets_at_once(of, deadline)? {
                Some(found) => Ok(found),
                None => self.group_offsets_by_request(inside, group, of, deadline),
            },
        )
    }

    /// Asks the group for offsets by an admin request, which can be waited for in slices. It takes half a second at least.
    fn group_offsets_by_request(
        &self,
        inside: &Inside<'_>,
        group: &str,
        of: &[Entry],
        deadline: Deadline,
    ) -> Result<Vec<Entry>> {
        let list = NativeList::new(of)?;
        let group = c_text(group)?;
        let queue = PrivateQueue::new(&self.engine);
        // SAFETY: a live client, list and queue; the request and its options are copied by the call.
        unsafe {
            let mut request = rd::rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), list.as_ptr());
            let options = rd::rd_kafka_AdminOptions_new(
                self.engine.rk(),
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
            );
            let timeout = sys::ms(deadline.left()).min(3_600_000);
            rd::rd_kafka_AdminOptions_set_request_timeout(options, timeout, ptr::null_mut(), 0);
            rd::rd_kafka_ListConsumerGroupOffsets(self.engine.rk(), &raw mut request, 1, options, queue.as_ptr());
            rd::rd_kafka_AdminOptions_destroy(options);
            rd::rd_kafka_ListConsumerGroupOffsets_destroy(request);
        }
        loop {
            if let Some(event) = queue.poll(deadline.slice()) {
                return event.group_offsets();
            }
            inside.check()?;
            if deadline.is_over() {
                let what = "the group's coordinator did not answer in time";
                return Err(self.engine.hub().diagnosis.explain(what, code::TIMED_OUT).with_code(code::TIMED_OUT));
            }
        }
    }

    /// Says which offsets are processed. Only where the host alone says so: else the next call would count everything.
    pub fn store_offsets(&self, inside: &Inside<'_>, list: &Batch) -> Result<()> {
        if self.settings.store != Store::Manual {
            let text = "what was handed out counts as processed by itself: set kaffi.offset.store to manual (or \
                        enable.auto.offset.store to false) to store offsets yourself";
            return Err(Error::new(code::INVALID_ARG, text));
        }
        let entries = list.entries()?;
        let mut state = self.interrupt(inside)?;
        self.apply_rebalances(&mut state);
        check_entries(&entries)?;
        expect_assigned(&mut state, &entries)?;
        expect_offsets(&entries)?;
        for entry in entries {
            if let Some(position) = state.positions.of(&entry) {
                position.processed = Some(Mark { offset: entry.offset, epoch: entry.leader_epoch });
                position.metadata = entry.metadata;
            }
        }
        self.store(&mut state);
        Ok(())
    }

    /// Commits a list, or the positions, and waits for the answer; without a timeout the answer is an event.
    pub fn commit_offsets(&self, inside: &Inside<'_>, list: Option<&Batch>, timeout: Option<Timeout>) -> Result<()> {
        if self.group.is_none() {
            return Err(no_group());
        }
        let deadline = timeout.map(Timeout::deadline);
        let entries = self.to_commit(inside, list)?;
        check_entries(&entries)?;
        expect_offsets(&entries)?;
        let Some(deadline) = deadline else {
            if entries.is_empty() {
                return Ok(());
            }
            let list = NativeList::new(&entries)?;
            // SAFETY: a live client and list.
            return match unsafe { sys::rd_kafka_commit(self.engine.rk(), list.as_ptr(), 1) } {
                0 => Ok(()),
                err => Err(self.engine.fatal().unwrap_or_else(|| Error::engine(err, "commit"))),
            };
        };
        self.commit_by(inside, list, entries, deadline)
    }

    /// Fills a list with what the group has committed.
    pub fn get_committed(&self, inside: &Inside<'_>, list: &Batch, timeout: Timeout) -> Result<()> {
        let mut entries = list.entries()?;
        check_entries(&entries)?;
        if entries.is_empty() {
            return Ok(());
        }
        let group = self.group.as_deref().ok_or_else(no_group)?;
        let deadline = timeout.deadline();
        let found = self.group_offsets(inside, group, &entries, deadline)?;
        fill(&mut entries, &found);
        list.set_entries(&entries);
        first_error(&entries, "committed")
    }

    /// Fills a list with the offsets of the records that are handed out next.
    pub fn get_positions(&self, inside: &Inside<'_>, list: &Batch) -> Result<()> {
        let mut entries = list.entries()?;
        check_entries(&entries)?;
        let mut state = self.interrupt(inside)?;
        self.apply_rebalances(&mut state);
        expect_assigned(&mut state, &entries)?;
        for entry in &mut entries {
            let slot = state.positions.slot(&entry.topic, entry.partition);
            let mark = state.next(slot);
            (entry.offset, entry.leader_epoch) = mark.map_or((OFFSET_INVALID, -1), |mark| (mark.offset, mark.epoch));
        }
        list.set_entries(&entries);
        Ok(())
    }

    /// Fills a list, whose offsets are times, with the offsets of the first records at or after them.
    pub fn get_offsets_for_times(&self, inside: &Inside<'_>, list: &Batch, timeout: Timeout) -> Result<()> {
        let mut entries = list.entries()?;
        check_entries(&entries)?;
        if let Some(entry) = entries.iter().find(|entry| entry.offset < 0) {
            let text = format!("{} [{}]: time {}: give ms since 1970", entry.topic, entry.partition, entry.offset);
            return Err(Error::new(code::BAD_ARGUMENT, text));
        }
        if entries.is_empty() {
            return Ok(());
        }
        let wanted = entries.clone();
        let found = self.ask(inside, timeout.deadline(), "the offsets for times", move |rk, wait| {
            let list = NativeList::new(&wanted)?;
            // SAFETY: a live client and list.
            let err = unsafe { sys::rd_kafka_offsets_for_times(rk, list.as_ptr(), wait) };
            Ok((err, list.entries()))
        })?;
        fill(&mut entries, &found);
        list.set_entries(&entries);
        first_error(&entries, "offsets for times")
    }

    /// The first offset of a partition, and that of the next record which comes.
    pub fn get_watermarks(
        &self,
        inside: &Inside<'_>,
        topic: &str,
        partition: i32,
        timeout: Timeout,
    ) -> Result<(i64, i64)> {
        let deadline = timeout.deadline();
        if deadline.is_over() {
            return self.cached_watermarks(topic, partition);
        }
        self.query_watermarks(inside, topic, partition, deadline)
    }

    pub(super) fn query_watermarks(
        &self,
        inside: &Inside<'_>,
        topic: &str,
        partition: i32,
        deadline: Deadline,
    ) -> Result<(i64, i64)> {
        let name = c_text(topic)?;
        self.ask(inside, deadline, &format!("the watermarks of {topic} [{partition}]"), move |rk, wait| {
            let (mut low, mut high) = (OFFSET_INVALID, OFFSET_INVALID);
            let (l, h) = (&raw mut low, &raw mut high);
            // SAFETY: a live client, a NUL-terminated text, two places.
            let err = unsafe { sys::rd_kafka_query_watermark_offsets(rk, name.as_ptr(), partition, l, h, wait) };
            Ok((err, (low, high)))
        })
    }

    /// How far the host is behind in each partition, as far as the engine has heard of their ends.
    pub fn get_lag(&self, inside: &Inside<'_>) -> Result<Arc<Batch>> {
        let mut state = self.interrupt(inside)?;
        self.apply_rebalances(&mut state);
        let mut rows = Columns::default();
        let mut names = Vec::new();
        for slot in 0..state.positions.all.len() as Slot {
            if !state.positions.is_assigned(slot) {
                continue;
            }
            let (topic, partition) = state.positions.all[slot as usize].0.clone();
            let position = state.next(slot).map_or(OFFSET_INVALID, |mark| mark.offset);
            let (low, end) = self.cached_watermarks(&topic, partition)?;
            let lag = match (position, end) {
                (_, ..0) => OFFSET_INVALID,
                // Nothing is there to be read.
                _ if low == end => 0,
                (..0, _) => OFFSET_INVALID,
                // What retention has deleted is not to be read any more.
                _ => (end - position.max(low)).max(0),
            };
            let index = names.iter().position(|name| *name == topic).unwrap_or_else(|| {
                push_bytes(&mut rows, Id::TopicNames, Some(topic.as_bytes()));
                names.push(topic);
                names.len() - 1
            });
            push_int(&mut rows, Id::Topic, index as i64);
            push_int(&mut rows, Id::Partition, i64::from(partition));
            push_int(&mut rows, Id::Position, position);
            push_int(&mut rows, Id::End, end);
            push_int(&mut rows, Id::Lag, lag);
        }
        Ok(Batch::of(Content::Lag, rows, None))
    }

    fn cached_watermarks(&self, topic: &str, partition: i32) -> Result<(i64, i64)> {
        let name = c_text(topic)?;
        let (mut low, mut high) = (OFFSET_INVALID, OFFSET_INVALID);
        let (l, h) = (&raw mut low, &raw mut high);
        // SAFETY: a live client, a NUL-terminated text, two places.
        match unsafe { sys::rd_kafka_get_watermark_offsets(self.engine.rk(), name.as_ptr(), partition, l, h) } {
            // Not known yet is no error.
            0 | code::UNKNOWN_PARTITION => Ok((low, high)),
            err => Err(Error::engine(err, format_args!("watermarks of {topic} [{partition}]"))),
        }
    }

    /// Asks by a call of the engine that cannot be woken: shortly here, then on a thread of its own. `call` gets a wait in ms
    /// and gives the engine's code.
    fn ask<T: Send + 'static>(
        &self,
        inside: &Inside<'_>,
        deadline: Deadline,
        what: &str,
        call: impl Fn(*mut rd::rd_kafka_t, i32) -> Result<(i32, T)> + Clone + Send + 'static,
    ) -> Result<T> {
        const LONGEST: Duration = Duration::from_secs(10);
        let over = || {
            let what = format!("no broker told {what} in time");
            self.engine.hub().diagnosis.explain(&what, code::TIMED_OUT).with_code(code::TIMED_OUT)
        };
        let mut answer = call(self.engine.rk(), sys::ms(deadline.left().clamp(Duration::from_millis(1), DEAF)));
        loop {
            match answer? {
                (0, answer) => return Ok(answer),
                (err, _) if passes(err) => {}
                (err, _) => return Err(Error::engine(err, what)),
            }
            self.engine.serve(Duration::from_millis(10));
            let (call, wait) = (call.clone(), sys::ms(deadline.left().min(LONGEST)));
            inside.check()?;
            if deadline.is_over() {
                return Err(over());
            }
            let asked = self.engine.aside("kaffi-ask", move |rk| call(rk, wait))?;
            answer = loop {
                match asked.recv_timeout(deadline.slice()) {
                    Ok(answer) => break answer,
                    Err(RecvTimeoutError::Disconnected) => return Err(Error::new(code::INTERNAL, "no answer")),
                    Err(RecvTimeoutError::Timeout) => inside.check()?,
                }
                if deadline.is_over() {
                    return Err(over());
                }
            };
        }
    }

    /// Who the consumer is in its group, as JSON.
    pub fn group_metadata(&self) -> Result<String> {
        let group = self.group.as_deref().ok_or_else(no_group)?;
        // SAFETY: a live client; what it gives is destroyed here, its texts live as long.
        unsafe {
            let metadata = rd::rd_kafka_consumer_group_metadata(self.engine.rk());
            if metadata.is_null() {
                return Err(Error::new(code::NOT_STARTED, "the consumer is not in its group yet"));
            }
            let instance = sys::text(rd::rd_kafka_consumer_group_metadata_group_instance_id(metadata));
            let json = serde_json::json!({
                "group_id": group,
                "member_id": sys::text(rd::rd_kafka_consumer_group_metadata_member_id(metadata)),
                "generation_id": rd::rd_kafka_consumer_group_metadata_generation_id(metadata),
                "group_instance_id": (!instance.is_empty()).then_some(instance),
            });
            rd::rd_kafka_consumer_group_metadata_destroy(metadata);
            Ok(super::describe::ascii(&json))
        }
    }
}

/// Only there so that the commit's answer does not go to `offset_commit_cb` as well.
unsafe extern "C" fn unused(
    _: *mut rd::rd_kafka_t,
    _: i32,
    _: *mut rd::rd_kafka_topic_partition_list_t,
    _: *mut c_void,
) {
}

/// Whether an error is that of a broker which is not there, or not yet the right one.
fn passes(err: i32) -> bool {
    matches!(error::describe(code::from_engine(err)).class, Class::Network | Class::Timeout)
}

/// Tries till it is done, or fails for another reason than a broker that is not there.
fn patiently<T>(deadline: Deadline, check: impl Fn() -> Result<()>, mut call: impl FnMut() -> Result<T>) -> Result<T> {
    const PAUSE: Duration = Duration::from_millis(50);
    loop {
        match call() {
            Err(e) if passes(e.code) && !deadline.is_over() => {
                check()?;
                std::thread::park_timeout(deadline.slice().min(PAUSE));
            }
            result => return result,
        }
    }
}

fn no_group() -> Error {
    Error::new(code::START_FAILED, "group.id is not set: there is no group that keeps offsets")
}

fn expect_offsets(entries: &[Entry]) -> Result<()> {
    match entries.iter().find(|entry| entry.offset < 0) {
        None => Ok(()),
        Some(entry) => {
            let Entry { topic, partition, offset, .. } = entry;
            let text = format!("{topic} [{partition}]: offset {offset}: give that of the record to be read next");
            Err(Error::new(code::BAD_ARGUMENT, text))
        }
    }
}

/// Gives each entry what was found for it: the engine sorts its answers.
fn fill(entries: &mut [Entry], found: &[Entry]) {
    let found: HashMap<_, _> = found.iter().map(|entry| ((entry.topic.as_str(), entry.partition), entry)).collect();
    for entry in entries {
        let answer = found.get(&(entry.topic.as_str(), entry.partition)).copied();
        let mut filled = answer.cloned().unwrap_or_else(|| Entry::of(&entry.topic, entry.partition));
        filled.error = code::from_engine(filled.error);
        *entry = filled;
    }
}

fn first_error(entries: &[Entry], what: &str) -> Result<()> {
    match entries.iter().find(|entry| entry.error != 0) {
        None => Ok(()),
        Some(entry) => {
            let place = format_args!("{what} of {} [{}]", entry.topic, entry.partition);
            Err(Error::engine(code::to_engine(entry.error), place))
        }
    }
}

/// Gives each entry the error of its answer: the engine sorts the answers.
fn note_errors(entries: &mut [Entry], answers: &[Entry]) {
    let of = |entry: &Entry| (entry.topic.clone(), entry.partition);
    let errors: HashMap<_, _> = answers.iter().map(|answer| (of(answer), answer.error)).collect();
    for entry in entries {
        entry.error = code::from_engine(errors.get(&of(entry)).copied().unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::super::positions::entry;
    use super::*;

    fn entries(all: &[(&str, i32, i32)]) -> Vec<Entry> {
        let mark = Mark { offset: 1, epoch: -1 };
        let one = |&(topic, number, error): &(&str, i32, i32)| Entry { error, ..entry(&(topic.into(), number), mark) };
        all.iter().map(one).collect()
    }

    #[test]
    fn the_answers_of_a_commit_come_in_another_order() {
        let mut list = entries(&[("b", 1, 0), ("a", 2, 0), ("a", 0, 0), ("c", 0, 0)]);
        note_errors(&mut list, &entries(&[("a", 0, 22), ("a", 2, 0), ("b", 1, -1)]));
        assert_eq!(list.iter().map(|entry| entry.error).collect::<Vec<_>>(), [9999, 0, 22, 0]);
    }
}
