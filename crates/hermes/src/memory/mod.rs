//! The cache of one process: entries as values, tags as counters, flights as the only lease.
//! Leaves waiting and computing to its callers.

pub(crate) mod entries;
pub(crate) mod key;
pub(crate) mod points;
pub(crate) mod seek;
pub(crate) mod tags;

use std::{any::Any, sync::Arc, time::Duration};

use hermescache_protocol::Moment;

use self::{
    entries::{Entries, Entry, Held},
    key::{Lookup, StoreKey},
    points::{PointState, Points},
    seek::Flights,
    tags::{Cell, Group, TagTable},
};

/// The in-process backend.
///
/// A hit is one look-up and one load for each tag; it takes no lock but the store's, which it shares with other
/// hits. Everything else about a key happens under the lock of its shard of flights, and calls the store inside.
#[derive(Debug)]
pub(crate) struct Memory {
    entries: Entries,
    flights: Flights,
    tags: Arc<TagTable>,
    namespace: Arc<Cell>,
    points: Points,
}

/// One computed value on its way into the store.
#[derive(Debug)]
pub(crate) struct Computed<V> {
    pub(crate) value: V,
    pub(crate) expires: Moment,
    pub(crate) weight: u32,
}

impl Memory {
    /// At most `capacity` units of weight. A leader is waited for at most for `patience`.
    pub(crate) fn new(capacity: u64, patience: Duration) -> Self {
        Self {
            entries: Entries::new(capacity),
            flights: Flights::new(patience),
            tags: TagTable::new(),
            namespace: TagTable::implicit(),
            points: Points::default(),
        }
    }

    /// The entry under a key if it is fresh, and hangs on these tags where they are given.
    #[inline]
    pub(crate) fn hit(&self, lookup: Lookup<'_>, tags: Option<&[Box<str>]>, now: Moment) -> Option<Held> {
        let entry = self.entries.get(lookup)?;
        if !entry.is_fresh(now) {
            return self.discard(lookup, &entry);
        }
        if tags.is_some_and(|tags| !entry.group.has_tags(tags)) {
            return None;
        }
        Some(entry)
    }

    /// Takes out an entry that nobody may have any more.
    #[cold]
    fn discard(&self, lookup: Lookup<'_>, entry: &Held) -> Option<Held> {
        drop(self.entries.take_this(lookup, entry));
        None
    }

    /// The state of a function, where one is registered.
    pub(crate) fn points(&self) -> &Points {
        &self.points
    }

    /// The cells that entries of this function with these tags hang on; `tags` is sorted, each once.
    pub(crate) fn group(&self, point: &PointState, tags: &[Box<str>]) -> Arc<Group> {
        point.group(tags, |cell| self.tags.group(&self.namespace, cell, tags))
    }

    /// Puts a value in by hand. A computation under way can't overwrite it.
    pub(crate) fn set<V: Any + Send + Sync>(
        &self,
        key: StoreKey,
        group: Arc<Group>,
        computed: Computed<V>,
        now: Moment,
    ) {
        let stamp = group.stamp();
        let entry = computed.into_entry(group, stamp);
        let left = {
            let mut flights = self.flights.shard(&key);
            (flights.remove(&key), self.entries.put(key, entry, now))
        };
        drop(left);
    }

    /// Takes out an entry, and the lease of whoever computes it now.
    pub(crate) fn invalidate(&self, lookup: Lookup<'_>) {
        let key = StoreKey::from(lookup);
        let left = {
            let mut flights = self.flights.shard(&key);
            (flights.remove(&key), self.entries.take(lookup))
        };
        drop(left);
    }

    /// Makes every entry with this tag a miss.
    pub(crate) fn clean(&self, tag: &str) {
        self.tags.clean(tag);
    }

    /// Makes every entry a miss.
    pub(crate) fn clean_all(&self) {
        self.namespace.clean();
    }

    /// What a call would hit now, with the point it belongs to.
    pub(crate) fn fresh(&self, now: Moment) -> impl Iterator<Item = (StoreKey, Held)> {
        self.entries.iter().filter(move |(_, entry)| entry.is_fresh(now))
    }
}

impl<V: Any + Send + Sync> Computed<V> {
    fn into_entry(self, group: Arc<Group>, stamp: u64) -> Held {
        let Self { value, expires, weight } = self;
        Arc::new(Entry { expires, weight, stamp, group, value })
    }
}
