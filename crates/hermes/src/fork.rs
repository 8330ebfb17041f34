//! What all caches of a process share, so that a forked child finds no lock taken and no thread missing: it begins anew.
//! Leaves connections to `backend/idle`, which sees by itself whose they are.

use std::sync::OnceLock;

#[cfg(feature = "async")]
use crate::alarm;
use crate::lanes;

/// Begins anew what all caches of a process share. To be called in a forked child, before anything else of Hermes.
///
/// Of the threads of a process only the one that forks goes on in the child. What the others had locked stays locked there, and
/// what they did is done by nobody. Nothing need be done before the fork, or in the parent: nobody ever waits for a fork.
///
/// A cache itself is not begun anew: its locks are many, and its calls may have waited for long. In the child one may be used
/// that no call of another thread was in, in process only; any other is to be built anew, and the inherited one to be forgotten
/// ([`mem::forget`](std::mem::forget)): its tasks' connections are registered with a runtime that the parent still uses.
///
/// ```
/// use hermes::binding::begin_in_forked_child;
///
/// // The process has forked. In the child:
/// begin_in_forked_child();
/// ```
pub fn begin_in_forked_child() {
    #[cfg(feature = "async")]
    alarm::begin_in_forked_child();
    lanes::begin_in_forked_child();
}

/// Something that each process has of its own. What it inherited stays where it is, for good, and is never looked at again.
#[derive(Debug)]
pub(crate) struct OfProcess<T> {
    here: T,
    /// That of a forked child. Never set in the process that `here` is of, so that no fork comes while it is.
    child: OnceLock<Box<Self>>,
}

impl<T> OfProcess<T> {
    pub(crate) const fn new(here: T) -> Self {
        Self { here, child: OnceLock::new() }
    }

    /// That of this process.
    #[inline]
    pub(crate) fn get(&self) -> &T {
        &self.youngest().here
    }

    /// Puts another in its place, in a forked child that has one thread so far.
    pub(crate) fn begin(&self, here: T) {
        self.youngest().child.get_or_init(|| Box::new(Self::new(here)));
    }

    fn youngest(&self) -> &Self {
        let mut youngest = self;
        while let Some(child) = youngest.child.get() {
            youngest = child;
        }
        youngest
    }
}
