//! A Redis that fails, in whatever way, costs computations and never the call; then all works again.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::{
    BACKEND, HASTY, TAG, Way, both_ways, cache, faults, is_of_no_use, kind::with_an_entry, names, pass, run,
    soon, timed, works_again,
};
use hermes::{Cache, ErrorKind};
use hermes_testkit::{Redis, wait_until};

#[test]
fn a_cache_connects_nowhere_before_it_is_used() {
    faults::a_cache_connects_nowhere_before_it_is_used(&[
        "redis://{place}",
        "redis+cluster://{place}",
        "redis+sentinel://{place}/mymaster",
    ]);
}

#[test]
fn a_server_that_was_never_started_or_dies_costs_the_cache_and_not_the_call() {
    both_ways(faults::a_server_was_never_started_or_dies::<Redis>);
}

#[test]
fn a_server_that_hangs_is_not_waited_for_again_and_again() {
    both_ways(faults::a_server_hangs::<Redis>);
}

#[test]
fn a_crowd_does_not_wait_for_a_hung_server_one_after_another() {
    both_ways(faults::a_server_hangs_for_a_crowd::<Redis>);
}

#[test]
fn a_server_that_closes_connections_at_once_costs_the_cache_and_not_the_call() {
    both_ways(faults::a_server_closes_connections_at_once::<Redis>);
}

#[test]
fn a_server_that_is_no_redis_costs_the_cache_and_not_the_call() {
    both_ways(|way| faults::a_server_is_another_kind_of_server::<Redis>(way, ""));
}

#[test]
fn answers_that_are_lost_cost_the_cache_and_not_the_call() {
    both_ways(faults::answers_are_lost::<Redis>);
}

#[test]
fn a_hung_server_that_asks_for_a_password_is_not_waited_for_either() {
    both_ways(|way| {
        let redis = Redis::builder().password("secret").start();
        let cache = cache(&format!("{}{HASTY}", redis.url()));
        redis.freeze();
        assert_eq!(soon(|| way.compute(&cache, "k", 1)), 1);
        redis.thaw();
        works_again(way, &cache);
    });
}

#[test]
fn a_replica_is_not_read_from() {
    both_ways(|way| {
        let master = Redis::start();
        let replica = Redis::with(&["--replicaof", "127.0.0.1", &master.port().to_string()]);
        let direct = cache(&master.url());
        way.set(&direct, "k", 1).unwrap();
        wait_until("the entry is copied", || names(&replica, "*entry*").len() == 1);
        let cache = cache(&replica.url());
        is_of_no_use(way, &cache, BACKEND, &format!("{} is a replica", replica.address()));
        replica.command(&["REPLICAOF", "NO", "ONE"]);
        works_again(way, &cache);
    });
}

#[test]
fn a_master_that_becomes_a_replica_is_not_read_from_any_more() {
    both_ways(|way| {
        let (redis, cache) = with_an_entry::<Redis>(way, "");
        // Its data stay as they are: there is no such master.
        redis.command(&["REPLICAOF", "127.0.0.1", "1"]);
        let ((), took) = timed(|| wait_until("its entries are not read", || way.get(&cache, "k").is_none()));
        assert!(took < Duration::from_secs(3), "it took {took:?}");
        is_of_no_use(way, &cache, BACKEND, &format!("{} is a replica", redis.address()));
        redis.command(&["REPLICAOF", "NO", "ONE"]);
        wait_until("the server is used again", || way.set(&cache, "other", 1).is_ok());
        // Who knows what was invalidated meanwhile.
        assert_eq!(way.get(&cache, "k"), None);
        works_again(way, &cache);
    });
}

