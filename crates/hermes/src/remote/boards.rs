//! The boards of this process, by key, and who is to be woken when one changes.
//! Decides nothing: what a board says is the protocol's.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher},
    mem,
    task::Waker,
};

use hermescache_protocol::{Arrivals, Board, Key, Moment, Policy, Read, Start};

use super::handed::Handed;
use crate::{
    clock, flight,
    shim::{Mutex, lock},
};

const SHARDS: usize = 64;

/// A table of boards. One is there as long as somebody calls for its key.
#[derive(Debug)]
pub(crate) struct Boards {
    hasher: DigestHasher,
    shards: Box<[Mutex<Shard>]>,
    policy: Policy,
}

/// The boards under one lock.
#[derive(Debug)]
struct Shard {
    arrivals: Arrivals,
    boards: HashMap<Key, WatchedBoard, DigestHasher>,
}

/// A board, and those who wait for it to change.
#[derive(Debug, Default)]
pub(crate) struct WatchedBoard {
    pub(crate) board: Board<Handed>,
    sleepers: Vec<(SleeperId, Waker)>,
}

/// Tells one sleeper at a board from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SleeperId(usize);

impl SleeperId {
    /// The number of a machine that stays where it is.
    pub(crate) fn of(machine: &Read) -> Self {
        Self(std::ptr::from_ref(machine).addr())
    }
}

impl Boards {
    pub(crate) fn new(policy: Policy) -> Self {
        let hasher = DigestHasher(clock::random_u64());
        let shard = || Shard { arrivals: Arrivals::default(), boards: HashMap::with_hasher(hasher) };
        let shards = (0..SHARDS).map(|_| Mutex::new(shard())).collect();
        Self { hasher, shards, policy }
    }

    /// Begins a call that may ask before it comes to the board of its key: if nobody is there.
    pub(crate) fn begin(&self, key: &Key) -> Option<Start> {
        let mut shard = lock(self.shard(key));
        (!shard.boards.contains_key(key)).then(|| shard.arrivals.begin())
    }

    /// Acts on the board of a key, which nobody else can meanwhile, and wakes those who wait if that changed it.
    pub(crate) fn at<R>(&self, key: &Key, now: Moment, act: impl FnOnce(&mut WatchedBoard) -> R) -> R {
        let (result, woken) = {
            let mut shard = lock(self.shard(key));
            let Shard { arrivals, boards } = &mut *shard;
            let watched = match boards.get_mut(key) {
                Some(watched) => watched,
                None => boards.entry(key.clone()).or_default(),
            };
            watched.board.catch_up(arrivals);
            let result = act(watched);
            watched.board.catch_up(arrivals);
            let woken =
                if watched.board.take_changed() { mem::take(&mut watched.sleepers) } else { Vec::new() };
            if watched.board.is_idle(&self.policy, now) {
                boards.remove(key);
            }
            (result, woken)
        };
        for (_, waker) in woken {
            flight::wake(waker);
        }
        result
    }

    fn shard(&self, key: &Key) -> &Mutex<Shard> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }
}

/// Hashes keys, which give a cryptographic digest to hash: a few of its bytes are as good as all.
#[derive(Debug, Clone, Copy)]
struct DigestHasher(u64);

impl BuildHasher for DigestHasher {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = (self.0 ^ u64::from_ne_bytes(*first)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    /// The length of the digest tells nothing.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0.rotate_left(32)
    }
}

impl WatchedBoard {
    /// Has `waker` woken when the board changes. The one of the same sleeper before, if any, is given back.
    pub(crate) fn sleep(&mut self, sleeper: SleeperId, waker: &Waker) -> Option<Waker> {
        match self.sleepers.iter_mut().find(|(other, _)| *other == sleeper) {
            Some((_, old)) if old.will_wake(waker) => None,
            Some((_, old)) => Some(mem::replace(old, waker.clone())),
            None => {
                self.sleepers.push((sleeper, waker.clone()));
                None
            }
        }
    }

    /// Wakes the sleeper no more, and gives back its waker.
    pub(crate) fn rise(&mut self, sleeper: SleeperId) -> Option<Waker> {
        let place = self.sleepers.iter().position(|(other, _)| *other == sleeper)?;
        Some(self.sleepers.swap_remove(place).1)
    }
}
