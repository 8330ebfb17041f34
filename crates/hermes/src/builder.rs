//! Says step by step what cache to build, and checks it.
//! Leaves the reading of URLs to `url`.

use std::{fmt, marker::PhantomData, time::Duration};

use hermescache_protocol::{Namespace, Policy, Ttl};

use crate::{
    cache::{Cache, Engine, Shared},
    clock::{self, AnyClock, Clock, SystemClock},
    error::Error,
    memory::Memory,
    observe::Counters,
    url::{self, Url},
    value::{Live, Mode, Stored},
};

const DEFAULT_URL: &str = "memory://";
const DEFAULT_CAPACITY: u64 = 100_000;

/// Builds a [`Cache`].
///
/// What is set here wins over the same parameter of the URL.
///
/// ```
/// use std::time::Duration;
///
/// let cache = hermes::Cache::builder()
///     .url("memory://")
///     .namespace("shop")
///     .capacity(10_000)
///     .ttl(Duration::from_secs(600))
///     .jitter(0.1)
///     .build()?;
/// # Ok::<(), hermes::Error>(())
/// ```
pub struct Builder<M: Mode = Stored> {
    url: String,
    given: Options,
    clock: Option<Box<dyn Clock>>,
    mode: PhantomData<M>,
}

/// Everything that a URL can say as well as the builder.
#[derive(Debug, Default)]
struct Options {
    namespace: Option<String>,
    ttl: Option<Duration>,
    capacity: Option<u64>,
    jitter: Option<f64>,
    patience: Option<Duration>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self { url: DEFAULT_URL.into(), given: Options::default(), clock: None, mode: PhantomData }
    }

    /// Makes it a cache of any values that are `Clone + Send + Sync + 'static`, in this process only.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use hermes::{Cache, Live};
    ///
    /// struct Connection;
    ///
    /// let cache: Cache<Live> = Cache::builder().live().build()?;
    /// let connection = cache.entry("db").get_or_compute(|| Arc::new(Connection));
    /// # Ok::<(), hermes::Error>(())
    /// ```
    #[must_use]
    pub fn live(self) -> Builder<Live> {
        let Self { url, given, clock, mode: _ } = self;
        Builder { url, given, clock, mode: PhantomData }
    }
}

impl<M: Mode> Builder<M> {
    /// Where entries are kept: `memory://` (the default; private to the cache that is built) or `noop://`
    /// (nowhere, so that every call computes). Parameters are the names of the options below:
    /// `memory://?capacity=10000&ttl=20m`.
    #[must_use]
    pub fn url(self, url: &str) -> Self {
        Self { url: url.into(), ..self }
    }

    /// The name under which everything is kept: 1 to 64 bytes without braces, blanks or control characters.
    /// Default: `cache`. Two caches in process share nothing, whatever their names.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.given.namespace = Some(namespace.into());
        self
    }

    /// How long entries live that do not say it themselves: 1 ms to 100 years. Default: one hour.
    ///
    /// In process a ttl ends at the next tick of the system's coarse clock, up to 10 ms late.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.given.ttl = Some(ttl);
        self
    }

    /// About how many entries are kept in process, or units of weight where entries have a weight. Default: 100,000.
    ///
    /// The store is divided into up to four parts for each of the processor's cores, each with its share of the
    /// capacity, so the last few per cent may stay unused. An entry that outweighs its part is not kept.
    #[must_use]
    pub fn capacity(mut self, capacity: u64) -> Self {
        self.given.capacity = Some(capacity);
        self
    }

    /// What part of a ttl chance may take away, from 0 to 1, so that entries that were made together do not
    /// expire together. Default: 0.
    #[must_use]
    pub fn jitter(mut self, jitter: f64) -> Self {
        self.given.jitter = Some(jitter);
        self
    }

    /// How long a call waits for another's computation before those who wait compute once more, together.
    /// 1 ms to 100 years. Default: 60 seconds.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.given.patience = Some(patience);
        self
    }

    /// The clock that ends ttls. Default: the system's monotonic clock.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Some(Box::new(clock)), ..self }
    }

    /// Builds the cache. Touches no network.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the option or the part of the URL that is wrong.
    pub fn build(self) -> Result<Cache<M>, Error> {
        let Self { url, given, clock, mode: _ } = self;
        let said = Url::parse(&url).and_then(|parsed| {
            let scheme = Scheme::of(&parsed)?;
            let options = Options::read(&parsed.parameters)?;
            options.check()?;
            Ok((scheme, options))
        });
        let (scheme, options) = said.map_err(|why| Error::config(format!("reading the URL {url:?}"), why))?;
        given.check().map_err(|why| Error::config("building a cache", why))?;
        let options = given.or(options);

        let namespace =
            options.namespace.as_deref().map(|name| Namespace::new(name).expect("it was checked"));
        let engine = match scheme {
            Scheme::Noop => Engine::Noop,
            Scheme::Memory => {
                let capacity = options.capacity.unwrap_or(DEFAULT_CAPACITY);
                let patience = options.patience.unwrap_or_else(|| Policy::default().patience);
                Engine::Memory(Memory::new(capacity, patience, clock::random_u64()))
            }
        };
        Ok(Cache::new(Shared {
            namespace: namespace.unwrap_or_default(),
            ttl: options.ttl.unwrap_or(Ttl::HOUR.get()),
            jitter: options.jitter.unwrap_or(0.0),
            clock: clock.map_or_else(|| AnyClock::System(SystemClock::new()), AnyClock::Given),
            counters: Counters::default(),
            engine,
        }))
    }
}

