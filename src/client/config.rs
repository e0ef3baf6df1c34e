//! Configuration: librdkafka's properties and kaffi's own.

use std::ffi::{CStr, c_char};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Type;
use super::events::Kinds;
use super::ledger::Keep;
use super::sys::{self, c_text, rd};
use crate::error::{Error, Result, code};
use crate::handle::Kind;

/// A property of kaffi itself.
#[derive(serde::Serialize)]
pub struct Property {
    pub name: &'static str,
    pub default: &'static str,
    pub meaning: &'static str,
    #[serde(skip)]
    set: fn(&mut Settings, &str) -> Option<()>,
}

/// When a record that was handed out counts as processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    NextCall,
    Delivered,
    Manual,
}

/// What kaffi's own properties say.
#[derive(Debug, Clone)]
pub struct Settings {
    pub poll_timeout: Duration,
    pub produce_timeout: Duration,
    pub close_timeout: Duration,
    pub request_timeout: Duration,
    pub reports: Keep,
    pub reports_max: usize,
    pub store: Store,
    /// The host answers rebalances.
    pub manual: bool,
    pub batch_max_bytes: usize,
    pub events: Kinds,
    pub events_max: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            poll_timeout: Duration::from_millis(500),
            produce_timeout: Duration::from_secs(60),
            close_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(60),
            reports: Keep::Auto,
            reports_max: 1_000_000,
            store: Store::NextCall,
            manual: false,
            batch_max_bytes: 67_108_864,
            events: Kinds::ALL,
            events_max: 10_000,
        }
    }
}

fn duration(value: &str) -> Option<Duration> {
    value.parse::<u32>().ok().filter(|&ms| ms <= i32::MAX as u32).map(|ms| Duration::from_millis(u64::from(ms)))
}

fn positive(value: &str) -> Option<usize> {
    value.parse::<i32>().ok().and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0)
}

/// kaffi's own properties, for `SetKafkaConf` and `DescribeAll`.
pub const PROPERTIES: &[Property] = &[
    Property {
        name: "kaffi.poll.timeout.ms",
        default: "500",
        meaning: "how long Consume and DeliveryReport wait, in ms",
        set: |settings, value| duration(value).map(|value| settings.poll_timeout = value),
    },
    Property {
        name: "kaffi.produce.timeout.ms",
        default: "60000",
        meaning: "how long a producing call waits for room when the queue is full, in ms; then -184",
        set: |settings, value| duration(value).map(|value| settings.produce_timeout = value),
    },
    Property {
        name: "kaffi.close.timeout.ms",
        default: "30000",
        meaning: "how long UninitProducer and UninitConsumer may take, in ms; a client whose broker hangs is finished in \
                  the background",
        set: |settings, value| duration(value).map(|value| settings.close_timeout = value),
    },
    Property {
        name: "kaffi.request.timeout.ms",
        default: "60000",
        meaning: "how long Commit and Committed wait for the group, in ms; then -185",
        set: |settings, value| duration(value).map(|value| settings.request_timeout = value),
    },
    Property {
        name: "kaffi.delivery.reports",
        default: "auto",
        meaning: "which delivery reports are kept till they are read: all, errors, none; auto: all from the first call \
                  for reports on, before it the oldest successes may be forgotten. delivery.report.only.error, if set to \
                  true, says errors",
        set: |settings, value| {
            settings.reports = match value {
                "auto" => Keep::Auto,
                "all" => Keep::All,
                "errors" => Keep::Errors,
                "none" => Keep::None,
                _ => return None,
            };
            Some(())
        },
    },
    Property {
        name: "kaffi.delivery.reports.max",
        default: "1000000",
        meaning: "records in flight and reports unread, together; at the limit producing waits as if the queue were full",
        set: |settings, value| positive(value).map(|value| settings.reports_max = value),
    },
    Property {
        name: "kaffi.offset.store",
        default: "next-call",
        meaning: "when a record handed out counts as processed: next-call: at the next consuming call, commit or close (at \
                  least once); delivered: at once; manual: only by StoreOffsets and StoreBatchOffsets. enable.auto.offset.store, if set, \
                  says delivered (true) or manual (false)",
        set: |settings, value| {
            settings.store = match value {
                "next-call" => Store::NextCall,
                "delivered" => Store::Delivered,
                "manual" => Store::Manual,
                _ => return None,
            };
            Some(())
        },
    },
    Property {
        name: "kaffi.rebalance",
        default: "auto",
        meaning: "auto: a rebalance takes effect inside a consuming call, and an event tells it; manual: the host answers \
                  each rebalance event with AssignPartitions or UnassignPartitions, and till then consuming calls answer 1",
        set: |settings, value| {
            settings.manual = match value {
                "auto" => false,
                "manual" => true,
                _ => return None,
            };
            Some(())
        },
    },
    Property {
        name: "kaffi.batch.max.bytes",
        default: "67108864",
        meaning: "bytes of keys, values and headers in one consumed batch (one record may be larger)",
        set: |settings, value| positive(value).map(|value| settings.batch_max_bytes = value),
    },
    Property {
        name: "kaffi.events",
        default: "error,rebalance,commit,log,stats,throttle,oauth,eof",
        meaning: "which events are queued for NextEvent, with commas between them; those that want an answer always are",
        set: |settings, value| Kinds::parse(value).map(|value| settings.events = value),
    },
    Property {
        name: "kaffi.events.max",
        default: "10000",
        meaning: "how many events wait at most; then the oldest logs, statistics and throttles go first (counted as lost), and \
                  those that want an answer never",
        set: |settings, value| positive(value).map(|value| settings.events_max = value),
    },
];

