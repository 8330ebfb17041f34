//! Leases are kept alive while their values are computed, whatever befalls a heartbeat.
#![allow(clippy::unwrap_used, reason = "tests")]

#[cfg(feature = "async")]
use std::{
    future::pending,
    pin::pin,
    sync::OnceLock,
    task::{Context, Waker},
};
use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use hermes::{
    Cache,
    backend::{Backend, BackendError, Command, Listed, Namespace, Reply},
};
use hermes_testkit::{ModelBackend, wait_until};

/// What a backend does when it is asked for the first time to renew a lease.
#[derive(Debug, Clone)]
enum Mood {
    Obeys,
    Panics,
    /// Until the test comes there, too.
    Hangs(Arc<Barrier>),
    /// Obeys; and whenever it is to release a lease, another call of this cache goes away, until a lease is renewed.
    #[cfg(feature = "async")]
    NeverRests(Arc<OnceLock<Cache>>),
}

#[derive(Debug, Clone)]
struct Moody {
    place: ModelBackend,
    mood: Mood,
    /// How often it was asked to renew a lease.
    renewals: Arc<AtomicUsize>,
}

impl Moody {
    fn new(mood: Mood) -> Self {
        Self { place: ModelBackend::new(), mood, renewals: Arc::default() }
    }

    /// A cache on it that renews its leases often.
    fn cache(&self) -> Cache {
        Cache::builder().backend(self.clone()).lease(Duration::from_secs(1)).build().unwrap()
    }

    fn is_renewed(&self, times: usize) {
        wait_until("the lease is renewed", || self.renewals.load(SeqCst) >= times);
    }
}

impl Backend for Moody {
    fn execute(&self, command: &Command) -> Result<Reply, BackendError> {
        if matches!(command, Command::Renew { .. }) && self.renewals.fetch_add(1, SeqCst) == 0 {
            match &self.mood {
                #[cfg(feature = "async")]
                Mood::NeverRests(_) => {}
                Mood::Obeys => {}
                Mood::Panics => panic!("a backend's own"),
                Mood::Hangs(until) => drop(until.wait()),
            }
        }
        #[cfg(feature = "async")]
        if let (Command::Release { .. }, Mood::NeverRests(cache)) = (command, &self.mood)
            && self.renewals.load(SeqCst) == 0
        {
            goes_away(cache.get().unwrap());
        }
        self.place.execute(command)
    }

    fn list(&self, namespace: &Namespace) -> Result<Vec<Listed>, BackendError> {
        self.place.list(namespace)
    }
}

/// A task that computes is dropped: somebody has to release its lease.
#[cfg(feature = "async")]
fn goes_away(cache: &Cache) {
    let entry = cache.entry(format!("{}", cache.stats().misses));
    let mut call = pin!(entry.get_or_compute_async(pending::<u64>));
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[cfg(feature = "async")]
#[test]
fn tasks_that_go_away_without_end_delay_no_heartbeat() {
    let cache = Arc::new(OnceLock::new());
    let backend = Moody::new(Mood::NeverRests(Arc::clone(&cache)));
    let cache = cache.get_or_init(|| backend.cache());
    let load = || {
        goes_away(cache);
        backend.is_renewed(1);
        1
    };
    assert_eq!(cache.entry("k").get_or_compute(load), 1);
    assert_eq!(cache.stats().fenced_commits, 0);
}

#[test]
fn a_backend_that_panics_once_loses_no_lease() {
    let backend = Moody::new(Mood::Panics);
    let cache = backend.cache();
    let load = || {
        backend.is_renewed(3);
        1
    };
    assert_eq!(cache.entry("k").get_or_compute(load), 1);
    assert_eq!(cache.entry("k").get(), Some(1));
    assert_eq!((cache.stats().errors, cache.stats().fenced_commits), (1, 0));
}

#[test]
fn a_backend_that_hangs_delays_no_heartbeat_of_another_cache() {
    let end = Arc::new(Barrier::new(2));
    let (hung, other) = (Moody::new(Mood::Hangs(Arc::clone(&end))), Moody::new(Mood::Obeys));
    let load_other = || {
        other.is_renewed(3);
        2
    };
    let load = || {
        hung.is_renewed(1);
        let value = other.cache().entry("k").get_or_compute(load_other);
        end.wait();
        value
    };
    assert_eq!(hung.cache().entry("k").get_or_compute(load), 2);
}
