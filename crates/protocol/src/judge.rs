//! Decides what a reply means to one caller: serve it, compute, ask again, or wait for another.
//! Carries nothing out: it leaves the caller in the state from which `read` goes on.

use alloc::{boxed::Box, sync::Arc};
use core::{mem, time::Duration};

use crate::{
    command::{Command, Fault, Leaving, Manner, Purpose, Sight, View},
    entry::{Entry, Lease, Verdict},
    flight::Board,
    follower::{Arrival, Company, Follower, Horizon},
    moment::Moment,
    nonce::{Nonces, TagVersion, Token},
    step::{Cause, Fate, Plan, Verb},
    versions::{Match, Versions},
};

/// One call on its way through the cache.
///
/// A driver is this loop, whatever it waits with:
///
/// ```
/// use hermescache_protocol::{Board, Command, Computed, Fault, Moment, Nonces, Outcome, Read, Reply, Step};
///
/// /// What a driver brings.
/// trait World<V> {
///     fn now(&self) -> Moment;
///     fn execute(&mut self, command: Command) -> Result<Reply, Fault>;
///     fn compute(&mut self) -> Computed<V>;
///     /// Until that moment, or until the board has changed.
///     fn wait(&mut self, until: Moment);
/// }
///
/// fn drive<V: Clone>(mut read: Read, board: &mut Board<V>, world: &mut impl World<V>, nonces: &mut dyn Nonces) -> Outcome<V> {
///     loop {
///         match read.step(board, world.now(), nonces) {
///             Step::Ask(command) => {
///                 let answer = world.execute(command);
///                 read.answer(board, answer, world.now());
///             }
///             // The answer is of no use; what is to be posted may also be left to another thread.
///             Step::Tell(command) | Step::Post(command) => drop(world.execute(command)),
///             Step::Compute => {
///                 let computed = world.compute();
///                 read.computed(board, computed, world.now());
///             }
///             Step::Wait(until) => world.wait(until),
///             Step::Done(outcome) => return outcome,
///         }
///     }
/// }
/// ```
///
/// A caller that goes away before the end calls [`abandon`](Self::abandon), in whatever state it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Read {
    pub(crate) plan: Plan,
    pub(crate) verb: Verb,
    pub(crate) me: Arrival,
    pub(crate) follower: Follower,
    /// An entry whose payload could not be decoded.
    pub(crate) refused: Option<Token>,
    /// The entry that lay there when a set took the lease.
    pub(crate) replaced: Option<Token>,
    pub(crate) state: State,
}

/// Where a caller is. The words in -ing wait for their answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Fetch(Purpose),
    Fetching(Horizon),
    /// With the token that a fetch has won already, if so.
    Acquire(Option<Token>),
    Acquiring(Token, Horizon),
    Compute(Basis),
    Computing(Basis, Moment),
    Commit(Entry),
    Committing(Token),
    /// A set was fenced: to look whether what it was to replace is there still.
    Look(Token),
    Looking(Token),
    /// To drop what it was to replace.
    Drop,
    Dropping,
    /// To be the poller, after a rest.
    Rest,
    Seated,
    Tell(Command, Box<Self>),
    Post(Command, Box<Self>),
    Hit(Entry),
    Missing,
    Own(Fate),
    Ended,
}

/// What a computation is run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Basis {
    /// A lease: the value will be committed.
    Lease,
    /// Nothing.
    Alone(Cause),
}

/// Which question a miss was the answer to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Fetch,
    Acquire,
}

impl Read {
    /// A fetch was answered.
    pub(crate) fn fetched<V: Clone>(
        &mut self,
        board: &mut Board<V>,
        horizon: Horizon,
        view: View,
        now: Moment,
    ) {
        match (self.hit(&view, now), view.lease) {
            (Some(entry), Sight::Won(token)) => {
                self.serve(board, horizon, entry);
                self.release_first(token);
            }
            (Some(entry), _) => self.serve(board, horizon, entry),
            (None, _) if self.verb == Verb::Peek => self.state = State::Missing,
            (None, Sight::Won(token)) => match view.versions.complete(&self.plan.target.tags) {
                Some(versions) => self.lead(board, token, versions, horizon, now),
                None => self.state = State::Acquire(Some(token)),
            },
            (None, lease) => {
                self.missed(board, After::Fetch, horizon, &View { entry: None, lease, ..view }, now);
            }
        }
    }

    /// An acquire was answered.
    pub(crate) fn acquired<V: Clone>(
        &mut self,
        board: &mut Board<V>,
        horizon: Horizon,
        view: View,
        now: Moment,
    ) {
        let hit = if self.verb == Verb::Read { self.hit(&view, now) } else { None };
        let versions = view.versions.complete(&self.plan.target.tags);
        match (view.lease, hit) {
            (Sight::Won(token), Some(entry)) => {
                self.serve(board, horizon, entry);
                self.release_first(token);
            }
            (_, Some(entry)) => self.serve(board, horizon, entry),
            (Sight::Won(token), None) => match (versions, &self.verb) {
                (Some(versions), Verb::Set(value)) => {
                    let entry = Entry::new(token, versions, value.clone(), now, Duration::ZERO);
                    self.replaced = view.entry.as_ref().map(|entry| entry.id);
                    self.state = State::Commit(entry);
                }
                (Some(versions), _) => self.lead(board, token, versions, horizon, now),
                // Never compute to commit under an absent version: a clean of it would not be noticed.
                (None, Verb::Set(_)) => {
                    self.state = State::Own(Fate::Unanswered(Fault::NotDone));
                    self.release_first(token);
                }
                (None, _) => {
                    self.alone(board, Cause::VersionsLost, now);
                    self.release_first(token);
                }
            },
            (lease, None) => match self.verb {
                Verb::Read | Verb::Peek => {
                    self.missed(board, After::Acquire, horizon, &View { lease, ..view }, now);
                }
                // Who takes a lease by force has it, or nothing was done.
                Verb::Refresh => self.alone(board, Cause::Fault(Fault::NotDone), now),
                Verb::Set(_) => self.state = State::Own(Fate::Unanswered(Fault::NotDone)),
            },
        }
    }

