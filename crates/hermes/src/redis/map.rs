//! Which server has which keys, as far as it is known, and when to ask anew.
//! Asks nobody.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hermescache_protocol::Bucket;

use super::{address::Address, node::Node};

/// A map that a server has shown to be old is drawn anew, but not more often than this.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// The server of each bucket, by the bucket's number; a single one has all keys.
pub(super) type Owners = Vec<Option<Arc<Node>>>;

/// Which server has which keys.
#[derive(Default)]
pub(super) struct Map {
    /// Empty as long as nobody has told.
    owners: Owners,
    is_old: bool,
    /// When somebody went to ask.
    asked: Option<Instant>,
    /// Who told it.
    told_by: Option<Address>,
    /// Who did not answer, or was no master.
    lost: Option<Address>,
}

impl Map {
    /// The server that has the keys, if that is known and not in doubt.
    pub(super) fn owner(&self, bucket: Bucket) -> Option<&Arc<Node>> {
        self.latest_owner(bucket).filter(|_| !self.is_old)
    }

    /// The server that had the keys when this was told.
    pub(super) fn latest_owner(&self, bucket: Bucket) -> Option<&Arc<Node>> {
        self.owners.get(place_of(bucket))?.as_ref()
    }

    /// Whether to ask for a new map before a bucket's server is sought in this one. Where another has just gone to
    /// ask, the old map has to do.
    pub(super) fn takes_turn_to_ask(&mut self, bucket: Bucket, now: Instant) -> bool {
        let has_just_asked =
            self.asked.is_some_and(|asked| now.saturating_duration_since(asked) < DRAWN_EVERY);
        let asks = match self.latest_owner(bucket) {
            Some(_) => self.is_old && !has_just_asked,
            // A map without this part of the keys is no better a moment later.
            None => self.owners.is_empty() || !has_just_asked,
        };
        if asks {
            self.asked = Some(now);
        }
        asks
    }

    /// All servers that have keys.
    pub(super) fn owners(&self) -> Vec<Arc<Node>> {
        let mut owners: Vec<Arc<Node>> = Vec::new();
        for owner in self.owners.iter().flatten() {
            if !owners.iter().any(|other| Arc::ptr_eq(other, owner)) {
                owners.push(Arc::clone(owner));
            }
        }
        owners
    }

    /// Takes note of what was told.
    pub(super) fn draw(&mut self, owners: Owners, told_by: &Address) {
        self.owners = owners;
        self.is_old = false;
        self.told_by = Some(told_by.clone());
        self.lost = None;
    }

    /// A server said that another one has a bucket: that much is known, and who else has moved is not. Tells whether
    /// it was not known before, as it is to those that had asked at the same time.
    pub(super) fn correct(&mut self, bucket: Bucket, from: &Node, owner: Arc<Node>) -> bool {
        let Some(place) = self.owners.get_mut(place_of(bucket)) else { return true };
        let is_news = place.as_ref().is_none_or(|known| known.address == from.address);
        *place = Some(owner);
        self.is_old |= is_news;
        is_news
    }

    /// A server did not answer, or is no master any more.
    pub(super) fn doubt(&mut self, lost: &Address) {
        self.is_old = true;
        self.lost = Some(lost.clone());
    }

    /// Whether others are to be asked first: who told the map that proved wrong, or is lost, may know no better now.
    pub(super) fn mistrusts(&self, guide: &Address) -> bool {
        [&self.told_by, &self.lost].into_iter().any(|other| other.as_ref() == Some(guide))
    }
}

fn place_of(bucket: Bucket) -> usize {
    usize::from(bucket.number().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock, redis::address::Access};

    fn map_with_one_owner() -> Map {
        let address = Address::Tcp("10.0.0.1".into(), 7000);
        let node = Arc::new(Node::new(address.clone(), &Access::to_any()).unwrap());
        let mut map = Map::default();
        map.draw(vec![Some(node)], &address);
        map
    }

    #[test]
    fn one_of_many_asks_for_an_old_map() {
        let (mut map, now) = (map_with_one_owner(), clock::instant());
        let bucket = Bucket::default();
        assert!(!map.takes_turn_to_ask(bucket, now));
        map.doubt(&Address::Tcp("10.0.0.1".into(), 7000));
        assert!(map.owner(bucket).is_none());
        assert!(map.takes_turn_to_ask(bucket, now));
        assert!(!map.takes_turn_to_ask(bucket, now));
        assert!(map.latest_owner(bucket).is_some());
        assert!(map.takes_turn_to_ask(bucket, now + DRAWN_EVERY));
    }

    #[test]
    fn everybody_asks_for_the_first_map() {
        let (mut map, now) = (Map::default(), clock::instant());
        assert!(map.takes_turn_to_ask(Bucket::default(), now));
        assert!(map.takes_turn_to_ask(Bucket::default(), now));
    }
}
