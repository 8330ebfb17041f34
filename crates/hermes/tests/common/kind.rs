//! The kinds of server that a story is told of where it is the same on each.
//! What only one of them can do is the affair of its own tests.

use std::ops::Deref;

use hermes::Cache;
use hermes_testkit::{Memcached, Proxy, Redis, Server};

use super::{Way, cache};

pub trait Kind: Deref<Target = Server> + Sync {
    /// That of its URLs.
    const SCHEME: &'static str;

    /// Starts one as most stories want it.
    fn start() -> Self;

    /// How many clients it has, but for the one that asks.
    fn clients(&self) -> usize;

    fn url(&self) -> String {
        format!("{}://{}", Self::SCHEME, self.address())
    }
}

impl Kind for Redis {
    const SCHEME: &'static str = "redis";

    fn start() -> Self {
        Self::start()
    }

    fn clients(&self) -> usize {
        self.command(&["CLIENT", "LIST"]).text().lines().count() - 1
    }
}

impl Kind for Memcached {
    const SCHEME: &'static str = "memcached";

    fn start() -> Self {
        Self::start()
    }

    fn clients(&self) -> usize {
        let stats = self.command("stats");
        let count = stats.lines().find_map(|line| line.strip_prefix("STAT curr_connections "));
        // One is the socket that it listens on, in the count of this version; its own is another.
        count.unwrap().trim().parse::<usize>().unwrap().saturating_sub(2)
    }
}

/// A server that has an entry of the value 1, and the cache that put it there.
pub fn with_an_entry<S: Kind>(way: Way, parameters: &str) -> (S, Cache) {
    let server = S::start();
    let cache = cache(&format!("{}{parameters}", server.url()));
    way.set(&cache, "k", 1).unwrap();
    assert_eq!(way.get(&cache, "k"), Some(1));
    (server, cache)
}

/// A server, the way to it, and a cache that goes there.
pub fn behind_a_proxy<S: Kind>(parameters: &str) -> (S, Proxy, Cache) {
    let server = S::start();
    let proxy = Proxy::to(server.address());
    let cache = cache(&format!("{}{parameters}", proxy.url_for(S::SCHEME)));
    (server, proxy, cache)
}
