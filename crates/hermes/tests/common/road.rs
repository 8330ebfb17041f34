//! The way to a server, on which round trips are counted.

use hermes::{Cache, Error};
use hermes_testkit::Proxy;

use super::{
    Way,
    kind::{Kind, behind_a_proxy},
    run,
};

/// A server, the way to it, and a cache whose connection is open.
pub struct Road<S> {
    _server: S,
    pub proxy: Proxy,
    pub cache: Cache,
    way: Way,
}

impl<S: Kind> Road<S> {
    pub fn of(way: Way) -> Self {
        let (server, proxy, cache) = behind_a_proxy::<S>("");
        way.compute(&cache, "warm", 1);
        // A server that has scripts learns them all.
        way.try_compute(&cache, "fails", || Err(())).unwrap_err();
        Self { _server: server, proxy, cache, way }
    }

    pub fn trips<T>(&self, story: impl FnOnce(&Cache) -> T) -> usize {
        let before = self.proxy.round_trips();
        story(&self.cache);
        self.proxy.round_trips() - before
    }

    pub fn compute(&self, name: &str, tags: &[String]) -> usize {
        self.trips(|cache| {
            let entry = cache.entry(name).tags(tags);
            match self.way {
                Way::Blocking => entry.get_or_compute(|| 1),
                Way::Async => run(entry.get_or_compute_async(async || 1)),
            }
        })
    }

    pub fn set(&self, tags: &[String]) -> usize {
        self.trips(|cache| {
            let entry = cache.entry("k").tags(tags);
            let done: Result<(), Error> = match self.way {
                Way::Blocking => entry.set(1),
                Way::Async => run(entry.set_async(1)),
            };
            done.unwrap();
        })
    }

    pub fn clean(&self, tags: &[String]) -> usize {
        self.trips(|cache| {
            let done = match self.way {
                Way::Blocking => cache.clean(tags),
                Way::Async => run(cache.clean_async(tags)),
            };
            done.unwrap();
        })
    }
}
