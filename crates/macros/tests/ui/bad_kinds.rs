//! Functions that cannot be cached.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

#[cached(CACHE)]
const fn constant(id: u64) -> u64 {
    id
}

#[cached(CACHE)]
unsafe fn dangerous(id: u64) -> u64 {
    id
}

#[cached(CACHE)]
extern "C" fn foreign(id: u64) -> u64 {
    id
}

#[cached(CACHE)]
fn endless(id: u64) -> ! {
    panic!("{id}")
}

#[cached(CACHE)]
fn by_cfg(#[cfg(all())] id: u64) -> u64 {
    id
}

#[cached(CACHE)]
const unsafe fn everything_at_once(id: &u64) -> &u64 {
    id
}

fn main() {}
