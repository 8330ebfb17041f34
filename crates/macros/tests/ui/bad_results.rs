//! Results that cannot be kept.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

use std::borrow::Cow;

#[cached(CACHE)]
fn borrowed(text: &str) -> &str {
    text
}

#[cached(CACHE)]
fn borrowed_inside<'a>(text: &'a str) -> Vec<Cow<'a, str>> {
    vec![text.into()]
}

#[cached(CACHE)]
fn borrowed_ok(text: &str) -> Result<&str, String> {
    Ok(text)
}

#[cached(CACHE)]
fn nameless(n: u64) -> impl Iterator<Item = u64> {
    0..n
}

#[cached(CACHE)]
fn nameless_ok(n: u64) -> Result<Option<impl Iterator<Item = u64>>, String> {
    Ok(Some(0..n))
}

fn main() {}
