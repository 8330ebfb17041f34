//! Where a cache keeps its entries, and what each place does for a verb.
//! Leaves calls that may compute to `call`.

use std::fmt;

use hermescache_protocol::{Moment, Namespace};

use crate::{error::Error, memory::Memory, observe::EntryInfo, remote::Remote, scope::Scope, site::Site};

/// Where entries are kept. `Debug` is what it is called.
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
            Self::Memory(memory) => memory.points().of(site).map(drop)?,
            Self::Remote(remote) => remote.points().of(site).map(drop)?,
            Self::Noop => {}
        }
        Ok(())
    }

    /// Makes misses of all entries in a scope, and fences whoever computes one of them.
    pub(crate) fn invalidate(&self, scope: Scope<'_>) -> Result<(), Error> {
        match self {
            Self::Memory(memory) => Ok(memory.invalidate(scope)?),
            Self::Remote(remote) => remote.invalidate(scope),
            Self::Noop => Ok(()),
        }
    }

    /// Lists what a call would hit now.
    pub(crate) fn dump(&self, namespace: &Namespace, now: Moment) -> Result<Vec<EntryInfo>, Error> {
        match self {
            Self::Memory(memory) => {
                Ok(memory.list(namespace, now).into_iter().map(|listed| listed.info).collect())
            }
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
}

/// The twins for tasks. In process nothing waits.
#[cfg(feature = "async")]
impl Engine {
    pub(crate) async fn invalidate_async(&self, scope: Scope<'_>) -> Result<(), Error> {
        match self {
            Self::Remote(remote) => remote.invalidate_async(scope).await,
            Self::Memory(_) | Self::Noop => self.invalidate(scope),
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

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(_) => f.write_str("memory"),
            Self::Remote(remote) => remote.backend().fmt(f),
            Self::Noop => f.write_str("noop"),
        }
    }
}
