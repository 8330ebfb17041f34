//! Entries that are named by hand: the cache without its macros.
//! A thin coat over `call`.

use std::{fmt, time::Duration};

use hermescache_protocol::Ttl;

use crate::{
    cache::Cache,
    call::Call,
    error::Error,
    explain::Explanation,
    rules::{self, Keep, Rules},
    site,
    value::{Keeps, Mode, Value},
};

/// An entry under a name of your own, from [`Cache::entry`].
///
/// It can be used again and again. To compute under other tags than the entry was stored with is a miss: give an entry
/// the same tags wherever it is computed. So it is with types: a value of another type is a miss, and what is computed then
/// replaces it. (On a server types are told apart by their bytes: what can be read as a `u8` and a `u64` is both.)
///
/// ```
/// use std::time::Duration;
///
/// let cache = hermes::Cache::from_url("memory://")?;
/// let greeting = cache.entry("greeting").tags(["texts"]).ttl(Duration::from_secs(60));
///
/// assert_eq!(greeting.get_or_compute(|| "hello".to_string()), "hello");
/// assert_eq!(greeting.get::<String>().as_deref(), Some("hello"));
/// greeting.invalidate()?;
/// assert_eq!(greeting.get::<String>(), None);
/// # Ok::<(), hermes::Error>(())
/// ```
pub struct Entry<'c, M: Mode> {
    cache: &'c Cache<M>,
    name: Box<str>,
    tags: Vec<String>,
    ttl: Option<Duration>,
    weight: u32,
}

impl<'c, M: Mode> Entry<'c, M> {
    pub(crate) fn new(cache: &'c Cache<M>, name: &str) -> Self {
        Self { cache, name: name.into(), tags: Vec::new(), ttl: None, weight: 1 }
    }

    /// Gives the entry these tags instead of any it had. They may hold any text.
    #[must_use]
    pub fn tags(self, tags: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self { tags: tags.into_iter().map(|tag| tag.as_ref().to_owned()).collect(), ..self }
    }

    /// Gives the entry this ttl instead of the cache's own. Zero: it is not stored. What is computed is kept for 100 years at most;
    /// [`set`](Self::set) refuses what is not between 1 ms and that.
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..self }
    }

    /// Makes the entry take this much of the [capacity](crate::Builder::capacity) instead of 1. On a server it says nothing.
    #[must_use]
    pub fn weight(self, weight: u32) -> Self {
        Self { weight, ..self }
    }

    /// The value in the cache, or the loader's, which is then stored. Of all who ask at once, one computes.
    ///
    /// In process a hit costs one look-up, a miss a second one, under a lock that only its key's neighbours share. On a server a
    /// hit is one round trip, a miss two or three; where the server gives no answer, the loader's value is returned and not stored.
    pub fn get_or_compute<V: Value>(&self, loader: impl FnOnce() -> V) -> V
    where
        M: Keeps<V>,
    {
        let call = self.call();
        match call.hit() {
            Some(value) => value,
            None => call.compute(self.rules(), loader),
        }
    }

    /// The value in the cache, or the loader's result; only an `Ok` is stored. Costs what [`get_or_compute`](Self::get_or_compute) does.
    ///
    /// ```
    /// let cache = hermes::Cache::from_url("memory://")?;
    /// let parsed = |text: &str| cache.entry("number").get_or_try_compute(|| text.parse::<u32>());
    ///
    /// assert!(parsed("seven").is_err()); // nothing is stored
    /// assert_eq!(parsed("7"), Ok(7));
    /// assert_eq!(parsed("eight"), Ok(7)); // from the cache
    /// # Ok::<(), hermes::Error>(())
    /// ```
    ///
    /// # Errors
    /// The loader's own, to the caller that ran it; those who waited look again.
    pub fn get_or_try_compute<V: Value, E>(&self, loader: impl FnOnce() -> Result<V, E>) -> Result<V, E>
    where
        M: Keeps<V>,
    {
        let call = self.call();
        match call.hit() {
            Some(value) => Ok(value),
            None => call.compute_try(self.rules(), loader),
        }
    }

    /// The value in the cache, if there is one of this type. Never computes or waits; one look-up, on a server one round trip. `None`
    /// also where the server gives no answer.
    ///
    /// Give it the tags that it was stored with. In process an entry that was given none here is found under any; a
    /// server's is not, since only those who know its tags can tell that none of them was cleaned.
    #[must_use]
    pub fn get<V: Value>(&self) -> Option<V>
    where
        M: Keeps<V>,
    {
        self.look().peek()
    }

    /// What a call would get from the cache now, and why: a hit, a miss and its reason, or no cache at all. Never computes, takes
    /// no lease, and counts as neither hit nor miss.
    ///
    /// Give it the tags that the entry is computed with, and the type of its value. In process a look-up, on a server one round
    /// trip; what it says may be over by the time that it is read.
    ///
    /// ```
    /// let cache = hermes::Cache::from_url("memory://")?;
    /// let answer = cache.entry("answer").tags(["deep thought"]);
    /// answer.get_or_compute(|| 42);
    /// cache.clean(["deep thought"])?;
    ///
    /// let explained = answer.explain::<i32>().to_string();
    /// assert!(explained.starts_with("a miss: the tag \"deep thought\" was cleaned"), "{explained}");
    /// # Ok::<(), hermes::Error>(())
    /// ```
    #[must_use]
    pub fn explain<V: Value>(&self) -> Explanation
    where
        M: Keeps<V>,
    {
        self.call().explain()
    }

    /// Puts a value in. A computation under way can't overwrite it. On a server it takes two or three round trips.
    ///
    /// The value counts as computed now. If it was computed before, from data that has changed since, no cache
    /// can know: prefer [`get_or_compute`](Self::get_or_compute), whose loader runs under the cache's eyes.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) if the ttl is not between 1 ms and 100 years, or if the value cannot
    /// be stored on a server: it does not serialize, or is larger than [`value_limit`](crate::Builder::value_limit).
    /// [`ErrorKind::Backend`](crate::ErrorKind::Backend) or [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if a server did not
    /// confirm; it may have happened.
    pub fn set<V: Value>(&self, value: V) -> Result<(), Error>
    where
        M: Keeps<V>,
    {
        self.check_ttl()?;
        self.call().set(self.rules(), &value)
    }

    /// Takes the entry out, whatever its tags, and fences the computation of it that may be under way: once this
    /// has returned, no later call gets a value whose computation began before. One round trip on a server.
    ///
    /// # Errors
    /// [`ErrorKind::Backend`](crate::ErrorKind::Backend) or [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if a server did not
    /// confirm; it may have happened: call it again. Never in process.
    pub fn invalidate(&self) -> Result<(), Error> {
        self.key().invalidate()
    }

    fn call(&self) -> Call<'c, M> {
        let mut call = self.key();
        call.tags(&self.tags);
        call
    }

    /// With the tags that were given, if any were.
    fn look(&self) -> Call<'c, M> {
        if self.tags.is_empty() { self.key() } else { self.call() }
    }

    fn key(&self) -> Call<'c, M> {
        let mut call = Call::new(self.cache, &site::ENTRY);
        call.arg(&*self.name);
        call
    }

    fn rules<V>(&self) -> Rules<impl FnOnce(&V) -> Keep + use<V, M>> {
        let weight = self.weight;
        rules::rules(self.ttl, move |_: &V| Keep::yes().weight(weight))
    }

    fn check_ttl(&self) -> Result<(), Error> {
        let checked = self.ttl.map_or(Ok(Ttl::HOUR), Ttl::new);
        checked.map(drop).map_err(|why| Error::argument(format!("setting the entry {:?}", self.name), why))
    }
}

