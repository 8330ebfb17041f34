//! A leader that gives no value frees its key at once, as another process sees it; and who waits for a leader does not wait for a
//! server.

use std::{
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use hermes::Cache;
use hermes_testkit::wait_until;
use tokio::sync::Notify;

use super::{HASTY, TAG, Way, cache, kind::Kind, run, soon, timed, works_again};

/// Another process computes the key at once.
#[track_caller]
pub fn is_free<S: Kind>(way: Way, server: &S) {
    let other = cache(&server.url());
    assert_eq!(soon(|| way.compute(&other, "k", 7)), 7);
    assert_eq!(way.get(&other, "k"), Some(7));
}

pub fn a_leader_fails<S: Kind>(way: Way) {
    let (server, cache) = cold::<S>();
    assert_eq!(way.try_compute(&cache, "k", || Err("no")), Err("no"));
    is_free(way, &server);
}

pub fn a_leader_panics<S: Kind>(way: Way) {
    let (server, cache) = cold::<S>();
    let panicking = || way.compute_with(&cache, "k", || panic!("a loader's own"));
    assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
    is_free(way, &server);
}

pub fn a_leader_is_cancelled<S: Kind>() {
    let (server, cache) = cold::<S>();
    run(async {
        let leading = Notify::new();
        let hang = async || {
            leading.notify_one();
            pending::<u64>().await
        };
        let entry = cache.entry("k").tags([TAG]);
        tokio::select! {
            _ = entry.get_or_compute_async(hang) => unreachable!("it hangs"),
            () = leading.notified() => {}
        }
    });
    is_free(Way::Async, &server);
}

fn cold<S: Kind>() -> (S, Cache) {
    let server = S::start();
    let cache = cache(&server.url());
    (server, cache)
}

/// Callers wait for a leader of another process when something happens to the server.
pub fn while_others_wait<S: Kind>(way: Way, strike: impl Fn(&S)) {
    let (server, leading) = cold::<S>();
    let following = cache(&format!("{}{HASTY}", server.url()));
    let (led, begun) = channel();
    thread::scope(|scope| {
        // Dropped at the end, however that comes.
        let (end, ended) = channel::<()>();
        scope.spawn(|| {
            way.compute_with(&leading, "k", move || {
                led.send(()).unwrap();
                ended.recv().unwrap_err();
                1
            })
        });
        begun.recv().unwrap();
        let waiting: Vec<_> =
            (0..8).map(|_| scope.spawn(|| timed(|| way.compute(&following, "k", 2)))).collect();
        wait_until("they wait", || following.stats().waits == 8);
        strike(&server);
        for waiting in waiting {
            let (value, took) = waiting.join().unwrap();
            assert_eq!(value, 2);
            assert!(took < Duration::from_secs(3), "it took {took:?}");
        }
        drop(end);
    });
    server.start_again();
    works_again(way, &following);
    works_again(way, &leading);
}
