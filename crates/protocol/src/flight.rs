//! What the callers of one process share about one key: who computes, who waits for whom, who asks.
//! Holds no lock and wakes nobody: a driver keeps boards in a locked table and wakes the waiting on a change.

use alloc::{collections::BTreeMap, vec::Vec};
use core::{mem, time::Duration};

use crate::{
    entry::Entry,
    follower::{Arrival, Arrivals, Company, Follower, Horizon, Look, Start},
    moment::Moment,
    nonce::Token,
    policy::Policy,
    poller::Poller,
    tag::NamesDigest,
    versions::Versions,
};

/// The board of one key in one process.
///
/// It is what keeps a reply, or a value, from those who must not have it: an arrival is numbered, and a question
/// serves only who had arrived before it was sent. `V` is what a driver hands from a leader to its followers.
///
/// A driver keeps the boards of its process in a table, by key, and locks one for each call of a
/// [`Read`](crate::Read)'s methods, never while it sends, waits or runs a loader. Before it unlocks it asks
/// [`take_changed`](Self::take_changed), and a caller that is to wait leaves word where it can be woken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Board<V> {
    pub(crate) arrivals: Arrivals,
    /// How many callers have come to it and not left.
    present: u32,
    flights: Vec<Flight<V>>,
    seats: BTreeMap<Arrival, Seat<V>>,
    pub(crate) poller: Poller,
    /// The lease seen last, and when this process first saw it.
    sighted: Option<(Token, Moment)>,
    changed: bool,
}

impl<V> Default for Board<V> {
    fn default() -> Self {
        Self {
            arrivals: Arrivals::default(),
            present: 0,
            flights: Vec::new(),
            seats: BTreeMap::new(),
            poller: Poller::default(),
            sighted: None,
            changed: false,
        }
    }
}

/// A computation under way in this process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Flight<V> {
    leader: Arrival,
    horizon: Horizon,
    since: Moment,
    /// Token and versions, where the value is to be committed.
    lease: Option<(Token, Versions)>,
    /// The value, from when it is computed until its commit is answered.
    landed: Option<V>,
}

/// A place where a caller waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Seat<V> {
    follower: Follower,
    place: Place<V>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place<V> {
    /// For the next answer that the poller gets.
    Waiting,
    /// For the flight that this caller leads.
    Riding(Arrival),
    /// For nothing more.
    Served(News<V>),
}

/// What a wait ends with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum News<V> {
    /// An entry, read by another caller after this one had started.
    Hit(Entry),
    /// The value of a flight that this caller may share.
    Landed(V),
}

impl<V> Board<V> {
    /// Whether nobody needs the board any more, so that it may be dropped.
    ///
    /// It is kept, without callers, where a foreign leader has used up the patience of this process: the next
    /// caller must not wait for it all over again.
    #[must_use]
    pub fn is_idle(&self, policy: &Policy, now: Moment) -> bool {
        let remembers = |(_, since): (Token, Moment)| {
            let seen_for = now.since(since);
            seen_for >= policy.patience && seen_for < policy.leash() + policy.lease
        };
        self.present == 0 && !self.sighted.is_some_and(remembers)
    }

    /// Whether something happened since the last time this was asked that a waiting caller must look at: wake
    /// them all.
    #[must_use]
    pub fn take_changed(&mut self) -> bool {
        mem::take(&mut self.changed)
    }

    pub(crate) fn arrive(&mut self, names: NamesDigest) -> Arrival {
        let start = self.arrivals.begin();
        self.arrive_from(start, names)
    }

    /// One comes that began before.
    pub(crate) fn arrive_from(&mut self, start: Start, names: NamesDigest) -> Arrival {
        self.present += 1;
        Arrival::new(start.0, names)
    }

    /// The caller has its result, or needs none any more. Its riders must find another leader. A value that it was handed,
    /// and did not take, is given back.
    pub(crate) fn depart(&mut self, caller: Arrival) -> Option<V> {
        self.end(caller);
        let seat = self.stand(caller);
        self.resign(caller);
        self.present = self.present.saturating_sub(1);
        match seat {
            Some((_, Some(News::Landed(value)))) => Some(value),
            _ => None,
        }
    }

