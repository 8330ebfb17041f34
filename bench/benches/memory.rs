//! What an entry costs in resident memory, beside the peers: each subject fills a process of its own.
//! `cargo xtask bench` runs it and writes the table.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fs;

use hermescache_bench::{
    stage,
    subjects::{self, Subject},
};

const ENTRIES: u64 = 1_000_000;
/// Above the entries, so that no shard is full before all of them are in.
const CAPACITY: u64 = 1_100_000;
/// What every cache must keep: key and value.
const PAYLOAD_BYTES: f64 = 16.0;

const SUBJECTS: [Subject; 8] = [
    subjects::HERMES,
    subjects::HERMES_NO_TAGS,
    subjects::HERMES_8_TAGS,
    subjects::HERMES_OWN_TAG,
    subjects::QUICK_CACHE,
    subjects::CACHED,
    subjects::MOKA,
    subjects::FOYER,
];

fn main() {
    match stage::words().as_slice() {
        [name] => {
            let (_, call) = SUBJECTS.iter().find(|subject| subject.0 == name).expect("a subject is named");
            println!("{:.1}", bytes_per_entry(*call));
        }
        _ => SUBJECTS
            .iter()
            .for_each(|(name, _)| println!("memory\t{name}\t{}", stage::output_of(&[name]).trim())),
    }
}

/// What an entry costs beyond its key and its value.
fn bytes_per_entry(call: fn(u64) -> u64) -> f64 {
    subjects::hold(CAPACITY);
    let empty = resident_bytes();
    let sum = (0..ENTRIES).fold(0, |sum: u64, n| sum.wrapping_add(call(n)));
    let full = resident_bytes();
    let again = (0..ENTRIES).fold(0, |sum: u64, n| sum.wrapping_add(call(n)));
    assert_eq!(sum, again, "a hit is what was computed");
    assert_eq!(subjects::computed(), ENTRIES, "all entries are there, or the cost of one is wrong");
    (full - empty) / ENTRIES as f64 - PAYLOAD_BYTES
}

fn resident_bytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a process has a resident size");
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().expect("the size is a number");
    kilobytes * 1024.0
}
