//! Transactions: what is produced, and the offsets of what was consumed for it, count together or not at all.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::batch::Batch;
use super::clock::Moment;
use super::config::Config;
use super::consumer::Consumer;
use super::gate::{Deadline, Inside, Timeout};
use super::ledger::Mark;
use super::producer::Producer;
use super::sys::{self, Entry, NativeList, rd};
use super::{Client, Type};
use crate::error::{Error, Result, code};

/// How long the engine may work on a step before the call looks whether it shall end. It takes up a step where it was
/// left, but one that it was given too little time to begin would have to begin again.
const LONGEST: Duration = Duration::from_millis(450);
const SHORTEST: Duration = Duration::from_millis(100);

const PREV_IN_PROGRESS: i32 = -177;
const CONFLICT: i32 = -173;
const NOT_CONFIGURED: i32 = -145;

/// What to do when a call has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// The call was wrong: nothing has changed.
    None = 0,
    CallAgain = 1,
    Abort = 2,
    /// The producer cannot go on: make a new one.
    Fatal = 3,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    pub error: Error,
    pub advice: Advice,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, advice: Advice::None }
    }
}

pub type Outcome = std::result::Result<(), Failure>;

/// What a producer knows of its transactions. Locked by whoever is in a transaction call.
#[derive(Default)]
pub(super) struct State {
    /// The open transaction: where the ledger stood when it began.
    open: Option<Mark>,
    sending: Option<Sending>,
}

/// Offsets that are being sent. The engine waits as long as a request may take (`socket.timeout.ms`) for a coordinator that
/// hangs, whatever timeout it is given: so it is called on a thread of its own.
type Sending = Receiver<Outcome>;

/// What that thread gets.
struct Send {
    list: NativeList,
    group: GroupMetadata,
    wait: i32,
}

// SAFETY: both are given away.
unsafe impl std::marker::Send for Send {}

impl Send {
    fn run(self, rk: *mut rd::rd_kafka_t) -> Outcome {
        // SAFETY: a live client, list and group; the error is taken.
        unsafe {
            let (list, group) = (self.list.as_ptr(), self.group.0);
            let error = rd::rd_kafka_send_offsets_to_transaction(rk, list, group, self.wait);
            take_failure(error, "SendOffsetsToTransaction")
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Init,
    Begin,
    Commit,
    Abort,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Step::Init => "InitTransactions",
            Step::Begin => "BeginTransaction",
            Step::Commit => "CommitTransaction",
            Step::Abort => "AbortTransaction",
        }
    }
}

impl Client {
    /// Starts the client as a producer if it has not started.
    pub fn init_transactions(&self, timeout: Timeout) -> Outcome {
        let inside = self.enter()?;
        self.expect_type(Type::Producer)?;
        expect_transactional(&self.config.lock())?;
        self.started(Type::Producer)?;
        self.initialised()?.transact(Step::Init, &inside, timeout)
    }

    pub fn begin_transaction(&self, timeout: Timeout) -> Outcome {
        let inside = self.enter()?;
        self.initialised()?.transact(Step::Begin, &inside, timeout)
    }

    pub fn commit_transaction(&self, timeout: Timeout) -> Outcome {
        let inside = self.enter()?;
        self.initialised()?.transact(Step::Commit, &inside, timeout)
    }

    pub fn abort_transaction(&self, timeout: Timeout) -> Outcome {
        let inside = self.enter()?;
        self.initialised()?.transact(Step::Abort, &inside, timeout)
    }

    /// Makes a list of offsets, or what a consumer has processed, part of the transaction.
    pub fn send_offsets(&self, consumer: &Client, list: Option<&Batch>, timeout: Timeout) -> Outcome {
        let inside = self.enter()?;
        let producer = self.initialised()?;
        let (entries, group) = {
            // Only for as long as it is asked: the sending holds up nobody who closes the consumer.
            let inside = consumer.enter()?;
            consumer.consumer()?.offsets_to_send(&inside, list)?
        };
        producer.send_offsets(&inside, &entries, group, timeout)
    }

    fn initialised(&self) -> Result<&Producer> {
        self.producer()?.ok_or_else(|| {
            Error::new(code::NOT_STARTED, "the producer has not started: set transactional.id, then InitTransactions")
        })
    }
}

pub fn is_transactional(config: &Config) -> bool {
    config.given(&["transactional.id"]).is_some_and(|id| !id.is_empty())
}

