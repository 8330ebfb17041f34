//! Wakes tasks at a given time without any runtime, for waits that are bounded.
//! One thread serves all alarms of the process; it exists only while an alarm is set.
#![cfg(feature = "async")]

use std::{
    collections::BTreeMap,
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::Waker,
    thread,
    time::Instant,
};

use crate::{clock, flight};

/// An alarm that is set. Dropping it takes it back.
#[derive(Debug)]
pub(crate) struct Alarm {
    slot: (Instant, u64),
}

impl Alarm {
    /// Wakes `waker` at `when`, soon after at the latest.
    pub(crate) fn set(when: Instant, waker: Waker) -> Self {
        let mut clockwork = CLOCKWORK.lock().unwrap_or_else(PoisonError::into_inner);
        clockwork.last_id += 1;
        let slot = (when, clockwork.last_id);
        clockwork.alarms.insert(slot, waker);
        if !clockwork.running {
            // If the system has no thread left, the next alarm tries again; until then waits have no bound,
            // which is better than breaking a call.
            clockwork.running = thread::Builder::new().name("hermes-alarm".into()).spawn(run).is_ok();
        }
        drop(clockwork);
        CHANGED.notify_one();
        Self { slot }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let removed = CLOCKWORK.lock().unwrap_or_else(PoisonError::into_inner).alarms.remove(&self.slot);
        CHANGED.notify_one();
        drop(removed);
    }
}

#[derive(Debug)]
struct Clockwork {
    alarms: BTreeMap<(Instant, u64), Waker>,
    last_id: u64,
    running: bool,
}

static CLOCKWORK: Mutex<Clockwork> =
    Mutex::new(Clockwork { alarms: BTreeMap::new(), last_id: 0, running: false });
static CHANGED: Condvar = Condvar::new();

/// All alarms, held still: none is set or rings.
#[derive(Debug)]
pub(crate) struct Held(MutexGuard<'static, Clockwork>);

impl Held {
    pub(crate) fn new() -> Self {
        Self(CLOCKWORK.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets the alarms of another process, and the thread that serves them there.
    pub(crate) fn forget(mut self) {
        let alarms = mem::take(&mut self.0.alarms);
        self.0.running = false;
        drop(self);
        // Whom they would wake is not here, and may not even be dropped.
        mem::forget(alarms);
    }
}

/// Rings alarms until there are none left.
fn run() {
    let mut clockwork = CLOCKWORK.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some((&(when, _), _)) = clockwork.alarms.first_key_value() {
        let left = when.saturating_duration_since(clock::instant());
        if left.is_zero() {
            let due = clockwork.alarms.pop_first();
            drop(clockwork);
            if let Some((_, waker)) = due {
                flight::wake(waker);
            }
            clockwork = CLOCKWORK.lock().unwrap_or_else(PoisonError::into_inner);
        } else {
            clockwork = CHANGED.wait_timeout(clockwork, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
    clockwork.running = false;
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, task::Wake, time::Duration};

    use super::*;

    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    fn unpark_me() -> Waker {
        Waker::from(Arc::new(Unpark(thread::current())))
    }

    // Real time passes here: the alarm thread is what is tested.
    #[test]
    fn an_alarm_rings_and_its_thread_goes_away() {
        let late = Alarm::set(clock::instant() + Duration::from_secs(3600), unpark_me());
        let soon = clock::instant() + Duration::from_millis(5);
        let alarm = Alarm::set(soon, unpark_me());
        while clock::instant() < soon {
            thread::park();
        }
        drop((alarm, late));
        while CLOCKWORK.lock().unwrap().running {
            thread::yield_now();
        }
    }
}
