//! An attribute given twice.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

#[cached(CACHE, ttl = 5, tags = ["a"], ttl = 6)]
fn twice(id: u64) -> u64 {
    id
}

#[cached(CACHE, skip = [id, id])]
fn skipped_twice(id: u64) -> u64 {
    id
}

fn main() {}
