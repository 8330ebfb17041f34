//! Keeps calls from waiting, again and again, for a server that does not answer.
//! Knows nothing of servers: whoever talks to one tells how it went.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::BackendError;
use crate::clock;

/// This many faults in a row open the breaker: one lost connection is no reason to go without a cache.
const FAULTS_TO_OPEN: u32 = 3;

/// How long the breaker stays open before a probe is let through: doubled from the first to the last with each
/// probe that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A circuit breaker: after some faults in a row it lets nothing through for a while, then one probe, and is closed
/// by the first success.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Closed,
    Failing {
        faults: u32,
    },
    Open {
        until: Instant,
        pause: Duration,
    },
    /// A probe is under way; if nobody tells how it went, another is let through at `until`.
    Probing {
        until: Instant,
        pause: Duration,
    },
}

/// What a breaker has become.
#[derive(Debug, Clone, Copy)]
enum Turned {
    Open,
    Closed,
}

impl Turned {
    #[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "nobody is told"))]
    fn warn(self, address: &impl fmt::Display) {
        #[cfg(feature = "tracing")]
        match self {
            Self::Open => {
                tracing::warn!(target: "hermes", %address, "the server does not answer: it is spared for a while");
            }
            Self::Closed => tracing::warn!(target: "hermes", %address, "the server answers again"),
        }
    }
}

impl Breaker {
    /// Lets a request to the server at `address` through, or says why not. One that is let through tells how it went.
    /// An urgent one always is: an invalidation that did not happen must not look as if it had.
    pub(crate) fn admit(&self, is_urgent: bool, address: &impl fmt::Display) -> Result<(), BackendError> {
        if is_urgent || self.admits_at(clock::instant) {
            return Ok(());
        }
        Err(BackendError::not_done(format!(
            "{address} has not answered for a while; the next attempt is made in at most two seconds"
        )))
    }

    /// How a request to the server at `address` went: whether the server is to blame.
    pub(crate) fn tell(&self, is_to_blame: bool, address: &impl fmt::Display) {
        let turned = if is_to_blame { self.failed_at(clock::instant()) } else { self.succeeded() };
        if let Some(turned) = turned {
            turned.warn(address);
        }
    }

    /// A request was answered.
    fn succeeded(&self) -> Option<Turned> {
        let mut state = self.state();
        let was_open = matches!(*state, State::Open { .. } | State::Probing { .. });
        if !matches!(*state, State::Closed) {
            *state = State::Closed;
        }
        was_open.then_some(Turned::Closed)
    }

    fn admits_at(&self, now: impl FnOnce() -> Instant) -> bool {
        let mut state = self.state();
        let (until, pause) = match *state {
            State::Closed | State::Failing { .. } => return true,
            State::Open { until, pause } | State::Probing { until, pause } => (until, pause),
        };
        let now = now();
        let probes = now >= until;
        if probes {
            *state = State::Probing { until: now + pause, pause };
        }
        probes
    }

    fn failed_at(&self, now: Instant) -> Option<Turned> {
        let mut state = self.state();
        let faults = match *state {
            State::Closed => 1,
            State::Failing { faults } => faults + 1,
            State::Open { .. } => return None,
            State::Probing { pause, .. } => {
                let pause = LONGEST_PAUSE.min(pause * 2);
                *state = State::Open { until: now + pause, pause };
                return None;
            }
        };
        if faults < FAULTS_TO_OPEN {
            *state = State::Failing { faults };
            return None;
        }
        *state = State::Open { until: now + FIRST_PAUSE, pause: FIRST_PAUSE };
        Some(Turned::Open)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(at: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..FAULTS_TO_OPEN {
            assert!(breaker.admits_at(|| at));
            breaker.failed_at(at);
        }
        breaker
    }

    #[test]
    fn a_success_between_faults_keeps_it_closed() {
        let now = clock::instant();
        let breaker = Breaker::default();
        for _ in 0..10 {
            breaker.failed_at(now);
            breaker.failed_at(now);
            breaker.succeeded();
        }
        assert!(breaker.admits_at(|| now));
    }

    #[test]
    fn an_open_breaker_lets_one_probe_through_at_a_time() {
        let start = clock::instant();
        let breaker = broken(start);
        assert!(!breaker.admits_at(|| start));
        let later = start + FIRST_PAUSE;
        assert!(breaker.admits_at(|| later));
        assert!(!breaker.admits_at(|| later));
        breaker.succeeded();
        assert!(breaker.admits_at(|| later));
    }

    #[test]
    fn each_probe_that_fails_doubles_the_pause_up_to_a_bound() {
        let mut now = clock::instant();
        let breaker = broken(now);
        let mut pause = FIRST_PAUSE;
        for _ in 0..10 {
            assert!(!breaker.admits_at(|| now + pause - Duration::from_millis(1)));
            now += pause;
            assert!(breaker.admits_at(|| now));
            breaker.failed_at(now);
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        assert_eq!(pause, LONGEST_PAUSE);
    }

    #[test]
    fn a_probe_that_nobody_tells_of_does_not_keep_it_open_for_ever() {
        let start = clock::instant();
        let breaker = broken(start);
        assert!(breaker.admits_at(|| start + FIRST_PAUSE));
        assert!(breaker.admits_at(|| start + 2 * FIRST_PAUSE));
    }
}
