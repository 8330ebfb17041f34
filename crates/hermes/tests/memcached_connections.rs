//! Connections to a memcached that were closed, cut or left behind, by threads and by tasks of many runtimes: no call is lost by
//! one, nothing that arrives late is kept, and nobody gets another's answer.
#![cfg(all(feature = "memcached", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use common::{
    TAG, Way, both_ways, cache,
    connections::{self, with_closed_connections},
    kind::behind_a_proxy,
    pass_async, soon,
};
use hermes::Cache;
use hermes_testkit::{Memcached, Proxy, wait_until};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
};

/// How many clients a server has, but for the one that asks.
fn clients(memcached: &Memcached) -> usize {
    let stats = memcached.command("stats");
    let count = stats.lines().find_map(|line| line.strip_prefix("STAT curr_connections "));
    // One is the socket that it listens on, in the count of this version; its own is another.
    count.unwrap().trim().parse::<usize>().unwrap().saturating_sub(2)
}

#[test]
fn a_restart_costs_no_call_that_meets_a_closed_connection() {
    both_ways(connections::a_restart_costs_no_call::<Memcached>);
}

#[test]
fn a_set_that_meets_a_closed_connection_is_done() {
    both_ways(|way| {
        let (_memcached, cache) = with_closed_connections::<Memcached>(way);
        way.set(&cache, "k", 2).unwrap();
        assert_eq!(cache.stats().errors, 0);
    });
}

#[test]
fn a_commit_that_arrives_after_an_invalidation_stores_nothing() {
    both_ways(connections::a_commit_that_arrives_after_an_invalidation_stores_nothing::<Memcached>);
}

#[test]
fn what_a_hung_server_does_late_is_gone_after_an_invalidation() {
    both_ways(connections::what_a_hung_server_does_late_is_gone_after_an_invalidation::<Memcached>);
}

#[test]
fn answers_that_come_late_are_nobody_elses() {
    both_ways(connections::answers_that_come_late_are_nobody_elses::<Memcached>);
}

#[test]
fn a_task_that_looks_for_an_entry_blocks_nobody() {
    connections::a_task_that_looks_for_an_entry_blocks_nobody::<Memcached>();
}

#[test]
fn values_larger_than_any_buffer_come_back_among_small_ones() {
    both_ways(|way| {
        let memcached = Memcached::with(&["-I", "8m"]);
        let cache = Cache::builder().url(&memcached.url()).timeout(Duration::from_secs(5)).build().unwrap();
        let large = |n: usize| n.to_string().repeat(3_000_000);
        thread::scope(|scope| {
            for n in 0..6 {
                let cache = &cache;
                scope.spawn(move || {
                    for _ in 0..3 {
                        let entry = cache.entry(format!("{n}")).tags([TAG]);
                        let value = match way {
                            Way::Blocking => entry.get_or_compute(|| large(n)),
                            Way::Async => common::run(entry.get_or_compute_async(async || large(n))),
                        };
                        assert!(value == large(n));
                        assert_eq!(way.compute(cache, &format!("small {n}"), n as u64), n as u64);
                    }
                });
            }
        });
        assert_eq!((cache.stats().errors, cache.stats().computations), (0, 12));
    });
}

#[test]
fn one_cache_serves_runtimes_one_after_another_and_at_once() {
    let memcached = Memcached::start();
    let proxy = Proxy::to(memcached.address());
    let cache = cache(&format!("{}?timeout=2s", proxy.url_for("memcached")));
    cache.entry("k").tags([TAG]).set(1).unwrap();
    let look = || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        for _ in 0..3 {
            assert_eq!(runtime.block_on(cache.entry("k").tags([TAG]).get_async()), Some(1));
        }
        // A task that never ends is dropped with its runtime.
        let cache = cache.clone();
        runtime.spawn(async move {
            cache.entry("k").tags([TAG]).get_async::<i32>().await;
            std::future::pending::<()>().await;
        });
    };
    (0..5).for_each(|_| look());
    thread::scope(|scope| {
        (0..5).for_each(|_| drop(scope.spawn(look)));
    });
    assert_eq!(cache.stats().errors, 0);
    // One for each runtime, and that of the thread.
    assert!(proxy.connections() <= 11, "{}", proxy.connections());
    drop(cache);
    wait_until("all connections are closed", || clients(&memcached) == 0);
}

#[test]
fn a_runtime_that_stands_still_does_not_hold_up_another() {
    let (_memcached, proxy, cache) = behind_a_proxy::<Memcached>("?timeout=2s");
    proxy.stall();
    let still = Builder::new_current_thread().enable_all().build().unwrap();
    let opening = cache.clone();
    still.spawn(async move { opening.entry("k").get_or_compute_async(async || 1).await });
    still.block_on(pass_async(Duration::from_millis(50)));
    // From here on nobody drives it. It is in the middle of opening a connection.
    proxy.resume();
    let runtime = Runtime::new().unwrap();
    assert_eq!(soon(|| runtime.block_on(cache.entry("k").get_or_compute_async(async || 2))), 2);
    drop(still);
}

#[test]
fn many_tasks_open_one_connection_where_theirs_was_cut() {
    let (memcached, proxy, cache) = behind_a_proxy::<Memcached>("?timeout=2s");
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        cache.entry("k").tags([TAG]).set_async(1).await.unwrap();
        for round in 1..=5 {
            proxy.delay(Duration::from_millis(20));
            let mut tasks = JoinSet::new();
            for _ in 0..200 {
                let cache = cache.clone();
                tasks.spawn(async move { cache.entry("k").tags([TAG]).get_async::<u64>().await });
            }
            tokio::task::yield_now().await;
            proxy.cut();
            while let Some(value) = tasks.join_next().await {
                value.unwrap();
            }
            assert!(proxy.connections() <= 1 + 3 * round, "{} in {round} rounds", proxy.connections());
        }
        proxy.delay(Duration::ZERO);
        assert_eq!(cache.entry("k").tags([TAG]).get_async::<u64>().await, Some(1));
    });
    drop((runtime, cache));
    wait_until("all connections are closed", || clients(&memcached) == 0);
}

#[test]
fn connections_to_a_server_that_hangs_do_not_pile_up() {
    let memcached = Memcached::start();
    let cache = cache(&format!("{}?timeout=20ms&connect_timeout=20ms", memcached.url()));
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for _ in 0..5 {
            memcached.freeze();
            for _ in 0..20 {
                assert_eq!(cache.entry("k").get_or_compute_async(async || 2).await, 2);
                cache.entry("k").invalidate_async().await.unwrap_err();
            }
            memcached.thaw();
            pass_async(Duration::from_millis(50)).await;
            drop(cache.entry("k").invalidate_async().await);
        }
        // They are closed by tasks of this runtime.
        let mut rounds = 0;
        while clients(&memcached) > 1 {
            rounds += 1;
            assert!(rounds < 40, "{} connections are left", clients(&memcached));
            pass_async(Duration::from_millis(50)).await;
        }
    });
}

#[test]
fn a_task_of_another_runtime_than_tokio_computes_uncached_and_learns_why() {
    let memcached = Memcached::start();
    let cache = cache(&memcached.url());
    let entry = cache.entry("k").tags([TAG]);
    let mut call = pin!(entry.get_or_compute_async(async || 2));
    let context = &mut Context::from_waker(Waker::noop());
    assert_eq!(call.as_mut().poll(context), Poll::Ready(2));
    let Poll::Ready(Err(error)) = pin!(entry.invalidate_async()).poll(context) else {
        panic!("it says nothing")
    };
    assert!(error.to_string().contains("call the blocking twin"), "{error}");
}
