//! Consumers: fetching into an inner batch, and handing out.
//!
//! What was fetched and not handed out is in no position and is never committed.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::{ptr, slice};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::assignment::Following;
use super::batch::{Batch, Id};
use super::clock::Moment;
use super::config::{Settings, Store};
use super::engine::{Change, Engine, Group, Hub, Rebalance};
use super::events::{self, Kind};
use super::gate::{Deadline, Inside, Timeout};
use super::positions::{Mark, Marks, Origin, Positions, Slot, entry};
use super::ready;
use super::records::Records;
use super::sys::{self, Entry, NativeList, rd};
use crate::error::{Error, Result, code};

/// How many messages one call of the engine gives at most: the more, the less its threads and ours get into each other's
/// way.
const FETCH: usize = 10_000;
/// How many of them are kept here for calls that take them one by one.
const INNER: usize = 256;
/// How long the inner batch may keep a consuming call from the engine: it counts polls and serves rebalances.
const POLL_EVERY: Duration = Duration::from_millis(100);
/// How long a processed position may wait to be stored.
const STORE_EVERY: Duration = Duration::from_secs(1);
const ILLEGAL_GENERATION: i32 = 22;
const REBALANCE_IN_PROGRESS: i32 = 27;

type Message = *mut rd::rd_kafka_message_t;

/// The record that a consuming call hands out.
pub struct Record<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub offset: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
}

pub(super) type Guard<'a> = parking_lot::MutexGuard<'a, State>;

/// What was fetched and not handed out yet, in order.
pub(super) enum Fetched {
    Rows { records: Box<Records>, next: usize },
    Error(Error),
}

impl Fetched {
    pub(super) fn rows(records: Records) -> Fetched {
        Fetched::Rows { records: Box::new(records), next: 0 }
    }

    /// Whether there is anything in it.
    pub(super) fn is_left(&self) -> bool {
        !matches!(self, Fetched::Rows { records, .. } if records.rows() == 0)
    }
}

pub(super) struct State {
    pub(super) fetched: VecDeque<Fetched>,
    /// Rows of paused partitions, in order.
    pub(super) held: Vec<Records>,
    pub(super) following: Following,
    pub(super) positions: Positions,
    /// Rows that were handed out and are not processed yet: the last mark of each partition.
    in_hand: Vec<(Slot, Mark)>,
    /// The last batch handed out.
    last_batch: Option<Marks>,
    /// The host said how much of that batch is processed: till the next consuming call no more of it counts.
    partly: bool,
    /// Rows, key bytes and value bytes of the last batch: room for the next one.
    usual: (usize, usize, usize),
    last_poll: Moment,
    last_store: Moment,
}

impl State {
    /// The record of a partition that is handed out next, as far as it is known.
    pub(super) fn next(&mut self, slot: Slot) -> Option<Mark> {
        let State { fetched, held, positions, .. } = self;
        let first = |records: &Records, from: usize| {
            let row = (from..records.rows()).find(|&row| records.slot[row] == slot);
            row.map(|row| Mark { offset: records.offset[row], epoch: records.leader_epoch[row] })
        };
        let handed = positions.get_mut(slot).and_then(|position| position.handed);
        handed.or_else(|| held.iter().find_map(|records| first(records, 0))).or_else(|| {
            fetched.iter().find_map(|one| match one {
                Fetched::Rows { records, next } => first(records, *next),
                Fetched::Error(_) => None,
            })
        })
    }
}

pub struct Consumer {
    pub(super) engine: Engine,
    /// Null without group.id.
    queue: *mut rd::rd_kafka_queue_t,
    pub(super) settings: Settings,
    /// That of the host; without one the consumer has a group of its own, to which nothing is committed.
    pub(super) group: Option<String>,
    /// Where reading starts without a group (`auto.offset.reset`): -2 or -1.
    pub(super) reset: Option<i64>,
    auto_commit: bool,
    eof: bool,
    pub(super) state: Mutex<State>,
}

