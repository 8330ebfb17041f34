//! A memcached that fails, in whatever way, costs computations and never the call; then all works again.
#![cfg(all(feature = "memcached", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
    time::Duration,
};

use common::{
    BACKEND, TAG, Way, both_ways, cache, faults, is_of_no_use, kind::with_an_entry, soon, works_again,
};
use hermes_testkit::{Memcached, wait_until};

#[test]
fn a_cache_connects_nowhere_before_it_is_used() {
    faults::a_cache_connects_nowhere_before_it_is_used(&["memcached://{place}"]);
}

#[test]
fn a_server_that_was_never_started_or_dies_costs_the_cache_and_not_the_call() {
    both_ways(faults::a_server_was_never_started_or_dies::<Memcached>);
}

#[test]
fn a_server_that_hangs_is_not_waited_for_again_and_again() {
    both_ways(faults::a_server_hangs::<Memcached>);
}

#[test]
fn a_crowd_does_not_wait_for_a_hung_server_one_after_another() {
    both_ways(faults::a_server_hangs_for_a_crowd::<Memcached>);
}

#[test]
fn a_server_that_closes_connections_at_once_costs_the_cache_and_not_the_call() {
    both_ways(faults::a_server_closes_connections_at_once::<Memcached>);
}

#[test]
fn a_server_that_is_no_memcached_costs_the_cache_and_not_the_call() {
    both_ways(|way| faults::a_server_is_another_kind_of_server::<Memcached>(way, ": it said \"HTTP/1.1"));
}

#[test]
fn answers_that_are_lost_cost_the_cache_and_not_the_call() {
    both_ways(faults::answers_are_lost::<Memcached>);
}

#[test]
fn a_server_without_cas_is_refused_with_advice() {
    both_ways(|way| {
        let memcached = Memcached::with(&["-C"]);
        is_of_no_use(way, &cache(&memcached.url()), BACKEND, "start it without -C");
    });
}

#[test]
fn a_server_that_is_too_old_is_refused_with_advice() {
    both_ways(|way| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("memcached://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || {
                    while client.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {
                        let stats =
                            "STAT pid 1\r\nSTAT uptime 1\r\nSTAT time 2\r\nSTAT version 1.5.22\r\nEND\r\n";
                        let settings = "STAT cas_enabled yes\r\nSTAT item_size_max 1048576\r\nEND\r\n";
                        drop(client.write_all(format!("{stats}{settings}").as_bytes()));
                    }
                });
            }
        });
        is_of_no_use(way, &cache(&url), BACKEND, "it is memcached 1.5.22; Hermes needs 1.6 or newer");
    });
}

#[test]
fn a_full_server_keeps_nothing_and_nobody_waits_for_it() {
    both_ways(|way| {
        // It evicts nothing, so that it says when it is full.
        let memcached = Memcached::with(&["-m", "3", "-M"]);
        let cache = cache(&memcached.url());
        way.set(&cache, "k", 1).unwrap();
        // As large as what is to be stored: each size has memory of its own.
        let large = vec![0; 60_100];
        let stored = (0..1000)
            .take_while(|n| memcached.store(&format!("large {n}").replace(' ', "-"), &large) == "STORED\r\n");
        assert!(stored.count() < 1000, "it is full");
        let values = (0..).map(|n| format!("{n:060000}"));
        for (n, value) in values.take(5).enumerate() {
            let entry = cache.entry(format!("value {n}")).tags([TAG]);
            let computed = soon(|| match way {
                Way::Blocking => entry.get_or_compute(|| value.clone()),
                Way::Async => common::run(entry.get_or_compute_async(async || value.clone())),
            });
            assert_eq!(computed, value);
        }
        assert!(cache.stats().errors > 0);
        way.invalidate(&cache, "k").unwrap();
        assert_eq!(way.get(&cache, "k"), None);
        way.clean(&cache, TAG).unwrap();
        memcached.command("flush_all");
        works_again(way, &cache);
    });
}

#[test]
fn a_server_that_evicts_costs_misses_only() {
    both_ways(|way| {
        let memcached = Memcached::with(&["-m", "3"]);
        let (cache, other) = (cache(&memcached.url()), cache(&memcached.url()));
        for round in 0..2 {
            for n in 0..4000 {
                let entry = cache.entry(format!("{n}")).tags([TAG, "other"]);
                let value = format!("{n:01000}");
                assert_eq!(soon(|| entry.get_or_compute(|| value.clone())), value);
                assert_eq!(
                    soon(|| other
                        .entry(format!("{n}"))
                        .tags([TAG, "other"])
                        .get_or_compute(|| value.clone())),
                    value
                );
            }
            way.clean(&cache, TAG).unwrap();
            for n in 0..4000 {
                let found: Option<String> = cache.entry(format!("{n}")).tags([TAG, "other"]).get();
                assert_eq!(found, None, "{n} after clean {round}");
            }
        }
        assert!(
            memcached.command("stats").lines().any(|line| {
                line.strip_prefix("STAT evictions ").is_some_and(|count| count.trim() != "0")
            })
        );
        // On a busy machine it does not always find in time what to evict, and refuses what it is asked to store.
        let refused = refused_by(&memcached);
        let errors = cache.stats().errors + other.stats().errors;
        assert!(errors <= refused, "{errors} errors, but it has refused {refused} times");
        works_again(way, &cache);
    });
}

/// How often a server says that it had no room for what was to be stored.
fn refused_by(memcached: &Memcached) -> u64 {
    let stats = memcached.command("stats items");
    let counts = stats.lines().filter_map(|line| line.split_once(":outofmemory "));
    counts.map(|(_, count)| count.trim().parse::<u64>().unwrap()).sum()
}

#[test]
fn a_server_that_is_emptied_costs_misses_only() {
    both_ways(|way| {
        let (memcached, cache) = with_an_entry::<Memcached>(way, "");
        memcached.command("flush_all");
        wait_until("it is gone", || way.get(&cache, "k").is_none());
        let empty_and_compute = || {
            memcached.command("flush_all");
            2
        };
        assert_eq!(way.compute_with(&cache, "k", empty_and_compute), 2);
        works_again(way, &cache);
        assert_eq!(cache.stats().errors, 0);
    });
}

#[test]
fn connections_that_a_server_closes_when_idle_cost_no_call() {
    both_ways(|way| {
        let memcached = Memcached::with(&["-o", "idle_timeout=1"]);
        let cache = cache(&memcached.url());
        way.set(&cache, "k", 1).unwrap();
        // Real time: the server looks every second.
        common::pass(Duration::from_millis(3500));
        way.set(&cache, "k", 2).unwrap();
        assert_eq!(way.get(&cache, "k"), Some(2));
        assert_eq!(cache.stats().errors, 0);
    });
}
