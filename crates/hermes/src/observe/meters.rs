//! Hands what is counted to the `metrics` facade, cache by cache and point by point.
//! Leaves it to the program which recorder takes it there.

use std::{fmt, sync::OnceLock, time::Instant};

use hermescache_protocol::{Key, Namespace};
use metrics::{Counter, Histogram, Label, Unit};

use super::label;
use crate::{
    clock,
    site::{Site, SiteId},
};

const HITS: &str = "hermes_hits_total";
const MISSES: &str = "hermes_misses_total";
const COMPUTATIONS: &str = "hermes_computations_total";
const WAITS: &str = "hermes_waits_total";
const FENCED_COMMITS: &str = "hermes_fenced_commits_total";
const ERRORS: &str = "hermes_errors_total";
const BACKEND_ERRORS: &str = "hermes_backend_errors_total";
const COMPUTATION_SECONDS: &str = "hermes_computation_seconds";
const WAIT_SECONDS: &str = "hermes_wait_seconds";
const READ_BYTES: &str = "hermes_read_bytes";
const STORED_BYTES: &str = "hermes_stored_bytes";

/// The point that stands for all of a cache: cleans and listings are of no function.
const ALL_POINTS: &str = "*";

/// The meters of one cache: one for each function that has used it.
pub(super) struct Meters {
    cache: Namespace,
    of_sites: BySite<Series>,
}

impl Meters {
    pub(super) fn new(cache: &Namespace) -> Self {
        Self { cache: cache.clone(), of_sites: BySite::default() }
    }

    /// The meter of a function, which is made when it first uses the cache.
    #[inline]
    pub(super) fn of(&self, site: &Site) -> Meter<'_> {
        Meter(self.of_sites.get_or_make(site.id(), || Series::register(&self.cache, site)))
    }
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meters").field("cache", &self.cache.as_str()).finish_non_exhaustive()
    }
}

/// What one function did with one cache, for whoever measures it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meter<'c>(&'c Series);

impl Meter<'_> {
    #[inline]
    pub(super) fn hit(self) {
        self.0.hits.increment(1);
    }

    pub(super) fn miss(self) {
        self.0.misses.increment(1);
    }

    pub(super) fn error(self) {
        self.0.errors.increment(1);
    }

    pub(super) fn fenced_commit(self) {
        self.0.fenced_commits.increment(1);
    }

    pub(super) fn computed(self, began: Began) {
        self.0.computations.increment(1);
        self.0.computation_seconds.record(began.elapsed_secs());
    }

    pub(super) fn waits(self) {
        self.0.waits.increment(1);
    }

    pub(super) fn waited(self, began: Began) {
        self.0.wait_seconds.record(began.elapsed_secs());
    }

    pub(super) fn read(self, len_bytes: usize) {
        self.0.read_bytes.record(len_bytes as f64);
    }

    pub(super) fn stored(self, len_bytes: usize) {
        self.0.stored_bytes.record(len_bytes as f64);
    }
}

/// When something began whose time is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began(Instant);

impl Began {
    pub(super) fn now() -> Self {
        Self(clock::instant())
    }

    fn elapsed_secs(self) -> f64 {
        clock::instant().saturating_duration_since(self.0).as_secs_f64()
    }
}

/// The series of one function in one cache, as a recorder gave them.
#[derive(Debug)]
struct Series {
    hits: Counter,
    misses: Counter,
    computations: Counter,
    waits: Counter,
    fenced_commits: Counter,
    errors: Counter,
    computation_seconds: Histogram,
    wait_seconds: Histogram,
    read_bytes: Histogram,
    stored_bytes: Histogram,
}

