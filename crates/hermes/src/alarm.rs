//! Wakes tasks at a given time without any runtime, for waits that are bounded.
//! One thread serves all alarms of the process; it exists only while an alarm is set.
#![cfg(feature = "async")]

use std::{
    collections::BTreeMap,
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
    thread,
    time::Instant,
};

use crate::{clock, flight, fork::OfProcess};

/// An alarm that is set. Dropping it takes it back.
#[derive(Debug)]
pub(crate) struct Alarm {
    slot: (Instant, u64),
}

impl Alarm {
    /// Wakes `waker` at `when`, soon after at the latest.
    pub(crate) fn set(when: Instant, waker: Waker) -> Self {
        let slot = (when, LAST_ID.fetch_add(1, Ordering::Relaxed));
        let Alarms { clockwork, changed } = ALARMS.get();
        let mut clockwork = clockwork.lock().unwrap_or_else(PoisonError::into_inner);
        clockwork.alarms.insert(slot, waker);
        if !clockwork.running {
            // If the system has no thread left, the next alarm tries again; until then waits have no bound,
            // which is better than breaking a call.
            clockwork.running = thread::Builder::new().name("hermes-alarm".into()).spawn(run).is_ok();
        }
        drop(clockwork);
        changed.notify_one();
        Self { slot }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let Alarms { clockwork, changed } = ALARMS.get();
        let removed = clockwork.lock().unwrap_or_else(PoisonError::into_inner).alarms.remove(&self.slot);
        changed.notify_one();
        drop(removed);
    }
}

/// The alarms of a process, and the thread that rings them.
#[derive(Debug)]
struct Alarms {
    clockwork: Mutex<Clockwork>,
    changed: Condvar,
}

#[derive(Debug)]
struct Clockwork {
    alarms: BTreeMap<(Instant, u64), Waker>,
    running: bool,
}

impl Alarms {
    const fn new() -> Self {
        let clockwork = Clockwork { alarms: BTreeMap::new(), running: false };
        Self { clockwork: Mutex::new(clockwork), changed: Condvar::new() }
    }
}

static ALARMS: OfProcess<Alarms> = OfProcess::new(Alarms::new());

/// Goes on in forked children, who may drop alarms that their parent set.
static LAST_ID: AtomicU64 = AtomicU64::new(0);

/// Forgets the alarms of another process, and the thread that serves them there. Whom they would wake is not here.
pub(crate) fn begin_in_forked_child() {
    ALARMS.begin(Alarms::new());
}

/// Rings alarms until there are none left.
fn run() {
    let alarms = ALARMS.get();
    let lock = || alarms.clockwork.lock().unwrap_or_else(PoisonError::into_inner);
    let mut clockwork = lock();
    while let Some((&(when, _), _)) = clockwork.alarms.first_key_value() {
        let left = when.saturating_duration_since(clock::instant());
        if left.is_zero() {
            let due = clockwork.alarms.pop_first();
            drop(clockwork);
            if let Some((_, waker)) = due {
                flight::wake(waker);
            }
            clockwork = lock();
        } else {
            clockwork =
                alarms.changed.wait_timeout(clockwork, left).unwrap_or_else(PoisonError::into_inner).0;
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
        while ALARMS.get().clockwork.lock().unwrap().running {
            thread::yield_now();
        }
    }
}
