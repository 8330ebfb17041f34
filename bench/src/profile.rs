//! What servers are asked for: a text of 100 bytes, computed once, with two tags.
//! Leaves to the benches which server has it, and what Hermes is measured beside.
#![allow(missing_docs, reason = "a cached function makes a public companion without docs")]

use std::sync::OnceLock;

use hermes::{Cache, cached};

use crate::turns;

/// How many of them there are.
pub const ENTRIES: u64 = turns::ENTRIES as u64;

static CACHE: OnceLock<Cache> = OnceLock::new();

/// Says where they are kept, before any is asked for.
///
/// # Panics
/// If the URL is not good, or it was said before.
pub fn keep_at(url: &str) {
    CACHE.set(Cache::from_url(url).expect("the URL is good")).expect("it is said once");
}

/// Where they are kept.
///
/// # Panics
/// If nobody has said it.
pub fn cache() -> &'static Cache {
    CACHE.get().expect("it is said before anybody asks")
}

/// The text itself.
#[must_use]
pub fn text(id: u64) -> String {
    format!("{id:0100}")
}

#[cached(cache(), name = "profile", tags = ["user:{id}", "users"], ttl = 3600)]
pub fn profile(id: u64) -> String {
    text(id)
}

#[cached(cache(), name = "profile in a task", tags = ["user:{id}", "users"], ttl = 3600)]
pub async fn profile_in_a_task(id: u64) -> String {
    text(id)
}

/// The names of all that a hit of [`profile`](fn@profile) reads: its entry, and the versions of its four tags.
///
/// # Panics
/// Never: a number is a good key.
#[must_use]
pub fn names(id: u64) -> [String; 5] {
    let entry = profile::key(id).expect("a number is a good key").to_string();
    let version = |tag: &str| format!("cache:tag:{tag}");
    [entry, version("*"), version("=users"), version(&format!("=user:{id}")), version("@profile")]
}
