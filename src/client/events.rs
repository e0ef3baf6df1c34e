//! Events: what the engine and the brokers say by themselves, kept till the host asks.

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::describe;
use super::sys::Entry;
use crate::error::{self, code};

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Error,
    Rebalance,
    Commit,
    Log,
    Stats,
    Throttle,
    OAuth,
    Eof,
}

/// An event in words: its name in `kaffi.events` and in the JSON, its members, and its meaning.
pub struct Description {
    pub name: &'static str,
    pub meaning: &'static str,
    pub members: &'static [(&'static str, &'static str)],
}

/// Every kind of event, in the order of `Kind`.
pub const EVENTS: &[Description] = &[
    Description {
        name: "error",
        meaning: "something went wrong. Most errors heal by themselves: the engine goes on trying. The same error again is \
                  counted, not queued again",
        members: &[
            ("code", "the code"),
            ("name", "its name"),
            ("text", "what failed, on what"),
            ("fatal", "whether the client cannot go on: make a new one"),
            ("broker", "address of the broker, where it is about one"),
            ("topic", "name of the topic, where it is about a partition; with partition and offset"),
            ("partition", "the partition"),
            ("offset", "the offset; -1001: none"),
        ],
    },
    Description {
        name: "rebalance",
        meaning: "partitions come or go",
        members: &[
            ("kind", "assign or revoke"),
            ("pending", "whether it waits for an answer (kaffi.rebalance manual); else it has taken effect"),
            (
                "lost",
                "whether the partitions are lost already: what was processed of them cannot be committed any more",
            ),
            ("protocol", "EAGER: it is about all partitions; COOPERATIVE: about those that come or go"),
            ("partitions", "list of topic and partition"),
        ],
    },
    Description {
        name: "commit",
        meaning: "the result of a commit in the background, or of CommitOffsets without waiting",
        members: &[
            ("code", "0, or why it failed"),
            ("text", "the same in words"),
            ("partitions", "list of topic, partition, offset and code"),
        ],
    },
    Description {
        name: "log",
        meaning: "a line of the engine's log (log_level, debug)",
        members: &[
            ("level", "as syslog counts: 3 error, 4 warning, 5 notice, 6 information, 7 debug"),
            ("facility", "which part of the engine"),
            ("text", "the line"),
        ],
    },
    Description {
        name: "stats",
        meaning: "statistics, each statistics.interval.ms",
        members: &[("stats", "librdkafka's statistics, as its STATISTICS.md describes them")],
    },
    Description {
        name: "throttle",
        meaning: "a broker has delayed its answer because of a quota",
        members: &[("broker", "name of the broker"), ("broker_id", "its number"), ("throttle_ms", "by how many ms")],
    },
    Description {
        name: "oauth",
        meaning: "the client needs a token: SetOAuthToken or SetOAuthFailure answers",
        members: &[("refresh", "whether it has one, whose time is nearly over")],
    },
    Description {
        name: "eof",
        meaning: "the end of a partition was reached (enable.partition.eof)",
        members: &[("topic", "name of the topic"), ("partition", "the partition"), ("offset", "the offset of the end")],
    },
];

impl Kind {
    fn name(self) -> &'static str {
        EVENTS[self as usize].name
    }

    /// What goes first when there are too many.
    fn is_news(self) -> bool {
        matches!(self, Kind::Log | Kind::Stats | Kind::Throttle)
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    pub const ALL: Kinds = Kinds(u8::MAX);

    /// Reads names with commas between them; empty: none.
    pub fn parse(text: &str) -> Option<Kinds> {
        let mut kinds = 0;
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            kinds |= 1 << EVENTS.iter().position(|event| event.name == name)?;
        }
        Some(Kinds(kinds))
    }

    fn has(self, kind: Kind) -> bool {
        self.0 >> kind as u8 & 1 == 1
    }
}

struct Event {
    kind: Kind,
    time: i64,
    /// The members, as they stand between the braces.
    members: String,
    /// How often the same came.
    count: u64,
    /// It stays till it is read: it wants an answer, or the host was told its size.
    stays: bool,
}

