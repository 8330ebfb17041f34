//! Wakes tasks at a given time without any runtime, for waits that are bounded.
//! One thread serves all alarms of the process; it ends when it has had none for a while.
#![cfg(feature = "async")]

use std::{
    collections::BTreeMap,
    ptr,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
    thread,
    time::{Duration, Instant},
};

use crate::{clock, flight, fork::OfProcess};

/// The thread sleeps this long at most, so that nobody has to wake it who takes an alarm back: most who wait do. It ends
/// when it has found no alarm twice.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// An alarm that is set. Dropping it takes it back.
#[derive(Debug)]
pub(crate) struct Alarm {
    of: &'static Alarms,
    slot: (Instant, u64),
}

impl Alarm {
    /// Wakes `waker` at `when`, soon after at the latest.
    pub(crate) fn set(when: Instant, waker: Waker) -> Self {
        let slot = (when, LAST_ID.fetch_add(1, Ordering::Relaxed));
        let alarms = ALARMS.get();
        let mut clockwork = alarms.clockwork();
        clockwork.alarms.insert(slot, waker);
        match clockwork.asleep_until {
            Some(until) => {
                drop(clockwork);
                if when < until {
                    alarms.sooner.notify_one();
                }
            }
            // If the system has no thread left, the next alarm tries again; until then waits have no bound,
            // which is better than breaking a call.
            None => {
                let started = thread::Builder::new().name("hermes-alarm".into()).spawn(run).is_ok();
                clockwork.asleep_until = started.then_some(when);
            }
        }
        Self { of: alarms, slot }
    }

    /// Whether it rings in this process. One that was set before a fork rings in the parent.
    pub(crate) fn is_of_this_process(&self) -> bool {
        ptr::eq(self.of, ALARMS.get())
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let removed = ALARMS.get().clockwork().alarms.remove(&self.slot);
        drop(removed);
    }
}

/// The alarms of a process, and the thread that rings them.
#[derive(Debug)]
struct Alarms {
    clockwork: Mutex<Clockwork>,
    /// Wakes the thread before its time.
    sooner: Condvar,
}

#[derive(Debug)]
struct Clockwork {
    alarms: BTreeMap<(Instant, u64), Waker>,
    /// When the thread looks at them next; none if there is no thread.
    asleep_until: Option<Instant>,
}

impl Alarms {
    const fn new() -> Self {
        let clockwork = Clockwork { alarms: BTreeMap::new(), asleep_until: None };
        Self { clockwork: Mutex::new(clockwork), sooner: Condvar::new() }
    }

    fn clockwork(&self) -> MutexGuard<'_, Clockwork> {
        self.clockwork.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static ALARMS: OfProcess<Alarms> = OfProcess::new(Alarms::new());

/// Goes on in forked children, who may drop alarms that their parent set.
static LAST_ID: AtomicU64 = AtomicU64::new(0);

/// Forgets the alarms of another process, and the thread that serves them there. Whom they would wake is not here.
pub(crate) fn begin_in_forked_child() {
    ALARMS.begin(Alarms::new());
}

/// Rings alarms until there have been none for a while.
fn run() {
    let alarms = ALARMS.get();
    let mut clockwork = alarms.clockwork();
    let mut had_none = false;
    loop {
        let now = clock::instant();
        let first = clockwork.alarms.first_key_value().map(|(&(when, _), _)| when);
        if first.is_some_and(|when| when <= now) {
            let due = clockwork.alarms.pop_first();
            drop(clockwork);
            if let Some((_, waker)) = due {
                flight::wake(waker);
            }
            clockwork = alarms.clockwork();
            continue;
        }
        if first.is_none() && had_none {
            break;
        }
        had_none = first.is_none();
        let sleep = first.map_or(LONGEST_SLEEP, |when| (when - now).min(LONGEST_SLEEP));
        clockwork.asleep_until = Some(now + sleep);
        clockwork = alarms.sooner.wait_timeout(clockwork, sleep).unwrap_or_else(PoisonError::into_inner).0;
    }
    clockwork.asleep_until = None;
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
        while ALARMS.get().clockwork().asleep_until.is_some() {
            thread::yield_now();
        }
    }
}
