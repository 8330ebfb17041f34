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
    runtimes,
};
use hermes::Cache;
use hermes_testkit::Memcached;

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
fn one_cache_serves_runtimes_one_after_another_and_at_once() {
    runtimes::one_cache_serves_runtimes_one_after_another_and_at_once::<Memcached>();
}

#[test]
fn a_runtime_that_stands_still_does_not_hold_up_another() {
    runtimes::a_runtime_that_stands_still_does_not_hold_up_another::<Memcached>();
}

#[test]
fn many_tasks_open_one_connection_where_theirs_was_cut() {
    runtimes::many_tasks_open_one_connection_where_theirs_was_cut::<Memcached>();
}

#[test]
fn connections_to_a_server_that_hangs_do_not_pile_up() {
    runtimes::connections_to_a_server_that_hangs_do_not_pile_up::<Memcached>();
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
