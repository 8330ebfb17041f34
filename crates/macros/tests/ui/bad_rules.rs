//! Rules of the wrong type.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

#[cached(CACHE, cache_if = |value: &u64| *value)]
fn not_a_bool(id: u64) -> u64 {
    id
}

#[cached(CACHE, cache_if = |value: &String| value.is_empty())]
fn of_another_type(id: u64) -> u64 {
    id
}

#[cached(CACHE, weight = "heavy")]
fn not_a_weight(id: u64) -> u64 {
    id
}

#[cached(CACHE, name = "")]
fn nameless(id: u64) -> u64 {
    id
}

#[cached(CACHE, version = 1.5, companion = "other")]
fn version(id: u64) -> u64 {
    id
}

#[cached(CACHE, version = 'a', name = " ")]
fn letter(id: u64) -> u64 {
    id
}

fn main() {}
