//! Decides what one caller does after a miss: lead, join, or compute alone.
//! Runs no loader; whoever drives it does.

use std::{
    collections::HashMap,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
#[cfg(feature = "async")]
use std::{
    sync::Weak,
    task::{Wake, Waker},
};

use hermescache_protocol::{Leader, Moment};

use super::{
    Computed, Memory,
    entries::Displaced,
    key::{HashedKey, KeyHasher, Lookup},
    payload::Payload,
    point::PointState,
    tags::{Group, NamesHash},
};
use crate::{
    clock,
    flight::{Flight, Landing},
    leading,
    shim::{Mutex, MutexGuard, lock},
    value::Value,
};

const SHARDS: usize = 64;

/// A leader that has computed for this many times the patience is given up: its key is free for another.
const PATIENCES_TO_GIVE_UP: u32 = 10;

/// A caller that has seen this many leaders fail computes for itself.
const FAILURES_TO_GIVE_UP: u8 = 2;

/// The computations under way, by key.
#[derive(Debug)]
pub(crate) struct Flights {
    shards: Box<[Mutex<Shard>]>,
    patience: Duration,
}

type Shard = HashMap<HashedKey, Underway, KeyHasher>;

/// Who computes a key now.
#[derive(Debug)]
pub(crate) struct Underway {
    /// Only this one's value is stored.
    lead: Arc<Course>,
    /// Computes for those whose patience with the lead is at an end.
    relief: Option<Arc<Course>>,
}

/// A flight, and the tags that its value will carry.
#[derive(Debug)]
pub(crate) struct Course {
    flight: Flight<Payload>,
    /// From before the loader runs: a clean that lands meanwhile must win.
    group: Arc<Group>,
    since: Instant,
}

impl Course {
    /// Whether its value will do for a caller with tags of these names that starts to wait now.
    fn serves(&self, names: NamesHash) -> bool {
        self.group.holds() && self.group.names() == names
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    fn id(&self) -> leading::FlightId {
        leading::FlightId::of(self)
    }
}

impl Flights {
    pub(crate) fn new(patience: Duration, hasher: KeyHasher) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(HashMap::with_hasher(hasher))).collect();
        Self { shards, patience }
    }

    /// A computation that begins now.
    fn course(&self, group: &Arc<Group>, now: Instant) -> Arc<Course> {
        Arc::new(Course { flight: Flight::new(now + self.patience), group: Arc::clone(group), since: now })
    }

    /// Who computes a key now, for a caller with tags of these names.
    pub(crate) fn leader(&self, key: &HashedKey, names: NamesHash) -> Leader {
        let (now, shard) = (clock::instant(), self.shard(key));
        let Some(current) = shard.get(key) else { return Leader::Nobody };
        if !current.lead.group.holds() {
            return Leader::Overtaken;
        }
        let is_relieved = || !self.gives_up(&current.lead, now) && self.relief(current, names, now).is_some();
        if self.waits_for(&current.lead, now) || is_relieved() { Leader::Another } else { Leader::Overdue }
    }

    /// Whether callers wait for it still.
    fn waits_for(&self, course: &Course, now: Instant) -> bool {
        course.age(now) < self.patience
    }

    /// Whether its key is free for another.
    fn gives_up(&self, course: &Course, now: Instant) -> bool {
        course.age(now) >= self.patience.saturating_mul(PATIENCES_TO_GIVE_UP)
    }

    /// The relief that a caller with tags of these names waits for.
    fn relief<'u>(&self, underway: &'u Underway, names: NamesHash, now: Instant) -> Option<&'u Arc<Course>> {
        underway.relief.as_ref().filter(|relief| relief.serves(names) && self.waits_for(relief, now))
    }

    pub(crate) fn shard(&self, key: &HashedKey) -> MutexGuard<'_, Shard> {
        lock(&self.shards[key.shard(SHARDS)])
    }
}

/// One caller's way from a miss to a value.
#[derive(Debug)]
pub(crate) struct Seek<'m> {
    memory: &'m Memory,
    key: HashedKey,
    point: Arc<PointState>,
    tags: Vec<Box<str>>,
    group: Arc<Group>,
    /// Whether a value is of the caller's type. Another is a miss: only entries named by hand can have two.
    is_of_type: fn(&Payload) -> bool,
    failures: u8,
    /// What this caller has taken out of the store. It is dropped when the call is over: that runs a user's code,
    /// which may ask for the very key that this caller is about to lead.
    left: Displaced,
}

/// What the caller does next.
#[derive(Debug)]
pub(crate) enum Turn<'m> {
    /// Takes this: somebody has put it in meanwhile.
    Hit(Payload),
    /// Computes, and hands the value over.
    Lead(Lead<'m>),
    /// Waits, and tells what came of it.
    Join(Joined),
    /// Computes for itself: nobody waits for the value, and it is not stored.
    Alone,
}

