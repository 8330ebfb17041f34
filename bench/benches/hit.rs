//! What a hit costs in process, beside the peers in the same run. Every peer holds all keys, so every call is a hit.
//! `cargo xtask bench` runs it and writes the table.
#![allow(missing_docs, reason = "criterion's macros make public items without docs")]

use std::{
    hint::black_box,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use hermescache_bench::{
    keys::zipf,
    round::briefly,
    subjects::{self, Subject},
};

/// Above the keys, so that no shard of any cache is full before all of them are in.
const CAPACITY: u64 = 200_000;
const CALLS_PER_ROUND: usize = 4096;

const SUBJECTS: [Subject; 12] = [
    subjects::HERMES,
    subjects::HERMES_NO_TAGS,
    subjects::HERMES_8_TAGS,
    subjects::HERMES_OWN_TAG,
    subjects::QUICK_CACHE_GET,
    subjects::QUICK_CACHE,
    subjects::CACHED,
    subjects::MOKA,
    subjects::FOYER,
    subjects::HERMES_PAIR,
    subjects::QUICK_CACHE_PAIR,
    subjects::HERMES_ASYNC,
];

fn one_thread(group: &mut BenchmarkGroup<'_, WallTime>, keys: &[u64]) {
    for (name, call) in SUBJECTS {
        for n in keys {
            black_box(call(*n));
        }
        let mut rounds = keys.chunks_exact(CALLS_PER_ROUND).cycle();
        group.throughput(Throughput::Elements(CALLS_PER_ROUND as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let round = rounds.next().expect("a cycle has no end");
                round.iter().fold(0u64, |sum, n| sum.wrapping_add(call(black_box(*n))))
            });
        });
    }
}

fn two_threads(group: &mut BenchmarkGroup<'_, WallTime>, keys: &[u64]) {
    for (name, call) in SUBJECTS {
        for n in keys {
            black_box(call(*n));
        }
        group.throughput(Throughput::Elements(CALLS_PER_ROUND as u64));
        group.bench_function(name, |bencher| bencher.iter_custom(|rounds| both_at_once(call, keys, rounds)));
    }
}

/// The time that two threads take for so many rounds each.
#[expect(clippy::disallowed_methods, reason = "this measures")]
fn both_at_once(call: fn(u64) -> u64, keys: &[u64], rounds: u64) -> Duration {
    let start = Barrier::new(2);
    let run = |offset: usize| {
        start.wait();
        let begin = Instant::now();
        let calls = keys.iter().cycle().skip(offset).take(rounds as usize * CALLS_PER_ROUND);
        black_box(calls.fold(0u64, |sum, n| sum.wrapping_add(call(black_box(*n)))));
        begin.elapsed()
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| run(keys.len() / 2));
        let mine = run(0);
        mine.max(other.join().expect("a call does not panic"))
    })
}

fn hit(criterion: &mut Criterion) {
    subjects::hold(CAPACITY);
    let (zipf, hot) = (zipf(), vec![7; CALLS_PER_ROUND]);
    one_thread(&mut criterion.benchmark_group("zipf"), &zipf);
    one_thread(&mut criterion.benchmark_group("hot"), &hot);
    two_threads(&mut criterion.benchmark_group("zipf, 2 threads"), &zipf);
    two_threads(&mut criterion.benchmark_group("hot, 2 threads"), &hot);
}

fn configured() -> Criterion {
    let [warm_up, measured] = if briefly() { [10, 50] } else { [300, 1000] }.map(Duration::from_millis);
    Criterion::default().sample_size(30).warm_up_time(warm_up).measurement_time(measured)
}

criterion_group! {
    name = benches;
    config = configured();
    targets = hit
}
criterion_main!(benches);