    /// The horizon of a question that is sent now.
    pub(crate) fn horizon(&self, caller: Arrival) -> Horizon {
        Horizon::new(self.arrivals.0, caller)
    }

    /// Whether callers of this process wait no more for the leader that holds this lease.
    pub(crate) fn is_overdue(&self, token: Token, patience: Duration, now: Moment) -> bool {
        let sighted = self.sighted.filter(|(seen, _)| *seen == token).map(|(_, since)| since);
        let own = self.flights.iter().find(|flight| matches!(flight.lease, Some((held, _)) if held == token));
        sighted.into_iter().chain(own.map(|flight| flight.since)).any(|since| now.since(since) >= patience)
    }

    /// Whether a fetch should ask for the lease too: because somebody computes here, or waits.
    pub(crate) fn awaits_lease(&self) -> bool {
        !self.flights.is_empty() || self.poller.is_there() || self.sighted.is_some()
    }

    /// The caller asks no more for others.
    pub(crate) fn resign(&mut self, caller: Arrival) {
        self.changed |= self.poller.resign(caller);
    }

    /// Puts what a caller read about the lease on record: for itself, and if it is the poller for those who wait.
    pub(crate) fn saw_lease(
        &mut self,
        caller: Arrival,
        follower: &mut Follower,
        horizon: Horizon,
        token: Option<Token>,
        now: Moment,
    ) {
        let since = self.first_sight(token, now);
        follower.saw(token, since);
        if self.poller.is(caller) {
            for (_, seat) in waiting(&mut self.seats, horizon) {
                self.changed |= seat.follower.saw(token, since);
            }
        }
    }

    fn first_sight(&mut self, token: Option<Token>, now: Moment) -> Moment {
        match (token, self.sighted) {
            (Some(token), Some((seen, since))) if token == seen => since,
            (Some(token), _) => {
                self.sighted = Some((token, now));
                now
            }
            (None, _) => {
                self.sighted = None;
                now
            }
        }
    }

    /// The poller found an entry: who waited for its answer has it too.
    pub(crate) fn saw_hit(&mut self, caller: Arrival, horizon: Horizon, entry: &Entry) {
        self.sighted = None;
        if self.poller.is(caller) {
            for (_, seat) in waiting(&mut self.seats, horizon) {
                seat.place = Place::Served(News::Hit(entry.clone()));
                self.changed = true;
            }
        }
    }

    /// Takes a seat, to wait for the poller's next answer.
    pub(crate) fn wait(&mut self, caller: Arrival, follower: Follower) {
        self.seats.insert(caller, Seat { follower, place: Place::Waiting });
    }

    /// What has become of the caller's wait.
    pub(crate) fn look(&self, caller: Arrival) -> Option<Look> {
        let seat = self.seats.get(&caller)?;
        Some(match &seat.place {
            Place::Served(_) => Look::Served,
            Place::Riding(leader) => {
                let flight = self.flights.iter().find(|flight| flight.leader == *leader)?;
                Look::Riding { since: flight.since }
            }
            Place::Waiting => Look::Waiting(seat.follower),
        })
    }

    /// Leaves the seat, with the news if there are any.
    pub(crate) fn stand(&mut self, caller: Arrival) -> Option<(Follower, Option<News<V>>)> {
        let seat = self.seats.remove(&caller)?;
        Some(match seat.place {
            Place::Served(news) => (seat.follower, Some(news)),
            Place::Riding(_) | Place::Waiting => (seat.follower, None),
        })
    }

    /// Begins a computation, and takes along who may ride.
    pub(crate) fn take_off(
        &mut self,
        leader: Arrival,
        horizon: Horizon,
        lease: Option<(Token, Versions)>,
        company: Company,
        now: Moment,
    ) {
        self.resign(leader);
        self.flights.push(Flight { leader, horizon, since: now, lease, landed: None });
        if company == Company::None {
            return;
        }
        for (caller, seat) in waiting(&mut self.seats, horizon) {
            seat.place = Place::Riding(leader);
            self.changed = true;
            self.poller.resign(*caller);
        }
    }

