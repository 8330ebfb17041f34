//! One call on its way to a value: what the protocol's outcomes give it, and what of it is counted.
//! Sends nothing and waits for nothing; `drive` does.

use std::{ops::ControlFlow, sync::Arc};

use hermescache_protocol::{
    CodecId, Command, Computed, Fate, Fault, Key, Outcome, Payload, Plan, Reply, Start, Ttl,
    Value as PackedValue, Verb,
};

use super::{
    Remote,
    caller::{Caller, Said},
    handed::Handed,
    heart::Beat,
    timeline::Timeline,
    within_bounds,
};
use crate::{
    backend::BackendError,
    cache::Shared,
    codec::UnpackError,
    leading::{self, Mark},
    observe::{Ending, Tally, Waiting},
    rules::{Keep, Rules},
    value::{Keeps, Value},
};

/// One call on its way.
pub(crate) struct Trip<'c> {
    pub(super) tally: Tally<'c>,
    pub(super) remote: &'c Remote,
    pub(super) caller: Caller<'c>,
    ttl: Ttl,
    /// Whether it counts as a hit or a miss.
    counts: Counts,
    /// Boxed, since few calls wait.
    waiting: Option<Box<Waiting<'c>>>,
    /// The size of the value that it may come to store.
    stores_bytes: usize,
    /// Why the backend had no answer the last time.
    pub(super) fault: Option<BackendError>,
}

/// What a call still has to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    HitOrMiss,
    Nothing,
}

/// Where the protocol needs more than the backend.
pub(super) enum Turn<V> {
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
    pub(super) fn into_value(self) -> Option<V> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn into_fate(self) -> Option<Fate> {
        match self {
            Self::Own(fate) => Some(fate),
            _ => None,
        }
    }
}

impl<'c> Trip<'c> {
    pub(crate) fn begin(
        shared: &'c Shared,
        tally: Tally<'c>,
        remote: &'c Remote,
        plan: Plan,
        verb: Verb,
    ) -> Self {
        let counts = if verb == Verb::Read { Counts::HitOrMiss } else { Counts::Nothing };
        let stores_bytes = if let Verb::Set(value) = &verb { value.payload.len() } else { 0 };
        let ttl = plan.policy.ttl;
        let caller = Caller::new(&remote.core, plan, verb, Timeline::begin(&shared.clock));
        Self { tally, remote, caller, ttl, counts, waiting: None, stores_bytes, fault: None }
    }

    /// What to ask before the call takes part in anything, if it may.
    pub(super) fn glance(&self) -> Option<(Start, Command)> {
        let start = self.caller.glance()?;
        Some((start, self.caller.plan.glance()))
    }

    /// What the answer gives; if it is no value, what to begin with.
    pub(super) fn glanced<M: Keeps<V>, V: Value>(
        &mut self,
        start: Start,
        answer: Result<Reply, BackendError>,
    ) -> ControlFlow<V, Said> {
        let answer = answer.map_err(|why| self.note(why));
        let entry = self.caller.plan.glanced(&answer, self.caller.time.now());
        // What cannot be decoded is met again, and counted, on the way that this answer begins.
        let decoded = entry.and_then(|entry| {
            let value = self.decoded::<M, V>(entry.codec, &entry.payload).ok()?;
            self.tally.read(entry.payload.len());
            Some(value)
        });
        match decoded {
            Some(value) => {
                self.tally.hit();
                self.tally.ends(Ending::Hit);
                ControlFlow::Break(value)
            }
            None => ControlFlow::Continue(Said::Glanced(start, answer)),
        }
    }

