//! Renewals and releases: what the holder of a lease says of it while it computes, and when it will not store.
//!
//! A renewal writes the lease anew, with its name and the versions it was taken under: the number by which the server knows it
//! is another one then, but its name stays, so that who waits for its holder sees that it is the same.

use std::time::Duration;

use hermescache_protocol::{Lease, LeaseRecord, Leaving, Reply, Token};

use super::{ATTEMPTS, Item, Next, Refusal};
use crate::{
    clock,
    memcached::{
        leases::Own,
        lives::secs,
        meta::{Asks, Responses, Status},
        slot::{self, Slot, record_bytes},
    },
};

#[derive(Debug)]
pub(super) struct Keep<'c> {
    item: Item<'c>,
    token: Token,
    aim: Aim,
    own: Option<Own>,
    attempts: u8,
    is_looking: bool,
}

#[derive(Debug, Clone, Copy)]
enum Aim {
    Renew(Duration),
    Release(Leaving),
}

impl<'c> Keep<'c> {
    pub(super) fn renew(item: Item<'c>, token: Token, lease: Duration) -> (Self, Next) {
        Self::begin(item, token, Aim::Renew(lease))
    }

    pub(super) fn release(item: Item<'c>, token: Token, leaving: Leaving) -> (Self, Next) {
        Self::begin(item, token, Aim::Release(leaving))
    }

    fn begin(item: Item<'c>, token: Token, aim: Aim) -> (Self, Next) {
        let own = item.own(token);
        let mut keep = Self { item, token, aim, own: own.clone(), attempts: 0, is_looking: false };
        let next = match own {
            None => keep.lost(),
            Some(Own { cas: Some(cas), keeps_until, .. }) if keeps_until.is_none() || !keep.writes_back() => {
                Next::Ask(keep.say(cas, None))
            }
            Some(_) => keep.look(),
        };
        (keep, next)
    }

    pub(super) fn hear(&mut self, answers: Responses<'_>) -> Result<Next, Refusal> {
        let answer = answers.iter().next().ok_or(Refusal::Nonsense)?;
        match answer.status {
            Status::Failed | Status::Confused => Err(super::said(answer)),
            Status::Absent => Ok(self.lost()),
            Status::Value if self.is_looking => {
                let slot = Slot::of(answer);
                match self.item.is_held_by(&slot, self.token) {
                    true => Ok(Next::Ask(self.say(slot.cas, slot.entry_bytes()))),
                    false => Ok(self.lost()),
                }
            }
            Status::Done if !self.is_looking => Ok(self.done(answer.cas)),
            Status::Exists if self.attempts < ATTEMPTS => Ok(self.look()),
            Status::Exists | Status::NotStored => Ok(self.lost()),
            _ => Err(Refusal::Nonsense),
        }
    }

    fn look(&mut self) -> Next {
        self.is_looking = true;
        Next::Ask(self.item.ask_for_slot())
    }

    fn say(&mut self, cas: u64, kept: Option<&[u8]>) -> Asks {
        self.is_looking = false;
        self.attempts += 1;
        let mut asks = Asks::new(1);
        match self.aim {
            Aim::Renew(lease) => {
                self.item.common.leases.forget_cas(self.token);
                let versions = self.own.as_ref().and_then(|own| own.versions.clone());
                let named = versions.map(|versions| Lease { token: self.token, versions });
                let record =
                    record_bytes(&LeaseRecord::Held(named.unwrap_or_else(|| slot::unnamed(self.token))));
                let kept = kept.unwrap_or_default();
                let renew = asks.set(|name| self.item.entry_name(name), record.len() + kept.len());
                renew.flags("c").number(b'C', cas).number(b'T', secs(lease)).end_with(&[&record, kept]);
            }
            Aim::Release(leaving) => match (leaving, self.kept(kept)) {
                (Leaving::Nothing, Some((bytes, life))) => {
                    let back = asks.set(|name| self.item.entry_name(name), bytes.len());
                    back.number(b'C', cas).number(b'T', secs(life)).end_with(&[bytes]);
                }
                (Leaving::Nothing, None) => {
                    asks.delete(|name| self.item.entry_name(name)).number(b'C', cas).end();
                }
                // The entry that it keeps was of no use to whoever leaves word, and there is room for one of both.
                (Leaving::Pass(life), _) => {
                    let word = record_bytes(&LeaseRecord::Pass);
                    let leave = asks.set(|name| self.item.entry_name(name), word.len());
                    leave.number(b'C', cas).number(b'T', secs(life)).end_with(&[&word]);
                }
            },
        }
        asks
    }

    /// Whether the entry that the lease keeps is to stay.
    fn writes_back(&self) -> bool {
        !matches!(self.aim, Aim::Release(Leaving::Pass(_)))
    }

    /// The entry that the lease keeps, and how long it has to live.
    fn kept<'b>(&self, bytes: Option<&'b [u8]>) -> Option<(&'b [u8], Duration)> {
        let until = self.own.as_ref()?.keeps_until?;
        let life = until.checked_sub(clock::coarse_monotonic()).filter(|life| !life.is_zero())?;
        Some((bytes?, life))
    }

    fn done(&self, cas: u64) -> Next {
        match (self.aim, &self.own) {
            (Aim::Renew(lease), Some(own)) => {
                self.item.common.leases.put(self.token, Own { cas: Some(cas), lease, ..own.clone() });
                Next::Reply(Ok(Reply::Renewed(Some(self.token))))
            }
            _ => self.lost(),
        }
    }

    /// It is nobody's, or another's: nothing more is to be done.
    fn lost(&self) -> Next {
        self.item.common.leases.remove(self.token);
        Next::Reply(Ok(match self.aim {
            Aim::Renew(_) => Reply::Renewed(None),
            Aim::Release(_) => Reply::Done,
        }))
    }
}
