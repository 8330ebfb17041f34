//! Companions whose name is taken.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

#[cached(CACHE)]
fn char(n: u64) -> u64 {
    n
}

#[cached(CACHE, companion = u64)]
fn renamed(n: u64) -> u64 {
    n
}

fn main() {}
