//! What a run came to, in numbers and for people. Judges nothing.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    time::Duration,
};

use crate::{
    check::{Bounds, Violation, overlaps},
    clock::At,
    history::{Ended, Event, History, How, Id, Outcome, What},
    run::{FREEZE, KILL, Run},
};

/// How many violations are told in full; the first shows what the others do.
const TOLD: usize = 3;

/// The outcome of a run.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "finished: it is read in one crate")]
pub struct Report {
    /// What was run.
    pub title: String,
    /// How often each thing was done, by its name.
    pub counts: BTreeMap<&'static str, usize>,
    /// How often each fault happened.
    pub faults: BTreeMap<String, usize>,
    /// How long calls took, sorted: those that hit, that computed, and that waited for others.
    pub took: BTreeMap<&'static str, Vec<Duration>>,
    /// The promises that were broken.
    pub violations: Vec<Violation>,
}

/// The names under which a [`Report`] counts.
pub mod count {
    /// Calls that may compute.
    pub const CALLS: &str = "calls";
    /// Looks that do not.
    pub const PEEKS: &str = "peeks";
    /// Loaders that were run.
    pub const COMPUTATIONS: &str = "computations";
    /// Of those, the ones that ended without a value.
    pub const FAILED: &str = "computations that failed";
    /// Invalidations that returned Ok.
    pub const INVALIDATIONS: &str = "invalidations";
    /// Invalidations that returned an error.
    pub const REFUSED: &str = "invalidations that reported a fault";
    /// Sets that returned Ok.
    pub const SETS: &str = "sets";
    /// Commands that came to nothing.
    pub const UNANSWERED: &str = "commands without an answer";
    /// Overlaps of a computation that was fenced with its successor.
    pub const FENCED: &str = "overlaps, fenced";
    /// Overlaps with a computation that was not to be stored, since two were waited for in vain.
    pub const UNSTORED: &str = "overlaps, after two in vain";
    /// Overlaps beside a fault.
    pub const EXCUSED: &str = "overlaps, beside a fault";
}

impl Report {
    pub(crate) fn new(
        run: &Run,
        lasted: Duration,
        history: &History,
        bounds: Bounds,
        violations: Vec<Violation>,
    ) -> Self {
        let Run { backend, faults, seed, workers, threads, tasks, pace, .. } = run;
        let title = format!(
            "{backend}, {faults:?}, {pace:?}, {:.0} s, seed {seed}: {workers} processes of {threads} threads and {tasks} tasks",
            lasted.as_secs_f64()
        );
        let mut report = Self {
            title,
            counts: BTreeMap::new(),
            faults: BTreeMap::new(),
            took: BTreeMap::new(),
            violations,
        };
        let ends: HashMap<Id, At> = history.events.iter().filter_map(end_of_computation).collect();
        for event in &history.events {
            report.count(event, &ends);
        }
        let overlaps = overlaps(history, bounds);
        report.add(count::FENCED, overlaps.fenced);
        report.add(count::UNSTORED, overlaps.after_two);
        report.add(count::EXCUSED, overlaps.beside_faults);
        report.took.values_mut().for_each(|took| took.sort_unstable());
        report
    }

    /// How often something was done.
    #[must_use]
    pub fn counted(&self, name: &str) -> usize {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// How many calls hit, computed or waited.
    #[must_use]
    pub fn calls_that(&self, did: &str) -> usize {
        self.took.get(did).map_or(0, Vec::len)
    }

    fn add(&mut self, name: &'static str, so_many: usize) {
        *self.counts.entry(name).or_default() += so_many;
    }

    fn count(&mut self, event: &Event, ends: &HashMap<Id, At>) {
        match &event.what {
            What::Called { how: How::Peek, .. } => self.add(count::PEEKS, 1),
            What::Called { id, outcome, how, .. } => {
                self.add(count::CALLS, 1);
                if let (Outcome::Value(seen), How::Call) = (outcome, how) {
                    let ended_before = ends.get(&seen.id).is_none_or(|&end| end < event.from);
                    let did = match seen.id == *id {
                        true => "computed",
                        false if ended_before => "hit",
                        false => "waited",
                    };
                    self.took.entry(did).or_default().push(event.to.since(event.from));
                }
            }
            What::Began { .. } => self.add(count::COMPUTATIONS, 1),
            What::Ended { ended: Ended::Failed, .. } => self.add(count::FAILED, 1),
            What::Ended { .. } | What::Wrote { .. } => {}
            What::Invalidated { error: None, .. } => self.add(count::INVALIDATIONS, 1),
            What::Invalidated { .. } => self.add(count::REFUSED, 1),
            What::Set { error, .. } => self.add(count::SETS, usize::from(error.is_none())),
            What::Unanswered { .. } => self.add(count::UNANSWERED, 1),
            What::Tormented { fault } => self.happened(fault),
            What::Froze { .. } => self.happened(FREEZE),
            What::Killed { .. } => self.happened(KILL),
        }
    }

    fn happened(&mut self, fault: &str) {
        *self.faults.entry(fault.to_owned()).or_default() += 1;
    }
}

fn end_of_computation(event: &Event) -> Option<(Id, At)> {
    match event.what {
        What::Ended { id, .. } => Some((id, event.to)),
        _ => None,
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for (name, so_many) in &self.counts {
            writeln!(f, "  {so_many:>9}  {name}")?;
        }
        let faults: Vec<_> = self.faults.iter().map(|(name, so_many)| format!("{name} {so_many}")).collect();
        writeln!(f, "  faults: {}", if faults.is_empty() { "none".to_owned() } else { faults.join(", ") })?;
        writeln!(f, "  {:>9}  {:>9}  {:>9}  {:>9}  calls that", "", "p50 ms", "p99 ms", "most ms")?;
        for (did, took) in &self.took {
            let at = |part: usize| took[(took.len() - 1) * part / 100].as_secs_f64() * 1e3;
            writeln!(f, "  {:>9}  {:>9.3}  {:>9.3}  {:>9.3}  {did}", took.len(), at(50), at(99), at(100))?;
        }
        writeln!(f, "  violations: {}", self.violations.len())?;
        for violation in self.violations.iter().take(TOLD) {
            write!(f, "\n{violation}")?;
        }
        Ok(())
    }
}
