//! The ledger of deliveries: what is in flight, and the reports that wait to be read.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

/// The id of a record, unique and increasing in the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageId(u64);

/// Codes of records that were given up, in flight and before.
const GIVEN_UP: [i32; 2] = [-151, -152];

static LAST: AtomicU64 = AtomicU64::new(0);

impl MessageId {
    pub fn next() -> MessageId {
        MessageId::next_run(1)
    }

    /// The first of `count` ids, one after the other.
    pub fn next_run(count: usize) -> MessageId {
        MessageId(LAST.fetch_add(count as u64, Ordering::Relaxed) + 1)
    }

    /// The id of row `row` of a run.
    pub fn row(self, row: usize) -> MessageId {
        MessageId(self.0 + row as u64)
    }

    pub fn number(self) -> u64 {
        self.0
    }

    pub fn of(number: u64) -> MessageId {
        MessageId(number)
    }
}

/// What became of a record.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    pub id: MessageId,
    pub error: i32,
    /// Index of the topic in the producer's list.
    pub topic: i32,
    pub partition: i32,
    pub offset: i64,
    pub timestamp: i64,
    pub timestamp_type: i32,
    pub status: i32,
    pub latency: i64,
}

/// Which reports are kept (`kaffi.delivery.reports`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// All from the first time that the host asks for reports; before it the oldest successes may go.
    #[default]
    Auto,
    All,
    Errors,
    None,
}

/// How many records are where.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outstanding {
    pub in_flight: usize,
    pub unread: usize,
    pub forgotten: u64,
}

#[derive(Default)]
struct Reports {
    unread: VecDeque<Report>,
    /// How many of them are failures.
    failed: usize,
    forgotten: u64,
    /// Failures whose reports are not kept.
    lost: usize,
    asked: bool,
    booked: u64,
}

/// Where a ledger stands.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// How many records were handed over.
    handed: u64,
    lost: usize,
    /// The first id that is given after this.
    next: MessageId,
}

pub struct Ledger {
    keep: Keep,
    max: usize,
    transactional: bool,
    in_flight: AtomicUsize,
    /// What of `reports` counts against `max`.
    held: AtomicUsize,
    reports: Mutex<Reports>,
}