/// Librdkafka's properties that kaffi sets where the host did not: key, value, for which type.
const DEFAULTS: &[(&str, &str, Type)] = &[
    // At librdkafka's 1000 a backlog that outruns the host is read in hops of a second.
    ("fetch.queue.backoff.ms", "10", Type::Consumer),
];

/// Properties that no host may set: a process-wide signal handler, a queue that nobody reads, events in place of the
/// callbacks that kaffi needs, texts taken for addresses.
fn is_refused(key: &str) -> bool {
    matches!(key, "internal.termination.signal" | "log.queue" | "enabled_events") || key.starts_with("ut_")
}

/// Whether the value of a property must not be shown.
pub fn is_secret(key: &str) -> bool {
    ["password", "secret", "passphrase", "private.key", "jaas.config"].iter().any(|part| key.contains(part))
        || matches!(key, "ssl.key.pem" | "ssl_key" | "sasl.oauthbearer.config")
}

type Pairs = Vec<(String, String)>;

fn put(pairs: &mut Pairs, key: &str, value: &str) {
    pairs.retain(|(known, _)| known != key);
    pairs.push((key.to_string(), value.to_string()));
}

/// A set of topic properties.
pub struct TopicConf(Mutex<Pairs>);

impl Kind for TopicConf {
    const KIND: u64 = 2;
    const NAME: &'static str = "topic configuration";
}

impl TopicConf {
    pub fn new() -> Arc<TopicConf> {
        Arc::new(TopicConf(Mutex::default()))
    }

    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        let mut pairs = self.0.lock();
        set_topic(&NativeTopicConf::new(), key, value)?;
        put(&mut pairs, key, value);
        Ok(())
    }
}

struct NativeTopicConf(*mut rd::rd_kafka_topic_conf_t);

impl NativeTopicConf {
    fn new() -> NativeTopicConf {
        // SAFETY: makes a new one.
        NativeTopicConf(unsafe { rd::rd_kafka_topic_conf_new() })
    }
}

impl Drop for NativeTopicConf {
    fn drop(&mut self) {
        // SAFETY: ours, once.
        unsafe { rd::rd_kafka_topic_conf_destroy(self.0) }
    }
}

/// A configuration of the engine, ours until a client takes it.
pub struct NativeConf(*mut rd::rd_kafka_conf_t);

impl NativeConf {
    pub fn new() -> NativeConf {
        // SAFETY: makes a new one.
        NativeConf(unsafe { rd::rd_kafka_conf_new() })
    }

    pub fn as_ptr(&self) -> *mut rd::rd_kafka_conf_t {
        self.0
    }

