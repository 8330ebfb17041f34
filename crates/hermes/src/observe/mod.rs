//! Counts what calls do, and tells it to whoever measures or traces.
//! Decides nothing; what users are told when they ask is in `stats`.

#[cfg_attr(not(feature = "metrics"), path = "no_meters.rs")]
mod meters;
#[cfg_attr(not(feature = "tracing"), path = "no_spans.rs")]
mod spans;
mod stats;

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

#[cfg(any(feature = "metrics", feature = "tracing"))]
use hermescache_protocol::Point;
use hermescache_protocol::{Key, Namespace};

pub(crate) use self::spans::Span;
pub use self::stats::{EntryInfo, Stats};
use self::{
    meters::{Began, Meter, Meters},
    spans::{Warnings, Within},
};
use crate::{lanes::Lanes, site::Site};

/// What a cache counts, over all functions: what is behind [`Stats`].
#[derive(Debug)]
pub(crate) struct Counters {
    hits: Lanes,
    misses: AtomicU64,
    computations: AtomicU64,
    waits: AtomicU64,
    errors: AtomicU64,
    fenced_commits: AtomicU64,
    meters: Meters,
    warnings: Warnings,
}

impl Counters {
    /// The counters of a cache of this namespace.
    pub(crate) fn new(namespace: &Namespace) -> Self {
        Self {
            hits: Lanes::default(),
            misses: AtomicU64::new(0),
            computations: AtomicU64::new(0),
            waits: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            fenced_commits: AtomicU64::new(0),
            meters: Meters::new(namespace),
            warnings: Warnings::new(namespace),
        }
    }

    /// Where the calls of a function are counted.
    #[inline(always)]
    pub(crate) fn of(&self, site: &'static Site) -> Tally<'_> {
        Tally { counters: self, meter: self.meters.of(site), site, within: Within::none() }
    }

    pub(crate) fn read(&self) -> Stats {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            hits: self.hits.sum(),
            misses: of(&self.misses),
            computations: of(&self.computations),
            waits: of(&self.waits),
            errors: of(&self.errors),
            fenced_commits: of(&self.fenced_commits),
        }
    }
}

/// How a call ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending {
    /// With what a server had.
    Hit,
    /// With what another call computed.
    Shared,
    /// The value that it computed is stored.
    Stored,
    /// An invalidation overtook it.
    Fenced,
    /// By a server that is full.
    Refused,
    /// By the function's rules, or the value is too large.
    NotKept,
    /// It had no right to store a value, or nowhere.
    NotStored,
    /// The function did.
    Failed,
}

/// Where the calls of one function are counted: in its cache's [`Stats`], and for whoever measures or traces it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally<'c> {
    counters: &'c Counters,
    meter: Meter<'c>,
    site: &'static Site,
    within: Within<'c>,
}

impl<'c> Tally<'c> {
    /// The same, for a call in this span.
    pub(crate) fn within<'s>(self, span: &'s Span) -> Tally<'s>
    where
        'c: 's,
    {
        Tally { within: Within::span(span), ..self }
    }

    /// How the call ends, for its span.
    pub(crate) fn ends(self, ending: Ending) {
        self.within.ends(ending);
    }

    #[inline(always)]
    pub(crate) fn hit(self) {
        self.counters.hits.add_one();
        self.meter.hit();
    }

    pub(crate) fn miss(self) {
        self.counters.misses.fetch_add(1, Ordering::Relaxed);
        self.meter.miss();
    }

    /// The cache is of no use to the call, for this reason.
    pub(crate) fn error(self, why: &'static str) {
        self.counters.errors.fetch_add(1, Ordering::Relaxed);
        self.meter.error();
        self.counters.warnings.of_call(self.site, why);
    }

    pub(crate) fn fenced_commit(self) {
        self.counters.fenced_commits.fetch_add(1, Ordering::Relaxed);
        self.meter.fenced_commit();
    }

    /// A loader begins to run.
    pub(crate) fn computing(self) -> Computing<'c> {
        Computing { tally: self, span: Span::of_computation(), began: Began::now() }
    }

    /// A call begins to wait for another's computation, until what this gives is dropped.
    pub(crate) fn waiting(self) -> Waiting<'c> {
        self.counters.waits.fetch_add(1, Ordering::Relaxed);
        self.meter.waits();
        Waiting { tally: self, _span: Span::of_wait(), began: Began::now() }
    }

    /// A value of this size was read from a backend.
    pub(crate) fn read(self, len_bytes: usize) {
        self.meter.read(len_bytes);
    }

    /// A value of this size was stored in a backend.
    pub(crate) fn stored(self, len_bytes: usize) {
        self.meter.stored(len_bytes);
    }
}

/// A loader that runs. One that panics or is dropped does not count.
#[derive(Debug)]
#[must_use]
pub(crate) struct Computing<'c> {
    tally: Tally<'c>,
    /// To run it in.
    pub(crate) span: Span,
    began: Began,
}

impl Computing<'_> {
    /// It has run to its end, with whatever result.
    pub(crate) fn ended(self) {
        self.tally.counters.computations.fetch_add(1, Ordering::Relaxed);
        self.tally.meter.computed(self.began);
    }
}

/// A call that waits.
#[derive(Debug)]
#[must_use]
pub(crate) struct Waiting<'c> {
    tally: Tally<'c>,
    _span: Span,
    began: Began,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.tally.meter.waited(self.began);
    }
}

/// How often a backend had no answer.
#[derive(Debug)]
pub(crate) struct Faults {
    count: AtomicU64,
    cache: Namespace,
    warnings: Warnings,
}

impl Faults {
    /// Those of a cache of this namespace.
    pub(crate) fn new(namespace: &Namespace) -> Self {
        Self { count: AtomicU64::new(0), cache: namespace.clone(), warnings: Warnings::new(namespace) }
    }

    /// There was no answer to this command, which is about this key or about all of the cache.
    pub(crate) fn add(&self, command: &'static str, key: Option<&Key>, why: &dyn fmt::Display) {
        self.count.fetch_add(1, Ordering::Relaxed);
        meters::backend_error(&self.cache, command, key);
        self.warnings.of_command(command, key, why);
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// What a point is called in series and traces: the label of entries by hand is a star, which would be taken for all.
#[cfg(any(feature = "metrics", feature = "tracing"))]
fn label(point: &Point) -> &str {
    const ENTRIES: &str = "entry";
    if *point == Point::entry() { ENTRIES } else { point.label() }
}
