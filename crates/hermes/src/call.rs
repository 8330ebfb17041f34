//! One call of a cached function: its key, its tags, and what to do with them.
//! Leaves the way from a miss to a value to `drive`.

use std::{convert::Infallible, fmt, sync::Arc};

use hermescache_protocol::{Arguments, EncodeError, Key};
use serde::{Serialize, ser::Error as _};

use crate::{
    cache::Cache,
    drive,
    error::Error,
    memory::{Memory, key::Lookup, points::PointState, seek::Seek},
    rules::{Keep, Rules},
    site::Site,
    value::{Keeps, Mode, Value},
};

/// One call, on its way from its arguments to a value.
pub struct Call<'c, M: Mode> {
    cache: &'c Cache<M>,
    site: &'static Site,
    arguments: Arguments,
    broken: Option<EncodeError>,
    /// Sorted, each once; none until they are given.
    tags: Option<Vec<Box<str>>>,
}

impl<'c, M: Mode> Call<'c, M> {
    /// A call without arguments or tags so far.
    #[inline]
    pub fn new(cache: &'c Cache<M>, site: &'static Site) -> Self {
        let seed = cache.shared().memory().map_or(0, |memory| memory.seed(site.id()));
        Self { cache, site, arguments: Arguments::seeded(seed), broken: None, tags: None }
    }

    /// Makes an argument part of the key. One that fails to serialize makes the call run uncached.
    #[inline]
    pub fn arg<T: Serialize + ?Sized>(&mut self, argument: &T) {
        if let Err(error) = self.arguments.push(argument) {
            self.broken = Some(error);
        }
    }

    /// Makes a type parameter part of the key. All closures of one function have one name, so that a call with the type
    /// of one runs uncached.
    pub fn type_name<T: ?Sized>(&mut self) {
        let name = std::any::type_name::<T>();
        self.arguments.push_type(name);
        if name.contains("{{closure}}") {
            self.broken = Some(EncodeError::custom(
                "the type of a closure has no name of its own; give the function a `key`",
            ));
        }
    }

    /// Makes the type of an argument part of the key.
    pub fn type_name_of<T: ?Sized>(&mut self, _argument: &T) {
        self.type_name::<T>();
    }

    /// Makes a literal part of a `key` template part of the key.
    pub fn literal(&mut self, text: &str) {
        self.arguments.push_literal(text);
    }

    /// Makes a value in a `key` template part of the key.
    pub fn display(&mut self, value: fmt::Arguments<'_>) {
        if let Err(error) = self.arguments.push_display(value) {
            self.broken = Some(error);
        }
    }

    /// The text of a tag. One that fails to format makes the call run uncached.
    pub fn text(&mut self, tag: fmt::Arguments<'_>) -> String {
        let mut text = String::new();
        if fmt::Write::write_fmt(&mut text, tag).is_err() {
            self.broken = Some(EncodeError::custom("a tag's `Display` failed"));
        }
        text
    }

    /// Gives the call all its tags.
    pub fn tags<I: IntoIterator<Item: AsRef<str>>>(&mut self, tags: I) {
        let mut tags: Vec<Box<str>> = tags.into_iter().map(|tag| Box::from(tag.as_ref())).collect();
        tags.sort_unstable();
        tags.dedup();
        self.tags = Some(tags);
    }

    /// The value, if it is at hand in this process. Tags are compared only if they were given before.
    #[inline]
    pub fn hit<V: Value>(&self) -> Option<V>
    where
        M: Keeps<V>,
    {
        let value = self.look();
        if value.is_some() {
            self.cache.shared().counters.hit();
        }
        value
    }

    #[inline]
    fn look<V: Value>(&self) -> Option<V> {
        let shared = self.cache.shared();
        let memory = shared.memory()?;
        if self.broken.is_some() {
            return None;
        }
        memory.hit(&self.lookup(), self.tags.as_deref(), &shared.clock)
    }

    /// The value from another, or from the loader.
    pub fn compute<V: Value, F: FnOnce(&V) -> Keep>(self, rules: Rules<F>, loader: impl FnOnce() -> V) -> V
    where
        M: Keeps<V>,
    {
        drive::certain(self.compute_try(rules, || Ok::<V, Infallible>(loader())))
    }

