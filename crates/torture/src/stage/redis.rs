//! One Redis server behind a proxy. The cache comes in as a user who may touch nothing outside of its namespace, so that the server
//! itself tells of a command that did.

use std::sync::OnceLock;

use hermes_testkit::{Proxy, Redis};

use super::{
    Fault, NAMESPACE, Stage,
    neighbours::Neighbours,
    network::{self, A_MOMENT},
};
use crate::clock::pass;

/// The server's own words for a user of the name of the namespace, who may do everything to what is under it, and nothing else.
pub(super) const USER: [&str; 6] = ["--user", NAMESPACE, "on", ">secret", "~torture:*", "+@all"];

/// The URL with that user in it.
pub(super) fn as_user(url: &str) -> String {
    url.replacen("://", &format!("://{NAMESPACE}:secret@"), 1)
}

pub(super) fn open() -> Box<dyn Stage> {
    let redis = Redis::with(&USER);
    let proxies = [Proxy::to(redis.address())];
    Box::new(Single { redis, proxies, neighbours: OnceLock::new() })
}

struct Single {
    redis: Redis,
    proxies: [Proxy; 1],
    neighbours: OnceLock<Neighbours>,
}

impl Stage for Single {
    fn url(&self) -> String {
        as_user(&self.proxies[0].url_for("redis"))
    }

    fn faults(&self) -> Vec<Fault<'_>> {
        let redis = &self.redis;
        let of_the_server = [
            Fault::new("restart", |dice| {
                redis.kill();
                pass(dice.span(A_MOMENT));
                redis.start_again();
            })
            .that_loses(),
            // Back to what was there a moment ago, as if what was invalidated since had not been.
            Fault::new("restore", |dice| {
                redis.command(&["SAVE"]);
                pass(dice.span(A_MOMENT));
                redis.start_again();
            })
            .that_loses(),
            Fault::new("freeze", |dice| redis.freeze_while(|| pass(2 * dice.span(A_MOMENT)))),
            Fault::new("client-kill", |_| redis.kill_clients()),
            Fault::new("flush", |_| redis.flush_all()).that_loses(),
            Fault::new("evict", |_| redis.evict()).that_loses(),
        ];
        of_the_server.into_iter().chain(network::faults(&self.proxies)).collect()
    }

    fn settle_neighbours(&self) {
        let put = |name: &str| drop(self.redis.command(&["SET", name, name]));
        self.neighbours.get_or_init(|| Neighbours::settle(&self.redis.url(), put));
    }

    fn harm_to_neighbours(&self, lost: bool) -> Vec<String> {
        let Some(neighbours) = self.neighbours.get() else { return Vec::new() };
        let mut harm = neighbours.harm(lost, |name| look(&self.redis, name));
        harm.extend(trespasses(&self.redis));
        harm
    }
}

/// The value of a key, if it is there.
pub(super) fn look(redis: &Redis, name: &str) -> Option<String> {
    let found = redis.command(&["GET", name]);
    (!found.is_nil()).then(|| String::from_utf8_lossy(found.bytes()).into_owned())
}

/// What the server refused the cache, since it is none of its business.
pub(super) fn trespasses(redis: &Redis) -> Option<String> {
    let refused = redis.command(&["ACL", "LOG"]);
    (!refused.list().is_empty())
        .then(|| format!("the server refused what is outside of the namespace: {refused:?}"))
}
