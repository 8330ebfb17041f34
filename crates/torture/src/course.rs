//! A run under way: its workers, and what happens to them and to the servers until it is over.
//! What is to happen, and what is made of what everybody saw, `run` says.

use std::{
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicU32,
            Ordering::{Relaxed, SeqCst},
        },
    },
    thread,
    time::Duration,
};

use crate::{
    check::{Promise, Violation},
    clock::{At, Dice, pass},
    crew::{DatabaseProcess, LONGEST_END, Worker},
    history::{Event, History, What, read_log},
    run::{CLOCK, FREEZE, KILL, LEASE, Run},
    stage::{Fault, NAMESPACE},
    worker::Plan,
};

/// Short, so that entries also expire.
const TTL: Duration = Duration::from_millis(500);

/// A loader takes twice as long at most.
const LONGEST_WORK: Duration = Duration::from_millis(15);

const LONGEST_REST: Duration = Duration::from_millis(4);

/// Between two faults of the same kind of victim.
const BETWEEN_FAULTS: Range<Duration> = Duration::from_millis(100)..Duration::from_millis(900);

pub(crate) struct Course<'a> {
    run: &'a Run,
    /// Where logs lie.
    folder: &'a Path,
    url: String,
    database: DatabaseProcess,
    started: AtomicU32,
    workers: Mutex<Vec<Worker>>,
    /// Also of workers that were killed.
    logs: Mutex<Vec<PathBuf>>,
    events: Mutex<Vec<Event>>,
    lost: AtomicBool,
}

impl<'a> Course<'a> {
    /// A run without workers so far, whose cache is at this URL.
    pub(crate) fn begin(run: &'a Run, folder: &'a Path, url: String) -> Self {
        Self {
            run,
            folder,
            url,
            database: DatabaseProcess::start(&run.program),
            started: AtomicU32::new(0),
            workers: Mutex::default(),
            logs: Mutex::default(),
            events: Mutex::default(),
            lost: AtomicBool::new(false),
        }
    }

    pub(crate) fn start_worker(&self) {
        let number = self.started.fetch_add(1, SeqCst) + 1;
        let plan = Plan {
            number,
            seed: self.run.seed,
            url: self.url.clone(),
            namespace: NAMESPACE.to_owned(),
            ttl: TTL,
            lease: LEASE,
            database: self.database.address,
            log: self.folder.join(format!("{number}.log")),
            threads: self.run.threads,
            tasks: self.run.tasks,
            pace: self.run.pace,
            longest_work: LONGEST_WORK,
            longest_rest: LONGEST_REST,
            stray_clock: self.run.has(CLOCK),
            bug: self.run.bug,
        };
        let worker = Worker::start(&self.run.program, &plan);
        locked(&self.logs).push(worker.log.clone());
        locked(&self.workers).push(worker);
    }

    /// Lets faults happen to servers and to workers, one of each at a time, until the end.
    pub(crate) fn torment(&self, faults: &[Fault<'_>], workers_too: bool, end: At) {
        let deeds: Vec<fn(&Self, &mut Dice)> =
            [(KILL, Self::kill as fn(&Self, &mut Dice)), (FREEZE, Self::freeze)]
                .into_iter()
                .filter(|(name, _)| workers_too && self.run.has(name))
                .map(|(_, deed)| deed)
                .collect();
        thread::scope(|scope| {
            scope.spawn(|| {
                self.until(end, 1, |dice| {
                    let Some(fault) = some(faults, dice) else { return };
                    let from = At::now();
                    (fault.inflict)(dice);
                    self.lost.fetch_or(fault.loses, Relaxed);
                    self.tell(from, What::Tormented { fault: fault.name.to_owned() });
                });
            });
            self.until(end, 2, |dice| {
                if let Some(deed) = some(&deeds, dice) {
                    deed(self, dice);
                }
            });
        });
    }

    fn until(&self, end: At, kind: u64, deed: impl Fn(&mut Dice)) {
        let mut dice = Dice::new(self.run.seed.wrapping_add(kind << 48));
        loop {
            let left = end.since(At::now());
            if left.is_zero() {
                return;
            }
            let pause = dice.span(BETWEEN_FAULTS);
            pass(pause.min(left));
            if pause < left {
                deed(&mut dice);
            }
        }
    }

    fn kill(&self, dice: &mut Dice) {
        let mut worker = {
            let mut workers = locked(&self.workers);
            let number = dice.below(u32::try_from(workers.len()).expect("they are few"));
            workers.swap_remove(number as usize)
        };
        worker.kill();
        self.tell(At::now(), What::Killed { worker: worker.number });
        self.start_worker();
    }

    fn freeze(&self, dice: &mut Dice) {
        let workers = locked(&self.workers);
        let worker = dice.pick(&workers);
        let from = At::now();
        worker.freeze();
        pass(dice.span(LEASE / 10..2 * LEASE));
        worker.thaw();
        self.tell(from, What::Froze { worker: worker.number });
    }

    fn tell(&self, from: At, what: What) {
        locked(&self.events).push(Event { worker: Event::HARNESS, actor: 0, from, to: At::now(), what });
    }

    /// Ends all workers, and tells of those that do not.
    pub(crate) fn end(&self) -> Vec<Violation> {
        let mut workers = locked(&self.workers);
        workers.iter_mut().for_each(Worker::tell_to_end);
        let by = At::now() + LONGEST_END;
        let unwell = workers.iter_mut().filter_map(|worker| worker.until_ended(by).err());
        unwell.map(|says| Violation { promise: Promise::NotStuck, says, story: Vec::new() }).collect()
    }

    /// All that workers and faults wrote down.
    pub(crate) fn history(&self) -> io::Result<History> {
        let mut events = locked(&self.events).clone();
        for log in locked(&self.logs).iter() {
            // One that was killed at once has none.
            if log.exists() {
                events.extend(read_log(&fs::read(log)?).map_err(io::Error::other)?);
            }
        }
        Ok(History::of(events))
    }

    /// Whether a fault made servers forget something.
    pub(crate) fn has_lost(&self) -> bool {
        self.lost.load(SeqCst)
    }
}

/// Any of them, if there is one.
fn some<'a, T>(from: &'a [T], dice: &mut Dice) -> Option<&'a T> {
    (!from.is_empty()).then(|| dice.pick(from))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