    /// The value from another, or the loader's result.
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
        let shared = self.cache.shared();
        shared.counters.miss();
        match self.seek() {
            Some(seek) => drive::read(shared, seek, rules, loader),
            None => drive::alone(shared, loader),
        }
    }

    /// The loader's value, which replaces what is in the cache.
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
        let shared = self.cache.shared();
        match self.seek() {
            Some(seek) => drive::lead_on(shared, seek.lead(), rules, loader),
            None => drive::alone(shared, loader),
        }
    }

    /// The value in the cache, if there is one. Never computes.
    #[must_use]
    pub fn peek<V: Value>(self) -> Option<V>
    where
        M: Keeps<V>,
    {
        self.look()
    }

    /// Puts a value in by hand.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) if an argument failed to serialize,
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if another function has the same point.
    pub fn set<V: Value, F: FnOnce(&V) -> Keep>(self, rules: Rules<F>, value: &V) -> Result<(), Error>
    where
        M: Keeps<V>,
    {
        self.check("setting")?;
        let shared = self.cache.shared();
        let Some(memory) = shared.memory() else { return Ok(()) };
        let point = point_of(memory, self.site)?;
        let lookup = Lookup { site: self.site.id(), arguments: &self.arguments };
        // It leads while the value's own code runs: an invalidation that lands meanwhile must win.
        let lead = Seek::new(memory, lookup, point, self.tags.unwrap_or_default()).lead();
        let _mark = lead.mark();
        let keep = (rules.keep)(value);
        shared.store(lead, value, keep.ttl.or(rules.ttl), keep);
        Ok(())
    }

    /// Takes the entry out, and fences the computation of it that may be under way.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub fn invalidate(self) -> Result<(), Error> {
        self.check("invalidating")?;
        if let Some(memory) = self.cache.shared().memory() {
            point_of(memory, self.site)?;
            memory.invalidate(self.lookup());
        }
        Ok(())
    }

    /// The key of this call.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub fn key(self) -> Result<Key, Error> {
        self.check("naming")?;
        if let Some(memory) = self.cache.shared().memory() {
            point_of(memory, self.site)?;
        }
        Ok(Key::new(&self.cache.shared().namespace, &self.site.point(), &self.arguments))
    }

    /// Makes every entry of a function a miss.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if another function has the same point.
    pub fn clear(cache: &'c Cache<M>, site: &'static Site) -> Result<(), Error> {
        if let Some(memory) = cache.shared().memory() {
            memory.clear(&*point_of(memory, site)?);
        }
        Ok(())
    }

    fn lookup(&self) -> Lookup<'_> {
        Lookup { site: self.site.id(), arguments: &self.arguments }
    }

    /// The way to a value; none if this call can't be cached.
    fn seek(self) -> Option<Seek<'c>> {
        let shared = self.cache.shared();
        let memory = shared.memory()?;
        // A fault of the cache never breaks the call: what cannot be cached is computed, and counted.
        let point = memory.points().of(self.site).ok().filter(|_| self.broken.is_none());
        let Some(point) = point else {
            shared.counters.error();
            return None;
        };
        let lookup = Lookup { site: self.site.id(), arguments: &self.arguments };
        Some(Seek::new(memory, lookup, point, self.tags.unwrap_or_default()))
    }

    fn check(&self, doing: &str) -> Result<(), Error> {
        match &self.broken {
            None => Ok(()),
            Some(error) => {
                let doing = format!("{doing} an entry of {}", self.site);
                Err(Error::argument(doing, format!("an argument cannot be part of a key: {error}")))
            }
        }
    }
}

/// The state of a function, which registers it.
fn point_of(memory: &Memory, site: &'static Site) -> Result<Arc<PointState>, Error> {
    memory.points().of(site).map_err(|twice| Error::config(format!("registering {site}"), twice))
}

#[cfg(feature = "async")]
impl<M: Mode> Call<'_, M> {
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
        let shared = self.cache.shared();
        shared.counters.miss();
        match self.seek() {
            Some(seek) => drive::read_async(shared, seek, rules, loader).await,
            None => drive::alone_async(shared, loader()).await,
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
        let shared = self.cache.shared();
        match self.seek() {
            Some(seek) => drive::lead_on_async(shared, seek.lead(), rules, loader).await,
            None => drive::alone_async(shared, loader()).await,
        }
    }

    /// [`peek`](Self::peek), for a task.
    pub async fn peek_async<V: Value>(self) -> Option<V>
    where
        M: Keeps<V>,
    {
        self.look()
    }

    /// [`set`](Self::set), for a task.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub async fn set_async<V: Value, F: FnOnce(&V) -> Keep>(
        self,
        rules: Rules<F>,
        value: &V,
    ) -> Result<(), Error>
    where
        M: Keeps<V>,
    {
        self.set(rules, value)
    }

    /// [`invalidate`](Self::invalidate), for a task.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub async fn invalidate_async(self) -> Result<(), Error> {
        self.invalidate()
    }

    /// [`clear`](Self::clear), for a task.
    ///
    /// # Errors
    /// As for [`clear`](Self::clear).
    pub async fn clear_async(cache: &Cache<M>, site: &'static Site) -> Result<(), Error> {
        Call::clear(cache, site)
    }
}

impl<M: Mode> fmt::Debug for Call<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("site", &self.site)
            .field("arguments", &self.arguments)
            .finish_non_exhaustive()
    }
}
