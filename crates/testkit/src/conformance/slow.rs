//! A loader that computes for as long as a story wants, so that a race has one course only.
//! Leaves the race to the stories.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use crate::patience::PATIENCE;

/// A loader that is held up. Every wait ends: in a panic where a story went wrong elsewhere.
#[derive(Debug, Default)]
pub(super) struct Slow {
    stage: Mutex<Stage>,
    changed: Condvar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Stage {
    #[default]
    Before,
    Computing,
    MayEnd,
}

impl Slow {
    /// What the loader does: it says that it has begun, waits for leave to end, and has its value.
    pub(super) fn compute<T>(&self, value: T) -> T {
        self.reach(Stage::Computing);
        self.wait_for(Stage::MayEnd);
        value
    }

    /// Waits until the loader has begun.
    pub(super) fn has_begun(&self) {
        self.wait_for(Stage::Computing);
    }

    /// Gives the loader leave to end.
    pub(super) fn may_end(&self) {
        self.reach(Stage::MayEnd);
    }

    fn reach(&self, stage: Stage) {
        let mut reached = self.stage();
        *reached = stage.max(*reached);
        self.changed.notify_all();
    }

    fn wait_for(&self, stage: Stage) {
        let waited = self.changed.wait_timeout_while(self.stage(), PATIENCE, |reached| *reached < stage);
        let reached = waited.unwrap_or_else(PoisonError::into_inner).0;
        assert!(*reached >= stage, "waited {PATIENCE:?} in vain until the loader was {stage:?}");
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does something in another thread, and waits for it: what happens elsewhere while a loader runs.
pub(super) fn elsewhere<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(act).join().expect("it does not panic"))
}