    /// The token and versions under which the caller computes.
    pub(crate) fn lease_of(&self, leader: Arrival) -> Option<&(Token, Versions)> {
        self.flights.iter().find(|flight| flight.leader == leader)?.lease.as_ref()
    }

    /// A heartbeat was answered with the token that holds the lease from now on.
    pub(crate) fn renew(&mut self, leader: Arrival, renewed: Token) {
        let flight = self.flights.iter_mut().find(|flight| flight.leader == leader);
        if let Some((token, _)) = flight.and_then(|flight| flight.lease.as_mut()) {
            *token = renewed;
        }
    }

    /// Ends a flight that gave no value, or whose value is where others can read it. Who still rides waits for
    /// another leader.
    pub(crate) fn end(&mut self, leader: Arrival) {
        let Some(index) = self.flights.iter().position(|flight| flight.leader == leader) else { return };
        let flight = self.flights.remove(index);
        for seat in riding(&mut self.seats, leader) {
            seat.place = Place::Waiting;
            seat.follower.was_let_down(flight.lease.as_ref().map(|(token, _)| *token), flight.since);
            self.changed = true;
        }
    }
}

impl<V: Clone> Board<V> {
    /// A flight has its value: all riders get it. It is kept for those who join before the commit is answered.
    pub(crate) fn land(&mut self, leader: Arrival, value: &V) {
        for seat in riding(&mut self.seats, leader) {
            seat.place = Place::Served(News::Landed(value.clone()));
            self.changed = true;
        }
        for flight in &mut self.flights {
            if flight.leader == leader {
                flight.landed = Some(value.clone());
            }
        }
    }

    /// Takes a seat with a flight that took off after the caller had arrived, if there is one that has not used
    /// up the patience; says whether there was.
    pub(crate) fn ride(
        &mut self,
        caller: Arrival,
        follower: Follower,
        patience: Duration,
        now: Moment,
    ) -> bool {
        self.sit_where(caller, follower, |flight| {
            flight.horizon.serves(caller) && (flight.landed.is_some() || now.since(flight.since) < patience)
        })
    }

    /// Takes a seat with the flight that holds the lease of this token, if it is of this process. The caller has
    /// read, after its own start, that token and versions are alive.
    pub(crate) fn join(&mut self, caller: Arrival, follower: Follower, token: Token) -> bool {
        self.sit_where(caller, follower, |flight| {
            flight.lease.as_ref().is_some_and(|(held, _)| *held == token)
        })
    }

    fn sit_where(&mut self, caller: Arrival, follower: Follower, fits: impl Fn(&Flight<V>) -> bool) -> bool {
        let Some(flight) = self.flights.iter().find(|flight| fits(flight)) else { return false };
        let place = match &flight.landed {
            Some(value) => Place::Served(News::Landed(value.clone())),
            None => Place::Riding(flight.leader),
        };
        self.resign(caller);
        self.seats.insert(caller, Seat { follower, place });
        true
    }
}

/// The seats of those who wait for an answer, and may be served by what this horizon stands for.
fn waiting<V>(
    seats: &mut BTreeMap<Arrival, Seat<V>>,
    horizon: Horizon,
) -> impl Iterator<Item = (&Arrival, &mut Seat<V>)> {
    let waits = |seat: &Seat<V>| matches!(seat.place, Place::Waiting);
    seats.iter_mut().filter(move |(caller, seat)| horizon.serves(**caller) && waits(seat))
}

/// The seats of those who ride with a leader.
fn riding<V>(seats: &mut BTreeMap<Arrival, Seat<V>>, leader: Arrival) -> impl Iterator<Item = &mut Seat<V>> {
    seats.values_mut().filter(move |seat| matches!(seat.place, Place::Riding(other) if other == leader))
}
