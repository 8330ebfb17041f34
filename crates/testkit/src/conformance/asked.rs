//! A cache whose verbs are the blocking ones or their twins, so that a story is written once and told in both manners.
//! A thin coat: names and meanings are those of `hermes::Cache`.

use std::{fmt, ops::Deref, time::Duration};

use hermes::{Cache, EntryInfo, Error, Explanation, Keeps, Stored, Value};

use super::voice::{Voice, in_voice};

/// A cache under test.
#[derive(Debug, Clone)]
pub(super) struct AskedCache {
    cache: Cache,
    voice: Voice,
}

/// One of its entries.
pub(super) struct AskedEntry<'c> {
    entry: hermes::Entry<'c, Stored>,
    voice: Voice,
}

impl AskedCache {
    pub(super) fn new(cache: Cache, voice: Voice) -> Self {
        Self { cache, voice }
    }

    /// How it is spoken to.
    #[cfg(feature = "macros")]
    pub(super) fn voice(&self) -> Voice {
        self.voice
    }

    pub(super) fn entry(&self, name: impl AsRef<str>) -> AskedEntry<'_> {
        AskedEntry { entry: self.cache.entry(name), voice: self.voice }
    }

    pub(super) fn clean(&self, tags: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), Error> {
        in_voice!(self.voice, self.cache.clean(tags), self.cache.clean_async(tags))
    }

    pub(super) fn clean_all(&self) -> Result<(), Error> {
        in_voice!(self.voice, self.cache.clean_all(), self.cache.clean_all_async())
    }

    pub(super) fn dump(&self) -> Result<Vec<EntryInfo>, Error> {
        in_voice!(self.voice, self.cache.dump(), self.cache.dump_async())
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
        let Self { entry, voice } = self;
        in_voice!(voice, entry.get_or_compute(loader), entry.get_or_compute_async(|| async move { loader() }))
    }

    pub(super) fn get_or_try_compute<V: Value, E>(
        &self,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E>
    where
        Stored: Keeps<V>,
    {
        let Self { entry, voice } = self;
        in_voice!(
            voice,
            entry.get_or_try_compute(loader),
            entry.get_or_try_compute_async(|| async move { loader() })
        )
    }

    pub(super) fn get<V: Value>(&self) -> Option<V>
    where
        Stored: Keeps<V>,
    {
        in_voice!(self.voice, self.entry.get(), self.entry.get_async())
    }

    pub(super) fn explain<V: Value>(&self) -> Explanation
    where
        Stored: Keeps<V>,
    {
        in_voice!(self.voice, self.entry.explain::<V>(), self.entry.explain_async::<V>())
    }

    pub(super) fn set<V: Value>(&self, value: V) -> Result<(), Error>
    where
        Stored: Keeps<V>,
    {
        in_voice!(self.voice, self.entry.set(value), self.entry.set_async(value))
    }

    pub(super) fn invalidate(&self) -> Result<(), Error> {
        in_voice!(self.voice, self.entry.invalidate(), self.entry.invalidate_async())
    }
}

impl fmt::Debug for AskedEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entry.fmt(f)
    }
}