// SAFETY: the engine's queues may be used from any thread.
unsafe impl Send for Consumer {}
// SAFETY: as above.
unsafe impl Sync for Consumer {}

impl Consumer {
    pub fn new(
        engine: Engine,
        settings: Settings,
        group: Option<String>,
        reset: Option<i64>,
        auto_commit: bool,
        eof: bool,
    ) -> Consumer {
        engine.hub().manual.store(settings.manual, Ordering::Relaxed);
        // SAFETY: a live client.
        let queue = unsafe { rd::rd_kafka_queue_get_consumer(engine.rk()) };
        let now = Moment::now();
        let state = State {
            fetched: VecDeque::new(),
            held: Vec::new(),
            following: Following::Nothing,
            positions: Positions::default(),
            in_hand: Vec::new(),
            last_batch: None,
            partly: false,
            usual: (INNER, 0, 0),
            last_poll: now,
            last_store: now,
        };
        Consumer { engine, queue, settings, group, reset, auto_commit, eof, state: Mutex::new(state) }
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Ends the waits of others.
    pub fn nudge(&self) {
        self.engine.nudge();
        if !self.queue.is_null() {
            // SAFETY: a live queue.
            unsafe { rd::rd_kafka_queue_yield(self.queue) };
        }
    }

    /// Without a subscription or an assignment there is nothing to wait for. While a rebalance waits for the host's answer
    /// nothing is handed out.
    fn expect_following(&self, state: &State) -> Result<()> {
        if matches!(state.following, Following::Nothing) && !state.positions.any_assigned() {
            return Err(Error::new(
                code::NOT_STARTED,
                "nothing is subscribed to: set group.id and subscribe, or assign partitions",
            ));
        }
        Ok(())
    }

    /// Nothing is handed out while a rebalance waits for the host's answer.
    fn expect_answered(&self) -> Result<()> {
        if self.settings.manual && self.engine.hub().pending.lock().is_some() {
            return Err(Error::new(
                code::NOTHING,
                "a rebalance waits for its answer: AssignPartitions or UnassignPartitions",
            ));
        }
        Ok(())
    }

    /// Hands the next record to `give`, which may refuse it; then it stays.
    pub fn consume(&self, inside: &Inside<'_>, give: impl FnOnce(&Record<'_>) -> Result<()>) -> Result<()> {
        let timeout = Timeout::of(self.settings.poll_timeout);
        let mut state = match self.state.try_lock() {
            Some(state) => state,
            None => self.lock(inside, timeout.deadline())?,
        };
        self.expect_following(&state)?;
        self.begin(&mut state);
        self.expect_answered()?;
        if state.fetched.is_empty() {
            self.await_fetched(&mut state, inside, INNER, timeout.deadline())?;
        }
        let State { fetched, in_hand, positions, last_batch, .. } = &mut *state;
        match fetched.front_mut() {
            Some(Fetched::Rows { records, next }) => {
                let row = *next;
                let record = Record {
                    topic: &records.topics[records.topic[row] as usize],
                    partition: records.partition[row],
                    offset: records.offset[row],
                    key: records.key.get(row),
                    value: records.value.get(row),
                };
                give(&record)?;
                let mark = Mark { offset: record.offset + 1, epoch: records.leader_epoch[row] };
                let slot = records.slot[row];
                *next += 1;
                if *next == records.rows() {
                    fetched.pop_front();
                }
                *last_batch = None;
                in_hand.clear();
                hand_out(positions, in_hand, slot, mark);
                if self.settings.store == Store::Delivered {
                    self.count_processed(&mut state, Moment::now());
                }
                Ok(())
            }
            Some(Fetched::Error(_)) => Err(take_error(fetched)),
            None => Err(no_record()),
        }
    }

    /// What a consuming call does first: what it handed out before counts as processed, and the engine is asked now and
    /// then, though there are records in hand.
    fn begin(&self, state: &mut State) {
        let now = Moment::now();
        state.partly = false;
        self.count_processed(state, now);
        if now.since(state.last_poll) >= POLL_EVERY {
            self.fetch(state, 1, Duration::ZERO);
        }
    }

