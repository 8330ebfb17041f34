//! The boards of this process, by key, and who is to be woken when one changes.
//! Decides nothing: what a board says is the protocol's.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    mem,
    task::Waker,
};

use hermescache_protocol::{Board, Key, Moment, Policy};

use super::handed::Handed;
use crate::{
    flight,
    shim::{Mutex, lock},
};

const SHARDS: usize = 64;

/// A table of boards. One is there as long as somebody calls for its key.
#[derive(Debug)]
pub(crate) struct Boards {
    hasher: RandomState,
    shards: Box<[Mutex<HashMap<Key, Room, RandomState>>]>,
    policy: Policy,
}

/// A board, and those who wait for it to change.
#[derive(Debug, Default)]
pub(crate) struct Room {
    pub(crate) board: Board<Handed>,
    sleepers: Vec<(SleeperId, Waker)>,
}

/// Tells one sleeper of a room from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SleeperId(u64);

impl SleeperId {
    pub(crate) const fn new(number: u64) -> Self {
        Self(number)
    }
}

impl Boards {
    pub(crate) fn new(policy: Policy) -> Self {
        let hasher = RandomState::new();
        let shards = (0..SHARDS).map(|_| Mutex::new(HashMap::with_hasher(hasher.clone()))).collect();
        Self { hasher, shards, policy }
    }

    /// Acts on the board of a key, which nobody else can meanwhile, and wakes those who wait if that changed it.
    pub(crate) fn at<R>(&self, key: &Key, now: Moment, act: impl FnOnce(&mut Room) -> R) -> R {
        let shard = &self.shards[self.hasher.hash_one(key) as usize % SHARDS];
        let (result, woken) = {
            let mut rooms = lock(shard);
            let room = match rooms.get_mut(key) {
                Some(room) => room,
                None => rooms.entry(key.clone()).or_default(),
            };
            let result = act(room);
            let woken = if room.board.take_changed() { mem::take(&mut room.sleepers) } else { Vec::new() };
            if room.board.is_idle(&self.policy, now) {
                rooms.remove(key);
            }
            (result, woken)
        };
        for (_, waker) in woken {
            flight::wake(waker);
        }
        result
    }
}

impl Room {
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
