//! The words between a caller's machine and its driver: the plan, the steps, the outcome.
//! Decides nothing; `read` does.

use alloc::sync::Arc;

use crate::{
    command::{Command, Fault, Target},
    entry::{Codecs, Entry, Value},
    moment::Moment,
    policy::Policy,
};

/// What one call is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "finished: all that a call has")]
pub struct Plan {
    /// The key and its tags.
    pub target: Arc<Target>,
    /// The codecs whose entries can be read; all others are misses.
    pub readable: Codecs,
    /// The times.
    pub policy: Policy,
}

/// What a caller wants of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// The entry, or the value that somebody computes, or to compute it.
    Read,
    /// The entry if there is one; never to wait, never to compute.
    Peek,
    /// To compute the value now and replace what there is, also where the value may not be stored. A leader under way
    /// is fenced.
    Refresh,
    /// To replace what there is by a value that is known. A leader under way is fenced.
    Set(Value),
}

/// What a caller's driver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
#[expect(clippy::exhaustive_enums, reason = "finished: all that a driver can do")]
pub enum Step<V> {
    /// Send the command and hand its answer to [`Read::answer`](crate::Read::answer).
    Ask(Command),
    /// Send the command; its answer is of no use.
    Tell(Command),
    /// Have the command sent, some time soon, and do not wait for that: the caller has waited long enough.
    Post(Command),
    /// Run the loader, with [`Read::heartbeat`](crate::Read::heartbeat) if there is one, and hand its result to
    /// [`Read::computed`](crate::Read::computed).
    Compute,
    /// Wait until that moment or until the board has changed, whichever is first. To look up too often is harmless.
    Wait(Moment),
    /// The end.
    Done(Outcome<V>),
}

/// What a loader gave.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "finished: all that a loader can give")]
pub enum Computed<V> {
    /// A value that may be stored.
    Storable {
        /// For the followers in this process.
        shared: V,
        /// For everybody else.
        value: Value,
    },
    /// A value that may not be stored (the caller said so, or it is too large): for the followers in this
    /// process only. Others are told for a while not to wait for this key. A refresh drops the entry that it was to
    /// replace.
    Unstorable(V),
    /// No value: an error or a panic, which belongs to the caller alone.
    Failed,
}

/// How a call ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome<V> {
    /// With an entry. If its payload cannot be decoded, see [`Read::refuse`](crate::Read::refuse).
    Hit(Entry),
    /// With the value that another caller of this process computed.
    Shared(V),
    /// With the caller's own value, or error.
    Own(Fate),
    /// With nothing: a peek found no entry.
    Missing,
}

/// What became of a caller's own value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// It is stored.
    Stored,
    /// It was overtaken: by an invalidation, a refresh, a set, or another leader after the lease had run out.
    Fenced,
    /// The server refused to store it.
    Refused,
    /// It may not be stored.
    Unstorable,
    /// There is none: the loader failed.
    Failed,
    /// Nobody knows whether it is stored, or it is known not to be.
    Unanswered(Fault),
    /// It was computed without the right to store it.
    Uncommitted(Cause),
}

/// Why a caller computed without the right to store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The backend gave no answer.
    Fault(Fault),
    /// The leader it waited for took too long.
    Patience,
    /// The leaders it waited for failed, one after another.
    LeadersFailed,
    /// The last value could not be stored, so that waiting is of no use.
    Pass,
    /// The server lost the versions of its tags as soon as it had drawn them.
    VersionsLost,
}
