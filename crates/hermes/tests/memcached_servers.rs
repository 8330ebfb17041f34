//! Several memcached servers, each with a part of the keys: what one of them does costs its own part only.
#![cfg(all(feature = "memcached", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use common::{HASTY, TAG, Way, both_ways, cache, soon};
use hermes::Cache;
use hermes_testkit::{Memcached, wait_until};

const ENTRIES: u64 = 60;

/// Servers, a cache of all of them, and entries whose values are their names.
fn with_entries(way: Way) -> ([Memcached; 3], Cache) {
    let servers = [(); 3].map(|()| Memcached::start());
    let cache = cache(&format!("{}{HASTY}", url(servers.iter())));
    for n in 0..ENTRIES {
        way.set(&cache, &n.to_string(), n).unwrap();
    }
    (servers, cache)
}

fn url<'s>(servers: impl Iterator<Item = &'s Memcached>) -> String {
    let addresses: Vec<_> = servers.map(|server| server.address().to_string()).collect();
    format!("memcached://{}", addresses.join(","))
}

/// How many entries lie on a server.
fn entries_on(server: &Memcached) -> usize {
    // It leaves the connection to its crawler, so that no goodbye ends what it says.
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"lru_crawler metadump hash\r\n").unwrap();
    let listed = BufReader::new(stream).lines().map(Result::unwrap).take_while(|line| line != "END");
    listed.filter(|line| line.contains("%3Aentry%3A")).count()
}

fn found(way: Way, cache: &Cache) -> Vec<u64> {
    (0..ENTRIES).filter(|n| soon(|| way.get(cache, &n.to_string())) == Some(*n)).collect()
}

#[test]
fn keys_are_spread_over_the_servers_whatever_their_order_in_the_list() {
    both_ways(|way| {
        let (servers, cache) = with_entries(way);
        assert!(servers.iter().all(|server| entries_on(server) >= 5));
        assert_eq!(servers.iter().map(entries_on).sum::<usize>(), ENTRIES as usize);
        let turned = self::cache(&url(servers.iter().rev()));
        assert_eq!(found(way, &turned).len(), ENTRIES as usize);
        assert_eq!(cache.dump().unwrap().len(), ENTRIES as usize);
        way.clean(&turned, TAG).unwrap();
        assert_eq!(found(way, &cache).len(), 0);
    });
}

#[test]
fn a_server_that_is_down_costs_its_own_keys_and_no_other_server_takes_them() {
    both_ways(|way| {
        let (servers, cache) = with_entries(way);
        let [gone, one, other] = &servers;
        let (lost, left) = (entries_on(gone), entries_on(one) + entries_on(other));
        gone.kill();
        assert_eq!(found(way, &cache).len(), left);
        for n in 0..ENTRIES {
            assert_eq!(soon(|| way.compute(&cache, &n.to_string(), n)), n);
        }
        assert_eq!(entries_on(one) + entries_on(other), left, "no other server takes its keys");
        assert!(lost > 0);

        // An invalidation of its part must not look as if it had happened.
        let invalidated = (0..ENTRIES).filter(|n| soon(|| way.invalidate(&cache, &n.to_string())).is_ok());
        assert_eq!(invalidated.count(), left);
        let error = soon(|| way.clean(&cache, TAG)).unwrap_err();
        assert!(error.to_string().contains(&gone.address().to_string()), "{error}");

        gone.start_again();
        wait_until("its keys are kept again", || {
            for n in 0..ENTRIES {
                way.compute(&cache, &n.to_string(), n);
            }
            found(way, &cache).len() == ENTRIES as usize
        });
        assert!(entries_on(gone) > 0);
        way.clean(&cache, TAG).unwrap();
        assert_eq!(found(way, &cache).len(), 0);
    });
}

#[test]
fn a_server_that_hangs_delays_its_own_keys_only() {
    both_ways(|way| {
        let (servers, cache) = with_entries(way);
        let [hung, one, other] = &servers;
        let left = entries_on(one) + entries_on(other);
        hung.freeze();
        assert_eq!(found(way, &cache).len(), left);
        soon(|| way.clean(&cache, TAG)).unwrap_err();
        hung.thaw();
        wait_until("it is used again", || way.clean(&cache, TAG).is_ok());
        assert_eq!(found(way, &cache).len(), 0);
    });
}
