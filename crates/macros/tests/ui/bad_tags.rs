//! Tags that are none.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

#[cached(CACHE, tags = ["users", ""])]
fn empty(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags = "users")]
fn not_a_list(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags = ["user:{}"])]
fn no_name(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags = ["user:{0}"])]
fn position(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags = ["user:{idd}", "{other:>3}"])]
fn unknown(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags = ["user:{id}"])]
fn no_parameters() -> u64 {
    1
}

#[cached(CACHE, tags = ["user:{id"])]
fn open(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags = ["user:id}"])]
fn closed(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags = ["user:{id + 1}"])]
fn an_expression(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags = ["{self.id}"])]
fn no_self(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags = ["{id.name}"])]
fn no_such_field(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags = ["{ids}"])]
fn no_display(ids: Vec<u64>) -> usize {
    ids.len()
}

#[cached(CACHE, tags = [5])]
fn not_a_text(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags = 5)]
fn not_iterable(id: u64) -> u64 {
    id
}

fn main() {}
