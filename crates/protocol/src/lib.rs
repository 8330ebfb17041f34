//! The sans-IO core of Hermes: a tag-aware, stampede-proof read-through cache, as pure state machines.
//! No socket, thread, clock or random source of its own: time, randomness and replies are handed in, commands
//! come out. A driver carries them, and decides nothing.
//!
//! ```text
//! loop {
//!     match read.step(board, now, nonces) {
//!         Step::Ask(command) => read.answer(board, backend.execute(command), now),
//!         Step::Tell(command) => backend.send(command),
//!         Step::Compute => read.computed(board, loader(), now),
//!         Step::Wait(until) => wait until then, or until the board has changed,
//!         Step::Done(outcome) => return outcome,
//!     }
//! }
//! ```
//!
//! What it keeps, whatever the network and the servers do:
//! - No call that starts after an invalidation was confirmed gets a value whose computation began before it.
//! - While a leader's lease is alive, nobody else computes its key.
//! - Every call ends. A leader that dies frees its key when its lease runs out, and cannot overwrite its successor.
//! - A key that a server loses costs a miss.
//!
//! Users depend on `hermescache`; this crate is for its drivers and backends.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(test)]
extern crate std;
mod bucket;
mod command;
mod encode;
mod entry;
mod flight;
mod follower;
mod hash;
mod heartbeat;
mod invalidate;
mod judge;
mod key;
mod moment;
mod nonce;
mod policy;
mod read;
mod step;
mod tag;
mod versions;
mod wire;

pub use crate::{
    bucket::{Bucket, Buckets},
    command::{Command, Committed, Fault, Leaving, Manner, Purpose, Reply, Sight, Target, View},
    encode::{Arguments, EncodeError},
    entry::{CodecId, Entry, Flags, Lease, Payload, Value, Verdict},
    flight::Board,
    hash::RunningHash,
    heartbeat::Heartbeat,
    invalidate::Invalidation,
    judge::Read,
    key::{Key, MAX_NAMESPACE_BYTES, Namespace, NamespaceError, Point},
    moment::Moment,
    nonce::{Nonces, TagVersion, Token},
    policy::{Jitter, Policy, Ttl, TtlError},
    step::{Cause, Computed, Fate, Outcome, Plan, Step, Verb},
    tag::{NamesDigest, Tag, Tags},
    versions::{History, Match, Reading, Versions},
    wire::{FORMAT, LeaseRecord, WireError, decode_entry, decode_lease, encode_entry, encode_lease},
};