    /// Hands out the records that are there. Waits for the first.
    pub fn consume_batch(&self, inside: &Inside<'_>, max: usize, timeout: Timeout) -> Result<Arc<Batch>> {
        let deadline = timeout.deadline();
        let mut state = self.lock(inside, deadline)?;
        self.expect_following(&state)?;
        if max == 0 {
            // A rebalance is served where a record can be taken, of which only so many are kept here.
            let room = usize::from(ready(&state.fetched).0 < INNER);
            self.fetch(&mut state, room, Duration::ZERO);
            return Err(no_record());
        }
        self.begin(&mut state);
        self.expect_answered()?;
        self.await_fetched(&mut state, inside, max.min(FETCH), deadline)?;
        // It is gathered in the state, where a rebalance takes away what is revoked.
        let limit = self.settings.batch_max_bytes;
        loop {
            let (rows, bytes, error) = ready(&state.fetched);
            if error || rows >= max || bytes >= limit || self.fetch(&mut state, max - rows, Duration::ZERO) == 0 {
                break;
            }
        }
        self.expect_answered()?;
        if matches!(state.fetched.front(), Some(Fetched::Error(_))) {
            return Err(take_error(&mut state.fetched));
        }
        let batch = take_rows(&mut state.fetched, max, limit);
        if batch.rows() == 0 {
            return Err(no_record());
        }
        state.usual = (batch.rows(), batch.key.data().len(), batch.value.data().len());
        let mut batch = batch;
        let slots = std::mem::take(&mut batch.slot);
        let origin = Origin::next();
        let batch = batch.into_batch(origin);
        let marks = Marks { origin, slots, offsets: batch.values(Id::Offset), epochs: batch.values(Id::LeaderEpoch) };
        let State { in_hand, positions, .. } = &mut *state;
        in_hand.clear();
        for (slot, mark) in marks.last(batch.rows()) {
            hand_out(positions, in_hand, slot, mark);
        }
        state.last_batch = Some(marks);
        if self.settings.store == Store::Delivered {
            self.count_processed(&mut state, Moment::now());
        }
        Ok(batch)
    }

    /// Only the first rows of the last batch are processed so far.
    pub fn store_batch_offsets(&self, inside: &Inside<'_>, batch: &Batch, rows: usize) -> Result<()> {
        let mut state = self.interrupt(inside)?;
        let marks = match &state.last_batch {
            Some(marks) if batch.origin == Some(marks.origin) => marks,
            _ => return Err(Error::new(code::BAD_BATCH, "this is not the batch that the last ConsumeBatch gave")),
        };
        let all = marks.slots.len();
        if rows > all {
            return Err(Error::new(code::BAD_ARGUMENT, format!("{rows} rows: the batch has {all}")));
        }
        let (processed, in_hand) = (marks.last(rows), marks.last(all));
        (state.in_hand, state.partly) = (in_hand, true);
        for (slot, mark) in processed {
            if let Some(position) = state.positions.get_mut(slot) {
                position.processed = Some(mark);
            }
        }
        self.store(&mut state);
        Ok(())
    }

