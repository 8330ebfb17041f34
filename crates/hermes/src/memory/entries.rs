//! The entry store: bounded, by S3-FIFO, with a ttl for each entry and a small sweep that each insert pays for.
//! Knows nothing of flights, and runs no user's code under its lock.

use std::{fmt, sync::Arc};

use hermescache_protocol::Moment;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter, sync};
use smallvec::SmallVec;

use super::{
    key::{FindsEntry, KeyHasher, StoreKey},
    payload::Payload,
    tags::{Group, NamesHash},
};
use crate::shim::Mutex;

/// How many recently evicted keys the store remembers follows from how many entries it expects; this bounds it
/// where the capacity is counted in large weights.
const MOST_EXPECTED_ENTRIES: u64 = 1 << 20;

/// The sweep is planned anew after this many inserts.
const INSERTS_PER_PLAN: u32 = 64;

/// An entry: a value, and what must hold for a call to have it.
///
/// The store gives out clones. A clone knows whether its tags held when it was taken, under the store's lock, and
/// leaves its group behind: to count one more holder of the group would cost as much as the rest of a hit.
#[derive(Debug)]
pub(crate) struct Entry {
    /// When its ttl ends. Of a clone, the beginning of time if a tag was cleaned before.
    expires: Moment,
    names: NamesHash,
    /// From before the value was computed. A clone has none.
    group: Option<Arc<Group>>,
    payload: Payload,
}

impl Entry {
    pub(crate) fn new(payload: Payload, expires: Moment, group: Arc<Group>) -> Self {
        Self { expires, names: group.names(), group: Some(group), payload }
    }

    /// Whether a call may have it: its ttl holds, and none of its tags was cleaned since it was computed.
    #[inline]
    pub(crate) fn is_fresh(&self, now: Moment) -> bool {
        now < self.expires && self.tags_hold()
    }

    #[inline]
    fn tags_hold(&self) -> bool {
        self.group.as_ref().is_none_or(|group| group.holds())
    }

    #[inline]
    pub(crate) fn has_names(&self, names: NamesHash) -> bool {
        self.names == names
    }

    #[inline]
    pub(crate) fn payload(&self) -> &Payload {
        &self.payload
    }

    pub(crate) fn expires(&self) -> Moment {
        self.expires
    }

    /// The group of an entry in its place. A clone has none.
    pub(crate) fn group(&self) -> Option<&Group> {
        self.group.as_deref()
    }

    /// The user's tags. A clone has none.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &str> {
        self.group.iter().flat_map(|group| group.tags())
    }
}

impl Clone for Entry {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            expires: if self.tags_hold() { self.expires } else { Moment::from_unix_ms(0) },
            names: self.names,
            group: None,
            payload: self.payload.clone(),
        }
    }
}

/// What left the store: as a rule whatever an entry took the place of, and what the sweep has looked at. It is dropped outside all
/// locks, since that may run a user's code.
#[derive(Debug, Default)]
pub(crate) struct Displaced(SmallVec<[Entry; 3]>);

impl Displaced {
    /// Also drops this later: it may be a value's last holder.
    pub(crate) fn keep(&mut self, entry: Entry) {
        self.0.push(entry);
    }
}

/// The store of entries.
pub(crate) struct Entries {
    swept: SweptStore,
}

type Store = sync::Cache<StoreKey, Entry, ByWeight, KeyHasher, HandOut>;
type StoreIter<'a> = sync::Iter<'a, StoreKey, Entry, ByWeight, KeyHasher, HandOut>;

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
    pub(crate) fn new(capacity: u64, hasher: KeyHasher) -> Self {
        let options = OptionsBuilder::new()
            .weight_capacity(capacity)
            .estimated_items_capacity(capacity.min(MOST_EXPECTED_ENTRIES) as usize)
            .build()
            .expect("both capacities are set");
        let store = Store::with_options(options, ByWeight, hasher, HandOut);
        Self { swept: SweptStore::new(store, |store| Mutex::new(Sweep::new(store))) }
    }

    #[inline]
    fn store(&self) -> &Store {
        self.swept.borrow_owner()
    }

    /// A clone of the entry under a key, fresh or not.
    #[inline]
    pub(crate) fn get(&self, key: &impl FindsEntry) -> Option<Entry> {
        self.store().get(key)
    }

    /// What is to be seen of the entry under a key, fresh or not, in its place.
    pub(crate) fn look_at<R>(&self, key: &impl FindsEntry, look: impl FnOnce(&Entry) -> R) -> Option<R> {
        let mut seen = None;
        // The one way to see an entry in its place: to ask whether it shall leave, and to say no.
        self.store().remove_if(key, |entry| {
            seen = Some(look(entry));
            false
        });
        seen
    }

    /// Puts an entry in, and takes out what it replaces and what must leave for it.
    pub(crate) fn put(&self, key: StoreKey, entry: Entry, now: Moment, left: &mut Displaced) {
        self.store().insert_with_lifecycle(key, entry, left);
        self.swept.with_dependent(|store, sweep| {
            if let Ok(mut sweep) = sweep.try_lock() {
                sweep.pay(store, now, left);
            }
        });
    }

    /// Takes an entry out.
    pub(crate) fn take(&self, key: &impl FindsEntry, left: &mut Displaced) {
        // Not `remove`: it also forgets that a key was evicted lately, by which the store knows a wanted one that comes back.
        left.0.extend(self.store().remove_if(key, |_| true).map(|(_, entry)| entry));
    }

    /// Takes an entry out if it is not fresh.
    pub(crate) fn take_stale(&self, key: &impl FindsEntry, now: Moment, left: &mut Displaced) {
        take_stale(self.store(), key, now, left);
    }

    /// Shows every fresh entry, without a snapshot: what comes and goes meanwhile may be shown or not.
    pub(crate) fn for_each_fresh(&self, now: Moment, mut show: impl FnMut(&StoreKey, &Entry)) {
        for (key, _) in self.store().iter() {
            self.look_at(&key, |entry| {
                if entry.is_fresh(now) {
                    show(&key, entry);
                }
            });
        }
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = self.store();
        write!(f, "Entries({} of {} in weight)", store.weight(), store.capacity())
    }
}

fn take_stale(store: &Store, key: &impl FindsEntry, now: Moment, left: &mut Displaced) {
    left.0.extend(store.remove_if(key, |entry| !entry.is_fresh(now)).map(|(_, entry)| entry));
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

    fn pay(&mut self, store: &'s Store, now: Moment, left: &mut Displaced) {
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
                        take_stale(store, &key, now, left);
                    }
                    // Also where it stays: it may have been evicted meanwhile, and this be its value's last holder.
                    left.keep(entry);
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

/// A value's own weight.
#[derive(Debug, Clone, Copy)]
struct ByWeight;

impl Weighter<StoreKey, Entry> for ByWeight {
    #[inline]
    fn weight(&self, _key: &StoreKey, entry: &Entry) -> u64 {
        u64::from(entry.payload.weight())
    }
}

/// Hands entries that are evicted or replaced out of the store's lock.
#[derive(Debug, Clone, Copy)]
struct HandOut;

impl Lifecycle<StoreKey, Entry> for HandOut {
    type RequestState = Displaced;

    #[inline]
    fn on_evict(&self, left: &mut Displaced, _key: StoreKey, entry: Entry) {
        left.keep(entry);
    }
}