    /// What an outcome gives; if it is bytes that cannot be decoded, what to tell the protocol.
    pub(super) fn end<M: Keeps<V>, V: Value>(&self, outcome: Outcome<Handed>) -> ControlFlow<Turn<V>, Said> {
        match outcome {
            Outcome::Hit(entry) => {
                self.tally.read(entry.payload.len());
                match self.unpack::<M, V>(entry.codec, &entry.payload) {
                    Some(value) => ControlFlow::Break(Turn::Value(value)),
                    None => ControlFlow::Continue(Said::Undecodable(entry)),
                }
            }
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

    fn key(&self) -> &Key {
        &self.caller.plan.target.key
    }

    fn unpack<M: Keeps<V>, V: Value>(&self, codec: CodecId, payload: &Payload) -> Option<V> {
        self.decoded::<M, V>(codec, payload)
            .inspect_err(|_| self.tally.error("an entry cannot be decoded"))
            .ok()
    }

    fn decoded<M: Keeps<V>, V: Value>(&self, codec: CodecId, payload: &Payload) -> Result<V, UnpackError> {
        M::unpack(&self.remote.packers, self.key(), codec, payload)
    }

    /// What the protocol learns of a loader's result.
    pub(super) fn judge<M: Keeps<V>, V: Value, E, F: FnOnce(&V) -> Keep>(
        &mut self,
        result: &Result<V, E>,
        rules: Rules<F>,
    ) -> Computed<Handed> {
        let Ok(value) = result else { return Computed::Failed };
        // The rules and the value's `Serialize` are the user's code as much as the loader is.
        let _mark = self.mark();
        let keep = (rules.keep)(value);
        let ttl = keep.ttl.or(rules.ttl);
        if keep.keep && !ttl.is_some_and(|ttl| ttl.is_zero()) {
            match M::pack(&self.remote.packers, self.key(), value) {
                Ok((codec, bytes)) => {
                    let payload = Payload::from(bytes);
                    self.stores_bytes = payload.len();
                    let ttl = ttl.map_or(self.ttl, within_bounds);
                    let shared = Handed::Packed(codec, payload.clone());
                    return Computed::Storable { shared, value: PackedValue { codec, payload, ttl } };
                }
                Err(_) => {
                    self.tally.error("a value cannot be stored: it is too large, or does not serialize")
                }
            }
        }
        Computed::Unstorable(Handed::Live(Arc::new(value.clone())))
    }

    pub(super) fn mark(&self) -> Mark {
        Mark::set(self.caller.flight())
    }

    /// Whether this thread computes what it would wait for: to wait for that would be to wait for ever.
    pub(super) fn waits_for_itself(&self) -> bool {
        leading::is_leading(self.caller.flight())
    }

    pub(super) fn note(&mut self, why: BackendError) -> Fault {
        let fault = why.fault();
        self.fault = Some(why);
        fault
    }

    pub(super) fn count_wait(&mut self) {
        if self.waiting.is_none() {
            self.waiting = Some(Box::new(self.tally.waiting()));
        }
        self.count_miss();
    }

    /// The call waits no more. Whether it had.
    pub(super) fn end_wait(&mut self) -> bool {
        self.waiting.take().is_some()
    }

    fn count_miss(&mut self) {
        if self.counts == Counts::HitOrMiss {
            self.counts = Counts::Nothing;
            self.tally.miss();
        }
    }

    pub(super) fn count_hit_or_miss<V>(&mut self, turn: &Turn<V>) {
        match turn {
            Turn::Value(_) if self.counts == Counts::HitOrMiss => {
                self.tally.hit();
                self.tally.ends(Ending::Hit);
            }
            Turn::Value(_) => {
                self.count_miss();
                self.tally.ends(Ending::Shared);
            }
            _ => self.count_miss(),
        }
    }

    pub(super) fn count<V>(&self, end: &Turn<V>) {
        let ending = match end {
            Turn::Own(Fate::Stored) => {
                self.tally.stored(self.stores_bytes);
                Ending::Stored
            }
            Turn::Own(Fate::Fenced) => {
                self.tally.fenced_commit();
                Ending::Fenced
            }
            Turn::Own(Fate::Refused) => {
                self.tally.error("the server refused to store a value");
                Ending::Refused
            }
            Turn::Own(Fate::Unstorable) => Ending::NotKept,
            Turn::Own(Fate::Failed) => Ending::Failed,
            _ => Ending::NotStored,
        };
        self.tally.ends(ending);
    }
}
