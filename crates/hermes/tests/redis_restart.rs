//! A server that forgets what it acknowledged costs misses: no entry comes back from the dead.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use common::{TAG, Way, both_ways, cache, kind::with_an_entry, names, soon, works_again};
use hermes::Cache;
use hermes_testkit::{Redis, Sentinels, wait_until};

/// Makes the server forget all that it did since the last `SAVE`.
fn crash(redis: &Redis) {
    redis.kill();
    redis.start_again();
    assert_ne!(names(redis, "*entry*"), [""; 0], "the entry has come back");
}

#[test]
fn an_entry_that_came_back_is_a_miss() {
    both_ways(|way| {
        let (redis, cache) = with_an_entry::<Redis>(way, "");
        redis.command(&["SAVE"]);
        way.invalidate(&cache, "k").unwrap();
        crash(&redis);
        assert_eq!(way.get(&cache, "k"), None);
        assert_eq!(way.get(&self::cache(&redis.url()), "k"), None);
        assert_eq!(way.compute(&cache, "k", 2), 2);
        assert_eq!(way.compute(&cache, "k", 3), 2);
        assert_eq!(cache.stats().errors, 0);
    });
}

#[test]
fn entries_whose_tag_came_back_are_misses() {
    both_ways(|way| {
        let (redis, cache) = with_an_entry::<Redis>(way, "");
        redis.command(&["SAVE"]);
        way.clean(&cache, TAG).unwrap();
        crash(&redis);
        assert_eq!(way.get(&cache, "k"), None);

        way.set(&cache, "k", 2).unwrap();
        redis.command(&["SAVE"]);
        way.clean_all(&cache).unwrap();
        crash(&redis);
        assert_eq!(way.get(&cache, "k"), None);
        assert_eq!(cache.dump().unwrap(), []);
        works_again(way, &cache);
    });
}

#[test]
fn a_leader_whose_lease_came_back_is_overtaken() {
    both_ways(|way| {
        let redis = Redis::start();
        let cache = cache(&redis.url());
        let forget_and_compute = || {
            redis.command(&["SAVE"]);
            cache.entry("k").invalidate().unwrap();
            redis.kill();
            redis.start_again();
            assert_eq!(names(&redis, "*lease*").len(), 1, "the lease has come back");
            // Who starts now must neither wait for this computation nor get its value.
            thread::scope(|scope| {
                let later = scope.spawn(|| soon(|| way.compute(&cache, "k", 2)));
                assert_eq!(later.join().unwrap(), 2);
            });
            1
        };
        assert_eq!(way.compute_with(&cache, "k", forget_and_compute), 1);
        assert_ne!(way.get(&cache, "k"), Some(1));
        works_again(way, &cache);
    });
}

#[test]
fn a_leader_whose_lease_came_back_stores_nothing_that_is_served() {
    both_ways(|way| {
        let redis = Redis::start();
        let cache = cache(&redis.url());
        let forget_and_compute = || {
            redis.command(&["SAVE"]);
            cache.entry("k").invalidate().unwrap();
            redis.kill();
            redis.start_again();
            1
        };
        assert_eq!(way.compute_with(&cache, "k", forget_and_compute), 1);
        assert_eq!(way.get(&cache, "k"), None);
        works_again(way, &cache);
    });
}

#[test]
fn who_trusts_restored_data_finds_the_cache_warm() {
    both_ways(|way| {
        let redis = Redis::start();
        let cache = Cache::builder().url(&redis.url()).trust_restored_data(true).build().unwrap();
        way.set(&cache, "k", 1).unwrap();
        redis.command(&["SAVE"]);
        crash(&redis);
        assert_eq!(way.get(&cache, "k"), Some(1));
        assert_eq!(way.get(&self::cache(&format!("{}?trust_restored_data=true", redis.url())), "k"), Some(1));
        way.invalidate(&cache, "k").unwrap();
        assert_eq!(way.get(&cache, "k"), None);
        works_again(way, &cache);
    });
}

