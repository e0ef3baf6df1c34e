//! A client of librdkafka: how it is started, served and ended.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};

use super::Type;
use super::config::NativeConf;
use super::diagnosis::{Diagnosis, SILENT, broker, plain};
use super::events::{self, Events, Kind};
use super::gate::{Deadline, Gate};
use super::ledger::{Ledger, MessageId, Report};
use super::oauth::{self, Tokens};
use super::ready::{self, Ready};
use super::sys::{self, Entry, NativeList, SignalsBlocked, rd};
use crate::error::{Error, Result, code};

const ASSIGN_PARTITIONS: i32 = -175;
const REVOKE_PARTITIONS: i32 = -174;
const FATAL: i32 = -150;

/// What the callbacks of the engine and the calls of the host share. It outlives the engine.
#[derive(Default)]
pub struct Hub {
    pub gate: Gate,
    pub diagnosis: Diagnosis,
    pub events: Events,
    pub ready: Ready,
    /// What is in no text, though a token server may answer with it.
    pub secrets: RwLock<Vec<String>>,
    pub ledger: OnceLock<Ledger>,
    /// The topics that a producer has used; their index is in the reports.
    pub topics: RwLock<Vec<Arc<Topic>>>,
    /// What happened to the assignment, and has not taken effect on what is in hand.
    pub changes: Mutex<Vec<Change>>,
    /// The host answers rebalances (`kaffi.rebalance` manual), till closing begins.
    pub manual: AtomicBool,
    /// The rebalance that waits for the host's answer.
    pub pending: Mutex<Option<Rebalance>>,
    pub oauth: Tokens,
    /// How many threads of ours wait in the engine (`Engine::aside`).
    pub aside: AtomicU32,
}

/// A thread that waits in the engine: the client does not end before it.
struct Aside {
    rk: *mut rd::rd_kafka_t,
    hub: Arc<Hub>,
}

// SAFETY: a client may be used from any thread.
unsafe impl Send for Aside {}

