//! Tasks of many runtimes on one Redis: what they share, and what they must not.
//! Leaves what a single call does to others.
#![cfg(all(feature = "redis", feature = "async"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{sync::mpsc, thread, time::Duration};

use hermes::Cache;
use hermes_testkit::{Proxy, Redis, wait_until};
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

/// How many clients a server has, but for the one that asks.
fn clients(redis: &Redis) -> usize {
    redis.command(&["CLIENT", "LIST"]).text().lines().count() - 1
}

/// Lets real time pass, which servers and their clients measure.
#[expect(clippy::disallowed_methods, reason = "real servers need real time")]
fn pause(ms: u64) {
    thread::sleep(Duration::from_millis(ms));
}

#[test]
fn one_runtime_after_the_other_uses_a_cache() {
    let redis = Redis::start();
    let cache = cache(&redis.url());
    for _ in 0..20 {
        let runtime = runtime();
        assert_eq!(runtime.block_on(get(&cache, 1)), 1);
        // A task that never ends is dropped with its runtime.
        let cache = cache.clone();
        runtime.spawn(async move {
            get(&cache, 1).await;
            std::future::pending::<()>().await;
        });
    }
    let stats = cache.stats();
    assert_eq!((stats.computations, stats.errors), (1, 0));
    wait_until("all connections are closed", || clients(&redis) == 0);
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
fn a_runtime_that_stands_still_does_not_hold_up_another() {
    let redis = Redis::start();
    let proxy = Proxy::to(redis.address());
    let cache = cache(&proxy.url_for("redis"));
    proxy.stall();
    let still = runtime();
    let opening = cache.clone();
    still.spawn(async move { get(&opening, 1).await });
    still
        .block_on(async {
            tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>()).await
        })
        .unwrap_err();
    // From here on nobody drives it. It is in the middle of opening a connection.
    proxy.resume();

    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(runtime().block_on(get(&cache, 2))).unwrap());
    assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok(2));
    drop(still);
}

#[test]
fn many_tasks_open_one_connection_where_theirs_was_cut() {
    let redis = Redis::start();
    let proxy = Proxy::to(redis.address());
    let cache = cache(&proxy.url_for("redis"));
    runtime().block_on(async {
        get(&cache, 1).await;
        for round in 1..=5 {
            proxy.delay(Duration::from_millis(20));
            let mut tasks = JoinSet::new();
            for _ in 0..200 {
                let cache = cache.clone();
                tasks.spawn(async move { cache.entry("k").tags(["t"]).get_async::<u64>().await });
            }
            tokio::task::yield_now().await;
            proxy.cut();
            while let Some(value) = tasks.join_next().await {
                value.unwrap();
            }
            assert!(proxy.connections() <= 1 + 3 * round, "{} in {round} rounds", proxy.connections());
        }
        proxy.delay(Duration::ZERO);
        get(&cache, 1).await;
        assert_eq!(cache.entry("k").tags(["t"]).get_async::<u64>().await, Some(1));
    });
    wait_until("all connections are closed", || clients(&redis) == 0);
}

#[test]
fn connections_to_a_server_that_hangs_do_not_pile_up() {
    let redis = Redis::start();
    let cache = Cache::builder().url(&redis.url()).timeout(Duration::from_millis(20)).build().unwrap();
    runtime().block_on(async {
        get(&cache, 1).await;
        for _ in 0..5 {
            redis.freeze();
            for _ in 0..20 {
                assert_eq!(get(&cache, 2).await, 2);
            }
            redis.thaw();
            tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>()).await.unwrap_err();
        }
        wait_until("all but the last are closed", || clients(&redis) <= 1);
    });
}

#[test]
fn of_many_tasks_none_trusts_what_was_known_of_the_server_long_ago() {
    let redis = Redis::with(&["--enable-debug-command", "yes"]);
    let cache = cache(&redis.url());
    runtime().block_on(async {
        assert_eq!(get(&cache, 1).await, 1);
        assert_eq!(get(&cache, 2).await, 1);
        // A history is believed for two seconds. Then the server is another one, on the same connection.
        pause(2100);
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