fn expect_transactional(config: &Config) -> Result<()> {
    if is_transactional(config) {
        return Ok(());
    }
    let text = "transactional.id is not set: give this producer a name that it keeps when it is started anew, and that \
                no other has";
    Err(Error::new(NOT_CONFIGURED, text))
}

/// A consumer's place in its group.
struct GroupMetadata(*mut rd::rd_kafka_consumer_group_metadata_t);

impl Drop for GroupMetadata {
    fn drop(&mut self) {
        // SAFETY: ours, once.
        unsafe { rd::rd_kafka_consumer_group_metadata_destroy(self.0) }
    }
}

impl Consumer {
    fn offsets_to_send(&self, inside: &Inside<'_>, list: Option<&Batch>) -> Result<(Vec<Entry>, GroupMetadata)> {
        if self.group.is_none() {
            return Err(Error::new(
                code::START_FAILED,
                "group.id of the consumer is not set: offsets belong to a group",
            ));
        }
        let entries = match list {
            Some(list) => list.entries()?,
            None => {
                let mut state = self.interrupt(inside)?;
                self.apply_rebalances(&mut state);
                self.count_processed(&mut state, Moment::now());
                state.positions.processed()
            }
        };
        // SAFETY: a live client, with a group.
        let group = unsafe { rd::rd_kafka_consumer_group_metadata(self.engine.rk()) };
        if group.is_null() {
            return Err(Error::new(code::CLOSED, "the consumer has left its group"));
        }
        Ok((entries, GroupMetadata(group)))
    }
}

impl Producer {
    fn transact(&self, step: Step, inside: &Inside<'_>, timeout: Timeout) -> Outcome {
        let mut state = self.transaction.try_lock().ok_or_else(busy)?;
        let deadline = timeout.deadline();
        self.settle(&mut state, deadline, || inside.check())?;
        let mark = self.ledger()?.mark();
        self.run(step, deadline, || inside.check())?;
        state.open = (step == Step::Begin).then_some(mark);
        Ok(())
    }

    /// Lets the engine work on a step until it is done. It commits and aborts behind all records, whose reports it lets
    /// us serve meanwhile.
    fn run(&self, step: Step, deadline: Deadline, check: impl Fn() -> Result<()>) -> Outcome {
        let rk = self.engine().rk();
        loop {
            let wait = sys::ms(deadline.left().clamp(SHORTEST, LONGEST));
            // SAFETY: a live client; the error is taken.
            let result = unsafe {
                let error = match step {
                    Step::Init => rd::rd_kafka_init_transactions(rk, wait),
                    Step::Begin => rd::rd_kafka_begin_transaction(rk),
                    Step::Commit => rd::rd_kafka_commit_transaction(rk, wait),
                    Step::Abort => rd::rd_kafka_abort_transaction(rk, wait),
                };
                take_failure(error, step.name())
            };
            let failure = match result {
                Err(failure) if failure.advice == Advice::CallAgain => failure,
                result => return result,
            };
            check().map_err(ended)?;
            if deadline.is_over() {
                return Err(self.out_of_time(&failure.error));
            }
            if failure.error.code != code::TIMED_OUT {
                // The engine does not wait by itself where it has nobody to ask.
                self.engine().serve(deadline.slice().min(SHORTEST));
            }
        }
    }

    fn out_of_time(&self, last: &Error) -> Failure {
        let error = self.engine().hub().diagnosis.explain(&last.text, code::TIMED_OUT).with_code(code::TIMED_OUT);
        Failure { error, advice: Advice::CallAgain }
    }

    fn send_offsets(&self, inside: &Inside<'_>, entries: &[Entry], group: GroupMetadata, timeout: Timeout) -> Outcome {
        let mut state = self.transaction.try_lock().ok_or_else(busy)?;
        let deadline = timeout.deadline();
        self.settle(&mut state, deadline, || inside.check())?;
        let wait = if deadline.is_endless() { -1 } else { sys::ms(deadline.left()) };
        let send = Send { list: NativeList::new(entries)?, group, wait };
        state.sending = Some(self.engine().aside("kaffi-offsets", move |rk| send.run(rk))?);
        // What the engine itself says of its timeout comes first.
        let patient = deadline.and(SHORTEST);
        self.settle(&mut state, patient, || inside.check())?.unwrap_or(Ok(()))
    }

