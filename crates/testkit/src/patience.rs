//! Waiting, always with an end: the only file that reads a clock or sleeps.
//! What is waited for, the callers say.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long anything here may take. Servers need milliseconds, and a new election in a cluster some seconds; the rest
/// is for busy machines.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Looks again and again until `holds` does; for what another process does in its own time.
///
/// ```no_run
/// # let redis = hermes_testkit::Redis::start();
/// hermes_testkit::wait_until("the key is gone", || redis.command(&["EXISTS", "k"]).number() == 0);
/// ```
///
/// # Panics
/// After half a minute.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()));
}

/// Looks again and again until there is something.
///
/// # Panics
/// When patience ends.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    match in_time(look) {
        Some(found) => found,
        None => panic!("waited {PATIENCE:?} in vain until {what}"),
    }
}

/// Looks again and again until there is something, or patience ends.
#[expect(clippy::disallowed_methods, reason = "this is the file that sleeps")]
pub(crate) fn in_time<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Deadline::after(PATIENCE);
    loop {
        // Asked before the look: on a busy machine the last look comes after the end.
        let is_last = end.remaining().is_zero();
        match look() {
            None if is_last => return None,
            None => thread::sleep(BETWEEN_LOOKS),
            found => return found,
        }
    }
}

/// A moment to wait for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
    pub(crate) fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }

    /// Zero once it has passed.
    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
    pub(crate) fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}
