//! Who is inside a client, and how those who wait are woken.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result, code};

/// How long a call waits before it looks whether it shall end.
pub const SLICE: Duration = Duration::from_millis(200);

/// How long a call into the engine that cannot be woken may take.
pub const DEAF: Duration = Duration::from_millis(200);

/// How long a call may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeout(Option<Duration>);

impl Timeout {
    /// 0 does not wait, -1 waits as long as it takes.
    pub fn from_ms(ms: i32) -> Result<Timeout> {
        match ms {
            -1 => Ok(Timeout(None)),
            0.. => Ok(Timeout(Some(Duration::from_millis(ms as u64)))),
            _ => Err(Error::new(code::BAD_ARGUMENT, format!("a timeout of {ms} ms: give 0, -1 (no limit) or more"))),
        }
    }

    pub fn of(duration: Duration) -> Timeout {
        Timeout(Some(duration))
    }

    pub fn at_most(self, longest: Duration) -> Timeout {
        Timeout::of(self.0.map_or(longest, |duration| duration.min(longest)))
    }

    pub fn deadline(self) -> Deadline {
        Deadline(self.0.and_then(|duration| Instant::now().checked_add(duration)))
    }
}

/// When a call has to end; `None`: never.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// What is left, `SLICE` at most.
    pub fn slice(self) -> Duration {
        self.left().min(SLICE)
    }

    pub fn left(self) -> Duration {
        self.0.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }

    pub fn is_over(self) -> bool {
        self.left().is_zero()
    }

    /// Later by `more`.
    pub fn and(self, more: Duration) -> Deadline {
        Deadline(self.0.and_then(|end| end.checked_add(more)))
    }

    pub fn is_endless(self) -> bool {
        self.0.is_none()
    }
}

/// Counts the calls inside a client, lets none in once closing has begun, and tells those that wait to end.
#[derive(Default)]
pub struct Gate {
    pub(super) inside: AtomicU32,
    closing: AtomicBool,
    wakes: AtomicU32,
}

impl Gate {
    pub fn enter(&self) -> Result<Inside<'_>> {
        self.inside.fetch_add(1, Ordering::SeqCst);
        let inside = Inside { gate: self, wakes: self.wakes.load(Ordering::SeqCst) };
        if self.closing.load(Ordering::SeqCst) { Err(closed()) } else { Ok(inside) }
    }

    pub fn wake(&self) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
    }

    /// Lets nobody in any more, and waits till nobody is inside. `nudge` ends the engine's waits.
    pub fn close(&self, nudge: impl Fn()) {
        self.closing.store(true, Ordering::SeqCst);
        while self.inside.load(Ordering::SeqCst) > 0 {
            nudge();
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}

/// A call inside a client.
pub struct Inside<'a> {
    gate: &'a Gate,
    wakes: u32,
}

impl Inside<'_> {
    /// Whether a waiting call shall end, and with which code.
    pub fn check(&self) -> Result<()> {
        if self.gate.closing.load(Ordering::SeqCst) {
            return Err(closed());
        }
        if self.gate.wakes.load(Ordering::SeqCst) != self.wakes {
            return Err(Error::new(code::NOTHING, "woken by WakeKafka"));
        }
        Ok(())
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.gate.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

fn closed() -> Error {
    Error::new(code::CLOSED, "another thread closed this client")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_waits_for_who_is_inside_and_lets_nobody_in() {
        let gate = Gate::default();
        std::thread::scope(|scope| {
            let inside = gate.enter().expect("open");
            assert!(inside.check().is_ok());
            let closing = scope.spawn(|| gate.close(|| ()));
            while inside.check().is_ok() {
                std::thread::yield_now();
            }
            assert_eq!(inside.check().map_err(|e| e.code), Err(code::CLOSED));
            assert_eq!(gate.enter().map(|_| ()).map_err(|e| e.code), Err(code::CLOSED));
            assert!(!closing.is_finished());
            drop(inside);
            closing.join().expect("no panic");
        });
    }

    #[test]
    fn waking_ends_the_calls_that_are_inside_only() {
        let gate = Gate::default();
        let before = gate.enter().expect("open");
        gate.wake();
        let after = gate.enter().expect("open");
        assert_eq!(before.check().map_err(|e| e.code), Err(code::NOTHING));
        assert!(after.check().is_ok());
    }

    #[test]
    fn timeouts() {
        assert!(Timeout::from_ms(-2).is_err());
        assert!(Timeout::from_ms(0).expect("0").deadline().is_over());
        let forever = Timeout::from_ms(-1).expect("-1").deadline();
        assert!(!forever.is_over());
        assert_eq!(forever.slice(), SLICE);
        assert!(Timeout::from_ms(i32::MAX).expect("the longest").deadline().left() > Duration::from_secs(2_000_000));
    }
}
