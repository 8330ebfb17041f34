//! The sans-IO core of Hermes: a tag-aware, stampede-proof read-through cache, as pure state machines.
//! No socket, thread, clock or random source of its own: time, randomness and replies are handed in, commands
//! come out. A driver carries them, and decides nothing: it is the loop that [`Read`] shows.
//!
//! Where a backend does not answer, for instance, the caller has its own value:
//!
//! ```
//! use std::sync::Arc;
//! use hermescache_protocol::{
//!     Arguments, Board, Cause, CodecId, Codecs, Computed, Fate, Fault, Key, Moment, Namespace, Outcome, Plan, Point, Policy,
//!     Read, Step, Tags, Target, Verb,
//! };
//!
//! let point = Point::function("shop::total", None);
//! let key = Key::new(&Namespace::default(), &point, &Arguments::new());
//! let target = Arc::new(Target { key, tags: Tags::new(&point, ["orders"]) });
//! let plan = Plan { target, readable: Codecs::none().with(CodecId(1)), policy: Policy::default() };
//! let (now, nonces) = (Moment::from_unix_ms(0), &mut |bytes: &mut [u8]| bytes.fill(4));
//!
//! let mut board = Board::<u32>::default();
//! let mut read = Read::new(plan, Verb::Read, &mut board, now);
//! let Step::Ask(_fetch) = read.step(&mut board, now, nonces) else { panic!("it asks first") };
//! read.answer(&mut board, Err(Fault::Unknown), now);
//! assert_eq!(read.step(&mut board, now, nonces), Step::Compute);
//! read.computed(&mut board, Computed::Unstorable(42), now);
//! let fate = Fate::Uncommitted(Cause::Fault(Fault::Unknown));
//! assert_eq!(read.step(&mut board, now, nonces), Step::Done(Outcome::Own(fate)));
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
mod digest;
mod encode;
mod entry;
mod explain;
mod flight;
mod follower;
mod glance;
mod hash;
mod heartbeat;
mod invalidate;
mod judge;
mod key;
mod moment;
mod name;
mod nonce;
mod policy;
mod poller;
mod read;
mod short;
mod sole;
mod step;
mod tag;
mod versions;
mod wire;

pub use crate::{
    bucket::{Bucket, Buckets},
    command::{Command, Committed, Fault, Leaving, Manner, Purpose, Reply, Sight, Target, View},
    encode::{Arguments, EncodeError},
    entry::{CodecId, Codecs, Entry, Flags, Lease, Payload, Value, Verdict},
    explain::{Explained, Leader, Reason},
    flight::Board,
    follower::{Arrivals, Start},
    hash::RunningHash,
    heartbeat::Heartbeat,
    invalidate::Invalidation,
    judge::Read,
    key::{Key, MAX_NAMESPACE_BYTES, Namespace, NamespaceError, Point},
    moment::Moment,
    nonce::{Nonces, TagVersion, Token},
    policy::{Jitter, Policy, Ttl, TtlError},
    short::{ShortArgument, ShortArguments},
    sole::sole_text,
    step::{Cause, Computed, Fate, Outcome, Plan, Step, Verb},
    tag::{NamesDigest, Tag, Tags},
    versions::{History, Match, Reading, Versions},
    wire::{
        FORMAT, LeaseRecord, WireError, decode_entry, decode_entry_head, decode_lease, encode_entry,
        encode_lease,
    },
};
