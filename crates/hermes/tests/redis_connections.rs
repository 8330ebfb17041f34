//! Connections that were closed, killed or left behind: no call is lost by one, and nothing that arrives late is kept.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use common::{
    TAG, Way, both_ways, cache,
    connections::{self, with_closed_connections},
    kind::with_an_entry,
    pass, run,
};
use futures_util::future::join_all;
use hermes::{Error, ErrorKind};
use hermes_testkit::Redis;
use tokio::runtime::Builder;

#[test]
fn a_restart_costs_no_call_that_meets_a_closed_connection() {
    both_ways(connections::a_restart_costs_no_call::<Redis>);
}

#[test]
fn a_commit_that_arrives_after_an_invalidation_stores_nothing() {
    both_ways(connections::a_commit_that_arrives_after_an_invalidation_stores_nothing::<Redis>);
}

#[test]
fn what_a_hung_server_does_late_is_gone_after_an_invalidation() {
    both_ways(connections::what_a_hung_server_does_late_is_gone_after_an_invalidation::<Redis>);
}

#[test]
fn answers_that_come_late_are_nobody_elses() {
    both_ways(connections::answers_that_come_late_are_nobody_elses::<Redis>);
}

#[test]
fn a_task_that_looks_for_an_entry_blocks_nobody() {
    connections::a_task_that_looks_for_an_entry_blocks_nobody::<Redis>();
}

#[test]
fn a_set_that_meets_a_connection_closed_long_ago_is_done() {
    both_ways(|way| {
        let (_redis, cache) = with_closed_connections::<Redis>(way);
        // Real time: how long a connection has been idle tells whether it is to be trusted.
        pass(Duration::from_millis(1100));
        way.set(&cache, "k", 2).unwrap();
        assert_eq!(way.get(&cache, "k"), Some(2));
    });
}

#[test]
fn connections_that_are_killed_cost_no_call() {
    both_ways(|way| {
        let (redis, cache) = with_an_entry::<Redis>(way, "");
        redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        assert_eq!(way.get(&cache, "k"), Some(1));
        let kill_and_compute = || {
            redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
            2
        };
        assert_eq!(way.compute_with(&cache, "other", kill_and_compute), 2);
        assert_eq!(way.get(&cache, "other"), Some(2), "{:?}", cache.stats());
        assert_eq!(cache.stats().errors, 0);
    });
}

#[test]
fn tasks_that_want_one_connection_learn_why_there_is_none_and_count_as_one() {
    let redis = Redis::start();
    let cache = cache(&format!("{}?connect_timeout=200ms", redis.url()));
    redis.freeze();
    let tries = (0..8).map(async |n| cache.entry(format!("k{n}")).invalidate_async().await);
    for tried in run(join_all(tries)) {
        let error = tried.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(error.to_string().contains("no connection in time"), "{error}");
    }
    redis.thaw();
    // It was one attempt, so its breaker lets the next one through.
    Way::Async.set(&cache, "k", 1).unwrap();
}

#[test]
fn a_task_of_another_runtime_than_tokio_computes_uncached_and_learns_why() {
    let (redis, cache) = with_an_entry::<Redis>(Way::Blocking, "");
    let connected = clients(&redis);
    let entry = cache.entry("k").tags([TAG]);
    let mut call = pin!(entry.get_or_compute_async(async || 2));
    let context = &mut Context::from_waker(Waker::noop());
    assert_eq!(call.as_mut().poll(context), Poll::Ready(2));
    for verb in [pin!(entry.invalidate_async()) as Verb<'_>, pin!(cache.clean_async([TAG]))] {
        let Poll::Ready(Err(error)) = verb.poll(context) else { panic!("it says nothing") };
        assert!(error.to_string().contains("call the blocking twin"), "{error}");
    }
    // It says nothing of the server, so what threads have open they go on to use.
    assert_eq!(clients(&redis), connected);
    assert_eq!(Way::Blocking.get(&cache, "k"), Some(1));
    assert_eq!(clients(&redis), connected);
}

type Verb<'v> = Pin<&'v mut dyn Future<Output = Result<(), Error>>>;

/// The numbers of the connections that the server has, but for the one that asks.
fn clients(redis: &Redis) -> Vec<String> {
    let list = redis.command(&["CLIENT", "LIST"]).text().to_owned();
    let others = list.lines().filter(|client| !client.contains("cmd=client"));
    others.map(|client| client.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn a_runtime_without_timers_or_sockets_computes_uncached_and_learns_why() {
    let redis = Redis::start();
    for (driver, lacks) in
        [(Builder::enable_io as fn(&mut Builder) -> &mut Builder, "timers"), (Builder::enable_time, "IO")]
    {
        let cache = cache(&redis.url());
        driver(&mut Builder::new_current_thread()).build().unwrap().block_on(async {
            for value in 0..5 {
                assert_eq!(cache.entry("k").get_or_compute_async(async || value).await, value);
            }
            let error = cache.entry("k").invalidate_async().await.unwrap_err().to_string();
            assert!(error.contains(lacks), "{error}");
        });
        // What other runtimes have is theirs.
        assert_eq!(run(cache.entry("k").get_or_compute_async(async || 7)), 7);
        assert_eq!(run(cache.entry("k").get_async()), Some(7));
    }
}