    /// The consumer's state, for which another thread in a consuming call is waited for.
    fn lock(&self, inside: &Inside<'_>, deadline: Deadline) -> Result<Guard<'_>> {
        loop {
            if let Some(state) = self.state.try_lock_for(deadline.slice()) {
                return Ok(state);
            }
            inside.check()?;
            if deadline.is_over() {
                return Err(no_record());
            }
        }
    }

    /// The state at once: whoever waits with it is told to let go for a moment.
    pub(super) fn interrupt(&self, inside: &Inside<'_>) -> Result<Guard<'_>> {
        if let Some(state) = self.state.try_lock() {
            return Ok(state);
        }
        loop {
            // Woken, a consuming call hands the lock to whoever waits for it.
            self.nudge();
            if let Some(state) = self.state.try_lock_for(Duration::from_millis(5)) {
                return Ok(state);
            }
            inside.check()?;
        }
    }

    /// What was handed out counts as processed now, unless the host says so itself.
    pub(super) fn count_processed(&self, state: &mut State, now: Moment) {
        let State { in_hand, positions, partly, .. } = state;
        if self.settings.store != Store::Manual && !*partly {
            for (slot, mark) in in_hand.drain(..) {
                if let Some(position) = positions.get_mut(slot) {
                    position.processed = Some(mark);
                }
            }
        }
        if now.since(state.last_store) >= STORE_EVERY {
            self.store(state);
        }
    }

    /// Gives the engine the processed positions, for its automatic commits.
    pub(super) fn store(&self, state: &mut State) {
        state.last_store = Moment::now();
        let changed: Vec<_> = state
            .positions
            .assigned()
            .filter(|(_, position)| position.processed.is_some() && position.processed != position.stored)
            .filter_map(|(partition, position)| {
                position.stored = position.processed;
                let metadata = position.metadata.clone();
                position.stored.map(|mark| Entry { metadata, ..entry(partition, mark) })
            })
            .collect();
        if changed.is_empty() {
            return;
        }
        if let Ok(list) = NativeList::new(&changed) {
            // SAFETY: a live client and list. An entry whose partition has just left is refused, as it should be.
            unsafe { sys::rd_kafka_offsets_store(self.engine.rk(), list.as_ptr()) };
        }
    }

    /// Waits until there is something to hand out.
    fn await_fetched(&self, state: &mut Guard<'_>, inside: &Inside<'_>, max: usize, deadline: Deadline) -> Result<()> {
        let mut wait = Duration::ZERO;
        while state.fetched.is_empty() {
            self.fetch(state, max, wait);
            if !state.fetched.is_empty() {
                break;
            }
            self.expect_answered()?;
            inside.check()?;
            parking_lot::MutexGuard::bump(state);
            wait = deadline.slice();
            if wait.is_zero() {
                return Err(no_record());
            }
        }
        Ok(())
    }

    /// Asks the engine for records, which also counts as a poll and lets a rebalance take effect. How many came.
    pub(super) fn fetch(&self, state: &mut State, max: usize, wait: Duration) -> usize {
        self.engine.serve(Duration::ZERO);
        if self.queue.is_null() {
            return 0;
        }
        self.store(state);
        state.last_poll = Moment::now();
        if self.eof {
            // consume_batch_queue would move the position past an end of partition, and skip a record later.
            // SAFETY: a live queue.
            let message = unsafe { rd::rd_kafka_consume_queue(self.queue, sys::ms(wait)) };
            let messages: &[_] = if message.is_null() { &[] } else { &[message] };
            self.take_in(state, messages);
            return messages.len();
        }
        let max = max.min(FETCH);
        let mut room: Vec<Message> = Vec::with_capacity(max.max(1));
        let room = room.spare_capacity_mut();
        let mut count = 0;
        if !wait.is_zero() {
            // Its timeout is for a full array: wait for one, then take what is there.
            let first = self.take_messages(&mut room[..1], wait);
            self.take_in(state, first);
            if first.is_empty() {
                return 0;
            }
            count = 1;
        }
        let more = self.take_messages(&mut room[count..max.max(count)], Duration::ZERO);
        self.take_in(state, more);
        count + more.len()
    }

    /// Copies what one call of the engine gave, behind what is there, and destroys it. A change of the assignment that
    /// happened in that call came before a record for which it waited, and after those that were there.
    fn take_in(&self, state: &mut State, messages: &[Message]) {
        let changed = self.apply_rebalances(state);
        let mut rewind = Vec::new();
        // The partition of the message before; the address of a topic is its own as long as these messages live.
        let mut last: (*mut rd::rd_kafka_topic_t, i32, Slot) = (ptr::null_mut(), -1, 0);
        for &message in messages {
            // SAFETY: a live message of this client, destroyed here, once.
            unsafe {
                match sys::message_error(message) {
                    0 => {
                        let (topic, partition) = ((*message).rkt, (*message).partition);
                        if (last.0, last.1) != (topic, partition) {
                            let name = sys::text(rd::rd_kafka_topic_name(topic));
                            last = (topic, partition, state.positions.slot(&name, partition));
                            state.positions.all[last.2 as usize].1.settled = true;
                        }
                        let size = (*message).len + (*message).key_len;
                        let State { fetched, positions, usual, .. } = &mut *state;
                        let topic = &positions.all[last.2 as usize].0.0;
                        push(self.chunk(fetched, size, *usual), message, last.2, topic);
                    }
                    err => {
                        let error = self.consumer_error(err, message);
                        self.tell(&error, message);
                        state.fetched.push_back(Fetched::Error(error));
                        if err != code::PARTITION_EOF && !(*message).rkt.is_null() && (*message).offset >= 0 {
                            let topic = sys::text(rd::rd_kafka_topic_name((*message).rkt));
                            rewind.push((topic, (*message).partition, (*message).offset));
                        }
                    }
                }
                rd::rd_kafka_message_destroy(message);
            }
        }
        if changed {
            drop_revoked(state);
        }
        if !rewind.is_empty() {
            self.rewind(state, &rewind);
        }
    }

    /// Where the next record of `size` bytes goes: a chunk that nothing was handed out of, and that can become a batch.
    fn chunk<'a>(
        &self,
        fetched: &'a mut VecDeque<Fetched>,
        size: usize,
        usual: (usize, usize, usize),
    ) -> &'a mut Records {
        let fits = match fetched.back() {
            Some(Fetched::Rows { records, next: 0 }) => records.bytes() + size <= self.settings.batch_max_bytes,
            _ => false,
        };
        if !fits {
            fetched.push_back(Fetched::rows(Records::with_capacity(usual)));
        }
        match fetched.back_mut() {
            Some(Fetched::Rows { records, .. }) => records,
            _ => unreachable!("a chunk was pushed"),
        }
    }

