//! Tasks of many runtimes on one server: what they share, and what they must not.

use std::{future::pending, thread, time::Duration};

use hermes_testkit::wait_until;
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
};

use super::{
    TAG, cache,
    kind::{Kind, behind_a_proxy},
    pass_async, soon,
};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

pub fn one_cache_serves_runtimes_one_after_another_and_at_once<S: Kind>() {
    let (server, proxy, cache) = behind_a_proxy::<S>("?timeout=2s");
    cache.entry("k").tags([TAG]).set(1).unwrap();
    let look = || {
        let runtime = runtime();
        for _ in 0..3 {
            assert_eq!(runtime.block_on(cache.entry("k").tags([TAG]).get_async()), Some(1));
        }
        // A task that never ends is dropped with its runtime.
        let cache = cache.clone();
        runtime.spawn(async move {
            cache.entry("k").tags([TAG]).get_async::<i32>().await;
            pending::<()>().await;
        });
    };
    (0..5).for_each(|_| look());
    thread::scope(|scope| {
        (0..5).for_each(|_| drop(scope.spawn(look)));
    });
    assert_eq!(cache.stats().errors, 0);
    // One for each runtime, and that of the thread.
    assert!(proxy.connections() <= 11, "{}", proxy.connections());
    drop(cache);
    wait_until("all connections are closed", || server.clients() == 0);
}

pub fn a_runtime_that_stands_still_does_not_hold_up_another<S: Kind>() {
    let (_server, proxy, cache) = behind_a_proxy::<S>("?timeout=2s");
    proxy.stall();
    let still = runtime();
    let opening = cache.clone();
    still.spawn(async move { opening.entry("k").get_or_compute_async(async || 1).await });
    still.block_on(pass_async(Duration::from_millis(50)));
    // From here on nobody drives it. It is in the middle of opening a connection.
    proxy.resume();
    let runtime = Runtime::new().unwrap();
    assert_eq!(soon(|| runtime.block_on(cache.entry("k").get_or_compute_async(async || 2))), 2);
    drop(still);
}

pub fn many_tasks_open_one_connection_where_theirs_was_cut<S: Kind>() {
    let (server, proxy, cache) = behind_a_proxy::<S>("?timeout=2s");
    let runtime = runtime();
    runtime.block_on(async {
        cache.entry("k").tags([TAG]).set_async(1).await.unwrap();
        for round in 1..=5 {
            proxy.delay(Duration::from_millis(20));
            let mut tasks = JoinSet::new();
            for _ in 0..200 {
                let cache = cache.clone();
                tasks.spawn(async move { cache.entry("k").tags([TAG]).get_async::<u64>().await });
            }
            tokio::task::yield_now().await;
            proxy.cut();
            while let Some(value) = tasks.join_next().await {
                value.unwrap();
            }
            assert!(proxy.connections() <= 1 + 3 * round, "{} in {round} rounds", proxy.connections());
        }
        proxy.delay(Duration::ZERO);
        assert_eq!(cache.entry("k").tags([TAG]).get_async::<u64>().await, Some(1));
    });
    drop((runtime, cache));
    wait_until("all connections are closed", || server.clients() == 0);
}

pub fn connections_to_a_server_that_hangs_do_not_pile_up<S: Kind>() {
    let server = S::start();
    let cache = cache(&format!("{}?timeout=20ms&connect_timeout=20ms", server.url()));
    runtime().block_on(async {
        for _ in 0..5 {
            server.freeze();
            for _ in 0..20 {
                assert_eq!(cache.entry("k").get_or_compute_async(async || 2).await, 2);
                cache.entry("k").invalidate_async().await.unwrap_err();
            }
            server.thaw();
            pass_async(Duration::from_millis(50)).await;
            drop(cache.entry("k").invalidate_async().await);
        }
        // They are closed by tasks of this runtime.
        let mut rounds = 0;
        while server.clients() > 1 {
            rounds += 1;
            assert!(rounds < 40, "{} connections are left", server.clients());
            pass_async(Duration::from_millis(50)).await;
        }
    });
}
