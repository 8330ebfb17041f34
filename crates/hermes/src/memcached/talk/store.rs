//! Commits: puts the entry in the place of the lease, if it is still there.
//! With the same trip it looks how long the versions live, and prolongs with another what would end before the entry.

use std::time::Duration;

use hermescache_protocol::{Committed, Entry, Reply, encode_entry};

use super::{ATTEMPTS, Item, Next, Refusal};
use crate::memcached::{
    lives::{is_too_short, secs},
    meta::{Asks, Responses, Status},
    slot::Slot,
};

#[derive(Debug)]
pub(super) struct Store<'c> {
    item: Item<'c>,
    entry: &'c Entry,
    bytes: Vec<u8>,
    tag_life: Duration,
    attempts: u8,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Storing,
    /// The number has changed: it may be by a renewal of our own.
    Looking,
    /// It is stored, and versions live longer from now.
    Prolonging,
    /// It cannot be stored, and the lease is given back.
    GivingBack,
}

impl<'c> Store<'c> {
    pub(super) fn begin(item: Item<'c>, entry: &'c Entry, tag_life: Duration) -> (Self, Next) {
        let stage = Stage::Looking;
        let mut store = Self { item, entry, bytes: Vec::new(), tag_life, attempts: 0, stage };
        let next = match item.own(entry.id) {
            None => committed(Committed::Fenced),
            Some(own) => {
                store.bytes = encode_entry(entry);
                Next::Ask(own.cas.map_or_else(|| item.ask_for_slot(), |cas| store.put(cas)))
            }
        };
        (store, next)
    }

    pub(super) fn hear(&mut self, answers: Responses<'_>) -> Result<Next, Refusal> {
        let answer = answers.iter().next().ok_or(Refusal::Nonsense)?;
        match (self.stage, answer.status) {
            (Stage::Storing, Status::Done) => Ok(self.stored(answers)),
            (Stage::Storing, Status::Exists) if self.attempts < ATTEMPTS => {
                self.stage = Stage::Looking;
                Ok(Next::Ask(self.item.ask_for_slot()))
            }
            (Stage::Storing, Status::Exists | Status::Absent | Status::NotStored) => {
                Ok(self.ended(Committed::Fenced))
            }
            // The server has dropped what was there.
            (Stage::Storing, Status::Failed) | (Stage::GivingBack, _) => Ok(self.ended(Committed::Refused)),
            (Stage::Looking, Status::Value | Status::Absent) => {
                let slot = Slot::of(answer);
                if self.item.is_held_by(&slot, self.entry.id) {
                    return Ok(Next::Ask(self.put(slot.cas)));
                }
                // It was stored the first time, when the answer was lost.
                let is_there = slot.entry().is_some_and(|stored| stored.id == self.entry.id);
                Ok(self.ended(if is_there { Committed::Stored } else { Committed::Fenced }))
            }
            (Stage::Prolonging, _) => Ok(self.ended(Committed::Stored)),
            _ if matches!(answer.status, Status::Failed | Status::Confused) => Err(super::said(answer)),
            _ => Err(Refusal::Nonsense),
        }
    }

    fn put(&mut self, cas: u64) -> Asks {
        self.attempts += 1;
        let mut asks = Asks::new(1 + self.item.target.tags.count());
        if !self.item.is_room_for(self.bytes.len()) {
            self.stage = Stage::GivingBack;
            asks.delete(|name| self.item.entry_name(name)).number(b'C', cas).end();
            return asks;
        }
        self.stage = Stage::Storing;
        let set = asks.set(|name| self.item.entry_name(name), self.bytes.len());
        set.number(b'C', cas).number(b'T', secs(self.entry.ttl.get())).end_with(&[&self.bytes]);
        self.item.ask_for_versions(&mut asks, "t");
        asks
    }

    fn stored(&mut self, answers: Responses<'_>) -> Next {
        let needed = secs(self.entry.ttl.get());
        let told = answers.iter().skip(1);
        let short: Vec<_> = told.map(|answer| is_too_short(answer.ttl, needed)).collect();
        if !short.contains(&true) {
            return self.ended(Committed::Stored);
        }
        self.stage = Stage::Prolonging;
        let mut asks = Asks::new(short.len());
        self.item.prolong_versions(&mut asks, secs(self.tag_life.max(self.entry.ttl.get())), &short);
        Next::Ask(asks)
    }

    fn ended(&self, how: Committed) -> Next {
        self.item.common.leases.remove(self.entry.id);
        committed(how)
    }
}

fn committed(how: Committed) -> Next {
    Next::Reply(Ok(Reply::Committed(how)))
}
