//! What a run is made of, and what it comes to.
//! What can be done to servers, `stage` knows; what happens meanwhile, `course`; what is broken, `check`.

use std::{fs, path::PathBuf, time::Duration};

use tempfile::TempDir;

use crate::{
    check::{self, Bounds, Promise, Violation},
    clock::At,
    course::Course,
    deed::Pace,
    history::Event,
    planted::Bug,
    report::Report,
    stage::{Fault, PLACES, Place, Stage},
};

/// Short, so that a killed leader costs a run little; long enough for a machine that does much else.
pub(crate) const LEASE: Duration = Duration::from_secs(2);

/// What a fault held up arrives when it is over, however busy the machine.
const LATE: Duration = Duration::from_secs(1);

/// Nothing a cache does takes that long, however busy the machine; a key that is stuck stays so for a minute.
const SLACK: Duration = Duration::from_secs(10);

/// Faults of workers, by name.
pub(crate) const KILL: &str = "kill-worker";
pub(crate) const FREEZE: &str = "freeze-worker";
pub(crate) const CLOCK: &str = "clock";

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
        stage.settle_neighbours();

        let course = Course::begin(self, folder.path(), stage.url());
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
        for says in stage.harm_to_neighbours(course.has_lost()) {
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

    /// Whether it has a fault of this name.
    pub(crate) fn has(&self, fault: &str) -> bool {
        match &self.faults {
            Faults::None => false,
            Faults::All => true,
            Faults::Named(names) => names.iter().any(|name| name == fault),
        }
    }
}
