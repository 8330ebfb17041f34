//! A server that dies, hangs, forgets and drops connections under load: nobody who starts after an acknowledged
//! invalidation gets a value from before it, and nobody hangs.
#![cfg(all(feature = "memcached", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::{both_ways, chaos, pass};
use hermes_testkit::Memcached;

/// Does to a server what happens to servers.
fn torment(memcached: &Memcached) {
    let short = Duration::from_millis(150);
    for _ in 0..3 {
        pass(short);
        memcached.start_again(); // killed, and back with nothing
        pass(short);
        memcached.freeze_while(|| pass(2 * short));
        pass(short);
        memcached.command("flush_all");
        pass(short);
        memcached.kill();
        pass(short);
        memcached.start_again();
        pass(2 * short);
    }
}

#[test]
fn whatever_happens_to_the_server_nothing_acknowledged_is_undone() {
    both_ways(|way| {
        let server = Memcached::start();
        chaos::nothing_acknowledged_is_undone(way, &server.url(), || torment(&server));
    });
}