    fn take_messages<'a>(&self, room: &'a mut [MaybeUninit<Message>], wait: Duration) -> &'a [Message] {
        // SAFETY: a live queue, an array with its size (one of size 0 only counts as a poll), of which so many are set.
        unsafe {
            let count =
                rd::rd_kafka_consume_batch_queue(self.queue, sys::ms(wait), room.as_mut_ptr().cast(), room.len());
            slice::from_raw_parts(room.as_ptr().cast(), usize::try_from(count).unwrap_or(0))
        }
    }

    /// # Safety
    /// `message` is a live message that carries an error.
    unsafe fn consumer_error(&self, err: i32, message: *const rd::rd_kafka_message_t) -> Error {
        // SAFETY: as above; the text is the message's.
        unsafe {
            let place = if (*message).rkt.is_null() {
                String::new()
            } else {
                let topic = sys::text(rd::rd_kafka_topic_name((*message).rkt));
                format!("{topic} [{}] at offset {}: ", (*message).partition, (*message).offset)
            };
            match self.engine.fatal() {
                Some(fatal) => fatal,
                None if err == code::PARTITION_EOF => Error::new(err, format!("{place}end of the partition")),
                None => Error::new(
                    code::from_engine(err),
                    format!("{place}{}", sys::text(rd::rd_kafka_message_errstr(message))),
                ),
            }
        }
    }

    /// Tells of an error, or of an end of partition, by an event as well: there it has its place.
    ///
    /// # Safety
    /// `message` is a live message that carries an error.
    unsafe fn tell(&self, error: &Error, message: *const rd::rd_kafka_message_t) {
        // SAFETY: as above.
        let (topic, partition, offset) = unsafe {
            let topic = (!(*message).rkt.is_null()).then(|| sys::text(rd::rd_kafka_topic_name((*message).rkt)));
            (topic, (*message).partition, (*message).offset)
        };
        let place =
            topic.map(|topic| [("topic", json!(topic)), ("partition", json!(partition)), ("offset", json!(offset))]);
        let place = place.as_ref().map_or(&[][..], |place| &place[..]);
        let hub = self.engine.hub();
        if error.code == code::PARTITION_EOF {
            let members = place.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
            hub.event(Kind::Eof, false, || Value::Object(members));
        } else {
            let fatal = self.engine.fatal().is_some();
            hub.event(Kind::Error, false, || events::of_error(error.code, &error.text, fatal, place));
        }
    }

    /// Whether a consuming call would find something.
    pub fn has_records(&self) -> bool {
        if self.expect_answered().is_err() {
            return false;
        }
        // Whoever has the state looks again when it lets go.
        self.state.try_lock().is_some_and(|state| !state.fetched.is_empty())
            // SAFETY: a live queue, or null.
            || !self.queue.is_null() && unsafe { rd::rd_kafka_queue_length(self.queue) > 0 }
    }

    /// Lets the queue of records tell when something comes.
    pub fn listen(&self) {
        unsafe extern "C" fn on_queue(_: *mut rd::rd_kafka_t, opaque: *mut c_void) {
            // SAFETY: the hub of this client.
            unsafe { &*opaque.cast::<Hub>() }.ready.tell(ready::RECORDS);
        }
        if !self.queue.is_null() {
            self.engine.tell_of(self.queue, on_queue);
        }
    }

    /// Lets changes of the assignment take effect on what is in hand; whether there were any.
    pub(super) fn apply_rebalances(&self, state: &mut State) -> bool {
        let changes = std::mem::take(&mut *self.engine.hub().changes.lock());
        let changed = !changes.is_empty();
        for change in changes {
            if let Change::Removed(entries) = &change {
                entries.iter().for_each(|entry| state.positions.remove(entry));
            }
            if let Change::Assigned(_) = &change {
                state.positions.assigned().for_each(|(_, position)| position.assigned = false);
            }
            // Before partitions come again: what is in hand of them is of an earlier assignment.
            drop_revoked(state);
            if let Change::Assigned(entries) | Change::Added(entries) = &change {
                entries.iter().for_each(|entry| state.positions.add(entry));
            }
        }
        changed
    }

    /// After an error row the engine's position is past the record; puts it back to what was fetched before. The engine
    /// does so before anything else that it is asked for, and from now on gives nothing of these partitions that it had.
    fn rewind(&self, state: &mut State, places: &[(String, i32, i64)]) {
        let entries: Vec<_> = places
            .iter()
            .map(|(topic, partition, offset)| {
                let slot = state.positions.slot(topic, *partition);
                let position = state.positions.get_mut(slot).and_then(|position| position.handed);
                let fetched = state.fetched.iter().rev().find_map(|fetched| match fetched {
                    Fetched::Rows { records, .. } => (0..records.rows())
                        .rev()
                        .find(|&row| records.slot[row] == slot)
                        .map(|row| records.offset[row] + 1),
                    Fetched::Error(_) => None,
                });
                let next = fetched.or(position.map(|mark| mark.offset)).unwrap_or(*offset);
                entry(&state.positions.all[slot as usize].0, Mark { offset: next, epoch: -1 })
            })
            .collect();
        if let Ok(list) = NativeList::new(&entries) {
            // SAFETY: a live client and list; the error is taken.
            let result = unsafe {
                let error = rd::rd_kafka_seek_partitions(self.engine.rk(), list.as_ptr(), 0);
                sys::take_error(error, "seek")
            };
            if let Err(e) = result {
                self.engine.hub().diagnosis.error(e.code, &e.text);
            }
        }
    }

    /// Commits what was processed (with `enable.auto.commit`), leaves the group and ends the client.
    pub fn close(&self, deadline: Deadline) -> Result<()> {
        let mut result = Ok(());
        let mut in_order = true;
        {
            let mut state = self.state.lock();
            self.apply_rebalances(&mut state);
            self.count_processed(&mut state, Moment::now());
            // What is stored is committed once more when the partition leaves: it must not be older than this.
            self.store(&mut state);
            let mut entries = state.positions.processed();
            entries.retain(|entry| {
                let committed = state.positions.of(entry).and_then(|position| position.committed);
                committed.is_none_or(|mark| mark.offset != entry.offset)
            });
            // Before a rebalance is answered: of partitions that have left nothing could be said any more.
            while self.auto_commit && !entries.is_empty() {
                result = self.commit_entries(&mut entries, deadline, || Ok(()));
                in_order = !matches!(&result, Err(e) if e.code == code::TIMED_OUT);
                // The group shares out anew just now: again when that is done, for what is still assigned.
                let anew = matches!(&result, Err(e) if matches!(e.code, ILLEGAL_GENERATION | REBALANCE_IN_PROGRESS));
                if !anew || self.settings.manual || deadline.is_over() {
                    break;
                }
                self.fetch(&mut state, 1, Duration::from_millis(20));
                entries.retain(|entry| state.positions.of(entry).is_some());
            }
            // From here on rebalances are answered here; one that waits holds up the end.
            self.engine.hub().manual.store(false, Ordering::Relaxed);
            if let Some(Rebalance { assigns, cooperative, entries }) = self.engine.hub().pending.lock().take() {
                let _ = self.engine.change_assignment(assigns, cooperative, &entries);
                self.apply_rebalances(&mut state);
            }
            if !self.queue.is_null() {
                // Answers one that waits while the group still lives.
                self.fetch(&mut state, 1, Duration::ZERO);
            }
            state.fetched.clear();
        }
        let leave = in_order && !self.queue.is_null() && self.engine.fatal().is_none();
        self.engine.end(deadline, Some(Group { queue: self.queue, leave }));
        result
    }
}