#[test]
fn tasks_that_are_cancelled_do_not_hide_that_a_master_has_become_a_replica() {
    let (redis, cache) = with_an_entry::<Redis>(Way::Async, "");
    redis.command(&["REPLICAOF", "127.0.0.1", "1"]);
    // Real time: from now on the next request asks whether it is still a master.
    pass(Duration::from_millis(1100));
    let entry = cache.entry("k").tags([TAG]);
    run(async {
        tokio::select! {
            biased;
            _ = entry.get_async::<u64>() => unreachable!("it takes a round trip"),
            () = tokio::task::yield_now() => {}
        }
    });
    assert_eq!(Way::Async.get(&cache, "k"), None);
}

#[test]
fn a_full_server_keeps_nothing_and_nobody_waits_for_it() {
    both_ways(|way| {
        let (redis, cache) = with_an_entry::<Redis>(way, "");
        let other = self::cache(&redis.url());
        let fill_and_compute = || {
            redis.command(&["CONFIG", "SET", "maxmemory", "1"]);
            2
        };
        assert_eq!(way.compute_with(&cache, "new", fill_and_compute), 2);
        assert_eq!(names(&redis, "*lease*"), [""; 0]);
        for value in 3..6 {
            assert_eq!(soon(|| way.compute(&other, "new", value)), value);
            assert_eq!(soon(|| way.compute(&cache, "new", value)), value);
        }
        assert_eq!(names(&redis, "*lease*"), [""; 0]);
        assert_eq!(way.get(&cache, "k"), Some(1));
        let error = way.set(&cache, "k", 2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Backend);
        let said = error.to_string();
        assert!(said.contains("it may be full") || said.contains("OOM"), "{error}");
        way.invalidate(&cache, "k").unwrap();
        assert_eq!(way.get(&cache, "k"), None);
        way.clean(&cache, TAG).unwrap();
        way.clean_all(&cache).unwrap();
        redis.command(&["CONFIG", "SET", "maxmemory", "0"]);
        works_again(way, &cache);
    });
}

#[test]
fn a_server_that_refuses_the_password_is_told_so_without_it() {
    both_ways(|way| {
        let redis = Redis::builder().password("right").start();
        let url = format!("redis://:wr0ng-s3cret@{}", redis.address());
        let cache = cache(&url);
        is_of_no_use(way, &cache, BACKEND, "refuses user and password");
        for (_, report) in way.reports(&cache) {
            let error = report.unwrap_err();
            assert!(!format!("{error} {error:?} {cache:?}").contains("s3cret"), "{error:?}");
        }
        redis.command(&["CONFIG", "SET", "requirepass", "wr0ng-s3cret"]);
        works_again(way, &cache);
    });
}

#[test]
fn a_server_that_asks_for_a_password_says_so() {
    both_ways(|way| {
        let redis = Redis::builder().password("right").start();
        let place = redis.address();
        let cache = cache(&format!("redis://{place}"));
        is_of_no_use(way, &cache, BACKEND, &format!("{place} asks for a password"));
        redis.command(&["CONFIG", "SET", "requirepass", ""]);
        works_again(way, &cache);
    });
}

#[test]
fn a_user_who_may_not_ask_for_the_history_learns_what_to_allow() {
    both_ways(|way| {
        let redis = Redis::start();
        redis.command(&["ACL", "SETUSER", "app", "on", ">secret", "~cache:*", "+@all", "-info"]);
        let url = format!("redis://app:secret@{}", redis.address());
        let cache = cache(&url);
        is_of_no_use(way, &cache, BACKEND, "ACL SETUSER");
        works_again(way, &self::cache(&format!("{url}?trust_restored_data=true")));
        redis.command(&["ACL", "SETUSER", "app", "+info"]);
        works_again(way, &cache);
    });
}

#[test]
fn a_password_shows_nowhere() {
    let url = "redis://app:s3cret@localhost:1";
    let builder = Cache::builder().url(url);
    assert!(!format!("{builder:?}").contains("s3cret"));
    assert!(!format!("{:?}", builder.build().unwrap()).contains("s3cret"));
    for wrong in ["?capcity=1", "/db", "?db=-1", ",other"] {
        let error = Cache::from_url(&format!("{url}{wrong}")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
}
