//! Reads a history and says which promises it breaks. Pure: no clock, no file.
//! What counts as broken, and when a fault excuses it, each promise has a file for.

mod alone;
mod computations;
mod fresh;
mod sound;
mod spans;
mod story;
mod stuck;
#[cfg(test)]
mod tale;

use std::{fmt, time::Duration};

pub use alone::{Overlaps, overlaps};

use crate::history::{Event, History};

/// What the checker has to know of a run.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "finished: what was said before the run")]
pub struct Bounds {
    /// How long a killed leader's key stays taken.
    pub lease: Duration,
    /// How long after a fault what it held up may still arrive.
    pub late: Duration,
    /// How much longer than the lease anything may take on a machine that does much else.
    pub slack: Duration,
    /// Whether the clocks of processes differ: then what one has stored is no use to another whose time is later.
    pub clocks_stray: bool,
}

/// Which promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "finished: the promises that a history can show")]
pub enum Promise {
    /// P1: no call that started after an acknowledged invalidation gets what was computed before it.
    Fresh,
    /// P2: computations of one key do not overlap while the lease holds.
    Alone,
    /// P3: nobody waits for the dead.
    NotStuck,
    /// P4: no call fails because of the cache.
    Sound,
    /// P5: what others have on the servers is neither touched nor read.
    Neighbours,
}

/// One broken promise, and the shortest history that shows it.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "finished: what there is to say")]
pub struct Violation {
    /// Which promise.
    pub promise: Promise,
    /// In one sentence.
    pub says: String,
    /// What one has to know to see it.
    pub story: Vec<Event>,
}

/// All broken promises that a history shows, the gravest first.
#[must_use]
pub fn violations(history: &History, bounds: Bounds) -> Vec<Violation> {
    let mut found = fresh::stale(history);
    found.extend(overlaps(history, bounds).violations);
    found.extend(stuck::stuck(history, bounds));
    found.extend(sound::broken(history));
    found.sort_by_key(|violation| violation.promise);
    found
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let promise = match self.promise {
            Promise::Fresh => "P1, fresh after invalidation",
            Promise::Alone => "P2, one computation",
            Promise::NotStuck => "P3, no stuck key",
            Promise::Sound => "P4, the cache never breaks the call",
            Promise::Neighbours => "P5, neighbours are safe",
        };
        writeln!(f, "{promise}: {}", self.says)?;
        story::tell(f, &self.story)
    }
}
