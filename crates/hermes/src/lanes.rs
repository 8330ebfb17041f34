//! A counter that many threads add to, at the cost of a plain addition.
//! Knows nothing of what is counted.

use std::{
    cell::Cell,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::fork::OfProcess;

/// This many threads at once have a lane of their own. All others share one.
const LANES: usize = 64;

/// No lane yet.
const UNASSIGNED: usize = usize::MAX;

/// The shared lane.
const SHARED: usize = LANES;

/// A counter in lanes, each written by one thread only: an atomic addition would cost as much as half a hit.
#[derive(Debug)]
pub(crate) struct Lanes {
    own: Box<[Lane; LANES]>,
    shared: AtomicU64,
}

/// Two cache lines, since some processors fetch lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Lane(AtomicU64);

impl Default for Lanes {
    fn default() -> Self {
        Self { own: Box::new(std::array::from_fn(|_| Lane::default())), shared: AtomicU64::new(0) }
    }
}

impl Lanes {
    #[inline]
    pub(crate) fn add_one(&self) {
        match self.own.get(MINE.get()) {
            // Nobody else writes to this lane, so nothing can be lost between the two.
            Some(Lane(count)) => count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed),
            None => self.add_one_elsewhere(),
        }
    }

    /// For a thread that has no lane yet, or for which there was none left.
    #[cold]
    fn add_one_elsewhere(&self) {
        if MINE.get() == UNASSIGNED {
            MINE.set(Assigned::take());
            self.add_one();
        } else {
            self.shared.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn sum(&self) -> u64 {
        let own = self.own.iter().map(|lane| lane.0.load(Ordering::Relaxed)).sum::<u64>();
        own + self.shared.load(Ordering::Relaxed)
    }
}

thread_local! {
    static MINE: Cell<usize> = const { Cell::new(UNASSIGNED) };
    static ASSIGNED: Cell<Option<Assigned>> = const { Cell::new(None) };
}

/// The lanes that no thread has now. A lane that was given back is taken under the same lock, so that its next
/// writer sees all that the last one wrote.
static FREE: OfProcess<Mutex<Free>> = OfProcess::new(Mutex::new(Free::all()));

#[derive(Debug)]
struct Free {
    never_taken: usize,
    given_back: Vec<usize>,
}

impl Free {
    const fn all() -> Self {
        Self { never_taken: 0, given_back: Vec::new() }
    }

    fn all_but(mine: usize) -> Self {
        Self { never_taken: SHARED, given_back: (0..LANES).filter(|lane| *lane != mine).collect() }
    }
}

/// Takes the lanes of threads that are not here.
pub(crate) fn begin_in_forked_child() {
    FREE.begin(Mutex::new(Free::all_but(MINE.get())));
}

fn free() -> MutexGuard<'static, Free> {
    FREE.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread's lane, given back when the thread ends.
struct Assigned(usize);

impl Assigned {
    fn take() -> usize {
        let mut free = free();
        let lane = free.given_back.pop().unwrap_or_else(|| {
            let next = free.never_taken;
            free.never_taken = SHARED.min(next + 1);
            next
        });
        drop(free);
        if lane == SHARED {
            return SHARED;
        }
        // At its very end a thread can keep nothing any more. It then gives the lane back at once.
        let mut assigned = Some(Self(lane));
        let kept = ASSIGNED.try_with(|mine| mine.set(assigned.take())).is_ok();
        if kept { lane } else { SHARED }
    }
}

impl Drop for Assigned {
    fn drop(&mut self) {
        MINE.set(SHARED);
        free().given_back.push(self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn no_addition_is_lost_however_many_threads_add() {
        let lanes = Lanes::default();
        for _ in 0..3 {
            thread::scope(|scope| {
                for _ in 0..100 {
                    scope.spawn(|| (0..1000).for_each(|_| lanes.add_one()));
                }
            });
        }
        assert_eq!(lanes.sum(), 300_000);
    }
}
