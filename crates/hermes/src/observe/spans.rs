//! Spans of what calls do, and warnings of what goes wrong, for the `tracing` facade.
//! Names functions and keys, never arguments, tags or values.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use hermescache_protocol::{Command, Key};
use tracing::{debug_span, field::Empty};

use crate::clock;

/// A call that has left the fast path. Its key is named only for those who look.
pub(super) fn call(verb: &'static str, key: impl FnOnce() -> Key, backend: &dyn fmt::Debug) -> tracing::Span {
    let span = debug_span!("hermes.call", verb, point = Empty, key = Empty, backend = Empty, outcome = Empty);
    if !span.is_disabled() {
        let key = key();
        // A backend's `Debug` begins with its name, and may go on for long.
        let backend = format!("{backend:?}");
        let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
        let name = backend.split(|c| !is_of_name(c)).next().unwrap_or_default();
        span.record("point", super::label(key.point()));
        span.record("key", tracing::field::display(&key));
        span.record("backend", name);
    }
    span
}

/// A command on its way to a backend and back.
pub(super) fn command(command: &Command) -> tracing::Span {
    match command {
        Command::Fetch { .. } => debug_span!("hermes.fetch"),
        Command::Acquire { .. } => debug_span!("hermes.acquire"),
        Command::Commit { .. } => debug_span!("hermes.commit"),
        Command::Release { .. } => debug_span!("hermes.release"),
        Command::Renew { .. } => debug_span!("hermes.renew"),
        Command::Invalidate { .. } => debug_span!("hermes.invalidate"),
        Command::Clean { .. } => debug_span!("hermes.clean"),
        // A command that is new here has a name all the same.
        other => debug_span!("hermes.command", name = other.name()),
    }
}

/// A loader that runs.
pub(super) fn compute() -> tracing::Span {
    debug_span!("hermes.compute")
}

/// A call that waits for another's computation.
pub(super) fn wait() -> tracing::Span {
    debug_span!("hermes.wait")
}

/// Lets one warning through in a while, and counts the others: what goes wrong goes wrong for every call.
#[derive(Debug, Default)]
pub(super) struct Seldom(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    last: Option<Instant>,
    unsaid: u64,
}

impl Seldom {
    const PAUSE: Duration = Duration::from_secs(1);

    /// How many were kept back since the last one, if one may be said now.
    pub(super) fn may_say(&self) -> Option<u64> {
        self.may_say_at(clock::instant())
    }

    fn may_say_at(&self, now: Instant) -> Option<u64> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.last.is_some_and(|last| now.saturating_duration_since(last) < Self::PAUSE) {
            said.unsaid += 1;
            return None;
        }
        said.last = Some(now);
        Some(std::mem::take(&mut said.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_while_is_said_and_tells_of_the_others() {
        let (seldom, now) = (Seldom::default(), clock::instant());
        assert_eq!(seldom.may_say_at(now), Some(0));
        assert_eq!(seldom.may_say_at(now), None);
        assert_eq!(seldom.may_say_at(now + Seldom::PAUSE / 2), None);
        assert_eq!(seldom.may_say_at(now + Seldom::PAUSE), Some(2));
    }
}
