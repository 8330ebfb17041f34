//! Carries a call between the protocol, a backend and the loader: the blocking and the async loop, alike but for `.await`.
//! Decides nothing; what an outcome is worth to a call is `trip`'s affair.

#[cfg(feature = "async")]
use std::{
    future::poll_fn,
    task::{Context, Poll},
};
use std::{ops::ControlFlow, sync::Arc, task::Waker, thread};

use hermescache_protocol::{Fate, Step};

use super::{
    caller::Said,
    heart,
    trip::{Trip, Turn},
};
#[cfg(feature = "async")]
use super::{handed::Handed, heart::Errand};
#[cfg(feature = "async")]
use crate::{alarm::Alarm, clock, loading};
use crate::{
    backend::BackendError,
    drive, flight,
    interrupt::{self, Parked},
    rules::{Keep, Rules},
    value::{Keeps, Value},
};

/// The value in the backend, or another's, or the loader's.
pub(crate) fn read<M: Keeps<V>, V: Value, E, F: FnOnce(&V) -> Keep>(
    mut trip: Trip<'_>,
    rules: Rules<F>,
    loader: impl FnOnce() -> Result<V, E>,
) -> Result<V, E> {
    let tally = trip.tally;
    let said = match trip.glance() {
        None => Said::Nothing,
        Some((start, glance)) => {
            let answer = trip.remote.core.ask(&glance);
            match trip.glanced::<M, V>(start, answer) {
                ControlFlow::Break(value) => return Ok(value),
                ControlFlow::Continue(said) => said,
            }
        }
    };
    let beat = match trip.carry::<M, V>(said) {
        Turn::Value(value) => return Ok(value),
        Turn::Compute(beat) => beat,
        Turn::Alone | Turn::Own(_) | Turn::Missing => {
            drop(trip);
            return drive::alone(tally, loader);
        }
    };
    let computing = tally.computing();
    let result = computing.span.run(|| {
        let _mark = trip.mark();
        loader()
    });
    computing.ended();
    let computed = trip.judge::<M, V, E, F>(&result, rules);
    drop(beat);
    let end = trip.carry::<M, V>(Said::Computed(computed));
    trip.count(&end);
    result
}

/// The value in the backend, if there is one.
pub(crate) fn peek<M: Keeps<V>, V: Value>(mut trip: Trip<'_>) -> Option<V> {
    trip.carry::<M, V>(Said::Nothing).into_value()
}

/// What became of a value that is put in by hand, and why if it is not known.
pub(crate) fn set<M: Keeps<V>, V: Value>(mut trip: Trip<'_>) -> (Option<Fate>, Option<BackendError>) {
    let end = trip.carry::<M, V>(Said::Nothing);
    trip.count(&end);
    (end.into_fate(), trip.fault)
}

/// The same as [`read`], for a task.
#[cfg(feature = "async")]
pub(crate) async fn read_async<M, V, E, F, L>(
    mut trip: Trip<'_>,
    rules: Rules<F>,
    loader: impl FnOnce() -> L,
) -> Result<V, E>
where
    M: Keeps<V>,
    V: Value,
    F: FnOnce(&V) -> Keep,
    L: Future<Output = Result<V, E>>,
{
    let tally = trip.tally;
    let said = match trip.glance() {
        None => Said::Nothing,
        Some((start, glance)) => {
            let answer = trip.remote.core.ask_async(&glance).await;
            match trip.glanced::<M, V>(start, answer) {
                ControlFlow::Break(value) => return Ok(value),
                ControlFlow::Continue(said) => said,
            }
        }
    };
    let beat = match trip.carry_async::<M, V>(said).await {
        Turn::Value(value) => return Ok(value),
        Turn::Compute(beat) => beat,
        Turn::Alone | Turn::Own(_) | Turn::Missing => {
            drop(trip);
            return drive::alone_async(tally, loader).await;
        }
    };
    let computing = tally.computing();
    let result = loading::load(&computing.span, Some(trip.caller.flight()), loader).await;
    computing.ended();
    let computed = trip.judge::<M, V, E, F>(&result, rules);
    drop(beat);
    let end = trip.carry_async::<M, V>(Said::Computed(computed)).await;
    trip.count(&end);
    result
}

