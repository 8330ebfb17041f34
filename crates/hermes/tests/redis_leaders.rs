//! A leader that gives no value frees its key at once, as another process sees it.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{both_ways, cache, leaders, names};
use hermes_testkit::{Proxy, Redis, wait_until};

#[test]
fn a_leader_that_fails_frees_its_key_at_once() {
    both_ways(leaders::a_leader_fails::<Redis>);
}

#[test]
fn a_leader_that_panics_frees_its_key_at_once() {
    both_ways(leaders::a_leader_panics::<Redis>);
}

#[test]
fn a_leader_that_is_cancelled_frees_its_key_at_once() {
    leaders::a_leader_is_cancelled::<Redis>();
}

#[test]
fn who_waits_for_another_process_does_not_wait_for_a_server_that_died() {
    both_ways(|way| leaders::while_others_wait::<Redis>(way, |server| server.kill()));
}

#[test]
fn who_waits_for_another_process_does_not_wait_for_a_server_that_hangs() {
    both_ways(|way| leaders::while_others_wait::<Redis>(way, |server| server.freeze()));
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
        leaders::is_free(way, &redis);
    });
}

#[test]
fn a_lease_whose_answer_was_lost_on_a_server_that_goes_on_to_hang_lives_until_it_ends_known_limit() {
    both_ways(|way| {
        let redis = Redis::start();
        let proxy = Proxy::to(redis.address());
        let cache = cache(&format!("{}?lease=1500ms&timeout=250ms", proxy.url_for("redis")));
        way.set(&cache, "other", 1).unwrap();
        proxy.stall_answers();
        way.set(&cache, "k", 1).unwrap_err();
        // What gives it back is sent once, after which there is nobody left who knows the token.
        wait_until("it was tried", || cache.stats().errors == 2);
        assert_eq!(names(&redis, "*lease*").len(), 1);
        proxy.resume();
        leaders::is_free(way, &redis);
    });
}
