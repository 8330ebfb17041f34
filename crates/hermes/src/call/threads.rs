//! The verbs of a call, for threads.
//! Leaves everything that does not wait to the call itself.

use std::convert::Infallible;

use hermescache_protocol::Verb;

use super::{Call, Way};
use crate::{
    cache::Cache,
    drive,
    engine::Engine,
    error::Error,
    remote,
    rules::{Keep, Rules},
    scope::Scope,
    site::Site,
    value::{Keeps, Mode, Value},
};

impl<'c, M: Mode> Call<'c, M> {
    /// The value from the cache or from another's computation, or the loader's, which is then stored.
    ///
    /// The loader runs in this thread, without a lock. Give it nothing to wait for that may wait for this call.
    pub fn compute<V: Value, F: FnOnce(&V) -> Keep>(self, rules: Rules<F>, loader: impl FnOnce() -> V) -> V
    where
        M: Keeps<V>,
    {
        drive::certain(self.compute_try(rules, || Ok::<V, Infallible>(loader())))
    }

    /// The value from the cache or from another's computation, or the loader's result; only an `Ok` is stored.
    ///
    /// # Errors
    /// The loader's own.
    pub fn compute_try<V: Value, E, F: FnOnce(&V) -> Keep>(
        self,
        rules: Rules<F>,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E>
    where
        M: Keeps<V>,
    {
        let (shared, span) = (self.shared(), self.span("read"));
        let tally = self.tally().within(&span);
        span.run(|| match self.way::<V>(tally, Verb::Read, rules.ttl) {
            Way::InProcess(seek) => {
                tally.miss();
                drive::read(shared, tally, seek, rules, loader)
            }
            Way::Remote(trip) => remote::drive::read::<M, V, E, F>(trip, rules, loader),
            Way::Uncached => {
                tally.miss();
                drive::alone(tally, loader)
            }
        })
    }

    /// The loader's value, which replaces what is in the cache. A computation under way loses its right to be stored.
    pub fn refresh<V: Value, F: FnOnce(&V) -> Keep>(self, rules: Rules<F>, loader: impl FnOnce() -> V) -> V
    where
        M: Keeps<V>,
    {
        drive::certain(self.refresh_try(rules, || Ok::<V, Infallible>(loader())))
    }

    /// The loader's result; a value replaces what is in the cache.
    ///
    /// # Errors
    /// The loader's own.
    pub fn refresh_try<V: Value, E, F: FnOnce(&V) -> Keep>(
        self,
        rules: Rules<F>,
        loader: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E>
    where
        M: Keeps<V>,
    {
        let (shared, span) = (self.shared(), self.span("refresh"));
        let tally = self.tally().within(&span);
        span.run(|| match self.way::<V>(tally, Verb::Refresh, rules.ttl) {
            Way::InProcess(seek) => drive::lead_on(shared, tally, seek.lead(), rules, loader),
            Way::Remote(trip) => remote::drive::read::<M, V, E, F>(trip, rules, loader),
            Way::Uncached => drive::alone(tally, loader),
        })
    }

    /// The value in the cache, if there is one. Never computes, and counts as neither hit nor miss.
    #[must_use]
    pub fn peek<V: Value>(mut self) -> Option<V>
    where
        M: Keeps<V>,
    {
        match &self.shared().engine {
            Engine::Remote(remote) => remote::drive::peek::<M, V>(self.peeking(remote)?),
            Engine::Memory(_) | Engine::Noop => self.look(),
        }
    }

    /// Puts a value in by hand. It counts as computed now.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) if an argument or the value failed to serialize, or the value is too
    /// large, [`ErrorKind::Config`](crate::ErrorKind::Config) if another function has the same point,
    /// [`ErrorKind::Backend`](crate::ErrorKind::Backend) or [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if a server did not
    /// confirm; it may have happened.
    pub fn set<V: Value, F: FnOnce(&V) -> Keep>(mut self, rules: Rules<F>, value: &V) -> Result<(), Error>
    where
        M: Keeps<V>,
    {
        self.check("setting")?;
        let shared = self.shared();
        match &shared.engine {
            Engine::Memory(memory) => {
                // It leads while the value's own code runs: an invalidation that lands meanwhile must win.
                let lead = self.seek::<V>(memory)?.lead();
                let _mark = lead.mark();
                let keep = (rules.keep)(value);
                shared.store(self.tally(), lead, value, keep.ttl.or(rules.ttl), keep);
                Ok(())
            }
            Engine::Remote(remote) => {
                let trip = self.trip_to_set(remote, rules, value)?;
                self.confirmed(remote::drive::set::<M, V>(trip))
            }
            Engine::Noop => Ok(()),
        }
    }

    /// Takes the entry out, whatever its tags, and fences the computation of it that may be under way.
    ///
    /// # Errors
    /// As for [`set`](Self::set), but for what is wrong with a value.
    pub fn invalidate(self) -> Result<(), Error> {
        self.check("invalidating")?;
        self.shared().engine.invalidate(Scope::Entry(self.site, &self.arguments))
    }

    /// Makes every entry of a function a miss.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if another function has the same point,
    /// [`ErrorKind::Backend`](crate::ErrorKind::Backend) or [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if a server did not
    /// confirm; it may have happened.
    #[doc(hidden)]
    pub fn clear(cache: &'c Cache<M>, site: &'static Site) -> Result<(), Error> {
        cache.shared().engine.invalidate(Scope::Function(site))
    }
}