impl<'m> Seek<'m> {
    /// On the way to a value of type `V`. `tags` is sorted, each once.
    pub(crate) fn to<V: Value>(
        memory: &'m Memory,
        lookup: Lookup<'_>,
        point: Arc<PointState>,
        tags: Vec<Box<str>>,
    ) -> Self {
        let group = memory.group(&point, &tags);
        Self {
            memory,
            key: HashedKey::from(lookup),
            point,
            tags,
            group,
            is_of_type: Payload::is::<V>,
            failures: 0,
            left: Displaced::default(),
        }
    }

    /// What to do now, by what is under way.
    pub(crate) fn turn(&mut self, now: Moment) -> Turn<'m> {
        let mut deposed = None;
        loop {
            self.renew_group();
            let mut underway = self.memory.flights.shard(&self.key);
            let turn = match self.hit(now) {
                Some(payload) => Some(Turn::Hit(payload)),
                None if self.failures >= FAILURES_TO_GIVE_UP => Some(Turn::Alone),
                None => self.lead_or_share(&mut underway, &mut deposed),
            };
            drop(underway);
            if let Some(turn) = turn {
                return turn;
            }
        }
    }

    /// Leads whatever is under way, so that the value replaces what is there now.
    pub(crate) fn lead(mut self) -> Lead<'m> {
        let (lead, deposed) = loop {
            self.renew_group();
            let mut underway = self.memory.flights.shard(&self.key);
            if let Some(led) = self.try_lead(&mut underway, clock::instant()) {
                break led;
            }
        };
        drop(deposed);
        lead
    }

    /// Takes note of a wait, and gives the value if there is one for this caller.
    pub(crate) fn joined(&mut self, joined: &Joined, landing: Landing<Payload>) -> Option<Payload> {
        match landing {
            Landing::Value(payload) => {
                Some(payload).filter(|_| joined.course.group.names() == self.group.names())
            }
            Landing::Failed => {
                self.failures += 1;
                None
            }
            Landing::Abandoned | Landing::Overdue | Landing::Interrupted => None,
        }
    }

    fn hit(&mut self, now: Moment) -> Option<Payload> {
        let entry = self.memory.entries.get(&self.key)?;
        let is_the_one = entry.has_names(self.group.names()) && (self.is_of_type)(entry.payload());
        if is_the_one && entry.is_fresh(now) {
            let payload = entry.payload().clone();
            self.left.keep(entry);
            return Some(payload);
        }
        self.left.keep(entry);
        self.memory.entries.take_stale(&self.key, now, &mut self.left);
        None
    }

    /// Has a group under which a value may be computed, unless a tag is cleaned again.
    fn renew_group(&mut self) {
        if !self.group.holds() {
            self.group = self.memory.group(&self.point, &self.tags);
        }
    }

    /// None where a tag was cleaned since the group was made.
    fn lead_or_share(&self, underway: &mut Shard, deposed: &mut Option<Underway>) -> Option<Turn<'m>> {
        let now = clock::instant();
        let flights = &self.memory.flights;
        let usable =
            |current: &&mut Underway| current.lead.group.holds() && !flights.gives_up(&current.lead, now);
        let Some(current) = underway.get_mut(&self.key).filter(usable) else {
            // The group is looked at after the lead's: what has overtaken that one has not yet overtaken this.
            let (lead, former) = self.try_lead(underway, now)?;
            *deposed = former;
            return Some(Turn::Lead(lead));
        };
        if flights.waits_for(&current.lead, now) {
            return Some(self.join(&current.lead));
        }
        match flights.relief(current, self.group.names(), now) {
            Some(relief) => Some(self.join(relief)),
            // A relief is for callers with the same tags.
            _ if current.lead.group.names() != self.group.names() => Some(Turn::Alone),
            _ if !self.group.holds() => None,
            _ => {
                let relief = flights.course(&self.group, now);
                current.relief = Some(Arc::clone(&relief));
                Some(Turn::Lead(self.lead_of(relief)))
            }
        }
    }

    fn join(&self, course: &Arc<Course>) -> Turn<'m> {
        if leading::is_leading(course.id()) {
            // The loader asks for its own result: to wait for it would be to wait for ever.
            return Turn::Alone;
        }
        Turn::Join(Joined { course: Arc::clone(course) })
    }

    /// Leads, and gives back who did. None where a tag was cleaned since the group was made: who led with it would be
    /// overtaken from the start, so that one clean would cost two leaders their key.
    fn try_lead(&self, underway: &mut Shard, now: Instant) -> Option<(Lead<'m>, Option<Underway>)> {
        if !self.group.holds() {
            return None;
        }
        let course = self.memory.flights.course(&self.group, now);
        let lead = self.lead_of(Arc::clone(&course));
        let deposed = underway.insert(self.key.clone(), Underway { lead: course, relief: None });
        Some((lead, deposed))
    }

    fn lead_of(&self, course: Arc<Course>) -> Lead<'m> {
        Lead { memory: self.memory, key: self.key.clone(), course, over: false }
    }
}