/// The same as [`peek`], for a task.
#[cfg(feature = "async")]
pub(crate) async fn peek_async<M: Keeps<V>, V: Value>(mut trip: Trip<'_>) -> Option<V> {
    trip.carry_async::<M, V>(Said::Nothing).await.into_value()
}

/// The same as [`set`], for a task.
#[cfg(feature = "async")]
pub(crate) async fn set_async<M: Keeps<V>, V: Value>(
    mut trip: Trip<'_>,
) -> (Option<Fate>, Option<BackendError>) {
    let end = trip.carry_async::<M, V>(Said::Nothing).await;
    trip.count(&end);
    (end.into_fate(), trip.fault)
}

impl Trip<'_> {
    /// Goes on until the protocol needs more than the backend.
    fn carry<M: Keeps<V>, V: Value>(&mut self, mut said: Said) -> Turn<V> {
        let core = &self.remote.core;
        // A thread at its very end keeps nothing any more.
        let waker = UNPARKER.try_with(Waker::clone).unwrap_or_else(|_| flight::unparker());
        let turn = loop {
            said = match self.caller.go_on(said, &waker) {
                Step::Ask(command) => Said::Answer(core.ask(&command).map_err(|why| self.note(why))),
                Step::Tell(command) => {
                    drop(core.execute(&command));
                    Said::Nothing
                }
                Step::Post(command) => {
                    heart::send(Arc::clone(core), command);
                    Said::Nothing
                }
                Step::Wait(_) if self.waits_for_itself() => break Turn::Alone,
                Step::Wait(until) => {
                    self.count_wait();
                    match interrupt::park(self.caller.time.until(until)) {
                        Parked::LookAgain => Said::Nothing,
                        Parked::CalledAway => break Turn::Alone,
                    }
                }
                Step::Compute => break Turn::Compute(self.caller.beat()),
                Step::Done(outcome) => match self.end::<M, V>(outcome) {
                    ControlFlow::Break(turn) => break turn,
                    ControlFlow::Continue(undecodable) => undecodable,
                },
            }
        };
        if self.end_wait() {
            // One of the wake-ups may have been meant for whoever called: it looks once too often rather than once
            // too seldom.
            thread::current().unpark();
        }
        self.count_hit_or_miss(&turn);
        turn
    }

    /// The same as [`carry`](Self::carry), for a task.
    #[cfg(feature = "async")]
    async fn carry_async<M: Keeps<V>, V: Value>(&mut self, mut said: Said) -> Turn<V> {
        let core = &self.remote.core;
        let turn = loop {
            said = match self.go_on_async(said).await {
                Step::Ask(command) => {
                    Said::Answer(core.ask_async(&command).await.map_err(|why| self.note(why)))
                }
                Step::Tell(command) => {
                    Errand::new(core, command).run().await;
                    Said::Nothing
                }
                Step::Post(command) => {
                    heart::send(Arc::clone(core), command);
                    Said::Nothing
                }
                Step::Wait(_) => break Turn::Alone,
                Step::Compute => break Turn::Compute(self.caller.beat()),
                Step::Done(outcome) => match self.end::<M, V>(outcome) {
                    ControlFlow::Break(turn) => break turn,
                    ControlFlow::Continue(undecodable) => undecodable,
                },
            };
        };
        self.end_wait();
        self.count_hit_or_miss(&turn);
        turn
    }

    /// The next step that is not to wait, unless it is to wait for itself.
    #[cfg(feature = "async")]
    async fn go_on_async(&mut self, said: Said) -> Step<Handed> {
        let mut said = Some(said);
        let mut alarm = None;
        poll_fn(|context: &mut Context<'_>| {
            let said = said.take().unwrap_or(Said::Nothing);
            match self.caller.go_on(said, context.waker()) {
                Step::Wait(until) if !self.waits_for_itself() => {
                    self.count_wait();
                    let when = clock::instant() + self.caller.time.until(until);
                    alarm = Some(Alarm::set(when, context.waker().clone()));
                    Poll::Pending
                }
                step => Poll::Ready(step),
            }
        })
        .await
    }
}

thread_local! {
    /// Wakes this thread where it is parked.
    static UNPARKER: Waker = flight::unparker();
}
