//! Traits of types that cannot have siblings here.

use std::sync::LazyLock;

use hermes::{Cache, cached_methods};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

trait Price {
    fn price(&self, article: u64) -> u64;
}

struct Shop;

#[cached_methods(CACHE)]
impl Price for Vec<u64> {
    #[cached]
    fn price(&self, article: u64) -> u64 {
        article
    }
}

#[cached_methods(CACHE)]
impl Price for &Shop {
    #[cached]
    fn price(&self, article: u64) -> u64 {
        article
    }
}

#[cached_methods(CACHE)]
impl<T: Clone> Price for Box<T> {
    #[cached]
    fn price(&self, article: u64) -> u64 {
        article
    }
}

trait Stock {
    fn stock(&self, article: u64) -> u64;
}

#[cached_methods(CACHE)]
impl<T: Clone> Stock for T {
    #[cached]
    fn stock(&self, article: u64) -> u64 {
        article
    }
}

#[cached_methods(CACHE)]
impl Price for std::time::Duration {
    #[cached]
    fn price(&self, article: u64) -> u64 {
        article
    }
}

fn main() {}
