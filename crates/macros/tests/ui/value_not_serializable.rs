//! A value that no codec can write: the error points at the result.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

#[derive(Clone)]
struct Stubborn;

#[cached(CACHE)]
async fn not_serializable(n: u64) -> Result<Stubborn, String> {
    let _ = n;
    Ok(Stubborn)
}

fn main() {}
