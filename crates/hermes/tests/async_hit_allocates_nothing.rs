//! A hit allocates nothing, blocking or async. Alone in its binary, since the allocator that counts serves all of it.
#![cfg(all(feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    pin::pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll, Waker},
};

use hermes::{Cache, Live, cached, cached_methods};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());
static LIVE: LazyLock<Cache<Live>> = LazyLock::new(|| Cache::builder().live().build().unwrap());

#[cached(CACHE, tags = ["user:{id}", "users"], ttl = 1200)]
async fn score(id: u64) -> u64 {
    tokio::task::yield_now().await;
    id
}

#[cached(CACHE, tags = ["user:{id}", "users"], ttl = 1200)]
async fn try_score(id: u64) -> Result<u64, String> {
    tokio::task::yield_now().await;
    Ok(id)
}

#[cached(LIVE, tags = ["path:{path}"])]
async fn page(id: u64, path: &str) -> Arc<str> {
    format!("{id}/{path}").into()
}

#[cached(CACHE, tags = ["user:{id}", "users"], ttl = 1200)]
fn blocking_score(id: u64) -> u64 {
    id
}

#[cached(LIVE, tags = ["path:{path}"])]
fn blocking_page(id: u64, path: &str) -> Arc<str> {
    format!("{id}/{path}").into()
}

struct Shop {
    id: u64,
}

#[cached_methods(CACHE)]
impl Shop {
    #[cached(tags = ["article:{article}"])]
    async fn price(&self, article: u64) -> u64 {
        self.id + article
    }

    #[cached(tags = ["shop:{self.id}"])]
    fn own_price(&self, article: u64) -> u64 {
        self.id + article
    }
}

/// Runs it twice, and counts what the second run allocates: the first may fill the cache and the thread's own places.
fn allocations<T>(mut run: impl FnMut() -> T) -> u64 {
    run();
    allocation_counter::measure(|| drop(run())).count_total
}

/// Polls a future, which is to be ready at once, without any runtime.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a hit has nothing to wait for"),
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| Box::new(1)), 1);
}

#[test]
fn an_async_hit_allocates_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let shop = Shop { id: 100 };
    runtime.block_on(async {
        score(7).await;
        try_score(7).await.unwrap();
        page(7, "a/path").await;
        shop.price(7).await;
    });
    assert_eq!(allocations(|| ready(score(7))), 0);
    assert_eq!(allocations(|| ready(try_score(7))), 0);
    assert_eq!(allocations(|| ready(page(7, "a/path"))), 0);
    assert_eq!(allocations(|| ready(shop.price(7))), 0);
}

#[test]
fn a_blocking_hit_allocates_nothing() {
    assert_eq!(allocations(|| blocking_score(7)), 0);
    assert_eq!(allocations(|| blocking_page(7, "a/path")), 0);
}

#[test]
fn a_peek_allocates_no_more_than_its_tags() {
    blocking_score(8);
    // A peek compares the tags, which are made from the arguments: two texts, their list, and what formatting needs.
    assert!(allocations(|| blocking_score::peek(8)) <= 8);
}

#[test]
fn long_arguments_take_a_buffer_known_limit() {
    let path = "a/long/path/".repeat(20);
    assert!(allocations(|| blocking_page(7, &path)) <= 4);
}

#[test]
fn tags_that_name_the_receiver_are_made_for_each_call_known_limit() {
    // The receiver is not in the key, so only the tags tell its entries from those of another.
    let shop = Shop { id: 100 };
    assert!(allocations(|| shop.own_price(7)) <= 8);
}
