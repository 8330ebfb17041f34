//! Acquires: creates the versions that are absent, takes the lease where it may, and tells what there is.
//!
//! An empty slot is taken with the first trip. What is exchanged for a lease, with a second one, says whose it is and under which
//! versions; an entry that may still be served is kept in it, for those who come meanwhile and for the case that the lease
//! is given back.

use std::time::Duration;

use hermescache_protocol::{
    Lease, LeaseRecord, Manner, Match, Reading, Reply, Sight, TagVersion, Token, Versions, View,
};

use super::{ATTEMPTS, Item, Next, Refusal, draw_versions, next, reading};
use crate::{
    clock,
    memcached::{
        leases::Own,
        lives::{is_too_short, secs},
        meta::{Asks, Response, Responses, Status},
        slot::{Slot, record_bytes},
    },
};

#[derive(Debug)]
pub(super) struct Take<'c> {
    item: Item<'c>,
    token: Token,
    fresh: &'c [TagVersion],
    manner: Manner,
    lease: Duration,
    tag_life: Duration,
    attempts: u8,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Looking,
    /// Bytes that are no versions are replaced. Then from the beginning.
    Mending,
    /// There is a view already: only lives are prolonged.
    Prolonging(View),
    Exchanging {
        view: View,
        versions: Versions,
        keeps_until: Option<Duration>,
    },
    Over,
}

impl<'c> Take<'c> {
    pub(super) fn begin(
        item: Item<'c>,
        token: Token,
        fresh: &'c [TagVersion],
        manner: Manner,
        lease: Duration,
        tag_life: Duration,
    ) -> (Self, Asks) {
        let mut take =
            Self { item, token, fresh, manner, lease, tag_life, attempts: 0, stage: Stage::Looking };
        let asks = take.look(fresh);
        (take, asks)
    }

