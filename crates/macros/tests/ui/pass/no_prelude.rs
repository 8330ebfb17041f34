//! Generated code names everything in full: neither a missing prelude nor a user's own names disturb it.
#![no_implicit_prelude]
#![allow(dead_code)]

use ::hermes::{Cache, cached, cached_methods};
use ::std::sync::LazyLock;

static CACHE: LazyLock<Cache> = LazyLock::new(|| match Cache::from_url("memory://") {
    ::std::result::Result::Ok(cache) => cache,
    ::std::result::Result::Err(error) => ::std::panic!("{error}"),
});

mod std {}
mod core {}
mod hermes {}
struct Some;
struct Ok;
struct Option;
type Call = ();

#[cached(CACHE, tags = ["n:{n}", ::std::format!("{n}")], key = (n, 1), cache_if = |n: &u64| *n > 1, ttl = "1h")]
fn plain(n: u64) -> u64 {
    n
}

#[cached(CACHE, key = "{n}")]
async fn fallible(n: u64) -> ::std::result::Result<u64, u64> {
    ::std::result::Result::Ok(n)
}

struct Shop(u64);

trait Price {
    type Number;
    fn price(&self) -> Self::Number;
}

#[cached_methods(CACHE)]
impl Price for Shop {
    type Number = u64;

    #[cached(tags = ["{self.0}"])]
    fn price(&self) -> Self::Number {
        self.0
    }
}

fn main() {
    ::std::assert!(plain(3) == 3 && Shop(1).price() == 1);
}
