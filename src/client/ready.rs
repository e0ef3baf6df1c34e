//! Waking those who wait for something to read: threads, and event loops by a descriptor that becomes readable.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::error::{Error, Result, code};

pub const RECORDS: i32 = 1;
pub const REPORTS: i32 = 2;
pub const EVENTS: i32 = 4;

/// A descriptor, and what makes it readable.
struct Watch {
    what: i32,
    descriptor: Descriptor,
    /// It is readable.
    armed: bool,
}

#[derive(Default)]
struct State {
    changes: u64,
    watches: Vec<Watch>,
}

/// Told whenever something may have come.
#[derive(Default)]
pub struct Ready {
    state: Mutex<State>,
    changed: Condvar,
    watched: AtomicBool,
}

impl Ready {
    /// Something of `what` (a sum) may have come. Called on any thread, with locks of the engine held.
    pub fn tell(&self, what: i32) {
        let mut state = self.state.lock();
        state.changes += 1;
        for watch in &mut state.watches {
            if watch.what & what != 0 && !watch.armed {
                watch.descriptor.set();
                watch.armed = true;
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Counts what has come: look at it, then look for something to read, then wait.
    pub fn changes(&self) -> u64 {
        self.state.lock().changes
    }

    /// Waits till more has come than `seen`.
    pub fn wait(&self, seen: u64, limit: Duration) {
        let mut state = self.state.lock();
        if state.changes == seen {
            self.changed.wait_for(&mut state, limit);
        }
    }

    /// Whether there is any descriptor: without one nothing has to be kept right.
    pub fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    /// The descriptor that is readable while something of `what` waits.
    pub fn descriptor(&self, what: i32) -> Result<i64> {
        let mut state = self.state.lock();
        if let Some(watch) = state.watches.iter().find(|watch| watch.what == what) {
            return Ok(watch.descriptor.number());
        }
        let descriptor = Descriptor::new()?;
        let number = descriptor.number();
        state.watches.push(Watch { what, descriptor, armed: false });
        self.watched.store(true, Ordering::Relaxed);
        Ok(number)
    }

    /// Makes each descriptor say what is true. `waits` tells whether something of a sum waits.
    pub fn refresh(&self, waits: impl Fn(i32) -> bool) {
        let watched: Vec<_> = self.state.lock().watches.iter().map(|watch| watch.what).collect();
        for what in watched {
            // Cleared first, then looked again: what comes in between is not missed.
            if waits(what) || (self.clear(what) && waits(what)) {
                self.arm(what);
            }
        }
    }

    fn arm(&self, what: i32) {
        let mut state = self.state.lock();
        for watch in state.watches.iter_mut().filter(|watch| watch.what == what && !watch.armed) {
            watch.descriptor.set();
            watch.armed = true;
        }
    }

    /// Whether it was readable.
    fn clear(&self, what: i32) -> bool {
        let mut state = self.state.lock();
        let mut was = false;
        for watch in state.watches.iter_mut().filter(|watch| watch.what == what && watch.armed) {
            watch.descriptor.clear();
            watch.armed = false;
            was = true;
        }
        was
    }

    /// Closes the descriptors.
    pub fn close(&self) {
        self.state.lock().watches.clear();
    }
}

/// An eventfd; elsewhere a pipe.
#[cfg(unix)]
struct Descriptor {
    reader: std::os::fd::OwnedFd,
    #[cfg(not(target_os = "linux"))]
    writer: std::os::fd::OwnedFd,
}

#[cfg(unix)]
impl Descriptor {
    fn new() -> Result<Descriptor> {
        use std::os::fd::FromRawFd;
        let failed = || {
            let why = std::io::Error::last_os_error();
            Error::new(code::TOO_MANY_HANDLES, format!("no descriptor is to be had: {why}"))
        };
        #[cfg(target_os = "linux")]
        // SAFETY: makes a new descriptor, which is ours.
        unsafe {
            let fd = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
            if fd < 0 {
                return Err(failed());
            }
            Ok(Descriptor { reader: std::os::fd::OwnedFd::from_raw_fd(fd) })
        }
        #[cfg(not(target_os = "linux"))]
        // SAFETY: makes two new descriptors, which are ours.
        unsafe {
            let mut both = [0; 2];
            if libc::pipe(both.as_mut_ptr()) < 0 {
                return Err(failed());
            }
            for fd in both {
                libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK);
                libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
            }
            let [reader, writer] = both.map(|fd| std::os::fd::OwnedFd::from_raw_fd(fd));
            Ok(Descriptor { reader, writer })
        }
    }

    fn number(&self) -> i64 {
        use std::os::fd::AsRawFd;
        i64::from(self.reader.as_raw_fd())
    }

    fn set(&self) {
        use std::os::fd::AsRawFd;
        #[cfg(target_os = "linux")]
        let writer = &self.reader;
        #[cfg(not(target_os = "linux"))]
        let writer = &self.writer;
        let one = 1u64.to_ne_bytes();
        // SAFETY: a live descriptor, eight bytes. It never blocks, and is full only when it is readable.
        unsafe { libc::write(writer.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    fn clear(&self) {
        use std::os::fd::AsRawFd;
        let mut bytes = [0u8; 8];
        // SAFETY: a live descriptor, eight bytes. It never blocks.
        unsafe { libc::read(self.reader.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len()) };
    }
}

#[cfg(not(unix))]
struct Descriptor;

#[cfg(not(unix))]
impl Descriptor {
    fn new() -> Result<Descriptor> {
        Err(Error::new(code::NOT_IMPLEMENTED, "there are no such descriptors on this system: wait in a thread"))
    }
    fn number(&self) -> i64 {
        0
    }
    fn set(&self) {}
    fn clear(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn is_readable(fd: i64) -> bool {
        let mut poll = libc::pollfd { fd: fd as i32, events: libc::POLLIN, revents: 0 };
        // SAFETY: one structure.
        unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
    }

    #[test]
    #[cfg(unix)]
    fn a_descriptor_is_readable_while_something_waits() {
        let ready = Ready::default();
        assert!(!ready.is_watched());
        let (records, all) = (ready.descriptor(RECORDS).expect("one"), ready.descriptor(7).expect("one"));
        assert_eq!(ready.descriptor(7), Ok(all));
        assert!(ready.is_watched() && !is_readable(records) && !is_readable(all));
        ready.tell(EVENTS);
        assert!(!is_readable(records) && is_readable(all));
        ready.tell(RECORDS);
        assert!(is_readable(records));
        ready.refresh(|_| true);
        assert!(is_readable(records) && is_readable(all));
        ready.refresh(|what| what == RECORDS);
        assert!(is_readable(records) && !is_readable(all));
        ready.refresh(|_| false);
        assert!(!is_readable(records));
        ready.refresh(|_| true);
        assert!(is_readable(records) && is_readable(all));
    }

    #[test]
    fn nothing_is_missed_between_looking_and_waiting() {
        let ready = Ready::default();
        std::thread::scope(|scope| {
            let seen = ready.changes();
            scope.spawn(|| ready.tell(EVENTS)).join().expect("no panic");
            // It has come before the wait: this returns at once.
            let start = std::time::Instant::now();
            ready.wait(seen, Duration::from_secs(30));
            assert!(start.elapsed() < Duration::from_secs(10));
        });
    }
}
