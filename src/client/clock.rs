//! A clock for what is looked at in every call: cheap, and a few milliseconds coarse.

use std::time::Duration;

/// A point in time.
#[derive(Debug, Clone, Copy)]
pub struct Moment(Duration);

impl Moment {
    #[cfg(target_os = "linux")]
    pub fn now() -> Moment {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: one structure; where this clock is not known it stays at 0, and nothing is ever due by itself.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut time) };
        Moment(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }

    #[cfg(not(target_os = "linux"))]
    pub fn now() -> Moment {
        static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
        Moment(START.elapsed())
    }

    pub fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on() {
        let before = (Moment::now(), std::time::Instant::now());
        while Moment::now().since(before.0) < Duration::from_millis(50) {
            std::thread::yield_now();
        }
        let (coarse, exact) = (Moment::now().since(before.0), before.1.elapsed());
        assert!(
            exact >= Duration::from_millis(20) && coarse < exact + Duration::from_millis(50),
            "{coarse:?} {exact:?}"
        );
        assert_eq!(before.0.since(Moment::now()), Duration::ZERO);
    }
}
