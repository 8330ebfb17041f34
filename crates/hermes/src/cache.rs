//! The handle that users hold, and the only file that knows everybody.
//! Leaves one call to `call`, and what happens in process to `memory`.

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use hermescache_protocol::{Namespace, Ttl};

use crate::{
    builder::Builder,
    clock::{self, AnyClock},
    engine::Engine,
    entry::Entry,
    error::Error,
    memory::{
        Computed, Memory,
        payload::Payload,
        seek::{Commit, Lead},
    },
    observe::{Counters, Ending, EntryInfo, Stats, Tally},
    rules::Keep,
    scope::Scope,
    value::{Mode, Stored, Value},
};

/// A cache: one cheap handle for blocking and async code, shared by clones, at home in a `static`.
///
/// Building one touches no network. It keeps values that serialize ([`Stored`]); a
/// [`Cache<Live>`](crate::Live), made by [`Builder::live`], keeps any value, in process only.
///
/// ```
/// use std::{sync::LazyLock, time::Duration};
/// use hermes::{Cache, cached};
///
/// static CACHE: LazyLock<Cache> = LazyLock::new(|| {
///     Cache::builder().url("memory://").ttl(Duration::from_secs(600)).build().unwrap()
/// });
///
/// #[cached(CACHE, tags = ["squares"])]
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// assert_eq!(square(12), 144);
/// CACHE.clean(["squares"])?;
/// # Ok::<(), hermes::Error>(())
/// ```
pub struct Cache<M: Mode = Stored> {
    shared: Arc<Shared>,
    mode: PhantomData<M>,
}

/// What all clones of a cache share.
pub(crate) struct Shared {
    pub(crate) namespace: Namespace,
    pub(crate) ttl: Duration,
    /// How much of a ttl chance may take away.
    pub(crate) jitter: f64,
    pub(crate) clock: AnyClock,
    pub(crate) counters: Counters,
    pub(crate) engine: Engine,
}

impl Shared {
    #[inline]
    pub(crate) fn memory(&self) -> Option<&Memory> {
        match &self.engine {
            Engine::Memory(memory) => Some(memory),
            Engine::Remote(_) | Engine::Noop => None,
        }
    }

    /// A value on its way into the store.
    pub(crate) fn computed<V: Value>(&self, value: &V, ttl: Option<Duration>, keep: Keep) -> Computed {
        Computed {
            payload: Payload::of(value, keep.weight),
            expires: self.clock.now() + self.shortened(ttl.unwrap_or(self.ttl)),
        }
    }

    /// Hands a leader's value to the store, or only to those who wait for it.
    pub(crate) fn store<V: Value>(
        &self,
        tally: Tally<'_>,
        lead: Lead<'_>,
        value: &V,
        ttl: Option<Duration>,
        keep: Keep,
    ) {
        if !keep.keep || ttl.is_some_and(|ttl| ttl.is_zero()) {
            lead.pass(|| Payload::of(value, keep.weight));
            return tally.ends(Ending::NotKept);
        }
        match lead.commit(self.computed(value, ttl, keep), self.clock.now()) {
            Commit::Stored => tally.ends(Ending::Stored),
            Commit::HandedOut => tally.ends(Ending::NotStored),
            Commit::Fenced => {
                tally.fenced_commit();
                tally.ends(Ending::Fenced);
            }
        }
    }

    /// A ttl less what chance takes from it, so that entries made together do not expire together.
    fn shortened(&self, ttl: Duration) -> Duration {
        if self.jitter == 0.0 {
            return ttl;
        }
        // Bounded, so that the product cannot overflow by rounding.
        ttl.min(Ttl::MAX.get()).mul_f64(1.0 - self.jitter * clock::random_fraction())
    }
}

impl Cache {
    /// Says step by step what cache to build.
    ///
    /// ```
    /// let cache = hermes::Cache::builder().url("memory://").namespace("shop").build()?;
    /// # Ok::<(), hermes::Error>(())
    /// ```
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Builds a cache from a URL: `memory://?capacity=10000&ttl=20m`. Touches no network.
    ///
    /// The parameters are the names of [`Builder`]'s options.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names what is wrong with the URL.
    pub fn from_url(url: &str) -> Result<Self, Error> {
        Self::builder().url(url).build()
    }
}

