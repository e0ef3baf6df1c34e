//! Transactions: what a producer with a `transactional.id` produces, and the offsets of what was consumed for it, count
//! together or not at all. Consumers with `isolation.level` read_committed (the default) see only what was committed.
//!
//! InitTransactions once, then again and again BeginTransaction, Produce and SendOffsetsToTransaction, CommitTransaction
//! or AbortTransaction. Each says by `advice` what to do after a failure: 0 none; with a code, the call was wrong and
//! nothing has changed; 1 call it again, it goes on where it was; 2 call AbortTransaction, then begin anew; 3 fatal: this
//! producer cannot go on, close it and make a new one.

use std::ffi::c_int;

use super::boundary::boundary;
use super::types::{ErrorText, Handle, InOut, Kept, Out, TextOut};
use crate::client::batch::Batch;
use crate::client::transactions::Outcome;
use crate::client::{Client, Timeout};
use crate::error::{Result, code};

/// Makes the body of a transaction call: its advice is set also where it fails.
fn advised(timeout_ms: i32, advice: Out<i32>, call: impl FnOnce(Timeout) -> Outcome) -> Result<i32> {
    let advice = advice.required("advice")?;
    let timeout = Timeout::from_ms(timeout_ms)?;
    call(timeout).map_err(|failure| {
        advice.set(failure.advice as i32);
        failure.error
    })?;
    Ok(code::DONE)
}

/// Registers the producer's `transactional.id`: an older producer with the same one is fenced off, and a transaction
/// that it left open is aborted. Starts the client as a producer if it has not started.
///
/// Once for each producer, before its first BeginTransaction. Waits for `timeout_ms` at most.
///
/// # Parameters
/// - `prod`: the client; `transactional.id` must be set: a name that the producer keeps when it is started anew, and that
///   no other has
/// - `timeout_ms`: how long to wait; 0 begins it and waits for a moment (100 ms) only, -1 as long as it takes
/// - `advice`: receives what to do: 0 nothing, 1 call again, 3 make a new producer; set also on failure
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -185: not done in time, advice 1: call again, it goes on
/// - 1: another thread called `WakeKafka`, advice 1: call again, it goes on
/// - -1111: the client cannot start as it is configured: the text says why; set it right and try again
/// - -145: `transactional.id` is not set
/// - -172: it was done already
/// - -144: a newer producer with the same `transactional.id` has fenced this one off, advice 3
/// - -177: another thread is in a transaction call of this producer
/// - -1101, -1102, -1104: not a producer, `advice` is null, `timeout_ms` is below -1
/// - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
/// - other: an error of Kafka: `advice` says what to do
#[unsafe(no_mangle)]
pub extern "C" fn InitTransactions(
    prod: Handle<Client>,
    timeout_ms: i32,
    advice: Out<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&Kept(advice)], || {
        advised(timeout_ms, advice, |timeout| prod.get()?.init_transactions(timeout))
    })
}

/// Begins a transaction: all that is produced from here on belongs to it. No broker is asked.
///
/// # Parameters
/// - `prod`: the producer, after InitTransactions
/// - `timeout_ms`: -1 or more; nothing is waited for
/// - `advice`: receives what to do: 0 nothing, 3 make a new producer; set also on failure
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -172: InitTransactions is missing, or a transaction is open already
/// - -1106: the producer has not started
/// - -145: `transactional.id` is not set
/// - -144: a newer producer with the same `transactional.id` has fenced this one off, advice 3
/// - -177, -173: another thread is in a transaction call of this producer, or one is to be called again first
/// - -1101, -1102, -1104: not a producer, `advice` is null, `timeout_ms` is below -1
/// - -1100, -1107, -1108: the handle is not right
/// - other: an error of Kafka: `advice` says what to do
#[unsafe(no_mangle)]
pub extern "C" fn BeginTransaction(
    prod: Handle<Client>,
    timeout_ms: i32,
    advice: Out<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&Kept(advice)], || {
        advised(timeout_ms, advice, |timeout| prod.get()?.begin_transaction(timeout))
    })
}