/// What a URL's scheme can stand for.
#[derive(Debug, Clone, Copy)]
enum Scheme {
    Memory,
    Noop,
}

impl Scheme {
    fn of(url: &Url) -> Result<Self, String> {
        let scheme = match url.scheme.as_str() {
            "memory" => Self::Memory,
            "noop" => Self::Noop,
            other => {
                return Err(format!(
                    "there is no backend for {other:?} in this version; there are memory:// and noop://"
                ));
            }
        };
        if url.place.is_empty() {
            Ok(scheme)
        } else {
            Err(format!("{}:// takes no host or path, but it has {:?}", url.scheme, url.place))
        }
    }
}

impl Options {
    fn read(parameters: &[(String, String)]) -> Result<Self, String> {
        let mut options = Self::default();
        for (name, value) in parameters {
            let named = |why: String| format!("{name}: {why}");
            match name.as_str() {
                "namespace" => set(&mut options.namespace, name, value.clone())?,
                "ttl" => set(&mut options.ttl, name, url::duration(value).map_err(named)?)?,
                "capacity" => set(&mut options.capacity, name, number(value).map_err(named)?)?,
                "jitter" => set(&mut options.jitter, name, number(value).map_err(named)?)?,
                "patience" => set(&mut options.patience, name, url::duration(value).map_err(named)?)?,
                _ => {
                    let known = "namespace, ttl, capacity, jitter, patience";
                    return Err(format!("there is no parameter {name:?}; there are {known}"));
                }
            }
        }
        Ok(options)
    }

    /// Says which option is out of its range.
    fn check(&self) -> Result<(), String> {
        if let Some(namespace) = &self.namespace {
            Namespace::new(namespace).map_err(|why| why.to_string())?;
        }
        if let Some(ttl) = self.ttl {
            Ttl::new(ttl).map_err(|why| why.to_string())?;
        }
        match self {
            Self { capacity: Some(0), .. } => Err("capacity is 0; it takes at least 1".into()),
            Self { jitter: Some(jitter), .. } if !(0.0..=1.0).contains(jitter) => {
                Err(format!("jitter is {jitter}; it takes a part from 0 to 1"))
            }
            Self { patience: Some(patience), .. } if Ttl::new(*patience).is_err() => {
                Err(format!("patience is {patience:?}; it takes 1 ms to 100 years"))
            }
            _ => Ok(()),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            namespace: self.namespace.or(other.namespace),
            ttl: self.ttl.or(other.ttl),
            capacity: self.capacity.or(other.capacity),
            jitter: self.jitter.or(other.jitter),
            patience: self.patience.or(other.patience),
        }
    }
}

fn set<T>(option: &mut Option<T>, name: &str, value: T) -> Result<(), String> {
    match option.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("parameter {name:?} is given twice")),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

impl<M: Mode> fmt::Debug for Builder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("url", &self.url).field("given", &self.given).finish_non_exhaustive()
    }
}
