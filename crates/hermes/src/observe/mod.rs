//! What a cache did and what it holds, for those who watch it.
//! Counts and tells; decides nothing.

#[cfg(feature = "metrics")]
mod meters;
#[cfg(feature = "tracing")]
mod spans;

#[cfg(all(feature = "async", feature = "tracing"))]
use std::future::poll_fn;
#[cfg(feature = "async")]
use std::pin::Pin;
#[cfg(feature = "metrics")]
use std::time::Instant;
use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

#[cfg(any(feature = "metrics", feature = "tracing"))]
use hermescache_protocol::Point;
use hermescache_protocol::{Command, Key, Namespace};

#[cfg(feature = "metrics")]
use self::meters::{Meter, Meters};
#[cfg(feature = "tracing")]
use self::spans::Seldom;
#[cfg(feature = "metrics")]
use crate::clock;
use crate::{lanes::Lanes, site::Site};

/// What this process did with one cache since it was built, over all its clones. To look without computing
/// (`get`, `peek`) counts as neither hit nor miss.
///
/// ```
/// let cache = hermes::Cache::from_url("memory://")?;
/// cache.entry("k").get_or_compute(|| 1);
/// cache.entry("k").get_or_compute(|| 2);
///
/// let stats = cache.stats();
/// assert_eq!((stats.hits, stats.misses, stats.computations), (1, 1, 1));
/// # Ok::<(), hermes::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Calls that were answered from the cache at once.
    pub hits: u64,
    /// Calls that were not.
    pub misses: u64,
    /// Loaders that were run to the end, with whatever result. Those that panic or are dropped do not count.
    pub computations: u64,
    /// Times a call waited for another's computation.
    pub waits: u64,
    /// Calls that ran uncached through a fault: an argument that failed to serialize, a function whose name another
    /// one has, a backend's error. `explain` of the same call says what it is.
    pub errors: u64,
    /// Values that were not stored because their key was invalidated or taken over while they were computed.
    pub fenced_commits: u64,
}

/// One entry that a call would hit now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryInfo {
    /// Its key. `Display` gives the name.
    pub key: Key,
    /// Its own tags, sorted.
    pub tags: Vec<String>,
    /// How long it will live, unless it is cleaned, invalidated or evicted before.
    pub ttl_left: Duration,
    /// Bytes as stored. In process: of the value itself, without what it points to.
    pub size_bytes: usize,
}

/// What a cache counts, over all functions: what is behind [`Stats`].
#[derive(Debug)]
pub(crate) struct Counters {
    hits: Lanes,
    misses: AtomicU64,
    computations: AtomicU64,
    waits: AtomicU64,
    errors: AtomicU64,
    fenced_commits: AtomicU64,
    #[cfg(feature = "metrics")]
    meters: Meters,
    #[cfg(feature = "tracing")]
    cache: Namespace,
    #[cfg(feature = "tracing")]
    warnings: Seldom,
}

