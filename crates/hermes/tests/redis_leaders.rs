//! A leader that gives no value frees its key at once, as another process sees it.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use common::{TAG, Way, both_ways, cache, names, run, soon, timed, works_again};
use hermes_testkit::{Proxy, Redis, wait_until};

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

/// Callers wait for a leader of another process when something happens to the server.
fn while_others_wait(way: Way, strike: impl Fn(&Redis)) {
    let redis = Redis::start();
    let (leading, following) = (cache(&redis.url()), cache(&redis.url()));
    let (led, begun) = channel();
    thread::scope(|scope| {
        // Dropped at the end, however that comes.
        let (end, ended) = channel::<()>();
        scope.spawn(|| {
            way.compute_with(&leading, "k", move || {
                led.send(()).unwrap();
                ended.recv().unwrap_err();
                1
            })
        });
        begun.recv().unwrap();
        let waiting: Vec<_> =
            (0..8).map(|_| scope.spawn(|| timed(|| way.compute(&following, "k", 2)))).collect();
        wait_until("they wait", || following.stats().waits == 8);
        strike(&redis);
        for waiting in waiting {
            let (value, took) = waiting.join().unwrap();
            assert_eq!(value, 2);
            assert!(took < Duration::from_secs(3), "it took {took:?}");
        }
        drop(end);
    });
    redis.start_again();
    works_again(way, &following);
    works_again(way, &leading);
}

#[test]
fn who_waits_for_another_process_does_not_wait_for_a_server_that_died() {
    both_ways(|way| while_others_wait(way, |redis| redis.kill()));
}

#[test]
fn who_waits_for_another_process_does_not_wait_for_a_server_that_hangs() {
    both_ways(|way| while_others_wait(way, |redis| redis.freeze()));
}

#[test]
fn a_lease_whose_answer_was_lost_is_given_back() {
    both_ways(|way| {
        let redis = Redis::start();
        let proxy = Proxy::to(redis.address());
        let cache = cache(&format!("{}?lease=1h&timeout=1s", proxy.url_for("redis")));
        // The server learns the script.
        way.set(&cache, "other", 1).unwrap();
        proxy.stall_answers();
        // It is taken by force, and nobody learns of it.
        way.set(&cache, "k", 1).unwrap_err();
        wait_until("the lease is there", || names(&redis, "*lease*").len() == 1);
        proxy.resume();
        wait_until("the lease is gone", || names(&redis, "*lease*").is_empty());
        is_free(way, &redis);
    });
}

#[test]
fn a_lease_whose_answer_was_lost_on_a_server_that_goes_on_to_hang_lives_until_it_ends_known_limit() {
    both_ways(|way| {
        let redis = Redis::start();
        let proxy = Proxy::to(redis.address());
        let cache = cache(&format!("{}?lease=1500ms", proxy.url_for("redis")));
        way.set(&cache, "other", 1).unwrap();
        proxy.stall_answers();
        way.set(&cache, "k", 1).unwrap_err();
        // What gives it back is sent once, after which there is nobody left who knows the token.
        wait_until("it was tried", || cache.stats().errors == 2);
        assert_eq!(names(&redis, "*lease*").len(), 1);
        proxy.resume();
        is_free(way, &redis);
    });
}
