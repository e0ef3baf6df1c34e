//! A queue for the answers to one call, so that they can be waited for in slices and a late one goes with the queue.

use std::time::Duration;

use super::engine::Engine;
use super::sys::{self, Entry, rd};
use crate::error::{Error, Result, code};

pub struct PrivateQueue(*mut rd::rd_kafka_queue_t);

impl PrivateQueue {
    pub fn new(engine: &Engine) -> PrivateQueue {
        // SAFETY: a live client.
        PrivateQueue(unsafe { rd::rd_kafka_queue_new(engine.rk()) })
    }

    pub fn as_ptr(&self) -> *mut rd::rd_kafka_queue_t {
        self.0
    }

    pub fn poll(&self, wait: Duration) -> Option<Event> {
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

pub struct Event(*mut rd::rd_kafka_event_t);

impl Event {
    pub fn as_ptr(&self) -> *mut rd::rd_kafka_event_t {
        self.0
    }

    /// The error of the whole answer, as the engine numbers it, and its text.
    pub fn error(&self) -> Option<(i32, String)> {
        // SAFETY: a live event.
        unsafe {
            let err = sys::rd_kafka_event_error(self.0);
            (err != 0).then(|| (err, sys::text(rd::rd_kafka_event_error_string(self.0))))
        }
    }

    /// The number that the request was given as its opaque.
    pub fn number(&self) -> usize {
        // SAFETY: a live event; the opaque is never followed.
        unsafe { rd::rd_kafka_event_opaque(self.0) as usize }
    }

    /// The answer to a commit: its error, and that of each entry.
    pub fn partitions(&self) -> (i32, Vec<Entry>) {
        // SAFETY: a live event; the list lives as long as it.
        unsafe { (sys::rd_kafka_event_error(self.0), sys::entries(rd::rd_kafka_event_topic_partition_list(self.0))) }
    }

    /// The answer to a request for a group's offsets.
    pub fn group_offsets(&self) -> Result<Vec<Entry>> {
        if let Some((err, text)) = self.error() {
            return Err(Error::new(code::from_engine(err), text));
        }
        // SAFETY: a live event; what it gives lives as long as it.
        unsafe {
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
