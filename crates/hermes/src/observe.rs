//! What a cache did and what it holds, for those who watch it.
//! Counts; decides nothing.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use hermescache_protocol::Key;

use crate::lanes::Lanes;

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
    /// one has, a backend's error. `key` and `invalidate` of the same call say what it is.
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

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    hits: Lanes,
    misses: AtomicU64,
    computations: AtomicU64,
    waits: AtomicU64,
    errors: AtomicU64,
    fenced_commits: AtomicU64,
}

impl Counters {
    #[inline]
    pub(crate) fn hit(&self) {
        self.hits.add_one();
    }

    pub(crate) fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn computation(&self) {
        self.computations.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn error(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn fenced_commit(&self) {
        self.fenced_commits.fetch_add(1, Ordering::Relaxed);
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
