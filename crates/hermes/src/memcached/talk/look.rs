//! Fetches: a look at the slot and the versions. Where a call is to be served and there is neither a lease nor an entry under
//! versions that live, the look takes the lease: an empty slot with the first trip, one with a stale entry with a second.

use std::time::Duration;

use hermescache_protocol::{Match, Purpose, Reading, Reply, Sight, View};

use super::{Item, Next, Refusal, draw_versions, next, reading};
use crate::memcached::{
    leases::Own,
    lives::secs,
    meta::{Asks, Responses, Status},
    slot::{Holds, Slot},
};

#[derive(Debug)]
pub(super) struct Look<'c> {
    item: Item<'c>,
    purpose: Purpose,
    lease: Duration,
    tag_life: Duration,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Looking,
    /// In the place of a stale entry; what comes before its answer.
    Exchanging {
        created: usize,
    },
}

impl<'c> Look<'c> {
    pub(super) fn begin(
        item: Item<'c>,
        purpose: Purpose,
        lease: Duration,
        tag_life: Duration,
    ) -> (Self, Asks) {
        let mut asks = Asks::new(1 + item.target.tags.count());
        let look = asks.get(|name| item.entry_name(name));
        match purpose {
            Purpose::Peek => look.flags("v c").end(),
            Purpose::Read => look.number(b'N', secs(lease)).flags("v c").end(),
            Purpose::Follow => look.flags("v c t").end(),
        }
        item.ask_for_versions(&mut asks, "v");
        (Self { item, purpose, lease, tag_life, stage: Stage::Looking }, asks)
    }

    pub(super) fn hear(&mut self, answers: Responses<'_>) -> Result<Next, Refusal> {
        match self.stage {
            Stage::Looking => self.looked(answers),
            Stage::Exchanging { created } => self.exchanged(created, answers),
        }
    }

    fn looked(&mut self, answers: Responses<'_>) -> Result<Next, Refusal> {
        let mut answers = answers.iter();
        let answer = next(&mut answers)?;
        let versions = reading(answers);
        let slot = Slot::of(answer);
        if answer.won {
            return Ok(self.won(answer.cas, versions));
        }
        let (entry, unreadable) =
            slot.read_entry().map_or_else(|why| (None, Some(why)), |entry| (entry, None));
        if let (Purpose::Read, Holds::Entry(_)) = (self.purpose, &slot.holds) {
            let is_alive = |entry: &hermescache_protocol::Entry| {
                entry.versions.compare(&self.item.target.tags, &versions) == Match::Alive
            };
            if !entry.as_ref().is_some_and(is_alive) {
                return Ok(Next::Ask(self.exchange(slot.cas, &versions)));
            }
        }
        let lease = match (self.purpose, &slot.holds) {
            (Purpose::Peek, _) | (Purpose::Read, Holds::Nothing | Holds::Entry(_)) => Sight::NotAsked,
            _ => self.item.sight(&slot),
        };
        Ok(Next::Reply(Ok(Reply::Fetched(View { entry, unreadable, lease, versions }))))
    }

    /// Puts the lease in the place of an entry that nobody is served any more, and what is missing in that of the versions.
    fn exchange(&mut self, cas: u64, versions: &Reading) -> Asks {
        let tags = &self.item.target.tags;
        let mut asks = Asks::new(1 + 2 * tags.count());
        if versions.complete(tags).is_none() {
            self.item.create_versions(&mut asks, &draw_versions(tags.count()), secs(self.tag_life), |_| true);
        }
        self.stage = Stage::Exchanging { created: asks.count() };
        let exchange = asks.set(|name| self.item.entry_name(name), 0);
        exchange.flags("c").number(b'C', cas).number(b'T', secs(self.lease)).end_with(&[]);
        self.item.ask_for_versions(&mut asks, "v");
        asks
    }

    fn exchanged(&self, created: usize, answers: Responses<'_>) -> Result<Next, Refusal> {
        let mut answers = answers.split_at(created).1.iter();
        let answer = next(&mut answers)?;
        let versions = reading(answers);
        if answer.status == Status::Done {
            return Ok(self.won(answer.cas, versions));
        }
        Ok(Next::Reply(Ok(Reply::Fetched(View {
            entry: None,
            unreadable: None,
            lease: Sight::NotAsked,
            versions,
        }))))
    }

    fn won(&self, cas: u64, versions: Reading) -> Next {
        let identity = self.item.server.identity;
        let token = identity.token(cas);
        let own = Own {
            server: identity,
            cas: Some(cas),
            versions: versions.complete(&self.item.target.tags),
            keeps_until: None,
            lease: self.lease,
        };
        self.item.common.leases.put(token, own);
        Next::Reply(Ok(Reply::Fetched(View {
            entry: None,
            unreadable: None,
            lease: Sight::Won(token),
            versions,
        })))
    }
}
