//! `#[cached]` on `async fn`, and the asynchronous twins of blocking functions.
#![cfg(all(feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    rc::Rc,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use hermes::{Cache, cached, cached_methods};
use serde::{Deserialize, Serialize};

static CACHE: LazyLock<Cache> =
    LazyLock::new(|| Cache::builder().url("memory://").ttl(Duration::from_secs(600)).build().unwrap());

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Profile {
    id: u64,
    name: String,
}

#[derive(Debug, PartialEq)]
struct DbError;

#[cached(CACHE, tags = ["user:{id}", "users"], ttl = 1200)]
async fn profile(id: u64) -> Result<Profile, DbError> {
    tokio::task::yield_now().await;
    if id == 0 {
        return Err(DbError);
    }
    Ok(Profile { id, name: format!("user {id}") })
}

#[tokio::test]
async fn an_async_function_has_async_companions() -> Result<(), hermes::Error> {
    let user = profile(42).await.unwrap();
    assert_eq!(profile::peek(42).await, Some(user.clone()));
    assert_eq!(profile(0).await, Err(DbError));
    assert_eq!(profile::peek(0).await, None);
    profile::invalidate(42).await?;
    assert_eq!(profile::peek(42).await, None);
    assert_eq!(profile::refresh(42).await.unwrap(), user);
    assert_eq!(profile::uncached(42).await.unwrap(), user);
    assert!(profile::key(42)?.to_string().contains("profile"));
    CACHE.clean_async(["user:42"]).await?;
    assert_eq!(profile::peek(42).await, None);
    profile(42).await.unwrap();
    profile::clear().await?;
    assert_eq!(profile::peek(42).await, None);
    Ok(())
}

static RUNS: AtomicUsize = AtomicUsize::new(0);

#[cached(CACHE, ttl = |text: &String| text.len() as u64, cache_if = |text| text.len() > 1, weight = |text: &String| text.len())]
async fn consumed(text: String, parts: &[u64], (a, mut b): (u64, u64)) -> String {
    RUNS.fetch_add(1, SeqCst);
    b += 1;
    tokio::task::yield_now().await;
    text + &format!("{parts:?}{a}{b}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_share_one_computation() {
    let tasks: Vec<_> =
        (0..20).map(|_| tokio::spawn(async { consumed("x".to_owned(), &[1, 2], (3, 4)).await })).collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "x[1, 2]35");
    }
    assert_eq!(RUNS.load(SeqCst), 1);
}

fn assert_send<T: Send>(value: T) -> T {
    value
}

#[tokio::test]
async fn futures_are_send_whenever_the_body_is() -> Result<(), hermes::Error> {
    let name = "name".to_owned();
    assert_send(borrows(&name, Some(&name))).await;
    assert_send(borrows::peek(&name, None)).await;
    assert_send(borrows::refresh(&name, None)).await;
    assert_send(borrows::invalidate(&name, None)).await?;
    assert_send(borrows::clear()).await?;
    assert_send(generic(3_u8, |n: u8| async move { n })).await;
    assert_send(blocking::peek_async(1)).await;
    Ok(())
}

#[cached(CACHE, tags = ["{a}", format!("b:{b:?}")])]
async fn borrows(a: &str, b: Option<&String>) -> usize {
    tokio::task::yield_now().await;
    a.len() + b.map_or(0, String::len)
}

#[cached(CACHE, skip = [load])]
async fn generic<T, F, Fut>(n: T, load: F) -> T
where
    T: Serialize + serde::de::DeserializeOwned + Clone + Send + Sync + 'static,
    F: Fn(T) -> Fut,
    Fut: Future<Output = T>,
{
    load(n).await
}

/// Of a body that keeps this many bytes while it waits.
const LARGE: usize = 64 << 10;

#[cached(CACHE)]
async fn large(n: u64) -> u64 {
    let kept = [n as u8; LARGE];
    tokio::task::yield_now().await;
    kept.iter().map(|byte| u64::from(*byte)).sum()
}

#[cached(CACHE, tags = ["outer"])]
async fn asks_the_large_one(n: u64) -> Result<u64, DbError> {
    Ok(large(n).await)
}

#[test]
fn a_future_holds_its_body_once_however_deep_the_calls() {
    let frame = LARGE / 8;
    assert!(size_of_val(&large(1)) < LARGE + frame);
    assert!(size_of_val(&asks_the_large_one(1)) < LARGE + 2 * frame);
    assert!(size_of_val(&asks_the_large_one::refresh(1)) < LARGE + 2 * frame);
    assert!(size_of_val(&CACHE.entry("large").get_or_compute_async(|| large(1))) < LARGE + 2 * frame);
}

#[cached(CACHE)]
async fn not_send(n: u64) -> u64 {
    let rc = Rc::new(n);
    tokio::task::yield_now().await;
    *rc
}

#[tokio::test]
async fn a_body_need_not_be_send() {
    assert_eq!(not_send(3).await, 3);
}

#[cached(CACHE)]
async fn fib(n: u64) -> u64 {
    if n < 2 { n } else { Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await }
}

#[tokio::test]
async fn async_recursion_runs_through_the_cache() {
    assert_eq!(tokio::spawn(fib(60)).await.unwrap(), 1_548_008_755_920);
}

#[cached(CACHE, tags = ["blocking"])]
fn blocking(n: u64) -> u64 {
    n
}

#[tokio::test]
async fn a_blocking_function_has_async_twins() -> Result<(), hermes::Error> {
    blocking(1);
    assert_eq!(blocking::peek_async(1).await, Some(1));
    blocking::invalidate_async(1).await?;
    assert_eq!(blocking::peek_async(1).await, None);
    blocking(1);
    blocking::clear_async().await?;
    assert_eq!(blocking::peek(1), None);
    Ok(())
}

struct Service {
    id: u64,
}

trait Load {
    fn load(&self, n: u64) -> impl Future<Output = Result<u64, DbError>> + Send;
}

#[cached_methods(CACHE)]
impl Service {
    #[cached(tags = ["service:{self.id}"], key = "{self.id}:{n}")]
    async fn get(&self, n: u64) -> u64 {
        tokio::task::yield_now().await;
        self.id + n
    }

    #[cached]
    async fn owned(self: Arc<Self>, text: &str) -> usize {
        text.len()
    }

    #[cached]
    fn now(&self, n: u64) -> u64 {
        n
    }
}

#[cached_methods(CACHE)]
impl Load for Service {
    #[cached(key = "{self.id}:{n}")]
    async fn load(&self, n: u64) -> Result<u64, DbError> {
        let n = self.get(n).await;
        Ok(n)
    }
}

#[tokio::test]
async fn methods_can_be_async() -> Result<(), hermes::Error> {
    let service = Arc::new(Service { id: 100 });
    assert_eq!(assert_send(service.get(1)).await, 101);
    assert_eq!(service.peek_get(1).await, Some(101));
    service.invalidate_get(1).await?;
    assert_eq!(service.peek_get(1).await, None);
    assert_eq!((service.refresh_get(1).await, service.uncached_get(1).await), (101, 101));
    Service::clear_get().await?;
    assert_eq!(assert_send(Arc::clone(&service).owned("abc")).await, 3);
    assert_eq!((service.now(1), service.peek_now_async(1).await), (1, Some(1)));
    service.invalidate_now_async(1).await?;
    Service::clear_now_async().await?;
    assert_eq!(assert_send(service.load(5)).await, Ok(105));
    assert_eq!(assert_send(service.peek_load(5)).await, Some(105));
    Ok(())
}
