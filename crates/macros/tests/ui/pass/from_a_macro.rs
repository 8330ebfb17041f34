//! A cached function can come out of a macro.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

macro_rules! table {
    ($name:ident, $id:ident, $tag:expr, $ttl:expr, $value:ty, $body:block) => {
        #[cached(CACHE, tags = [$tag, format!("{}:{}", stringify!($name), $id)], ttl = $ttl)]
        fn $name($id: u64, _other: u64) -> Result<$value, String> $body
    };
}

table!(users, id, "user:{id}", 5, u64, { Ok(id + 1) });
table!(shops, n, "shop:{n}", "5m", u64, { Ok(n + 2) });

fn main() {
    assert_eq!((users(1, 1), shops(1, 1), users::peek(1, 1)), (Ok(2), Ok(3), Some(2)));
}
