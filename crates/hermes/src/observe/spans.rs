//! Spans of what calls do, and warnings of what goes wrong, for the `tracing` facade.
//! Names functions and keys, never arguments, tags or values.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
#[cfg(feature = "async")]
use std::{future::poll_fn, pin::Pin};

use hermescache_protocol::{Command, Key, Namespace};
use tracing::{debug_span, field::Empty};

use super::{Ending, label};
use crate::{clock, site::Site};

/// What people look for in their filters, wherever the code lies.
const TARGET: &str = "hermes";

/// A span of our target.
macro_rules! span {
    ($($span:tt)*) => {
        Span(debug_span!(target: TARGET, $($span)*))
    };
}

/// A part of what a call does.
#[derive(Debug)]
pub(crate) struct Span(tracing::Span);

impl Span {
    /// A call that has left the fast path. Its key is named only for those who look.
    pub(crate) fn of_call(verb: &'static str, key: impl FnOnce() -> Key, backend: &dyn fmt::Debug) -> Self {
        let span = span!("hermes.call", verb, point = Empty, key = Empty, backend = Empty, outcome = Empty);
        if !span.0.is_disabled() {
            let key = key();
            // A backend's `Debug` begins with its name, and may go on for long.
            let backend = format!("{backend:?}");
            let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
            let name = backend.split(|c| !is_of_name(c)).next().unwrap_or_default();
            span.0.record("point", label(key.point()));
            span.0.record("key", tracing::field::display(&key));
            span.0.record("backend", name);
        }
        span
    }

    /// A command on its way to a backend and back.
    pub(crate) fn of_command(command: &Command) -> Self {
        match command {
            Command::Fetch { .. } => span!("hermes.fetch"),
            Command::Acquire { .. } => span!("hermes.acquire"),
            Command::Commit { .. } => span!("hermes.commit"),
            Command::Release { .. } => span!("hermes.release"),
            Command::Renew { .. } => span!("hermes.renew"),
            Command::Invalidate { .. } => span!("hermes.invalidate"),
            Command::Clean { .. } => span!("hermes.clean"),
            // A command that is new here has a name all the same.
            other => span!("hermes.command", name = other.name()),
        }
    }

    /// A loader that runs.
    pub(super) fn of_computation() -> Self {
        span!("hermes.compute")
    }

    /// A call that waits for another's computation.
    pub(super) fn of_wait() -> Self {
        span!("hermes.wait")
    }

    /// Does this in the span.
    #[inline]
    pub(crate) fn run<T>(&self, act: impl FnOnce() -> T) -> T {
        self.0.in_scope(act)
    }

    /// Does this in the span whenever it is polled, and only then.
    #[cfg(feature = "async")]
    pub(crate) fn around<'s, F: Future>(
        &'s self,
        mut future: Pin<&'s mut F>,
    ) -> impl Future<Output = F::Output> + use<'s, F> {
        // By reference: to hand a large future on by value would take stack for a copy, which deep recursion lacks.
        poll_fn(move |context| self.run(|| future.as_mut().poll(context)))
    }
}

/// The span of the call that something belongs to, if it has one: a hit in process has none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within<'c>(&'c tracing::Span);

impl<'c> Within<'c> {
    #[inline(always)]
    pub(super) fn none() -> Self {
        static NONE: tracing::Span = tracing::Span::none();
        Self(&NONE)
    }

    pub(super) fn span(span: &'c Span) -> Self {
        Self(&span.0)
    }

    /// How the call ends.
    pub(super) fn ends(self, ending: Ending) {
        self.0.record("outcome", ending.told());
    }
}

impl Ending {
    const fn told(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Shared => "shared",
            Self::Stored => "stored",
            Self::Fenced => "fenced",
            Self::Refused => "refused",
            Self::NotKept => "not kept",
            Self::NotStored => "not stored",
            Self::Failed => "failed",
        }
    }
}

/// Warns of what goes wrong in one cache.
#[derive(Debug)]
pub(super) struct Warnings {
    cache: Namespace,
    seldom: Seldom,
}

impl Warnings {
    pub(super) fn new(cache: &Namespace) -> Self {
        Self { cache: cache.clone(), seldom: Seldom::default() }
    }

    /// The cache is of no use to a call of this function.
    pub(super) fn of_call(&self, site: &Site, why: &'static str) {
        if let Some(unsaid) = self.seldom.may_say() {
            let point = site.point();
            let cache = self.cache.as_str();
            tracing::warn!(target: TARGET, cache, point = label(&point), unsaid, "{why}");
        }
    }

    /// A command, which is about this key or about all of the cache, had no answer.
    pub(super) fn of_command(&self, command: &'static str, key: Option<&Key>, why: &dyn fmt::Display) {
        if let Some(unsaid) = self.seldom.may_say() {
            let (cache, point) = (self.cache.as_str(), key.map(|key| label(key.point())));
            tracing::warn!(target: TARGET, cache, point, command, error = %why, unsaid, "the backend has no answer");
        }
    }
}

/// Lets one warning through in a while, and counts the others: what goes wrong goes wrong for every call.
#[derive(Debug, Default)]
struct Seldom(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    last: Option<Instant>,
    unsaid: u64,
}

impl Seldom {
    const PAUSE: Duration = Duration::from_secs(1);

    /// How many were kept back since the last one, if one may be said now.
    fn may_say(&self) -> Option<u64> {
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
