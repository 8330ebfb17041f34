//! The locks and the thread parking that flights are built on, in one place so that a model checker can put its own here.
//! Knows nothing of caches.

use std::sync::PoisonError;
pub(crate) use std::{
    sync::{Mutex, MutexGuard},
    thread,
};

/// Locks, also after another holder panicked: no lock here is ever held while a user's code runs, so what it
/// guards is whole.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
