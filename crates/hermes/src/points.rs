//! The functions that use a cache, and that no two of them share a point.
//! Knows nothing of what an engine keeps for each.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use hermescache_protocol::Point;

use crate::{
    error::Error,
    site::{Site, SiteId},
};

/// All functions that have used a cache, with what its engine keeps for each.
#[derive(Debug)]
pub(crate) struct Points<S> {
    known: RwLock<Known<S>>,
}

#[derive(Debug)]
struct Known<S> {
    by_site: HashMap<SiteId, Arc<S>>,
    by_label: HashMap<Box<str>, &'static Site>,
}

impl<S> Default for Points<S> {
    fn default() -> Self {
        Self { known: RwLock::new(Known { by_site: HashMap::new(), by_label: HashMap::new() }) }
    }
}

impl<S: From<Point>> Points<S> {
    /// What is kept for a function; made when it first uses the cache.
    ///
    /// # Errors
    /// [`SharedPoint`] if another function has the same point.
    pub(crate) fn of(&self, site: &'static Site) -> Result<Arc<S>, SharedPoint> {
        if let Some(state) = self.by_id(site.id()) {
            return Ok(state);
        }
        let point = site.point();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let owner = *known.by_label.entry(point.label().into()).or_insert(site);
        if owner.id() != site.id() {
            return Err(SharedPoint { first: owner, second: site });
        }
        let state = known.by_site.entry(site.id()).or_insert_with(|| Arc::new(S::from(point)));
        Ok(Arc::clone(state))
    }

    /// What is kept for a function that has used the cache before.
    pub(crate) fn by_id(&self, site: SiteId) -> Option<Arc<S>> {
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

impl From<SharedPoint> for Error {
    fn from(shared: SharedPoint) -> Self {
        Self::config(format!("registering {}", shared.second), shared)
    }
}
