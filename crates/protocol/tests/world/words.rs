//! The words of the simulation: who there is, what can happen, what is under way.

use std::hash::{Hash, Hasher};

use hermescache_protocol::{Command, Fate, Moment, Read, Reply, Start, Token, Versions};

use super::{Mutant, backend::Half};

/// What a caller came for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    Read,
    Peek,
    Refresh,
    Set,
}

/// What an invalidation drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Drops {
    Key,
    TagA,
    TagB,
    All,
}

/// How often each disturbance may happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// Answers that do not come. The request may still arrive, at any time.
    pub(crate) timeouts: u8,
    /// Leases that run out although their holder lives.
    pub(crate) expiries: u8,
    /// Entries, leases and versions that the server drops.
    pub(crate) evictions: u8,
    /// Entries whose ttl ends.
    pub(crate) ttl_ends: u8,
    /// Callers that go away.
    pub(crate) abandons: u8,
    /// Processes that die.
    pub(crate) kills: u8,
    /// Loaders that fail.
    pub(crate) failures: u8,
    /// Loaders whose value may not be stored.
    pub(crate) unstorables: u8,
    /// Waits that use up the patience.
    pub(crate) impatience: u8,
    /// Restarts from a snapshot.
    pub(crate) restarts: u8,
    /// Heartbeats. They are no disturbance.
    pub(crate) beats: u8,
}

/// What a world begins with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    /// Process and role of each caller.
    pub(crate) callers: Vec<(usize, Role)>,
    pub(crate) invalidations: Vec<Drops>,
    pub(crate) budget: Budget,
    pub(crate) mutant: Option<Mutant>,
    /// Whether an entry is there from the beginning.
    pub(crate) warm: bool,
    /// Whether a request reaches the server as soon as it is sent, and an invalidation is confirmed as soon as it
    /// begins: a coarser world, in which more can be tried. Replies still take their time.
    pub(crate) brisk: bool,
    /// Whether entry and lease share a slot that a fetch may take, as on memcached.
    pub(crate) claims: bool,
    /// Whether a commit that is not answered in time is sent once more in place of that, as a backend may.
    pub(crate) repeats: bool,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Start(usize),
    /// The server carries out a packet's command, or its next part.
    Execute(usize),
    /// A reply reaches its caller.
    Deliver(usize),
    TimeOut(usize),
    Compute(usize, Loader),
    /// A waiting caller looks at its board.
    Look(usize),
    /// A waiting caller's time has come.
    Wake(usize),
    Abandon(usize),
    Kill(usize),
    Invalidate(usize),
    /// A leader renews its lease.
    Beat(usize),
    ExpireLease,
    EvictEntry,
    EvictTag(usize),
    EndTtl,
    Snapshot,
    Restart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loader {
    Value,
    Unstorable,
    Fails,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) promise: &'static str,
    pub(crate) what: String,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) process: usize,
    pub(crate) role: Role,
    pub(crate) phase: Phase,
    /// The oldest value it may get.
    pub(super) floor: u8,
    /// The token of its last acquire.
    pub(super) token: Option<Token>,
    /// The lease it won, as a mutant's driver remembers it.
    pub(super) won: Option<(Token, Versions)>,
    /// What it was told of an entry before it acquired, as a mutant's driver remembers it.
    pub(super) stale: Option<u8>,
    /// The database when it read the versions for its `set`.
    pub(super) set_at: u8,
    /// It won the lease although a good entry was there.
    pub(super) needless: bool,
    /// It waits, and its board has changed.
    pub(super) woken: bool,
}

impl Hash for Caller {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { process, role, phase, floor, token, won, stale, set_at, needless, woken } = self;
        (process, role).hash(state);
        match phase {
            // How a call ended was judged when it did.
            Phase::Done(_) | Phase::Gone => true.hash(state),
            _ => (phase, floor, token, won, stale, set_at, needless, woken).hash(state),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    Idle,
    /// It asks, and has no place on the board so far.
    Glancing(Start),
    Asking(Read),
    Computing(Read, u8),
    Waiting(Read, Moment),
    Done(End),
    Gone,
}

/// How a caller ended: the version of the database it was given, if any.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    Hit(u8),
    Shared(u8),
    Own(Fate, Option<u8>),
    Missing,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Packet {
    pub(crate) from: From,
    pub(crate) command: Command,
    pub(crate) stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum From {
    Caller(usize),
    Invalidation(usize),
    /// Nobody waits for the answer, or nobody any more.
    Nobody,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Sent,
    Half(Half),
    Replied(Reply),
}

impl Caller {
    pub(crate) fn is_running(&self) -> bool {
        self.asks() || matches!(self.phase, Phase::Computing(..) | Phase::Waiting(..))
    }

    pub(crate) fn asks(&self) -> bool {
        matches!(self.phase, Phase::Glancing(_) | Phase::Asking(_))
    }
}
