//! A point in time, as one process reckons it.
//! Reads no clock: moments are handed in.

use core::{
    ops::{Add, Sub},
    time::Duration,
};

/// A point in time: nanoseconds since the Unix epoch, good until the year 2554.
///
/// A process anchors it to the wall clock when it starts and adds monotonic time from there, so moments
/// never go back within a process, whatever happens to the wall clock. Between processes they differ by the
/// skew of their clocks; nothing that must be correct depends on that, only when a ttl ends.
///
/// Arithmetic saturates.
///
/// ```
/// use core::time::Duration;
/// use hermescache_protocol::Moment;
///
/// let start = Moment::from_unix(Duration::from_secs(1_000));
/// let later = start + Duration::from_millis(250);
/// assert_eq!(later.since(start), Duration::from_millis(250));
/// assert_eq!(start.since(later), Duration::ZERO);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment {
    nanos: u64,
}

impl Moment {
    /// The last moment that can be told.
    pub const MAX: Self = Self { nanos: u64::MAX };

    /// The moment that lies `since_epoch` after the Unix epoch.
    #[must_use]
    pub const fn from_unix(since_epoch: Duration) -> Self {
        Self { nanos: saturating_nanos(since_epoch) }
    }

    /// The moment that lies this many milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_unix_ms(ms: u64) -> Self {
        Self { nanos: ms.saturating_mul(1_000_000) }
    }

    /// Time since the Unix epoch.
    #[must_use]
    pub const fn since_epoch(self) -> Duration {
        Duration::from_nanos(self.nanos)
    }

    /// Whole milliseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_ms(self) -> u64 {
        self.nanos / 1_000_000
    }

    /// How long after `earlier` this is; zero if it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos.saturating_sub(earlier.nanos))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    #[inline]
    fn add(self, span: Duration) -> Self {
        Self { nanos: self.nanos.saturating_add(saturating_nanos(span)) }
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    #[inline]
    fn sub(self, span: Duration) -> Self {
        Self { nanos: self.nanos.saturating_sub(saturating_nanos(span)) }
    }
}

const fn saturating_nanos(span: Duration) -> u64 {
    let nanos = span.as_nanos();
    if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 }
}
