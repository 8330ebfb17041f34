//! What a lease on a memcached is worth: over restarts, over heartbeats, and in the place of an entry that nobody is served.
#![cfg(all(feature = "memcached", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{sync::mpsc::channel, thread, time::Duration};

use common::{TAG, Way, both_ways, cache, leaders, pass, run, soon, timed, works_again};
use hermes::Cache;
use hermes_testkit::{Memcached, Proxy};

/// A cache with leases that are short, but longer than a busy machine lets a heartbeat wait.
fn cache_at(memcached: &Memcached) -> Cache {
    cache(&format!("{}?lease=2s", memcached.url()))
}

#[test]
fn a_leader_that_fails_frees_its_key_at_once() {
    both_ways(leaders::a_leader_fails::<Memcached>);
}

#[test]
fn a_leader_that_panics_frees_its_key_at_once() {
    both_ways(leaders::a_leader_panics::<Memcached>);
}

#[test]
fn a_leader_that_is_cancelled_frees_its_key_at_once() {
    leaders::a_leader_is_cancelled::<Memcached>();
}

#[test]
fn who_waits_for_another_process_does_not_wait_for_a_server_that_died() {
    both_ways(|way| leaders::while_others_wait::<Memcached>(way, |server| server.kill()));
}

#[test]
fn who_waits_for_another_process_does_not_wait_for_a_server_that_hangs() {
    both_ways(|way| leaders::while_others_wait::<Memcached>(way, |server| server.freeze()));
}

#[test]
fn a_call_that_is_cancelled_while_it_asks_leaves_no_lease() {
    let memcached = Memcached::start();
    let proxy = Proxy::to(memcached.address());
    let cache = cache(&proxy.url_for("memcached"));
    run(cache.entry("warm").get_async::<u64>());
    proxy.stall_answers();
    run(async {
        let entry = cache.entry("k").tags([TAG]);
        tokio::select! {
            biased;
            _ = entry.get_or_compute_async(async || 1) => unreachable!("no answer comes"),
            () = common::pass_async(Duration::from_millis(50)) => {}
        }
    });
    proxy.resume();
    // Its claim is answered when nobody waits for it any more.
    leaders::is_free(Way::Async, &memcached);
}

/// History 30: nobody who finds an entry that was cleaned is told to wait for a leader that there is not.
#[test]
fn an_entry_that_was_cleaned_is_computed_by_whoever_comes_first() {
    both_ways(|way| {
        let memcached = Memcached::start();
        let (one, other) = (cache_at(&memcached), cache_at(&memcached));
        way.set(&one, "k", 1).unwrap();
        way.clean(&one, TAG).unwrap();
        let (led, begun) = channel();
        thread::scope(|scope| {
            let leader = scope.spawn(|| {
                soon(|| {
                    way.compute_with(&one, "k", || {
                        led.send(()).unwrap();
                        pass(Duration::from_millis(100));
                        2
                    })
                })
            });
            begun.recv().unwrap();
            assert_eq!(soon(|| way.compute(&other, "k", 3)), 2);
            assert_eq!(leader.join().unwrap(), 2);
        });
        assert_eq!((one.stats().computations, other.stats().computations), (1, 0));
    });
}

/// History 33: after a restart the server counts from 1 again, so that the lease of before has the number of another.
#[test]
fn a_leader_of_before_a_restart_stores_nothing_in_the_place_of_its_successor() {
    both_ways(|way| {
        let memcached = Memcached::start();
        let (old, new) = (cache_at(&memcached), cache_at(&memcached));
        let restart_and_compute = || {
            memcached.start_again();
            new.entry("k").invalidate().unwrap();
            thread::scope(|scope| {
                let successor = scope.spawn(|| way.compute(&new, "k", 2));
                assert_eq!(successor.join().unwrap(), 2);
            });
            1
        };
        assert_eq!(way.compute_with(&old, "k", restart_and_compute), 1);
        assert_eq!(way.get(&new, "k"), Some(2), "the value of before the restart was stored");
        assert_eq!(old.stats().fenced_commits, 1);

        // And while the successor still computes.
        let memcached = Memcached::start();
        let (old, new) = (cache_at(&memcached), cache_at(&memcached));
        let (led, begun) = channel();
        let (end, ended) = channel::<()>();
        thread::scope(|scope| {
            let value = way.compute_with(&old, "k", || {
                memcached.start_again();
                new.entry("k").invalidate().unwrap();
                let new = &new;
                scope.spawn(move || {
                    way.compute_with(new, "k", move || {
                        led.send(()).unwrap();
                        ended.recv().unwrap_err();
                        2
                    })
                });
                begun.recv().unwrap();
                1
            });
            assert_eq!(value, 1);
            assert_eq!(way.get(&new, "k"), None, "the value of before the restart was stored");
            drop(end);
        });
        assert_eq!(way.get(&new, "k"), Some(2));
        assert_eq!(old.stats().fenced_commits, 1);
    });
}

