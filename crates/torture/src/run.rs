//! One run: starts the servers and the workers, lets faults loose on both, and has the history judged.
//! What can be done to servers, `stage` knows; what is broken, `check`.

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

use tempfile::TempDir;

use crate::{
    check::{self, Bounds, Promise, Violation},
    clock::{At, Dice, pass},
    crew::{DatabaseProcess, LONGEST_END, Worker},
    deed::Pace,
    history::{Event, History, What, read_log},
    planted::Bug,
    report::Report,
    stage::{Fault, NAMESPACE, PLACES, Place, Stage},
    worker::Plan,
};

/// Short, so that a killed leader costs a run little; long enough for a machine that does much else.
const LEASE: Duration = Duration::from_secs(2);

/// Short, so that entries also expire.
const TTL: Duration = Duration::from_millis(500);

/// A loader takes twice as long at most.
const LONGEST_WORK: Duration = Duration::from_millis(15);

const LONGEST_REST: Duration = Duration::from_millis(4);

/// What a fault held up arrives when it is over, however busy the machine.
const LATE: Duration = Duration::from_secs(1);

/// Nothing a cache does takes that long, however busy the machine; a key that is stuck stays so for a minute.
const SLACK: Duration = Duration::from_secs(10);

/// Between two faults of the same kind of victim.
const BETWEEN_FAULTS: Range<Duration> = Duration::from_millis(100)..Duration::from_millis(900);

const KILL: &str = "kill-worker";
const FREEZE: &str = "freeze-worker";
const CLOCK: &str = "clock";

/// Which faults a run has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "finished: none, all, or some")]
pub enum Faults {
    /// None: the checker allows nothing then.
    None,
    /// All that the place offers.
    All,
    /// Those of these names.
    Named(Vec<String>),
}

/// What a run is made of.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "finished: it is written in one crate")]
pub struct Run {
    /// The program that the workers are: this crate's own.
    pub program: PathBuf,
    /// Where entries are kept: `memory`, `redis`, `cluster`, `memcached`.
    pub backend: String,
    /// What happens meanwhile.
    pub faults: Faults,
    /// How long it lasts, without starting and ending.
    pub lasts: Duration,
    /// What chance there is follows from it, but for the scheduler's.
    pub seed: u64,
    /// How many processes, where they can share the place.
    pub workers: u32,
    /// How many threads each has.
    pub threads: u32,
    /// How many tasks each has.
    pub tasks: u32,
    /// How busy they are writing.
    pub pace: Pace,
    /// A planted bug, to see that it is found.
    pub bug: Option<Bug>,
    /// Where to put the whole history, for those who want to know more than a violation tells.
    pub keep: Option<PathBuf>,
}