    /// Gives it to a client that was made with it.
    pub fn release(mut self) {
        self.0 = std::ptr::null_mut();
    }

    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        let (name, text) = (c_text(key)?, c_text(value)?);
        let mut why = [0; 512];
        // SAFETY: a live configuration, NUL-terminated texts, a buffer with its size.
        let result =
            unsafe { rd::rd_kafka_conf_set(self.0, name.as_ptr(), text.as_ptr(), why.as_mut_ptr(), why.len()) };
        set_result(result, &why, key, value)
    }

    pub fn get(&self, key: &str) -> Option<String> {
        let name = c_text(key).ok()?;
        let mut size = 0;
        // SAFETY: a live configuration; asked for the size first, which counts the NUL.
        unsafe {
            if rd::rd_kafka_conf_get(self.0, name.as_ptr(), std::ptr::null_mut(), &raw mut size) as i32 != 0 {
                return None;
            }
            let mut value = vec![0; size + 1];
            size = value.len();
            rd::rd_kafka_conf_get(self.0, name.as_ptr(), value.as_mut_ptr(), &raw mut size);
            Some(sys::text(value.as_ptr()))
        }
    }
}

impl Drop for NativeConf {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: ours, once.
            unsafe { rd::rd_kafka_conf_destroy(self.0) }
        }
    }
}

fn set_topic(conf: &NativeTopicConf, key: &str, value: &str) -> Result<()> {
    let (name, text) = (c_text(key)?, c_text(value)?);
    let mut why = [0; 512];
    // SAFETY: a live configuration, NUL-terminated texts, a buffer with its size.
    let result =
        unsafe { rd::rd_kafka_topic_conf_set(conf.0, name.as_ptr(), text.as_ptr(), why.as_mut_ptr(), why.len()) };
    set_result(result, &why, key, value)
}

fn set_result(result: rd::rd_kafka_conf_res_t, why: &[c_char], key: &str, value: &str) -> Result<()> {
    let code = result as i32;
    if code == code::DONE {
        return Ok(());
    }
    // SAFETY: the engine ends it with a NUL.
    let text = unsafe { CStr::from_ptr(why.as_ptr()) }.to_string_lossy();
    if code == code::UNKNOWN_PROPERTY {
        return Err(unknown(key));
    }
    let text = if is_secret(key) && !value.is_empty() { text.replace(value, "[redacted]") } else { text.into_owned() };
    // The engine speaks of the property that an alias stands for.
    let text = text.trim_end().to_string();
    let text = if text.contains(&format!("\"{key}\"")) { text } else { format!("invalid value for {key}: {text}") };
    Err(Error::new(code, text))
}

fn unknown(key: &str) -> Error {
    Error::new(code::UNKNOWN_PROPERTY, format!("there is no property {key:?}: look at the spelling"))
}

/// What the host has set, and what follows from it.
#[derive(Default, Clone)]
pub struct Config {
    topic: Pairs,
    own: Pairs,
    pub settings: Settings,
}