#[test]
fn a_server_that_is_emptied_costs_misses_only() {
    both_ways(|way| {
        let (redis, cache) = with_an_entry::<Redis>(way, "");
        redis.command(&["FLUSHALL"]);
        assert_eq!(way.get(&cache, "k"), None);
        let empty_and_compute = || {
            redis.command(&["FLUSHALL"]);
            2
        };
        assert_eq!(way.compute_with(&cache, "k", empty_and_compute), 2);
        assert_eq!(way.get(&cache, "k"), None);
        assert_eq!(way.compute(&cache, "k", 3), 3);
        assert_eq!(way.get(&cache, "k"), Some(3));
        // The scripts are forgotten too.
        redis.command(&["SCRIPT", "FLUSH"]);
        assert_eq!(way.compute(&cache, "other", 4), 4);
        assert_eq!(way.get(&cache, "other"), Some(4));
        assert_eq!(cache.stats().errors, 0);
    });
}

/// Sentinels elect within seconds, and give up where many servers at once keep a machine busy: one story at a time.
static TURN: Mutex<()> = Mutex::new(());

type Turn = MutexGuard<'static, ()>;

/// Sentinels, and a cache with an entry of the value 1 that the replica has too.
fn watched_with_an_entry(way: Way, parameters: &str) -> (Sentinels, Cache, Turn) {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let sentinels = Sentinels::start();
    let cache = cache(&format!("{}{parameters}", sentinels.url()));
    way.set(&cache, "k", 1).unwrap();
    let replica = sentinels.replica();
    wait_until("the entry is copied", || names(replica, "*entry*").len() == 1);
    (sentinels, cache, turn)
}

/// The replica becomes the master, and has not heard what the master was told meanwhile.
fn lose(sentinels: &Sentinels, told: impl FnOnce()) {
    let (master, replica) = (sentinels.master(), sentinels.replica());
    replica.freeze();
    master.command(&["CLIENT", "KILL", "TYPE", "replica"]);
    told();
    master.kill();
    replica.thaw();
    sentinels.wait_until_settled();
    assert_eq!(names(replica, "*entry*").len(), 1, "the entry is still there");
}

#[test]
fn a_failover_that_lost_an_invalidation_costs_a_miss() {
    both_ways(|way| {
        let (sentinels, cache, _turn) = watched_with_an_entry(way, "");
        lose(&sentinels, || way.invalidate(&cache, "k").unwrap());
        wait_until("the new master is found", || {
            assert_eq!(way.get(&cache, "k"), None);
            way.set(&cache, "other", 1).is_ok()
        });
        assert_eq!(way.get(&cache, "k"), None);
        assert_eq!(way.get(&self::cache(&sentinels.url()), "k"), None);
        works_again(way, &cache);
    });
}

#[test]
fn a_failover_that_lost_a_clean_costs_a_miss() {
    let (sentinels, cache, _turn) = watched_with_an_entry(Way::Blocking, "");
    lose(&sentinels, || cache.clean([TAG]).unwrap());
    wait_until("the new master is found", || {
        assert_eq!(Way::Async.get(&cache, "k"), None);
        assert_eq!(Way::Blocking.get(&cache, "k"), None);
        cache.entry("other").set(1).is_ok()
    });
    assert_eq!(Way::Async.get(&cache, "k"), None);
    assert_eq!(Way::Blocking.get(&cache, "k"), None);
}

#[test]
fn after_a_failover_the_cache_works_again_by_itself() {
    both_ways(|way| {
        let (sentinels, cache, _turn) = watched_with_an_entry(way, "");
        sentinels.fail_over();
        works_again(way, &cache);
    });
}

#[test]
fn who_trusts_restored_data_finds_the_cache_warm_after_a_failover() {
    both_ways(|way| {
        let (sentinels, cache, _turn) = watched_with_an_entry(way, "?trust_restored_data=true");
        sentinels.fail_over();
        wait_until("the new master is found", || way.set(&cache, "other", 1).is_ok());
        assert_eq!(way.get(&cache, "k"), Some(1));
        works_again(way, &cache);
    });
}
