//! Clients: making, configuring, starting, closing. A client is untyped until its first use makes it a producer or a
//! consumer.

use std::ffi::c_int;

use super::boundary::boundary;
use super::types::{ErrorText, Handle, HandleOut, InOut, Out, Text, TextOut};
use crate::client::config::TopicConf;
use crate::client::oauth::Token;
use crate::client::{Client, Timeout, Type};
use crate::error::code;

/// Makes a client. It becomes a producer at the first `Produce`, a consumer at `SubscribeConsumerTPList`, or what
/// `StartKafka` says.
///
/// ⎕NA: `I4 %P|InitKafka >P`
///
/// # Parameters
/// - `kafka`: receives the handle of the client
///
/// # Codes
/// - 0: done
/// - -1102: `kafka` is null
/// - -1112: too many handles are open
#[unsafe(no_mangle)]
pub extern "C" fn InitKafka(kafka: HandleOut<Client>) -> c_int {
    boundary(ErrorText::NONE, &[&kafka], || {
        kafka.required("kafka")?.set(Client::new())?;
        Ok(code::DONE)
    })
}

/// Delivers what is under way and closes a producer (or a client that never started). The handle ends in any case.
///
/// Waits until all is delivered, `kaffi.close.timeout.ms` (30 s) at most. An open transaction is aborted, and its records
/// count as undelivered; one whose commit is under way is committed.
///
/// ⎕NA: `I4 %P|UninitProducer P`
///
/// # Parameters
/// - `prod`: the producer
///
/// # Codes
/// - 0: closed, and all was delivered
/// - -1109: closed, but records were left undelivered, or failed and their reports were not read; `CloseKafka` counts them
/// - -1101: not a producer; nothing was closed
/// - -1100, -1107, -1108: not a handle, closed already, of the parent process
#[unsafe(no_mangle)]
pub extern "C" fn UninitProducer(prod: Handle<Client>) -> c_int {
    boundary(ErrorText::NONE, &[], || {
        prod.get()?.expect_type(Type::Producer)?;
        prod.take()?.close_as_configured()
    })
}

/// Leaves the group and closes a consumer (or a client that never started). The handle ends in any case.
///
/// A call of another thread inside `Consume` returns first. With `enable.auto.commit` what was processed is committed.
///
/// Waits for that, `kaffi.close.timeout.ms` (30 s) at most.
///
/// ⎕NA: `I4 %P|UninitConsumer P`
///
/// # Parameters
/// - `cons`: the consumer
///
/// # Codes
/// - 0: closed
/// - -1101: not a consumer; nothing was closed
/// - -1100, -1107, -1108: not a handle, closed already, of the parent process
/// - other: closed, but the offsets of what was processed could not be committed, and why: those records come again
#[unsafe(no_mangle)]
pub extern "C" fn UninitConsumer(cons: Handle<Client>) -> c_int {
    boundary(ErrorText::NONE, &[], || {
        cons.get()?.expect_type(Type::Consumer)?;
        cons.take()?.close_as_configured()
    })
}

/// Sets a property of a client: librdkafka's (`bootstrap.servers`, `group.id`, ...) or kaffi's own (`kaffi.*`).
///
/// After the start only `sasl.username`, `sasl.password` and `log_level` can be set.
///
/// ⎕NA: `I4 %P|SetKafkaConf P <0T1 <0T1 >0T1 =I4`
///
/// # Parameters
/// - `kafka`: the client
/// - `key`: name of the property
/// - `val`: its value as text
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -2: there is no such property
/// - -1: the value is invalid
/// - -1105: the client has started
/// - -1100, -1101, -1102, -1103, -1107, -1108: the handle or a text is not right
#[unsafe(no_mangle)]
pub extern "C" fn SetKafkaConf(
    kafka: Handle<Client>,
    key: Text,
    val: Text,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> c_int {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        kafka.get()?.set_conf(key.get("key")?, val.get("val")?)?;
        Ok(code::DONE)
    })
}