impl Run {
    /// A run as most want it: half a minute without faults.
    #[must_use]
    pub fn on(backend: &str, program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            backend: backend.to_owned(),
            faults: Faults::None,
            lasts: Duration::from_secs(30),
            seed: 1,
            workers: 3,
            threads: 2,
            tasks: 4,
            pace: Pace::Hot,
            bug: None,
            keep: None,
        }
    }

    /// Runs it to its end, and judges what was seen.
    ///
    /// # Errors
    /// Where it cannot be run, or a fault could not be inflicted: nothing was shown then.
    pub fn go(&self) -> Result<Report, String> {
        let place = PLACES.iter().find(|place| place.name == self.backend);
        let place = place.ok_or_else(|| format!("there is no backend {:?}", self.backend))?;
        let stage = (place.open)();
        let faults = self.chosen(&*stage, place)?;
        let folder = TempDir::new().map_err(|why| format!("making a folder: {why}"))?;
        let database = DatabaseProcess::start(&self.program);
        stage.settle_neighbours();

        let course = Course {
            run: self,
            folder: folder.path(),
            url: stage.url(),
            database: &database,
            stray_clocks: self.has(CLOCK),
            started: AtomicU32::new(0),
            workers: Mutex::default(),
            logs: Mutex::default(),
            events: Mutex::default(),
            lost: AtomicBool::new(false),
        };
        let workers = if place.is_shared { self.workers } else { 1 };
        (0..workers).for_each(|_| course.start_worker());
        let began = At::now();
        course.torment(&faults, place.is_shared, began + self.lasts);
        let lasted = At::now().since(began);
        let mut violations = course.end();

        let history = course.history().map_err(|why| format!("reading the logs: {why}"))?;
        if let Some(file) = &self.keep {
            let lines: Vec<_> = history.events.iter().flat_map(Event::line).collect();
            fs::write(file, lines).map_err(|why| format!("keeping the history: {why}"))?;
        }
        for says in stage.harm_to_neighbours(course.lost.load(SeqCst)) {
            violations.push(Violation { promise: Promise::Neighbours, says, story: Vec::new() });
        }
        let bounds = Bounds { lease: LEASE, late: LATE, slack: SLACK, clocks_stray: self.has(CLOCK) };
        violations.extend(check::violations(&history, bounds));
        Ok(Report::new(self, lasted, &history, bounds, violations))
    }

    /// The faults of servers that were asked for.
    ///
    /// # Errors
    /// A name that the place does not know.
    fn chosen<'a>(&self, stage: &'a dyn Stage, place: &Place) -> Result<Vec<Fault<'a>>, String> {
        let faults = stage.faults();
        if let Faults::Named(names) = &self.faults {
            let mut known: Vec<_> = faults.iter().map(|fault| fault.name).chain([CLOCK]).collect();
            if place.is_shared {
                known.extend([KILL, FREEZE]);
            }
            if let Some(unknown) = names.iter().find(|&name| !known.contains(&name.as_str())) {
                return Err(format!("{} has no fault {unknown:?}; it has {}", place.name, known.join(", ")));
            }
        }
        Ok(faults.into_iter().filter(|fault| self.has(fault.name)).collect())
    }

    fn has(&self, fault: &str) -> bool {
        match &self.faults {
            Faults::None => false,
            Faults::All => true,
            Faults::Named(names) => names.iter().any(|name| name == fault),
        }
    }
}

/// A run under way.
struct Course<'a> {
    run: &'a Run,
    folder: &'a Path,
    url: String,
    database: &'a DatabaseProcess,
    stray_clocks: bool,
    started: AtomicU32,
    workers: Mutex<Vec<Worker>>,
    /// Also of workers that were killed.
    logs: Mutex<Vec<PathBuf>>,
    events: Mutex<Vec<Event>>,
    /// Whether a fault made servers forget something.
    lost: AtomicBool,
}

impl Course<'_> {
    fn start_worker(&self) {
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
            stray_clock: self.stray_clocks,
            bug: self.run.bug,
        };
        let worker = Worker::start(&self.run.program, &plan);
        locked(&self.logs).push(worker.log.clone());
        locked(&self.workers).push(worker);
    }

    /// Lets faults happen to servers and to workers, one of each at a time, until the end.
    fn torment(&self, faults: &[Fault<'_>], workers_too: bool, end: At) {
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
    fn end(&self) -> Vec<Violation> {
        let mut workers = locked(&self.workers);
        workers.iter_mut().for_each(Worker::tell_to_end);
        let by = At::now() + LONGEST_END;
        let unwell = workers.iter_mut().filter_map(|worker| worker.until_ended(by).err());
        unwell.map(|says| Violation { promise: Promise::NotStuck, says, story: Vec::new() }).collect()
    }

    fn history(&self) -> io::Result<History> {
        let mut events = locked(&self.events).clone();
        for log in locked(&self.logs).iter() {
            // One that was killed at once has none.
            if log.exists() {
                events.extend(read_log(&fs::read(log)?).map_err(io::Error::other)?);
            }
        }
        Ok(History::of(events))
    }
}

fn some<'a, T>(from: &'a [T], dice: &mut Dice) -> Option<&'a T> {
    (!from.is_empty()).then(|| dice.pick(from))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
