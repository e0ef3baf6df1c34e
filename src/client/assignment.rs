//! The assignment of a consumer: what it follows, assigning by hand, answers to rebalances, pausing and seeking.

use std::collections::HashSet;
use std::time::Duration;

use super::clock::Moment;
use super::consumer::{Consumer, Fetched, Guard, State, drop_revoked};
use super::engine::Rebalance;
use super::gate::{DEAF, Deadline, Inside, Timeout};
use super::positions::Mark;
use super::records::Records;
use super::sys::{self, Entry, NativeList, rd};
use crate::error::{Error, Result, code};

/// After how long the engine asks again for the start of a partition, and a little more.
const ASKS_AGAIN: Duration = Duration::from_millis(600);

/// Where a consumer's partitions come from.
#[derive(Default)]
pub(super) enum Following {
    #[default]
    Nothing,
    /// The group shares them out.
    Topics(Vec<String>),
    /// The host assigned them.
    Partitions,
}

impl Consumer {
    pub fn subscribe(&self, inside: &Inside<'_>, entries: &[Entry]) -> Result<()> {
        if entries.is_empty() {
            return Err(Error::new(code::INVALID_ARG, "the list is empty: add topics with SetTopicPartitionList"));
        }
        let mut state = self.interrupt(inside)?;
        if matches!(state.following, Following::Partitions) {
            return Err(wrong_state("partitions are assigned by hand: UnsubscribeConsumer first, then subscribe"));
        }
        // Partitions do not matter here, and the engine refuses a topic that is named twice.
        let mut named = HashSet::new();
        let list = NativeList::new(entries.iter().filter(|entry| named.insert(&entry.topic)))?;
        // SAFETY: a live client and list.
        match unsafe { sys::rd_kafka_subscribe(self.engine.rk(), list.as_ptr()) } {
            0 => {
                state.following = Following::Topics(list.entries().into_iter().map(|entry| entry.topic).collect());
                Ok(())
            }
            err => Err(self.engine.fatal().unwrap_or_else(|| {
                let names: Vec<_> = entries.iter().map(|entry| entry.topic.as_str()).collect();
                Error::engine(err, format_args!("subscribing to {}", names.join(", ")))
            })),
        }
    }

    /// The topics that it is subscribed to.
    pub fn subscription(&self, inside: &Inside<'_>) -> Result<Vec<String>> {
        match &self.interrupt(inside)?.following {
            Following::Topics(topics) => Ok(topics.clone()),
            _ => Ok(Vec::new()),
        }
    }

    pub fn assignment(&self, inside: &Inside<'_>) -> Result<Vec<Entry>> {
        let mut state = self.interrupt(inside)?;
        self.apply_rebalances(&mut state);
        let mut entries: Vec<_> =
            state.positions.assigned().map(|(partition, _)| Entry::of(&partition.0, partition.1)).collect();
        entries.sort_by(|one, other| (&one.topic, one.partition).cmp(&(&other.topic, other.partition)));
        Ok(entries)
    }

    /// Gives up the subscription or the assignment; ends when the partitions are given back.
    pub fn unsubscribe(&self, inside: &Inside<'_>) -> Result<()> {
        let deadline = Timeout::of(self.settings.request_timeout).deadline();
        let mut state = self.interrupt(inside)?;
        match std::mem::take(&mut state.following) {
            Following::Nothing => return Ok(()),
            Following::Partitions => return self.assign_by_hand(inside, &mut state, &[]),
            Following::Topics(_) => {}
        }
        self.count_processed(&mut state, Moment::now());
        self.store(&mut state);
        // SAFETY: a live client.
        match unsafe { sys::rd_kafka_unsubscribe(self.engine.rk()) } {
            0 => {}
            err => return Err(Error::engine(err, "unsubscribe")),
        }
        // The group takes the partitions back inside a call that consumes.
        while state.positions.assigned().next().is_some() && self.pending().is_none() {
            self.fetch(&mut state, 1, Duration::from_millis(20));
            inside.check()?;
            if deadline.is_over() {
                let what = "unsubscribed, but the group has not taken the partitions back yet: the next call does";
                return Err(Error::new(code::TIMED_OUT, what));
            }
        }
        state.fetched.clear();
        state.held.clear();
        Ok(())
    }

    /// The rebalance that waits for the host's answer.
    pub(super) fn pending(&self) -> Option<Rebalance> {
        self.engine.hub().pending.lock().clone()
    }

