//! Producers: handing records to the engine, and their deliveries.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::RwLock;

use super::batch::{self, Batch};
use super::config::Settings;
use super::engine::Engine;
use super::gate::{Deadline, Inside, SLICE, Timeout};
pub use super::ledger::MessageId;
use super::ledger::{Ledger, Outstanding, Report};
use super::sys::{self, c_text, rd};
use crate::error::{Error, Result, code};

/// Reports are served in every so many calls of `produce`; serving takes a lock of the engine.
const SERVE_EVERY: u32 = 32;

/// A topic of the engine, given back before the client ends.
struct Topic(*mut rd::rd_kafka_topic_t);

// SAFETY: topics of the engine may be used from any thread.
unsafe impl Send for Topic {}
// SAFETY: as above.
unsafe impl Sync for Topic {}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: ours, once, before its client.
        unsafe { rd::rd_kafka_topic_destroy(self.0) }
    }
}

pub struct Producer {
    engine: Engine,
    topics: RwLock<HashMap<Arc<str>, Topic>>,
    settings: Settings,
    queue_bytes: usize,
    calls: AtomicU32,
}

impl Producer {
    pub fn new(engine: Engine, settings: Settings, queue_bytes: usize) -> Producer {
        engine.hub().ledger.get_or_init(|| Ledger::new(settings.reports, settings.reports_max));
        Producer { engine, topics: RwLock::default(), settings, queue_bytes, calls: AtomicU32::new(0) }
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How long the documented `DeliveryReport` waits.
    pub fn poll_timeout(&self) -> Duration {
        self.settings.poll_timeout
    }

    fn ledger(&self) -> Result<&Ledger> {
        self.engine.hub().ledger.get().ok_or_else(|| Error::new(code::INTERNAL, "a producer without its ledger"))
    }

    /// Gives `using` the topic of the engine; makes it at its first use.
    fn with_topic<R>(&self, name: &str, using: impl FnOnce(*mut rd::rd_kafka_topic_t) -> R) -> Result<R> {
        if let Some(topic) = self.topics.read().get(name) {
            return Ok(using(topic.0));
        }
        if name.is_empty() {
            return Err(Error::new(code::BAD_TEXT, "the topic is empty"));
        }
        let mut topics = self.topics.write();
        if !topics.contains_key(name) {
            let mut names = self.engine.hub().topics.write();
            let text = c_text(name)?;
            // SAFETY: a live client; the configuration is the topic's, unless there is none.
            let topic = unsafe {
                let conf = rd::rd_kafka_default_topic_conf_dup(self.engine.rk());
                rd::rd_kafka_topic_conf_set_opaque(conf, names.len() as *mut c_void);
                let topic = rd::rd_kafka_topic_new(self.engine.rk(), text.as_ptr(), conf);
                if topic.is_null() {
                    let err = sys::rd_kafka_last_error();
                    rd::rd_kafka_topic_conf_destroy(conf);
                    return Err(Error::engine(err, format_args!("topic {name:?}")));
                }
                topic
            };
            let name: Arc<str> = name.into();
            names.push(Arc::clone(&name));
            topics.insert(name, Topic(topic));
        }
        let topic = topics.get(name).ok_or_else(|| Error::new(code::INTERNAL, "a topic without its handle"))?;
        Ok(using(topic.0))
    }

    /// Hands a record over, which the engine copies. Waits for room.
    pub fn produce(
        &self,
        inside: &Inside<'_>,
        id: MessageId,
        topic: &str,
        partition: i32,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<()> {
        const MSG_F_COPY: i32 = 0x2;
        if partition < -1 {
            return Err(Error::new(code::BAD_ARGUMENT, format!("partition {partition}: give -1 (any) or more")));
        }
        let size = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len);
        if size > self.queue_bytes {
            return Err(Error::new(
                code::MSG_SIZE_TOO_LARGE,
                format!(
                    "the record of {size} bytes is larger than queue.buffering.max.kbytes: it would never find room"
                ),
            ));
        }
        let ledger = self.ledger()?;
        if self.calls.fetch_add(1, Ordering::Relaxed) % SERVE_EVERY == SERVE_EVERY - 1 {
            self.engine.serve(Duration::ZERO);
        }
        let mut deadline: Option<Deadline> = None;
        loop {
            let full = if ledger.enter() {
                let (value, value_len) = raw(value);
                let (key, key_len) = raw(key);
                // SAFETY: a live topic; the bytes are copied in the call.
                let err = self.with_topic(topic, |topic| unsafe {
                    match rd::rd_kafka_produce(
                        topic,
                        partition,
                        MSG_F_COPY,
                        value.cast_mut(),
                        value_len,
                        key,
                        key_len,
                        id.number() as *mut c_void,
                    ) {
                        0 => 0,
                        _ => sys::rd_kafka_last_error(),
                    }
                });
                match err {
                    Ok(0) => return Ok(()),
                    Ok(err) => {
                        ledger.strike();
                        if err != code::QUEUE_FULL {
                            return Err(self.refused(err, topic, partition));
                        }
                        "the producer's queue is full (queue.buffering.max.*): brokers take records too slowly or not at all"
                            .to_string()
                    }
                    Err(e) => {
                        ledger.strike();
                        return Err(e);
                    }
                }
            } else {
                format!(
                    "{} records are in flight or their reports unread (kaffi.delivery.reports.max): read delivery reports",
                    ledger.max()
                )
            };
            let deadline = *deadline.get_or_insert_with(|| Timeout::of(self.settings.produce_timeout).deadline());
            if deadline.is_over() {
                return Err(self.engine.hub().diagnosis.explain(&full, code::QUEUE_FULL).with_code(code::QUEUE_FULL));
            }
            if let Err(ended) = inside.check() {
                let code = if ended.code == code::NOTHING { code::QUEUE_FULL } else { ended.code };
                return Err(Error::new(code, ended.text));
            }
            // Serving reports is what makes room.
            self.engine.serve(deadline.slice().min(SLICE / 2));
        }
    }

    fn refused(&self, err: i32, topic: &str, partition: i32) -> Error {
        match self.engine.fatal() {
            Some(fatal) => fatal,
            None if partition >= 0 => Error::engine(err, format_args!("topic {topic} [{partition}]")),
            None => Error::engine(err, format_args!("topic {topic}")),
        }
    }

    /// Reports, `max` at most. Waits for the first one while something is in flight.
    pub fn reports(&self, inside: &Inside<'_>, max: usize, timeout: Timeout) -> Result<Vec<Report>> {
        let ledger = self.ledger()?;
        ledger.ask();
        self.engine.serve(Duration::ZERO);
        let deadline = timeout.deadline();
        while max > 0 && !ledger.has_unread() && ledger.in_flight() > 0 && !deadline.is_over() {
            inside.check()?;
            self.engine.serve(deadline.slice());
        }
        Ok(ledger.take(max))
    }

    pub fn report_batch(&self, inside: &Inside<'_>, max: usize, timeout: Timeout) -> Result<Arc<Batch>> {
        let reports = self.reports(inside, max, timeout)?;
        if reports.is_empty() {
            return Err(Error::new(code::NOTHING, "no report"));
        }
        Ok(batch::of_reports(&reports, &self.engine.hub().topics.read()))
    }

    pub fn outstanding(&self) -> Result<Outstanding> {
        self.engine.serve(Duration::ZERO);
        Ok(self.ledger()?.outstanding())
    }

    /// Sends what is queued and waits for the reports; says how many are missing.
    pub fn flush(&self, inside: &Inside<'_>, timeout: Timeout, left: impl Fn(i64)) -> Result<()> {
        let ledger = self.ledger()?;
        let deadline = timeout.deadline();
        loop {
            self.flush_slice(deadline);
            let in_flight = ledger.in_flight();
            left(in_flight as i64);
            if in_flight == 0 {
                return Ok(());
            }
            if deadline.is_over() {
                let what = format!("{in_flight} records have no report yet; they stay on their way");
                return Err(self.engine.hub().diagnosis.explain(&what, code::TIMED_OUT).with_code(code::TIMED_OUT));
            }
            inside.check()?;
        }
    }

    fn flush_slice(&self, deadline: Deadline) {
        // SAFETY: a live client.
        unsafe { sys::rd_kafka_flush(self.engine.rk(), sys::ms(deadline.slice())) };
    }

    /// Delivers what is under way and ends the client. How many records were left, and why.
    pub fn close(&self, deadline: Deadline) -> Result<(usize, String)> {
        const PURGE_ALL: i32 = 0x7; // waiting, in flight, without waiting for it
        let ledger = self.ledger()?;
        loop {
            self.flush_slice(deadline);
            if ledger.in_flight() == 0 || deadline.is_over() {
                break;
            }
        }
        let why = self.engine.hub().diagnosis.explain("", code::UNDELIVERED).text;
        if ledger.in_flight() > 0 {
            // SAFETY: a live client.
            unsafe { sys::rd_kafka_purge(self.engine.rk(), PURGE_ALL) };
            let limit = Timeout::of(Duration::from_secs(5)).deadline();
            while ledger.in_flight() > 0 && !limit.is_over() {
                self.engine.serve(Duration::from_millis(10));
            }
        }
        let left = ledger.undelivered() + ledger.in_flight();
        self.topics.write().clear();
        self.engine.end(deadline, true);
        Ok((left, why))
    }
}

/// Pointer and length as the engine wants them: null is null, empty is not.
fn raw(bytes: Option<&[u8]>) -> (*const c_void, usize) {
    bytes.map_or((std::ptr::null(), 0), |bytes| (bytes.as_ptr().cast(), bytes.len()))
}
