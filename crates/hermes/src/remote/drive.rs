//! Carries a call between the protocol, a backend and the loader: the blocking and the async loop, alike but for `.await`.
//! Decides nothing but whose value it is that the protocol's outcome names.

#[cfg(feature = "async")]
use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
};
use std::{mem, ops::ControlFlow, sync::Arc, task::Waker, thread};

use hermescache_protocol::{
    CodecId, Command, Computed, Fate, Fault, Outcome, Payload, Plan, Reply, Start, Step, Ttl,
    Value as PackedValue, Verb,
};

#[cfg(feature = "async")]
use super::heart::Errand;
use super::{
    Remote,
    caller::{Caller, Said},
    handed::Handed,
    heart::Beat,
    timeline::Timeline,
    within_bounds,
};
#[cfg(feature = "async")]
use crate::{alarm::Alarm, clock};
use crate::{
    backend::BackendError,
    cache::Shared,
    drive, flight,
    leading::{self, Mark},
    rules::{Keep, Rules},
    value::{Keeps, Value},
};

/// The value in the backend, or another's, or the loader's.
pub(crate) fn read<M: Keeps<V>, V: Value, E, F: FnOnce(&V) -> Keep>(
    mut trip: Trip<'_>,
    rules: Rules<F>,
    loader: impl FnOnce() -> Result<V, E>,
) -> Result<V, E> {
    let shared = trip.shared;
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
            return drive::alone(shared, loader);
        }
    };
    let result = {
        let _mark = trip.mark();
        loader()
    };
    shared.counters.computation();
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

/// The same as [`read`], for a task: the mark is set while the loader is polled, and only then.
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
    let shared = trip.shared;
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
            return drive::alone_async(shared, loader()).await;
        }
    };
    let result = {
        let mut loader = pin!(async { loader().await });
        poll_fn(|context| {
            let _mark = trip.mark();
            loader.as_mut().poll(context)
        })
        .await
    };
    shared.counters.computation();
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

/// One call on its way.
pub(crate) struct Trip<'c> {
    shared: &'c Shared,
    remote: &'c Remote,
    caller: Caller<'c>,
    ttl: Ttl,
    /// Whether it counts as a hit or a miss.
    counts: Counts,
    has_waited: bool,
    /// Why the backend had no answer the last time.
    fault: Option<BackendError>,
}

/// What a call still has to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    HitOrMiss,
    Nothing,
}

/// Where the protocol needs more than the backend.
enum Turn<V> {
    /// To run the loader, while the lease is kept alive.
    Compute(Option<Beat>),
    /// To run the loader, and tell nobody.
    Alone,
    /// The call ends with this value.
    Value(V),
    /// The call ends with what it had itself.
    Own(Fate),
    /// The call ends without a value.
    Missing,
}

impl<V> Turn<V> {
    fn into_value(self) -> Option<V> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    fn into_fate(self) -> Option<Fate> {
        match self {
            Self::Own(fate) => Some(fate),
            _ => None,
        }
    }
}

impl<'c> Trip<'c> {
    pub(crate) fn begin(shared: &'c Shared, remote: &'c Remote, plan: Plan, verb: Verb) -> Self {
        let counts = if verb == Verb::Read { Counts::HitOrMiss } else { Counts::Nothing };
        let ttl = plan.policy.ttl;
        let caller = Caller::new(&remote.core, plan, verb, Timeline::begin(&shared.clock));
        Self { shared, remote, caller, ttl, counts, has_waited: false, fault: None }
    }

    /// What to ask before the call takes part in anything, if it may.
    fn glance(&self) -> Option<(Start, Command)> {
        let start = self.caller.glance()?;
        Some((start, self.caller.plan.glance()))
    }

