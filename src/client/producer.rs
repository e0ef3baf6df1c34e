//! Producers: handing records to the engine, and their deliveries.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashMap;

use super::batch::{self, Batch};
use super::config::{Config, Settings};
use super::engine::{self, Engine, Partitioner};
use super::gate::{Deadline, Inside, SLICE, Timeout};
pub use super::ledger::MessageId;
use super::ledger::{Ledger, Outstanding, Report};
use super::sys::{self, c_text, rd};
use super::transactions;
use crate::error::{Error, Result, code};

/// Reports are served in every so many calls of `produce`; serving takes a lock of the engine.
const SERVE_EVERY: u32 = 32;

pub(super) const MSG_F_COPY: i32 = 0x2;

/// A topic of the engine, given back before the client ends.
pub(super) struct Topic {
    pub(super) raw: *mut rd::rd_kafka_topic_t,
    pub(super) noted: Arc<engine::Topic>,
}

// SAFETY: topics of the engine may be used from any thread.
unsafe impl Send for Topic {}
// SAFETY: as above.
unsafe impl Sync for Topic {}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: ours, once, before its client.
        unsafe { rd::rd_kafka_topic_destroy(self.raw) }
    }
}

/// Which records are given up.
#[derive(Clone, Copy)]
pub struct Purge(i32);

impl Purge {
    const ALL: Purge = Purge(3);

    pub fn from_number(what: i32) -> Result<Purge> {
        if (1..=3).contains(&what) {
            return Ok(Purge(what));
        }
        let text = format!("what is {what}: 1 gives up what waits, 2 what is in flight, 3 both");
        Err(Error::new(code::BAD_ARGUMENT, text))
    }
}

pub struct Producer {
    engine: Engine,
    topics: RwLock<FxHashMap<Arc<str>, Topic>>,
    settings: Settings,
    queue_bytes: usize,
    /// The partitioner, where it chooses freely for records without a key.
    pub(super) partitioner: Option<Partitioner>,
    calls: AtomicU32,
    pub(super) transaction: Mutex<transactions::State>,
}

/// Waiting for room in the queue or the ledger, by serving reports.
pub(super) struct Room<'a> {
    producer: &'a Producer,
    timeout: Timeout,
    deadline: Option<Deadline>,
}

impl<'a> Room<'a> {
    pub(super) fn new(producer: &'a Producer, timeout: Timeout) -> Room<'a> {
        Room { producer, timeout, deadline: None }
    }

    /// Waits a little; an error when the time is over or the call shall end.
    pub(super) fn wait(&mut self, inside: &Inside<'_>) -> Result<()> {
        let deadline = *self.deadline.get_or_insert_with(|| self.timeout.deadline());
        if deadline.is_over() {
            return Err(self.producer.full()?);
        }
        inside.check().map_err(|ended| {
            let code = if ended.code == code::NOTHING { code::QUEUE_FULL } else { ended.code };
            ended.with_code(code)
        })?;
        // Serving reports is what makes room.
        self.producer.engine.serve(deadline.slice().min(SLICE / 2));
        Ok(())
    }
}

impl Producer {
    pub fn new(engine: Engine, config: &Config) -> Producer {
        let settings = config.settings.clone();
        let read = |key: &str| config.get(key).unwrap_or_default();
        let queue_bytes = read("queue.buffering.max.kbytes").parse::<usize>().map_or(usize::MAX, |kb| kb * 1024);
        let transactional = transactions::is_transactional(config);
        engine.hub().ledger.get_or_init(|| Ledger::new(settings.reports, settings.reports_max, transactional));
        let partitioner: Option<Partitioner> = match read("partitioner").as_str() {
            "consistent_random" => Some(rd::rd_kafka_msg_partitioner_consistent_random),
            "murmur2_random" => Some(rd::rd_kafka_msg_partitioner_murmur2_random),
            "fnv1a_random" => Some(rd::rd_kafka_msg_partitioner_fnv1a_random),
            // With a callback in their place the others would not choose for null keys as they should.
            _ => None,
        };
        let (topics, transaction) = (RwLock::default(), Mutex::default());
        Producer { engine, topics, settings, queue_bytes, partitioner, calls: AtomicU32::new(0), transaction }
    }

