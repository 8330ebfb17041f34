//! An idle cache has no thread of its own. Alone in its binary, because it counts the threads of the process.
#![cfg(all(target_os = "linux", feature = "async"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    future::pending,
    pin::pin,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use hermes::Cache;

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

/// Threads that are told to end take a moment to. Should they not, a test would not end.
fn until_threads(count: usize) {
    while threads() != count {
        thread::yield_now();
    }
}

fn pend<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) {
    assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[test]
fn an_idle_cache_has_no_thread() {
    let before = threads();

    let cache = Cache::builder().patience(Duration::from_secs(3600)).build().unwrap();
    assert_eq!(threads(), before, "building starts none");

    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..5_000 {
                    let name = (n % 100).to_string();
                    let entry = cache.entry(&name).tags([&name]).ttl(Duration::from_secs(60));
                    assert_eq!(entry.get_or_compute(|| n % 100), n % 100);
                    if n % 10 == 0 {
                        cache.clean([&name]).unwrap();
                    }
                }
            });
        }
    });
    until_threads(before);

    let entry = cache.entry("slow");
    let mut leader = Box::pin(entry.get_or_compute_async(pending::<i32>));
    pend(leader.as_mut());
    assert_eq!(threads(), before, "a task that computes starts none");

    for _ in 0..100 {
        let mut followers: Vec<_> =
            (0..10).map(|_| Box::pin(entry.get_or_compute_async(async || 1))).collect();
        followers.iter_mut().for_each(|follower| pend(follower.as_mut()));
        // One thread for all waits.
        until_threads(before + 1);
    }
    drop(leader);
    let mut last = pin!(entry.get_or_compute_async(async || 1));
    assert_eq!(last.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(1));

    until_threads(before);
}