    /// What the answer gives; if it is no value, what to begin with.
    fn glanced<M: Keeps<V>, V: Value>(
        &mut self,
        start: Start,
        answer: Result<Reply, BackendError>,
    ) -> ControlFlow<V, Said> {
        let answer = answer.map_err(|why| self.note(why));
        let entry = self.caller.plan.glanced(&answer, self.caller.time.now());
        match entry.and_then(|entry| self.unpack::<M, V>(entry.codec, &entry.payload)) {
            Some(value) => {
                self.shared.counters.hit();
                ControlFlow::Break(value)
            }
            None => ControlFlow::Continue(Said::Glanced(start, answer)),
        }
    }

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
                Step::Wait(_) if self.waits_for_itself() => break Turn::Alone,
                Step::Wait(until) => {
                    self.count_wait();
                    thread::park_timeout(self.caller.time.until(until));
                    Said::Nothing
                }
                Step::Compute => break Turn::Compute(self.caller.beat()),
                Step::Done(outcome) => match self.end::<M, V>(outcome) {
                    ControlFlow::Break(turn) => break turn,
                    ControlFlow::Continue(undecodable) => undecodable,
                },
            }
        };
        if self.has_waited {
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
                Step::Wait(_) => break Turn::Alone,
                Step::Compute => break Turn::Compute(self.caller.beat()),
                Step::Done(outcome) => match self.end::<M, V>(outcome) {
                    ControlFlow::Break(turn) => break turn,
                    ControlFlow::Continue(undecodable) => undecodable,
                },
            };
        };
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

    /// What an outcome gives; if it is bytes that cannot be decoded, what to tell the protocol.
    fn end<M: Keeps<V>, V: Value>(&self, outcome: Outcome<Handed>) -> ControlFlow<Turn<V>, Said> {
        match outcome {
            Outcome::Hit(entry) => match self.unpack::<M, V>(entry.codec, &entry.payload) {
                Some(value) => ControlFlow::Break(Turn::Value(value)),
                None => ControlFlow::Continue(Said::Undecodable(entry)),
            },
            // What cannot be used is of another type, which only entries named by hand can be.
            Outcome::Shared(handed) => {
                ControlFlow::Break(self.take::<M, V>(&handed).map_or(Turn::Alone, Turn::Value))
            }
            Outcome::Own(fate) => ControlFlow::Break(Turn::Own(fate)),
            _ => ControlFlow::Break(Turn::Missing),
        }
    }

    fn take<M: Keeps<V>, V: Value>(&self, handed: &Handed) -> Option<V> {
        match handed {
            Handed::Packed(codec, payload) => self.unpack::<M, V>(*codec, payload),
            Handed::Live(value) => value.downcast_ref().cloned(),
        }
    }

    fn unpack<M: Keeps<V>, V: Value>(&self, codec: CodecId, payload: &Payload) -> Option<V> {
        let unpacked = M::unpack(&self.remote.packing, codec, payload);
        unpacked.inspect_err(|_| self.shared.counters.error()).ok()
    }

    /// What the protocol learns of a loader's result.
    fn judge<M: Keeps<V>, V: Value, E, F: FnOnce(&V) -> Keep>(
        &self,
        result: &Result<V, E>,
        rules: Rules<F>,
    ) -> Computed<Handed> {
        let Ok(value) = result else { return Computed::Failed };
        // The rules and the value's `Serialize` are the user's code as much as the loader is.
        let _mark = self.mark();
        let keep = (rules.keep)(value);
        let ttl = keep.ttl.or(rules.ttl);
        if keep.keep && !ttl.is_some_and(|ttl| ttl.is_zero()) {
            match M::pack(&self.remote.packing, value) {
                Ok((codec, bytes)) => {
                    let payload = Payload::from(bytes);
                    let ttl = ttl.map_or(self.ttl, within_bounds);
                    let shared = Handed::Packed(codec, payload.clone());
                    return Computed::Storable { shared, value: PackedValue { codec, payload, ttl } };
                }
                Err(_) => self.shared.counters.error(),
            }
        }
        Computed::Unstorable(Handed::Live(Arc::new(value.clone())))
    }

    fn mark(&self) -> Mark {
        Mark::set(self.caller.flight())
    }

    /// Whether this thread computes what it would wait for: to wait for that would be to wait for ever.
    fn waits_for_itself(&self) -> bool {
        leading::is_leading(self.caller.flight())
    }

    fn note(&mut self, why: BackendError) -> Fault {
        let fault = why.fault();
        self.fault = Some(why);
        fault
    }

    fn count_wait(&mut self) {
        if !mem::replace(&mut self.has_waited, true) {
            self.shared.counters.wait();
        }
        self.count_miss();
    }

    fn count_miss(&mut self) {
        if self.counts == Counts::HitOrMiss {
            self.counts = Counts::Nothing;
            self.shared.counters.miss();
        }
    }

    fn count_hit_or_miss<V>(&mut self, turn: &Turn<V>) {
        match turn {
            Turn::Value(_) if self.counts == Counts::HitOrMiss => self.shared.counters.hit(),
            _ => self.count_miss(),
        }
    }

    fn count<V>(&self, end: &Turn<V>) {
        match end {
            Turn::Own(Fate::Fenced) => self.shared.counters.fenced_commit(),
            Turn::Own(Fate::Refused) => self.shared.counters.error(),
            _ => {}
        }
    }
}

thread_local! {
    /// Wakes this thread where it is parked.
    static UNPARKER: Waker = flight::unparker();
}