    pub(super) fn hear(&mut self, answers: Responses<'_>) -> Result<Next, Refusal> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Looking => self.looked(answers),
            Stage::Mending => self.again(),
            Stage::Prolonging(view) => Ok(acquired(view)),
            Stage::Exchanging { view, versions, keeps_until } => {
                self.exchanged(view, versions, keeps_until, answers)
            }
            Stage::Over => Err(Refusal::Nonsense),
        }
    }

    fn look(&mut self, fresh: &[TagVersion]) -> Asks {
        self.attempts += 1;
        self.stage = Stage::Looking;
        let mut asks = Asks::new(1 + 2 * self.item.target.tags.count());
        self.item.create_versions(&mut asks, fresh, secs(self.tag_life), |_| true);
        let look = asks.get(|name| self.item.entry_name(name));
        // In this order: the server tells the life that it has just given only where it was told before to give it.
        look.number(b'N', secs(self.lease)).flags("v c t").end();
        self.item.ask_for_versions(&mut asks, "v c t");
        asks
    }

    /// From the beginning, with new versions: those of before have been sent.
    fn again(&mut self) -> Result<Next, Refusal> {
        if self.attempts >= ATTEMPTS {
            return Err(Refusal::Outrun);
        }
        let fresh = draw_versions(self.item.target.tags.count());
        Ok(Next::Ask(self.look(&fresh)))
    }

    fn looked(&mut self, answers: Responses<'_>) -> Result<Next, Refusal> {
        let tags = &self.item.target.tags;
        let (created, others) = answers.split_at(self.fresh.len());
        let mut answers = others.iter();
        let answer = next(&mut answers)?;
        let told: Vec<_> = answers.collect();
        if told.len() != tags.count() {
            return Err(Refusal::Nonsense);
        }
        if let Some(asks) = self.mend(&told) {
            self.stage = Stage::Mending;
            return Ok(Next::Ask(asks));
        }
        let versions = reading(told.iter().copied());
        let slot = Slot::of(answer);
        let short: Vec<_> =
            told.iter().map(|answer| is_too_short(answer.ttl, secs(self.tag_life) / 2)).collect();
        let token = self.won(&slot, &answer, &versions);
        let lease = token.map_or_else(|| self.item.sight(&slot), Sight::Won);
        let takes = token.is_none() && self.may_take(&lease, &versions);
        let view = View { entry: slot.entry(), unreadable: None, lease, versions };
        match view.versions.complete(tags) {
            Some(versions) if takes => Ok(Next::Ask(self.exchange(&slot, view, versions, &short))),
            None if takes => {
                let failed = created.iter().find(|answer| answer.status == Status::Failed);
                Err(failed.map_or(Refusal::Outrun, super::said))
            }
            _ if short.contains(&true) => {
                let mut asks = Asks::new(tags.count());
                self.item.prolong_versions(&mut asks, secs(self.tag_life), &short);
                self.stage = Stage::Prolonging(view);
                Ok(Next::Ask(asks))
            }
            _ => Ok(acquired(view)),
        }
    }

    /// Replaces what lies in the place of versions and is none.
    fn mend(&self, told: &[Response<'_>]) -> Option<Asks> {
        let is_odd = |answer: &Response<'_>| answer.status == Status::Value && answer.value.len() != 8;
        if !told.iter().any(is_odd) {
            return None;
        }
        let key = self.item.key();
        let (namespace, bucket) = (key.namespace(), key.bucket(self.item.common.buckets));
        let mut asks = Asks::new(told.len());
        for (tag, answer) in self.item.target.tags.iter().zip(told).filter(|(_, answer)| is_odd(answer)) {
            let version = TagVersion::draw(&mut clock::random_bytes);
            let set = asks.set(|name| tag.write_name(namespace, bucket, name), version.as_bytes().len());
            set.number(b'C', answer.cas).number(b'T', secs(self.tag_life)).end_with(&[version.as_bytes()]);
        }
        Some(asks)
    }

    /// The token of a lease that needs no exchange: the look has taken it, or a fetch had.
    fn won(&self, slot: &Slot<'_>, answer: &Response<'_>, versions: &Reading) -> Option<Token> {
        let holder = slot.holder(self.item.server.identity)?;
        if !(answer.won || self.manner == Manner::Held && holder == self.token) {
            return None;
        }
        self.remember(holder, answer.cas, versions.complete(&self.item.target.tags), None);
        Some(holder)
    }

    fn may_take(&self, lease: &Sight, versions: &Reading) -> bool {
        match (self.manner, lease) {
            (Manner::Forced, _) | (_, Sight::Free) => true,
            (_, Sight::Held(lease)) => {
                lease.versions.compare(&self.item.target.tags, versions) == Match::Gone
            }
            _ => false,
        }
    }

    fn exchange(&mut self, slot: &Slot<'_>, mut view: View, versions: Versions, short: &[bool]) -> Asks {
        let tags = &self.item.target.tags;
        let record =
            record_bytes(&LeaseRecord::Held(Lease { token: self.token, versions: versions.clone() }));
        let is_alive = view
            .entry
            .as_ref()
            .is_some_and(|entry| entry.versions.compare(tags, &view.versions) == Match::Alive);
        let kept =
            slot.entry_bytes().filter(|bytes| is_alive && self.item.is_room_for(record.len() + bytes.len()));
        // No longer than this, whatever the server would have given it: it says itself when it was made.
        let entry = kept.and(view.entry.as_ref());
        let keeps_until = entry.map(|entry| clock::coarse_monotonic().saturating_add(entry.ttl.get()));
        let mut asks = Asks::new(1 + tags.count());
        self.item.prolong_versions(&mut asks, secs(self.tag_life), short);
        let kept = kept.unwrap_or_default();
        let exchange = asks.set(|name| self.item.entry_name(name), record.len() + kept.len());
        let exchange = exchange.flags("c").number(b'C', slot.cas).number(b'T', secs(self.lease));
        exchange.end_with(&[&record, kept]);
        view.lease = Sight::Won(self.token);
        self.stage = Stage::Exchanging { view, versions, keeps_until };
        asks
    }

    fn exchanged(
        &mut self,
        view: View,
        versions: Versions,
        keeps_until: Option<Duration>,
        answers: Responses<'_>,
    ) -> Result<Next, Refusal> {
        let answer = answers.iter().last().ok_or(Refusal::Nonsense)?;
        match answer.status {
            Status::Done => {
                self.remember(self.token, answer.cas, Some(versions), keeps_until);
                Ok(acquired(view))
            }
            Status::Exists | Status::Absent | Status::NotStored => self.again(),
            Status::Failed | Status::Confused => Err(super::said(answer)),
            Status::Value | Status::Here => Err(Refusal::Nonsense),
        }
    }

    fn remember(&self, token: Token, cas: u64, versions: Option<Versions>, keeps_until: Option<Duration>) {
        let server = self.item.server.identity;
        let own = Own { server, cas: Some(cas), versions, keeps_until, lease: self.lease };
        self.item.common.leases.put(token, own);
    }
}

fn acquired(view: View) -> Next {
    Next::Reply(Ok(Reply::Acquired(view)))
}
