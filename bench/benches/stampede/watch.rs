//! Keeps an eye on one round: who computes, when that ends, when the last caller is back.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use hermescache_bench::round::median;

/// When the computations of this process ended, in this round.
static ENDS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// What a round came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    computations: usize,
    /// Of the last caller, after the first computation had ended.
    wait_ms: f64,
}

impl Outcome {
    /// When computations ended, and when the last caller was back.
    pub(crate) fn new(ends: &[u64], last_back: u64) -> Self {
        let first_end = *ends.iter().min().expect("somebody computes");
        Self { computations: ends.len(), wait_ms: last_back.saturating_sub(first_end) as f64 / 1e6 }
    }
}

/// Nanoseconds on a clock that all processes of the machine share.
#[expect(clippy::disallowed_methods, reason = "this measures")]
pub(crate) fn now() -> u64 {
    let passed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970");
    passed.as_nanos() as u64
}

/// Says that a computation has ended.
pub(crate) fn computed() {
    ENDS.lock().unwrap_or_else(PoisonError::into_inner).push(now());
}

/// When the computations since the last question ended.
pub(crate) fn ends() -> Vec<u64> {
    std::mem::take(&mut ENDS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Prints the medians, and the longest wait.
pub(crate) fn show(place: &str, callers: usize, subject: &str, outcomes: &[Outcome]) {
    let computations = median(outcomes.iter().map(|it| it.computations as f64));
    let wait = median(outcomes.iter().map(|it| it.wait_ms));
    let longest = outcomes.iter().map(|it| it.wait_ms).fold(0.0, f64::max);
    println!("stampede\t{place}\t{callers}\t{subject}\t{computations}\t{wait:.3}\t{longest:.3}");
}
