//! Blocking connections that are ready to use, for the process that opened them.
//! Leaves what a connection is, and how it is opened, to a backend.

use std::{
    mem, process,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// More connections than this are not kept while nobody uses them.
const MAX_IDLE: usize = 64;

/// Connections to one server that nobody uses.
///
/// A process that was forked has its parent's connections too, but must not use them: answers to the one's questions would
/// reach the other, as values of other keys.
#[derive(Debug)]
pub(crate) struct Idle<L> {
    kept: Mutex<Kept<L>>,
}

#[derive(Debug)]
struct Kept<L> {
    /// Who opened them.
    process: u32,
    links: Vec<L>,
}

impl<L> Default for Idle<L> {
    fn default() -> Self {
        Self { kept: Mutex::new(Kept { process: process::id(), links: Vec::new() }) }
    }
}

impl<L> Idle<L> {
    /// One to use.
    pub(crate) fn take(&self) -> Option<L> {
        self.take_in(process::id())
    }

    /// Keeps one that was used, unless there are many.
    pub(crate) fn keep(&self, link: L) {
        self.keep_in(process::id(), link);
    }

    /// Closes all.
    pub(crate) fn close(&self) {
        let closed = mem::take(&mut self.kept().links);
        drop(closed);
    }

    fn take_in(&self, process: u32) -> Option<L> {
        let mut kept = self.kept();
        let inherited = kept.leave_to(process);
        let link = kept.links.pop();
        drop(kept);
        drop(inherited);
        link
    }

    fn keep_in(&self, process: u32, link: L) {
        let mut kept = self.kept();
        let inherited = kept.leave_to(process);
        if kept.links.len() < MAX_IDLE {
            kept.links.push(link);
        }
        drop(kept);
        drop(inherited);
    }

    fn kept(&self) -> MutexGuard<'_, Kept<L>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L> Kept<L> {
    /// What another process opened. To drop it closes this process's end of it, which the other does not notice.
    fn leave_to(&mut self, process: u32) -> Vec<L> {
        if mem::replace(&mut self.process, process) == process {
            Vec::new()
        } else {
            mem::take(&mut self.links)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_used_again() {
        let idle = Idle::default();
        assert_eq!(idle.take(), None);
        idle.keep("a");
        idle.keep("b");
        assert_eq!((idle.take(), idle.take(), idle.take()), (Some("b"), Some("a"), None));
        idle.keep("c");
        idle.close();
        assert_eq!(idle.take(), None);
    }

    #[test]
    fn a_process_never_takes_what_its_parent_opened() {
        const PARENT: u32 = 1;
        const CHILD: u32 = 2;
        let idle = Idle::default();
        idle.keep_in(PARENT, "parent's");
        assert_eq!(idle.take_in(CHILD), None);
        idle.keep_in(CHILD, "child's");
        assert_eq!(idle.take_in(CHILD), Some("child's"));

        idle.keep_in(PARENT, "parent's");
        idle.keep_in(CHILD, "child's");
        assert_eq!((idle.take_in(CHILD), idle.take_in(CHILD)), (Some("child's"), None));
    }
}
