//! What it costs in process to be rid of all entries of a group, by how many they are, beside the peers, who have no tags.
//! `cargo xtask bench` runs it and writes the table.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{hint::black_box, sync::LazyLock, time::Duration};

use hermes::{Cache, cached};
use hermescache_bench::round::{rounds, time};

/// How many entries a cache holds whatever is cleaned, so that the processor's own caches are as cold each time.
const ALL: u64 = 1_000_000;
/// Also for those that were cleaned before and are not swept yet.
const CAPACITY: u64 = 3 * ALL;
/// How many of them are in the group.
const ENTRIES: [u64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, ALL];
/// The group of the rest.
const OTHERS: u64 = 0;
/// How often the entries are made and cleaned.
const FIRSTS: usize = 7;
/// How often a tag is cleaned in a row.
const IN_A_ROW: u32 = 1_000_000;

/// A cache of numbers that belong to groups, and how one is rid of a group's first so many.
struct Subject {
    name: &'static str,
    number: fn(u64, u64) -> u64,
    is_there: fn(u64, u64) -> bool,
    clean: fn(u64, u64),
    forget_all: fn(),
    /// What is left to do after so many entries came in.
    settle: fn(),
}

const SUBJECTS: [Subject; 4] = [
    Subject {
        name: "hermes, clean",
        number,
        is_there: |group, n| number::peek(group, n).is_some(),
        clean: |group, _| CACHE.clean([group.to_string()]).expect("nothing can fail in process"),
        forget_all: || CACHE.clean_all().expect("nothing can fail in process"),
        settle: || (),
    },
    Subject {
        name: "quick_cache, remove of each key",
        number: quick_cache,
        is_there: |group, n| QUICK.peek(&(group, n)).is_some(),
        clean: |group, entries| (0..entries).for_each(|n| assert!(QUICK.remove(&(group, n)).is_some())),
        forget_all: || QUICK.clear(),
        settle: || (),
    },
    Subject {
        name: "quick_cache, retain",
        number: quick_cache,
        is_there: |group, n| QUICK.peek(&(group, n)).is_some(),
        clean: |group, _| QUICK.retain(|key, _| key.0 != group),
        forget_all: || QUICK.clear(),
        settle: || (),
    },
    Subject {
        name: "moka, invalidate_entries_if",
        number: moka,
        is_there: |group, n| MOKA.get(&(group, n)).is_some(),
        clean: |group, _| {
            let id = MOKA.invalidate_entries_if(move |key, _| key.0 == group);
            black_box(id.expect("it was built for that"));
        },
        forget_all: || {
            MOKA.invalidate_all();
            MOKA.run_pending_tasks();
        },
        // Entries that it has not yet taken note of outlive their predicate.
        settle: || MOKA.run_pending_tasks(),
    },
];

static CACHE: LazyLock<Cache> = LazyLock::new(|| {
    Cache::builder().url("memory://").capacity(CAPACITY).build().expect("the options are good")
});
static QUICK: LazyLock<quick_cache::sync::Cache<(u64, u64), u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(CAPACITY as usize));
static MOKA: LazyLock<moka::sync::Cache<(u64, u64), u64>> = LazyLock::new(|| {
    moka::sync::Cache::builder().max_capacity(CAPACITY).support_invalidation_closures().build()
});

#[cached(CACHE, tags = ["numbers", "{group}"], ttl = 3600)]
fn number(group: u64, n: u64) -> u64 {
    group ^ n
}

fn quick_cache(group: u64, n: u64) -> u64 {
    QUICK.get_or_insert_with(&(group, n), || Ok::<u64, ()>(group ^ n)).expect("it is computed without fail")
}

fn moka(group: u64, n: u64) -> u64 {
    MOKA.get_with((group, n), || group ^ n)
}

fn main() {
    for subject in &SUBJECTS {
        for entries in ENTRIES {
            let (mut firsts, left): (Vec<_>, Vec<_>) =
                (0..rounds(FIRSTS)).map(|_| subject.first(entries)).unzip();
            firsts.sort();
            let [middle, slowest] =
                [firsts[firsts.len() / 2], firsts[firsts.len() - 1]].map(|it| it.as_nanos());
            let most_left = left.into_iter().max().unwrap_or_default();
            println!("clean\t{}\t{entries}\t{middle}\t{slowest}\t{most_left}", subject.name);
        }
        (subject.forget_all)();
    }
    println!("clean\tin a row\t{:.1}", in_a_row().as_secs_f64() * 1e9 / f64::from(IN_A_ROW));
}

impl Subject {
    /// The time of the clean that ends so many entries out of a million, the clock's own included; and how many of them
    /// are still found after it.
    fn first(&self, entries: u64) -> (Duration, usize) {
        self.fill(entries);
        let took = time(|| (self.clean)(entries, entries));
        (took, (0..entries).filter(|n| (self.is_there)(entries, *n)).count())
    }

    /// Makes so many entries of the group, and as many of another as make a million.
    fn fill(&self, entries: u64) {
        (self.forget_all)();
        for n in 0..ALL {
            let group = if n < entries { entries } else { OTHERS };
            black_box((self.number)(group, n));
        }
        (self.settle)();
        assert!((0..entries).all(|n| (self.is_there)(entries, n)), "all entries are there");
    }
}

/// The time of many cleans of a tag that all entries carry.
fn in_a_row() -> Duration {
    SUBJECTS[0].fill(ALL);
    let tag = ALL.to_string();
    time(|| (0..IN_A_ROW).for_each(|_| CACHE.clean([&tag]).expect("nothing can fail in process")))
}
