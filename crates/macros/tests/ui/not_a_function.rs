//! Other things than functions.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

#[cached(CACHE)]
pub struct Shop;

#[cached(CACHE)]
static NUMBER: u64 = 5;

#[cached(CACHE)]
impl Shop {
    fn price(&self) {}
}

trait Price {
    #[cached(CACHE)]
    fn price(id: u64) -> u64;
}

#[cached(CACHE)]
mod shops {}

fn main() {}
