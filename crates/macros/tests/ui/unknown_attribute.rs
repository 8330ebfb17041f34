//! An attribute nobody knows.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

#[cached(CACHE, tag = ["users"])]
fn near(id: u64) -> u64 {
    id
}

#[cached(CACHE, colour = "blue", skipp = [id])]
fn several(id: u64) -> u64 {
    id
}

#[cached(CACHE, sync)]
fn bare(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags)]
fn without_value(id: u64) -> u64 {
    id
}

#[cached(CACHE, CACHE)]
fn two_caches(id: u64) -> u64 {
    id
}

#[cached(CACHE, 5 + 5)]
fn an_expression(id: u64) -> u64 {
    id
}

fn main() {}