impl Aside {
    fn rk(&self) -> *mut rd::rd_kafka_t {
        self.rk
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.hub.aside.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Hub {
    /// Queues an event, and wakes who waits for it.
    pub fn event(&self, kind: Kind, stays: bool, members: impl FnOnce() -> Value) {
        if self.events.push(kind, stays, members) {
            self.ready.tell(ready::EVENTS);
        }
    }

    /// A text of the engine, without the secrets in it.
    fn text(&self, text: *const c_char) -> String {
        let hide = |text: String, secret: &String| text.replace(secret, "[redacted]");
        self.secrets.read().iter().fold(sys::text(text), hide)
    }
}

/// What the client shows to a token server, as it is and as HTTP's basic authentication has it.
fn secrets(conf: &NativeConf) -> Vec<String> {
    let id = conf.get("sasl.oauthbearer.client.id").unwrap_or_default();
    let secret = conf.get("sasl.oauthbearer.client.secret").unwrap_or_default();
    if secret.is_empty() { Vec::new() } else { vec![base64(&format!("{id}:{secret}")), secret] }
}

fn base64(text: &str) -> String {
    let mut room = vec![0; text.len().div_ceil(3) * 4 + 1];
    // SAFETY: four characters for each three bytes, and a NUL.
    let len = unsafe { openssl_sys::EVP_EncodeBlock(room.as_mut_ptr(), text.as_ptr(), text.len() as c_int) };
    room.truncate(usize::try_from(len).unwrap_or_default());
    String::from_utf8(room).unwrap_or_default()
}

/// What is known of a topic that a producer uses. The engine's topic has its address as opaque.
pub struct Topic {
    pub name: Arc<str>,
    pub index: i32,
    /// How many partitions it has, as the engine last said to the partitioner; 0: not known yet.
    pub partitions: AtomicI32,
    pub partitioner: Option<Partitioner>,
}

/// One of librdkafka's partitioners that choose freely for records without a key.
pub type Partitioner =
    unsafe extern "C" fn(*const rd::rd_kafka_topic_t, *const c_void, usize, i32, *mut c_void, *mut c_void) -> i32;

/// Notes how many partitions there are: no other call tells that without asking a broker.
pub unsafe extern "C" fn on_partition(
    rkt: *const rd::rd_kafka_topic_t,
    key: *const c_void,
    key_len: usize,
    partitions: i32,
    topic: *mut c_void,
    message: *mut c_void,
) -> i32 {
    // SAFETY: the opaque of a topic of ours; the same arguments for the partitioner that it stands before.
    unsafe {
        let noted = &*topic.cast::<Topic>();
        noted.partitions.store(partitions, Ordering::Relaxed);
        noted.partitioner.map_or(0, |choose| choose(rkt, key, key_len, partitions, topic, message))
    }
}

/// A change of the assignment that has happened.
pub enum Change {
    /// To these alone.
    Assigned(Vec<Entry>),
    Added(Vec<Entry>),
    Removed(Vec<Entry>),
}

/// A change of the assignment that the group wants.
#[derive(Clone)]
pub struct Rebalance {
    /// It gives partitions; else it takes some.
    pub assigns: bool,
    /// It speaks of the partitions that come or go, not of all.
    pub cooperative: bool,
    pub entries: Vec<Entry>,
}

/// Changes the assignment: an answer to a rebalance, or the host's wish.
///
/// # Safety
/// `rk` is a live consumer.
unsafe fn change_assignment(
    rk: *mut rd::rd_kafka_t,
    hub: &Hub,
    assigns: bool,
    incremental: bool,
    entries: &[Entry],
) -> Result<()> {
    let list = NativeList::new(entries)?;
    // SAFETY: as above, and a live list; the errors are taken.
    unsafe {
        match (assigns, incremental) {
            (true, true) => sys::take_error(rd::rd_kafka_incremental_assign(rk, list.as_ptr()), "assign")?,
            (false, true) => sys::take_error(rd::rd_kafka_incremental_unassign(rk, list.as_ptr()), "unassign")?,
            _ => {
                // Assigning nothing differs from an empty list: it ends a revocation.
                let list = if assigns && !entries.is_empty() { list.as_ptr() } else { std::ptr::null_mut() };
                match sys::rd_kafka_assign(rk, list) {
                    0 => {}
                    err => return Err(Error::engine(err, "assign")),
                }
            }
        }
        if assigns {
            // A pause outlives an assignment in librdkafka; in Java and here it ends.
            let list = NativeList::new(entries)?;
            sys::rd_kafka_resume_partitions(rk, list.as_ptr());
        }
    }
    let entries = entries.to_vec();
    hub.changes.lock().push(match (assigns, incremental) {
        (true, true) => Change::Added(entries),
        (true, false) => Change::Assigned(entries),
        (false, true) => Change::Removed(entries),
        (false, false) => Change::Assigned(Vec::new()),
    });
    Ok(())
}

/// A started client of librdkafka. Its calls may come from any thread.
pub struct Engine {
    rk: *mut rd::rd_kafka_t,
    main: *mut rd::rd_kafka_queue_t,
    hub: Arc<Hub>,
    servers: Vec<String>,
    token_server: Option<String>,
}

// SAFETY: librdkafka's clients and queues may be used from any thread; `end` is called once, when nobody is inside.
unsafe impl Send for Engine {}
// SAFETY: as above.
unsafe impl Sync for Engine {}

/// What the thread that ends a client takes along.
struct Remains {
    rk: *mut rd::rd_kafka_t,
    group: Option<Group>,
}

// SAFETY: the client is ended on that thread, and nobody else uses it any more.
unsafe impl Send for Remains {}

/// A consumer's queue when it ends, and whether it shall leave its group first.
pub struct Group {
    pub queue: *mut rd::rd_kafka_queue_t,
    pub leave: bool,
}

impl Remains {
    fn end(self, deadline: Deadline) {
        const NO_CONSUMER_CLOSE: c_int = 0x8;
        // SAFETY: nobody is inside the client; its topics were given back. What `start` kept for its callbacks, which come
        // till its end, is let go.
        unsafe {
            let hub = rd::rd_kafka_opaque(self.rk).cast::<Hub>();
            while (*hub).aside.load(Ordering::SeqCst) > 0 {
                std::thread::park_timeout(Duration::from_millis(1));
            }
            let mut flags = 0;
            if let Some(group) = &self.group {
                if !(group.leave && self.leave(deadline)) {
                    flags = NO_CONSUMER_CLOSE;
                }
                if !group.queue.is_null() {
                    rd::rd_kafka_queue_destroy(group.queue);
                }
            }
            rd::rd_kafka_destroy_flags(self.rk, flags);
            Arc::decrement_strong_count(hub);
        }
    }

    /// Leaves the group; whether that was done in time.
    fn leave(&self, deadline: Deadline) -> bool {
        let wait = Duration::from_millis(20);
        // SAFETY: a live client and queue; the error is taken, events are destroyed.
        unsafe {
            let queue = rd::rd_kafka_queue_new(self.rk);
            let closed = || rd::rd_kafka_consumer_closed(self.rk) == 1;
            let mut leaves = sys::take_error(rd::rd_kafka_consumer_close_queue(self.rk, queue), "close").is_ok();
            let mut answered = false;
            while leaves && !closed() {
                let event = rd::rd_kafka_queue_poll(queue, sys::ms(deadline.slice().min(wait)));
                if !event.is_null() {
                    // The last revocation waits for its answer. Once that is given the group ends by itself, and
                    // answering anything more in that moment would never return.
                    let until = Instant::now() + 5 * wait;
                    while answered && !closed() && Instant::now() < until {
                        std::thread::park_timeout(Duration::from_millis(1));
                    }
                    if !closed() && rd::rd_kafka_event_type(event) == rd::RD_KAFKA_EVENT_REBALANCE {
                        let list = rd::rd_kafka_event_topic_partition_list(event);
                        on_rebalance(self.rk, sys::rd_kafka_event_error(event), list, rd::rd_kafka_opaque(self.rk));
                        answered = true;
                    }
                    rd::rd_kafka_event_destroy(event);
                }
                leaves = !deadline.is_over();
            }
            rd::rd_kafka_queue_destroy(queue);
            leaves
        }
    }
}

/// Why a client cannot start, with the file that it is about: the engine names its property alone.
fn cannot_start(why: &str, conf: &NativeConf) -> Error {
    let property = why.split(' ').next().filter(|name| name.ends_with(".location")).unwrap_or_default();
    let file = conf.get(property).map(|file| format!(". Look at the file {file}")).unwrap_or_default();
    let hint = if why.starts_with("No provider for SASL mechanism") {
        ". Set sasl.mechanism to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"
    } else if why.starts_with("ssl.key.") {
        ". Look at ssl.key.password, if the key has one"
    } else {
        ""
    };
    Error::new(code::START_FAILED, format!("the client cannot start: {}{file}{hint}", plain(why)))
}

impl Engine {
    /// Starts a client. A configuration that does not work is left for another try.
    pub fn start(client: Type, conf: NativeConf, hub: &Arc<Hub>) -> Result<Engine> {
        openssl_sys::init();
        let mut why: [c_char; 512] = [0; 512];
        let servers = conf.get("bootstrap.servers").unwrap_or_default();
        let servers = servers.split(',').map(|server| server.trim().to_string()).filter(|server| !server.is_empty());
        let servers = servers.collect();
        let token_server = conf.get("sasl.oauthbearer.token.endpoint.url");
        *hub.secrets.write() = secrets(&conf);
        let _signals = SignalsBlocked::new();
        // SAFETY: a live configuration, which the client takes when it starts; `Remains` lets go of the hub.
        unsafe {
            rd::rd_kafka_conf_set_opaque(conf.as_ptr(), Arc::as_ptr(hub).cast_mut().cast());
            rd::rd_kafka_conf_set_log_cb(conf.as_ptr(), Some(on_log));
            rd::rd_kafka_conf_set_error_cb(conf.as_ptr(), Some(on_error));
            rd::rd_kafka_conf_set_stats_cb(conf.as_ptr(), Some(on_stats));
            rd::rd_kafka_conf_set_throttle_cb(conf.as_ptr(), Some(on_throttle));
            // It says why a broker's certificate is refused, which the engine itself does not.
            if conf.get("enable.ssl.certificate.verification").as_deref() == Some("true") {
                rd::rd_kafka_conf_set_ssl_cert_verify_cb(conf.as_ptr(), Some(on_certificate));
            }
            let kind = if client == Type::Consumer {
                sys::rd_kafka_conf_set_rebalance_cb(conf.as_ptr(), Some(on_rebalance));
                sys::rd_kafka_conf_set_offset_commit_cb(conf.as_ptr(), Some(on_commit));
                rd::rd_kafka_type_t::RD_KAFKA_CONSUMER
            } else {
                rd::rd_kafka_conf_set_dr_msg_cb(conf.as_ptr(), Some(on_delivery));
                rd::rd_kafka_type_t::RD_KAFKA_PRODUCER
            };
            let asks_for_tokens = oauth::prepare(&conf);
            let rk = rd::rd_kafka_new(kind, conf.as_ptr(), why.as_mut_ptr(), why.len());
            if rk.is_null() {
                return Err(cannot_start(&sys::text(why.as_ptr()), &conf));
            }
            conf.release();
            if asks_for_tokens {
                oauth::start(rk, hub);
            }
            // The callbacks' own, so that a client which is dropped without its end still has it.
            Arc::increment_strong_count(Arc::as_ptr(hub));
            Ok(Engine { rk, main: rd::rd_kafka_queue_get_main(rk), hub: Arc::clone(hub), servers, token_server })
        }
    }

    pub fn rk(&self) -> *mut rd::rd_kafka_t {
        self.rk
    }

    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Makes a call that cannot be woken on a thread of its own, which goes on when nobody listens to it any more.
    pub fn aside<T: Send + 'static>(
        &self,
        name: &str,
        call: impl FnOnce(*mut rd::rd_kafka_t) -> T + Send + 'static,
    ) -> Result<Receiver<T>> {
        let (done, answer) = channel();
        self.hub.aside.fetch_add(1, Ordering::SeqCst);
        let aside = Aside { rk: self.rk, hub: Arc::clone(&self.hub) };
        let _signals = SignalsBlocked::new();
        let thread = std::thread::Builder::new().name(name.to_string());
        let thread = thread.spawn(move || drop(done.send(call(aside.rk()))));
        thread.map_err(|e| Error::new(code::INTERNAL, format!("no thread is to be had: {e}")))?;
        Ok(answer)
    }

    /// The addresses that `bootstrap.servers` names.
    pub fn bootstrap_servers(&self) -> &[String] {
        &self.servers
    }

    /// What to say when nothing at all was heard.
    pub fn silence(&self) -> String {
        let servers = self.servers.join(", ");
        match &self.token_server {
            Some(url) => {
                format!(
                    "{servers} said nothing, or {url} has given no token yet: is that the token server, and is it up?"
                )
            }
            None => format!("{servers} said nothing. {SILENT}"),
        }
    }

    /// Serves errors and delivery reports; waits for one.
    pub fn serve(&self, wait: Duration) {
        // SAFETY: a live client.
        unsafe { rd::rd_kafka_poll(self.rk, sys::ms(wait)) };
    }

    /// Whether the main queue holds something: errors, statistics, reports, results of commits.
    pub fn has_more(&self) -> bool {
        // SAFETY: a live queue.
        unsafe { rd::rd_kafka_queue_length(self.main) > 0 }
    }

    /// Lets the main queue tell when something comes.
    pub fn listen(&self) {
        unsafe extern "C" fn on_queue(_: *mut rd::rd_kafka_t, opaque: *mut c_void) {
            // SAFETY: the hub of this client.
            unsafe { hub(opaque) }.ready.tell(ready::REPORTS | ready::EVENTS);
        }
        self.tell_of(self.main, on_queue);
    }

    /// Lets a queue call `on_queue` when it is not empty any more, with the hub.
    pub fn tell_of(
        &self,
        queue: *mut rd::rd_kafka_queue_t,
        on_queue: unsafe extern "C" fn(*mut rd::rd_kafka_t, *mut c_void),
    ) {
        // SAFETY: a live queue; the hub outlives the client.
        unsafe {
            let hub = Arc::as_ptr(&self.hub).cast_mut().cast();
            rd::rd_kafka_queue_cb_event_enable(queue, Some(on_queue), hub);
        }
    }

    /// Ends a wait in `serve`.
    pub fn nudge(&self) {
        // SAFETY: a live queue.
        unsafe { rd::rd_kafka_queue_yield(self.main) };
    }

    /// The error that made the client unusable, if one did.
    pub fn fatal(&self) -> Option<Error> {
        let mut text: [c_char; 512] = [0; 512];
        // SAFETY: a live client, a buffer with its size.
        let err = unsafe { sys::rd_kafka_fatal_error(self.rk, text.as_mut_ptr(), text.len()) };
        let what = "the client cannot go on; make a new one";
        (err != 0).then(|| Error::new(code::from_engine(err), format!("{what}: {}", sys::text(text.as_ptr()))))
    }

    /// Changes the assignment: assigns or unassigns, incrementally or all of it.
    pub fn change_assignment(&self, assigns: bool, incremental: bool, entries: &[Entry]) -> Result<()> {
        // SAFETY: a live client.
        unsafe { change_assignment(self.rk, &self.hub, assigns, incremental, entries) }
    }

    /// Ends the client on a thread of its own, and waits for it while there is time: an engine whose broker hangs is
    /// finished in the background.
    pub fn end(&self, deadline: Deadline, group: Option<Group>) {
        // SAFETY: ours, once.
        unsafe { rd::rd_kafka_queue_destroy(self.main) };
        let remains = Arc::new(Mutex::new(Some(Remains { rk: self.rk, group })));
        let (done, ended) = channel::<()>();
        let thread = {
            let remains = Arc::clone(&remains);
            let _signals = SignalsBlocked::new();
            std::thread::Builder::new().name("kaffi-reaper".to_string()).spawn(move || {
                if let Some(remains) = remains.lock().take() {
                    remains.end(deadline);
                }
                drop(done);
            })
        };
        match thread {
            Ok(thread) => {
                while !deadline.is_over() {
                    if ended.recv_timeout(deadline.slice()) != Err(RecvTimeoutError::Timeout) {
                        // It has nothing more to do; nothing of it is left behind.
                        let _ = thread.join();
                        break;
                    }
                }
            }
            // Without a thread to be had, here.
            Err(_) => {
                if let Some(remains) = remains.lock().take() {
                    remains.end(deadline);
                }
            }
        }
    }
}

/// The hub behind the opaque of a callback.
///
/// # Safety
/// `opaque` is what `Engine::start` set, and its client is not destroyed yet.
pub(super) unsafe fn hub<'a>(opaque: *mut c_void) -> &'a Hub {
    // SAFETY: as above.
    unsafe { &*opaque.cast::<Hub>() }
}

unsafe extern "C" fn on_log(rk: *const rd::rd_kafka_t, level: c_int, facility: *const c_char, line: *const c_char) {
    if rk.is_null() {
        return;
    }
    // SAFETY: a live client with our opaque; both texts end with a NUL. No other call of the engine is allowed here.
    let opaque = unsafe { rd::rd_kafka_opaque(rk) };
    if !opaque.is_null() {
        // SAFETY: as above.
        let hub = unsafe { hub(opaque) };
        let (facility, line) = (sys::text(facility), hub.text(line));
        hub.diagnosis.log(&facility, &line);
        hub.event(Kind::Log, false, || json!({ "level": level, "facility": facility, "text": line }));
    }
}

/// Leaves the verdict as OpenSSL has it, and puts its reason into the log line that follows a refusal.
unsafe extern "C" fn on_certificate(
    _: *mut rd::rd_kafka_t,
    _: *const c_char,
    _: i32,
    error: *mut c_int,
    _: c_int,
    _: *const c_char,
    _: usize,
    room: *mut c_char,
    size: usize,
    _: *mut c_void,
) -> c_int {
    // SAFETY: OpenSSL's verdict, a buffer with its size, a static text.
    unsafe {
        if *error == 0 {
            return 1;
        }
        let why = CStr::from_ptr(openssl_sys::X509_verify_cert_error_string((*error).into())).to_bytes();
        let why = &why[..why.len().min(size.saturating_sub(1))];
        room.copy_from_nonoverlapping(why.as_ptr().cast(), why.len());
        room.add(why.len()).write(0);
        0
    }
}

unsafe extern "C" fn on_error(rk: *mut rd::rd_kafka_t, err: c_int, reason: *const c_char, opaque: *mut c_void) {
    let mut err = err;
    let mut text: [c_char; 512] = [0; 512];
    // SAFETY: a live client with our opaque; texts end with a NUL.
    unsafe {
        let hub = hub(opaque);
        let fatal = err == FATAL;
        let mut reason = hub.text(reason);
        if fatal {
            err = sys::rd_kafka_fatal_error(rk, text.as_mut_ptr(), text.len());
            reason = sys::text(text.as_ptr());
        }
        let mut told = hub.diagnosis.event(err, &reason);
        if fatal {
            told.code = code::from_engine(err);
        }
        let broker = broker(&reason).map(|(address, _)| ("broker", json!(address)));
        hub.event(Kind::Error, false, || events::of_error(told.code, &told.text, fatal, broker.as_slice()));
    }
}

unsafe extern "C" fn on_stats(_: *mut rd::rd_kafka_t, stats: *mut c_char, _: usize, opaque: *mut c_void) -> c_int {
    // SAFETY: our opaque, a text that ends with a NUL; the engine frees it.
    let hub = unsafe { hub(opaque) };
    if hub.events.push_stats(&sys::text(stats)) {
        hub.ready.tell(ready::EVENTS);
    }
    0
}

unsafe extern "C" fn on_throttle(
    _: *mut rd::rd_kafka_t,
    broker: *const c_char,
    id: i32,
    throttle_ms: c_int,
    opaque: *mut c_void,
) {
    // SAFETY: our opaque, a text that ends with a NUL.
    let hub = unsafe { hub(opaque) };
    let broker = sys::text(broker);
    hub.event(Kind::Throttle, false, || json!({ "broker": broker, "broker_id": id, "throttle_ms": throttle_ms }));
}

unsafe extern "C" fn on_delivery(_: *mut rd::rd_kafka_t, message: *const rd::rd_kafka_message_t, opaque: *mut c_void) {
    // SAFETY: a live message of a producer with our opaque, whose topic carries its index as opaque.
    unsafe {
        let Some(ledger) = hub(opaque).ledger.get() else { return };
        let topic = rd::rd_kafka_topic_opaque((*message).rkt).cast::<Topic>();
        let mut kind = rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        let timestamp = rd::rd_kafka_message_timestamp(message, &raw mut kind);
        ledger.book(Report {
            id: MessageId::of((*message)._private as u64),
            error: code::from_engine(sys::message_error(message)),
            topic: topic.as_ref().map_or(-1, |topic| topic.index),
            partition: (*message).partition,
            offset: (*message).offset,
            timestamp,
            timestamp_type: kind as i32,
            status: rd::rd_kafka_message_status(message) as i32,
            latency: rd::rd_kafka_message_latency(message),
        });
        if hub(opaque).ready.is_watched() {
            hub(opaque).ready.tell(ready::REPORTS);
        }
    }
}

/// The result of a commit in the background. A failure shows in the next text, too.
unsafe extern "C" fn on_commit(
    _: *mut rd::rd_kafka_t,
    err: i32,
    list: *mut rd::rd_kafka_topic_partition_list_t,
    opaque: *mut c_void,
) {
    const NO_OFFSET: i32 = -168;
    if err == NO_OFFSET {
        return;
    }
    // SAFETY: our opaque, a list or null.
    let (hub, entries) = unsafe { (hub(opaque), sys::entries(list)) };
    if err != 0 {
        hub.diagnosis.error(err, "a commit in the background failed");
    }
    hub.event(Kind::Commit, false, || events::of_commit(err, &entries));
}

/// Runs inside a consuming call, or while closing.
unsafe extern "C" fn on_rebalance(
    rk: *mut rd::rd_kafka_t,
    err: i32,
    list: *mut rd::rd_kafka_topic_partition_list_t,
    opaque: *mut c_void,
) {
    // SAFETY: a live client with our opaque and its list.
    unsafe {
        let hub = hub(opaque);
        let protocol = sys::text(rd::rd_kafka_rebalance_protocol(rk));
        let cooperative = protocol == "COOPERATIVE";
        let known = matches!(err, ASSIGN_PARTITIONS | REVOKE_PARTITIONS);
        let rebalance = Rebalance {
            assigns: err == ASSIGN_PARTITIONS,
            // An error: everything goes.
            cooperative: cooperative && known,
            entries: sys::entries(list),
        };
        let pending = hub.manual.load(Ordering::Relaxed) && known;
        let lost = rd::rd_kafka_assignment_lost(rk) == 1;
        hub.event(Kind::Rebalance, pending, || {
            json!({
                "kind": if rebalance.assigns { "assign" } else { "revoke" },
                "pending": pending,
                "lost": lost,
                "protocol": protocol,
                "partitions": events::partitions(&rebalance.entries, |_, _| ()),
            })
        });
        if pending {
            *hub.pending.lock() = Some(rebalance);
            return;
        }
        let Rebalance { assigns, cooperative, entries } = rebalance;
        if let Err(e) = change_assignment(rk, hub, assigns, cooperative, &entries) {
            hub.diagnosis.error(e.code, &e.text);
        }
    }
}
