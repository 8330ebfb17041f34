//! A cache used by a thread or by a task, so that a test can ask the same of both.
//! Decides nothing: each verb is the cache's own, or its twin.
#![allow(dead_code, clippy::unwrap_used, reason = "tests, each of which uses a part of it")]

use hermes::{Cache, EntryInfo, Error};

/// A cache and who calls it.
pub(crate) struct User {
    pub(crate) cache: Cache,
    by: By,
}

/// How a cache is called.
enum By {
    Thread,
    #[cfg(feature = "async")]
    Task(tokio::runtime::Runtime),
}

impl User {
    /// Calls the blocking verbs.
    pub(crate) fn thread(cache: &Cache) -> Self {
        Self { cache: cache.clone(), by: By::Thread }
    }

    /// Calls the async verbs, in a runtime of its own.
    #[cfg(feature = "async")]
    pub(crate) fn task(cache: &Cache) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { cache: cache.clone(), by: By::Task(runtime) }
    }

    /// One of each kind, with a cache of its own. Nothing of one is seen by the other.
    pub(crate) fn both(url: &str) -> Vec<Self> {
        let cache = |namespace| Cache::builder().url(url).namespace(namespace).build().unwrap();
        vec![
            Self::thread(&cache("thread")),
            #[cfg(feature = "async")]
            Self::task(&cache("task")),
        ]
    }

    /// One of each kind, of one cache.
    pub(crate) fn both_of(cache: &Cache) -> Vec<Self> {
        vec![
            Self::thread(cache),
            #[cfg(feature = "async")]
            Self::task(cache),
        ]
    }

    pub(crate) fn get(&self, name: &str, tags: &[&str], loader: impl FnOnce() -> u64) -> u64 {
        let entry = self.cache.entry(name).tags(tags);
        match &self.by {
            By::Thread => entry.get_or_compute(loader),
            #[cfg(feature = "async")]
            By::Task(runtime) => runtime.block_on(entry.get_or_compute_async(async || loader())),
        }
    }

    pub(crate) fn peek(&self, name: &str, tags: &[&str]) -> Option<u64> {
        let entry = self.cache.entry(name).tags(tags);
        match &self.by {
            By::Thread => entry.get(),
            #[cfg(feature = "async")]
            By::Task(runtime) => runtime.block_on(entry.get_async()),
        }
    }

    pub(crate) fn set(&self, name: &str, tags: &[&str], value: u64) -> Result<(), Error> {
        let entry = self.cache.entry(name).tags(tags);
        match &self.by {
            By::Thread => entry.set(value),
            #[cfg(feature = "async")]
            By::Task(runtime) => runtime.block_on(entry.set_async(value)),
        }
    }

    pub(crate) fn invalidate(&self, name: &str) -> Result<(), Error> {
        let entry = self.cache.entry(name);
        match &self.by {
            By::Thread => entry.invalidate(),
            #[cfg(feature = "async")]
            By::Task(runtime) => runtime.block_on(entry.invalidate_async()),
        }
    }

    pub(crate) fn clean(&self, tags: &[&str]) -> Result<(), Error> {
        match &self.by {
            By::Thread => self.cache.clean(tags),
            #[cfg(feature = "async")]
            By::Task(runtime) => runtime.block_on(self.cache.clean_async(tags)),
        }
    }

    pub(crate) fn clean_all(&self) -> Result<(), Error> {
        match &self.by {
            By::Thread => self.cache.clean_all(),
            #[cfg(feature = "async")]
            By::Task(runtime) => runtime.block_on(self.cache.clean_all_async()),
        }
    }

    pub(crate) fn dump(&self) -> Result<Vec<EntryInfo>, Error> {
        match &self.by {
            By::Thread => self.cache.dump(),
            #[cfg(feature = "async")]
            By::Task(runtime) => runtime.block_on(self.cache.dump_async()),
        }
    }

    /// What a call gives where whoever computes gives `fresh`, and whether it was a hit.
    pub(crate) fn is_hit(&self, name: &str, tags: &[&str]) -> bool {
        let mut computed = false;
        self.get(name, tags, || {
            computed = true;
            0
        });
        !computed
    }
}
