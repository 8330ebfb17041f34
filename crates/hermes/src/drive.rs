//! Carries a call from a miss to a value: the blocking and the async loop, alike but for `.await`.
//! Decides nothing; `memory::seek` does.

use std::convert::Infallible;

#[cfg(feature = "async")]
use crate::loading;
use crate::{
    cache::Shared,
    flight::Landing,
    memory::seek::{Lead, Seek, Turn},
    observe::{Ending, Tally},
    rules::{Keep, Rules},
    value::Value,
};

/// Unwraps a result that cannot be an error.
pub(crate) fn certain<V>(result: Result<V, Infallible>) -> V {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

/// Blocks until there is a value: another's, or the loader's.
pub(crate) fn read<V: Value, E, F: FnOnce(&V) -> Keep>(
    shared: &Shared,
    tally: Tally<'_>,
    mut seek: Seek<'_>,
    rules: Rules<F>,
    loader: impl FnOnce() -> Result<V, E>,
) -> Result<V, E> {
    loop {
        let found = match seek.turn(shared.clock.now()) {
            Turn::Hit(payload) => payload,
            Turn::Lead(lead) => return lead_on(shared, tally, lead, rules, loader),
            Turn::Alone => return alone(tally, loader),
            Turn::Join(flight) => {
                let landing = {
                    let _waiting = tally.waiting();
                    flight.wait()
                };
                if matches!(landing, Landing::Interrupted) {
                    return alone(tally, loader);
                }
                let Some(payload) = seek.joined(&flight, landing) else { continue };
                payload
            }
        };
        match found.get() {
            Some(value) => {
                tally.ends(Ending::Shared);
                return Ok(value);
            }
            // The leader computed another type, which only entries named by hand can have.
            None => return alone(tally, loader),
        }
    }
}

/// Blocks while the loader runs, and hands its value over.
pub(crate) fn lead_on<V: Value, E, F: FnOnce(&V) -> Keep>(
    shared: &Shared,
    tally: Tally<'_>,
    lead: Lead<'_>,
    rules: Rules<F>,
    loader: impl FnOnce() -> Result<V, E>,
) -> Result<V, E> {
    let computing = tally.computing();
    let result = computing.span.run(|| {
        let _mark = lead.mark();
        loader()
    });
    computing.ended();
    hand_over(shared, tally, lead, rules, result)
}

pub(crate) fn alone<V, E>(tally: Tally<'_>, loader: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
    let computing = tally.computing();
    let result = computing.span.run(loader);
    computing.ended();
    tally.ends(ending_alone(&result));
    result
}

/// The same as [`read`], for a task.
#[cfg(feature = "async")]
pub(crate) async fn read_async<V, E, F, L>(
    shared: &Shared,
    tally: Tally<'_>,
    mut seek: Seek<'_>,
    rules: Rules<F>,
    loader: impl FnOnce() -> L,
) -> Result<V, E>
where
    V: Value,
    F: FnOnce(&V) -> Keep,
    L: Future<Output = Result<V, E>>,
{
    loop {
        let found = match seek.turn(shared.clock.now()) {
            Turn::Hit(payload) => payload,
            Turn::Lead(lead) => return lead_on_async(shared, tally, lead, rules, loader).await,
            Turn::Alone => return alone_async(tally, loader).await,
            Turn::Join(flight) => {
                let landing = {
                    let _waiting = tally.waiting();
                    flight.wait_async().await
                };
                let Some(payload) = seek.joined(&flight, landing) else { continue };
                payload
            }
        };
        match found.get() {
            Some(value) => {
                tally.ends(Ending::Shared);
                return Ok(value);
            }
            None => return alone_async(tally, loader).await,
        }
    }
}

/// The same as [`lead_on`], for a task.
#[cfg(feature = "async")]
pub(crate) async fn lead_on_async<V, E, F, L>(
    shared: &Shared,
    tally: Tally<'_>,
    lead: Lead<'_>,
    rules: Rules<F>,
    loader: impl FnOnce() -> L,
) -> Result<V, E>
where
    V: Value,
    F: FnOnce(&V) -> Keep,
    L: Future<Output = Result<V, E>>,
{
    let computing = tally.computing();
    let result = loading::load(&computing.span, Some(lead.flight()), loader).await;
    computing.ended();
    hand_over(shared, tally, lead, rules, result)
}

#[cfg(feature = "async")]
pub(crate) async fn alone_async<V, E, L: Future<Output = Result<V, E>>>(
    tally: Tally<'_>,
    loader: impl FnOnce() -> L,
) -> Result<V, E> {
    let computing = tally.computing();
    let result = loading::load(&computing.span, None, loader).await;
    computing.ended();
    tally.ends(ending_alone(&result));
    result
}

fn ending_alone<V, E>(result: &Result<V, E>) -> Ending {
    if result.is_ok() { Ending::NotStored } else { Ending::Failed }
}

fn hand_over<V: Value, E, F: FnOnce(&V) -> Keep>(
    shared: &Shared,
    tally: Tally<'_>,
    lead: Lead<'_>,
    rules: Rules<F>,
    result: Result<V, E>,
) -> Result<V, E> {
    let value = match result {
        Ok(value) => value,
        Err(error) => {
            lead.fail();
            tally.ends(Ending::Failed);
            return Err(error);
        }
    };
    // The rules and the value's `Clone` are the user's code as much as the loader is.
    let _mark = lead.mark();
    let keep = (rules.keep)(&value);
    shared.store(tally, lead, &value, keep.ttl.or(rules.ttl), keep);
    Ok(value)
}