    /// Replaces the assignment, or answers a rebalance that gives partitions; `None`: accepts what it proposes, or assigns
    /// nothing.
    pub fn assign(&self, inside: &Inside<'_>, entries: Option<&[Entry]>) -> Result<()> {
        let mut state = self.interrupt(inside)?;
        if let Some(rebalance) = self.pending() {
            return self.answer(&mut state, &rebalance, true, entries);
        }
        self.expect_by_hand(&state)?;
        self.assign_by_hand(inside, &mut state, entries.unwrap_or_default())
    }

    /// Adds partitions to the assignment, or answers a rebalance that gives partitions.
    pub fn add(&self, inside: &Inside<'_>, entries: &[Entry]) -> Result<()> {
        let mut state = self.interrupt(inside)?;
        if let Some(rebalance) = self.pending() {
            return self.answer(&mut state, &rebalance, true, Some(entries));
        }
        self.expect_by_hand(&state)?;
        check_entries(entries)?;
        if let Some(entry) = entries.iter().find(|entry| state.positions.of(entry).is_some()) {
            return Err(wrong_state(format!("{} [{}] is assigned already", entry.topic, entry.partition)));
        }
        self.apply(&mut state, true, true, entries)?;
        state.following = Following::Partitions;
        Ok(())
    }

    /// Takes partitions out of the assignment, or answers a rebalance that takes partitions; `None`: all of them.
    pub fn unassign(&self, inside: &Inside<'_>, entries: Option<&[Entry]>) -> Result<()> {
        let mut state = self.interrupt(inside)?;
        if let Some(rebalance) = self.pending() {
            return self.answer(&mut state, &rebalance, false, entries);
        }
        self.expect_by_hand(&state)?;
        match entries {
            None => self.assign_by_hand(inside, &mut state, &[]),
            Some(entries) => {
                expect_assigned(&mut state, entries)?;
                self.count_processed(&mut state, Moment::now());
                self.store(&mut state);
                self.apply(&mut state, false, true, entries)
            }
        }
    }

    fn expect_by_hand(&self, state: &State) -> Result<()> {
        if matches!(state.following, Following::Topics(_)) {
            let text = "the consumer is subscribed, and no rebalance waits for an answer: UnsubscribeConsumer first, then \
                        assign by hand";
            return Err(wrong_state(text));
        }
        Ok(())
    }

    fn assign_by_hand(&self, inside: &Inside<'_>, state: &mut Guard<'_>, entries: &[Entry]) -> Result<()> {
        check_entries(entries)?;
        // A partition that is assigned anew, while the engine may still ask for its start.
        let mut again: Vec<_> = entries.iter().filter(|entry| state.positions.of(entry).is_some()).cloned().collect();
        again.iter_mut().for_each(|entry| entry.offset = 0);
        self.settle(state, inside, &mut again, Timeout::of(self.settings.request_timeout).deadline())?;
        self.count_processed(state, Moment::now());
        self.store(state);
        self.apply(state, true, false, entries)?;
        state.following = if entries.is_empty() { Following::Nothing } else { Following::Partitions };
        Ok(())
    }

    /// Answers a rebalance with `entries`, or with what it proposes.
    fn answer(
        &self,
        state: &mut Guard<'_>,
        rebalance: &Rebalance,
        assigns: bool,
        entries: Option<&[Entry]>,
    ) -> Result<()> {
        if rebalance.assigns != assigns {
            let (what, call) = if rebalance.assigns {
                ("gives partitions", "AssignPartitions or AddPartitions")
            } else {
                ("takes partitions", "UnassignPartitions")
            };
            return Err(wrong_state(format!("the rebalance that waits {what}: answer it with {call}")));
        }
        let entries = entries.unwrap_or(&rebalance.entries);
        check_entries(entries)?;
        self.store(state);
        self.apply(state, assigns, rebalance.cooperative, entries)?;
        *self.engine.hub().pending.lock() = None;
        Ok(())
    }

    /// Changes the assignment in the engine and in the positions.
    fn apply(&self, state: &mut Guard<'_>, assigns: bool, incremental: bool, entries: &[Entry]) -> Result<()> {
        let entries: Vec<_> = entries.iter().map(|entry| self.with_start(entry)).collect();
        let result = self.engine.change_assignment(assigns, incremental, &entries);
        self.apply_rebalances(state);
        result
    }

    /// Without a group of the host's there is no committed offset: reading starts where `auto.offset.reset` says.
    fn with_start(&self, entry: &Entry) -> Entry {
        const STORED: i64 = -1000;
        let offset = match entry.offset {
            super::batch::OFFSET_INVALID | STORED if self.group.is_none() => self.reset.unwrap_or(entry.offset),
            offset => offset,
        };
        Entry { offset, ..entry.clone() }
    }