impl Config {
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        if key.starts_with("kaffi.") {
            let property = PROPERTIES.iter().find(|property| property.name == key).ok_or_else(|| unknown(key))?;
            (property.set)(&mut self.settings, value).ok_or_else(|| {
                Error::new(
                    code::INVALID_VALUE,
                    format!("invalid value {value:?} for {key} (default {}): {}", property.default, property.meaning),
                )
            })?;
        } else if is_refused(key) {
            return Err(Error::new(code::INVALID_VALUE, format!("{key} cannot be set: kaffi needs it as it is")));
        } else {
            // In a new one: a value that is refused there leaves no trace here.
            NativeConf::new().set(key, value)?;
            // Librdkafka's names for what kaffi does.
            let own = match (key, value.to_ascii_lowercase().as_str()) {
                ("enable.auto.offset.store", "false" | "f" | "0") => Some(("kaffi.offset.store", "manual")),
                ("enable.auto.offset.store", _) => Some(("kaffi.offset.store", "delivered")),
                ("delivery.report.only.error", "true" | "t" | "1") => Some(("kaffi.delivery.reports", "errors")),
                ("delivery.report.only.error", _) => Some(("kaffi.delivery.reports", "auto")),
                _ => None,
            };
            if let Some((key, value)) = own {
                self.set(key, value)?;
            }
        }
        put(&mut self.own, key, value);
        Ok(())
    }

    pub fn set_default_topic(&mut self, conf: &TopicConf) {
        self.topic = conf.0.lock().clone();
    }

    /// What the host set, by one of the names of a property.
    pub fn given(&self, names: &[&str]) -> Option<&str> {
        let mut all = self.own.iter().rev().chain(self.topic.iter().rev());
        all.find(|(key, _)| names.contains(&key.as_str())).map(|(_, value)| value.as_str())
    }

    pub fn get(&self, key: &str) -> Result<String> {
        let given = self.given(&[key]);
        if is_secret(key) {
            // Also tells an unknown name from an unset secret.
            let known =
                given.is_some() || NativeConf::new().get(key).is_some() || NativeConf::new().set(key, "").is_ok();
            return if !known {
                Err(unknown(key))
            } else {
                Ok(given.filter(|value| !value.is_empty()).map_or("", |_| "[redacted]").to_string())
            };
        }
        if let Some(property) = PROPERTIES.iter().find(|property| property.name == key) {
            return Ok(given.unwrap_or(property.default).to_string());
        }
        if is_refused(key) {
            return Err(unknown(key));
        }
        let conf = self.build(None)?;
        if let Some(value) = conf.get(key).or_else(|| given.map(str::to_string)) {
            return Ok(value);
        }
        // Unset texts, aliases and topic properties read as unknown: a name that can be set is none of those.
        let topic = NativeTopicConf::new();
        let name = c_text(key)?;
        let mut size = 0;
        // SAFETY: a live configuration; asked for the size, then for the text.
        unsafe {
            if rd::rd_kafka_topic_conf_get(topic.0, name.as_ptr(), std::ptr::null_mut(), &raw mut size) as i32 == 0 {
                let mut value = vec![0; size + 1];
                size = value.len();
                rd::rd_kafka_topic_conf_get(topic.0, name.as_ptr(), value.as_mut_ptr(), &raw mut size);
                return Ok(sys::text(value.as_ptr()));
            }
        }
        match NativeConf::new().set(key, "") {
            Err(e) if e.code == code::UNKNOWN_PROPERTY => Err(unknown(key)),
            _ => Ok(String::new()),
        }
    }

    /// The engine's configuration; with a type, as a client of that type gets it.
    pub fn build(&self, client: Option<Type>) -> Result<NativeConf> {
        let conf = NativeConf::new();
        // First: a default topic configuration overwrites topic properties that were set before.
        if !self.topic.is_empty() {
            let topic = NativeTopicConf::new();
            for (key, value) in &self.topic {
                set_topic(&topic, key, value)?;
            }
            // SAFETY: both live; the copy is the configuration's from here on.
            unsafe { rd::rd_kafka_conf_set_default_topic_conf(conf.0, rd::rd_kafka_topic_conf_dup(topic.0)) };
        }
        for (key, value, of) in DEFAULTS {
            if client.is_none_or(|client| client == *of) {
                conf.set(key, value)?;
            }
        }
        for (key, value) in self.own.iter().filter(|(key, _)| !key.starts_with("kaffi.")) {
            conf.set(key, value)?;
        }
        if client == Some(Type::Consumer) {
            // What counts as processed is for kaffi to say.
            conf.set("enable.auto.offset.store", "false")?;
        }
        if client == Some(Type::Producer) {
            // The ledger has to hear of each record; which reports are kept is its own business.
            conf.set("delivery.report.only.error", "false")?;
        }
        Ok(conf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> Config {
        let mut config = Config::default();
        for (key, value) in pairs {
            config.set(key, value).expect(key);
        }
        config
    }

    fn code_of<T>(result: Result<T>) -> i32 {
        result.map_or_else(|e| e.code, |_| code::DONE)
    }

    #[test]
    fn what_is_set_is_read_and_else_the_default() {
        let config = set(&[("bootstrap.servers", "a:1"), ("linger.ms", "7"), ("kaffi.poll.timeout.ms", "5")]);
        let cases = [
            ("bootstrap.servers", "a:1"),
            ("metadata.broker.list", "a:1"),
            ("linger.ms", "7"),
            ("queue.buffering.max.ms", "7"),
            ("kaffi.poll.timeout.ms", "5"),
            ("kaffi.close.timeout.ms", "30000"),
            ("fetch.queue.backoff.ms", "10"),
            ("acks", "-1"),
            ("request.required.acks", "-1"),
            ("socket.timeout.ms", "60000"),
            ("group.id", ""),
        ];
        for (key, value) in cases {
            assert_eq!(config.get(key), Ok(value.to_string()), "{key}");
        }
        assert_eq!(code_of(config.get("no.such")), code::UNKNOWN_PROPERTY);
        assert_eq!(code_of(config.get("kaffi.no.such")), code::UNKNOWN_PROPERTY);
        assert_eq!(set(&[("acks", "1")]).get("acks"), Ok("1".to_string()));
        assert_eq!(set(&[("fetch.queue.backoff.ms", "1000")]).get("fetch.queue.backoff.ms"), Ok("1000".to_string()));
    }

    #[test]
    fn every_property_of_kaffi_takes_its_default_and_refuses_nonsense() {
        for property in PROPERTIES {
            assert_eq!(set(&[(property.name, property.default)]).get(property.name), Ok(property.default.to_string()));
            assert_eq!(Config::default().get(property.name), Ok(property.default.to_string()));
            for wrong in ["-1", "none of these", "99999999999"] {
                let e = Config::default().set(property.name, wrong).expect_err(property.name);
                assert_eq!(e.code, code::INVALID_VALUE);
                assert!(e.text.contains(property.name), "{}", e.text);
            }
        }
    }

    #[test]
    fn refused_values_leave_no_trace() {
        let mut config = set(&[("linger.ms", "7")]);
        assert_eq!(code_of(config.set("linger.ms", "many")), code::INVALID_VALUE);
        assert_eq!(code_of(config.set("no.such", "1")), code::UNKNOWN_PROPERTY);
        for key in ["internal.termination.signal", "log.queue", "ut_handle_ProduceResponse", "enabled_events"] {
            assert_eq!(code_of(config.set(key, "1")), code::INVALID_VALUE, "{key}");
        }
        assert_eq!(config.get("linger.ms"), Ok("7".to_string()));
    }

    #[test]
    fn secrets_are_not_shown() {
        for key in ["sasl.password", "ssl.key.password", "ssl.keystore.password", "sasl.oauthbearer.client.secret"] {
            assert_eq!(Config::default().get(key), Ok(String::new()), "{key}");
            assert_eq!(set(&[(key, "Geheim1")]).get(key), Ok("[redacted]".to_string()), "{key}");
        }
        let e = Config::default().set("ssl.key.pem", "Geheim1").map_or_else(|e| e.text, |()| String::new());
        assert!(!e.contains("Geheim1"), "{e}");
        assert_eq!(code_of(Config::default().get("my.password")), code::UNKNOWN_PROPERTY);
    }

    #[test]
    fn what_a_client_sets_goes_before_its_topic_properties() {
        let topic = TopicConf::new();
        topic.set("acks", "0").expect("acks");
        topic.set("message.timeout.ms", "1234").expect("message.timeout.ms");
        assert_eq!(code_of(topic.set("acks", "many")), code::INVALID_VALUE);
        assert_eq!(code_of(topic.set("no.such", "1")), code::UNKNOWN_PROPERTY);
        let mut config = set(&[("acks", "1")]);
        config.set_default_topic(&topic);
        assert_eq!(config.get("acks"), Ok("1".to_string()));
        assert_eq!(config.get("message.timeout.ms"), Ok("1234".to_string()));
        assert_eq!(config.given(&["acks"]), Some("1"));
    }

    #[test]
    fn names_of_librdkafka_for_what_kaffi_does() {
        assert_eq!(set(&[("enable.auto.offset.store", "false")]).settings.store, Store::Manual);
        assert_eq!(set(&[("enable.auto.offset.store", "true")]).settings.store, Store::Delivered);
        let config = set(&[("enable.auto.offset.store", "0")]);
        assert_eq!(config.get("kaffi.offset.store").as_deref(), Ok("manual"));
        let config = set(&[("delivery.report.only.error", "true")]);
        assert_eq!(config.settings.reports, Keep::Errors);
        let built = config.build(Some(Type::Producer)).expect("a configuration");
        assert_eq!(built.get("delivery.report.only.error").as_deref(), Some("false"));
    }
}
