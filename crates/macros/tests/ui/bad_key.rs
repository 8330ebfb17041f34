//! Keys that are none.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

struct NoSerde;

#[cached(CACHE, key = "{nobody}")]
fn unknown(id: u64) -> u64 {
    id
}

#[cached(CACHE, key = NoSerde)]
fn not_serializable(id: u64) -> u64 {
    id
}

#[cached(CACHE)]
fn argument_not_serializable(id: u64, other: NoSerde) -> u64 {
    drop(other);
    id
}

fn main() {}
