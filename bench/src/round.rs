//! How often and for how long something is measured, and what of many figures is told.

use std::{
    env,
    time::{Duration, Instant},
};

/// Whether only to show that everything can be measured: the figures are worth nothing then.
#[must_use]
pub fn briefly() -> bool {
    env::var_os("HERMES_BENCH_BRIEFLY").is_some()
}

/// So many rounds; two where it is brief.
#[must_use]
pub fn rounds(many: usize) -> usize {
    if briefly() { 2 } else { many }
}

/// How long something takes.
#[expect(clippy::disallowed_methods, reason = "this measures")]
pub fn time(what: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    what();
    begin.elapsed()
}

/// The middle one of some figures.
#[must_use]
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
