//! Mistakes in several methods are reported at once.

use std::sync::LazyLock;

use hermes::{Cache, cached_methods};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

struct Shop {
    id: u64,
}

#[cached_methods(CACHE)]
impl Shop {
    #[cached(tags = ["{self.id}", "{articel}"])]
    fn price(&self, article: u64) -> u64 {
        self.id + article
    }

    #[cached(tag = ["a"])]
    fn stock(&self, article: u64) -> u64 {
        self.id + article
    }

    #[cached(key = "{self}")]
    fn name(&self) -> &str {
        ""
    }

    #[cached(tags = ["{self.id}"])]
    fn without_self(id: u64) -> u64 {
        id
    }
}

fn main() {}
