//! One call of a cached function: its key, its tags, and which way it goes.
//! Leaves the verbs to `threads` and `tasks`, and the way from a miss to a value to `drive`.

mod explain;
#[cfg(feature = "async")]
mod tasks;
mod threads;

use std::{fmt, mem, time::Duration};

use hermescache_protocol::{Arguments, EncodeError, Fate, Key, Plan, Tags, Verb};
use serde::{Serialize, ser::Error as _};

use crate::{
    backend::BackendError,
    cache::{Cache, Shared},
    engine::Engine,
    error::Error,
    memory::{Memory, key::Lookup, seek::Seek},
    observe::{Span, Tally},
    points::SharedPoint,
    remote::{Remote, trip::Trip},
    rules::{Keep, Rules},
    site::Site,
    value::{Keeps, Mode, Value},
};

/// One call, on its way from its arguments to a value: it is given its arguments in order, may look for a [`hit`](Self::hit), is
/// given its tags, and then goes one way: [`compute`](Self::compute), [`refresh`](Self::refresh), [`peek`](Self::peek), [`explain`](Self::explain),
/// [`set`](Self::set), [`invalidate`](Self::invalidate), [`key`](Self::key), or a twin of these.
///
/// Tags must be those that any call with these arguments would give. In process they may be left out of [`hit`](Self::hit), but
/// only where the key decides them: two functions that share their entries might not agree.
///
/// Up to 64 bytes of arguments take no allocation. [`binding`](crate::binding) has an example.
pub struct Call<'c, M: Mode> {
    cache: &'c Cache<M>,
    site: &'static Site,
    arguments: Arguments,
    broken: Option<EncodeError>,
    tags: Given,
}

impl<'c, M: Mode> Call<'c, M> {
    /// A call without arguments or tags so far.
    #[doc(hidden)]
    #[inline]
    pub fn new(cache: &'c Cache<M>, site: &'static Site) -> Self {
        let seed = cache.shared().memory().map_or(0, |memory| memory.seed(site.id()));
        Self { cache, site, arguments: Arguments::seeded(seed), broken: None, tags: Given::Nothing }
    }

    /// Makes an argument part of the key. One that fails to serialize makes the call run uncached, and
    /// [`invalidate`](Self::invalidate), [`set`](Self::set) and [`key`](Self::key) return an error.
    ///
    /// Equal arguments must serialize alike: keys are bytes, of integers with their width, of floats with all their bits, of
    /// maps sorted by key. What serializes in another order each time is a miss each time.
    #[inline]
    pub fn arg<T: Serialize + ?Sized>(&mut self, argument: &T) {
        if let Err(error) = self.arguments.push(argument) {
            self.broken = Some(error);
        }
    }

    /// Makes a type parameter part of the key. All closures of one function have one name, so that a call with the type
    /// of one runs uncached.
    #[doc(hidden)]
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
    #[doc(hidden)]
    pub fn type_name_of<T: ?Sized>(&mut self, _argument: &T) {
        self.type_name::<T>();
    }

    /// Makes a literal part of a `key` template part of the key.
    #[doc(hidden)]
    pub fn literal(&mut self, text: &str) {
        self.arguments.push_literal(text);
    }

    /// Makes a value in a `key` template part of the key.
    #[doc(hidden)]
    pub fn display(&mut self, value: fmt::Arguments<'_>) {
        if let Err(error) = self.arguments.push_display(value) {
            self.broken = Some(error);
        }
    }

    /// The text of a tag. One that fails to format makes the call run uncached.
    #[doc(hidden)]
    pub fn text(&mut self, tag: fmt::Arguments<'_>) -> String {
        let mut text = String::new();
        if fmt::Write::write_fmt(&mut text, tag).is_err() {
            self.broken = Some(EncodeError::custom("a tag's `Display` failed"));
        }
        text
    }

    /// Gives the call all its tags, of any text, in any order.
    pub fn tags<I: IntoIterator<Item: AsRef<str>>>(&mut self, tags: I) {
        self.tags = match &self.shared().engine {
            Engine::Remote(remote) => match remote.points().of(self.site) {
                Ok(function) => Given::Labels(function.tags(tags)),
                // The call will go uncached.
                Err(_) => Given::Nothing,
            },
            Engine::Memory(_) | Engine::Noop => {
                let mut tags: Vec<Box<str>> = tags.into_iter().map(|tag| Box::from(tag.as_ref())).collect();
                tags.sort_unstable();
                tags.dedup();
                Given::Texts(tags)
            }
        };
    }

    /// The value, if it is at hand in this process: never where entries are kept on a server. Costs one look-up, and allocates
    /// nothing. Tags are compared only if they were given before. What is found counts as a hit.
    #[inline]
    pub fn hit<V: Value>(&self) -> Option<V>
    where
        M: Keeps<V>,
    {
        let value = self.look();
        if value.is_some() {
            self.tally().hit();
        }
        value
    }

    #[inline]
    fn look<V: Value>(&self) -> Option<V> {
        let shared = self.shared();
        let memory = shared.memory()?;
        if self.broken.is_some() {
            return None;
        }
        memory.hit(&self.lookup(), self.tags.texts(), &shared.clock)
    }

    /// The key of this call. Asks no server.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) if an argument failed to serialize,
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if another function has the same point.
    pub fn key(self) -> Result<Key, Error> {
        self.check("naming")?;
        self.shared().engine.register(self.site)?;
        Ok(self.full_key())
    }

