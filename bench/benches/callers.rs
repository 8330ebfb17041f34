//! What a hit costs in process by how many threads call at once, beside the peers. `cargo xtask bench growth` runs it.

use std::hint::black_box;

use hermescache_bench::{
    keys::zipf,
    subjects::{self, ONE_OF_EACH},
    turns::{BATCH, Turn, slice_of_threads, take_turns_at},
};

const THREADS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const TURNS: usize = 9;
/// Above the keys, so that no shard of any cache is full before all of them are in.
const CAPACITY: u64 = 200_000;

fn main() {
    subjects::hold(CAPACITY);
    let keys = zipf();
    for (_, call) in ONE_OF_EACH {
        for n in &keys {
            black_box(call(*n));
        }
    }
    for threads in THREADS {
        let keys = keys.as_slice();
        let mut turns = ONE_OF_EACH
            .map(|(name, call)| -> Turn<'_> { (name, Box::new(move || nanoseconds(threads, keys, call))) });
        take_turns_at("callers", threads, TURNS, &mut turns);
    }
}

/// Of a call by any of so many threads.
fn nanoseconds(threads: u64, keys: &[u64], call: fn(u64) -> u64) -> f64 {
    let us_a_batch = slice_of_threads(threads as usize, || {
        |batch| {
            let keys = &keys[batch * BATCH..][..BATCH];
            black_box(keys.iter().fold(0u64, |sum, n| sum.wrapping_add(call(black_box(*n)))));
        }
    });
    us_a_batch * 1e3 / BATCH as f64
}
