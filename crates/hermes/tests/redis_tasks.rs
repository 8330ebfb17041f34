//! Tasks of many runtimes on one Redis: what they share, and what they must not.
//! Leaves what a single call does to others.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{thread, time::Duration};

use common::{pass, runtimes};
use hermes::Cache;
use hermes_testkit::{Proxy, Redis};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn cache(url: &str) -> Cache {
    Cache::builder().url(url).timeout(Duration::from_secs(2)).build().unwrap()
}

async fn get(cache: &Cache, value: u64) -> u64 {
    cache.entry("k").tags(["t"]).get_or_compute_async(async || value).await
}

#[test]
fn one_cache_serves_runtimes_one_after_another_and_at_once() {
    runtimes::one_cache_serves_runtimes_one_after_another_and_at_once::<Redis>();
}

#[test]
fn a_runtime_that_stands_still_does_not_hold_up_another() {
    runtimes::a_runtime_that_stands_still_does_not_hold_up_another::<Redis>();
}

#[test]
fn many_tasks_open_one_connection_where_theirs_was_cut() {
    runtimes::many_tasks_open_one_connection_where_theirs_was_cut::<Redis>();
}

#[test]
fn connections_to_a_server_that_hangs_do_not_pile_up() {
    runtimes::connections_to_a_server_that_hangs_do_not_pile_up::<Redis>();
}

#[test]
fn many_runtimes_at_once_have_a_connection_each() {
    let redis = Redis::start();
    let proxy = Proxy::to(redis.address());
    let cache = cache(&proxy.url_for("redis"));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                runtime().block_on(async {
                    let mut tasks = JoinSet::new();
                    for _ in 0..50 {
                        let cache = cache.clone();
                        tasks.spawn(async move { get(&cache, 1).await });
                    }
                    while let Some(value) = tasks.join_next().await {
                        assert_eq!(value.unwrap(), 1);
                    }
                });
            });
        }
    });
    assert_eq!(proxy.connections(), 8);
    assert_eq!(cache.stats().errors, 0);
}

#[test]
fn of_many_tasks_none_trusts_what_was_known_of_the_server_long_ago() {
    let redis = Redis::with(&["--enable-debug-command", "yes"]);
    let cache = cache(&redis.url());
    runtime().block_on(async {
        assert_eq!(get(&cache, 1).await, 1);
        assert_eq!(get(&cache, 2).await, 1);
        // A history is believed for two seconds. Then the server is another one, on the same connection.
        pass(Duration::from_millis(2100));
        redis.command(&["DEBUG", "CHANGE-REPL-ID"]);
        let mut tasks = JoinSet::new();
        for _ in 0..20 {
            let cache = cache.clone();
            tasks.spawn(async move { get(&cache, 3).await });
        }
        while let Some(value) = tasks.join_next().await {
            assert_eq!(value.unwrap(), 3);
        }
    });
}
