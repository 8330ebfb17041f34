//! The time within one call: the cache's clock, which may stand still, and real time, which does not.
//! Waits for nothing.

use std::time::{Duration, Instant};

use hermescache_protocol::Moment;

use crate::clock::{self, AnyClock};

/// Tells a call the time.
///
/// A cache's clock may be coarse, or a test's that stands still. What waits within a call must end all the same,
/// so real time passes on top of the moment when the call began.
#[derive(Debug)]
pub(crate) struct Timeline<'c> {
    clock: &'c AnyClock,
    began: Moment,
    began_at: Instant,
}

impl<'c> Timeline<'c> {
    pub(crate) fn begin(clock: &'c AnyClock) -> Self {
        Self { clock, began: clock.now(), began_at: clock::instant() }
    }

    /// The time now.
    pub(crate) fn now(&self) -> Moment {
        let passed = clock::instant().saturating_duration_since(self.began_at);
        self.clock.now().max(self.began + passed)
    }

    /// How long it is until a moment.
    pub(crate) fn until(&self, moment: Moment) -> Duration {
        moment.since(self.now())
    }
}
