//! What a hit costs in process by how many entries there are, beside the peers. `cargo xtask bench growth` runs it.
//!
//! Each number of entries has a process of its own. Keys are drawn from all entries alike, so that what the processor has at
//! hand helps nobody.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{fs, hint::black_box};

use hermescache_bench::{
    keys,
    round::briefly,
    stage,
    subjects::{self, ONE_OF_EACH},
    turns::{Turn, slice_in_process, take_turns_at},
};

const ENTRIES: [u64; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const TURNS: usize = 15;
/// What an entry of all subjects together takes at most, tables that have just grown included.
const BYTES_AN_ENTRY: u64 = 1_000;

fn main() {
    match stage::words().as_slice() {
        [entries] => measure(entries.parse().expect("a number of entries")),
        _ => {
            let most = if briefly() { 100_000 } else { u64::MAX };
            for entries in ENTRIES.iter().filter(|entries| **entries <= most) {
                if entries * BYTES_AN_ENTRY <= available_bytes() {
                    stage::play(&[&entries.to_string()]);
                } else {
                    println!("{entries} entries are left out: there is no memory for them");
                }
            }
        }
    }
}

fn measure(entries: u64) {
    // Above the entries, so that no shard of any cache is full before all of them are in.
    subjects::hold(entries + entries / 4 + 1_000);
    for (_, call) in ONE_OF_EACH {
        for n in 0..entries {
            black_box(call(n));
        }
    }
    let keys = keys::uniform(entries);
    let keys = keys.as_slice();
    let mut turns = ONE_OF_EACH
        .map(|(name, call)| -> Turn<'_> { (name, Box::new(move || slice_in_process(keys, call))) });
    take_turns_at("entries", entries, TURNS, &mut turns);
    assert_eq!(
        subjects::computed(),
        entries * ONE_OF_EACH.len() as u64,
        "every call after the first is a hit"
    );
}

fn available_bytes() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").expect("Linux tells it");
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")).expect("memory has a size");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("the size is a number") * 1024
}
