//! The numbers of the protocol: how long things live, and how long callers wait.
//! Decides nothing; whoever needs a number takes it from here.

use core::{fmt, time::Duration};

use crate::nonce::Nonces;

/// How long an entry may be served: 1 ms to 100 years.
///
/// ```
/// use core::time::Duration;
/// use hermescache_protocol::{Ttl, TtlError};
///
/// assert!(Ttl::new(Duration::from_secs(600)).is_ok());
/// assert_eq!(Ttl::new(Duration::ZERO), Err(TtlError::Zero));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ttl(Duration);

impl Ttl {
    /// The shortest: what the stored format can tell.
    pub const MIN: Self = Self(Duration::from_millis(1));
    /// The longest: a hundred years of 365 days, far from where any server's arithmetic ends.
    pub const MAX: Self = Self(Duration::from_secs(100 * 365 * 24 * 60 * 60));
    /// One hour.
    pub const HOUR: Self = Self(Duration::from_secs(60 * 60));

    /// Checks and takes a time.
    ///
    /// # Errors
    /// [`TtlError`] where it is zero, or outside of 1 ms to 100 years.
    pub fn new(ttl: Duration) -> Result<Self, TtlError> {
        if ttl.is_zero() {
            Err(TtlError::Zero)
        } else if ttl < Self::MIN.0 {
            Err(TtlError::TooShort(ttl))
        } else if ttl > Self::MAX.0 {
            Err(TtlError::TooLong(ttl))
        } else {
            Ok(Self(ttl))
        }
    }

    /// The time.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl TryFrom<Duration> for Ttl {
    type Error = TtlError;

    fn try_from(ttl: Duration) -> Result<Self, TtlError> {
        Self::new(ttl)
    }
}

/// Why a ttl was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TtlError {
    /// It is zero: nothing would ever be a hit.
    Zero,
    /// It is shorter than a millisecond.
    TooShort(Duration),
    /// It is longer than 100 years.
    TooLong(Duration),
}

impl fmt::Display for TtlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => f.write_str("the ttl is zero; it takes 1 ms to 100 years"),
            Self::TooShort(ttl) | Self::TooLong(ttl) => {
                write!(f, "the ttl is {ttl:?}; it takes 1 ms to 100 years")
            }
        }
    }
}

impl core::error::Error for TtlError {}

/// By how much at most a time is shortened at random: by nothing, or up to the whole of it.
///
/// It only shortens, so that what was promised as the longest time stays the longest.
///
/// ```
/// use hermescache_protocol::Jitter;
///
/// assert_eq!(Jitter::part(0.25), Jitter::percent(25));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Jitter {
    /// In parts of [`WHOLE`](Self::WHOLE).
    most: u64,
}

impl Jitter {
    const WHOLE: u64 = 1 << 32;

    /// Shortens by up to `percent`; more than 100 counts as 100.
    #[must_use]
    pub const fn percent(percent: u8) -> Self {
        let percent = if percent > 100 { 100 } else { percent as u64 };
        Self { most: percent * Self::WHOLE / 100 }
    }

    /// Shortens by up to this part of a time, from 0 to 1; what is outside of that counts as the nearest of them, and what
    /// is no number as 0.
    #[must_use]
    pub fn part(part: f64) -> Self {
        Self { most: (part.clamp(0.0, 1.0) * Self::WHOLE as f64) as u64 }
    }

    /// `time`, shortened at random.
    pub fn shorten(self, time: Duration, nonces: &mut dyn Nonces) -> Duration {
        if self.most == 0 {
            return time;
        }
        let mut random = [0; 4];
        nonces.fill(&mut random);
        let most = (time.as_nanos() * u128::from(self.most)) >> 32;
        let cut = (most * u128::from(u32::from_le_bytes(random))) >> 32;
        time.saturating_sub(Duration::from_nanos_u128(cut))
    }

    /// `ttl`, shortened at random, but not to nothing.
    pub fn shorten_ttl(self, ttl: Ttl, nonces: &mut dyn Nonces) -> Ttl {
        Ttl(self.shorten(ttl.0, nonces)).max(Ttl::MIN)
    }
}

/// The times of the protocol.
///
/// ```
/// use core::time::Duration;
/// use hermescache_protocol::{Policy, Ttl};
///
/// let mut policy = Policy::default();
/// policy.ttl = Ttl::new(Duration::from_secs(600))?;
/// # Ok::<(), hermescache_protocol::TtlError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Policy {
    /// How long an entry may be served. Default: one hour.
    pub ttl: Ttl,
    /// By how much at most a ttl is shortened, so that entries of one moment do not end in one moment.
    /// Default: not at all.
    pub jitter: Jitter,
    /// How long a follower waits for one leader, counted per token and process. Default: 60 s, twice what
    /// a web server usually gives a request.
    pub patience: Duration,
    /// How long a lease lives without a heartbeat. Default: 5 s, which is how long a key stays taken when
    /// its leader is killed.
    pub lease: Duration,
    /// How long callers are told not to wait for a key whose value could not be stored. Default: 1 s.
    pub pass: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            ttl: Ttl::HOUR,
            jitter: Jitter::default(),
            patience: Duration::from_secs(60),
            lease: Duration::from_secs(5),
            pass: Duration::from_secs(1),
        }
    }
}

impl Policy {
    /// How often a leader renews its lease: thrice in its life, so that one lost heartbeat costs nothing.
    #[must_use]
    pub fn heartbeat(&self) -> Duration {
        self.lease / 3
    }

    /// How long a leader renews its lease: ten times the patience, so that a loader that hangs frees its key.
    #[must_use]
    pub fn leash(&self) -> Duration {
        self.patience.saturating_mul(10)
    }

    /// How long tag versions live that an entry of this ttl is stamped with: over twice the ttl, so that an
    /// entry never outlives them.
    #[must_use]
    pub fn tag_life(&self, ttl: Ttl) -> Duration {
        ttl.0.saturating_mul(2) + self.lease + self.leash()
    }

    /// How long to sleep before asking again, after having waited for `waited`: an eighth of it, jittered by a
    /// quarter, 1 to 250 ms. So a short computation is noticed soon, and a long one at most an eighth late.
    pub fn poll_sleep(&self, waited: Duration, nonces: &mut dyn Nonces) -> Duration {
        const SHORTEST: Duration = Duration::from_millis(1);
        const LONGEST: Duration = Duration::from_millis(250);
        let sleep = (waited / 8).clamp(SHORTEST, LONGEST);
        Jitter::percent(25).shorten(sleep, nonces).max(SHORTEST)
    }
}
