//! One function that uses the cache: its counter, and the tags that its entries share.
//! Knows nothing of its entries.

use std::sync::{Arc, Weak};

use hermescache_protocol::Point;

use super::tags::{Cell, Group, TagTable};
use crate::shim::{Mutex, lock};

/// What a cache knows of one function.
#[derive(Debug)]
pub(crate) struct PointState {
    point: Point,
    cell: Arc<Cell>,
    /// Most functions give all their entries the same tags; these share one group.
    last_group: Mutex<Weak<Group>>,
}

impl From<Point> for PointState {
    fn from(point: Point) -> Self {
        Self { point, cell: TagTable::implicit(), last_group: Mutex::default() }
    }
}

impl PointState {
    /// The function's implicit tag.
    pub(crate) fn cell(&self) -> &Cell {
        &self.cell
    }

    /// What names the function in keys.
    pub(crate) fn point(&self) -> &Point {
        &self.point
    }

    /// A group with these tags that holds now: the last one if it does, else a new one.
    pub(crate) fn group(&self, tags: &[Box<str>], make: impl FnOnce(&Arc<Cell>) -> Arc<Group>) -> Arc<Group> {
        let last = lock(&self.last_group).upgrade();
        // Their texts are compared: to hash so few costs more.
        let has_tags = |group: &Group| group.tags().eq(tags.iter().map(|tag| &**tag));
        if let Some(last) = last.filter(|last| has_tags(last) && last.holds()) {
            return last;
        }
        let group = make(&self.cell);
        *lock(&self.last_group) = Arc::downgrade(&group);
        group
    }
}