/// Commits the transaction. What was produced is sent first; if a record of it failed, nothing is committed (advice 2).
///
/// Waits for `timeout_ms` at most. Where that was too short it goes on in the background: call again, till it is done;
/// no other transaction call is possible before that.
///
/// # Parameters
/// - `prod`: the producer
/// - `timeout_ms`: how long to wait; 0 begins it and waits for a moment (100 ms) only, -1 as long as it takes
/// - `advice`: receives what to do: 0 nothing, 1 call again, 2 abort, 3 make a new producer; set also on failure
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: committed
/// - -185: not done in time, advice 1: call again, it goes on
/// - 1: another thread called `WakeKafka`, advice 1: call again, it goes on
/// - -149: records failed: their reports say why, advice 2
/// - -172: no transaction is open
/// - -1106: the producer has not started
/// - -144: a newer producer with the same `transactional.id` has fenced this one off, advice 3
/// - -177, -173: another thread is in a transaction call of this producer, or another one is to be called again first
/// - -1101, -1102, -1104: not a producer, `advice` is null, `timeout_ms` is below -1
/// - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
/// - other: an error of Kafka: `advice` says what to do
#[unsafe(no_mangle)]
pub extern "C" fn CommitTransaction(
    prod: Handle<Client>,
    timeout_ms: i32,
    advice: Out<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&Kept(advice)], || {
        advised(timeout_ms, advice, |timeout| prod.get()?.commit_transaction(timeout))
    })
}

/// Aborts the transaction: no consumer with `isolation.level` read_committed sees anything of it.
///
/// Records that were not sent yet get reports with -152 or -151, and do not count as undelivered. A consumer whose offsets were part of it goes on where it is: to
/// get its records again, put it back to the committed offsets, or close it and make a new one. Waits for `timeout_ms`
/// at most; where that was too short it goes on in the background: call again, till it is done.
///
/// # Parameters
/// - `prod`: the producer
/// - `timeout_ms`: how long to wait; 0 begins it and waits for a moment (100 ms) only, -1 as long as it takes
/// - `advice`: receives what to do: 0 nothing, 1 call again, 2 abort, 3 make a new producer; set also on failure
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: aborted
/// - -185: not done in time, advice 1: call again, it goes on
/// - 1: another thread called `WakeKafka`, advice 1: call again, it goes on
/// - -172: no transaction is open
/// - -1106: the producer has not started
/// - -144: a newer producer with the same `transactional.id` has fenced this one off, advice 3
/// - -177, -173: another thread is in a transaction call of this producer, or another one is to be called again first
/// - -1101, -1102, -1104: not a producer, `advice` is null, `timeout_ms` is below -1
/// - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
/// - other: an error of Kafka: `advice` says what to do
#[unsafe(no_mangle)]
pub extern "C" fn AbortTransaction(
    prod: Handle<Client>,
    timeout_ms: i32,
    advice: Out<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&Kept(advice)], || {
        advised(timeout_ms, advice, |timeout| prod.get()?.abort_transaction(timeout))
    })
}

/// Makes offsets of a consumer's group part of the transaction: they are committed with it.
///
/// Without a list, what the consumer handed out counts as processed (`kaffi.offset.store`), as in `Commit`, and that is
/// sent. Call it when what was produced for those records is handed over, and set `enable.auto.commit` of the consumer to
/// false: else it commits by itself. Waits for `timeout_ms` at most, 0 being too short for any broker.
///
/// # Parameters
/// - `prod`: the producer, in a transaction
/// - `cons`: the consumer; `group.id` must be set
/// - `tplist`: the list with the offsets: for each partition the record to read next; or 0: what was processed. A list is
///   not consumed, and an empty one sends nothing
/// - `timeout_ms`: how long to wait; -1 as long as the transaction may last (`transaction.timeout.ms`)
/// - `advice`: receives what to do: 0 nothing, 1 call again, 2 abort, 3 make a new producer; set also on failure
/// - `errtxt`: receives the reason of a failure, cut to the room; may be null
/// - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
///
/// # Codes
/// - 0: done
/// - -185: not done in time: advice 1 or 2
/// - -172: no transaction is open
/// - -1106: the producer or the consumer has not started
/// - -1111: `group.id` of the consumer is not set
/// - 22, 25, 82: the group has given the partitions to another member meanwhile, advice 2
/// - -144: a newer producer with the same `transactional.id` has fenced this one off, advice 3
/// - -177, -173: another thread is in a transaction call of this producer, or another one is to be called again first
/// - -1101, -1102, -1104, -1114: a handle of the wrong kind, `advice` is null, `timeout_ms` is below -1, the list's
///   columns do not fit together
/// - -1100, -1107, -1108: a handle is not right, or was closed meanwhile
/// - other: an error of Kafka: `advice` says what to do
#[unsafe(no_mangle)]
pub extern "C" fn SendOffsetsToTransaction(
    prod: Handle<Client>,
    cons: Handle<Client>,
    tplist: Handle<Batch>,
    timeout_ms: i32,
    advice: Out<i32>,
    errtxt: TextOut,
    plen: InOut<c_int>,
) -> i32 {
    boundary(ErrorText::new(errtxt, plen), &[&Kept(advice)], || {
        advised(timeout_ms, advice, |timeout| {
            let (prod, cons, list) = (prod.get()?, cons.get()?, tplist.optional()?);
            prod.send_offsets(&cons, list.as_deref(), timeout)
        })
    })
}
