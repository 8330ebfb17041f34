//! Shows what a cache does for functions and methods, blocking and async: which calls compute, which are answered
//! from the cache, and what an invalidation and a clean drop.
//!
//! ```text
//! cargo run --example quickstart
//! ```
#![allow(clippy::print_stdout, reason = "an example prints what it shows")]

use std::{error::Error, fmt, sync::LazyLock, time::Duration};

use hermes::{Cache, cached, cached_methods};
use serde::{Deserialize, Serialize};

static CACHE: LazyLock<Cache> = LazyLock::new(|| {
    Cache::builder().url("memory://").ttl(Duration::from_secs(600)).build().expect("the URL is right")
});

#[cached(CACHE)]
fn foo(a: i64, b: i64) -> i64 {
    a * b
}

#[cached(CACHE, tags = ["user:{id}", "users"], ttl = 1200)]
async fn profile(id: u64) -> Result<Profile, DbError> {
    let name = select_name(id).await.ok_or(DbError)?;
    Ok(Profile { id, name })
}

struct Example;

#[cached_methods(CACHE)]
impl Example {
    #[cached(tags = ["math", "power"], ttl = 1200)]
    fn bar(&self, a: i64, b: u32) -> i64 {
        a.pow(b)
    }

    #[cached(tags = ["math", "avg"], key = "avg:{a}:{b}")]
    fn baz(&self, a: f64, b: f64) -> f64 {
        (a + b) / 2.0
    }
}

/// Prints a call, its value, and where the value came from.
macro_rules! show {
    ($call:expr) => {{
        let before = CACHE.stats().computations;
        let value = $call;
        let from = if CACHE.stats().computations > before { "computed" } else { "cached" };
        println!("    {:<38}{:<16}{from}", stringify!($call), value.to_string());
    }};
}

/// Does something to the cache and prints it.
macro_rules! act {
    ($verb:expr) => {{
        $verb;
        println!("  > {}", stringify!($verb));
    }};
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("A cached function has the same signature and is called as before.");
    show!(foo(2, 333));
    show!(foo(2, 333));
    act!(foo::invalidate(2, 333)?);
    show!(foo(2, 333));

    println!("\nThe companions of a method are methods beside it.");
    let example = Example;
    show!(example.bar(2, 10));
    show!(example.baz(2.0, 10.0));
    act!(example.invalidate_bar(2, 10)?);
    show!(example.bar(2, 10));
    show!(example.baz(2.0, 10.0));

    println!("\nA clean drops all entries with a tag, and no others.");
    act!(CACHE.clean(["math"])?);
    show!(example.bar(2, 10));
    show!(example.baz(2.0, 10.0));
    show!(foo(2, 333));

    println!("\nAsync code uses the same cache. Only an Ok is kept.");
    show!(profile(42).await?);
    show!(profile(42).await?);
    act!(profile::invalidate(42).await?);
    show!(profile(42).await?);
    act!(CACHE.clean_async(["user:42"]).await?);
    show!(profile(42).await?);
    show!(profile(0).await.is_err());
    show!(profile(0).await.is_err());

    println!("\nAnd at the end, everything goes.");
    act!(CACHE.clean_all()?);
    show!(foo(2, 333));
    show!(profile(42).await?);
    Ok(())
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Profile {
    id: u64,
    name: String,
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.id)
    }
}

#[derive(Debug)]
struct DbError;

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such user")
    }
}

impl Error for DbError {}

/// Stands for a query.
async fn select_name(id: u64) -> Option<String> {
    tokio::task::yield_now().await;
    (id > 0).then(|| "Ada".to_owned())
}
