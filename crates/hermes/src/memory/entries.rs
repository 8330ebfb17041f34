//! The entry store: bounded, by S3-FIFO, with a ttl for each entry and a small sweep that each insert pays for.
//! Knows nothing of flights, and runs no user's code under its lock.

use std::{any::Any, fmt, sync::Arc};

use hermescache_protocol::Moment;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter, sync};

use super::{
    key::{Lookup, StoreKey},
    tags::Group,
};
use crate::shim::Mutex;

/// How many recently evicted keys the store remembers follows from how many entries it expects; this bounds it
/// where the capacity is counted in large weights.
const MOST_EXPECTED_ENTRIES: u64 = 1 << 20;

/// The sweep is planned anew after this many inserts.
const INSERTS_PER_PLAN: u32 = 64;

/// What a key maps to.
#[derive(Debug)]
pub(crate) struct Entry<T: ?Sized> {
    pub(crate) expires: Moment,
    pub(crate) weight: u32,
    /// The group's stamp from before the value was computed.
    pub(crate) stamp: u64,
    pub(crate) group: Arc<Group>,
    pub(crate) value: T,
}

/// An entry, shared by the store and whoever reads it.
pub(crate) type Held = Arc<Entry<dyn Any + Send + Sync>>;

impl<T: ?Sized> Entry<T> {
    /// Whether a call may have it: its ttl holds, and none of its tags was cleaned since it was computed.
    #[inline]
    pub(crate) fn is_fresh(&self, now: Moment) -> bool {
        now < self.expires && self.group.stamp() == self.stamp
    }
}

/// Values that left the store. They are dropped outside all locks, since that runs their own code.
pub(crate) type Displaced = Vec<Held>;

/// The store of entries.
pub(crate) struct Entries {
    swept: SweptStore,
}

type Store = sync::Cache<StoreKey, Held, ByWeight, DefaultHashBuilder, HandOut>;
type StoreIter<'a> = sync::Iter<'a, StoreKey, Held, ByWeight, DefaultHashBuilder, HandOut>;

self_cell::self_cell! {
    /// The store and the place in it that the sweep has reached.
    struct SweptStore {
        owner: Store,
        #[not_covariant]
        dependent: SweepOf,
    }
}

type SweepOf<'a> = Mutex<Sweep<'a>>;

impl Entries {
    pub(crate) fn new(capacity: u64) -> Self {
        let options = OptionsBuilder::new()
            .weight_capacity(capacity)
            .estimated_items_capacity(capacity.min(MOST_EXPECTED_ENTRIES) as usize)
            .build()
            .expect("both capacities are set");
        let store = Store::with_options(options, ByWeight, DefaultHashBuilder::default(), HandOut);
        Self { swept: SweptStore::new(store, |store| Mutex::new(Sweep::new(store))) }
    }

    #[inline]
    fn store(&self) -> &Store {
        self.swept.borrow_owner()
    }

    /// The entry under a key, fresh or not.
    #[inline]
    pub(crate) fn get(&self, lookup: Lookup<'_>) -> Option<Held> {
        self.store().get(&lookup)
    }

    /// Puts an entry in, and returns what left the store for it.
    #[must_use]
    pub(crate) fn put(&self, key: StoreKey, entry: Held, now: Moment) -> Displaced {
        // Taken out first, because the store would drop what it replaces under its lock.
        let mut displaced: Displaced = self.take(key.as_lookup()).into_iter().collect();
        self.store().insert_with_lifecycle(key, entry, &mut displaced);
        self.swept.with_dependent(|store, sweep| {
            if let Ok(mut sweep) = sweep.try_lock() {
                sweep.pay(store, now, &mut displaced);
            }
        });
        displaced
    }

    /// Takes an entry out.
    #[must_use]
    pub(crate) fn take(&self, lookup: Lookup<'_>) -> Option<Held> {
        self.store().remove(&lookup).map(|(_, entry)| entry)
    }

    /// Takes an entry out, unless the key holds another by now.
    #[must_use]
    pub(crate) fn take_this(&self, lookup: Lookup<'_>, entry: &Held) -> Option<Held> {
        take_this(self.store(), lookup, entry)
    }

    /// All entries, fresh or not, without a snapshot: what comes and goes meanwhile may be listed or not.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (StoreKey, Held)> {
        self.store().iter()
    }

    /// How many entries there are, fresh or not.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.store().len()
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = self.store();
        write!(f, "Entries({} of {} in weight)", store.weight(), store.capacity())
    }
}

fn take_this(store: &Store, lookup: Lookup<'_>, entry: &Held) -> Option<Held> {
    store.remove_if(&lookup, |other| Arc::ptr_eq(other, entry)).map(|(_, entry)| entry)
}

/// Walks round the store for ever, a step or two for each insert, and takes out what is no longer fresh.
struct Sweep<'s> {
    place: StoreIter<'s>,
    most_entries: usize,
    inserts_left: u32,
    steps_per_insert: f64,
    steps_owed: f64,
}

impl<'s> Sweep<'s> {
    fn new(store: &'s Store) -> Self {
        Self { place: store.iter(), most_entries: 0, inserts_left: 0, steps_per_insert: 0.0, steps_owed: 0.0 }
    }

    fn pay(&mut self, store: &'s Store, now: Moment, displaced: &mut Displaced) {
        if self.inserts_left == 0 {
            self.plan(store.len());
        }
        self.inserts_left -= 1;
        self.steps_owed += self.steps_per_insert;
        while self.steps_owed >= 1.0 {
            self.steps_owed -= 1.0;
            match self.place.next() {
                Some((key, entry)) => {
                    if !entry.is_fresh(now) {
                        displaced.extend(take_this(store, key.as_lookup(), &entry));
                    }
                    // Also what stays: it may have been evicted meanwhile, and this be its last holder.
                    displaced.push(entry);
                }
                None => self.place = store.iter(),
            }
        }
    }

    /// A step passes over the places that once held an entry, so it costs the more the emptier the store has
    /// become: where a tenth of the places is taken, a tenth of the steps is made.
    fn plan(&mut self, entries: usize) {
        const STEPS_PER_INSERT: f64 = 2.0;
        self.most_entries = self.most_entries.max(entries).max(1);
        self.inserts_left = INSERTS_PER_PLAN;
        self.steps_per_insert = STEPS_PER_INSERT * entries.max(1) as f64 / self.most_entries as f64;
    }
}

/// An entry's own weight, at least one: what weighs nothing would never be evicted.
#[derive(Debug, Clone, Copy)]
struct ByWeight;

impl Weighter<StoreKey, Held> for ByWeight {
    #[inline]
    fn weight(&self, _key: &StoreKey, entry: &Held) -> u64 {
        u64::from(entry.weight.max(1))
    }
}

/// Hands evicted entries out of the store's lock.
#[derive(Debug, Clone, Copy)]
struct HandOut;

impl Lifecycle<StoreKey, Held> for HandOut {
    type RequestState = Displaced;

    #[inline]
    fn on_evict(&self, displaced: &mut Displaced, _key: StoreKey, entry: Held) {
        displaced.push(entry);
    }
}