/// Reads a property of a client: what was set, else the default.
///
/// # Parameters
/// - `kafka`: the client
/// - `key`: name of the property
/// - `val`: receives the value; a secret reads `[redacted]`, an unset text has length 0; null where the room is 0
/// - `len`: in: room of `val` in bytes; out: length without the NUL, or the room needed
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - 2: the room is too small: `len` says what is needed, call again
/// - -2: there is no such property
/// - -1100, -1101, -1102, -1103, -1104, -1107, -1108: the handle, a pointer or a text is not right
#[unsafe(no_mangle)]
pub extern "C" fn GetKafkaConf(
    kafka: Handle<Client>,
    key: Text,
    val: TextOut,
    len: InOut<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&len], || {
        let val = val.with_room(len, "val")?;
        Ok(val.put(&kafka.get()?.get_conf(key.get("key")?)?))
    })
}

/// Makes an empty set of topic properties, for `SetTopicConf` and `SetDefaultTopicConf`.
///
/// # Parameters
/// - `topicconf`: receives the handle
///
/// # Codes
/// - 0: done
/// - -1102: `topicconf` is null
/// - -1112: too many handles are open
#[unsafe(no_mangle)]
pub extern "C" fn NewTopicConf(topicconf: HandleOut<TopicConf>) -> c_int {
    boundary(ErrorText::NONE, &[&topicconf], || {
        topicconf.required("topicconf")?.set(TopicConf::new())?;
        Ok(code::DONE)
    })
}

/// Deletes a set of topic properties. Clients that were given it keep what they got.
///
/// # Parameters
/// - `topicconf`: the set
///
/// # Codes
/// - 0: done
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn DelTopicConf(topicconf: Handle<TopicConf>) -> c_int {
    boundary(ErrorText::NONE, &[], || {
        topicconf.take()?;
        Ok(code::DONE)
    })
}

/// Sets a topic property (`acks`, `message.timeout.ms`, `partitioner`, ...) in a set.
///
/// # Parameters
/// - `topicconf`: the set
/// - `key`: name of the property
/// - `val`: its value as text
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -2: there is no such property
/// - -1: the value is invalid
/// - -1100, -1101, -1102, -1103, -1107, -1108: the handle or a text is not right
#[unsafe(no_mangle)]
pub extern "C" fn SetTopicConf(
    topicconf: Handle<TopicConf>,
    key: Text,
    val: Text,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> c_int {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        topicconf.get()?.set(key.get("key")?, val.get("val")?)?;
        Ok(code::DONE)
    })
}

/// Gives a client topic properties for all topics that it uses. They replace those of an earlier call; what
/// `SetKafkaConf` sets for a topic property goes before them. The set itself stays the host's.
///
/// # Parameters
/// - `kafka`: the client, before its start
/// - `topicconf`: the set, copied
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1105: the client has started
/// - -1100, -1101, -1107, -1108: a handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn SetDefaultTopicConf(
    kafka: Handle<Client>,
    topicconf: Handle<TopicConf>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        kafka.get()?.set_default_topic_conf(&*topicconf.get()?)?;
        Ok(code::DONE)
    })
}

/// Starts a client as a producer, a consumer or an admin, where the first use shall not decide. Starting again as the
/// same is nothing.
///
/// # Parameters
/// - `kafka`: the client
/// - `kind`: 1 producer, 2 consumer, 3 admin
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1111: the client cannot start as it is configured: the text says why; set it right and try again
/// - -1101: it has started as another kind
/// - -1104: `kind` is none of these
/// - -1100, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn StartKafka(kafka: Handle<Client>, kind: i32, errtxt: TextOut, plen: InOut<c_int>) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        kafka.get()?.start(Type::from_number(kind)?)?;
        Ok(code::DONE)
    })
}

/// Finds out whether a broker answers a client as it is configured, and if not, why.
///
/// Before the start it tries with a client of its own and leaves this one untyped. It ends early when trying longer
/// cannot help: at once where every bootstrap server refuses for TLS or authentication, or no token can be had; after two
/// seconds where the names of all are unknown, or all close at the first words. Waits for `timeout_ms` at most.
///
/// # Parameters
/// - `kafka`: the client
/// - `timeout_ms`: how long to try; 0 asks once without waiting, -1 as long as it takes
/// - `errtxt`: receives which address failed and why, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: a broker answered
/// - 1: another thread called `WakeKafka`
/// - -185: no broker answered in time, with no other reason known
/// - -193, -195, -181, -169: the name was not found, no connection, TLS failed, authentication failed
/// - -1111: the client cannot start as it is configured
/// - -1104: `timeout_ms` is below -1
/// - -1100, -1101, -1107, -1108: the handle is not right, or was closed meanwhile
#[unsafe(no_mangle)]
pub extern "C" fn CheckConnection(kafka: Handle<Client>, timeout_ms: i32, errtxt: TextOut, plen: InOut<c_int>) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let timeout = Timeout::from_ms(timeout_ms)?;
        kafka.get()?.check_connection(timeout)
    })
}

