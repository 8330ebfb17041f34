//! How numbers look.
//! Measures calls; knows nothing of books.

use std::time::{Duration, Instant};

use crate::{Failure, data};

/// What calls of one function cost: cold, again, and after a clean.
pub(crate) struct Row {
    name: &'static str,
    calls: usize,
    cold: Phase,
    hits: Phase,
    cleaned: Phase,
}

/// Some calls in a row.
struct Phase {
    calls: usize,
    took: Duration,
    queries: u64,
}

/// How often each call is made again.
const ROUNDS: usize = 20;

impl Row {
    /// Makes all calls once, all again, and all once more after `clean`.
    pub(crate) fn measure<T>(
        name: &'static str,
        calls: usize,
        call: impl Fn(usize) -> rusqlite::Result<T>,
        clean: impl FnOnce() -> Result<(), hermes::Error>,
    ) -> Result<Self, Failure> {
        let cold = Phase::run((0..calls).map(&call))?;
        let hits = Phase::run((0..ROUNDS).flat_map(|_| 0..calls).map(&call))?;
        clean()?;
        let cleaned = Phase::run((0..calls).map(&call))?;
        Ok(Self { name, calls, cold, hits, cleaned })
    }
}

impl Phase {
    fn run<T>(calls: impl Iterator<Item = rusqlite::Result<T>>) -> Result<Self, Failure> {
        let (start, before) = (Instant::now(), data::queries());
        let mut made = 0;
        for result in calls {
            result?;
            made += 1;
        }
        Ok(Self { calls: made, took: start.elapsed(), queries: data::queries() - before })
    }

    fn each(&self) -> Duration {
        self.took / self.calls as u32
    }
}

pub(crate) fn heading(text: &str) {
    println!("\n{text}");
}

pub(crate) fn line(name: &str, value: &str) {
    println!("  {name:<38} {value}");
}

pub(crate) fn table(rows: &[Row]) {
    println!(
        "  {:<12} {:>6}  {:>10} {:>10} {:>14}    queries",
        "", "calls", "cold call", "hit", "after a clean"
    );
    for row in rows {
        let Row { name, calls, cold, hits, cleaned } = row;
        println!(
            "  {name:<12} {:>6}  {:>10} {:>10} {:>14}    {} + {} + {}",
            grouped(*calls as u64),
            took(cold.each()),
            took(hits.each()),
            took(cleaned.each()),
            grouped(cold.queries),
            grouped(hits.queries),
            grouped(cleaned.queries),
        );
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration with three digits that matter.
pub(crate) fn took(span: Duration) -> String {
    let nanos = span.as_nanos() as f64;
    let (value, unit) = match nanos {
        0.0..1e3 => (nanos, "ns"),
        1e3..1e6 => (nanos / 1e3, "µs"),
        1e6..1e9 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {unit}")
}