impl Counters {
    /// The counters of a cache of this namespace.
    #[cfg_attr(
        not(any(feature = "metrics", feature = "tracing")),
        expect(unused_variables, reason = "only what is told has names")
    )]
    pub(crate) fn new(namespace: &Namespace) -> Self {
        Self {
            hits: Lanes::default(),
            misses: AtomicU64::new(0),
            computations: AtomicU64::new(0),
            waits: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            fenced_commits: AtomicU64::new(0),
            #[cfg(feature = "metrics")]
            meters: Meters::new(namespace),
            #[cfg(feature = "tracing")]
            cache: namespace.clone(),
            #[cfg(feature = "tracing")]
            warnings: Seldom::default(),
        }
    }

    /// Where the calls of a function are counted.
    #[inline(always)]
    #[cfg_attr(
        not(any(feature = "metrics", feature = "tracing")),
        expect(unused_variables, reason = "only what is told has names")
    )]
    pub(crate) fn of(&self, site: &'static Site) -> Tally<'_> {
        Tally {
            counters: self,
            #[cfg(feature = "metrics")]
            meter: self.meters.of(site),
            #[cfg(feature = "tracing")]
            site,
            #[cfg(feature = "tracing")]
            call: &NO_SPAN,
        }
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

/// Where the calls of one function are counted: in its cache's [`Stats`] and, with the feature `metrics`, by its own meter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally<'c> {
    counters: &'c Counters,
    #[cfg(feature = "metrics")]
    meter: &'c Meter,
    #[cfg(feature = "tracing")]
    site: &'static Site,
    /// The span of the call; of a hit in process there is none.
    #[cfg(feature = "tracing")]
    call: &'c tracing::Span,
}

#[cfg(feature = "tracing")]
static NO_SPAN: tracing::Span = tracing::Span::none();

impl<'c> Tally<'c> {
    /// The same, for a call in this span.
    #[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "there are no spans"))]
    pub(crate) fn within<'s>(self, span: &'s Span) -> Tally<'s>
    where
        'c: 's,
    {
        Tally {
            #[cfg(feature = "tracing")]
            call: &span.0,
            ..self
        }
    }

    /// How the call ends, for its span.
    #[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "there are no spans"))]
    pub(crate) fn ends(self, outcome: &'static str) {
        #[cfg(feature = "tracing")]
        self.call.record("outcome", outcome);
    }

    #[inline(always)]
    pub(crate) fn hit(self) {
        self.counters.hits.add_one();
        #[cfg(feature = "metrics")]
        self.meter.hits.increment(1);
    }

    pub(crate) fn miss(self) {
        self.counters.misses.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "metrics")]
        self.meter.misses.increment(1);
    }

    /// The cache is of no use to the call, for this reason.
    #[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "only warnings tell why"))]
    pub(crate) fn error(self, why: &'static str) {
        self.counters.errors.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "metrics")]
        self.meter.errors.increment(1);
        #[cfg(feature = "tracing")]
        if let Some(unsaid) = self.counters.warnings.may_say() {
            let (cache, point) = (self.counters.cache.as_str(), self.site.point());
            tracing::warn!(cache, point = label(&point), unsaid, "{why}");
        }
    }

    pub(crate) fn fenced_commit(self) {
        self.counters.fenced_commits.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "metrics")]
        self.meter.fenced_commits.increment(1);
    }

    /// A loader begins to run.
    pub(crate) fn computing(self) -> Computing<'c> {
        Computing {
            tally: self,
            span: Span::of_computation(),
            #[cfg(feature = "metrics")]
            began: clock::instant(),
        }
    }

    /// A call begins to wait for another's computation, until what this gives is dropped.
    pub(crate) fn waiting(self) -> Waiting<'c> {
        self.counters.waits.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "metrics")]
        self.meter.waits.increment(1);
        Waiting {
            tally: self,
            #[cfg(feature = "tracing")]
            _span: spans::wait(),
            #[cfg(feature = "metrics")]
            began: clock::instant(),
        }
    }

    /// A value of this size was read from a backend.
    #[cfg_attr(not(feature = "metrics"), expect(unused_variables, reason = "only meters tell sizes"))]
    pub(crate) fn read(self, len_bytes: usize) {
        #[cfg(feature = "metrics")]
        self.meter.read_bytes.record(len_bytes as f64);
    }

    /// A value of this size was stored in a backend.
    #[cfg_attr(not(feature = "metrics"), expect(unused_variables, reason = "only meters tell sizes"))]
    pub(crate) fn stored(self, len_bytes: usize) {
        #[cfg(feature = "metrics")]
        self.meter.stored_bytes.record(len_bytes as f64);
    }
}

/// A loader that runs. One that panics or is dropped does not count.
#[derive(Debug)]
#[must_use]
pub(crate) struct Computing<'c> {
    tally: Tally<'c>,
    /// To run it in.
    pub(crate) span: Span,
    #[cfg(feature = "metrics")]
    began: Instant,
}

impl Computing<'_> {
    /// It has run to its end, with whatever result.
    pub(crate) fn ended(self) {
        self.tally.counters.computations.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "metrics")]
        {
            self.tally.meter.computations.increment(1);
            self.tally.meter.computation_seconds.record(since(self.began));
        }
    }
}

