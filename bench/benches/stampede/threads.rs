//! Threads of one process who miss at once.
#![allow(missing_docs, reason = "the peers' macros make public items without docs")]

use std::{
    sync::{Barrier, LazyLock},
    thread,
};

use hermes::{Cache, cached};

use crate::{
    COMPUTING, Subject,
    watch::{Outcome, computed, ends, now},
};

pub(crate) fn subjects() -> [Subject<'static>; 5] {
    let of = |call: fn(u64) -> u64| Box::new(move |callers, key| stampede(callers, key, call));
    [
        ("hermes", of(of_hermes)),
        ("quick_cache get_or_insert_with", of(of_quick_cache)),
        ("moka get_with", of(of_moka)),
        ("cached sync_writes", of(of_cached_sync_writes)),
        ("cached", of(of_cached_plain)),
    ]
}

fn stampede(callers: usize, key: u64, call: fn(u64) -> u64) -> Outcome {
    let start = Barrier::new(callers);
    let last_back = thread::scope(|scope| {
        let caller = || {
            start.wait();
            call(key);
            now()
        };
        let callers: Vec<_> = (0..callers).map(|_| scope.spawn(caller)).collect();
        callers.into_iter().map(|caller| caller.join().expect("a call does not panic")).max()
    });
    Outcome::new(&ends(), last_back.expect("there are callers"))
}

/// What all subjects cache.
#[expect(clippy::disallowed_methods, reason = "this takes its time")]
pub(crate) fn compute(n: u64) -> u64 {
    thread::sleep(COMPUTING);
    computed();
    n
}

static CACHE: LazyLock<Cache> =
    LazyLock::new(|| Cache::from_url("memory://?ttl=1h").expect("the URL is good"));
static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(100_000));
static MOKA: LazyLock<moka::sync::Cache<u64, u64>> = LazyLock::new(|| moka::sync::Cache::new(100_000));

#[cached(CACHE, tags = ["numbers", "{n}"], ttl = 3600)]
fn of_hermes(n: u64) -> u64 {
    compute(n)
}

fn of_quick_cache(n: u64) -> u64 {
    QUICK.get_or_insert_with(&n, || Ok::<u64, ()>(compute(n))).expect("it is computed without fail")
}

fn of_moka(n: u64) -> u64 {
    MOKA.get_with(n, || compute(n))
}

#[cached::macros::cached(max_size = 100000, ttl_secs = 3600, sync_writes = "by_key")]
fn of_cached_sync_writes(n: u64) -> u64 {
    compute(n)
}

#[cached::macros::cached(max_size = 100000, ttl_secs = 3600)]
fn of_cached_plain(n: u64) -> u64 {
    compute(n)
}
