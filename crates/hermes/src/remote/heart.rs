//! Keeps leases alive while their values are computed, and frees those of callers that went away.
//! One thread serves all caches of the process; it ends when it has had nothing to do for a while.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use hermescache_protocol::{Command, Heartbeat, Moment, Target};

use super::Core;
use crate::clock;

/// So that a busy process does not start a thread for each computation.
const LINGERS: Duration = Duration::from_secs(5);

/// A heartbeat under way. Dropped, it ends.
#[derive(Debug)]
pub(crate) struct Beat {
    id: u64,
}

impl Beat {
    /// Begins to renew a lease that was taken at `now`.
    pub(crate) fn start(core: Arc<Core>, target: Arc<Target>, heartbeat: Heartbeat, now: Moment) -> Self {
        let pulse = Pulse { core, target, heartbeat, began: now, began_at: clock::instant() };
        let mut work = work();
        work.last_id += 1;
        let id = work.last_id;
        work.alive.insert(id, None);
        work.schedule(id, pulse);
        work.be_served();
        drop(work);
        CHANGED.notify_one();
        Self { id }
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        let mut work = work();
        let due = work.alive.remove(&self.id).flatten();
        let pulse = due.and_then(|due| work.pulses.remove(&(due, self.id)));
        drop(work);
        drop(pulse);
    }
}

/// Sends a command whose answer is of no use, some time soon.
pub(crate) fn send(core: Arc<Core>, command: Command) {
    let mut work = work();
    work.errands.push_back((core, command));
    work.be_served();
    drop(work);
    CHANGED.notify_one();
}

/// A command whose answer is of no use, but which must be sent: also if the task goes away that is about to.
#[cfg(feature = "async")]
#[derive(Debug)]
pub(crate) struct Errand<'c> {
    core: &'c Arc<Core>,
    command: Option<Command>,
}

#[cfg(feature = "async")]
impl<'c> Errand<'c> {
    pub(crate) fn new(core: &'c Arc<Core>, command: Command) -> Self {
        Self { core, command: Some(command) }
    }

    pub(crate) async fn run(mut self) {
        if let Some(command) = &self.command {
            drop(self.core.ask_async(command).await);
        }
        self.command = None;
    }
}

#[cfg(feature = "async")]
impl Drop for Errand<'_> {
    fn drop(&mut self) {
        if let Some(command) = self.command.take() {
            send(Arc::clone(self.core), command);
        }
    }
}

#[derive(Debug)]
struct Pulse {
    core: Arc<Core>,
    target: Arc<Target>,
    heartbeat: Heartbeat,
    began: Moment,
    began_at: Instant,
}

impl Pulse {
    fn due(&self) -> Option<Instant> {
        self.heartbeat.due().map(|due| self.began_at + due.since(self.began))
    }

    /// Renews the lease once.
    fn beat(&mut self) {
        let now = self.began + clock::instant().saturating_duration_since(self.began_at);
        let command = self.heartbeat.beat(now);
        let answer = self.core.execute(&command);
        let Self { core, target, heartbeat, .. } = self;
        core.boards.at(&target.key, now, |room| heartbeat.answer(&mut room.board, &answer));
    }
}

#[derive(Debug)]
struct Work {
    pulses: BTreeMap<(Instant, u64), Pulse>,
    /// The beats that have not been dropped, and when each is due; one may be away to be beaten.
    alive: BTreeMap<u64, Option<Instant>>,
    errands: VecDeque<(Arc<Core>, Command)>,
    last_id: u64,
    is_served: bool,
}

impl Work {
    fn schedule(&mut self, id: u64, pulse: Pulse) {
        let Some(alive) = self.alive.get_mut(&id) else { return };
        *alive = pulse.due();
        if let Some(due) = *alive {
            self.pulses.insert((due, id), pulse);
        }
    }

    fn be_served(&mut self) {
        if !self.is_served {
            // If the system has no thread left, the next one who comes tries again; until then leases run out by
            // themselves, which costs others a wait and nobody a wrong value.
            self.is_served = thread::Builder::new().name("hermes-heart".into()).spawn(serve).is_ok();
        }
    }
}

static WORK: Mutex<Work> = Mutex::new(Work {
    pulses: BTreeMap::new(),
    alive: BTreeMap::new(),
    errands: VecDeque::new(),
    last_id: 0,
    is_served: false,
});
static CHANGED: Condvar = Condvar::new();

fn work() -> MutexGuard<'static, Work> {
    WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does what there is to do, and ends when there has been nothing for a while.
fn serve() {
    let mut work = work();
    let mut ends = clock::instant() + LINGERS;
    loop {
        let now = clock::instant();
        if let Some((core, command)) = work.errands.pop_front() {
            drop(work);
            drop(core.execute(&command));
        } else if let Some(pulse) = work.pulses.first_entry().filter(|pulse| pulse.key().0 <= now) {
            let ((_, id), mut pulse) = pulse.remove_entry();
            drop(work);
            pulse.beat();
            let mut work = self::work();
            work.schedule(id, pulse);
            drop(work);
        } else {
            let next = work.pulses.first_key_value().map(|((due, _), _)| *due);
            if next.is_none() && now >= ends {
                work.is_served = false;
                return;
            }
            let left = next.unwrap_or(ends).saturating_duration_since(now);
            work = CHANGED.wait_timeout(work, left).unwrap_or_else(PoisonError::into_inner).0;
            continue;
        }
        ends = clock::instant() + LINGERS;
        work = self::work();
    }
}
