//! Which flights this thread is computing for right now, so that a loader that asks for its own result is noticed.
//! Knows flights by their number only.

use std::{
    cell::RefCell,
    hash::{DefaultHasher, Hash, Hasher},
    marker::PhantomData,
};

use hermescache_protocol::Key;

thread_local! {
    static LEADING: RefCell<Vec<FlightId>> = const { RefCell::new(Vec::new()) };
}

/// A flight, told from all others while it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlightId(usize);

impl FlightId {
    /// The number of a flight that stays where it is.
    pub(crate) fn of<T>(flight: &T) -> Self {
        Self(std::ptr::from_ref(flight).addr())
    }

    /// The number of the flights of one key in a table that stays where it is.
    pub(crate) fn of_key<T>(table: &T, key: &Key) -> Self {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        Self(std::ptr::from_ref(table).addr() ^ hasher.finish() as usize)
    }
}

/// Says that this thread computes for a flight. Bound to the thread.
#[derive(Debug)]
pub(crate) struct Mark {
    flight: FlightId,
    thread: PhantomData<*const ()>,
}

impl Mark {
    pub(crate) fn set(flight: FlightId) -> Self {
        with_leading(|leading| leading.push(flight));
        Self { flight, thread: PhantomData }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        if let Some(last) = with_leading(Vec::pop) {
            debug_assert_eq!(
                last,
                Some(self.flight),
                "marks are dropped in the reverse order of their setting"
            );
        }
    }
}

/// Whether this thread computes for a flight, itself or in a loader that called it.
pub(crate) fn is_leading(flight: FlightId) -> bool {
    with_leading(|leading| leading.contains(&flight)).unwrap_or(false)
}

/// At its very end a thread can keep nothing any more; what it computes then, it computes without a mark.
fn with_leading<T>(act: impl FnOnce(&mut Vec<FlightId>) -> T) -> Option<T> {
    LEADING.try_with(|leading| act(&mut leading.borrow_mut())).ok()
}
