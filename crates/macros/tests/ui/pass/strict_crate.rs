//! A crate that denies, even forbids, what rustc can warn of, can cache functions.
#![deny(warnings, unused, rust_2018_idioms, unreachable_pub, unnameable_types)]
#![forbid(missing_docs, dead_code, unused_variables, unused_mut, unused_imports, nonstandard_style)]
#![deny(missing_debug_implementations, missing_copy_implementations, unused_qualifications, unused_results)]
#![deny(unused_lifetimes, single_use_lifetimes, let_underscore_drop, unsafe_code, non_camel_case_types)]

use std::sync::LazyLock;

use hermes::{Cache, cached, cached_methods};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

/// A sum.
#[cached(CACHE, tags = ["sum:{a}", "sums", format!("{note}")], ttl = |sum| *sum, cache_if = |sum: &u64| *sum > 1)]
pub fn sum(a: u64, (b, mut c): (u64, u64), note: &str, _: u8) -> u64 {
    c += note.len() as u64;
    a + b + c
}

/// A generic sum.
#[cached(CACHE, key = (n, note), skip = [other])]
pub async fn generic<T: Into<u64>, const N: u64>(n: u64, note: &str, other: T) -> Result<u64, String> {
    Ok(n + N + note.len() as u64 + other.into())
}

/// A shop.
#[derive(Debug, Clone, Copy)]
pub struct Shop {
    id: u64,
}

/// A price.
pub trait Price {
    /// Its number.
    type Number;
    /// The price.
    fn price(&self, article: u64) -> Self::Number;
}

#[cached_methods(CACHE)]
impl Shop {
    /// The stock.
    #[cached(tags = ["{self.id}"], weight = 3)]
    pub fn stock(&self, article: u64) -> u64 {
        self.id + article
    }
}

#[cached_methods(CACHE)]
impl Price for Shop {
    type Number = u64;

    #[cached(key = "{self.id}{article}", tags = ["{article}"])]
    fn price(&self, article: u64) -> Self::Number {
        self.id + article
    }
}

fn main() {
    drop(generic::<u64, 1>(1, "", 1));
    let shop = Shop { id: 1 };
    assert_eq!((sum(1, (2, 3), "", 0), shop.stock(1), shop.price(1)), (6, 2, 2));
}