/// Gives a client the token by which it authenticates to its brokers, for `sasl.mechanism` OAUTHBEARER. Before the start
/// it is kept for that. Not for `sasl.oauthbearer.method` oidc, whose tokens the client gets by itself.
///
/// Without a token the client waits, and connects to no broker. When four fifths of a token's time are over it wants the
/// next one; connections that stand are authenticated anew with it.
///
/// # Parameters
/// - `kafka`: the client
/// - `token`: the token, as the brokers want it, mostly a JWT; it is shown in no text
/// - `expires_ms`: when it expires, in ms since 1970
/// - `principal`: the name that it stands for; may be empty
/// - `extensions_json`: SASL extensions, a JSON object of texts: `{"name": "value"}`; empty: none
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1104: the token has expired
/// - -1103, -1115: a text is not right, or `extensions_json` is not
/// - -172: the client has started with another mechanism
/// - -1100, -1101, -1102, -1107, -1108: the handle is not right, or a text is null
#[unsafe(no_mangle)]
pub extern "C" fn SetOAuthToken(
    kafka: Handle<Client>,
    token: Text,
    expires_ms: i64,
    principal: Text,
    extensions_json: Text,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        let extensions = extensions_json.get("extensions_json")?;
        let token = Token::new(token.get("token")?, expires_ms, principal.get("principal")?, extensions)?;
        kafka.get()?.set_oauth_token(token)?;
        Ok(code::DONE)
    })
}

/// Says why there is no token for OAUTHBEARER now. The text shows where no broker can be reached (`CheckConnection`). A
/// token that the client has is used on; it asks again after 10 s.
///
/// # Parameters
/// - `kafka`: the client
/// - `text`: the reason
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -1103: `text` is empty or not UTF-8
/// - -172: the client has started with another mechanism
/// - -1100, -1101, -1102, -1107, -1108: the handle is not right, or `text` is null
#[unsafe(no_mangle)]
pub extern "C" fn SetOAuthFailure(kafka: Handle<Client>, text: Text, errtxt: TextOut, plen: InOut<c_int>) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[], || {
        kafka.get()?.set_oauth_failure(text.get("text")?)?;
        Ok(code::DONE)
    })
}

/// Wakes the calls of other threads that wait on this client: they end with 1 (a `Produce` that waits for room with
/// -184). Where none waits, nothing happens.
///
/// # Parameters
/// - `kafka`: the client
///
/// # Codes
/// - 0: done
/// - -1100, -1101, -1107, -1108: the handle is not right
#[unsafe(no_mangle)]
pub extern "C" fn WakeKafka(kafka: Handle<Client>) -> i32 {
    boundary(ErrorText::NONE, &[], || {
        kafka.get()?.wake()?;
        Ok(code::DONE)
    })
}

/// Closes a client of any kind: a producer delivers what is under way, a consumer commits what was processed (with
/// `enable.auto.commit`) and leaves its group. The handle ends in any case.
///
/// An open transaction is aborted, and its records count as undelivered; one whose commit is under way is committed.
/// Calls of other threads that wait on the client end with -1107. Waits for `timeout_ms` at most; a client whose broker
/// hangs is finished in the background. To learn which records were left, read the reports before closing.
///
/// # Parameters
/// - `kafka`: the client
/// - `timeout_ms`: how long closing may take; 0: what is under way is given up at once; -1: as long as it takes
/// - `undelivered`: receives how many records were left undelivered, or failed and their reports were not read
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: closed
/// - -1109: closed, and `undelivered` records were left
/// - -1102, -1104: `undelivered` is null, `timeout_ms` is below -1: nothing was closed
/// - -1100, -1101, -1107, -1108: the handle is not right
/// - other: closed, but the offsets of what was processed could not be committed, and why: those records come again
#[unsafe(no_mangle)]
pub extern "C" fn CloseKafka(
    kafka: Handle<Client>,
    timeout_ms: i32,
    undelivered: Out<i64>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&undelivered], || {
        let undelivered = undelivered.required("undelivered")?;
        let timeout = Timeout::from_ms(timeout_ms)?;
        kafka.take()?.close(timeout, |left| undelivered.set(left))
    })
}
