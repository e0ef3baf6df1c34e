//! The admin operations: JSON in, JSON out, one a call. A file for each noun; what they share is here.

mod acls;
mod cluster;
mod configs;
mod credentials;
mod groups;
pub mod members;
mod offsets;
mod sys;
#[cfg(test)]
mod tests;
mod topics;

use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::ptr;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Deserialize;
use serde::de::{self, Visitor};
use serde_json::{Map, Value, json};

use self::members::{Item, Native, Object};
use super::describe;
use super::engine::Engine;
use super::gate::{Deadline, Inside, Timeout};
use super::queue::{Event, PrivateQueue};
use super::sys::{rd, rd_kafka_error_code};
use crate::error::{self, Error, Result, code};

/// How long the engine lets a request take at most.
const LONGEST: Duration = Duration::from_secs(3600);
/// How many replies of a client may wait to be fetched.
const WAITING: usize = 16;
/// One request to the engine names at most so many things, with so many bytes of text: it keeps them on its stack.
const MOST_ITEMS: usize = 1000;
const MOST_TEXT: usize = 1 << 16;
/// What the engine says where none of the partitions that were asked for has a leader; and what that is.
const NO_LEADERS: i32 = -156;
const UNKNOWN_TOPIC: i32 = 3;

/// What an operation does: it checks all of its request, then asks the brokers.
trait Operation {
    fn run(self, call: &Call<'_>) -> Result<Value>;
}

macro_rules! operations {
    ($($name:ident: $of:path,)*) => {
        #[derive(Deserialize)]
        enum Request {
            $($name(Object<$of>),)*
        }

        impl Request {
            fn name(&self) -> &'static str {
                match self {
                    $(Request::$name(_) => stringify!($name),)*
                }
            }

            fn run(self, call: &Call<'_>) -> Result<Value> {
                match self {
                    $(Request::$name(Object(request)) => request.run(call),)*
                }
            }
        }

        /// Every operation and the members of its request.
        pub fn operations() -> Value {
            let mut all = Map::new();
            $(all.insert(stringify!($name).into(), <$of>::deserialize(Probe).err().map(|m| m.0).into());)*
            all.into()
        }
    };
}

operations! {
    Metadata: cluster::Metadata,
    DescribeCluster: cluster::DescribeCluster,
    ListTopics: topics::ListTopics,
    DescribeTopics: topics::DescribeTopics,
    CreateTopics: topics::CreateTopics,
    DeleteTopics: topics::DeleteTopics,
    CreatePartitions: topics::CreatePartitions,
    DeleteRecords: offsets::DeleteRecords,
    ListOffsets: offsets::ListOffsets,
    DescribeConfigs: configs::DescribeConfigs,
    AlterConfigs: configs::AlterConfigs,
    ListGroups: groups::ListGroups,
    DescribeGroups: groups::DescribeGroups,
    DeleteGroups: groups::DeleteGroups,
    ListGroupOffsets: groups::ListGroupOffsets,
    AlterGroupOffsets: groups::AlterGroupOffsets,
    DeleteGroupOffsets: groups::DeleteGroupOffsets,
    CreateAcls: acls::CreateAcls,
    DescribeAcls: acls::DescribeAcls,
    DeleteAcls: acls::DeleteAcls,
    DescribeScramCredentials: credentials::DescribeScramCredentials,
    AlterScramCredentials: credentials::AlterScramCredentials,
    ElectLeaders: cluster::ElectLeaders,
}

/// Asks a structure for the names of its members.
struct Probe;