    /// Why there is no room.
    fn full(&self) -> Result<Error> {
        let ledger = self.ledger()?;
        let outstanding = ledger.outstanding();
        if outstanding.in_flight + outstanding.unread >= ledger.max() {
            let text = format!(
                "{} records are in flight or their reports unread (kaffi.delivery.reports.max): read delivery reports",
                ledger.max()
            );
            return Ok(Error::new(code::QUEUE_FULL, text));
        }
        let text =
            "the producer's queue is full (queue.buffering.max.*): brokers take records too slowly or not at all";
        Ok(self.engine.hub().diagnosis.explain(text, code::QUEUE_FULL).with_code(code::QUEUE_FULL))
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How long the documented `DeliveryReport` waits.
    pub fn poll_timeout(&self) -> Duration {
        self.settings.poll_timeout
    }

    pub(super) fn ledger(&self) -> Result<&Ledger> {
        self.engine.hub().ledger.get().ok_or_else(|| Error::new(code::INTERNAL, "a producer without its ledger"))
    }

    /// Gives `using` the topic of the engine; makes it at its first use.
    pub(super) fn with_topic<R>(&self, name: &str, using: impl FnOnce(&Topic) -> R) -> Result<R> {
        if let Some(topic) = self.topics.read().get(name) {
            return Ok(using(topic));
        }
        if name.is_empty() {
            return Err(Error::new(code::BAD_TEXT, "the topic is empty"));
        }
        let mut topics = self.topics.write();
        if !topics.contains_key(name) {
            let topic = self.new_topic(name)?;
            topics.insert(Arc::clone(&topic.noted.name), topic);
        }
        let topic = topics.get(name).ok_or_else(|| Error::new(code::INTERNAL, "a topic without its handle"))?;
        Ok(using(topic))
    }

    fn new_topic(&self, name: &str) -> Result<Topic> {
        let mut known = self.engine.hub().topics.write();
        let noted = Arc::new(engine::Topic {
            name: name.into(),
            index: known.len() as i32,
            partitions: AtomicI32::new(0),
            partitioner: self.partitioner,
        });
        let text = c_text(name)?;
        // SAFETY: a live client; the configuration becomes the topic's; its opaque lives in the hub.
        let raw = unsafe {
            let conf = rd::rd_kafka_default_topic_conf_dup(self.engine.rk());
            rd::rd_kafka_topic_conf_set_opaque(conf, Arc::as_ptr(&noted).cast_mut().cast());
            if self.partitioner.is_some() {
                rd::rd_kafka_topic_conf_set_partitioner_cb(conf, Some(engine::on_partition));
            }
            let raw = rd::rd_kafka_topic_new(self.engine.rk(), text.as_ptr(), conf);
            if raw.is_null() {
                // The configuration is gone with the attempt.
                let err = sys::rd_kafka_last_error();
                return Err(Error::engine(err, format_args!("topic {name:?}")));
            }
            raw
        };
        known.push(Arc::clone(&noted));
        Ok(Topic { raw, noted })
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
        if partition < -1 {
            return Err(Error::new(code::BAD_ARGUMENT, format!("partition {partition}: give -1 (any) or more")));
        }
        self.check_size(size(key, value))?;
        let ledger = self.ledger()?;
        if self.calls.fetch_add(1, Ordering::Relaxed) % SERVE_EVERY == SERVE_EVERY - 1 {
            self.engine.serve(Duration::ZERO);
        }
        let mut room = Room::new(self, Timeout::of(self.settings.produce_timeout));
        loop {
            if ledger.enter(1) == 1 {
                let (value, value_len) = raw(value);
                let (key, key_len) = raw(key);
                // SAFETY: a live topic; the bytes are copied in the call.
                let err = self.with_topic(topic, |topic| unsafe {
                    match rd::rd_kafka_produce(
                        topic.raw,
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
                    Ok(code::QUEUE_FULL) => ledger.strike(1),
                    Ok(err) => {
                        ledger.strike(1);
                        return Err(self.refused(err, topic, partition));
                    }
                    Err(e) => {
                        ledger.strike(1);
                        return Err(e);
                    }
                }
            }
            room.wait(inside)?;
        }
    }

    pub(super) fn check_size(&self, size: usize) -> Result<()> {
        if size <= self.queue_bytes {
            return Ok(());
        }
        Err(Error::new(
            code::MSG_SIZE_TOO_LARGE,
            format!("the record of {size} bytes is larger than queue.buffering.max.kbytes: it would never find room"),
        ))
    }

    fn refused(&self, err: i32, topic: &str, partition: i32) -> Error {
        match self.engine.fatal() {
            Some(fatal) => fatal,
            None if err == code::WRONG_STATE => self.not_in_transaction(&format!("topic {topic}")),
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

    /// Gives up records: their reports come, and say so.
    pub fn purge(&self, what: Purge) {
        const NON_BLOCKING: i32 = 4;
        // SAFETY: a live client. It does not wait for its threads, which may be in a name lookup.
        unsafe { sys::rd_kafka_purge(self.engine.rk(), what.0 | NON_BLOCKING) };
        self.engine.serve(Duration::ZERO);
    }

    /// Delivers what is under way and ends the client. How many records were left, and why.
    pub fn close(&self, deadline: Deadline) -> Result<(usize, String)> {
        let ledger = self.ledger()?;
        let open = self.leave_transaction(deadline);
        loop {
            self.flush_slice(deadline);
            // What is left of a transaction is not worth waiting for.
            if ledger.in_flight() == 0 || deadline.is_over() || open.is_some() {
                break;
            }
        }
        let diagnosis = &self.engine.hub().diagnosis;
        let why = match &open {
            Some((_, what)) => what.clone(),
            None => diagnosis.explain("", code::UNDELIVERED).text,
        };
        if ledger.in_flight() > 0 {
            self.purge(Purge::ALL);
            let limit = Timeout::of(Duration::from_secs(5)).deadline();
            while ledger.in_flight() > 0 && !limit.is_over() {
                self.engine.serve(Duration::from_millis(10));
            }
        }
        let left = match &open {
            Some((mark, _)) => ledger.undelivered_with_all_since(mark),
            None => ledger.undelivered() + ledger.in_flight(),
        };
        self.topics.write().clear();
        self.engine.end(deadline, None);
        Ok((left, why))
    }
}

pub(super) fn size(key: Option<&[u8]>, value: Option<&[u8]>) -> usize {
    key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len)
}

/// Pointer and length as the engine wants them: null is null, empty is not.
pub(super) fn raw(bytes: Option<&[u8]>) -> (*const c_void, usize) {
    bytes.map_or((std::ptr::null(), 0), |bytes| (bytes.as_ptr().cast(), bytes.len()))
}
