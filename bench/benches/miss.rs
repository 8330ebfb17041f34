//! What a miss costs in process, beside the peers: the call of a key that nobody has, with its computation of a nanosecond.
//! `cargo xtask bench` runs it and writes the table.
//!
//! The subjects have their turns of a few thousand keys one after the other. At first all have room; then each new entry
//! takes the place of another.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;

use hermescache_bench::{
    round::{briefly, median, time},
    subjects::{self, Subject},
};

const SUBJECTS: [Subject; 9] = [
    subjects::HERMES,
    subjects::HERMES_NO_TAGS,
    subjects::HERMES_8_TAGS,
    subjects::HERMES_OWN_TAG,
    subjects::QUICK_CACHE,
    subjects::CACHED,
    subjects::CACHED_BY_KEY,
    subjects::MOKA,
    subjects::FOYER,
];

/// How many turns all caches have room for, and how many there are in which none has to evict.
const ROOM: u64 = 100;
const ROOMY: u64 = 90;
/// How many turns come between, while some shards of a cache are full and others are not.
const BETWEEN: u64 = 30;
const CROWDED: u64 = 100;

/// How many keys a subject is asked for in one turn.
fn keys_per_turn() -> u64 {
    if briefly() { 100 } else { 10_000 }
}

fn main() {
    subjects::hold(ROOM * keys_per_turn());
    let turns: Vec<Vec<f64>> = (0..ROOMY + BETWEEN + CROWDED)
        .map(|turn| SUBJECTS.iter().map(|(_, call)| nanoseconds_a_miss(*call, turn)).collect())
        .collect();
    let calls = turns.len() as u64 * keys_per_turn() * SUBJECTS.len() as u64;
    assert_eq!(subjects::computed(), calls, "every call is a miss");
    for (place, (subject, _)) in SUBJECTS.iter().enumerate() {
        let of_subject = |turns: &[Vec<f64>]| turns.iter().map(|turn| turn[place]).collect::<Vec<_>>();
        // The mean: now and then a table grows, and that is part of the price.
        let roomy = of_subject(&turns[..ROOMY as usize]).iter().sum::<f64>() / ROOMY as f64;
        let crowded = median(of_subject(&turns[(ROOMY + BETWEEN) as usize..]));
        println!("miss\t{subject}\t{roomy:.0}\t{crowded:.0}");
    }
}

fn nanoseconds_a_miss(call: fn(u64) -> u64, turn: u64) -> f64 {
    let keys = turn * keys_per_turn()..(turn + 1) * keys_per_turn();
    let took = time(|| {
        black_box(keys.fold(0u64, |sum, n| sum.wrapping_add(call(n))));
    });
    took.as_secs_f64() * 1e9 / keys_per_turn() as f64
}