    fn shared(&self) -> &'c Shared {
        self.cache.shared()
    }

    #[inline]
    fn tally(&self) -> Tally<'c> {
        self.shared().counters.of(self.site)
    }

    /// The span of a call that leaves the fast path.
    fn span(&self, verb: &'static str) -> Span {
        Span::of_call(verb, || self.full_key(), &self.shared().engine)
    }

    fn lookup(&self) -> Lookup<'_> {
        Lookup { site: self.site.id(), arguments: &self.arguments }
    }

    /// The way to a value.
    fn way<'t, V: Value>(mut self, tally: Tally<'t>, verb: Verb, ttl: Option<Duration>) -> Way<'t>
    where
        'c: 't,
    {
        let shared = self.shared();
        let way = match &shared.engine {
            Engine::Noop => return Way::Uncached,
            _ if self.broken.is_some() => None,
            Engine::Memory(memory) => self.seek::<V>(memory).ok().map(Way::InProcess),
            Engine::Remote(remote) => self.trip(remote, tally, verb, ttl).ok().map(Way::Remote),
        };
        // A fault of the cache never breaks the call: what cannot be cached is computed, and counted.
        way.unwrap_or_else(|| {
            tally.error("a call cannot be cached: an argument cannot be part of a key, or another function has its name");
            Way::Uncached
        })
    }

    fn peeking(&mut self, remote: &'c Remote) -> Option<Trip<'c>> {
        if self.broken.is_some() { None } else { self.trip(remote, self.tally(), Verb::Peek, None).ok() }
    }

    fn seek<V: Value>(&mut self, memory: &'c Memory) -> Result<Seek<'c>, SharedPoint> {
        let point = memory.points().of(self.site)?;
        let tags = match mem::replace(&mut self.tags, Given::Nothing) {
            Given::Texts(tags) => tags,
            Given::Labels(_) | Given::Nothing => Vec::new(),
        };
        Ok(Seek::to::<V>(memory, self.lookup(), point, tags))
    }

    fn trip<'t>(
        &mut self,
        remote: &'t Remote,
        tally: Tally<'t>,
        verb: Verb,
        ttl: Option<Duration>,
    ) -> Result<Trip<'t>, SharedPoint>
    where
        'c: 't,
    {
        let plan = self.plan(remote, ttl)?;
        Ok(Trip::begin(self.shared(), tally, remote, plan, verb))
    }

    fn plan(&mut self, remote: &Remote, ttl: Option<Duration>) -> Result<Plan, SharedPoint> {
        let function = remote.points().of(self.site)?;
        let tags = match mem::replace(&mut self.tags, Given::Nothing) {
            Given::Labels(tags) => tags,
            Given::Texts(_) | Given::Nothing => function.tags([""; 0]),
        };
        Ok(remote.plan(&function, &self.arguments, tags, ttl))
    }

    /// The way of a value that is put in by hand.
    fn trip_to_set<V: Value, F: FnOnce(&V) -> Keep>(
        &mut self,
        remote: &'c Remote,
        rules: Rules<F>,
        value: &V,
    ) -> Result<Trip<'c>, Error>
    where
        M: Keeps<V>,
    {
        // Before the value's own code runs: a name that another function has is an error whatever the value.
        remote.points().of(self.site)?;
        let ttl = (rules.keep)(value).ttl.or(rules.ttl);
        let packed = remote
            .pack::<M, V>(&self.full_key(), value, ttl)
            .map_err(|why| Error::argument(self.setting(), why))?;
        Ok(self.trip(remote, self.tally(), Verb::Set(packed), None)?)
    }

    /// Whether a value that was put in by hand is in. One that was overtaken was, and then was invalidated.
    fn confirmed(&self, (fate, fault): (Option<Fate>, Option<BackendError>)) -> Result<(), Error> {
        let why = match (fate, fault) {
            (Some(Fate::Stored | Fate::Fenced), _) => return Ok(()),
            (Some(Fate::Refused), _) => {
                BackendError::not_done("the server refused to store it: it may be full")
            }
            (_, Some(fault)) => fault,
            (_, None) => BackendError::unknown("the server lost the versions of the entry's tags"),
        };
        Err(Error::backend(self.setting(), why))
    }

    fn check(&self, doing: &str) -> Result<(), Error> {
        match &self.broken {
            None => Ok(()),
            Some(error) => {
                let why = format!("an argument cannot be part of a key: {error}");
                Err(Error::argument(self.doing(doing), why))
            }
        }
    }

    /// What a failed `set` was about, in the words of a failed invalidation.
    fn setting(&self) -> String {
        format!("setting {:?}", self.full_key().to_string())
    }

    fn full_key(&self) -> Key {
        Key::new(&self.shared().namespace, &self.site.point(), &self.arguments)
    }

    fn doing(&self, doing: &str) -> String {
        format!("{doing} an entry of {}", self.site)
    }
}

/// The tags that a call was given, in the form that its engine wants.
#[derive(Debug)]
enum Given {
    Nothing,
    /// Sorted, each once.
    Texts(Vec<Box<str>>),
    Labels(Tags),
}

impl Given {
    fn texts(&self) -> Option<&[Box<str>]> {
        match self {
            Self::Texts(texts) => Some(texts),
            Self::Nothing | Self::Labels(_) => None,
        }
    }
}

/// Which way a call goes.
enum Way<'c> {
    InProcess(Seek<'c>),
    Remote(Trip<'c>),
    Uncached,
}

impl<M: Mode> fmt::Debug for Call<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("site", &self.site)
            .field("arguments", &self.arguments)
            .finish_non_exhaustive()
    }
}
