//! Codes, their names, texts and classes, and the error that carries one through the library.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use crate::client::sys;

pub type Result<T> = std::result::Result<T, Error>;

/// A code, and what failed on what and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub code: i32,
    pub text: String,
}

impl Error {
    pub fn new(code: i32, text: impl Into<String>) -> Error {
        Error { code, text: text.into() }
    }

    /// The same text under another code.
    pub fn with_code(self, code: i32) -> Error {
        Error { code, ..self }
    }

    /// An error of librdkafka, with its own text.
    pub fn engine(err: i32, context: impl fmt::Display) -> Error {
        let code = code::from_engine(err);
        Error { code, text: format!("{context}: {}", text(code)) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.code)
    }
}
impl std::error::Error for Error {}

/// What kind of trouble a code is, for programs that act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Config,
    Network,
    Auth,
    Request,
    State,
    Full,
    Timeout,
    Data,
    Fatal,
    Internal,
}

/// A code in words.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Description {
    pub code: i32,
    pub name: Cow<'static, str>,
    pub text: Cow<'static, str>,
    pub class: Class,
    pub retriable: bool,
    pub fatal: bool,
}

macro_rules! own_codes {
    ($($name:ident = $code:literal, $class:ident, $text:literal;)*) => {
        /// The codes that kaffi itself gives, and those of the engine that its code names.
        pub mod code {
            $(#[doc = $text] pub const $name: i32 = $code;)*
            pub const QUEUE_FULL: i32 = -184;
            pub const TIMED_OUT: i32 = -185;
            pub const INVALID_ARG: i32 = -186;
            pub const WRONG_STATE: i32 = -172;
            #[cfg(not(unix))]
            pub const NOT_IMPLEMENTED: i32 = -170;
            pub const UNKNOWN_PARTITION: i32 = -190;
            pub const PARTITION_EOF: i32 = -191;
            pub const MSG_SIZE_TOO_LARGE: i32 = 10;

            /// The engine's numbers that mean something else here are moved out of the way.
            pub const fn from_engine(err: i32) -> i32 {
                match err {
                    -1 => 9999,
                    1 => 10001,
                    2 => 10002,
                    other => other,
                }
            }

            pub const fn to_engine(code: i32) -> i32 {
                match code {
                    9999 => -1,
                    10001 => 1,
                    10002 => 2,
                    other => other,
                }
            }
        }
        const OWN: &[Description] = &[$(Description {
            code: $code, name: Cow::Borrowed(stringify!($name)), text: Cow::Borrowed($text), class: Class::$class,
            retriable: matches!($code, 1 | 2), fatal: false,
        },)*];
    };
}

own_codes! {
    DONE = 0, State, "done";
    NOTHING = 1, State, "nothing there now (Produce: the producer could not start)";
    TOO_SMALL = 2, Request, "a buffer is too small: the room needed is set, nothing is lost; call again with that room";
    INVALID_VALUE = -1, Config, "the value of this property is invalid";
    UNKNOWN_PROPERTY = -2, Config, "there is no property of this name";
    INVALID_HANDLE = -1100, Request, "not a handle of this library";
    WRONG_KIND = -1101, Request, "a handle of another kind, or a client of another type, than the function takes";
    NULL_POINTER = -1102, Request, "a required pointer is null";
    BAD_TEXT = -1103, Request, "a text is not valid UTF-8, or is empty where it may not be";
    BAD_ARGUMENT = -1104, Request, "an argument is outside its range";
    ALREADY_STARTED = -1105, State, "the client has started: this is possible only before that";
    NOT_STARTED = -1106, State, "the client has not started yet";
    CLOSED = -1107, State, "the handle is closed";
    FORKED = -1108, State, "the handle belongs to the parent process: after fork, make a new one";
    UNDELIVERED = -1109, Data, "closed, but records were left that no broker has confirmed";
    INTERNAL = -1110, Internal, "an internal error of kaffi: please report it";
    START_FAILED = -1111, Config, "the client cannot start with this configuration";
    TOO_MANY_HANDLES = -1112, Full, "too many handles are open";
    UNKNOWN_COLUMN = -1113, Request, "this batch has no such column, or it is of another type";
    BAD_BATCH = -1114, Request, "the columns of this batch do not fit together, or one that the call needs is missing";
    BAD_JSON = -1115, Request, "the JSON text is malformed, or has an unknown or a missing member";
}

/// Codes of brokers that the engine of this version does not know (Kafka 4.3, org.apache.kafka.common.protocol.Errors).
const NEWER: &[(i32, &str, &str)] = &[
    (98, "SNAPSHOT_NOT_FOUND", "the requested snapshot was not found"),
    (99, "POSITION_OUT_OF_RANGE", "the requested position is not within the snapshot"),
    (101, "DUPLICATE_BROKER_REGISTRATION", "this broker id is already in use"),
    (102, "BROKER_ID_NOT_REGISTERED", "the broker id is not registered"),
    (103, "INCONSISTENT_TOPIC_ID", "the log's topic id does not match the topic id in the request"),
    (104, "INCONSISTENT_CLUSTER_ID", "the cluster id in the request does not match the server's"),
    (105, "TRANSACTIONAL_ID_NOT_FOUND", "the transactional id was not found"),
    (106, "FETCH_SESSION_TOPIC_ID_ERROR", "the fetch session met inconsistent use of topic ids"),
    (107, "INELIGIBLE_REPLICA", "the new in-sync set contains an ineligible replica"),
    (108, "NEW_LEADER_ELECTED", "the request changed the leader, which has not taken over yet"),
    (109, "OFFSET_MOVED_TO_TIERED_STORAGE", "the requested offset has moved to tiered storage"),
    (114, "MISMATCHED_ENDPOINT_TYPE", "the request was sent to an endpoint of the wrong type"),
    (115, "UNSUPPORTED_ENDPOINT_TYPE", "this type of endpoint is not supported yet"),
    (116, "UNKNOWN_CONTROLLER_ID", "this controller id is not known"),
    (119, "INVALID_REGISTRATION", "the controller has found the broker's registration invalid"),
    (120, "TRANSACTION_ABORTABLE", "the transaction met an error: abort it, then go on"),
    (121, "INVALID_RECORD_STATE", "the record's state does not allow its acknowledgement"),
    (122, "SHARE_SESSION_NOT_FOUND", "the share session was not found"),
    (123, "INVALID_SHARE_SESSION_EPOCH", "the share session's epoch is invalid"),
    (124, "FENCED_STATE_EPOCH", "the share coordinator refused the epoch of the share group's state"),
    (125, "INVALID_VOTER_KEY", "the voter key does not match the receiving replica's key"),
    (126, "DUPLICATE_VOTER", "the voter is already one of the voters"),
    (127, "VOTER_NOT_FOUND", "the voter is not one of the voters"),
    (128, "INVALID_REGULAR_EXPRESSION", "the regular expression is not valid"),
    (130, "STREAMS_INVALID_TOPOLOGY", "the streams topology is invalid"),
    (131, "STREAMS_INVALID_TOPOLOGY_EPOCH", "the epoch of the streams topology is invalid"),
    (132, "STREAMS_TOPOLOGY_FENCED", "the epoch of the streams topology is outdated"),
    (133, "SHARE_SESSION_LIMIT_REACHED", "the limit of share sessions is reached"),
];

/// Class, retriable and fatal by default of a code of the engine or a broker.
fn classify(code: i32) -> (Class, bool, bool) {
    use Class::{Auth, Config, Data, Fatal, Full, Internal, Network, Request, State, Timeout};
    let class = match code {
        -150 | -144 | 47 | 66 | 82 | 90 | 110 => Fatal,
        -184 | 89 | 133 => Full,
        -185 | -192 | -166 | -147 | 7 => Timeout,
        -195 | -193 | -187 | -181 | 5 | 6 | 8 | 9 | 13..=16 | 41 | 74 | 75 | 78 | 129 => Network,
        -169 | 29 | 30 | 31 | 33 | 34 | 53 | 54 | 57 | 58 | 61..=65 | 93 => Auth,
        -186 | -170 | -179 | -160 | 32 | 39 | 40 | 43 => Config,
        -199 | -198 | -164 | -182 | -188 | 9999 | 10002 | 10 | 18 | 87 => Data,
        -196 | -200 | -138 => Internal,
        -172 | -197 | -191 | -180 | -174 | -152 | -151 | -143..=-139 | 22 | 25 | 27 | 48 | 51 => State,
        3..=9998 | 10001 => Request,
        _ => State,
    };
    let retriable = matches!(
        code,
        -195 | -193 | -192 | -187 | -185 | -184 | -181 | -180 | -166 | 3 | 5..=9 | 13..=16 | 19 | 20 | 27 | 41 | 51 | 56 | 72 | 74 | 75 | 78 | 89 | 129
    );
    (class, retriable, class == Fatal)
}

fn of_engine(code: i32, name: &str, text: &str) -> Description {
    let (class, retriable, fatal) = classify(code);
    Description { code, name: name.to_string().into(), text: text.to_string().into(), class, retriable, fatal }
}

/// Every code that this library can answer, in the order of their numbers.
pub fn descriptions() -> &'static [Description] {
    static ALL: OnceLock<Vec<Description>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = OWN.to_vec();
        for (err, name, text) in sys::error_descriptions() {
            if err != 0 && !matches!(name.as_str(), "_BEGIN" | "_END") {
                all.push(of_engine(code::from_engine(err), &name, &text));
            }
        }
        for &(code, name, text) in NEWER {
            if all.iter().all(|known| known.code != code) {
                all.push(of_engine(code, name, text));
            }
        }
        all.sort_by_key(|description| description.code);
        all
    })
}

