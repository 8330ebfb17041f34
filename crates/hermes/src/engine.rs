//! Where a cache keeps its entries, and what each place does for a verb.
//! Leaves calls that may compute to `call`.

use std::{fmt, sync::Arc};

use hermescache_protocol::{Arguments, Key, Moment, Namespace, Point};

use crate::{
    error::Error,
    memory::{
        Memory,
        entries::Entry as StoredEntry,
        key::{Lookup, StoreKey},
    },
    observe::EntryInfo,
    points::Points,
    remote::Remote,
    site::Site,
};

/// Where entries are kept.
#[derive(Debug)]
pub(crate) enum Engine {
    /// In this process.
    Memory(Memory),
    /// In a backend outside of it.
    Remote(Remote),
    /// Nowhere: every call computes.
    Noop,
}

impl Engine {
    /// Makes a function known, unless another one has its point.
    pub(crate) fn register(&self, site: &'static Site) -> Result<(), Error> {
        match self {
            Self::Memory(memory) => known(memory.points(), site).map(drop),
            Self::Remote(remote) => known(remote.points(), site).map(drop),
            Self::Noop => Ok(()),
        }
    }

    /// Takes an entry out, and fences whoever computes it.
    pub(crate) fn invalidate(&self, site: &'static Site, arguments: &Arguments) -> Result<(), Error> {
        self.register(site)?;
        match self {
            Self::Memory(memory) => {
                memory.invalidate(Lookup { site: site.id(), arguments });
                Ok(())
            }
            Self::Remote(remote) => remote.invalidate(&site.point(), arguments),
            Self::Noop => Ok(()),
        }
    }

    /// Makes all entries of a function misses.
    pub(crate) fn clear(&self, site: &'static Site) -> Result<(), Error> {
        match self {
            Self::Memory(memory) => {
                memory.clear(&*known(memory.points(), site)?);
                Ok(())
            }
            Self::Remote(remote) => remote.clear(&*known(remote.points(), site)?),
            Self::Noop => Ok(()),
        }
    }

    /// Makes all entries with one of these tags misses.
    pub(crate) fn clean(&self, tags: &[Box<str>]) -> Result<(), Error> {
        match self {
            Self::Memory(memory) => {
                tags.iter().for_each(|tag| memory.clean(tag));
                Ok(())
            }
            Self::Remote(remote) => remote.clean(tags),
            Self::Noop => Ok(()),
        }
    }

    /// Makes all entries misses.
    pub(crate) fn clean_all(&self) -> Result<(), Error> {
        match self {
            Self::Memory(memory) => {
                memory.clean_all();
                Ok(())
            }
            Self::Remote(remote) => remote.clean_all(),
            Self::Noop => Ok(()),
        }
    }

    /// Lists what a call would hit now.
    pub(crate) fn dump(&self, namespace: &Namespace, now: Moment) -> Result<Vec<EntryInfo>, Error> {
        match self {
            Self::Memory(memory) => Ok(dump_memory(memory, namespace, now)),
            Self::Remote(remote) => remote.dump(now),
            Self::Noop => Ok(Vec::new()),
        }
    }

    /// How often there was no answer so far.
    pub(crate) fn faults(&self) -> u64 {
        match self {
            Self::Remote(remote) => remote.faults(),
            Self::Memory(_) | Self::Noop => 0,
        }
    }

    /// What to call it.
    pub(crate) fn name(&self) -> &dyn fmt::Debug {
        match self {
            Self::Memory(_) => &"memory",
            Self::Remote(remote) => remote.backend(),
            Self::Noop => &"noop",
        }
    }
}

/// The twins for tasks. In process nothing waits.
#[cfg(feature = "async")]
impl Engine {
    pub(crate) async fn invalidate_async(
        &self,
        site: &'static Site,
        arguments: &Arguments,
    ) -> Result<(), Error> {
        match self {
            Self::Remote(remote) => {
                self.register(site)?;
                remote.invalidate_async(&site.point(), arguments).await
            }
            Self::Memory(_) | Self::Noop => self.invalidate(site, arguments),
        }
    }

    pub(crate) async fn clear_async(&self, site: &'static Site) -> Result<(), Error> {
        match self {
            Self::Remote(remote) => remote.clear_async(&*known(remote.points(), site)?).await,
            Self::Memory(_) | Self::Noop => self.clear(site),
        }
    }

    pub(crate) async fn clean_async(&self, tags: &[Box<str>]) -> Result<(), Error> {
        match self {
            Self::Remote(remote) => remote.clean_async(tags).await,
            Self::Memory(_) | Self::Noop => self.clean(tags),
        }
    }

    pub(crate) async fn clean_all_async(&self) -> Result<(), Error> {
        match self {
            Self::Remote(remote) => remote.clean_all_async().await,
            Self::Memory(_) | Self::Noop => self.clean_all(),
        }
    }

    pub(crate) async fn dump_async(
        &self,
        namespace: &Namespace,
        now: Moment,
    ) -> Result<Vec<EntryInfo>, Error> {
        match self {
            Self::Remote(remote) => remote.dump_async(now).await,
            Self::Memory(_) | Self::Noop => self.dump(namespace, now),
        }
    }
}

/// What is kept for a function, which registers it.
pub(crate) fn known<S: From<Point>>(points: &Points<S>, site: &'static Site) -> Result<Arc<S>, Error> {
    points.of(site).map_err(|twice| Error::config(format!("registering {site}"), twice))
}

fn dump_memory(memory: &Memory, namespace: &Namespace, now: Moment) -> Vec<EntryInfo> {
    let mut found = Vec::new();
    memory.for_each_fresh(now, |key: &StoreKey, entry: &StoredEntry| {
        let tags = entry.tags().map(str::to_owned).collect();
        found.push((key.clone(), tags, entry.expires().since(now), entry.payload().size_bytes()));
    });
    let info = |(key, tags, ttl_left, size_bytes): (StoreKey, _, _, _)| {
        let state = memory.points().by_id(key.site())?;
        let key = Key::from_encoded(namespace, state.point(), key.arguments());
        Some(EntryInfo { key, tags, ttl_left, size_bytes })
    };
    found.into_iter().filter_map(info).collect()
}
