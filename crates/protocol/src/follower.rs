//! One caller as seen from the others: when it came, what may be given to it, whom it has waited for.
//! Decides nothing for a crowd; that is `flight`'s work.

use core::time::Duration;

use crate::{moment::Moment, nonce::Token, tag::NamesDigest};

/// After so many leaders that failed, a follower computes for itself.
const FAILURES_BORNE: u8 = 2;

/// A caller's number on a board, and which tags it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Arrival {
    number: u64,
    names: NamesDigest,
}

/// How many calls of a process have begun so far: counts for all boards that a driver keeps under one lock, so that
/// one that glances has its number before there is a board.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Arrivals(pub(crate) u64);

/// When a call began, in terms of which others had begun by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Start(pub(crate) u64);

impl Arrivals {
    /// A call begins.
    #[must_use]
    pub fn begin(&mut self) -> Start {
        self.0 += 1;
        Start(self.0 - 1)
    }
}

/// When a question was sent or a computation began, in terms of who had arrived by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Horizon {
    arrivals: u64,
    names: NamesDigest,
}

impl Arrival {
    pub(crate) fn new(number: u64, names: NamesDigest) -> Self {
        Self { number, names }
    }
}

impl Horizon {
    /// The horizon of what begins after `arrivals` callers have come, and reads for the tags of `caller`.
    pub(crate) fn new(arrivals: u64, caller: Arrival) -> Self {
        Self { arrivals, names: caller.names }
    }

    /// The horizon of what `caller` asked before it had come to the board: it serves nobody else.
    pub(crate) fn of_nobody(caller: Arrival) -> Self {
        Self::new(0, caller)
    }

    /// Whether its outcome may be given to `caller`: nothing from before a caller's start, nor what was read for
    /// other tags than its own.
    pub(crate) fn serves(self, caller: Arrival) -> bool {
        caller.number < self.arrivals && caller.names == self.names
    }
}

/// What one caller knows of the leaders it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Follower {
    failures: u8,
    /// Whose lease it waits for.
    token: Option<Token>,
    /// Since when this process waits for it.
    since: Moment,
    /// Whose failure has been counted already, though its lease may still be seen.
    counted: Option<Token>,
}

impl Follower {
    /// It knows nobody yet.
    pub(crate) fn new(now: Moment) -> Self {
        Self { failures: 0, token: None, since: now, counted: None }
    }

    /// A miss was read, with the lease held by `token`: if that is another, the leader of before has failed.
    /// Says whether it is.
    pub(crate) fn saw(&mut self, token: Option<Token>, since: Moment) -> bool {
        if self.token == token {
            return false;
        }
        if self.token.is_some() && self.token != self.counted {
            self.failures = self.failures.saturating_add(1);
            self.counted = self.token;
        }
        self.token = token;
        self.since = since;
        true
    }

    /// A leader in this process gave no value. Its lease may still be seen for a while: it counts once.
    pub(crate) fn was_let_down(&mut self, leader: Option<Token>, since: Moment) {
        self.failures = self.failures.saturating_add(1);
        self.counted = leader;
        self.token = None;
        self.since = since;
    }

    /// When it has waited long enough for this leader.
    pub(crate) fn patient_until(&self, patience: Duration) -> Moment {
        self.since + patience
    }

    /// Whether it has seen so many leaders fail that it should compute for itself.
    pub(crate) fn gives_up(&self) -> bool {
        self.failures >= FAILURES_BORNE
    }

    /// How long this process has waited for this leader.
    pub(crate) fn waited(&self, now: Moment) -> Duration {
        now.since(self.since)
    }
}

/// Who may ride with a flight that takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Company {
    /// All who wait and may be served by it.
    Welcome,
    /// Nobody.
    None,
}

/// What a waiting caller finds when it looks up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Served,
    Riding { since: Moment },
    Waiting(Follower),
}
