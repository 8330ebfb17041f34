//! A cache whose verbs are the blocking ones or their twins, so that a story is written once and told in both manners.
//! A thin coat: names and meanings are those of `hermes::Cache`.

use std::{fmt, ops::Deref, time::Duration};

use hermes::{Cache, EntryInfo, Error, Keeps, Stored, Value};

use super::manner::{Manner, in_manner};

/// A cache under test.
#[derive(Debug, Clone)]
pub(super) struct AskedCache {
    cache: Cache,
    manner: Manner,
}

/// One of its entries.
pub(super) struct AskedEntry<'c> {
    entry: hermes::Entry<'c, Stored>,
    manner: Manner,
}

impl AskedCache {
    pub(super) fn new(cache: Cache, manner: Manner) -> Self {
        Self { cache, manner }
    }

    /// How it is spoken to.
    #[cfg(feature = "macros")]
    pub(super) fn manner(&self) -> Manner {
        self.manner
    }

    pub(super) fn entry(&self, name: impl AsRef<str>) -> AskedEntry<'_> {
        AskedEntry { entry: self.cache.entry(name), manner: self.manner }
    }

    pub(super) fn clean(&self, tags: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), Error> {
        in_manner!(self.manner, self.cache.clean(tags), self.cache.clean_async(tags))
    }

    pub(super) fn clean_all(&self) -> Result<(), Error> {
        in_manner!(self.manner, self.cache.clean_all(), self.cache.clean_all_async())
    }

    pub(super) fn dump(&self) -> Result<Vec<EntryInfo>, Error> {
        in_manner!(self.manner, self.cache.dump(), self.cache.dump_async())
    }
}

/// What needs no twin.
impl Deref for AskedCache {
    type Target = Cache;

    fn deref(&self) -> &Cache {
        &self.cache
    }
}

impl AskedEntry<'_> {
    pub(super) fn tags(self, tags: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self { entry: self.entry.tags(tags), ..self }
    }

    pub(super) fn ttl(self, ttl: Duration) -> Self {
        Self { entry: self.entry.ttl(ttl), ..self }
    }

    pub(super) fn get_or_compute<V: Value>(&self, loader: impl FnOnce() -> V) -> V
    where
        Stored: Keeps<V>,
    {
        let Self { entry, manner } = self;
        in_manner!(
            manner,
            entry.get_or_compute(loader),
            entry.get_or_compute_async(|| async move { loader() })
        )
    }

    pub(super) fn get_or_try_compute<V: Value, E>(
        &self,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E>
    where
        Stored: Keeps<V>,
    {
        let Self { entry, manner } = self;
        in_manner!(
            manner,
            entry.get_or_try_compute(loader),
            entry.get_or_try_compute_async(|| async move { loader() })
        )
    }

    pub(super) fn get<V: Value>(&self) -> Option<V>
    where
        Stored: Keeps<V>,
    {
        in_manner!(self.manner, self.entry.get(), self.entry.get_async())
    }

    pub(super) fn set<V: Value>(&self, value: V) -> Result<(), Error>
    where
        Stored: Keeps<V>,
    {
        in_manner!(self.manner, self.entry.set(value), self.entry.set_async(value))
    }

    pub(super) fn invalidate(&self) -> Result<(), Error> {
        in_manner!(self.manner, self.entry.invalidate(), self.entry.invalidate_async())
    }
}

impl fmt::Debug for AskedEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entry.fmt(f)
    }
}
