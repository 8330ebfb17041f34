//! The functions that use a cache: their counters, and that no two share a point.
//! Knows nothing of their entries.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock, Weak},
};

use hermescache_protocol::Point;

use super::tags::{Cell, Group, NamesHash, TagTable};
use crate::{
    shim::{Mutex, lock},
    site::{Site, SiteId},
};

/// What a cache knows of one function.
#[derive(Debug)]
pub(crate) struct PointState {
    point: Point,
    cell: Arc<Cell>,
    /// Most functions give all their entries the same tags; these share one group.
    last_group: Mutex<Weak<Group>>,
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
    pub(crate) fn group(&self, names: NamesHash, make: impl FnOnce(&Arc<Cell>) -> Arc<Group>) -> Arc<Group> {
        let last = lock(&self.last_group).upgrade();
        if let Some(last) = last.filter(|last| last.names() == names && last.holds()) {
            return last;
        }
        let group = make(&self.cell);
        *lock(&self.last_group) = Arc::downgrade(&group);
        group
    }
}

/// All functions that have used this cache.
#[derive(Debug, Default)]
pub(crate) struct Points {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_site: HashMap<SiteId, Arc<PointState>>,
    by_label: HashMap<Box<str>, &'static Site>,
}

impl Points {
    /// The state of a function; made when it first uses the cache.
    ///
    /// # Errors
    /// [`SharedPoint`] if another function has the same point.
    pub(crate) fn of(&self, site: &'static Site) -> Result<Arc<PointState>, SharedPoint> {
        if let Some(state) = self.by_id(site.id()) {
            return Ok(state);
        }
        let point = site.point();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let owner = *known.by_label.entry(point.label().into()).or_insert(site);
        if owner.id() != site.id() {
            return Err(SharedPoint { first: owner, second: site });
        }
        let fresh =
            || Arc::new(PointState { point, cell: TagTable::implicit(), last_group: Mutex::default() });
        Ok(Arc::clone(known.by_site.entry(site.id()).or_insert_with(fresh)))
    }

    /// The state of a function that has used the cache before.
    pub(crate) fn by_id(&self, site: SiteId) -> Option<Arc<PointState>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).by_site.get(&site).cloned()
    }
}

/// Two cached functions have one point, so they would take each other's entries for their own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SharedPoint {
    first: &'static Site,
    second: &'static Site,
}

impl fmt::Display for SharedPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, second } = self;
        write!(
            f,
            "the cached functions {first} and {second} have one name in this cache, so the second is never cached; \
             set `name = \"…\"` on one of them"
        )
    }
}

impl std::error::Error for SharedPoint {}
