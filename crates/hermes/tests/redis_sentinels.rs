//! A cache on the master that real sentinels name: found, replaced, killed, and never mistaken for its replica.
//! Leaves what single servers do to others.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod either;

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use either::User;
use hermes::ErrorKind;
use hermes_testkit::{Redis, Sentinels, wait_until};

/// How many reads a server has served.
fn reads(server: &Redis) -> usize {
    let stats = server.command(&["INFO", "commandstats"]);
    stats.text().lines().filter(|line| line.starts_with("cmdstat_mget")).count()
}

/// Waits until a call hits, for what the cache finds out in its own time.
fn wait_for_a_hit(user: &User) {
    wait_until("a call hits", || user.is_hit("k", &["t"]));
}

/// Computes what nobody else has: the value tells the call.
fn computed_anew(user: &User) -> bool {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, SeqCst);
    user.get("k", &["t"], || call) == call
}

#[test]
fn every_verb_reaches_the_master() {
    let sentinels = Sentinels::start();
    for user in User::both(&sentinels.url()) {
        assert_eq!(user.get("k", &["t"], || 1), 1);
        assert_eq!(user.get("k", &["t"], || 2), 1);
        user.set("k", &["t"], 3).unwrap();
        assert_eq!(user.peek("k", &["t"]), Some(3));
        assert_eq!(user.dump().unwrap().len(), 1);
        user.clean(&["t"]).unwrap();
        assert_eq!(user.peek("k", &["t"]), None);
        assert_eq!(user.get("k", &["t"], || 4), 4);
        user.invalidate("k").unwrap();
        assert_eq!(user.get("k", &["t"], || 5), 5);
        user.clean_all().unwrap();
        assert!(user.dump().unwrap().is_empty());
        assert_eq!(user.cache.stats().errors, 0);
    }
    assert_eq!(reads(sentinels.replica()), 0);
}

#[test]
fn one_sentinel_that_answers_is_enough() {
    let sentinels = Sentinels::start();
    let [first, second, _] = sentinels.sentinels() else { panic!("there are three sentinels") };
    first.kill();
    second.freeze_while(|| {
        for user in User::both(&sentinels.url()) {
            assert!(!user.is_hit("k", &["t"]));
            wait_for_a_hit(&user);
        }
    });
}

#[test]
fn a_failover_by_command_is_followed() {
    let sentinels = Sentinels::start();
    let users = User::both(&sentinels.url());
    let old = sentinels.master();
    users.iter().for_each(wait_for_a_hit);

    let new = sentinels.fail_over();
    for user in &users {
        wait_until("a clean is confirmed", || user.clean(&["t"]).is_ok());
        assert!(computed_anew(user));
        wait_for_a_hit(user);
        let errors = user.cache.stats().errors;
        assert!(user.is_hit("k", &["t"]));
        assert_eq!(user.cache.stats().errors, errors);
    }
    assert_eq!(sentinels.master().port(), new.port());
    old.command(&["CONFIG", "RESETSTAT"]);
    for user in &users {
        user.clean(&["t"]).unwrap();
        assert!(computed_anew(user));
        wait_for_a_hit(user);
    }
    assert_eq!(reads(old), 0, "a replica is not read from");
}

#[test]
fn a_killed_master_is_replaced() {
    let sentinels = Sentinels::start();
    let users = User::both(&sentinels.url());
    let old = sentinels.master();
    users.iter().for_each(wait_for_a_hit);

    old.kill();
    for user in &users {
        assert!(computed_anew(user), "a call goes on without the cache");
        assert_eq!(user.invalidate("k").unwrap_err().kind(), ErrorKind::Backend);
    }
    sentinels.wait_until_settled();
    for user in &users {
        wait_until("an invalidation is confirmed", || user.invalidate("k").is_ok());
        assert!(computed_anew(user));
        wait_for_a_hit(user);
    }
    old.start_again();
    sentinels.wait_until_settled();
    for user in &users {
        user.clean(&["t"]).unwrap();
        assert!(computed_anew(user));
        wait_for_a_hit(user);
    }
    assert_eq!(reads(old), 0, "a replica is not read from");
}

#[test]
fn a_failover_that_forgot_an_invalidation_costs_a_miss() {
    let sentinels = Sentinels::start();
    let users = User::both(&sentinels.url());
    let (master, replica) = (sentinels.master(), sentinels.replica());
    users.iter().for_each(wait_for_a_hit);
    let keys = |server: &Redis| server.command(&["DBSIZE"]).number();
    wait_until("the replica has it all", || keys(replica) == keys(master));

    replica.freeze();
    // What is sent to a frozen replica reaches it when it thaws, unless its connection is gone.
    master.command(&["CLIENT", "KILL", "TYPE", "replica"]);
    users.iter().for_each(|user| user.invalidate("k").unwrap());
    let left = keys(master);
    master.kill();
    replica.thaw();
    sentinels.wait_until_settled();
    assert!(keys(replica) > left, "the replica has never heard of the invalidation");

    for user in &users {
        assert!(computed_anew(user));
    }
    for user in &users {
        wait_for_a_hit(user);
        user.invalidate("k").unwrap();
        assert!(computed_anew(user));
    }
}

#[test]
fn a_master_that_nobody_knows_is_told_by_the_errors() {
    let sentinels = Sentinels::start();
    let alone = Redis::start();
    let sentinel = sentinels.sentinels()[0].address();
    for (url, says) in [
        (sentinels.url().replace("mymaster", "nomaster"), "knows no master \"nomaster\""),
        (format!("redis+sentinel://{}/mymaster", alone.address()), "is no sentinel"),
        (format!("redis://{sentinel}"), "redis+sentinel://"),
        (format!("redis+cluster://{sentinel}"), "is no node of a cluster"),
    ] {
        for user in User::both(&url) {
            assert_eq!(user.get("k", &["t"], || 1), 1);
            for error in [user.invalidate("k"), user.clean(&["t"]), user.set("k", &[], 1)] {
                let error = error.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Backend);
                assert!(error.to_string().contains(says), "{url}: {error}");
            }
        }
    }
}

#[test]
fn a_replica_is_not_read_where_restored_data_are_trusted() {
    let sentinels = Sentinels::start();
    let url = |server: &Redis| format!("{}?trust_restored_data=true", server.url());
    for (on_master, on_replica) in
        User::both(&url(sentinels.master())).iter().zip(User::both(&url(sentinels.replica())))
    {
        on_master.get("k", &["t"], || 1);
        assert!(on_master.is_hit("k", &["t"]));
        assert!(on_replica.clean(&["t"]).unwrap_err().to_string().contains("is a replica"));
        assert!(computed_anew(&on_replica));
    }
    assert_eq!(reads(sentinels.replica()), 0);
}
