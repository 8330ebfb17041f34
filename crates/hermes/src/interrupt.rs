//! Calls a thread away from what it waits for: another language has signals of its own to see to.
//! Knows nothing of what is waited for.

use std::{cell::Cell, time::Duration};

use crate::shim::thread;

/// How often a thread that waits looks up. A person who presses a key does not notice it.
const LOOK_UP_EVERY: Duration = Duration::from_millis(50);

thread_local! {
    /// Says whether this thread is called away.
    static IS_CALLED: Cell<Option<fn() -> bool>> = const { Cell::new(None) };
}

/// Runs a call that can be called away while it waits for another's computation: `is_called` is asked every 50 ms then, in this
/// thread. Once it says yes, the call waits no longer and runs its loader, whose affair it is to return at once.
///
/// ```
/// use std::{sync::mpsc, thread};
/// use hermes::{Cache, binding::interruptible};
///
/// let cache = Cache::from_url("memory://")?;
/// let (leads, led) = mpsc::channel();
/// let (end, ended) = mpsc::channel();
/// thread::scope(|scope| {
///     let slow = move || {
///         leads.send(()).unwrap();
///         ended.recv().unwrap();
///         Ok::<_, &str>(1)
///     };
///     scope.spawn(|| cache.entry("k").get_or_try_compute(slow));
///     led.recv().unwrap();
///     let called = interruptible(|| true, || cache.entry("k").get_or_try_compute(|| Err::<i32, _>("called")));
///     assert_eq!(called, Err("called"));
///     end.send(()).unwrap();
/// });
/// # Ok::<(), hermes::Error>(())
/// ```
pub fn interruptible<T>(is_called: fn() -> bool, call: impl FnOnce() -> T) -> T {
    let _before = Before(IS_CALLED.replace(Some(is_called)));
    call()
}

/// What held before, and holds again when this is dropped.
struct Before(Option<fn() -> bool>);

impl Drop for Before {
    fn drop(&mut self) {
        IS_CALLED.set(self.0);
    }
}

/// Whether a thread that has waited for a while goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parked {
    LookAgain,
    CalledAway,
}

/// Parks this thread until it is woken, for some time at most.
pub(crate) fn park(time: Duration) -> Parked {
    // A thread at its very end is called nowhere any more.
    let Ok(Some(is_called)) = IS_CALLED.try_with(Cell::get) else {
        thread::park_timeout(time);
        return Parked::LookAgain;
    };
    thread::park_timeout(time.min(LOOK_UP_EVERY));
    if is_called() { Parked::CalledAway } else { Parked::LookAgain }
}
