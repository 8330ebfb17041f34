//! Connections that tasks share: one for each runtime, since it ends with the runtime that opened it.
//! Leaves what a connection is, and how it is opened, to a backend.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, Weak,
    atomic::{AtomicU64, Ordering},
};

use tokio::runtime;

/// Connections to one server, by runtime. `F` is why none could be opened.
pub(crate) struct Runtimes<L, F> {
    open: Arc<Mutex<Open<L>>>,
    /// Those that are being opened; an end by itself for each runtime, since one that nobody drives opens nothing.
    opening: Mutex<Vec<(runtime::Id, Weak<Opening<F>>)>>,
}

type Open<L> = Vec<(runtime::Id, Arc<L>)>;

/// Lets many tasks of a runtime open one connection, and not one each.
struct Opening<F> {
    /// Whoever holds it opens the connection; how the last attempt failed.
    turn: tokio::sync::Mutex<Option<F>>,
    /// How many attempts have failed.
    failures: AtomicU64,
}

/// Has a connection found as long as it is open: dropped, it is not found any more.
pub(crate) struct Registration<L> {
    open: Weak<Mutex<Open<L>>>,
    link: Weak<L>,
}

impl<L, F: Clone> Runtimes<L, F> {
    /// The connection of a runtime, if it is still good; one that is not is forgotten.
    pub(crate) fn find(&self, runtime: runtime::Id, is_good: impl FnOnce(&L) -> bool) -> Option<Arc<L>> {
        let found =
            lock(&self.open).iter().find(|(of, _)| *of == runtime).map(|(_, link)| Arc::clone(link))?;
        if is_good(&found) {
            return Some(found);
        }
        self.forget(&found);
        None
    }

    /// Nobody finds this connection any more.
    pub(crate) fn forget(&self, link: &Arc<L>) {
        take_out(&self.open, Arc::as_ptr(link));
    }

    /// Opens a connection for a runtime, or takes a good one that another task has opened meanwhile. Says whether it is new.
    ///
    /// # Errors
    /// Why it could not be opened, to all who wanted it.
    pub(crate) async fn open(
        &self,
        runtime: runtime::Id,
        is_good: impl FnOnce(&L) -> bool,
        connect: impl Future<Output = Result<Arc<L>, F>>,
    ) -> Result<(Arc<L>, bool), F> {
        let opening = self.opening(runtime);
        let failures = opening.failures.load(Ordering::Relaxed);
        let mut last_failure = opening.turn.lock().await;
        if let Some(link) = self.find(runtime, is_good) {
            return Ok((link, false));
        }
        if let Some(failure) = &*last_failure
            && opening.failures.load(Ordering::Relaxed) != failures
        {
            return Err(failure.clone());
        }
        match connect.await {
            Ok(link) => {
                lock(&self.open).push((runtime, Arc::clone(&link)));
                Ok((link, true))
            }
            Err(failure) => {
                *last_failure = Some(failure.clone());
                opening.failures.fetch_add(1, Ordering::Relaxed);
                Err(failure)
            }
        }
    }

    /// For a connection that is about to be opened, to be held as long as it is open.
    pub(crate) fn registration(&self, link: Weak<L>) -> Registration<L> {
        Registration { open: Arc::downgrade(&self.open), link }
    }

    /// The same for all tasks of a runtime that open a connection at the same time.
    fn opening(&self, runtime: runtime::Id) -> Arc<Opening<F>> {
        let mut opening = lock(&self.opening);
        opening.retain(|(_, opening)| opening.strong_count() > 0);
        let of_runtime = opening.iter().find(|(id, _)| *id == runtime);
        of_runtime.and_then(|(_, opening)| opening.upgrade()).unwrap_or_else(|| {
            let new = Arc::new(Opening { turn: tokio::sync::Mutex::default(), failures: AtomicU64::new(0) });
            opening.push((runtime, Arc::downgrade(&new)));
            new
        })
    }
}

impl<L, F> Default for Runtimes<L, F> {
    fn default() -> Self {
        Self { open: Arc::default(), opening: Mutex::default() }
    }
}

impl<L> Drop for Registration<L> {
    fn drop(&mut self) {
        if let Some(open) = self.open.upgrade() {
            take_out(&open, self.link.as_ptr());
        }
    }
}

/// Takes a connection out; what ends with it does so outside of the lock.
fn take_out<L>(open: &Mutex<Open<L>>, link: *const L) {
    let mut open = lock(open);
    let place = open.iter().position(|(_, other)| std::ptr::eq(Arc::as_ptr(other), link));
    let old = place.map(|place| open.swap_remove(place));
    drop(open);
    drop(old);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
