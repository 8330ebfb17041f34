//! Time and chance of a run: a clock that all processes of the machine share, waiting, and dice that fall the same way again.
//! The only file here that reads a clock or sleeps.

use std::{
    ops::{Add, Range},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, SystemTime},
};

use hermes::{Clock, Moment};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// A moment of the machine's monotonic clock, in nanoseconds: the same for all processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[expect(clippy::exhaustive_structs, reason = "finished: a number")]
pub struct At(pub u64);

impl At {
    /// After all others.
    pub const NEVER: Self = Self(u64::MAX);

    /// Now.
    #[must_use]
    pub fn now() -> Self {
        let time = clock_gettime(ClockId::Monotonic);
        Self(
            u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000
                + u64::try_from(time.tv_nsec).unwrap_or(0),
        )
    }

    /// How long after an earlier moment; zero where it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for At {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanos(span)))
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Lets real time pass: other processes know no other.
#[expect(clippy::disallowed_methods, reason = "this is the file that sleeps")]
pub(crate) fn pass(span: Duration) {
    thread::sleep(span);
}

/// The same for a task.
#[expect(clippy::disallowed_methods, reason = "this is the file that sleeps")]
pub(crate) async fn pass_async(span: Duration) {
    tokio::time::sleep(span).await;
}

/// Random numbers that a seed repeats (SplitMix64, Steele et al. 2014).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.number() % u64::from(end)).expect("it is below an u32")
    }

    /// True so many times of a thousand.
    pub(crate) fn falls(&mut self, permille: u32) -> bool {
        self.below(1000) < permille
    }

    pub(crate) fn span(&mut self, between: Range<Duration>) -> Duration {
        let width = nanos(between.end - between.start).max(1);
        between.start + Duration::from_nanos(self.number() % width)
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.number() as usize % from.len()]
    }
}

/// A wall clock that is wrong by up to an hour and is set forward now and then: a machine whose time somebody looks after
/// badly. It never goes back, as caches ask of their clock.
#[derive(Debug)]
pub(crate) struct StrayClock {
    started: At,
    start: Duration,
    ahead: AtomicU64,
}

impl StrayClock {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        const HOUR: Duration = Duration::from_secs(3600);
        #[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let start = wall.saturating_sub(HOUR) + dice.span(Duration::ZERO..2 * HOUR);
        Self { started: At::now(), start, ahead: AtomicU64::new(0) }
    }

    pub(crate) fn step(&self, span: Duration) {
        self.ahead.fetch_add(nanos(span), Relaxed);
    }
}

impl Clock for StrayClock {
    fn now(&self) -> Moment {
        let ahead = Duration::from_nanos(self.ahead.load(Relaxed));
        Moment::from_unix(self.start + At::now().since(self.started) + ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_what_the_dice_said() {
        let throw = |seed| std::array::from_fn::<_, 8, _>(|_| Dice::new(seed).number());
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
    }

    #[test]
    fn a_stray_clock_never_goes_back() {
        let clock = StrayClock::new(&mut Dice::new(1));
        let before = clock.now();
        clock.step(Duration::from_secs(5));
        assert!(clock.now() >= before + Duration::from_secs(5));
    }
}
