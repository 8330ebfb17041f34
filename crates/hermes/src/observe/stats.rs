//! What users are told of a cache when they ask: what it did, and what it holds.
//! Counts nothing itself.

use std::time::Duration;

use hermescache_protocol::Key;

/// What this process did with one cache since it was built, over all its clones. To look without computing
/// (`get`, `peek`, `explain`) counts as neither hit nor miss.
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
    /// one has, a backend's error; `explain` of the same call says what it is. And those whose value could not be stored: it
    /// is too large, does not serialize, or its server had no room for it.
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