    /// Computes without the right to store: together with others, where that is possible.
    pub(crate) fn alone<V: Clone>(&mut self, board: &mut Board<V>, cause: Cause, now: Moment) {
        let patience = self.plan.policy.patience;
        let company = if cause == Cause::LeadersFailed { Company::None } else { Company::Welcome };
        if company == Company::Welcome && board.ride(self.me, self.follower, patience, now) {
            self.state = State::Seated;
            return;
        }
        board.take_off(self.me, board.horizon(self.me), None, company, now);
        self.state = State::Compute(Basis::Alone(cause));
    }

    /// The command that takes the lease.
    pub(crate) fn acquire(&self, token: Token, held: bool, nonces: &mut dyn Nonces) -> Command {
        let policy = &self.plan.policy;
        Command::Acquire {
            target: Arc::clone(&self.plan.target),
            token,
            fresh: self.plan.target.tags.iter().map(|_| TagVersion::draw(nonces)).collect(),
            manner: match self.verb {
                _ if held => Manner::Held,
                Verb::Refresh | Verb::Set(_) => Manner::Forced,
                Verb::Read | Verb::Peek => Manner::Polite,
            },
            lease: policy.lease,
            tag_life: policy.tag_life(policy.ttl),
        }
    }

    /// Before going on as decided, gives the lease back.
    pub(crate) fn release(&mut self, token: Token, leaving: Leaving, then: State) {
        let target = Arc::clone(&self.plan.target);
        self.state = State::Tell(Command::Release { target, token, leaving }, Box::new(then));
    }

    /// Goes on as decided, and has a lease given back that may be held though nobody will commit under it. Should this
    /// overtake the acquire, the lease lives until it runs out.
    pub(crate) fn give_back(&mut self, token: Token) {
        let target = Arc::clone(&self.plan.target);
        let then = mem::replace(&mut self.state, State::Ended);
        let command = Command::Release { target, token, leaving: Leaving::Nothing };
        self.state = State::Post(command, Box::new(then));
    }

    fn release_first(&mut self, token: Token) {
        let then = mem::replace(&mut self.state, State::Ended);
        self.release(token, Leaving::Nothing, then);
    }

    /// The entry, if it may be served.
    fn hit(&self, view: &View, now: Moment) -> Option<Entry> {
        let Plan { target, readable, .. } = &self.plan;
        let entry = view.entry.as_ref().filter(|entry| Some(entry.id) != self.refused)?;
        let verdict = entry.verdict(now, &target.tags, *readable, &view.versions);
        (verdict == Verdict::Hit).then(|| entry.clone())
    }

    fn serve<V>(&mut self, board: &mut Board<V>, horizon: Horizon, entry: Entry) {
        board.saw_hit(self.me, horizon, &entry);
        self.state = State::Hit(entry);
    }

    fn lead<V>(
        &mut self,
        board: &mut Board<V>,
        token: Token,
        versions: Versions,
        horizon: Horizon,
        now: Moment,
    ) {
        board.take_off(self.me, horizon, Some((token, versions)), Company::Welcome, now);
        self.state = State::Compute(Basis::Lease);
    }

    /// There is no entry to serve, and the lease is not ours.
    fn missed<V: Clone>(
        &mut self,
        board: &mut Board<V>,
        after: After,
        horizon: Horizon,
        view: &View,
        now: Moment,
    ) {
        match &view.lease {
            Sight::NotAsked => {}
            Sight::Held(lease) => {
                board.saw_lease(self.me, &mut self.follower, horizon, Some(lease.token), now);
            }
            Sight::Free | Sight::Pass | Sight::Won(_) => {
                board.saw_lease(self.me, &mut self.follower, horizon, None, now);
            }
        }
        if self.follower.gives_up() {
            return self.alone(board, Cause::LeadersFailed, now);
        }
        if board.ride(self.me, self.follower, self.plan.policy.patience, now) {
            self.state = State::Seated;
            return;
        }
        let alive = |lease: &Lease| lease.versions.compare(&self.plan.target.tags, &view.versions);
        match &view.lease {
            Sight::Pass => self.alone(board, Cause::Pass, now),
            Sight::Held(lease)
                if alive(lease) == Match::Alive && board.join(self.me, self.follower, lease.token) =>
            {
                self.state = State::Seated;
            }
            Sight::Held(lease) if alive(lease) != Match::Gone => self.follow(board, now),
            _ if after == After::Acquire => self.follow(board, now),
            // One caller of a process asks for the lease; the others share what it gets.
            _ if self.polls(board, now) => self.state = State::Acquire(None),
            _ => {
                board.wait(self.me, self.follower);
                self.state = State::Seated;
            }
        }
    }

    /// Waits for whoever has the lease, as the poller if there is no other.
    fn follow<V>(&mut self, board: &mut Board<V>, now: Moment) {
        board.wait(self.me, self.follower);
        self.state = if self.polls(board, now) { State::Rest } else { State::Seated };
    }

    /// Whether it asks for all who wait. Whoever does, and does not come back, is replaced in the time in which a leader
    /// would be.
    pub(crate) fn polls<V>(&self, board: &mut Board<V>, now: Moment) -> bool {
        board.poller.is_or_becomes(self.me, self.plan.policy.lease, now)
    }
}