    /// Waits till no offsets are being sent; what became of those that were.
    fn settle(
        &self,
        state: &mut State,
        deadline: Deadline,
        check: impl Fn() -> Result<()>,
    ) -> std::result::Result<Option<Outcome>, Failure> {
        let Some(sending) = &state.sending else { return Ok(None) };
        let outcome = loop {
            match sending.recv_timeout(deadline.slice()) {
                Ok(outcome) => break outcome,
                Err(RecvTimeoutError::Disconnected) => {
                    break Err(Error::new(code::INTERNAL, "sending offsets ended without a word").into());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            check().map_err(ended)?;
            if deadline.is_over() {
                return Err(self.out_of_time(&Error::new(
                    code::TIMED_OUT,
                    "SendOffsetsToTransaction: the coordinator did not answer in time, and may still do so",
                )));
            }
        };
        state.sending = None;
        Ok(Some(match outcome {
            Err(failure) if failure.advice == Advice::CallAgain => Err(self.out_of_time(&failure.error)),
            outcome => outcome,
        }))
    }

    /// Why the engine takes no record now.
    pub(super) fn not_in_transaction(&self, what: &str) -> Error {
        let none = self.transaction.try_lock().is_some_and(|state| state.open.is_none());
        let why = if none {
            "a producer with a transactional.id produces in transactions: BeginTransaction is missing"
        } else {
            "this transaction takes no more records, for it ends or has failed: CommitTransaction or AbortTransaction \
             says why"
        };
        Error::new(code::WRONG_STATE, format!("{what}: {why}"))
    }

    /// Ends a transaction that is open when the producer closes: aborts it, or goes on where committing had begun.
    /// Where it began, if it is not committed, and what became of it.
    pub(super) fn leave_transaction(&self, deadline: Deadline) -> Option<(Mark, String)> {
        let mut state = self.transaction.lock();
        let mark = state.open.take();
        let settled = self.settle(&mut state, deadline, || Ok(()));
        let mark = mark?;
        if deadline.is_over() {
            return Some((mark, "; the open transaction was left to its transaction.timeout.ms".to_string()));
        }
        let mut result = settled.and_then(|_| self.run(Step::Abort, deadline, || Ok(())));
        if matches!(&result, Err(failure) if matches!(failure.error.code, code::WRONG_STATE | CONFLICT)) {
            result = self.run(Step::Commit, deadline, || Ok(()));
            if result.is_ok() {
                return None;
            }
        }
        Some(match result {
            Ok(()) => (mark, "; the open transaction was aborted".to_string()),
            Err(failure) => (mark, format!("; the open transaction could not be ended: {}", failure.error.text)),
        })
    }
}

/// A call that was ended from outside.
fn ended(error: Error) -> Failure {
    let advice = if error.code == code::NOTHING { Advice::CallAgain } else { Advice::None };
    Failure { error, advice }
}

fn busy() -> Error {
    Error::new(PREV_IN_PROGRESS, "another thread is in a transaction call of this producer: wait till it is done")
}

/// Turns an error object into a failure and frees it; null is fine.
///
/// # Safety
/// `error` is null or a live error, which ends here.
unsafe fn take_failure(error: *mut rd::rd_kafka_error_t, what: &str) -> Outcome {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: as above.
    let (number, fatal, abort, again) = unsafe {
        (
            sys::rd_kafka_error_code(error),
            rd::rd_kafka_error_is_fatal(error) != 0,
            rd::rd_kafka_error_txn_requires_abort(error) != 0,
            rd::rd_kafka_error_is_retriable(error) != 0,
        )
    };
    let (advice, hint) = match number {
        _ if fatal => (Advice::Fatal, "; this producer cannot go on: make a new one"),
        _ if abort => (Advice::Abort, "; call AbortTransaction, then begin the transaction anew"),
        CONFLICT => (Advice::None, "; call that one again till it is done"),
        PREV_IN_PROGRESS => (Advice::None, ""),
        _ if again => (Advice::CallAgain, ""),
        code::WRONG_STATE => {
            (Advice::None, "; the order is InitTransactions once, then BeginTransaction and CommitTransaction")
        }
        _ => (Advice::None, ""),
    };
    sys::take_error(error, what).map_err(|mut error| {
        error.text += hint;
        Failure { error, advice }
    })
}