    /// Stops handing out records of partitions; `None`: of all.
    pub fn pause(&self, inside: &Inside<'_>, entries: Option<&[Entry]>) -> Result<()> {
        let mut state = self.interrupt(inside)?;
        self.apply_rebalances(&mut state);
        let entries = some_or_all(&mut state, entries)?;
        let list = NativeList::new(&entries)?;
        // SAFETY: a live client and list.
        let err = unsafe { sys::rd_kafka_pause_partitions(self.engine.rk(), list.as_ptr()) };
        check_answers(err, &list, "pause")?;
        set_paused(&mut state, &entries, true);
        let State { fetched, held, positions, .. } = &mut *state;
        for one in fetched.iter_mut() {
            if let Fetched::Rows { records, next } = one {
                let (mut kept, mut waits) = (Records::default(), Records::default());
                kept.append(records, |row| row >= *next && !positions.is_paused(records.slot[row]));
                waits.append(records, |row| row >= *next && positions.is_paused(records.slot[row]));
                (**records, *next) = (kept, 0);
                if waits.rows() > 0 {
                    held.push(waits);
                }
            }
        }
        fetched.retain(Fetched::is_left);
        Ok(())
    }

    /// Goes on with partitions; `None`: with all.
    pub fn resume(&self, inside: &Inside<'_>, entries: Option<&[Entry]>) -> Result<()> {
        let mut state = self.interrupt(inside)?;
        self.apply_rebalances(&mut state);
        let entries = some_or_all(&mut state, entries)?;
        let list = NativeList::new(&entries)?;
        // SAFETY: a live client and list.
        let err = unsafe { sys::rd_kafka_resume_partitions(self.engine.rk(), list.as_ptr()) };
        check_answers(err, &list, "resume")?;
        set_paused(&mut state, &entries, false);
        // What waited goes on: nothing later of these partitions was fetched meanwhile.
        let waiting = std::mem::take(&mut state.held);
        let State { fetched, held, positions, .. } = &mut *state;
        for records in waiting.into_iter().rev() {
            let (mut goes, mut waits) = (Records::default(), Records::default());
            goes.append(&records, |row| !positions.is_paused(records.slot[row]));
            waits.append(&records, |row| positions.is_paused(records.slot[row]));
            if goes.rows() > 0 {
                fetched.push_front(Fetched::rows(goes));
            }
            if waits.rows() > 0 {
                held.insert(0, waits);
            }
        }
        Ok(())
    }

    /// Goes to the offsets of a list; each entry gets its error.
    pub fn seek(&self, inside: &Inside<'_>, entries: &mut [Entry], timeout: Timeout) -> Result<()> {
        let deadline = timeout.deadline();
        let mut state = self.interrupt(inside)?;
        self.apply_rebalances(&mut state);
        check_entries(entries)?;
        expect_assigned(&mut state, entries)?;
        if let Some(entry) = entries.iter().find(|entry| entry.offset < 0 && !matches!(entry.offset, -1 | -2)) {
            let text = format!(
                "{} [{}]: offset {}: give the offset of a record, -2 (beginning) or -1 (end)",
                entry.topic, entry.partition, entry.offset
            );
            return Err(Error::new(code::BAD_ARGUMENT, text));
        }
        self.settle(&mut state, inside, entries, deadline)?;
        self.count_processed(&mut state, Moment::now());
        // From here on what is in hand of these partitions is void, whatever comes of the seek.
        for entry in entries.iter() {
            let slot = state.positions.slot(&entry.topic, entry.partition);
            let to = (entry.offset >= 0).then_some(Mark { offset: entry.offset, epoch: entry.leader_epoch });
            drop_rows(&mut state, slot);
            if let Some(position) = state.positions.get_mut(slot) {
                position.handed = to;
                if self.settings.store != super::config::Store::Manual {
                    position.processed = to;
                }
            }
        }
        self.seek_engine(inside, entries, deadline)
    }

    /// Makes sure that the engine asks no broker for the start of a partition any more: the answer that comes late would
    /// undo a seek in silence. Brokers answer in order, so when they tell the ends the engine has its answer. Turns
    /// beginning and end into offsets, so that the engine has nothing to ask.
    fn settle(&self, state: &mut State, inside: &Inside<'_>, entries: &mut [Entry], deadline: Deadline) -> Result<()> {
        for entry in entries {
            let Some(position) = state.positions.of(entry) else { continue };
            if position.settled && entry.offset >= 0 {
                continue;
            }
            let disturbed = !position.settled && position.disturbed;
            let (mut low, mut high) = self.query_watermarks(inside, &entry.topic, entry.partition, deadline)?;
            if disturbed {
                // It asks again half a second after an answer that was outdated by a pause.
                let asked = Timeout::of(ASKS_AGAIN).deadline();
                while !asked.is_over() {
                    inside.check()?;
                    std::thread::park_timeout(asked.slice());
                }
                (low, high) = self.query_watermarks(inside, &entry.topic, entry.partition, deadline)?;
            }
            match entry.offset {
                -2 => entry.offset = low,
                -1 => entry.offset = high,
                _ => {}
            }
            if let Some(position) = state.positions.of(entry) {
                position.settled = true;
            }
        }
        Ok(())
    }

