//! What an entry costs in resident memory, beside the peers: each subject fills a process of its own.
//! `cargo xtask bench` runs it and writes the table.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]
#![allow(missing_docs, reason = "the peers' macros make public items without docs")]

use std::{
    env, fs,
    process::Command,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use hermes::{Cache, cached};

const ENTRIES: u64 = 1_000_000;
/// Above the entries, so that no shard is full before all of them are in.
const CAPACITY: u64 = 1_100_000;
const TTL: Duration = Duration::from_secs(3600);
/// What every cache must keep: key and value.
const PAYLOAD_BYTES: f64 = 16.0;

static COMPUTED: AtomicU64 = AtomicU64::new(0);

/// What all subjects cache.
fn square(n: u64) -> u64 {
    COMPUTED.fetch_add(1, Relaxed);
    n * n
}

static CACHE: LazyLock<Cache> = LazyLock::new(|| {
    Cache::builder().url("memory://").capacity(CAPACITY).ttl(TTL).build().expect("the options are good")
});

#[cached(CACHE, tags = ["numbers", "squares"], ttl = 3600)]
fn hermes_two_tags(n: u64) -> u64 {
    square(n)
}

#[cached(CACHE, ttl = 3600)]
fn hermes_no_tags(n: u64) -> u64 {
    square(n)
}

#[cached(CACHE, tags = ["numbers", "number:{n}"], ttl = 3600)]
fn hermes_own_tag(n: u64) -> u64 {
    square(n)
}

static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(CAPACITY as usize));
static MOKA: LazyLock<moka::sync::Cache<u64, u64>> =
    LazyLock::new(|| moka::sync::Cache::builder().max_capacity(CAPACITY).time_to_live(TTL).build());

fn quick_cache_get_or_insert_with(n: u64) -> u64 {
    QUICK.get_or_insert_with(&n, || Ok::<u64, ()>(square(n))).expect("it is computed without fail")
}

fn moka_get_with(n: u64) -> u64 {
    MOKA.get_with(n, || square(n))
}

#[cached::macros::cached(max_size = 1100000, ttl_secs = 3600)]
fn cached_max_size_ttl(n: u64) -> u64 {
    square(n)
}

type Subject = (&'static str, fn(u64) -> u64);

const SUBJECTS: [Subject; 6] = [
    ("hermes 2 tags", hermes_two_tags),
    ("hermes no tags", hermes_no_tags),
    ("hermes tag of its own", hermes_own_tag),
    ("quick_cache get_or_insert_with", quick_cache_get_or_insert_with),
    ("cached max_size ttl", cached_max_size_ttl),
    ("moka get_with ttl", moka_get_with),
];

fn main() {
    let mut said = env::args().skip_while(|argument| argument != "--subject").skip(1);
    match said.next() {
        Some(name) => {
            let (_, call) = SUBJECTS.iter().find(|subject| subject.0 == name).expect("a subject is named");
            println!("{}", bytes_per_entry(*call));
        }
        None => SUBJECTS
            .iter()
            .for_each(|(name, _)| println!("memory\t{name}\t{:.1}", in_a_process_of_its_own(name))),
    }
}

/// What an entry costs beyond its key and its value.
fn bytes_per_entry(call: fn(u64) -> u64) -> f64 {
    let empty = resident_bytes();
    let sum = (0..ENTRIES).fold(0, |sum: u64, n| sum.wrapping_add(call(n)));
    let full = resident_bytes();
    let again = (0..ENTRIES).fold(0, |sum: u64, n| sum.wrapping_add(call(n)));
    assert_eq!(sum, again, "a hit is what was computed");
    assert_eq!(COMPUTED.load(Relaxed), ENTRIES, "all entries are there, or the cost of one is wrong");
    (full - empty) / ENTRIES as f64 - PAYLOAD_BYTES
}

fn in_a_process_of_its_own(name: &str) -> f64 {
    let this = env::current_exe().expect("a program knows where it is");
    let child = Command::new(this).args(["--subject", name]).output().expect("it can be started again");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{name}: {}", String::from_utf8_lossy(&child.stderr));
    said.trim().parse().expect("it prints one number")
}

fn resident_bytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a process has a resident size");
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().expect("the size is a number");
    kilobytes * 1024.0
}
