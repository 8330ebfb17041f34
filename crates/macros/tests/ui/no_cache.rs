//! A function without a cache.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

#[cached]
fn nothing(id: u64) -> u64 {
    id
}

#[cached(ttl = 5)]
fn only_a_ttl(id: u64) -> u64 {
    id
}

fn main() {}