impl Series {
    #[cold]
    fn register(cache: &Namespace, site: &Site) -> Self {
        describe();
        let point = site.point();
        let counter = |name| metrics::counter!(name, labels(cache, label(&point)));
        let histogram = |name| metrics::histogram!(name, labels(cache, label(&point)));
        Self {
            hits: counter(HITS),
            misses: counter(MISSES),
            computations: counter(COMPUTATIONS),
            waits: counter(WAITS),
            fenced_commits: counter(FENCED_COMMITS),
            errors: counter(ERRORS),
            computation_seconds: histogram(COMPUTATION_SECONDS),
            wait_seconds: histogram(WAIT_SECONDS),
            read_bytes: histogram(READ_BYTES),
            stored_bytes: histogram(STORED_BYTES),
        }
    }
}

fn labels(cache: &Namespace, point: &str) -> Vec<Label> {
    vec![Label::new("cache", cache.as_str().to_owned()), Label::new("point", point.to_owned())]
}

/// The backend had no answer. That is rare enough to ask for the series each time.
pub(super) fn backend_error(cache: &Namespace, command: &'static str, key: Option<&Key>) {
    metrics::describe_counter!(BACKEND_ERRORS, "Commands that the backend had no answer to.");
    let mut labels = labels(cache, key.map_or(ALL_POINTS, |key| label(key.point())));
    labels.push(Label::new("command", command));
    metrics::counter!(BACKEND_ERRORS, labels).increment(1);
}

fn describe() {
    metrics::describe_counter!(HITS, "Calls that were answered from the cache at once.");
    metrics::describe_counter!(MISSES, "Calls that were not.");
    metrics::describe_counter!(COMPUTATIONS, "Loaders that were run to the end, with whatever result.");
    metrics::describe_counter!(WAITS, "Calls that waited for another's computation.");
    metrics::describe_counter!(FENCED_COMMITS, "Values that were overtaken while they were computed.");
    metrics::describe_counter!(
        ERRORS,
        "Calls and values that could not be cached, but for the backend's errors."
    );
    metrics::describe_histogram!(COMPUTATION_SECONDS, Unit::Seconds, "How long loaders ran.");
    metrics::describe_histogram!(
        WAIT_SECONDS,
        Unit::Seconds,
        "How long calls waited for another's computation."
    );
    metrics::describe_histogram!(READ_BYTES, Unit::Bytes, "The sizes of values read from a backend.");
    metrics::describe_histogram!(STORED_BYTES, Unit::Bytes, "The sizes of values stored in a backend.");
}

/// Something for each site, found by its number without a lock: shelves of 1, 2, 4 and so on, none of which moves once it
/// is there.
struct BySite<T> {
    shelves: [OnceLock<Shelf<T>>; u32::BITS as usize],
}

type Shelf<T> = Box<[OnceLock<T>]>;

impl<T> Default for BySite<T> {
    fn default() -> Self {
        Self { shelves: [const { OnceLock::new() }; u32::BITS as usize] }
    }
}

impl<T> BySite<T> {
    #[inline]
    fn get_or_make(&self, site: SiteId, make: impl FnOnce() -> T) -> &T {
        let place = site.number() + 1;
        let shelf = place.ilog2();
        let first = 1 << shelf;
        let places =
            self.shelves[shelf as usize].get_or_init(|| (0..first).map(|_| OnceLock::new()).collect());
        let place = &places[(place - first) as usize];
        place.get().unwrap_or_else(|| Self::fill(place, make))
    }

    #[cold]
    fn fill(place: &OnceLock<T>, make: impl FnOnce() -> T) -> &T {
        // Not made in `get_or_init`, which lets nobody else in meanwhile: a recorder may call this very function.
        let made = make();
        place.get_or_init(|| made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_site_has_a_place_of_its_own() {
        let by_site = BySite::default();
        for number in 0..1000 {
            assert_eq!(*by_site.get_or_make(number.into(), || number), number);
        }
        for number in 0..1000 {
            assert_eq!(*by_site.get_or_make(number.into(), || unreachable!("it is there")), number);
        }
    }

    #[test]
    fn whoever_makes_something_for_a_site_may_ask_for_it() {
        let by_site = BySite::default();
        let inner = || *by_site.get_or_make(7.into(), || 1);
        assert_eq!(*by_site.get_or_make(7.into(), || inner() + 1), 1);
    }
}