/// How many bytes of events wait at most. Statistics of a client with many partitions are long.
const MAX_BYTES: usize = 64 << 20;

struct Queue {
    events: VecDeque<Event>,
    bytes: usize,
    /// How many have gone unread since the last one that was read.
    lost: u64,
    wanted: Kinds,
    max: usize,
}

/// The events of a client that wait to be read.
pub struct Events(Mutex<Queue>);

impl Default for Events {
    fn default() -> Events {
        Events(Mutex::new(Queue { events: VecDeque::new(), bytes: 0, lost: 0, wanted: Kinds::ALL, max: 10_000 }))
    }
}

impl Events {
    pub fn configure(&self, wanted: Kinds, max: usize) {
        let mut queue = self.0.lock();
        (queue.wanted, queue.max) = (wanted, max);
    }

    /// Queues an event, if the host wants it; whether it is new.
    pub fn push(&self, kind: Kind, stays: bool, members: impl FnOnce() -> Value) -> bool {
        self.push_text(kind, stays, || {
            let text = describe::ascii(&members());
            text[1..text.len() - 1].to_string()
        })
    }

    pub fn push_stats(&self, stats: &str) -> bool {
        self.push_text(Kind::Stats, false, || format!(r#""stats":{}"#, describe::escaped(stats.trim())))
    }

    fn push_text(&self, kind: Kind, stays: bool, members: impl FnOnce() -> String) -> bool {
        if !(stays || self.0.lock().wanted.has(kind)) {
            return false;
        }
        let members = members();
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as i64);
        let mut queue = self.0.lock();
        if kind == Kind::Error {
            let same = queue.events.iter_mut().rev().find(|event| event.kind == kind && event.members == members);
            if let Some(event) = same {
                event.count += 1;
                return false;
            }
        }
        queue.bytes += members.len();
        queue.events.push_back(Event { kind, time, members, count: 1, stays });
        queue.make_room();
        true
    }

    pub fn is_empty(&self) -> bool {
        self.0.lock().events.is_empty()
    }

    /// Gives the first event to `take` as JSON; it goes where that says so.
    pub fn first(&self, take: impl FnOnce(&str) -> bool) -> bool {
        let mut queue = self.0.lock();
        let lost = queue.lost;
        let Some(event) = queue.events.front_mut() else { return false };
        event.stays = true;
        let mut text = format!(r#"{{"event":"{}","time":{},{}"#, event.kind.name(), event.time, event.members);
        if event.count > 1 {
            text += &format!(r#","count":{}"#, event.count);
        }
        if lost > 0 {
            text += &format!(r#","lost":{lost}"#);
        }
        text.push('}');
        if take(&text) {
            if let Some(event) = queue.events.pop_front() {
                queue.bytes -= event.members.len();
            }
            queue.lost = 0;
        }
        true
    }
}

impl Queue {
    fn make_room(&mut self) {
        while self.events.len() > self.max || self.bytes > MAX_BYTES {
            let news = self.events.iter().position(|event| event.kind.is_news() && !event.stays);
            let Some(at) = news.or_else(|| self.events.iter().position(|event| !event.stays)) else { break };
            if let Some(event) = self.events.remove(at) {
                self.bytes -= event.members.len();
                self.lost += event.count;
            }
        }
    }
}

/// The members of an error, with what it is about.
pub fn of_error(err: i32, text: &str, fatal: bool, about: &[(&str, Value)]) -> Value {
    let mut members = json!({ "code": err, "name": error::describe(err).name, "text": text, "fatal": fatal });
    for (name, value) in about {
        members[*name] = value.clone();
    }
    members
}

/// Partitions for an event, with what `more` adds to each.
pub fn partitions(entries: &[Entry], more: impl Fn(&Entry, &mut Value)) -> Value {
    let one = |entry: &Entry| {
        let mut one = json!({ "topic": entry.topic, "partition": entry.partition });
        more(entry, &mut one);
        one
    };
    entries.iter().map(one).collect()
}

/// The members of a commit's result.
pub fn of_commit(err: i32, entries: &[Entry]) -> Value {
    let err = code::from_engine(err);
    let text = if err == 0 { "committed".into() } else { error::text(err) };
    let entries = partitions(entries, |entry, one| {
        one["offset"] = entry.offset.into();
        one["code"] = code::from_engine(entry.error).into();
    });
    json!({ "code": err, "text": text, "partitions": entries })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(events: &Events, kind: Kind, number: i32) -> bool {
        events.push(kind, kind == Kind::OAuth, || json!({ "n": number }))
    }

    fn read(events: &Events) -> Vec<Value> {
        let mut all = Vec::new();
        while events.first(|text| {
            all.push(serde_json::from_str(text).expect("JSON"));
            true
        }) {}
        all
    }

    #[test]
    fn the_same_error_is_counted() {
        let events = Events::default();
        assert!(push(&events, Kind::Error, 1));
        assert!(push(&events, Kind::Error, 2));
        assert!(!push(&events, Kind::Error, 1));
        assert!(push(&events, Kind::Commit, 1));
        assert!(push(&events, Kind::Commit, 1));
        let all = read(&events);
        assert_eq!(all.len(), 4);
        assert_eq!((&all[0]["n"], &all[0]["count"], &all[1]["count"]), (&json!(1), &json!(2), &Value::Null));
        assert!(all[0]["time"].as_i64() > Some(1_700_000_000_000));
    }

    #[test]
    fn news_go_first_and_questions_never() {
        let events = Events::default();
        events.configure(Kinds::ALL, 4);
        for (kind, number) in [
            (Kind::OAuth, 0),
            (Kind::Error, 1),
            (Kind::Log, 2),
            (Kind::Error, 3),
            (Kind::Error, 4),
            (Kind::OAuth, 5),
            (Kind::OAuth, 6),
            (Kind::OAuth, 7),
            (Kind::OAuth, 8),
        ] {
            push(&events, kind, number);
        }
        let all = read(&events);
        assert_eq!(all.iter().map(|event| event["n"].as_i64().expect("n")).collect::<Vec<_>>(), [0, 5, 6, 7, 8]);
        assert_eq!((&all[0]["lost"], &all[1]["lost"]), (&json!(4), &Value::Null));
    }

    #[test]
    fn what_is_too_long_for_the_queue_goes_and_is_counted() {
        let events = Events::default();
        let stats = format!("\"{}\"", "x".repeat(1 << 20));
        push(&events, Kind::Error, 1);
        for _ in 0..70 {
            assert!(events.push_stats(&stats));
        }
        let bytes = || events.0.lock().bytes;
        assert!(bytes() <= MAX_BYTES && bytes() + stats.len() + 8 > MAX_BYTES, "{}", bytes());
        let all = read(&events);
        // 63 of them have room, as each is a little longer than a MiB; the error came first and stays.
        assert_eq!((all.len(), &all[0]["event"], &all[0]["lost"]), (64, &json!("error"), &json!(7)));
        assert_eq!(bytes(), 0);
    }

    #[test]
    fn an_event_whose_size_was_told_stays() {
        let events = Events::default();
        events.configure(Kinds::ALL, 1);
        push(&events, Kind::Log, 1);
        assert!(events.first(|_| false));
        push(&events, Kind::Log, 2);
        let all = read(&events);
        assert_eq!((all.len(), &all[0]["n"], &all[0]["lost"]), (1, &json!(1), &json!(1)));
    }

    #[test]
    fn only_what_is_wanted_is_queued() {
        let events = Events::default();
        events.configure(Kinds::parse("error, stats").expect("kinds"), 10);
        assert!(push(&events, Kind::Error, 1) && events.push_stats("{ \"ü\": 1 }\n") && !push(&events, Kind::Log, 3));
        let all = read(&events);
        assert_eq!((all.len(), &all[1]["stats"]["ü"]), (2, &json!(1)));
        assert_eq!((Kinds::parse("none"), Kinds::parse("")), (None, Some(Kinds(0))));
        assert_eq!(Kinds::parse("error,rebalance,commit,log,stats,throttle,oauth,eof"), Some(Kinds::ALL));
    }
}