#[derive(Debug)]
struct Members(Vec<&'static str>);

impl std::fmt::Display for Members {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Members {}

impl de::Error for Members {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Members(Vec::new())
    }
}

impl<'de> de::Deserializer<'de> for Probe {
    type Error = Members;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> std::result::Result<V::Value, Members> {
        Err(Members(Vec::new()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        members: &'static [&'static str],
        _: V,
    ) -> std::result::Result<V::Value, Members> {
        Err(Members(members.to_vec()))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The replies of a client that found too little room.
#[derive(Default)]
pub struct Replies(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    last: i64,
    replies: BTreeMap<i64, String>,
}

impl Replies {
    /// Gives the reply that waits under `id`, or that of `perform` where it is 0. What finds too little room waits, and
    /// its id is the second number.
    pub fn answer(
        &self,
        id: i64,
        give: impl FnOnce(&str) -> i32,
        perform: impl FnOnce() -> Result<String>,
    ) -> Result<(i32, i64)> {
        if id != 0 {
            let mut waiting = self.0.lock();
            let Some(reply) = waiting.replies.get(&id) else {
                return Err(members::bad(format!("no reply waits under reply_id {id}: 0 asks for something new")));
            };
            let given = give(reply);
            if given == code::TOO_SMALL {
                return Ok((given, id));
            }
            waiting.replies.remove(&id);
            return Ok((given, 0));
        }
        if self.0.lock().replies.len() >= WAITING {
            let text = format!(
                "nothing was done: {WAITING} replies of this client wait; fetch one by its reply_id, with enough room"
            );
            return Err(Error::new(code::QUEUE_FULL, text));
        }
        let reply = perform()?;
        let given = give(&reply);
        if given != code::TOO_SMALL {
            return Ok((given, 0));
        }
        let mut waiting = self.0.lock();
        waiting.last += 1;
        let id = waiting.last;
        waiting.replies.insert(id, reply);
        Ok((given, id))
    }
}

/// Reads a request, does it, and gives its reply.
pub fn perform(engine: &Engine, inside: &Inside<'_>, request: &str, timeout: Timeout) -> Result<String> {
    let request: Request =
        serde_json::from_str(request).map_err(|e| Error::new(code::BAD_JSON, mute(e.to_string())))?;
    let call = Call { engine, inside, deadline: timeout.at_most(LONGEST).deadline(), name: request.name() };
    Ok(describe::ascii(&request.run(&call)?))
}

/// What serde says of a value of the wrong type without that value: it may be a password.
fn mute(text: String) -> String {
    if text.starts_with("invalid ")
        && let Some(value) = text.find(['`', '"'])
        && let Some(rest) = text.rfind(", expected ").filter(|rest| *rest > value)
    {
        return format!("{}{}", text[..value].trim_end(), &text[rest..]);
    }
    text
}

/// A request that is under way.
pub struct Call<'a> {
    engine: &'a Engine,
    inside: &'a Inside<'a>,
    deadline: Deadline,
    name: &'static str,
}

type Api = rd::rd_kafka_admin_op_t;
type Options = rd::rd_kafka_AdminOptions_t;
type Queue = rd::rd_kafka_queue_t;

impl Call<'_> {
    /// Sends `count` requests at once and gives their answers in that order, as far as they come in time.
    fn ask(
        &self,
        api: Api,
        count: usize,
        set: impl Fn(*mut Options) -> Result<()>,
        send: impl Fn(usize, *const Options, *mut Queue) -> Result<()>,
    ) -> Result<Vec<Result<Event>>> {
        if self.deadline.is_over() {
            let text = format!("{}: nothing was sent: timeout_ms leaves no time for an answer", self.name);
            return Err(Error::new(code::TIMED_OUT, text));
        }
        let queue = PrivateQueue::new(self.engine);
        let time = super::sys::ms(self.deadline.left());
        for number in 0..count {
            // SAFETY: a live client; null is seen to. The opaque is a number, which nobody follows. The time for the
            // broker is not known to every operation.
            let options = unsafe {
                let options = rd::rd_kafka_AdminOptions_new(self.engine.rk(), api);
                let options = Native::new(options, rd::rd_kafka_AdminOptions_destroy, || "no such operation".into())?;
                sys::rd_kafka_AdminOptions_set_request_timeout(options.as_ptr(), time, ptr::null_mut(), 0);
                sys::rd_kafka_AdminOptions_set_operation_timeout(options.as_ptr(), time, ptr::null_mut(), 0);
                rd::rd_kafka_AdminOptions_set_opaque(options.as_ptr(), ptr::without_provenance_mut::<c_void>(number));
                options
            };
            set(options.as_ptr())?;
            send(number, options.as_ptr(), queue.as_ptr())?;
        }
        let mut answers: Vec<_> = (0..count).map(|_| None).collect();
        let mut missing = count;
        while missing > 0 && !self.deadline.is_over() {
            if let Some(event) = queue.poll(self.deadline.slice())
                && let Some(answer @ None) = answers.get_mut(event.number())
            {
                *answer = Some(self.judge(event));
                missing -= 1;
            }
            self.engine.serve(Duration::ZERO);
            self.inside.check().map_err(|e| Error::new(e.code, format!("{}{}", e.text, self.perhaps())))?;
        }
        Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(|| Err(self.late()))).collect())
    }

    /// Sends one request.
    fn ask_one(
        &self,
        api: Api,
        set: impl Fn(*mut Options) -> Result<()>,
        send: impl Fn(*const Options, *mut Queue) -> Result<()>,
    ) -> Result<Event> {
        let answers = self.ask(api, 1, set, |_, options, queue| send(options, queue))?;
        answers.into_iter().next().unwrap_or_else(|| Err(self.late()))
    }

    /// Asks about many things, in several requests if need be, and gives the result of each.
    fn ask_each<N>(
        &self,
        api: Api,
        items: &[Item<N>],
        most: usize,
        set: impl Fn(*mut Options) -> Result<()>,
        send: impl Fn(&[Item<N>], *const Options, *mut Queue) -> Result<()>,
        read: impl Fn(&Event) -> Vec<Value>,
    ) -> Result<Vec<Value>> {
        let parts = split(items, most);
        let answers = self.ask(api, parts.len(), set, |number, options, queue| send(parts[number], options, queue))?;
        // What no broker has said is no result of a single thing.
        if let Some(Err(first)) = answers.first()
            && first.code < 0
            && answers.iter().all(Result::is_err)
        {
            return Err(first.clone());
        }
        let results = parts.iter().zip(&answers).flat_map(|(part, answer)| match answer {
            Ok(event) => read(event),
            Err(e) => part.iter().map(|item| with(item.label.clone(), e.code, &e.text)).collect(),
        });
        Ok(results.collect())
    }

    /// An answer, or the error of the whole of it.
    fn judge(&self, event: Event) -> Result<Event> {
        match event.error() {
            None => Ok(event),
            Some((code::TIMED_OUT, _)) => Err(self.late()),
            Some((NO_LEADERS, _)) => Err(Error::engine(UNKNOWN_TOPIC, self.name)),
            // The engine wraps the broker's code into words about its own workers.
            Some((err @ 1.., _)) => Err(Error::engine(err, self.name)),
            Some((err, text)) => Err(Error::new(code::from_engine(err), format!("{}: {text}", self.name))),
        }
    }

    fn late(&self) -> Error {
        let what = format!("{}: no answer in time{}", self.name, self.perhaps());
        self.engine.hub().diagnosis.explain(&what, code::TIMED_OUT).with_code(code::TIMED_OUT)
    }

    /// What is to be said of a request that was sent and not answered.
    fn perhaps(&self) -> &'static str {
        if ["Create", "Delete", "Alter", "Elect"].iter().any(|verb| self.name.starts_with(verb)) {
            "; it was asked for and may be done all the same: look before you ask again"
        } else {
            ""
        }
    }
}