#[cfg(feature = "async")]
impl<M: Mode> Entry<'_, M> {
    /// [`get_or_compute`](Self::get_or_compute) for async code. Dropping the future frees the key.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let cache = hermes::Cache::from_url("memory://")?;
    /// let answer = cache.entry("answer").get_or_compute_async(async || 42).await;
    /// assert_eq!(answer, 42);
    /// # Ok::<(), hermes::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn get_or_compute_async<V, L>(&self, loader: impl FnOnce() -> L) -> V
    where
        V: Value,
        L: Future<Output = V>,
        M: Keeps<V>,
    {
        let call = self.call();
        match call.hit() {
            Some(value) => value,
            None => call.compute_async(self.rules(), loader).await,
        }
    }

    /// [`get_or_try_compute`](Self::get_or_try_compute) for async code. Dropping the future frees the key.
    ///
    /// # Errors
    /// The loader's own, to the caller that ran it; those who waited look again.
    pub async fn get_or_try_compute_async<V, E, L>(&self, loader: impl FnOnce() -> L) -> Result<V, E>
    where
        V: Value,
        L: Future<Output = Result<V, E>>,
        M: Keeps<V>,
    {
        let call = self.call();
        match call.hit() {
            Some(value) => Ok(value),
            None => call.compute_try_async(self.rules(), loader).await,
        }
    }

    /// [`get`](Self::get) for async code.
    pub async fn get_async<V: Value>(&self) -> Option<V>
    where
        M: Keeps<V>,
    {
        self.look().peek_async().await
    }

    /// [`explain`](Self::explain) for async code.
    pub async fn explain_async<V: Value>(&self) -> Explanation
    where
        M: Keeps<V>,
    {
        self.call().explain_async().await
    }

    /// [`set`](Self::set) for async code.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub async fn set_async<V: Value>(&self, value: V) -> Result<(), Error>
    where
        M: Keeps<V>,
    {
        self.check_ttl()?;
        self.call().set_async(self.rules(), &value).await
    }

    /// [`invalidate`](Self::invalidate) for async code.
    ///
    /// # Errors
    /// As for [`invalidate`](Self::invalidate).
    pub async fn invalidate_async(&self) -> Result<(), Error> {
        self.key().invalidate_async().await
    }
}

impl<M: Mode> fmt::Debug for Entry<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cache: _, name, tags, ttl, weight } = self;
        f.debug_struct("Entry")
            .field("name", name)
            .field("tags", tags)
            .field("ttl", ttl)
            .field("weight", weight)
            .finish_non_exhaustive()
    }
}
