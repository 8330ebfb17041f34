//! Times to live that are none.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

#[cached(CACHE, ttl = 0)]
fn zero(id: u64) -> u64 {
    id
}

#[cached(CACHE, ttl = "0s")]
fn zero_text(id: u64) -> u64 {
    id
}

#[cached(CACHE, ttl = 18446744073709551615)]
fn forever(id: u64) -> u64 {
    id
}

#[cached(CACHE, ttl = 99999999999999999999)]
fn beyond_numbers(id: u64) -> u64 {
    id
}

#[cached(CACHE, ttl = "40000d")]
fn longer_than_a_life(id: u64) -> u64 {
    id
}

#[cached(CACHE, ttl = "20 minutes")]
fn unknown_unit(id: u64) -> u64 {
    id
}

#[cached(CACHE, ttl = 1.5)]
fn fraction(id: u64) -> u64 {
    id
}

#[cached(CACHE, ttl = -5)]
fn negative(id: u64) -> u64 {
    id
}

#[cached(CACHE, ttl = id.to_string())]
fn not_a_time(id: u64) -> u64 {
    id
}

#[cached(CACHE, ttl = |value: &u64| value.to_string())]
fn not_a_time_of_the_value(id: u64) -> u64 {
    id
}

fn main() {}
