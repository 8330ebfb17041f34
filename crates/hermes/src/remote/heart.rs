//! Keeps leases alive while their values are computed, and frees those of callers that went away.
//! One thread for each cache that has such work, so that a server that hangs delays no heartbeat of another cache, and
//! those of its own by its timeout; the thread ends when it has had nothing to do for a while.

use std::{
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use hermescache_protocol::{Command, Fault, Heartbeat, Moment, Reply, Target};

use super::Core;
use crate::clock;

/// So that a busy process does not start a thread for each computation.
const LINGERS: Duration = Duration::from_secs(5);

/// A heartbeat under way. Dropped, it ends.
#[derive(Debug)]
pub(crate) struct Beat {
    heart: Arc<Heart>,
    id: u64,
}

impl Beat {
    /// Begins to renew a lease that was taken at `now`.
    pub(crate) fn start(core: Arc<Core>, target: Arc<Target>, heartbeat: Heartbeat, now: Moment) -> Self {
        let heart = Arc::clone(&core.heart);
        let pulse = Pulse { core, target, heartbeat, began: now, began_at: clock::instant() };
        let id = heart.give(|work| work.begin(pulse));
        Self { heart, id }
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        let ended = self.heart.work().end(self.id);
        drop(ended);
    }
}

/// Sends a command whose answer is of no use, some time soon.
pub(crate) fn send(core: Arc<Core>, command: Command) {
    let heart = Arc::clone(&core.heart);
    heart.give(|work| work.errands.push_back((core, command)));
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
        let answer = execute(&self.core, &command);
        let Self { core, target, heartbeat, .. } = self;
        core.boards.at(&target.key, now, |watched| heartbeat.answer(&mut watched.board, &answer));
    }
}

/// A backend of the user's own may panic, and so may whoever watches. That ends no thread on which other leases depend: it is a
/// fault like others.
fn execute(core: &Core, command: &Command) -> Result<Reply, Fault> {
    catch_unwind(AssertUnwindSafe(|| core.execute(command))).unwrap_or_else(|_| {
        let told = catch_unwind(AssertUnwindSafe(|| core.count_fault(command, &"the backend panicked")));
        drop(told);
        Err(Fault::Unknown)
    })
}

/// What one cache has to do beside its calls, and whether there is a thread for it.
#[derive(Debug, Default)]
pub(crate) struct Heart {
    work: Mutex<Work>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Work {
    pulses: BTreeMap<(Instant, u64), Pulse>,
    /// The beats that have not been dropped, and when each is due; one may be away to be beaten.
    alive: BTreeMap<u64, Option<Instant>>,
    errands: VecDeque<(Arc<Core>, Command)>,
    last_id: u64,
    is_served: bool,
}

enum Job {
    Errand(Arc<Core>, Command),
    Beat(u64, Pulse),
}

impl Heart {
    /// Gives it something to do.
    fn give<T>(self: &Arc<Self>, add: impl FnOnce(&mut Work) -> T) -> T {
        let mut work = self.work();
        let added = add(&mut work);
        if !work.is_served {
            let heart = Arc::clone(self);
            let thread = thread::Builder::new().name("hermes-heart".into());
            // If the system has no thread left, the next one who comes tries again; until then leases run out by
            // themselves, which costs others a wait and nobody a wrong value.
            work.is_served = thread.spawn(move || heart.serve()).is_ok();
        }
        drop(work);
        self.changed.notify_one();
        added
    }

    fn serve(&self) {
        while let Some(job) = self.next() {
            match job {
                Job::Errand(core, command) => drop(execute(&core, &command)),
                Job::Beat(id, mut pulse) => {
                    pulse.beat();
                    let ended = self.work().schedule(id, pulse);
                    drop(ended);
                }
            }
        }
    }

    /// Waits for what is to be done next. If there is nothing for a while, the thread that asks is to end.
    fn next(&self) -> Option<Job> {
        let ends = clock::instant() + LINGERS;
        let mut work = self.work();
        loop {
            let now = clock::instant();
            if let Some(job) = work.take(now) {
                return Some(job);
            }
            let due = work.pulses.first_key_value().map(|((due, _), _)| *due);
            if due.is_none() && now >= ends {
                work.is_served = false;
                return None;
            }
            let left = due.unwrap_or(ends).saturating_duration_since(now);
            work = self.changed.wait_timeout(work, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is taken out is handed to the caller, who drops it without the lock: it may be the last of its cache.
impl Work {
    fn begin(&mut self, pulse: Pulse) -> u64 {
        self.last_id += 1;
        let (id, due) = (self.last_id, pulse.due());
        self.alive.insert(id, due);
        self.pulses.extend(due.map(|due| ((due, id), pulse)));
        id
    }

    /// Puts back what was away to be beaten, unless it ended meanwhile, or is to be beaten no more.
    fn schedule(&mut self, id: u64, pulse: Pulse) -> Option<Pulse> {
        let Some(next) = self.alive.get_mut(&id) else { return Some(pulse) };
        *next = pulse.due();
        match *next {
            Some(due) => self.pulses.insert((due, id), pulse),
            None => Some(pulse),
        }
    }

    fn end(&mut self, id: u64) -> Option<Pulse> {
        let due = self.alive.remove(&id)??;
        self.pulses.remove(&(due, id))
    }

    /// What is to be done by now. Beats first: an errand that comes late costs no more than a lease that runs out, and
    /// there may be many.
    fn take(&mut self, now: Instant) -> Option<Job> {
        if let Some(first) = self.pulses.first_entry().filter(|first| first.key().0 <= now) {
            let ((_, id), pulse) = first.remove_entry();
            return Some(Job::Beat(id, pulse));
        }
        let (core, command) = self.errands.pop_front()?;
        Some(Job::Errand(core, command))
    }
}
