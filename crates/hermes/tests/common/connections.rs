//! Connections that were closed, cut or left behind: no call is lost by one, nothing that arrives late is kept, and nobody gets
//! another's answer.

use std::{sync::Barrier, thread, time::Duration};

use hermes::Cache;
use tokio::runtime::Builder;

use super::{
    HASTY, TAG, Way, cache,
    kind::{Kind, behind_a_proxy, with_an_entry},
    pass, soon, works_again,
};

/// Many threads, or tasks, have used connections that the server has closed since, when it lost all.
pub fn with_closed_connections<S: Kind>(way: Way) -> (S, Cache) {
    let (server, cache) = with_an_entry::<S>(way, "");
    let all = Barrier::new(8);
    thread::scope(|scope| {
        for n in 0..8 {
            let (all, cache) = (&all, &cache);
            scope.spawn(move || {
                way.compute_with(cache, &format!("warm {n}"), || {
                    all.wait();
                    n
                })
            });
        }
    });
    server.start_again();
    (server, cache)
}

pub fn a_restart_costs_no_call<S: Kind>(way: Way) {
    let (_server, cache) = with_closed_connections::<S>(way);
    assert_eq!(way.compute(&cache, "k", 2), 2);
    assert_eq!(way.compute(&cache, "k", 3), 2);
    assert_eq!(cache.stats().errors, 0);
    let (_server, cache) = with_closed_connections::<S>(way);
    way.invalidate(&cache, "k").unwrap();
    let (_server, cache) = with_closed_connections::<S>(way);
    way.clean(&cache, TAG).unwrap();
}

pub fn a_commit_that_arrives_after_an_invalidation_stores_nothing<S: Kind>(way: Way) {
    let (server, proxy, slow) = behind_a_proxy::<S>(HASTY);
    let direct = cache(&server.url());
    let stall_and_compute = || {
        proxy.stall();
        1
    };
    assert_eq!(soon(|| way.compute_with(&slow, "k", stall_and_compute)), 1);
    proxy.cut_clients();
    way.invalidate(&direct, "k").unwrap();
    // Now the commit arrives: nobody waits for its answer any more.
    proxy.resume();
    stays_gone(way, &direct);
    works_again(way, &slow);
}

pub fn what_a_hung_server_does_late_is_gone_after_an_invalidation<S: Kind>(way: Way) {
    let server = S::start();
    let cache = cache(&format!("{}{HASTY}", server.url()));
    let freeze_and_compute = || {
        server.freeze();
        1
    };
    assert_eq!(soon(|| way.compute_with(&cache, "k", freeze_and_compute)), 1);
    assert!(soon(|| way.invalidate(&cache, "k")).is_err());
    server.thaw();
    way.invalidate(&cache, "k").unwrap();
    stays_gone(way, &cache);
    works_again(way, &cache);
}

/// Real time: for what is late to arrive.
#[track_caller]
fn stays_gone(way: Way, cache: &Cache) {
    for _ in 0..20 {
        assert_eq!(way.get(cache, "k"), None);
        pass(Duration::from_millis(10));
    }
}

pub fn answers_that_come_late_are_nobody_elses<S: Kind>(way: Way) {
    let (server, proxy, cache) = behind_a_proxy::<S>("?timeout=50ms");
    let direct = self::cache(&server.url());
    for n in 0..20 {
        way.set(&direct, &format!("k{n}"), n).unwrap();
    }
    for delay_ms in [0, 20, 24, 26, 40, 0] {
        proxy.delay(Duration::from_millis(delay_ms));
        thread::scope(|scope| {
            for n in 0..20 {
                let cache = &cache;
                scope.spawn(move || {
                    for _ in 0..5 {
                        let found = soon(|| way.get(cache, &format!("k{n}")));
                        assert!(found.is_none_or(|found| found == n), "{found:?} in place of {n}");
                    }
                });
            }
        });
    }
    works_again(way, &cache);
}

pub fn a_task_that_looks_for_an_entry_blocks_nobody<S: Kind>() {
    let (_server, proxy, cache) = behind_a_proxy::<S>("");
    proxy.stall();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let entry = cache.entry("k");
        tokio::select! {
            biased;
            found = entry.get_async::<u64>() => unreachable!("it waited for {found:?}"),
            () = tokio::task::yield_now() => {}
        }
    });
}
