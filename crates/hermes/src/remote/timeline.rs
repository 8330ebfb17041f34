//! The time within one call: the cache's clock, which may stand still, and real time, which does not.
//! Waits for nothing.

use std::{
    fmt,
    time::{Duration, Instant},
};

use hermescache_protocol::Moment;

use crate::clock::{self, AnyClock, Clock, SystemClock};

/// Tells a call the time.
pub(crate) enum Timeline<'c> {
    System(&'c SystemClock),
    /// A test's clock may stand still. What waits within a call must end all the same, so real time passes on top of the
    /// moment when the call began.
    Given {
        clock: &'c dyn Clock,
        began: Moment,
        began_at: Instant,
    },
}

impl fmt::Debug for Timeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timeline").field(&self.now()).finish()
    }
}

impl<'c> Timeline<'c> {
    pub(crate) fn begin(clock: &'c AnyClock) -> Self {
        match clock {
            AnyClock::System(clock) => Self::System(clock),
            AnyClock::Given(clock) => {
                Self::Given { clock: &**clock, began: clock.now(), began_at: clock::instant() }
            }
        }
    }

    /// The time now.
    pub(crate) fn now(&self) -> Moment {
        match self {
            Self::System(clock) => clock.precise_now(),
            Self::Given { clock, began, began_at } => {
                clock.now().max(*began + clock::instant().saturating_duration_since(*began_at))
            }
        }
    }

    /// How long it is until a moment.
    pub(crate) fn until(&self, moment: Moment) -> Duration {
        moment.since(self.now())
    }
}
