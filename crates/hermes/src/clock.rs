//! Time and chance: the only file that reads a clock or draws a random number.
//! Waits for nothing; that is `alarm`'s and `flight`'s work.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use hermescache_protocol::Moment;

/// What tells a cache the time. It decides when a ttl ends, and nothing else: no promise about invalidation
/// depends on a clock.
///
/// ```
/// use hermes::{Clock, Moment};
///
/// struct Stopped;
///
/// impl Clock for Stopped {
///     fn now(&self) -> Moment {
///         Moment::from_unix_ms(0)
///     }
/// }
///
/// let cache = hermes::Cache::builder().clock(Stopped).build()?;
/// # Ok::<(), hermes::Error>(())
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The time now. It must not go back.
    fn now(&self) -> Moment;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Moment {
        (**self).now()
    }
}

/// A clock that stands still until it is told to move: for tests of code that uses a cache.
///
/// Clones share the time.
///
/// ```
/// use std::time::Duration;
/// use hermes::{Cache, FakeClock};
///
/// let clock = FakeClock::new();
/// let cache = Cache::builder().ttl(Duration::from_secs(60)).clock(clock.clone()).build()?;
///
/// assert_eq!(cache.entry("k").get_or_compute(|| 1), 1);
/// clock.advance(Duration::from_secs(59));
/// assert_eq!(cache.entry("k").get_or_compute(|| 2), 1);
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(cache.entry("k").get_or_compute(|| 2), 2);
/// # Ok::<(), hermes::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct FakeClock {
    nanos: Arc<AtomicU64>,
}

impl FakeClock {
    /// A clock that stands at the Unix epoch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the time forward.
    pub fn advance(&self, span: Duration) {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let _ = self
            .nanos
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| Some(now.saturating_add(nanos)));
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Moment {
        Moment::from_unix(Duration::from_nanos(self.nanos.load(Ordering::SeqCst)))
    }
}

/// The machine's coarse monotonic clock, anchored once to its wall clock.
///
/// A reading costs 5 to 8 ns and is up to one tick of the kernel late (1 to 10 ms, 4 ms on most machines), so
/// an entry may live that much longer than its ttl.
#[derive(Debug)]
pub(crate) struct SystemClock {
    anchor: Moment,
}

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
    pub(crate) fn new() -> Self {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { anchor: Moment::from_unix(wall) - coarse_monotonic() }
    }

    #[inline]
    pub(crate) fn now(&self) -> Moment {
        self.anchor + coarse_monotonic()
    }

    /// The same to the nanosecond, at three times the price.
    pub(crate) fn precise_now(&self) -> Moment {
        self.anchor + precise_monotonic()
    }
}

/// Time since some moment in the past, up to one tick of the kernel late.
#[cfg(target_os = "linux")]
#[inline]
pub(crate) fn coarse_monotonic() -> Duration {
    monotonic(rustix::time::ClockId::MonotonicCoarse)
}

#[cfg(target_os = "linux")]
fn precise_monotonic() -> Duration {
    monotonic(rustix::time::ClockId::Monotonic)
}

#[cfg(target_os = "linux")]
#[inline]
fn monotonic(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    // A machine that has run for 580 years would overflow this.
    Duration::from_nanos(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
pub(crate) fn coarse_monotonic() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed()
}

#[cfg(not(target_os = "linux"))]
fn precise_monotonic() -> Duration {
    coarse_monotonic()
}

/// The clock of one cache: the machine's, unless the builder was given another.
pub(crate) enum AnyClock {
    System(SystemClock),
    Given(Box<dyn Clock>),
}

impl AnyClock {
    #[inline]
    pub(crate) fn now(&self) -> Moment {
        match self {
            Self::System(clock) => clock.now(),
            Self::Given(clock) => clock.now(),
        }
    }
}

impl fmt::Debug for AnyClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System(_) => "System",
            Self::Given(_) => "Given",
        })
    }
}

/// The precise clock by which waits are bounded. No test clock replaces it: a wait is over when it is over.
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Fills `bytes` with random bytes of the system's, drawn anew each time, so that a forked process repeats nothing
/// of its parent's.
pub(crate) fn random_bytes(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system gives random bytes once it has started");
}

/// A random number that nobody outside this process can know.
pub(crate) fn random_u64() -> u64 {
    // The standard library draws the keys of its hash maps from the system; an empty hash under them is random.
    RandomState::new().hash_one(())
}

/// A random fraction in `0.0..1.0`.
pub(crate) fn random_fraction() -> f64 {
    (random_u64() >> 11) as f64 / (1u64 << 53) as f64
}
