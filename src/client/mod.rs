//! The safe core: clients, batches, the embedded cluster. `abi` translates, this thinks.

pub mod admin;
pub mod arrow;
mod assignment;
pub mod batch;
mod clock;
pub mod config;
mod connection;
pub mod consumer;
pub mod describe;
mod diagnosis;
mod engine;
mod events;
mod gate;
mod ledger;
pub mod mock;
pub mod oauth;
mod offsets;
pub mod partitioner;
mod positions;
mod produce_batch;
pub mod producer;
mod queue;
mod ready;
mod records;
pub mod sys;
#[cfg(test)]
mod tests;
pub mod transactions;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

pub use gate::Timeout;

use self::admin::Replies;
use self::batch::Batch;
use self::config::{Config, NativeConf, TopicConf};
use self::consumer::{Consumer, Record};
use self::engine::{Engine, Hub};
use self::gate::Inside;
use self::ledger::{Ledger, Outstanding, Report};
use self::produce_batch::{Outcome, Target};
use self::producer::{MessageId, Producer, Purge};
use crate::error::{Error, Result, code};
use crate::handle::Kind;

/// What a client is once it has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Producer,
    Consumer,
    Admin,
}

impl Type {
    pub fn from_number(kind: i32) -> Result<Type> {
        match kind {
            1 => Ok(Type::Producer),
            2 => Ok(Type::Consumer),
            3 => Ok(Type::Admin),
            _ => Err(Error::new(code::BAD_ARGUMENT, format!("kind {kind}: 1 is a producer, 2 a consumer, 3 an admin"))),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Type::Producer => "a producer",
            Type::Consumer => "a consumer",
            Type::Admin => "an admin",
        }
    }
}

enum Running {
    Producer(Box<Producer>),
    Consumer(Box<Consumer>),
    Admin(Engine),
}

impl Running {
    fn kind(&self) -> Type {
        match self {
            Running::Producer(_) => Type::Producer,
            Running::Consumer(_) => Type::Consumer,
            Running::Admin(_) => Type::Admin,
        }
    }

    fn engine(&self) -> &Engine {
        match self {
            Running::Producer(producer) => producer.engine(),
            Running::Consumer(consumer) => consumer.engine(),
            Running::Admin(engine) => engine,
        }
    }

    /// Whether a reading call of one of these kinds (a sum) would find something.
    fn waits(&self, what: i32) -> bool {
        let hub = self.engine().hub();
        let more = match self {
            Running::Consumer(consumer) => what & ready::RECORDS != 0 && consumer.has_records(),
            Running::Producer(_) => {
                let unread = || hub.ledger.get().is_some_and(Ledger::has_unread);
                what & ready::REPORTS != 0 && (unread() || self.engine().has_more())
            }
            Running::Admin(_) => false,
        };
        more || what & ready::EVENTS != 0 && (!hub.events.is_empty() || self.engine().has_more())
    }

    fn nudge(&self) {
        self.engine().hub().ready.tell(0);
        match self {
            Running::Consumer(consumer) => consumer.nudge(),
            other => other.engine().nudge(),
        }
    }
}

/// A client: configured first, then a producer, a consumer or an admin for good.
pub struct Client {
    config: Mutex<Config>,
    running: OnceLock<Running>,
    hub: Arc<Hub>,
    /// Whether the engine tells when something comes.
    listening: Once,
    replies: Replies,
}

impl Kind for Client {
    const KIND: u64 = 1;
    const NAME: &'static str = "client";
}

/// A reading call inside a client.
struct Reading<'a> {
    inside: Inside<'a>,
    client: &'a Client,
}

impl<'a> std::ops::Deref for Reading<'a> {
    type Target = Inside<'a>;
    fn deref(&self) -> &Inside<'a> {
        &self.inside
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.client.refresh();
    }
}

impl Client {
    pub fn new() -> Arc<Client> {
        Arc::new(Client {
            config: Mutex::default(),
            running: OnceLock::new(),
            hub: Arc::default(),
            listening: Once::new(),
            replies: Replies::default(),
        })
    }

