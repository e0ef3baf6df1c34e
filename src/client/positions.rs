//! Positions: where the host is in each partition that a consumer was assigned.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustc_hash::FxHashMap;

use super::batch::Values;
use super::sys::Entry;

/// Which hand-out of which consumer a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin(u64);

impl Origin {
    pub fn next() -> Origin {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Origin(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

/// An offset and the leader epoch of the record before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub offset: i64,
    pub epoch: i32,
}

/// Where the host is in a partition: always the record after the last one. It starts anew with each assignment.
#[derive(Default)]
pub struct Position {
    pub assigned: bool,
    pub paused: bool,
    /// The engine knows where it is: records came, or it was asked.
    pub settled: bool,
    /// It was paused or resumed before that.
    pub disturbed: bool,
    pub handed: Option<Mark>,
    pub processed: Option<Mark>,
    /// The host's own text beside `processed`.
    pub metadata: Option<Vec<u8>>,
    pub stored: Option<Mark>,
    pub committed: Option<Mark>,
}

pub type Partition = (Arc<str>, i32);

/// Index of a partition in `Positions`; rows carry it, so that handing out hashes nothing.
pub type Slot = u32;

/// The positions of all partitions that were ever assigned.
#[derive(Default)]
pub struct Positions {
    slots: HashMap<Partition, Slot>,
    pub all: Vec<(Partition, Position)>,
}

impl Positions {
    pub fn slot(&mut self, topic: &str, partition: i32) -> Slot {
        let key = (Arc::from(topic), partition);
        if let Some(&slot) = self.slots.get(&key) {
            return slot;
        }
        let slot = self.all.len() as Slot;
        self.all.push((key.clone(), Position::default()));
        self.slots.insert(key, slot);
        slot
    }

    /// The position of an assigned partition.
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut Position> {
        Some(&mut self.all[slot as usize].1).filter(|position| position.assigned)
    }

    pub fn is_assigned(&self, slot: Slot) -> bool {
        self.all[slot as usize].1.assigned
    }

    pub fn is_paused(&self, slot: Slot) -> bool {
        self.all[slot as usize].1.paused
    }

    /// A partition comes; where the host says from which offset, that is its position.
    pub fn add(&mut self, entry: &Entry) {
        let slot = self.slot(&entry.topic, entry.partition);
        let handed = (entry.offset >= 0).then_some(Mark { offset: entry.offset, epoch: entry.leader_epoch });
        self.all[slot as usize].1 = Position { assigned: true, handed, ..Position::default() };
    }

    pub fn remove(&mut self, entry: &Entry) {
        if let Some(position) = self.of(entry) {
            position.assigned = false;
        }
    }

    pub fn any_assigned(&self) -> bool {
        self.all.iter().any(|(_, position)| position.assigned)
    }

    pub fn of(&mut self, entry: &Entry) -> Option<&mut Position> {
        let slot = self.slot(&entry.topic, entry.partition);
        self.get_mut(slot)
    }

    pub fn assigned(&mut self) -> impl Iterator<Item = (&Partition, &mut Position)> {
        self.all
            .iter_mut()
            .filter(|(_, position)| position.assigned)
            .map(|(partition, position)| (&*partition, position))
    }

    pub fn processed(&mut self) -> Vec<Entry> {
        self.assigned()
            .filter_map(|(partition, position)| {
                let metadata = position.metadata.clone();
                position.processed.map(|mark| Entry { metadata, ..entry(partition, mark) })
            })
            .collect()
    }
}

/// The marks of the rows of a batch that was handed out.
pub struct Marks {
    pub origin: Origin,
    pub slots: Vec<Slot>,
    pub offsets: Arc<Values>,
    pub epochs: Arc<Values>,
}

/// A row that does not count any more: its partition was revoked or sought.
const VOID: Slot = Slot::MAX;

impl Marks {
    /// From now on only the rows of some partitions count.
    pub fn keep(&mut self, wanted: impl Fn(Slot) -> bool) {
        self.slots.iter_mut().filter(|slot| **slot != VOID && !wanted(**slot)).for_each(|slot| *slot = VOID);
    }

    /// The last mark of each partition among the first rows.
    pub fn last(&self, rows: usize) -> Vec<(Slot, Mark)> {
        let (Values::Int64(offsets), Values::Int32(epochs)) = (&*self.offsets, &*self.epochs) else {
            return Vec::new();
        };
        // Rows come in runs of one partition, of which there may be thousands.
        let mut last = FxHashMap::default();
        let mut end = 0;
        for run in self.slots[..rows].chunk_by(|one, other| one == other) {
            end += run.len();
            if run[0] != VOID {
                last.insert(run[0], end - 1);
            }
        }
        last.into_iter().map(|(slot, row)| (slot, Mark { offset: offsets[row] + 1, epoch: epochs[row] })).collect()
    }
}

pub fn entry(partition: &Partition, mark: Mark) -> Entry {
    Entry {
        topic: partition.0.to_string(),
        partition: partition.1,
        offset: mark.offset,
        leader_epoch: mark.epoch,
        metadata: None,
        error: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_mark_of_each_partition_among_the_first_rows() {
        let mut marks = Marks {
            origin: Origin::next(),
            slots: vec![0, 0, 1, 0, 1, 2],
            offsets: Arc::new(Values::Int64(vec![5, 6, 0, 7, 1, 9])),
            epochs: Arc::new(Values::Int32(vec![3; 6])),
        };
        let last = |marks: &Marks, rows| {
            let mut last: Vec<_> = marks.last(rows).into_iter().map(|(slot, mark)| (slot, mark.offset)).collect();
            last.sort_unstable();
            last
        };
        assert_eq!(last(&marks, 0), []);
        assert_eq!(last(&marks, 3), [(0, 7), (1, 1)]);
        assert_eq!(last(&marks, 4), [(0, 8), (1, 1)]);
        assert_eq!(last(&marks, 6), [(0, 8), (1, 2), (2, 10)]);
        marks.keep(|slot| slot != 1);
        assert_eq!(marks.last(6).len(), 2);
    }
}
