//! Methods outside of `#[cached_methods]`.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

struct Shop;

impl Shop {
    #[cached(CACHE)]
    fn price(&self, article: u64) -> u64 {
        article
    }

    #[cached(CACHE)]
    fn new(id: u64) -> Option<Self> {
        let _ = id;
        None
    }
}

fn main() {}
