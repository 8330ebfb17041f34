//! Connections that were closed, killed or left behind: no call is lost by one, and nothing that arrives late is kept.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod redis_common;

use std::{sync::Barrier, thread, time::Duration};

use hermes::Cache;
use hermes_testkit::{Proxy, Redis};
use redis_common::{TAG, Way, both_ways, cache, pass, soon, with_an_entry, works_again};

/// Many threads, or tasks, have used connections that the server has closed since.
fn with_closed_connections(way: Way) -> (Redis, Cache) {
    let (redis, cache) = with_an_entry(way);
    let all = Barrier::new(8);
    thread::scope(|scope| {
        for n in 0..8 {
            let (all, cache) = (&all, &cache);
            scope.spawn(move || {
                way.compute_with(cache, &format!("warm {n}"), || {
                    all.wait();
                    n
                })
            });
        }
    });
    redis.start_again();
    (redis, cache)
}

#[test]
fn a_restart_costs_no_call_that_meets_a_closed_connection() {
    both_ways(|way| {
        let (_redis, cache) = with_closed_connections(way);
        assert_eq!(way.compute(&cache, "k", 2), 2);
        assert_eq!(way.compute(&cache, "k", 3), 2);
        assert_eq!(cache.stats().errors, 0);
    });
}

#[test]
fn an_invalidation_that_meets_a_closed_connection_is_done() {
    both_ways(|way| {
        let (_redis, cache) = with_closed_connections(way);
        way.invalidate(&cache, "k").unwrap();
        let (_redis, cache) = with_closed_connections(way);
        way.clean(&cache, TAG).unwrap();
    });
}

#[test]
fn a_set_that_meets_a_connection_closed_long_ago_is_done() {
    both_ways(|way| {
        let (_redis, cache) = with_closed_connections(way);
        // Real time: how long a connection has been idle tells whether it is to be trusted.
        pass(Duration::from_millis(1100));
        way.set(&cache, "k", 2).unwrap();
        assert_eq!(way.get(&cache, "k"), Some(2));
    });
}

#[test]
fn connections_that_are_killed_cost_no_call() {
    both_ways(|way| {
        let (redis, cache) = with_an_entry(way);
        redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        assert_eq!(way.get(&cache, "k"), Some(1));
        let kill_and_compute = || {
            redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
            2
        };
        assert_eq!(way.compute_with(&cache, "other", kill_and_compute), 2);
        assert_eq!(way.get(&cache, "other"), Some(2));
        assert_eq!(cache.stats().errors, 0);
    });
}

#[test]
fn a_commit_that_arrives_after_an_invalidation_stores_nothing() {
    both_ways(|way| {
        let redis = Redis::start();
        let proxy = Proxy::to(redis.address());
        let (slow, direct) = (cache(&proxy.url_for("redis")), cache(&redis.url()));
        let stall_and_compute = || {
            proxy.stall();
            1
        };
        assert_eq!(soon(|| way.compute_with(&slow, "k", stall_and_compute)), 1);
        proxy.cut_clients();
        way.invalidate(&direct, "k").unwrap();
        // Now the commit arrives: nobody waits for its answer any more.
        proxy.resume();
        for _ in 0..20 {
            assert_eq!(way.get(&direct, "k"), None);
            pass(Duration::from_millis(10));
        }
        works_again(way, &slow);
    });
}

#[test]
fn what_a_hung_server_does_late_is_gone_after_an_invalidation() {
    both_ways(|way| {
        let redis = Redis::start();
        let cache = cache(&redis.url());
        let freeze_and_compute = || {
            redis.freeze();
            1
        };
        assert_eq!(soon(|| way.compute_with(&cache, "k", freeze_and_compute)), 1);
        assert!(soon(|| way.invalidate(&cache, "k")).is_err());
        redis.thaw();
        way.invalidate(&cache, "k").unwrap();
        for _ in 0..20 {
            assert_eq!(way.get(&cache, "k"), None);
            pass(Duration::from_millis(10));
        }
        works_again(way, &cache);
    });
}

#[test]
fn a_task_that_looks_for_an_entry_blocks_nobody() {
    let redis = Redis::start();
    let proxy = Proxy::to(redis.address());
    let cache = cache(&proxy.url_for("redis"));
    proxy.stall();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let entry = cache.entry("k");
        tokio::select! {
            biased;
            found = entry.get_async::<u64>() => unreachable!("it waited for {found:?}"),
            () = tokio::task::yield_now() => {}
        }
    });
}
