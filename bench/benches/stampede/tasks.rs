//! Tasks of one process who miss at once, on two threads of a runtime.
#![allow(missing_docs, reason = "the peers' macros make public items without docs")]

use std::{convert::Infallible, future::Future, pin::Pin, sync::LazyLock};

use hermes::{Cache, cached};
use tokio::runtime::{Builder, Runtime};

use crate::{
    COMPUTING, Subject,
    watch::{Outcome, computed, ends, now},
};

type Call = fn(u64) -> Pin<Box<dyn Future<Output = u64> + Send>>;

pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

pub(crate) fn subjects(runtime: &Runtime) -> [Subject<'_>; 6] {
    let of = |call: Call| Box::new(move |callers, key| runtime.block_on(stampede(callers, key, call)));
    [
        ("hermes", of(|n| Box::pin(of_hermes(n)))),
        ("quick_cache get_or_insert_async", of(|n| Box::pin(of_quick_cache(n)))),
        ("moka get_with", of(|n| Box::pin(of_moka(n)))),
        ("foyer get_or_fetch", of(|n| Box::pin(of_foyer(n)))),
        ("cached sync_writes", of(|n| Box::pin(of_cached_sync_writes(n)))),
        ("cached", of(|n| Box::pin(of_cached_plain(n)))),
    ]
}

async fn stampede(callers: usize, key: u64, call: Call) -> Outcome {
    let caller = || async move {
        call(key).await;
        now()
    };
    let callers: Vec<_> = (0..callers).map(|_| tokio::spawn(caller())).collect();
    let mut last_back = 0;
    for caller in callers {
        last_back = last_back.max(caller.await.expect("a call does not panic"));
    }
    Outcome::new(&ends(), last_back)
}

/// What all subjects cache.
#[expect(clippy::disallowed_methods, reason = "this takes its time")]
async fn compute(n: u64) -> u64 {
    tokio::time::sleep(COMPUTING).await;
    computed();
    n
}

static CACHE: LazyLock<Cache> =
    LazyLock::new(|| Cache::from_url("memory://?ttl=1h").expect("the URL is good"));
static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(100_000));
static MOKA: LazyLock<moka::future::Cache<u64, u64>> = LazyLock::new(|| moka::future::Cache::new(100_000));
static FOYER: LazyLock<foyer_memory::Cache<u64, u64>> =
    LazyLock::new(|| foyer_memory::CacheBuilder::new(100_000).build());

#[cached(CACHE, tags = ["numbers", "{n}"], ttl = 3600)]
async fn of_hermes(n: u64) -> u64 {
    compute(n).await
}

async fn of_quick_cache(n: u64) -> u64 {
    let computed = async { Ok::<u64, Infallible>(compute(n).await) };
    QUICK.get_or_insert_async(&n, computed).await.expect("it is computed without fail")
}

async fn of_moka(n: u64) -> u64 {
    MOKA.get_with(n, compute(n)).await
}

async fn of_foyer(n: u64) -> u64 {
    let fetched = FOYER.get_or_fetch(&n, || async move { Ok::<u64, Infallible>(compute(n).await) });
    *fetched.await.expect("it is computed without fail").value()
}

#[cached::macros::cached(max_size = 100000, ttl_secs = 3600, sync_writes = "by_key")]
async fn of_cached_sync_writes(n: u64) -> u64 {
    compute(n).await
}

#[cached::macros::cached(max_size = 100000, ttl_secs = 3600)]
async fn of_cached_plain(n: u64) -> u64 {
    compute(n).await
}