/// Parts of a list that one request to the engine may have.
fn split<N>(items: &[Item<N>], most: usize) -> Vec<&[Item<N>]> {
    let mut parts = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (at, item) in items.iter().enumerate() {
        if at > start && (at - start >= most || size + item.size > MOST_TEXT) {
            parts.push(&items[start..at]);
            (start, size) = (at, 0);
        }
        size += item.size;
    }
    parts.push(&items[start..]);
    parts
}

fn nothing_to_set(_: *mut Options) -> Result<()> {
    Ok(())
}

/// The result of one thing: what names it, then code and text.
fn with(mut label: Value, code: i32, text: &str) -> Value {
    label["code"] = code.into();
    label["text"] = text.into();
    label
}

/// Code and text of an engine's number; `text` may be null.
fn outcome(label: Value, err: i32, text: *const c_char) -> Value {
    match code::from_engine(err) {
        0 => with(label, 0, ""),
        code if text.is_null() => with(label, code, &error::text(code)),
        // The engine may read a byte more than the broker's text has.
        code => with(label, code, super::sys::text(text).trim_end_matches(char::is_control)),
    }
}

/// Code and text of an error object; null is none.
///
/// # Safety
/// `error` is null or a live error.
unsafe fn outcome_of(label: Value, error: *const rd::rd_kafka_error_t) -> Value {
    if error.is_null() {
        return with(label, 0, "");
    }
    // SAFETY: not null, as above.
    unsafe { outcome(label, rd_kafka_error_code(error), rd::rd_kafka_error_string(error)) }
}

