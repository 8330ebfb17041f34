//! One computation under way, and those who wait for it: threads and tasks in one list.
//! Decides nothing: who leads and who joins is settled by whoever keeps the table of flights.

use std::{
    mem,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    task::{Wake, Waker},
    time::Instant,
};
#[cfg(feature = "async")]
use std::{
    pin::Pin,
    task::{Context, Poll},
};

#[cfg(feature = "async")]
use crate::alarm::Alarm;
use crate::{
    clock,
    interrupt::{self, Parked},
    shim::{Mutex, lock, thread},
};

/// What came of a flight, for those who joined it.
#[derive(Debug, Clone)]
pub(crate) enum Landing<T> {
    /// The leader computed this.
    Value(T),
    /// The leader's function failed or panicked: nobody computes now.
    Failed,
    /// The leader was dropped, which says nothing about its function: nobody computes now.
    Abandoned,
    /// The wait was over before the flight was.
    Overdue,
    /// The thread that waited is called away.
    Interrupted,
}

/// One computation under way. Landing and failing are final, and the first of them counts.
#[derive(Debug)]
pub(crate) struct Flight<T> {
    state: Mutex<State<T>>,
    /// Until when it is waited for.
    deadline: Instant,
    /// Rings for all tasks that wait; set by the first, and in a forked child by the first there.
    #[cfg(feature = "async")]
    alarm: Mutex<Option<Alarm>>,
}

#[derive(Debug)]
struct State<T> {
    landing: Option<Landing<T>>,
    waiters: Vec<(u64, Waker)>,
    last_id: u64,
}

impl<T: Clone> Flight<T> {
    /// A flight that is waited for until `deadline`.
    pub(crate) fn new(deadline: Instant) -> Self {
        Self {
            state: Mutex::new(State { landing: None, waiters: Vec::new(), last_id: 0 }),
            deadline,
            #[cfg(feature = "async")]
            alarm: Mutex::new(None),
        }
    }

    /// Hands the value to all who wait, and to all who still come.
    pub(crate) fn land(&self, value: T) {
        self.end(Landing::Value(value));
    }

    /// Sends all who wait away without a value: the function failed.
    pub(crate) fn fail(&self) {
        self.end(Landing::Failed);
    }

    /// Sends all who wait away without a value: nobody ran the function to its end.
    pub(crate) fn abandon(&self) {
        self.end(Landing::Abandoned);
    }

    fn end(&self, landing: Landing<T>) {
        let waiters = {
            let mut state = lock(&self.state);
            if state.landing.is_some() {
                return;
            }
            state.landing = Some(landing);
            mem::take(&mut state.waiters)
        };
        wake_all(waiters);
    }

    /// Parks this thread until the flight ends, at the latest until its deadline.
    pub(crate) fn wait(&self) -> Landing<T> {
        let waker = unparker();
        let mut seat = Seat::none(self);
        let landing = loop {
            if let Some(landing) = seat.take_or_sit(&waker) {
                break landing;
            }
            let left = self.deadline.saturating_duration_since(clock::instant());
            if left.is_zero() {
                break Landing::Overdue;
            }
            if interrupt::park(left) == Parked::CalledAway {
                break Landing::Interrupted;
            }
        };
        // One of the wake-ups may have been meant for whoever called, an executor for one: it looks once too often
        // rather than once too seldom.
        thread::current().unpark();
        landing
    }

    /// The same for a task, on any runtime or none. What the bell gives is woken at the deadline: it [rings](Self::ring).
    #[cfg(feature = "async")]
    pub(crate) fn join<B: Fn() -> Waker + Unpin>(&self, bell: B) -> Join<'_, T, B> {
        Join { seat: Seat::none(self), bell }
    }

    /// Sends all who wait to look at the time.
    #[cfg(feature = "async")]
    pub(crate) fn ring(&self) {
        // Who takes a place again finds that it is too late.
        let waiters = mem::take(&mut lock(&self.state).waiters);
        wake_all(waiters);
    }
}

/// A place in the list of those who wait; given back when dropped.
#[derive(Debug)]
struct Seat<'f, T> {
    flight: &'f Flight<T>,
    id: Option<u64>,
}

impl<'f, T> Seat<'f, T> {
    fn none(flight: &'f Flight<T>) -> Self {
        Self { flight, id: None }
    }
}

impl<T: Clone> Seat<'_, T> {
    /// The landing if there is one; else `waker` is woken when there is.
    fn take_or_sit(&mut self, waker: &Waker) -> Option<Landing<T>> {
        let waker = waker.clone();
        let mut state = lock(&self.flight.state);
        if let Some(landing) = &state.landing {
            // Whoever ended the flight has taken the whole list.
            self.id = None;
            return Some(landing.clone());
        }
        let mine = self.id.and_then(|id| state.waiters.iter_mut().find(|(other, _)| *other == id));
        let replaced = match mine {
            Some((_, old)) => Some(mem::replace(old, waker)),
            None => {
                state.last_id += 1;
                let id = state.last_id;
                state.waiters.push((id, waker));
                self.id = Some(id);
                None
            }
        };
        // Outside of the lock: a waker may own a task, and with it another seat of this flight.
        drop(state);
        drop(replaced);
        None
    }
}

impl<T> Drop for Seat<'_, T> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let mut state = lock(&self.flight.state);
            let place = state.waiters.iter().position(|(other, _)| *other == id);
            let waker = place.map(|place| state.waiters.swap_remove(place));
            drop(state);
            drop(waker);
        }
    }
}

/// A task's wait for a flight.
#[cfg(feature = "async")]
#[derive(Debug)]
pub(crate) struct Join<'f, T, B> {
    seat: Seat<'f, T>,
    bell: B,
}

#[cfg(feature = "async")]
impl<T: Clone, B: Fn() -> Waker + Unpin> Future for Join<'_, T, B> {
    type Output = Landing<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Landing<T>> {
        let Self { seat, bell } = self.get_mut();
        if let Some(landing) = seat.take_or_sit(context.waker()) {
            return Poll::Ready(landing);
        }
        let Flight { deadline, alarm, .. } = seat.flight;
        if clock::instant() >= *deadline {
            return Poll::Ready(Landing::Overdue);
        }
        let mut alarm = lock(alarm);
        if !alarm.as_ref().is_some_and(Alarm::is_of_this_process) {
            *alarm = Some(Alarm::set(*deadline, bell()));
        }
        Poll::Pending
    }
}

fn wake_all(waiters: Vec<(u64, Waker)>) {
    for (_, waker) in waiters {
        wake(waker);
    }
}

/// Wakes one of many. If that panics, the others are woken all the same.
pub(crate) fn wake(waker: Waker) {
    // The panic has been reported by its hook, and is of no concern to those who wait or lead.
    drop(panic::catch_unwind(AssertUnwindSafe(|| waker.wake())));
}

/// Wakes this thread where it is parked.
pub(crate) fn unparker() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
