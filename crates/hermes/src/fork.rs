//! What a process does around a fork, so that its child finds no lock taken and no thread missing.
//! Leaves connections to `backend/idle`, which sees by itself whose they are.

#[cfg(feature = "async")]
use crate::alarm;
use crate::lanes;

/// The state that all caches of a process share, held still while the process forks. Made by
/// [`before_fork`], and ended on both sides.
///
/// Of the threads of a process only the one that forks goes on in the child. What the others had locked stays locked there, and
/// what they did is done by nobody.
#[derive(Debug)]
#[must_use = "to hold it still for a moment only serves nobody"]
pub struct Fork {
    #[cfg(feature = "async")]
    alarms: alarm::Held,
    lanes: lanes::Held,
}

/// Holds still what all caches of this process share. To be called right before the process forks, in the thread that forks.
///
/// Calls wait meanwhile that set an alarm, or count a hit for the first time in their thread.
///
/// A cache itself cannot be held still: its locks are many, and its calls may wait for long. In the child one may be used that no call of
/// another thread was in, in process only; any other is to be built anew, and the inherited one to be forgotten
/// ([`mem::forget`](std::mem::forget)): its tasks' connections are registered with a runtime that the parent still uses.
///
/// ```
/// use hermes::binding::before_fork;
///
/// let fork = before_fork();
/// // The process forks here. Then, in the parent:
/// fork.in_parent();
/// // In the child: fork.in_child();
/// ```
pub fn before_fork() -> Fork {
    Fork {
        #[cfg(feature = "async")]
        alarms: alarm::Held::new(),
        lanes: lanes::Held::new(),
    }
}

impl Fork {
    /// Lets go. To be called in the parent, in the thread that forked.
    pub fn in_parent(self) {
        drop(self);
    }

    /// Lets go, and forgets what the parent's threads were doing. To be called in the child.
    pub fn in_child(self) {
        let Self {
            #[cfg(feature = "async")]
            alarms,
            lanes,
        } = self;
        #[cfg(feature = "async")]
        alarms.forget();
        drop(lanes);
    }
}
