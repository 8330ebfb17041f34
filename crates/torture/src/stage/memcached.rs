//! Two memcached servers, each behind a proxy.

use std::sync::OnceLock;

use hermes_testkit::{Memcached, Proxy};

use super::{
    Fault, Stage,
    neighbours::Neighbours,
    network::{self, A_MOMENT},
};
use crate::clock::pass;

/// So that it can be filled.
const SMALL: [&str; 2] = ["-m", "3"];

pub(super) fn open() -> Box<dyn Stage> {
    let servers = [Memcached::with(&SMALL), Memcached::with(&SMALL)];
    let proxies = servers.each_ref().map(|server| Proxy::to(server.address()));
    Box::new(Two { servers, proxies, neighbours: OnceLock::new() })
}

struct Two {
    servers: [Memcached; 2],
    proxies: [Proxy; 2],
    neighbours: OnceLock<Neighbours>,
}

impl Stage for Two {
    fn url(&self) -> String {
        let [one, other] = self.proxies.each_ref().map(Proxy::address);
        format!("memcached://{one},{other}")
    }

    fn faults(&self) -> Vec<Fault<'_>> {
        let servers = &self.servers;
        let of_the_servers = [
            Fault::new("restart", |dice| {
                let server = dice.pick(servers);
                server.kill();
                pass(dice.span(A_MOMENT));
                server.start_again();
            })
            .that_loses(),
            Fault::new("freeze", |dice| {
                let server = dice.pick(servers);
                server.freeze_while(|| pass(2 * dice.span(A_MOMENT)));
            }),
            Fault::new("flush", |dice| dice.pick(servers).flush_all()).that_loses(),
            Fault::new("evict", |dice| dice.pick(servers).evict()).that_loses(),
        ];
        of_the_servers.into_iter().chain(network::faults(&self.proxies)).collect()
    }

    fn settle_neighbours(&self) {
        let put = |name: &str| {
            for server in &self.servers {
                server.store(name, name.as_bytes());
            }
        };
        // By the same addresses as the cache: a key's server is found by them.
        self.neighbours.get_or_init(|| Neighbours::settle(&self.url(), put));
    }

    fn harm_to_neighbours(&self, lost: bool) -> Vec<String> {
        let Some(neighbours) = self.neighbours.get() else { return Vec::new() };
        let of = |server| neighbours.harm(lost, |name| look(server, name));
        self.servers.iter().flat_map(of).collect()
    }
}

/// The value of a key, if it is there: the second line of `VALUE …`, the value, `END`.
fn look(server: &Memcached, name: &str) -> Option<String> {
    server.command(&format!("get {name}")).lines().skip(1).find(|&line| line != "END").map(str::to_owned)
}