/// A flight that somebody else leads.
#[derive(Debug)]
pub(crate) struct Joined {
    course: Arc<Course>,
}

impl Joined {
    pub(crate) fn wait(&self) -> Landing<Payload> {
        self.course.flight.wait()
    }

    #[cfg(feature = "async")]
    pub(crate) async fn wait_async(&self) -> Landing<Payload> {
        self.course.flight.join(|| Bell::of(&self.course)).await
    }
}

/// Rings for those who wait for a course, and does not keep it from going away.
#[cfg(feature = "async")]
struct Bell(Weak<Course>);

#[cfg(feature = "async")]
impl Bell {
    fn of(course: &Arc<Course>) -> Waker {
        Waker::from(Arc::new(Self(Arc::downgrade(course))))
    }
}

#[cfg(feature = "async")]
impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        if let Some(course) = self.0.upgrade() {
            course.flight.ring();
        }
    }
}

/// The duty to compute. Dropped without a value, it frees the key and sends those who wait to look again.
#[derive(Debug)]
pub(crate) struct Lead<'m> {
    memory: &'m Memory,
    key: HashedKey,
    course: Arc<Course>,
    /// Whether the flight has ended.
    over: bool,
}

/// What became of a computed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commit {
    /// It is stored.
    Stored,
    /// Its key was invalidated, or taken over, while it was computed.
    Fenced,
    /// It was a relief's: for those who waited, and nobody else.
    HandedOut,
}

impl Lead<'_> {
    /// Marks this thread as computing for the flight, until the mark is dropped.
    pub(crate) fn mark(&self) -> leading::Mark {
        leading::Mark::set(self.flight())
    }

    /// What it computes for.
    pub(crate) fn flight(&self) -> leading::FlightId {
        self.course.id()
    }

    /// Stores the value if the key is still ours, and hands it to all who wait.
    pub(crate) fn commit(mut self, computed: Computed, now: Moment) -> Commit {
        let payload = computed.payload.clone();
        let entry = computed.into_entry(Arc::clone(&self.course.group));
        let mut left = Displaced::default();
        let commit = {
            let mut underway = self.memory.flights.shard(&self.key);
            match self.leave(&mut underway) {
                Some(Rank::Lead) => {
                    self.memory.entries.put(self.key.key().clone(), entry, now, &mut left);
                    Commit::Stored
                }
                Some(Rank::Relief) => Commit::HandedOut,
                None => Commit::Fenced,
            }
        };
        self.over = true;
        self.course.flight.land(payload);
        drop(left);
        commit
    }

    /// Hands a value that may not be stored to those who wait, if any. What it replaces goes.
    pub(crate) fn pass(mut self, payload: impl FnOnce() -> Payload) {
        // Whatever `payload` runs may panic: until it has landed, those who wait have nobody but `drop`.
        let mut left = Displaced::default();
        {
            let mut underway = self.memory.flights.shard(&self.key);
            if self.leave(&mut underway) == Some(Rank::Lead) {
                self.memory.entries.take(&self.key, &mut left);
            }
        }
        drop(left);
        // Nobody can join any more; those who did hold the flight.
        if Arc::strong_count(&self.course) > 1 {
            self.course.flight.land(payload());
        }
        self.over = true;
    }

    /// Says that the loader failed: those who wait look again.
    pub(crate) fn fail(mut self) {
        self.end(Flight::fail);
    }

    fn end(&mut self, how: impl FnOnce(&Flight<Payload>)) {
        self.leave(&mut self.memory.flights.shard(&self.key));
        how(&self.course.flight);
        self.over = true;
    }

    /// Gives up its place, and says which it was; none if another has it by now.
    fn leave(&self, underway: &mut Shard) -> Option<Rank> {
        let current = underway.get_mut(&self.key)?;
        if Arc::ptr_eq(&current.lead, &self.course) {
            underway.remove(&self.key);
            return Some(Rank::Lead);
        }
        current.relief.take_if(|relief| Arc::ptr_eq(relief, &self.course)).map(|_| Rank::Relief)
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.end(if thread::panicking() { Flight::fail } else { Flight::abandon });
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Lead,
    Relief,
}