fn no_record() -> Error {
    Error::new(code::NOTHING, "no msg")
}

fn take_error(fetched: &mut VecDeque<Fetched>) -> Error {
    match fetched.pop_front() {
        Some(Fetched::Error(e)) => e,
        _ => no_record(),
    }
}

/// How much can be handed out before the next error, and whether there is one.
fn ready(fetched: &VecDeque<Fetched>) -> (usize, usize, bool) {
    let (mut rows, mut bytes) = (0, 0);
    for one in fetched {
        match one {
            Fetched::Rows { records, next } => {
                rows += records.rows() - next;
                bytes += records.bytes();
            }
            Fetched::Error(_) => return (rows, bytes, true),
        }
    }
    (rows, bytes, false)
}

/// Takes the first rows, up to an error: `max` at most, and `limit` bytes unless one row has more.
fn take_rows(fetched: &mut VecDeque<Fetched>, max: usize, limit: usize) -> Records {
    let mut batch = Records::default();
    while let Some(Fetched::Rows { records, next }) = fetched.front_mut() {
        let from = *next;
        if batch.rows() == 0 && from == 0 && records.rows() <= max && records.bytes() <= limit {
            batch = std::mem::take(&mut **records);
            fetched.pop_front();
            continue;
        }
        let (mut to, mut size) = (from, batch.bytes());
        let mut header = records.header_count[..from].iter().sum::<i32>() as usize;
        while to < records.rows() && batch.rows() + to - from < max {
            let length = |value: Option<&[u8]>| value.map_or(0, <[u8]>::len);
            size += length(records.key.get(to)) + length(records.value.get(to));
            for _ in 0..records.header_count[to] {
                size += length(records.header_name.get(header)) + length(records.header_value.get(header));
                header += 1;
            }
            if size > limit && batch.rows() + to - from > 0 {
                break;
            }
            to += 1;
        }
        batch.append(records, |row| (from..to).contains(&row));
        if to < records.rows() {
            *next = to;
            break;
        }
        fetched.pop_front();
    }
    batch
}

