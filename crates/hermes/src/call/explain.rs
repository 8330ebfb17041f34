//! Finds out what a call would get, without a trace: it never computes, takes no lease and moves no count of hits or misses.
//! Leaves to the protocol, and to `memory`, why that is.

use super::Call;
use crate::{
    engine::Engine,
    error::Error,
    explain::Explanation,
    remote::Look,
    value::{Keeps, Mode, Value},
};

/// What is to be asked, if anything.
enum Way<'c> {
    Remote(Look<'c>),
    Known(Explanation),
}

impl<M: Mode> Call<'_, M> {
    /// What the call would get from the cache now, and why. One trip to a server; never computes.
    #[must_use]
    pub fn explain<V: Value>(self) -> Explanation
    where
        M: Keeps<V>,
    {
        match self.way_to_explain::<V>() {
            Way::Known(explanation) => explanation,
            Way::Remote(look) => look.explain::<M, V>(look.ask()),
        }
    }

    /// [`explain`](Self::explain), for a task.
    #[cfg(feature = "async")]
    pub async fn explain_async<V: Value>(self) -> Explanation
    where
        M: Keeps<V>,
    {
        match self.way_to_explain::<V>() {
            Way::Known(explanation) => explanation,
            Way::Remote(look) => look.explain::<M, V>(look.ask_async().await),
        }
    }
}

impl<'c, M: Mode> Call<'c, M> {
    fn way_to_explain<V: Value>(mut self) -> Way<'c>
    where
        M: Keeps<V>,
    {
        if let Err(error) = self.check("explaining") {
            return Way::Known(Explanation::Uncached(error));
        }
        let shared = self.shared();
        let found = match &shared.engine {
            Engine::Memory(memory) => {
                let tags = self.tags.texts().unwrap_or_default();
                memory.explain::<V>(self.site, &self.arguments, tags, shared.clock.now()).map(Way::Known)
            }
            Engine::Remote(remote) => {
                self.plan(remote, None).map(|plan| Way::Remote(Look::new(remote, plan, &shared.clock)))
            }
            Engine::Noop => {
                let why = Error::config(self.doing("explaining"), "noop:// keeps nothing");
                Ok(Way::Known(Explanation::Uncached(why)))
            }
        };
        found.unwrap_or_else(|shared_point| Way::Known(Explanation::Uncached(shared_point.into())))
    }
}