    fn enter(&self) -> Result<Inside<'_>> {
        self.hub.gate.enter()
    }

    /// Enters for a call that reads what waits: when it ends, descriptors say what is left.
    fn enter_reading(&self) -> Result<Reading<'_>> {
        self.enter().map(|inside| Reading { inside, client: self })
    }

    fn refresh(&self) {
        if let Some(running) = self.running.get().filter(|_| self.hub.ready.is_watched()) {
            self.hub.ready.refresh(|what| running.waits(what));
        }
    }

    /// Refuses a client of another type; one that has not started may become any.
    pub fn expect_type(&self, wanted: Type) -> Result<()> {
        match self.running.get() {
            Some(running) if running.kind() != wanted => Err(wrong_type(running.kind(), wanted)),
            _ => Ok(()),
        }
    }

    pub fn set_conf(&self, key: &str, value: &str) -> Result<()> {
        let _inside = self.enter()?;
        let mut config = self.config.lock();
        match self.running.get() {
            None => config.set(key, value),
            Some(running) => {
                connection::set_running(running.engine(), &config, key, value)?;
                config.set(key, value)
            }
        }
    }

    pub fn get_conf(&self, key: &str) -> Result<String> {
        let _inside = self.enter()?;
        self.config.lock().get(key)
    }

    pub fn set_default_topic_conf(&self, conf: &TopicConf) -> Result<()> {
        let _inside = self.enter()?;
        let mut config = self.config.lock();
        if self.running.get().is_some() {
            return Err(Error::new(
                code::ALREADY_STARTED,
                "the client has started: topic properties are set before that",
            ));
        }
        config.set_default_topic(conf);
        Ok(())
    }

    /// Starts the client, unless it has started as the same.
    pub fn start(&self, wanted: Type) -> Result<()> {
        let _inside = self.enter()?;
        self.started(wanted).map(|_| ())
    }

    fn started(&self, wanted: Type) -> Result<&Running> {
        if let Some(running) = self.running.get() {
            return if running.kind() == wanted { Ok(running) } else { Err(wrong_type(running.kind(), wanted)) };
        }
        let config = self.config.lock();
        if self.running.get().is_none() {
            let running = self.launch(&config, wanted)?;
            // Under the lock of the configuration nobody else sets it.
            let _ = self.running.set(running);
        }
        drop(config);
        self.started(wanted)
    }

    fn launch(&self, config: &Config, wanted: Type) -> Result<Running> {
        let at_start = |e: Error| Error::new(code::START_FAILED, format!("the client cannot start: {}", e.text));
        if config.given(&["bootstrap.servers", "metadata.broker.list", "test.mock.num.brokers"]).is_none() {
            return Err(Error::new(
                code::START_FAILED,
                "the client cannot start: bootstrap.servers is not set; give it the address of a broker, host:port",
            ));
        }
        let conf = config.build(Some(wanted)).map_err(at_start)?;
        let read = |key: &str| config.get(key).unwrap_or_default();
        let settings = config.settings.clone();
        self.hub.events.configure(settings.events, settings.events_max);
        let start = |conf: NativeConf| Engine::start(wanted, conf, &self.hub);
        Ok(match wanted {
            Type::Producer => Running::Producer(Box::new(Producer::new(start(conf)?, config))),
            Type::Consumer => {
                let group = config.given(&["group.id"]).filter(|group| !group.is_empty()).map(str::to_string);
                if group.is_none() {
                    // Without any group the engine assigns nothing.
                    conf.set("group.id", &private_group())?;
                    conf.set("enable.auto.commit", "false")?;
                }
                let reset = match read("auto.offset.reset").as_str() {
                    "smallest" | "earliest" | "beginning" => Some(-2),
                    "largest" | "latest" | "end" => Some(-1),
                    _ => None,
                };
                let auto_commit = group.is_some() && read("enable.auto.commit") != "false";
                let eof = read("enable.partition.eof") == "true";
                let consumer = Consumer::new(start(conf)?, settings, group, reset, auto_commit, eof);
                Running::Consumer(Box::new(consumer))
            }
            Type::Admin => Running::Admin(start(conf)?),
        })
    }

    /// The producer; `None` before the start.
    fn producer(&self) -> Result<Option<&Producer>> {
        match self.running.get() {
            Some(Running::Producer(producer)) => Ok(Some(producer)),
            Some(other) => Err(wrong_type(other.kind(), Type::Producer)),
            None => Ok(None),
        }
    }

    fn consumer(&self) -> Result<&Consumer> {
        match self.running.get() {
            Some(Running::Consumer(consumer)) => Ok(consumer),
            Some(other) => Err(wrong_type(other.kind(), Type::Consumer)),
            None => Err(Error::new(code::NOT_STARTED, "the consumer has not started: subscribe first")),
        }
    }

    pub fn produce(
        &self,
        id: MessageId,
        topic: &str,
        partition: i32,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<()> {
        let inside = self.enter()?;
        let producer = match self.producer()? {
            Some(producer) => producer,
            None => match self.started(Type::Producer) {
                Ok(Running::Producer(producer)) => producer,
                Ok(other) => return Err(wrong_type(other.kind(), Type::Producer)),
                Err(e) if e.code == code::START_FAILED => return Err(e.with_code(code::NOTHING)),
                Err(e) => return Err(e),
            },
        };
        producer.produce(&inside, id, topic, partition, key, value)
    }

    /// Hands over a batch; what was done, and an error where rows are left.
    pub fn produce_batch(&self, topic: &str, partition: i32, batch: &Batch, timeout: Timeout) -> Result<Outcome> {
        let inside = self.enter()?;
        let target = if topic.is_empty() { Target::Batch } else { Target::Named(topic) };
        match self.started(Type::Producer)? {
            Running::Producer(producer) => producer.produce_batch(&inside, target, partition, batch, timeout),
            other => Err(wrong_type(other.kind(), Type::Producer)),
        }
    }

    pub fn delivery_reports(&self, max: usize, give: impl FnMut(Report)) -> Result<()> {
        let inside = self.enter_reading()?;
        if let Some(producer) = self.producer()? {
            let timeout = Timeout::of(producer.poll_timeout());
            let reports = match producer.reports(&inside, max, timeout) {
                // Woken: none, this time.
                Err(e) if e.code == code::NOTHING => Vec::new(),
                reports => reports?,
            };
            reports.into_iter().for_each(give);
        }
        Ok(())
    }

    pub fn delivery_report_batch(&self, max: usize, timeout: Timeout) -> Result<Arc<Batch>> {
        let inside = self.enter_reading()?;
        match self.producer()? {
            Some(producer) => producer.report_batch(&inside, max, timeout),
            None => Err(Error::new(code::NOTHING, "no report: nothing was produced yet")),
        }
    }

    pub fn outstanding(&self) -> Result<Outstanding> {
        let _inside = self.enter_reading()?;
        self.producer()?.map_or(Ok(Outstanding::default()), Producer::outstanding)
    }

    pub fn flush(&self, timeout: Timeout, left: impl Fn(i64)) -> Result<()> {
        let inside = self.enter_reading()?;
        self.producer()?.map_or(Ok(()), |producer| producer.flush(&inside, timeout, left))
    }

    pub fn purge(&self, what: Purge) -> Result<()> {
        let _inside = self.enter()?;
        if let Some(producer) = self.producer()? {
            producer.purge(what);
        }
        Ok(())
    }

    pub fn subscribe(&self, list: &Batch) -> Result<()> {
        let inside = self.enter()?;
        let entries = list.entries()?;
        self.expect_type(Type::Consumer)?;
        if self.config.lock().given(&["group.id"]).is_none_or(str::is_empty) {
            return Err(Error::new(
                code::START_FAILED,
                "group.id is not set: consumers that subscribe share the topics' partitions within a group",
            ));
        }
        self.started(Type::Consumer)?;
        self.consumer()?.subscribe(&inside, &entries)
    }

    /// Lets a started consumer do something.
    pub fn as_consumer<R>(&self, what: impl FnOnce(&Consumer, &Inside<'_>) -> Result<R>) -> Result<R> {
        let inside = self.enter_reading()?;
        what(self.consumer()?, &inside)
    }

    /// Assigns partitions by hand: that starts a client as a consumer.
    pub fn assign(&self, what: impl FnOnce(&Consumer, &Inside<'_>) -> Result<()>) -> Result<()> {
        self.start(Type::Consumer)?;
        self.as_consumer(what)
    }

    pub fn consume(&self, give: impl FnOnce(&Record<'_>) -> Result<()>) -> Result<()> {
        let inside = self.enter_reading()?;
        self.consumer()?.consume(&inside, give)
    }

    pub fn consume_batch(&self, max: usize, timeout: Timeout) -> Result<Arc<Batch>> {
        let inside = self.enter_reading()?;
        self.consumer()?.consume_batch(&inside, max, timeout)
    }

    pub fn store_batch_offsets(&self, batch: &Batch, rows: usize) -> Result<()> {
        let inside = self.enter_reading()?;
        self.consumer()?.store_batch_offsets(&inside, batch, rows)
    }

    pub fn commit(&self, list: Option<&Batch>) -> Result<()> {
        let inside = self.enter_reading()?;
        self.consumer()?.commit(&inside, list)
    }

    pub fn committed(&self, list: &Batch) -> Result<i64> {
        let inside = self.enter()?;
        self.consumer()?.committed(&inside, list)
    }

    /// Does an admin operation, or gives the reply that waits under `id`. `give` hands a reply over: 0, or 2 where it has
    /// no room; then the reply waits under the second number.
    pub fn admin_request(
        &self,
        request: &str,
        timeout: Timeout,
        id: i64,
        give: impl FnOnce(&str) -> i32,
    ) -> Result<(i32, i64)> {
        let inside = self.enter()?;
        let running = self.running.get().ok_or_else(|| {
            Error::new(code::NOT_STARTED, "the client has not started: StartKafka it, with kind 3 for an admin")
        })?;
        self.replies.answer(id, give, || admin::perform(running.engine(), &inside, request, timeout))
    }

    /// Whether a broker answers: 0, or why not.
    pub fn check_connection(&self, timeout: Timeout) -> Result<i32> {
        let inside = self.enter()?;
        match self.running.get() {
            Some(running) => connection::check(running.engine(), &inside, timeout),
            None => {
                let config = self.config.lock().clone();
                connection::check_aside(&config, self.hub.oauth.again(), &inside, timeout)
            }
        }
    }

    /// Gives the next event to `take`, which may refuse it; then it stays first.
    pub fn next_event(&self, timeout: Timeout, mut take: impl FnMut(&str) -> bool) -> Result<()> {
        let inside = self.enter_reading()?;
        let engine = self.started_engine()?;
        self.listening.call_once(|| engine.listen());
        let deadline = timeout.deadline();
        loop {
            let seen = self.hub.ready.changes();
            engine.serve(Duration::ZERO);
            if self.hub.events.first(&mut take) {
                return Ok(());
            }
            inside.check()?;
            if deadline.is_over() {
                return Err(Error::new(code::NOTHING, "no event"));
            }
            self.hub.ready.wait(seen, deadline.slice());
        }
    }

    /// A descriptor that is readable as long as something waits.
    pub fn ready_descriptor(&self, what: i32) -> Result<i64> {
        let _inside = self.enter_reading()?;
        let engine = self.started_engine()?;
        let has = match self.running.get() {
            Some(Running::Consumer(_)) => ready::RECORDS | ready::EVENTS,
            Some(Running::Producer(_)) => ready::REPORTS | ready::EVENTS,
            _ => ready::EVENTS,
        };
        if what <= 0 || what & !has != 0 {
            let text = format!(
                "what {what}: give a sum of 1 (records, of a consumer), 2 (reports, of a producer), 4 (events)"
            );
            return Err(Error::new(code::BAD_ARGUMENT, text));
        }
        let descriptor = self.hub.ready.descriptor(what)?;
        self.listening.call_once(|| engine.listen());
        if let Some(Running::Consumer(consumer)) = self.running.get().filter(|_| what & ready::RECORDS != 0) {
            consumer.listen();
        }
        Ok(descriptor)
    }

    fn started_engine(&self) -> Result<&Engine> {
        let not_started = || Error::new(code::NOT_STARTED, "the client has not started: StartKafka starts it");
        self.running.get().map(Running::engine).ok_or_else(not_started)
    }

    /// Ends the waits of other threads.
    pub fn wake(&self) -> Result<()> {
        // From inside: closing frees the queues that are nudged.
        let _inside = self.enter()?;
        self.hub.gate.wake();
        if let Some(running) = self.running.get() {
            running.nudge();
        }
        Ok(())
    }

    pub fn close_as_configured(&self) -> Result<i32> {
        let timeout = self.config.lock().settings.close_timeout;
        self.close(Timeout::of(timeout), |_| ())
    }

    /// Closes the client, whose handle is gone already. `undelivered` receives how many records were left.
    pub fn close(&self, timeout: Timeout, undelivered: impl FnOnce(i64)) -> Result<i32> {
        let deadline = timeout.deadline();
        self.hub.gate.close(|| {
            if let Some(running) = self.running.get() {
                running.nudge();
            }
        });
        self.hub.ready.close();
        match self.running.get() {
            None => {}
            Some(Running::Producer(producer)) => {
                let (left, why) = producer.close(deadline)?;
                undelivered(left as i64);
                if left > 0 {
                    let text = format!("closed, but {left} records were left undelivered{why}");
                    return Err(Error::new(code::UNDELIVERED, text));
                }
            }
            Some(Running::Consumer(consumer)) => consumer.close(deadline)?,
            Some(Running::Admin(engine)) => engine.end(deadline, None),
        }
        Ok(code::DONE)
    }
}

/// The name of a group that nobody else has.
fn private_group() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("kaffi-private-{}-{now}-{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed))
}

fn wrong_type(is: Type, wanted: Type) -> Error {
    Error::new(code::WRONG_KIND, format!("this client is {}; {} is wanted", is.name(), wanted.name()))
}