/// The elements of an array of the engine that are there.
///
/// # Safety
/// `first` is null or leads to `count` pointers, null or live, that outlive the answer.
unsafe fn array<T>(first: *mut *const T, count: usize) -> Vec<*const T> {
    if first.is_null() {
        return Vec::new();
    }
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts(first, count) }.iter().copied().filter(|one| !one.is_null()).collect()
}

/// The name of a number of the engine.
fn named(name: *const c_char) -> Value {
    super::sys::text(name).into()
}

/// A text of the engine, or null where there is none.
fn text_or_null(text: *const c_char) -> Value {
    if text.is_null() { Value::Null } else { super::sys::text(text).into() }
}

/// A broker; null where it is not known.
///
/// # Safety
/// `node` is null or live.
unsafe fn broker(node: *const rd::rd_kafka_Node_t) -> Value {
    if node.is_null() {
        return Value::Null;
    }
    // SAFETY: not null, as above.
    unsafe {
        json!({
            "id": rd::rd_kafka_Node_id(node),
            "host": super::sys::text(rd::rd_kafka_Node_host(node)),
            "port": rd::rd_kafka_Node_port(node),
            "rack": text_or_null(rd::rd_kafka_Node_rack(node)),
        })
    }
}

/// The operations that the client may do on something; null where the broker was not asked.
///
/// # Safety
/// `first` is null or leads to `count` numbers.
unsafe fn authorized(first: *const i32, count: usize) -> Value {
    if first.is_null() {
        return Value::Null;
    }
    // SAFETY: as above; the names are static.
    let operations = unsafe { std::slice::from_raw_parts(first, count) };
    // SAFETY: any number has a name.
    operations.iter().map(|&operation| named(unsafe { sys::rd_kafka_AclOperation_name(operation) })).collect()
}

/// A number that is put on the options, where the operation knows it.
fn switch(
    options: *mut Options,
    set: unsafe extern "C" fn(*mut Options, i32) -> *mut rd::rd_kafka_error_t,
    on: bool,
) -> Result<()> {
    // SAFETY: live options; the error is taken.
    super::sys::take_error(unsafe { set(options, i32::from(on)) }, "option")
}

fn validate_only(options: *mut Options, on: bool) -> Result<()> {
    // SAFETY: live options of an operation that knows it.
    match unsafe { sys::rd_kafka_AdminOptions_set_validate_only(options, i32::from(on), ptr::null_mut(), 0) } {
        0 => Ok(()),
        err => Err(Error::engine(err, "validate_only")),
    }
}
