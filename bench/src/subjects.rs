//! The caches of one process, each as a function that gives the square of a number.
//! Leaves to the benches how many entries all of them may hold, and what is asked for.
//!
//! All are bound to the same number of entries. Hermes, `cached` and moka have a ttl, which quick_cache and foyer do not offer.
#![allow(missing_docs, reason = "the peers' macros make public items without docs")]

use std::{
    sync::{
        LazyLock, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use hermes::{Cache, cached};

/// What a subject is called, and what asks it.
pub type Subject = (&'static str, fn(u64) -> u64);

pub const HERMES: Subject = ("hermes 2 tags", hermes_two_tags);
pub const HERMES_NO_TAGS: Subject = ("hermes no tags", hermes_no_tags);
pub const HERMES_8_TAGS: Subject = ("hermes 8 tags", hermes_eight_tags);
pub const HERMES_OWN_TAG: Subject = ("hermes tag of its own", hermes_own_tag);
pub const HERMES_PAIR: Subject = ("hermes (u64, &str)", |n| hermes_pair(n, TEXT));
pub const HERMES_ASYNC: Subject = ("hermes async", |n| ready(hermes_async(n)));
pub const QUICK_CACHE: Subject = ("quick_cache get_or_insert_with", quick_cache_get_or_insert_with);
pub const QUICK_CACHE_GET: Subject = ("quick_cache get", quick_cache_get);
pub const QUICK_CACHE_PAIR: Subject = ("quick_cache (u64, &str)", |n| quick_cache_pair(n, TEXT));
pub const CACHED: Subject = ("cached max_size ttl", cached_max_size_ttl);
pub const CACHED_BY_KEY: Subject = ("cached max_size ttl sync_writes", cached_sync_writes);
pub const MOKA: Subject = ("moka get_with ttl", moka_get_with);
pub const FOYER: Subject = ("foyer get or insert", foyer_get_or_insert);

/// The fastest way of Hermes and of each peer to answer a miss with a computation.
pub const ONE_OF_EACH: [Subject; 5] = [HERMES, QUICK_CACHE, CACHED, MOKA, FOYER];

const TTL: Duration = Duration::from_secs(3600);
const TEXT: &str = "a short text";

static CAPACITY: OnceLock<usize> = OnceLock::new();
static COMPUTED: AtomicU64 = AtomicU64::new(0);

/// Says how many entries every subject may hold, before any is asked.
///
/// # Panics
/// If it was said before.
pub fn hold(entries: u64) {
    CAPACITY.set(entries as usize).expect("it is said once in a process");
}

/// How often any subject has computed.
#[must_use]
pub fn computed() -> u64 {
    COMPUTED.load(Relaxed)
}

/// What all subjects cache.
fn square(n: u64) -> u64 {
    COMPUTED.fetch_add(1, Relaxed);
    n.wrapping_mul(n)
}

fn capacity() -> usize {
    *CAPACITY.get().expect("it is said before anybody is asked")
}

/// A cache for one subject.
fn cache() -> Cache {
    let cache = Cache::builder().url("memory://").capacity(capacity() as u64).ttl(TTL);
    cache.build().expect("the options are good")
}

static TWO_TAGS: LazyLock<Cache> = LazyLock::new(cache);
static NO_TAGS: LazyLock<Cache> = LazyLock::new(cache);
static EIGHT_TAGS: LazyLock<Cache> = LazyLock::new(cache);
static OWN_TAG: LazyLock<Cache> = LazyLock::new(cache);
static PAIR: LazyLock<Cache> = LazyLock::new(cache);
static ASYNC: LazyLock<Cache> = LazyLock::new(cache);

#[cached(TWO_TAGS, tags = ["numbers", "squares"], ttl = 3600)]
fn hermes_two_tags(n: u64) -> u64 {
    square(n)
}

#[cached(NO_TAGS, ttl = 3600)]
fn hermes_no_tags(n: u64) -> u64 {
    square(n)
}

#[cached(EIGHT_TAGS, tags = ["1", "2", "3", "4", "5", "6", "7", "8"], ttl = 3600)]
fn hermes_eight_tags(n: u64) -> u64 {
    square(n)
}

#[cached(OWN_TAG, tags = ["numbers", "number:{n}"], ttl = 3600)]
fn hermes_own_tag(n: u64) -> u64 {
    square(n)
}

#[cached(PAIR, tags = ["numbers", "squares"], ttl = 3600)]
fn hermes_pair(n: u64, text: &str) -> u64 {
    square(n) + text.len() as u64
}

#[cached(ASYNC, tags = ["numbers", "squares"], ttl = 3600)]
async fn hermes_async(n: u64) -> u64 {
    square(n)
}

/// Polls a future that is ready at once, as a hit is.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("nobody else computes"),
    }
}

static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(capacity()));
static QUICK_PAIR: LazyLock<quick_cache::sync::Cache<(u64, &'static str), u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(capacity()));

fn quick_cache_get_or_insert_with(n: u64) -> u64 {
    QUICK.get_or_insert_with(&n, || Ok::<u64, ()>(square(n))).expect("it is computed without fail")
}

fn quick_cache_get(n: u64) -> u64 {
    QUICK.get(&n).unwrap_or_else(|| quick_cache_get_or_insert_with(n))
}

fn quick_cache_pair(n: u64, text: &'static str) -> u64 {
    let compute = || Ok::<u64, ()>(square(n) + text.len() as u64);
    QUICK_PAIR.get_or_insert_with(&(n, text), compute).expect("it is computed without fail")
}

/// What `cached` makes of `max_size` and `ttl_secs`; its attribute takes no number that is known at run time only.
fn lru_ttl_cache() -> cached::LruTtlCache<u64, u64> {
    cached::LruTtlCache::builder().max_size(capacity()).ttl(TTL).build().expect("the options are good")
}

#[cached::macros::cached(ty = "cached::LruTtlCache<u64, u64>", create = "{ lru_ttl_cache() }")]
fn cached_max_size_ttl(n: u64) -> u64 {
    square(n)
}

#[cached::macros::cached(
    ty = "cached::LruTtlCache<u64, u64>",
    create = "{ lru_ttl_cache() }",
    sync_writes = "by_key"
)]
fn cached_sync_writes(n: u64) -> u64 {
    square(n)
}

static MOKA_SYNC: LazyLock<moka::sync::Cache<u64, u64>> =
    LazyLock::new(|| moka::sync::Cache::builder().max_capacity(capacity() as u64).time_to_live(TTL).build());

fn moka_get_with(n: u64) -> u64 {
    MOKA_SYNC.get_with(n, || square(n))
}

/// With the same way to evict as quick_cache and Hermes.
static FOYER_S3FIFO: LazyLock<foyer_memory::Cache<u64, u64>> = LazyLock::new(|| {
    let builder = foyer_memory::CacheBuilder::new(capacity());
    builder.with_eviction_config(foyer_memory::S3FifoConfig::default()).build()
});

/// Threads that miss at once compute at once: to wait for each other, foyer asks for tasks.
fn foyer_get_or_insert(n: u64) -> u64 {
    match FOYER_S3FIFO.get(&n) {
        Some(entry) => *entry.value(),
        None => *FOYER_S3FIFO.insert(n, square(n)).value(),
    }
}
