//! Something that is no cache.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

static NUMBER: u64 = 5;

#[cached(NUMBER)]
fn number(id: u64) -> u64 {
    id
}

#[cached(MISSING)]
fn missing(id: u64) -> u64 {
    id
}

fn main() {}