/// A code in words. A broker's code that nobody knows keeps its number.
pub fn describe(code: i32) -> Description {
    match descriptions().binary_search_by_key(&code, |description| description.code) {
        Ok(at) => descriptions()[at].clone(),
        Err(_) => {
            of_engine(code, &format!("ERR_{code}"), &format!("error {code}, which this version of kaffi does not know"))
        }
    }
}

/// The text of a code.
pub fn text(code: i32) -> Cow<'static, str> {
    describe(code).text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_described_once() {
        let all = descriptions();
        assert!(all.windows(2).all(|two| two[0].code < two[1].code));
        for one in all {
            assert!(!one.name.is_empty() && !one.text.is_empty(), "{one:?}");
            assert!(!(one.fatal && one.retriable), "{one:?}");
        }
        for (err, name, text) in sys::error_descriptions() {
            // The two ends of librdkafka's own range are no errors.
            if matches!(err, -200 | -100 | 0) || name.ends_with("END_ALL") {
                continue;
            }
            let found = describe(code::from_engine(err));
            assert_eq!((&*found.name, &*found.text), (&*name, &*text), "{err}");
        }
    }

    #[test]
    fn numbers_of_the_engine_that_mean_something_here_are_moved() {
        for (engine, ours) in [(-1, 9999), (1, 10001), (2, 10002), (3, 3), (-185, -185), (0, 0)] {
            assert_eq!(code::from_engine(engine), ours);
            assert_eq!(code::to_engine(ours), engine);
        }
        assert_eq!(describe(10001).name, "OFFSET_OUT_OF_RANGE");
        assert_eq!(describe(code::NOTHING).name, "NOTHING");
        assert_eq!(describe(code::INVALID_VALUE).class, Class::Config);
    }

    #[test]
    fn a_code_that_nobody_knows_keeps_its_number() {
        assert_eq!(describe(120).name, "TRANSACTION_ABORTABLE");
        assert_eq!(describe(777).code, 777);
        assert!(text(777).contains("777"));
    }
}
