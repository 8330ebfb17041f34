//! What a hit costs in process, beside the peers in the same run. Every peer holds all keys, so every call is a hit.
//! `cargo xtask bench` runs it and writes the table.
#![allow(missing_docs, reason = "criterion's macros and the peers' make public items without docs")]

use std::{
    hint::black_box,
    sync::{Barrier, LazyLock},
    thread,
    time::{Duration, Instant},
};

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use hermes::{Cache, cached};
use hermescache_bench::zipf;

const CAPACITY: usize = 200_000;
const TTL: Duration = Duration::from_secs(3600);
const CALLS_PER_ROUND: usize = 4096;

/// A cache that holds all keys of one subject.
fn cache() -> Cache {
    Cache::builder()
        .url("memory://")
        .capacity(CAPACITY as u64)
        .ttl(TTL)
        .build()
        .expect("the options are good")
}

static TWO_TAGS: LazyLock<Cache> = LazyLock::new(cache);
static NO_TAGS: LazyLock<Cache> = LazyLock::new(cache);
static OWN_TAG: LazyLock<Cache> = LazyLock::new(cache);
static ASYNC: LazyLock<Cache> = LazyLock::new(cache);
static PAIR: LazyLock<Cache> = LazyLock::new(cache);

#[cached(TWO_TAGS, tags = ["numbers", "squares"], ttl = 3600)]
fn hermes_two_tags(n: u64) -> u64 {
    n * n
}

#[cached(NO_TAGS, ttl = 3600)]
fn hermes_no_tags(n: u64) -> u64 {
    n * n
}

#[cached(OWN_TAG, tags = ["numbers", "number:{n}"], ttl = 3600)]
fn hermes_own_tag(n: u64) -> u64 {
    n * n
}

#[cached(ASYNC, tags = ["numbers", "squares"], ttl = 3600)]
async fn hermes_async(n: u64) -> u64 {
    n * n
}

#[cached(PAIR, tags = ["numbers", "squares"], ttl = 3600)]
fn hermes_pair(n: u64, text: &str) -> u64 {
    n + text.len() as u64
}

#[cached::macros::cached(max_size = 200000, ttl_secs = 3600)]
fn cached_max_size_ttl(n: u64) -> u64 {
    n * n
}

static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(CAPACITY));
static QUICK_PAIR: LazyLock<quick_cache::sync::Cache<(u64, &'static str), u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(CAPACITY));
static MOKA: LazyLock<moka::sync::Cache<u64, u64>> =
    LazyLock::new(|| moka::sync::Cache::builder().max_capacity(CAPACITY as u64).time_to_live(TTL).build());

fn quick_cache_get_or_insert_with(n: u64) -> u64 {
    QUICK.get_or_insert_with(&n, || Ok::<u64, ()>(n * n)).expect("it is computed without fail")
}

fn quick_cache_get(n: u64) -> u64 {
    QUICK.get(&n).unwrap_or_else(|| quick_cache_get_or_insert_with(n))
}

fn quick_cache_pair(n: u64, text: &'static str) -> u64 {
    let compute = || Ok::<u64, ()>(n + text.len() as u64);
    QUICK_PAIR.get_or_insert_with(&(n, text), compute).expect("it is computed without fail")
}

fn moka_get_with(n: u64) -> u64 {
    MOKA.get_with(n, || n * n)
}

type Subject = (&'static str, fn(u64) -> u64);

const TEXT: &str = "a short text";

const SUBJECTS: [Subject; 10] = [
    ("hermes 2 tags", hermes_two_tags),
    ("hermes no tags", hermes_no_tags),
    ("hermes tag of its own", hermes_own_tag),
    ("quick_cache get", quick_cache_get),
    ("quick_cache get_or_insert_with", quick_cache_get_or_insert_with),
    ("cached max_size ttl", cached_max_size_ttl),
    ("moka get_with ttl", moka_get_with),
    ("hermes (u64, &str)", |n| hermes_pair(n, TEXT)),
    ("quick_cache (u64, &str)", |n| quick_cache_pair(n, TEXT)),
    ("hermes async", |n| ready(hermes_async(n))),
];

/// Polls a future that is ready at once, as a hit is.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("nobody else computes"),
    }
}

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
    let (zipf, hot) = (zipf(), vec![7; CALLS_PER_ROUND]);
    one_thread(&mut criterion.benchmark_group("zipf"), &zipf);
    one_thread(&mut criterion.benchmark_group("hot"), &hot);
    two_threads(&mut criterion.benchmark_group("zipf, 2 threads"), &zipf);
    two_threads(&mut criterion.benchmark_group("hot, 2 threads"), &hot);
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = hit
}
criterion_main!(benches);
