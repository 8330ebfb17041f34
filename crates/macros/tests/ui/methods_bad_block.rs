//! Blocks that hold nothing to cache.

use std::sync::LazyLock;

use hermes::{Cache, cached_methods};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

struct Shop;

#[cached_methods(CACHE)]
impl Shop {
    fn price(&self) {}
}

#[cached_methods]
impl Shop {
    #[cached]
    fn one(&self) {}
}

#[cached_methods(CACHE, ttl = 5)]
impl Shop {
    #[cached]
    fn two(&self) {}
}

#[cached_methods(ttl = 5)]
impl Shop {
    #[cached]
    fn three(&self) {}
}

#[cached_methods(self.cache)]
impl Shop {
    #[cached]
    fn four(&self) {}
}

#[cached_methods(CACHE)]
trait Price {
    fn price(&self);
}

#[cached_methods(CACHE)]
fn price() {}

fn main() {}
