//! A leader that gives no value frees its key at once, as another process sees it.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod redis_common;

use std::{
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
};

use hermes_testkit::Redis;
use redis_common::{TAG, Way, both_ways, cache, names, run, soon};

/// Another process computes the key at once.
#[track_caller]
fn is_free(way: Way, redis: &Redis) {
    let other = cache(&redis.url());
    assert_eq!(soon(|| way.compute(&other, "k", 7)), 7);
    assert_eq!(way.get(&other, "k"), Some(7));
}

#[test]
fn a_leader_that_fails_frees_its_key_at_once() {
    both_ways(|way| {
        let redis = Redis::start();
        let cache = cache(&redis.url());
        assert_eq!(way.try_compute(&cache, "k", || Err("no")), Err("no"));
        assert_eq!(names(&redis, "*lease*"), [""; 0]);
        is_free(way, &redis);
    });
}

#[test]
fn a_leader_that_panics_frees_its_key_at_once() {
    both_ways(|way| {
        let redis = Redis::start();
        let cache = cache(&redis.url());
        let panicking = || way.compute_with(&cache, "k", || panic!("a loader's own"));
        assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
        is_free(way, &redis);
    });
}

#[test]
fn a_leader_that_is_cancelled_frees_its_key_at_once() {
    let redis = Redis::start();
    let cache = cache(&redis.url());
    run(async {
        let leading = tokio::sync::Notify::new();
        let hang = async || {
            leading.notify_one();
            pending::<u64>().await
        };
        let entry = cache.entry("k").tags([TAG]);
        tokio::select! {
            _ = entry.get_or_compute_async(hang) => unreachable!("it hangs"),
            () = leading.notified() => {}
        }
    });
    is_free(Way::Async, &redis);
}