    fn seek_engine(&self, inside: &Inside<'_>, entries: &mut [Entry], deadline: Deadline) -> Result<()> {
        let mut left: Vec<_> = (0..entries.len()).collect();
        loop {
            let list = NativeList::new(left.iter().map(|&at| &entries[at]))?;
            let wait = deadline.left().clamp(Duration::from_millis(10), DEAF);
            // SAFETY: a live client and list; the error is taken.
            let result = unsafe {
                let error = rd::rd_kafka_seek_partitions(self.engine.rk(), list.as_ptr(), sys::ms(wait));
                sys::take_error(error, "seek")
            };
            for (&at, answer) in left.iter().zip(list.entries()) {
                entries[at].error = code::from_engine(answer.error);
            }
            match result {
                Err(e) if e.code == code::TIMED_OUT => {
                    left.iter().for_each(|&at| entries[at].error = code::TIMED_OUT);
                }
                Err(e) => return Err(e),
                Ok(()) => left.retain(|&at| entries[at].error == code::WRONG_STATE),
            }
            // A partition that has just been assigned cannot seek yet.
            if left.is_empty() || deadline.is_over() {
                break;
            }
            inside.check()?;
            std::thread::park_timeout(Duration::from_millis(5));
        }
        match entries.iter().find(|entry| entry.error != 0) {
            None => Ok(()),
            Some(entry) => {
                let err = if entry.error == code::WRONG_STATE { code::TIMED_OUT } else { entry.error };
                Err(Error::engine(
                    code::to_engine(err),
                    format_args!("seek of {} [{}] to {}", entry.topic, entry.partition, entry.offset),
                ))
            }
        }
    }
}

fn wrong_state(text: impl Into<String>) -> Error {
    Error::new(code::WRONG_STATE, text)
}

/// Refuses what the engine would take for something else, or break over.
pub(super) fn check_entries(entries: &[Entry]) -> Result<()> {
    let mut seen = HashSet::new();
    for entry in entries {
        let Entry { topic, partition, .. } = entry;
        if *partition < 0 {
            return Err(Error::new(code::BAD_ARGUMENT, format!("{topic} [{partition}]: give a partition, 0 or more")));
        }
        if !seen.insert((topic, partition)) {
            return Err(Error::new(code::BAD_ARGUMENT, format!("{topic} [{partition}] is in the list twice")));
        }
    }
    Ok(())
}

/// Refuses partitions that are not assigned.
pub(super) fn expect_assigned(state: &mut State, entries: &[Entry]) -> Result<()> {
    match entries.iter().find(|entry| state.positions.of(entry).is_none()) {
        None => Ok(()),
        Some(entry) => {
            Err(wrong_state(format!("{} [{}] is not assigned to this consumer", entry.topic, entry.partition)))
        }
    }
}

/// The entries of the host, or the whole assignment.
fn some_or_all(state: &mut State, entries: Option<&[Entry]>) -> Result<Vec<Entry>> {
    match entries {
        Some(entries) => {
            check_entries(entries)?;
            expect_assigned(state, entries)?;
            Ok(entries.to_vec())
        }
        None => Ok(state.positions.assigned().map(|(partition, _)| Entry::of(&partition.0, partition.1)).collect()),
    }
}

fn set_paused(state: &mut State, entries: &[Entry], paused: bool) {
    for entry in entries {
        if let Some(position) = state.positions.of(entry) {
            position.paused = paused;
            position.disturbed |= !position.settled;
        }
    }
}

fn check_answers(err: i32, list: &NativeList, what: &str) -> Result<()> {
    let entries = list.entries();
    match entries.iter().find(|entry| entry.error != 0) {
        Some(entry) => Err(Error::engine(entry.error, format_args!("{what} {} [{}]", entry.topic, entry.partition))),
        None if err != 0 => Err(Error::engine(err, what)),
        None => Ok(()),
    }
}

/// What is in hand, fetched or held of a partition goes.
fn drop_rows(state: &mut State, slot: super::positions::Slot) {
    if let Some(position) = state.positions.get_mut(slot) {
        position.assigned = false;
        drop_revoked(state);
        state.positions.all[slot as usize].1.assigned = true;
    }
}
