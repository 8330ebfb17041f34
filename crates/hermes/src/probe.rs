//! The short way to a hit in process: a key of a few numbers, looked up without leaving the registers.
//! Leaves everything else, a miss included, to `call`.

use hermescache_protocol::{ShortArgument, ShortArguments};

use crate::{
    cache::Cache,
    memory::key::ShortLookup,
    site::Site,
    value::{Keeps, Mode, Value},
};

/// A call whose arguments are numbers, and whose key decides its tags. It has nothing to drop and nothing to point to,
/// and so costs a third less than a [`Call`](crate::call::Call).
#[derive(Debug)]
pub struct Probe<'c, M: Mode> {
    cache: &'c Cache<M>,
    site: &'static Site,
    arguments: ShortArguments,
}

impl<'c, M: Mode> Probe<'c, M> {
    /// A call without arguments so far.
    #[inline(always)]
    pub fn new(cache: &'c Cache<M>, site: &'static Site) -> Self {
        Self { cache, site, arguments: ShortArguments::new() }
    }

    /// Makes an argument part of the key.
    #[inline(always)]
    pub fn arg<T: ShortArgument>(&mut self, argument: T) {
        self.arguments.push(argument);
    }

    /// The value, if it is at hand in this process.
    #[inline(always)]
    pub fn hit<V: Value>(&self) -> Option<V>
    where
        M: Keeps<V>,
    {
        let shared = self.cache.shared();
        let memory = shared.memory()?;
        let site = self.site.id();
        let lookup = ShortLookup::new(site, &self.arguments, memory.seed(site));
        let value = memory.hit(&lookup, None, &shared.clock)?;
        shared.counters.of(self.site).hit();
        Some(value)
    }
}
