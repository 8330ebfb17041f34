//! What a clean costs, by how many entries carry the tag. `cargo xtask bench` runs it and writes the table.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    hint::black_box,
    sync::LazyLock,
    time::{Duration, Instant},
};

use hermes::{Cache, cached};

/// How many entries the cache holds whatever is cleaned, so that the processor's own caches are as cold each time.
const ALL: u64 = 1_000_000;
/// How many of them carry the tag.
const ENTRIES: [u64; 3] = [1, 1_000, ALL];
/// The group of the rest.
const OTHERS: u64 = 0;
/// How often the entries are made and cleaned.
const FIRSTS: usize = 15;
/// How often a tag is cleaned in a row.
const IN_A_ROW: u32 = 1_000_000;

static CACHE: LazyLock<Cache> = LazyLock::new(|| {
    Cache::builder().url("memory://").capacity(1_100_000).build().expect("the options are good")
});

#[cached(CACHE, tags = ["numbers", "{group}"], ttl = 3600)]
fn number(group: u64, n: u64) -> u64 {
    group ^ n
}

fn main() {
    for entries in ENTRIES {
        let mut firsts: Vec<_> = (0..FIRSTS).map(|_| first(entries)).collect();
        firsts.sort();
        let (middle, slowest) = (firsts[FIRSTS / 2].as_nanos(), firsts[FIRSTS - 1].as_nanos());
        let in_a_row = in_a_row(entries).as_secs_f64() * 1e9 / f64::from(IN_A_ROW);
        println!("clean\t{entries}\t{middle}\t{slowest}\t{in_a_row:.1}");
    }
}

/// The time of the clean that ends so many entries out of a million, the clock's own included.
fn first(entries: u64) -> Duration {
    fill(entries);
    let tag = entries.to_string();
    let took = time(|| CACHE.clean([&tag]).expect("nothing can fail in process"));
    assert!((0..entries).all(|n| number::peek(entries, n).is_none()), "a clean ends every entry");
    took
}

/// The time of many cleans while so many entries carry the tag.
fn in_a_row(entries: u64) -> Duration {
    fill(entries);
    assert!((0..entries).all(|n| number::peek(entries, n).is_some()), "all entries are there");
    let tag = entries.to_string();
    time(|| (0..IN_A_ROW).for_each(|_| CACHE.clean([&tag]).expect("nothing can fail in process")))
}

/// Makes so many entries under the group's tag, and as many under another as make a million.
fn fill(entries: u64) {
    CACHE.clean_all().expect("nothing can fail in process");
    for n in 0..ALL {
        let group = if n < entries { entries } else { OTHERS };
        black_box(number(group, n));
    }
}

#[expect(clippy::disallowed_methods, reason = "this measures")]
fn time(what: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    what();
    begin.elapsed()
}