/// A call that waits.
#[derive(Debug)]
#[must_use]
pub(crate) struct Waiting<'c> {
    #[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "only meters tell how long"))]
    tally: Tally<'c>,
    #[cfg(feature = "tracing")]
    _span: tracing::Span,
    #[cfg(feature = "metrics")]
    began: Instant,
}

#[cfg(feature = "metrics")]
impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.tally.meter.wait_seconds.record(since(self.began));
    }
}

#[cfg(feature = "metrics")]
fn since(began: Instant) -> Duration {
    clock::instant().saturating_duration_since(began)
}

/// How often a backend had no answer.
#[derive(Debug)]
pub(crate) struct Faults {
    count: AtomicU64,
    #[cfg(any(feature = "metrics", feature = "tracing"))]
    cache: Namespace,
    #[cfg(feature = "tracing")]
    warnings: Seldom,
}

impl Faults {
    /// Those of a cache of this namespace.
    #[cfg_attr(
        not(any(feature = "metrics", feature = "tracing")),
        expect(unused_variables, reason = "only what is told has names")
    )]
    pub(crate) fn new(namespace: &Namespace) -> Self {
        Self {
            count: AtomicU64::new(0),
            #[cfg(any(feature = "metrics", feature = "tracing"))]
            cache: namespace.clone(),
            #[cfg(feature = "tracing")]
            warnings: Seldom::default(),
        }
    }

    /// There was no answer to this command, which is about this key or about all of the cache.
    #[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "only warnings tell why"))]
    pub(crate) fn add(&self, command: &'static str, key: Option<&Key>, why: &dyn fmt::Display) {
        self.count.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "metrics")]
        meters::backend_error(&self.cache, command, key);
        #[cfg(feature = "tracing")]
        if let Some(unsaid) = self.warnings.may_say() {
            let (cache, point) = (self.cache.as_str(), key.map(|key| label(key.point())));
            tracing::warn!(cache, point, command, error = %why, unsaid, "the backend has no answer");
        }
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// A part of what a call does, for whoever traces it; nothing where there is no feature `tracing`.
#[derive(Debug)]
pub(crate) struct Span(#[cfg(feature = "tracing")] tracing::Span);

impl Span {
    /// A call that has left the fast path.
    #[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "there are no spans"))]
    pub(crate) fn of_call(verb: &'static str, key: impl FnOnce() -> Key, backend: &dyn fmt::Debug) -> Self {
        Self(
            #[cfg(feature = "tracing")]
            spans::call(verb, key, backend),
        )
    }

    /// A command on its way to a backend and back.
    #[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "there are no spans"))]
    pub(crate) fn of_command(command: &Command) -> Self {
        Self(
            #[cfg(feature = "tracing")]
            spans::command(command),
        )
    }

    fn of_computation() -> Self {
        Self(
            #[cfg(feature = "tracing")]
            spans::compute(),
        )
    }

    /// Does this in the span.
    #[inline]
    pub(crate) fn run<T>(&self, act: impl FnOnce() -> T) -> T {
        #[cfg(feature = "tracing")]
        let _entered = self.0.enter();
        act()
    }

    /// Does this in the span whenever it is polled, and only then.
    #[cfg(all(feature = "async", feature = "tracing"))]
    pub(crate) fn around<'s, F: Future>(
        &'s self,
        mut future: Pin<&'s mut F>,
    ) -> impl Future<Output = F::Output> + use<'s, F> {
        // By reference: to hand a large future on by value would take stack for a copy, which deep recursion lacks.
        poll_fn(move |context| self.run(|| future.as_mut().poll(context)))
    }

    /// Does this.
    #[cfg(all(feature = "async", not(feature = "tracing")))]
    pub(crate) fn around<'s, F: Future>(&'s self, future: Pin<&'s mut F>) -> Pin<&'s mut F> {
        future
    }
}

/// What a point is called in series and traces: the label of entries by hand is a star, which would be taken for all.
#[cfg(any(feature = "metrics", feature = "tracing"))]
fn label(point: &Point) -> &str {
    const ENTRIES: &str = "entry";
    if *point == Point::entry() { ENTRIES } else { point.label() }
}
