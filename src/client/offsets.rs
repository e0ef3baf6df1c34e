//! Offsets of a consumer's group: committing them, and asking for them, without waiting deaf in the engine.

use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr;
use std::time::{Duration, Instant};

use super::batch::{Batch, OFFSET_INVALID};
use super::consumer::Consumer;
use super::engine::Engine;
use super::gate::{Deadline, Inside, SLICE, Timeout};
use super::positions::Mark;
use super::sys::{self, Entry, NativeList, c_text, rd};
use crate::error::{Error, Result, code};

/// How long a request that cannot be woken may take.
const DEAF: Duration = Duration::from_millis(450);
const WAIT_COORD: i32 = -180;

impl Consumer {
    /// Commits a list, or the positions, and waits for the answer.
    pub fn commit(&self, inside: &Inside<'_>, list: Option<&Batch>) -> Result<()> {
        let deadline = Timeout::of(self.settings.request_timeout).deadline();
        match list {
            Some(batch) => {
                let mut entries = batch.entries()?;
                if entries.is_empty() {
                    return Ok(());
                }
                let result = self.commit_entries(&mut entries, deadline, || inside.check());
                batch.set_entries(&entries);
                result
            }
            None => {
                let mut state = self.interrupt(inside)?;
                self.apply_rebalances(&mut state);
                self.count_processed(&mut state, Instant::now());
                // What is stored is committed once more when the partition leaves: it must not be older than this.
                self.store(&mut state);
                let mut entries = state.positions.processed();
                drop(state);
                if entries.is_empty() {
                    return Ok(());
                }
                self.commit_entries(&mut entries, deadline, || inside.check())?;
                self.note_committed(&entries);
                Ok(())
            }
        }
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
        /// Only there so that the commit's answer does not go to `offset_commit_cb` as well.
        unsafe extern "C" fn unused(
            _: *mut rd::rd_kafka_t,
            _: i32,
            _: *mut rd::rd_kafka_topic_partition_list_t,
            _: *mut c_void,
        ) {
        }
        if self.group.is_none() {
            return Err(Error::new(code::START_FAILED, "group.id is not set: there is no group to commit to"));
        }
        let list = NativeList::new(&*entries)?;
        let queue = PrivateQueue::new(&self.engine);
        // SAFETY: a live client, list and queue.
        let err = unsafe {
            sys::rd_kafka_commit_queue(self.engine.rk(), list.as_ptr(), queue.0, Some(unused), ptr::null_mut())
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
        let group = self.group.as_deref().ok_or_else(|| Error::new(code::START_FAILED, "group.id is not set"))?;
        let first = std::slice::from_ref(first);
        let found = match self.group_offsets_at_once(first, deadline)? {
            Some(found) => found,
            None => self.group_offsets(inside, group, first, deadline)?,
        };
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

    /// Asks the group for offsets by an admin request, which can be waited for in slices. It takes half a second at least.
    fn group_offsets(&self, inside: &Inside<'_>, group: &str, of: &[Entry], deadline: Deadline) -> Result<Vec<Entry>> {
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
            rd::rd_kafka_ListConsumerGroupOffsets(self.engine.rk(), &raw mut request, 1, options, queue.0);
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
}

/// A queue for the answers to one call.
struct PrivateQueue(*mut rd::rd_kafka_queue_t);

impl PrivateQueue {
    fn new(engine: &Engine) -> PrivateQueue {
        // SAFETY: a live client.
        PrivateQueue(unsafe { rd::rd_kafka_queue_new(engine.rk()) })
    }

    fn poll(&self, wait: Duration) -> Option<Event> {
        // SAFETY: a live queue.
        let event = unsafe { rd::rd_kafka_queue_poll(self.0, sys::ms(wait)) };
        (!event.is_null()).then_some(Event(event))
    }
}

impl Drop for PrivateQueue {
    fn drop(&mut self) {
        // SAFETY: ours, once.
        unsafe { rd::rd_kafka_queue_destroy(self.0) }
    }
}

struct Event(*mut rd::rd_kafka_event_t);

impl Event {
    /// The answer to a commit: its error, and that of each entry.
    fn partitions(&self) -> (i32, Vec<Entry>) {
        // SAFETY: a live event; the list lives as long as it.
        unsafe { (sys::rd_kafka_event_error(self.0), sys::entries(rd::rd_kafka_event_topic_partition_list(self.0))) }
    }

    /// The answer to a request for a group's offsets.
    fn group_offsets(&self) -> Result<Vec<Entry>> {
        // SAFETY: a live event; what it gives lives as long as it.
        unsafe {
            let err = sys::rd_kafka_event_error(self.0);
            if err != 0 {
                let text = sys::text(rd::rd_kafka_event_error_string(self.0));
                return Err(Error::new(code::from_engine(err), text));
            }
            let result = rd::rd_kafka_event_ListConsumerGroupOffsets_result(self.0);
            let mut count = 0;
            let groups = rd::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &raw mut count);
            if count == 0 {
                return Ok(Vec::new());
            }
            let group = *groups;
            let error = sys::rd_kafka_group_result_error(group);
            if !error.is_null() {
                let text = sys::text(rd::rd_kafka_error_string(error));
                return Err(Error::new(code::from_engine(sys::rd_kafka_error_code(error)), text));
            }
            Ok(sys::entries(rd::rd_kafka_group_result_partitions(group)))
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: ours, once.
        unsafe { rd::rd_kafka_event_destroy(self.0) }
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
