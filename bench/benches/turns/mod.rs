//! Subjects that ask a server in turn, a slice of time each, many times over.
//! Leaves what they ask to the benches.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]
#![allow(unreachable_pub, reason = "the benches are its public")]

use std::{
    future::Future,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;

/// How many entries there are to ask for.
const ENTRIES: usize = 1_000;
/// How long one subject runs before the next has its turn, and how many turns each has.
const SLICE: Duration = Duration::from_millis(40);
const TURNS: usize = 50;
const THREADS: usize = 8;

/// A subject: what it is called, and what measures its microseconds a call for a slice of time.
pub type Turn<'a> = (&'static str, Box<dyn FnMut() -> f64 + 'a>);

/// Lets each subject have its turns, and prints what it took: the median, and the median of its ratio to each of the first
/// two in the same turn.
pub fn take_turns(bench: &str, title: &str, subjects: &mut [Turn<'_>]) {
    let turns: Vec<Vec<f64>> =
        (0..TURNS).map(|_| subjects.iter_mut().map(|(_, measure)| measure()).collect()).collect();
    for (place, (subject, _)) in subjects.iter().enumerate() {
        let us = median(turns.iter().map(|turn| turn[place]));
        let [to_get, to_mget] =
            [0, 1].map(|peer: usize| median(turns.iter().map(|turn| turn[place] / turn[peer])));
        println!("{bench}\t{title}\t{subject}\t{us:.2}\t{to_get:.2}\t{to_mget:.2}");
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
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

/// The same of all threads together.
#[expect(clippy::disallowed_methods, reason = "this measures")]
pub fn slice_of_threads<C: FnMut(usize)>(caller: impl Fn() -> C + Sync) -> f64 {
    let calls = AtomicU64::new(0);
    let (goes, ends) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (caller, calls, goes, ends) = (&caller, &calls, &goes, &ends);
            scope.spawn(move || {
                let mut call = caller();
                call(0);
                while !goes.load(Ordering::Acquire) {
                    thread::yield_now();
                }
                let (mut id, mut mine) = (thread * 7, 0);
                while !ends.load(Ordering::Relaxed) {
                    call(id % ENTRIES);
                    (id, mine) = (id + 1, mine + 1);
                }
                calls.fetch_add(mine, Ordering::Relaxed);
            });
        }
        goes.store(true, Ordering::Release);
        let begin = Instant::now();
        thread::sleep(SLICE);
        ends.store(true, Ordering::Relaxed);
        begin
    });
    SLICE.as_secs_f64() * 1e6 / calls.into_inner() as f64
}