impl<M: Mode> Cache<M> {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared), mode: PhantomData }
    }

    #[inline]
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// An entry under a name of your own. No cached function has an entry of this name.
    ///
    /// ```
    /// let cache = hermes::Cache::from_url("memory://")?;
    /// let answer = cache.entry("answer").tags(["deep thought"]).get_or_compute(|| 42);
    /// assert_eq!(answer, 42);
    /// # Ok::<(), hermes::Error>(())
    /// ```
    pub fn entry(&self, name: impl AsRef<str>) -> Entry<'_, M> {
        Entry::new(self, name.as_ref())
    }

    /// Drops every entry that carries any of `tags`, and fences every computation of one that is under way:
    /// once this has returned, no later call gets a value whose computation began before.
    ///
    /// Costs the same whatever the number of entries: in process one look-up and three atomic operations for each tag, on servers
    /// one round trip to each, at once. The entries' memory is freed when they are touched, overwritten, evicted or swept. With
    /// no tags, nothing happens.
    ///
    /// ```
    /// let cache = hermes::Cache::from_url("memory://")?;
    /// let price = || cache.entry("price").tags(["book:7", "prices"]).get_or_compute(|| 9);
    /// price();
    /// cache.clean(["book:7"])?;
    /// assert_eq!(cache.stats().computations, 1);
    /// price();
    /// assert_eq!(cache.stats().computations, 2);
    /// # Ok::<(), hermes::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Backend`](crate::ErrorKind::Backend) or [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if a server did not
    /// confirm; the clean may have happened, wholly or in part: call it again. Never in process.
    pub fn clean(&self, tags: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), Error> {
        self.shared.engine.invalidate(Scope::Tags(&owned(tags)))
    }

    /// Drops every entry of this cache's namespace, and nothing else: a [`clean`](Self::clean) of a tag that all of them carry, with
    /// its promise and its cost.
    ///
    /// # Errors
    /// As for [`clean`](Self::clean).
    pub fn clean_all(&self) -> Result<(), Error> {
        self.shared.engine.invalidate(Scope::Everything)
    }

    /// Lists what a call would hit now, in no order. Cleaned and expired entries are not listed.
    ///
    /// Walks the whole store, on Redis by `SCAN`; entries that come or go meanwhile may be listed or not. For people, not for
    /// programs that hurry.
    ///
    /// ```
    /// let cache = hermes::Cache::from_url("memory://")?;
    /// cache.entry("k").tags(["b", "a"]).set(7_u64)?;
    ///
    /// let entries = cache.dump()?;
    /// assert_eq!(entries[0].tags, ["a", "b"]);
    /// assert!(entries[0].key.to_string().starts_with("cache:entry:"));
    /// # Ok::<(), hermes::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Backend`](crate::ErrorKind::Backend) or [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if a server could not
    /// be asked. Never in process.
    pub fn dump(&self) -> Result<Vec<EntryInfo>, Error> {
        self.shared.engine.dump(&self.shared.namespace, self.shared.clock.now())
    }

    /// What this process did with this cache so far, over all clones. Costs a few loads.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = self.shared.counters.read();
        stats.errors += self.shared.engine.faults();
        stats
    }
}

#[cfg(feature = "async")]
impl<M: Mode> Cache<M> {
    /// [`clean`](Self::clean) for async code.
    ///
    /// # Errors
    /// As for [`clean`](Self::clean).
    pub async fn clean_async(&self, tags: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), Error> {
        self.shared.engine.invalidate_async(Scope::Tags(&owned(tags))).await
    }

    /// [`clean_all`](Self::clean_all) for async code.
    ///
    /// # Errors
    /// As for [`clean`](Self::clean).
    pub async fn clean_all_async(&self) -> Result<(), Error> {
        self.shared.engine.invalidate_async(Scope::Everything).await
    }

    /// [`dump`](Self::dump) for async code.
    ///
    /// # Errors
    /// As for [`dump`](Self::dump).
    pub async fn dump_async(&self) -> Result<Vec<EntryInfo>, Error> {
        self.shared.engine.dump_async(&self.shared.namespace, self.shared.clock.now()).await
    }

    /// [`stats`](Self::stats), so that every verb has a twin.
    pub async fn stats_async(&self) -> Stats {
        self.stats()
    }
}

fn owned(tags: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Box<str>> {
    tags.into_iter().map(|tag| Box::from(tag.as_ref())).collect()
}

impl<M: Mode> Clone for Cache<M> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), mode: PhantomData }
    }
}

impl<M: Mode> fmt::Debug for Cache<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { namespace, ttl, jitter, clock, counters: _, engine } = &*self.shared;
        f.debug_struct("Cache")
            .field("engine", engine)
            .field("namespace", &namespace.as_str())
            .field("ttl", ttl)
            .field("jitter", jitter)
            .field("clock", clock)
            .finish_non_exhaustive()
    }
}