/// What is in hand or fetched of partitions that are not assigned any more goes.
pub(super) fn drop_revoked(state: &mut State) {
    let State { fetched, held, positions, in_hand, last_batch, .. } = state;
    in_hand.retain(|(slot, _)| positions.is_assigned(*slot));
    if let Some(marks) = last_batch {
        marks.keep(|slot| positions.is_assigned(slot));
    }
    for records in held.iter_mut() {
        let mut kept = Records::default();
        kept.append(records, |row| positions.is_assigned(records.slot[row]));
        *records = kept;
    }
    held.retain(|records| records.rows() > 0);
    for one in fetched.iter_mut() {
        if let Fetched::Rows { records, next } = one {
            let from = *next;
            let mut kept = Records::default();
            kept.append(records, |row| row >= from && positions.is_assigned(records.slot[row]));
            (**records, *next) = (kept, 0);
        }
    }
    fetched.retain(Fetched::is_left);
}

fn hand_out(positions: &mut Positions, in_hand: &mut Vec<(Slot, Mark)>, slot: Slot, mark: Mark) {
    if let Some(position) = positions.get_mut(slot) {
        position.handed = Some(mark);
        in_hand.push((slot, mark));
    }
}

/// Copies a message into the columns.
///
/// # Safety
/// `message` is a live message without an error.
unsafe fn push(rows: &mut Records, message: *const rd::rd_kafka_message_t, slot: Slot, name: &Arc<str>) {
    // SAFETY: lengths belong to their pointers; null is null.
    unsafe {
        let bytes = |data: *const c_void, len: usize| {
            (!data.is_null()).then(|| std::slice::from_raw_parts(data.cast::<u8>(), len))
        };
        let topic = match rows.slot.last() {
            Some(&last) if last == slot => rows.topic[rows.topic.len() - 1],
            _ => rows.topic_index(name),
        };
        rows.slot.push(slot);
        let mut kind = rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        rows.timestamp.push(rd::rd_kafka_message_timestamp(message, &raw mut kind));
        rows.timestamp_type.push(kind as i32);
        rows.topic.push(topic);
        rows.partition.push((*message).partition);
        rows.offset.push((*message).offset);
        rows.leader_epoch.push(rd::rd_kafka_message_leader_epoch(message));
        rows.key.push(bytes((*message).key, (*message).key_len));
        rows.value.push(bytes((*message).payload, (*message).len));
        let mut headers = ptr::null_mut();
        let mut count = 0;
        if sys::may_have_headers(message) && sys::rd_kafka_message_headers(message, &raw mut headers) == 0 {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            let (n, v, s) = (&raw mut name, &raw mut value, &raw mut size);
            while sys::rd_kafka_header_get_all(headers, count, n, v, s) == 0 {
                rows.header_name.push(Some(std::ffi::CStr::from_ptr(name).to_bytes()));
                rows.header_value.push(bytes(value, size));
                count += 1;
            }
        }
        rows.header_count.push(count as i32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_in_order_up_to_the_limits() {
        let chunk = |from: i64, count: i64| {
            let mut records = Records { topics: vec!["t".into()], ..Records::default() };
            for offset in from..from + count {
                records.slot.push(0);
                records.topic.push(0);
                records.partition.push(0);
                records.offset.push(offset);
                records.timestamp.push(-1);
                records.timestamp_type.push(0);
                records.leader_epoch.push(-1);
                records.key.push(None);
                records.value.push(Some(b"12345"));
                records.header_count.push(1);
                records.header_name.push(Some(b"name"));
                records.header_value.push(Some(b"x"));
            }
            Fetched::rows(records)
        };
        let error = || Fetched::Error(Error::new(7, "seven"));
        let mut fetched = VecDeque::from([chunk(0, 3), chunk(3, 4), error(), chunk(7, 1)]);
        assert_eq!(ready(&fetched), (7, 70, true));
        assert_eq!(take_rows(&mut fetched, 2, 1000).offset, [0, 1]);
        assert_eq!(take_rows(&mut fetched, 100, 29).offset, [2, 3]);
        assert_eq!(take_rows(&mut fetched, 100, 1).offset, [4]);
        assert_eq!(take_rows(&mut fetched, 100, 1000).offset, [5, 6]);
        assert_eq!(take_error(&mut fetched).code, 7);
        assert_eq!(take_rows(&mut fetched, 1, 1000).offset, [7]);
        assert!(fetched.is_empty());
    }
}
