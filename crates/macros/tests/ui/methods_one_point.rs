//! Two methods with one name and version.

use std::sync::LazyLock;

use hermes::{Cache, cached_methods};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

struct Shop;

#[cached_methods(CACHE)]
impl Shop {
    #[cached(name = "price")]
    fn one(&self, article: u64) -> u64 {
        article
    }

    #[cached(name = "price", version = 2)]
    fn two(&self, article: u64) -> u64 {
        article
    }

    #[cached(name = "price")]
    fn three(&self, article: u64) -> u64 {
        article
    }

    #[cached(name = "price", version = "2")]
    fn four(&self, article: u64) -> u64 {
        article
    }
}

fn main() {}