impl Ledger {
    pub fn new(keep: Keep, max: usize, transactional: bool) -> Ledger {
        let (in_flight, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Ledger { keep, max, transactional, in_flight, held, reports: Mutex::default() }
    }

    /// Whether a record did not get where it should. What the host gave up with its transaction need not get there.
    fn is_failure(&self, report: &Report) -> bool {
        report.error != 0 && !(self.transactional && GIVEN_UP.contains(&report.error))
    }

    /// Enters records before they are handed over: their reports may come first. How many found room.
    pub fn enter(&self, count: usize) -> usize {
        let before = self.in_flight.fetch_add(count, Ordering::Relaxed) + self.held.load(Ordering::Relaxed);
        let room = count.min(self.max.saturating_sub(before));
        self.strike(count - room);
        room
    }

    /// Takes back records that were refused.
    pub fn strike(&self, count: usize) {
        self.in_flight.fetch_sub(count, Ordering::Relaxed);
    }

    /// Books a report.
    pub fn book(&self, report: Report) {
        let mut reports = self.reports.lock();
        reports.booked += 1;
        let failed = self.is_failure(&report);
        let kept = match self.keep {
            Keep::All | Keep::Auto => true,
            Keep::Errors => report.error != 0,
            Keep::None => false,
        };
        if kept {
            if self.keep == Keep::Auto && !reports.asked && reports.unread.len() >= self.max {
                self.forget_one(&mut reports);
            }
            reports.failed += usize::from(failed);
            reports.unread.push_back(report);
        } else {
            reports.lost += usize::from(failed);
            reports.forgotten += 1;
        }
        self.settle(&reports);
        self.strike(1);
    }

    fn forget_one(&self, reports: &mut Reports) {
        let oldest = reports.unread.iter().position(|report| !self.is_failure(report));
        if let Some(at) = oldest {
            reports.unread.remove(at);
            reports.forgotten += 1;
        }
    }

    fn settle(&self, reports: &Reports) {
        // Successes that may be forgotten are no reason to hold a producer back.
        let counts = if self.keep == Keep::Auto && !reports.asked { reports.failed } else { reports.unread.len() };
        self.held.store(counts, Ordering::Relaxed);
    }

    /// Says that the host asks for reports: from here on all are kept.
    pub fn ask(&self) {
        let mut reports = self.reports.lock();
        if !reports.asked {
            reports.asked = true;
            self.settle(&reports);
        }
    }

    /// Takes the oldest reports, `max` at most.
    pub fn take(&self, max: usize) -> Vec<Report> {
        let mut reports = self.reports.lock();
        let count = max.min(reports.unread.len());
        let taken: Vec<_> = reports.unread.drain(..count).collect();
        reports.failed -= taken.iter().filter(|report| self.is_failure(report)).count();
        self.settle(&reports);
        taken
    }

    pub fn has_unread(&self) -> bool {
        !self.reports.lock().unread.is_empty()
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub fn outstanding(&self) -> Outstanding {
        let reports = self.reports.lock();
        Outstanding { in_flight: self.in_flight(), unread: reports.unread.len(), forgotten: reports.forgotten }
    }

    /// Records that failed and whose report nobody has read.
    pub fn undelivered(&self) -> usize {
        let reports = self.reports.lock();
        reports.failed + reports.lost
    }

    pub fn mark(&self) -> Mark {
        let reports = self.reports.lock();
        Mark { handed: self.handed(&reports), lost: reports.lost, next: MessageId::next() }
    }

    fn handed(&self, reports: &Reports) -> u64 {
        reports.booked + self.in_flight() as u64
    }

    /// The same, where none of the records that were handed over since then counts as delivered.
    pub fn undelivered_with_all_since(&self, mark: &Mark) -> usize {
        let reports = self.reports.lock();
        let is_before = |report: &&Report| self.is_failure(report) && report.id.number() < mark.next.number();
        let since = self.handed(&reports) - mark.handed;
        since as usize + reports.unread.iter().filter(is_before).count() + mark.lost
    }

    pub fn max(&self) -> usize {
        self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(id: u64, error: i32) -> Report {
        let id = MessageId::of(id);
        Report { id, error, topic: 0, partition: 0, offset: 0, timestamp: -1, timestamp_type: 0, status: 2, latency: 0 }
    }

    /// Enters and books `errors`, one record each.
    fn booked(keep: Keep, max: usize, errors: &[i32]) -> Ledger {
        let ledger = Ledger::new(keep, max, false);
        for (id, &error) in errors.iter().enumerate() {
            assert_eq!(ledger.enter(1), 1);
            ledger.book(report(id as u64, error));
        }
        ledger
    }

    fn counts(ledger: &Ledger) -> (usize, usize, u64, usize) {
        let Outstanding { in_flight, unread, forgotten } = ledger.outstanding();
        (in_flight, unread, forgotten, ledger.undelivered())
    }

    #[test]
    fn what_each_mode_keeps() {
        let errors = [0, 5, 0, 0];
        assert_eq!(counts(&booked(Keep::All, 9, &errors)), (0, 4, 0, 1));
        assert_eq!(counts(&booked(Keep::Auto, 9, &errors)), (0, 4, 0, 1));
        assert_eq!(counts(&booked(Keep::Errors, 9, &errors)), (0, 1, 3, 1));
        assert_eq!(counts(&booked(Keep::None, 9, &errors)), (0, 0, 4, 1));
    }

    #[test]
    fn auto_forgets_the_oldest_successes_till_it_is_asked() {
        let ledger = booked(Keep::Auto, 3, &[5, 0, 0, 0, 0]);
        assert_eq!(counts(&ledger), (0, 3, 2, 1));
        // Asked, what is unread counts: there is no room till something is read.
        ledger.ask();
        assert_eq!(ledger.enter(1), 0);
        let ids: Vec<_> = ledger.take(2).iter().map(|report| report.id.number()).collect();
        assert_eq!(ids, [0, 3]);
        assert_eq!(ledger.undelivered(), 0);
        assert_eq!(ledger.enter(5), 2);
        ledger.strike(2);
        assert_eq!(counts(&ledger), (0, 1, 2, 0));
    }

    #[test]
    fn what_a_transaction_gave_up_is_no_failure() {
        let ledger = Ledger::new(Keep::Auto, 2, true);
        for error in [-152, -151, 5] {
            assert_eq!(ledger.enter(1), 1);
            ledger.book(report(1, error));
        }
        assert_eq!(counts(&ledger), (0, 2, 1, 1));
        let errors: Vec<_> = ledger.take(9).iter().map(|report| report.error).collect();
        assert_eq!(errors, [-151, 5]);
        assert_eq!(counts(&ledger), (0, 0, 1, 0));
        assert_eq!(counts(&booked(Keep::Auto, 9, &[-152, -151])), (0, 2, 0, 2));
    }

    #[test]
    fn nothing_since_a_mark_counts_as_delivered() {
        let ledger = booked(Keep::All, 9, &[0, 5, 0]);
        let mark = ledger.mark();
        assert_eq!(ledger.undelivered_with_all_since(&mark), 1);
        for error in [0, 7] {
            assert_eq!(ledger.enter(1), 1);
            ledger.book(report(MessageId::next().number(), error));
        }
        assert_eq!(ledger.enter(1), 1);
        assert_eq!(ledger.undelivered_with_all_since(&mark), 4);
        ledger.take(usize::MAX);
        assert_eq!(ledger.undelivered_with_all_since(&mark), 3);
        let forgetful = booked(Keep::None, 9, &[5]);
        let mark = forgetful.mark();
        assert_eq!(forgetful.enter(1), 1);
        forgetful.book(report(MessageId::next().number(), 7));
        assert_eq!(forgetful.undelivered_with_all_since(&mark), 2);
    }

    #[test]
    fn a_full_ledger_lets_nothing_in() {
        let ledger = booked(Keep::All, 3, &[0, 0]);
        assert_eq!(ledger.enter(1), 1);
        assert_eq!(ledger.enter(1), 0);
        assert_eq!(ledger.in_flight(), 1);
        assert_eq!(ledger.take(usize::MAX).len(), 2);
        assert_eq!(ledger.enter(3), 2);
    }

    #[test]
    fn ids_increase() {
        let run = MessageId::next_run(10);
        assert!(MessageId::next().number() > run.row(9).number());
    }
}