#[test]
fn a_leader_keeps_its_lease_for_as_long_as_it_computes() {
    both_ways(|way| {
        let memcached = Memcached::start();
        let (one, other) = (cache_at(&memcached), cache_at(&memcached));
        let (led, begun) = channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                way.compute_with(&one, "k", || {
                    led.send(()).unwrap();
                    // Real time: twice as long as the lease, six heartbeats.
                    pass(Duration::from_secs(4));
                    1
                })
            });
            begun.recv().unwrap();
            let (values, took) = timed(|| {
                let waiting: Vec<_> = (0..4).map(|_| scope.spawn(|| way.compute(&other, "k", 2))).collect();
                waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect::<Vec<_>>()
            });
            assert_eq!(values, [1; 4]);
            assert!(took > Duration::from_secs(3), "it took {took:?}");
        });
        assert_eq!((one.stats().fenced_commits, other.stats().computations), (0, 0));
        assert_eq!(way.get(&other, "k"), Some(1));
    });
}

#[test]
fn a_refresh_keeps_the_entry_for_others_while_it_computes_and_where_it_fails() {
    both_ways(|way| {
        let memcached = Memcached::start();
        let (one, other) = (cache_at(&memcached), cache_at(&memcached));
        assert_eq!(way.half_of(&one, 8), 4);
        assert_eq!(way.refresh(&one, 8), 4);
        assert_eq!(way.peek(&other, 8), Some(4));
        // By hand, with a loader that takes longer than a lease, and then fails.
        common::on(&one, || {
            let failing = || {
                slow_and_failing::refresh(way == Way::Blocking).unwrap_err();
            };
            slow_and_failing_is_there(&one);
            thread::scope(|scope| {
                let refresh = scope.spawn(|| common::on(&one, failing));
                pass(Duration::from_secs(3));
                common::on(&other, || {
                    assert_eq!(slow_and_failing::peek(way == Way::Blocking), Some(1), "while it computes");
                });
                refresh.join().unwrap();
            });
            assert_eq!(slow_and_failing::peek(way == Way::Blocking), Some(1), "where it has failed");
        });
    });
}

static FAILS: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

#[hermes::cached(common::current(), tags = [TAG])]
fn slow_and_failing(_way: bool) -> Result<u64, &'static str> {
    if FAILS.load(std::sync::atomic::Ordering::SeqCst) {
        pass(Duration::from_secs(4));
        return Err("no");
    }
    Ok(1)
}

fn slow_and_failing_is_there(cache: &Cache) {
    common::on(cache, || {
        FAILS.store(false, std::sync::atomic::Ordering::SeqCst);
        for way in [true, false] {
            assert_eq!(slow_and_failing(way), Ok(1));
        }
        FAILS.store(true, std::sync::atomic::Ordering::SeqCst);
    });
}

#[test]
fn a_clean_in_the_middle_is_seen_by_other_processes_after_the_first_heartbeat_at_the_latest() {
    both_ways(|way| {
        let memcached = Memcached::start();
        let (one, other) = (cache_at(&memcached), cache_at(&memcached));
        let (led, begun) = channel();
        let (end, ended) = channel::<()>();
        thread::scope(|scope| {
            scope.spawn(|| {
                way.compute_with(&one, "k", move || {
                    led.send(()).unwrap();
                    ended.recv().unwrap_err();
                    1
                })
            });
            begun.recv().unwrap();
            way.clean(&other, TAG).unwrap();
            // The other process does not wait for a value that it would not be served.
            assert_eq!(soon(|| way.compute(&other, "k", 2)), 2);
            drop(end);
        });
        assert_eq!(way.get(&one, "k"), Some(2));
        works_again(way, &one);
    });
}

#[test]
fn a_lease_that_nobody_renews_is_free_after_its_life() {
    let memcached = Memcached::start();
    let cache = cache_at(&memcached);
    // Somebody claimed the key, and died.
    Way::Blocking.set(&cache, "k", 1).unwrap();
    let name = cache.dump().unwrap()[0].key.to_string();
    assert_eq!(memcached.command(&format!("md {name}")), "HD\r\n");
    assert!(memcached.command(&format!("mg {name} v c N2")).contains('W'));
    let (value, took) = timed(|| Way::Blocking.compute(&cache, "k", 2));
    assert_eq!(value, 2);
    assert!(took < Duration::from_secs(8), "it took {took:?}");
}
