//! The cache of one process: entries as values, tags as counters, flights as the only lease.
//! Leaves waiting and computing to its callers.

pub(crate) mod entries;
pub(crate) mod key;
pub(crate) mod payload;
pub(crate) mod point;
pub(crate) mod seek;
pub(crate) mod tags;

use std::{sync::Arc, time::Duration};

use hermescache_protocol::{Arguments, Key, Moment, Namespace, sole_text};

use self::{
    entries::{Displaced, Entries, Entry},
    key::{FindsEntry, HashedKey, KeyHasher, Lookup, StoreKey},
    payload::Payload,
    point::PointState,
    seek::Flights,
    tags::{Cell, Group, TagTable},
};
use crate::{
    clock::AnyClock,
    explain::{Explanation, Why},
    observe::EntryInfo,
    points::{Points, SharedPoint},
    scope::Scope,
    site::{ENTRY, Site, SiteId},
    value::Value,
};

/// The in-process backend.
///
/// A hit is one look-up and two loads, whatever the number of tags; it takes no lock but the store's, which it shares
/// with other hits. Everything else about a key happens under the lock of its shard of flights, and calls the store inside.
#[derive(Debug)]
pub(crate) struct Memory {
    hasher: KeyHasher,
    entries: Entries,
    flights: Flights,
    tags: Arc<TagTable>,
    namespace: Arc<Cell>,
    points: Points<PointState>,
}

/// One computed value on its way into the store.
#[derive(Debug)]
pub(crate) struct Computed {
    pub(crate) payload: Payload,
    pub(crate) expires: Moment,
}

impl Memory {
    /// At most `capacity` units of weight. A leader is waited for at most for `patience`.
    pub(crate) fn new(capacity: u64, patience: Duration, seed: u64) -> Self {
        let hasher = KeyHasher::new(seed);
        Self {
            hasher,
            entries: Entries::new(capacity, hasher),
            flights: Flights::new(patience, hasher),
            tags: TagTable::new(),
            namespace: TagTable::implicit(),
            points: Points::default(),
        }
    }

    /// The seed under which the arguments of a function are hashed as they are encoded.
    #[inline]
    pub(crate) fn seed(&self, site: SiteId) -> u64 {
        self.hasher.seed(site)
    }

    /// The value under a key if it is fresh, of this type, and carries these tags where they are given.
    #[inline]
    pub(crate) fn hit<V: Value>(
        &self,
        key: &impl FindsEntry,
        tags: Option<&[Box<str>]>,
        clock: &AnyClock,
    ) -> Option<V> {
        let entry = self.entries.get(key)?;
        let now = clock.now();
        if !entry.is_fresh(now) {
            return self.discard(key, now);
        }
        if tags.is_some_and(|tags| !entry.has_names(self.tags.names(tags))) {
            return None;
        }
        entry.payload().get()
    }

    /// Takes out an entry that nobody may have any more.
    #[cold]
    fn discard<V>(&self, key: &impl FindsEntry, now: Moment) -> Option<V> {
        self.entries.take_stale(key, now, &mut Displaced::default());
        None
    }

    /// The functions that use this cache.
    pub(crate) fn points(&self) -> &Points<PointState> {
        &self.points
    }

    /// The group of an entry of this function that is computed from now on; `tags` is sorted, each once.
    pub(crate) fn group(&self, point: &PointState, tags: &[Box<str>]) -> Arc<Group> {
        point.group(tags, |cell| self.tags.group(&self.namespace, cell, tags))
    }

    /// Makes misses of all entries in a scope, and takes the lease of whoever computes one of them.
    pub(crate) fn invalidate(&self, scope: Scope<'_>) -> Result<(), SharedPoint> {
        match scope {
            Scope::Entry(site, arguments) => {
                self.points.of(site)?;
                self.take_out(Lookup { site: site.id(), arguments });
            }
            Scope::Function(site) => self.tags.clean_cell(self.points.of(site)?.cell()),
            Scope::Tags(tags) => tags.iter().for_each(|tag| self.tags.clean(tag)),
            Scope::Everything => self.tags.clean_cell(&self.namespace),
        }
        Ok(())
    }

    /// What a call would get, and changes nothing; `tags` is sorted, each once.
    pub(crate) fn explain<V: Value>(
        &self,
        site: &'static Site,
        arguments: &Arguments,
        tags: &[Box<str>],
        now: Moment,
    ) -> Result<Explanation, SharedPoint> {
        self.points.of(site)?;
        let (key, names) = (HashedKey::from(Lookup { site: site.id(), arguments }), self.tags.names(tags));
        let served = |entry: &Entry| {
            if !entry.payload().is::<V>() {
                Err(Why::Undecodable("it is a value of another type".to_owned()))
            } else if !entry.has_names(names) {
                Err(Why::OtherTags)
            } else if let Some(group) = entry.group().filter(|group| !group.holds()) {
                Err(Why::Cleaned(group.cleaned()))
            } else if now >= entry.expires() {
                Err(Why::Expired(now.since(entry.expires())))
            } else {
                Ok(entry.expires().since(now))
            }
        };
        Ok(match self.entries.look_at(&key, served).unwrap_or(Err(Why::Absent)) {
            Ok(ttl_left) => Explanation::Hit { ttl_left },
            Err(why) => Explanation::Miss { why, leader: self.flights.leader(&key, names) },
        })
    }

    fn take_out(&self, lookup: Lookup<'_>) {
        let key = HashedKey::from(lookup);
        let mut left = Displaced::default();
        let deposed = {
            let mut underway = self.flights.shard(&key);
            self.entries.take(&key, &mut left);
            underway.remove(&key)
        };
        drop((left, deposed));
    }

    /// Lists what a call would hit now.
    pub(crate) fn list(&self, namespace: &Namespace, now: Moment) -> Vec<Listed> {
        let mut found = Vec::new();
        self.entries.for_each_fresh(now, |key: &StoreKey, entry: &Entry| {
            let tags = entry.tags().map(str::to_owned).collect();
            found.push((key.clone(), tags, entry.expires().since(now), entry.payload().clone()));
        });
        let info = |(key, tags, ttl_left, payload): (StoreKey, _, _, Payload)| {
            let state = self.points.by_id(key.site())?;
            let name =
                (key.site() == ENTRY.id()).then(|| sole_text(key.arguments())).flatten().map(str::to_owned);
            let key = Key::from_encoded(namespace, state.point(), key.arguments());
            let info = EntryInfo { key, tags, ttl_left, size_bytes: payload.size_bytes() };
            Some(Listed { info, name, payload })
        };
        found.into_iter().filter_map(info).collect()
    }
}

/// An entry in a listing.
pub(crate) struct Listed {
    pub(crate) info: EntryInfo,
    /// What it was named by hand, if it was.
    pub(crate) name: Option<String>,
    pub(crate) payload: Payload,
}

impl Computed {
    fn into_entry(self, group: Arc<Group>) -> Entry {
        Entry::new(self.payload, self.expires, group)
    }
}
