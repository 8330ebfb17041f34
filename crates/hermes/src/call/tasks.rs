//! The twins of a call's verbs, for tasks: alike but for `.await`.
//! Leaves everything that does not wait to the call itself.

use std::{convert::Infallible, pin::pin};

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
    /// [`compute`](Self::compute), for a task.
    pub async fn compute_async<V, F, L>(self, rules: Rules<F>, loader: impl FnOnce() -> L) -> V
    where
        V: Value,
        F: FnOnce(&V) -> Keep,
        L: Future<Output = V>,
        M: Keeps<V>,
    {
        let loader = async || Ok::<V, Infallible>(loader().await);
        drive::certain(self.compute_try_async(rules, loader).await)
    }

    /// [`compute_try`](Self::compute_try), for a task.
    ///
    /// # Errors
    /// The loader's own.
    pub async fn compute_try_async<V, E, F, L>(
        self,
        rules: Rules<F>,
        loader: impl FnOnce() -> L,
    ) -> Result<V, E>
    where
        V: Value,
        F: FnOnce(&V) -> Keep,
        L: Future<Output = Result<V, E>>,
        M: Keeps<V>,
    {
        let (shared, span) = (self.shared(), self.span("read"));
        let tally = self.tally().within(&span);
        match span.run(|| self.way::<V>(tally, Verb::Read, rules.ttl)) {
            Way::InProcess(seek) => {
                tally.miss();
                span.around(pin!(drive::read_async(shared, tally, seek, rules, loader))).await
            }
            Way::Remote(trip) => {
                span.around(pin!(remote::drive::read_async::<M, V, E, F, L>(trip, rules, loader))).await
            }
            Way::Uncached => {
                tally.miss();
                span.around(pin!(drive::alone_async(tally, loader))).await
            }
        }
    }

    /// [`refresh`](Self::refresh), for a task.
    pub async fn refresh_async<V, F, L>(self, rules: Rules<F>, loader: impl FnOnce() -> L) -> V
    where
        V: Value,
        F: FnOnce(&V) -> Keep,
        L: Future<Output = V>,
        M: Keeps<V>,
    {
        let loader = async || Ok::<V, Infallible>(loader().await);
        drive::certain(self.refresh_try_async(rules, loader).await)
    }

    /// [`refresh_try`](Self::refresh_try), for a task.
    ///
    /// # Errors
    /// The loader's own.
    pub async fn refresh_try_async<V, E, F, L>(
        self,
        rules: Rules<F>,
        loader: impl FnOnce() -> L,
    ) -> Result<V, E>
    where
        V: Value,
        F: FnOnce(&V) -> Keep,
        L: Future<Output = Result<V, E>>,
        M: Keeps<V>,
    {
        let (shared, span) = (self.shared(), self.span("refresh"));
        let tally = self.tally().within(&span);
        match span.run(|| self.way::<V>(tally, Verb::Refresh, rules.ttl)) {
            Way::InProcess(seek) => {
                span.around(pin!(drive::lead_on_async(shared, tally, seek.lead(), rules, loader))).await
            }
            Way::Remote(trip) => {
                span.around(pin!(remote::drive::read_async::<M, V, E, F, L>(trip, rules, loader))).await
            }
            Way::Uncached => span.around(pin!(drive::alone_async(tally, loader))).await,
        }
    }

    /// [`peek`](Self::peek), for a task.
    pub async fn peek_async<V: Value>(mut self) -> Option<V>
    where
        M: Keeps<V>,
    {
        match &self.shared().engine {
            Engine::Remote(remote) => remote::drive::peek_async::<M, V>(self.peeking(remote)?).await,
            Engine::Memory(_) | Engine::Noop => self.look(),
        }
    }

    /// [`set`](Self::set), for a task.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub async fn set_async<V: Value, F: FnOnce(&V) -> Keep>(
        mut self,
        rules: Rules<F>,
        value: &V,
    ) -> Result<(), Error>
    where
        M: Keeps<V>,
    {
        match &self.shared().engine {
            Engine::Remote(remote) => {
                self.check("setting")?;
                let trip = self.trip_to_set(remote, rules, value)?;
                let end = remote::drive::set_async::<M, V>(trip).await;
                self.confirmed(end)
            }
            Engine::Memory(_) | Engine::Noop => self.set(rules, value),
        }
    }

    /// [`invalidate`](Self::invalidate), for a task.
    ///
    /// # Errors
    /// As for [`invalidate`](Self::invalidate).
    pub async fn invalidate_async(self) -> Result<(), Error> {
        self.check("invalidating")?;
        self.shared().engine.invalidate_async(Scope::Entry(self.site, &self.arguments)).await
    }

    /// [`clear`](Self::clear), for a task.
    ///
    /// # Errors
    /// As for [`clear`](Self::clear).
    #[doc(hidden)]
    pub async fn clear_async(cache: &Cache<M>, site: &'static Site) -> Result<(), Error> {
        cache.shared().engine.invalidate_async(Scope::Function(site)).await
    }
}
