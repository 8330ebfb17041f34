//! Subjects that have their turns one after the other, a slice of time each, many times over, so that a slow moment of the
//! machine meets them all. Leaves what they ask to the benches.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    future::Future,
    hint::black_box,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;

use crate::round::{median, rounds};

/// How many entries there are to ask a server for.
pub const ENTRIES: usize = 1_000;
/// How long one subject runs before the next has its turn.
const SLICE: Duration = Duration::from_millis(40);
/// How long it runs at least for each thread of many, so that most of them come to run.
const SLICE_OF_A_THREAD: Duration = Duration::from_millis(1);
/// How many turns each has where they are compared with the first two.
const TURNS: usize = 50;
/// How often something that takes nanoseconds is called between two looks at the clock.
pub const BATCH: usize = 256;

/// A subject: what it is called, and what measures its time a call for a slice of time.
pub type Turn<'a> = (&'static str, Box<dyn FnMut() -> f64 + 'a>);

/// Lets each subject have its turns, and prints what it took: the median, and the median of its ratio to each of the first
/// two in the same turn.
pub fn take_turns(bench: &str, title: &str, subjects: &mut [Turn<'_>]) {
    let turns: Vec<Vec<f64>> =
        (0..rounds(TURNS)).map(|_| subjects.iter_mut().map(|(_, measure)| measure()).collect()).collect();
    for (place, (subject, _)) in subjects.iter().enumerate() {
        let us = median(turns.iter().map(|turn| turn[place]));
        let [to_first, to_second] =
            [0, 1].map(|peer: usize| median(turns.iter().map(|turn| turn[place] / turn[peer])));
        println!("{bench}\t{title}\t{subject}\t{us:.2}\t{to_first:.2}\t{to_second:.2}");
    }
}

/// Lets each subject have so many turns, and prints the median as its point at `x` of a curve.
pub fn take_turns_at(plot: &str, x: u64, turns: usize, subjects: &mut [Turn<'_>]) {
    let mut figures = vec![Vec::new(); subjects.len()];
    for _ in 0..rounds(turns) {
        for ((_, measure), figures) in subjects.iter_mut().zip(&mut figures) {
            figures.push(measure());
        }
    }
    for ((subject, _), figures) in subjects.iter().zip(figures) {
        point(plot, subject, x, median(figures));
    }
}

/// Prints one point of a curve.
pub fn point(plot: &str, subject: &str, x: u64, y: f64) {
    println!("growth\t{plot}\t{subject}\t{x}\t{y:.3}");
}

/// Nanoseconds a call in process, one after the other, with these keys.
#[expect(clippy::disallowed_methods, reason = "this measures")]
pub fn slice_in_process(keys: &[u64], call: impl Fn(u64) -> u64) -> f64 {
    let begin = Instant::now();
    let mut calls = 0;
    let mut batches = keys.chunks(BATCH).cycle();
    while begin.elapsed() < SLICE {
        let batch = batches.next().expect("a cycle has no end");
        black_box(batch.iter().fold(0u64, |sum, n| sum.wrapping_add(call(black_box(*n)))));
        calls += batch.len();
    }
    begin.elapsed().as_secs_f64() * 1e9 / calls as f64
}

/// Microseconds a call, one after the other.
#[expect(clippy::disallowed_methods, reason = "this measures")]
pub fn slice(mut call: impl FnMut(usize)) -> f64 {
    let begin = Instant::now();
    let mut calls = 0;
    while begin.elapsed() < SLICE {
        for _ in 0..16 {
            call(calls % ENTRIES);
            calls += 1;
        }
    }
    begin.elapsed().as_secs_f64() * 1e6 / calls as f64
}

/// Microseconds a call of all tasks together: the time divided by the calls that they made.
#[expect(clippy::disallowed_methods, reason = "this measures")]
pub fn slice_of_tasks<F: Future<Output = ()>>(
    runtime: &Runtime,
    tasks: usize,
    call: impl Fn(usize, usize) -> F,
) -> f64 {
    let begin = Instant::now();
    let calls = AtomicU64::new(0);
    let worker = |worker: usize| {
        let (call, calls) = (&call, &calls);
        async move {
            let mut id = worker * 7;
            while begin.elapsed() < SLICE {
                for _ in 0..4 {
                    call(worker, id % ENTRIES).await;
                    id += 1;
                }
                calls.fetch_add(4, Ordering::Relaxed);
            }
        }
    };
    runtime.block_on(futures_util::future::join_all((0..tasks).map(worker)));
    begin.elapsed().as_secs_f64() * 1e6 / calls.into_inner() as f64
}

/// The same of all threads together. Each gets ready by `caller` and makes a first call before the time begins.
///
/// # Panics
/// If a call panics.
#[expect(clippy::disallowed_methods, reason = "this measures")]
pub fn slice_of_threads<C: FnMut(usize)>(threads: usize, caller: impl Fn() -> C + Sync) -> f64 {
    let slice = SLICE.max(SLICE_OF_A_THREAD * threads as u32);
    let calls = AtomicU64::new(0);
    let (ready, start, ends) = (AtomicUsize::new(0), Barrier::new(threads + 1), AtomicBool::new(false));
    let took = thread::scope(|scope| {
        for thread in 0..threads {
            let (caller, calls, ready, start, ends) = (&caller, &calls, &ready, &start, &ends);
            scope.spawn(move || {
                let mut call = caller();
                call(0);
                ready.fetch_add(1, Ordering::Relaxed);
                start.wait();
                let (mut id, mut mine) = (thread * 7, 0);
                while !ends.load(Ordering::Relaxed) {
                    call(id % ENTRIES);
                    (id, mine) = (id + 1, mine + 1);
                }
                calls.fetch_add(mine, Ordering::Relaxed);
            });
        }
        while ready.load(Ordering::Relaxed) < threads {
            thread::yield_now();
        }
        // Before they are let loose: where there are more threads than processors, this one may be the last to run again.
        let begin = Instant::now();
        start.wait();
        thread::sleep(slice);
        ends.store(true, Ordering::Relaxed);
        begin.elapsed()
    });
    took.as_secs_f64() * 1e6 / calls.into_inner() as f64
}
