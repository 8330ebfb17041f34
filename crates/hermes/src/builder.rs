//! Says step by step what cache to build, and checks it.
//! Leaves to `place` what a URL opens.

use std::{fmt, marker::PhantomData, path::PathBuf, time::Duration};

use hermescache_protocol::{Jitter, Namespace, Policy, Ttl};

use crate::{
    backend::Backend,
    cache::{Cache, Shared},
    clock::{self, AnyClock, Clock, SystemClock},
    codec::{AnyPacker, Codec, Compression, DEFAULT_VALUE_LIMIT, Packer, Packers, Packing},
    engine::Engine,
    error::Error,
    memory::Memory,
    observe::Counters,
    options::Options,
    place::{Place, Store},
    remote::Remote,
    value::{Foreign, Live, Mode, Stored, Value},
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
    place: Place,
    given: Options,
    clock: Option<Box<dyn Clock>>,
    foreign: Option<AnyPacker>,
    mode: PhantomData<M>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            place: Place::Url(DEFAULT_URL.into()),
            given: Options::default(),
            clock: None,
            foreign: None,
            mode: PhantomData,
        }
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
        let Self { place, given, clock, .. } = self;
        Builder { place, given, clock, foreign: None, mode: PhantomData }
    }

    /// Makes it a cache of values of one type that serde does not know, such as another language's objects: `packer` makes
    /// their bytes where they are kept on a server. In process it is never called.
    ///
    /// [`codec`](Self::codec) and [`compression`](Self::compression) are the packer's affair then,
    /// [`value_limit`](Self::value_limit) holds for the bytes that it makes. [`Packer`](crate::binding::Packer) has an example.
    #[must_use]
    pub fn packed_by<V: Value>(self, packer: impl Packer<V>) -> Builder<Foreign<V>> {
        let Self { place, given, clock, .. } = self;
        Builder { place, given, clock, foreign: Some(AnyPacker::new(packer)), mode: PhantomData }
    }
}

impl<M: Mode> Builder<M> {
    /// Where entries are kept. Parameters are the names of the options below: `memory://?capacity=10000&ttl=20m`.
    ///
    /// | URL | place |
    /// |---|---|
    /// | `memory://` | this process; private to the cache that is built. The default |
    /// | `redis://[user:password@]host[:6379][/db]` | a Redis or Valkey server (feature `redis`) |
    /// | `rediss://…` | the same through TLS (feature `tls`); [`ca`](Self::ca) trusts one authority only |
    /// | `redis+unix:///path/to/socket[?db=1]` | the same through a Unix socket |
    /// | `redis+cluster://host:port,host:port` | a Redis Cluster, found through any of these nodes |
    /// | `redis+sentinel://host:26379,host:26379/master[/db]` | the master of that name, as sentinels tell it |
    /// | `rediss+cluster://…`, `rediss+sentinel://…` | the same through TLS |
    /// | `memcached://host[:11211],host:port` | a memcached, or several that each have a part of the keys (feature `memcached`) |
    /// | `noop://` | nowhere: every call computes |
    ///
    /// Names and passwords are percent-encoded (`%3F` for `?`, `%25` for `%`). What is shown of a URL, in an error or by `Debug`,
    /// is without them. An option that a place has no use for is ignored, so that tests can run on `memory://` what runs on a
    /// server otherwise; but for [`ca`](Self::ca) where a server is reached without TLS.
    #[must_use]
    pub fn url(self, url: &str) -> Self {
        Self { place: Place::Url(url.into()), ..self }
    }

    /// [`url`](Self::url), with a backend of your own around the one that it names: one which counts, delays or carries what it
    /// hands on. Where the URL names none (`memory://`, `noop://`), `around` is not asked.
    ///
    /// ```
    /// use hermes::{Cache, backend::Backend};
    ///
    /// fn watched(inner: Box<dyn Backend>) -> Box<dyn Backend> {
    ///     println!("all goes through {inner:?}");
    ///     inner
    /// }
    ///
    /// let cache = Cache::builder().url_around("memory://?ttl=20m", watched).build()?;
    /// # Ok::<(), hermes::Error>(())
    /// ```
    #[must_use]
    pub fn url_around(
        self,
        url: &str,
        around: impl FnOnce(Box<dyn Backend>) -> Box<dyn Backend> + Send + Sync + 'static,
    ) -> Self {
        Self { place: Place::Around(url.into(), Box::new(around)), ..self }
    }

    /// Keeps entries in a backend of your own, in place of a URL. [`Backend`] has an example.
    #[must_use]
    pub fn backend(self, backend: impl Backend) -> Self {
        Self { place: Place::Backend(Box::new(backend)), ..self }
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

    /// How values become bytes for a backend outside this process. Default: MessagePack with named fields.
    #[must_use]
    pub fn codec(mut self, codec: Codec) -> Self {
        self.given.codec = Some(codec);
        self
    }

    /// How values of a kilobyte and more are compressed for a backend outside this process. Default: not at all.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.given.compression = Some(compression);
        self
    }

    /// How many bytes a value may have, before compression, to be stored outside this process. Larger ones are
    /// returned uncached, and counted in [`Stats::errors`](crate::Stats::errors). Default: 8 MiB.
    #[must_use]
    pub fn value_limit(mut self, bytes: u64) -> Self {
        self.given.value_limit = Some(bytes);
        self
    }

    /// How long a key stays taken on a server when its leader is killed: 100 ms to 1 hour. A leader that lives renews
    /// its lease at each third of this time. Default: 5 seconds.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.given.lease = Some(lease);
        self
    }

    /// How long to wait for a connection to a server: 1 ms to 1 hour. Default: 1 second.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.given.connect_timeout = Some(timeout);
        self
    }

    /// How long to wait for a server's answer: 1 ms to 1 hour. Default: 250 ms.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.given.timeout = Some(timeout);
        self
    }

    /// Serves entries also after their server restarted from a snapshot, or another took over from it. Default: no.
    ///
    /// It keeps the cache warm after a failover, at a price: what the server forgot may be an invalidation that it had
    /// acknowledged, and then entries from before it are served again until their ttl ends.
    ///
    /// A user of Redis without the right to `INFO` needs it. Nobody can ask the server then whether it is a master: one that
    /// was deposed, and is still reached under its address, is read as if it were.
    #[must_use]
    pub fn trust_restored_data(mut self, trust: bool) -> Self {
        self.given.trust_restored_data = Some(trust);
        self
    }

    /// The clock that ends ttls. Default: the system's monotonic clock.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Some(Box::new(clock)), ..self }
    }

    /// The number of a Redis server's database. Default: 0. A URL whose path names one too is refused.
    #[must_use]
    pub fn db(mut self, db: u32) -> Self {
        self.given.db = Some(db);
        self
    }

    /// The certificate, a file in PEM, of the only authority to trust where a server is reached through TLS. Default: those
    /// that the system trusts. To reach a server without TLS is an error then.
    #[must_use]
    pub fn ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.given.ca = Some(file.into());
        self
    }

    /// Builds the cache. Touches no network.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) names the option or the part of the URL that is wrong.
    pub fn build(self) -> Result<Cache<M>, Error> {
        let Self { place, given, clock, foreign, mode: _ } = self;
        given.check().map_err(|why| Error::config("building a cache", why))?;
        let (store, options) = place.open(given)?;
        if M::IN_PROCESS_ONLY && matches!(store, Store::Backend(_)) {
            let why = "a cache of live values is kept in this process, and its values have no bytes to send; \
                       use memory://, or leave `live()` out";
            return Err(Error::config("building a cache", why));
        }
        let (namespace, policy) = (namespace(&options), policy(&options));
        let engine = match store {
            Store::Nowhere => Engine::Noop,
            Store::Memory => {
                let capacity = options.capacity.unwrap_or(DEFAULT_CAPACITY);
                Engine::Memory(Memory::new(capacity, policy.patience, clock::random_u64()))
            }
            Store::Backend(backend) => {
                let packers = Packers { packing: packing(&options), foreign };
                Engine::Remote(Remote::new(backend, namespace.clone(), packers, policy))
            }
        };
        Ok(Cache::new(Shared {
            counters: Counters::new(&namespace),
            namespace,
            ttl: policy.ttl.get(),
            jitter: options.jitter.unwrap_or(0.0),
            clock: clock.map_or_else(|| AnyClock::System(SystemClock::new()), AnyClock::Given),
            engine,
        }))
    }

    /// Opens the backend that the URL names, without a cache: to put it into one of your own, which counts or delays what it
    /// hands on, or to test it. Touches no network.
    ///
    /// ```
    /// # #[cfg(feature = "redis")] {
    /// use hermes::Cache;
    ///
    /// let redis = Cache::builder().url("redis://127.0.0.1").open_backend()?;
    /// let cache = Cache::builder().backend(redis).build()?;
    /// # }
    /// # Ok::<(), hermes::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`build`](Self::build), and [`ErrorKind::Config`](crate::ErrorKind::Config) where the URL names no backend, for
    /// what `memory://` keeps never leaves the cache, or where an option was given that is the cache's affair, such as
    /// `namespace` or `ttl`: it belongs to the builder of the cache.
    pub fn open_backend(self) -> Result<Box<dyn Backend>, Error> {
        let wrong = |why: String| Error::config("opening a backend", why);
        self.given.check().map_err(wrong)?;
        let (store, options) = self.place.open(self.given)?;
        let Store::Backend(backend) = store else {
            return Err(wrong("the URL names none: entries stay in the cache, or are not kept".into()));
        };
        match options.of_the_cache().or_else(|| self.clock.map(|_| "clock")) {
            None => Ok(backend),
            Some(name) => {
                Err(wrong(format!("{name} is not for a backend; give it to the builder of the cache")))
            }
        }
    }
}

fn namespace(options: &Options) -> Namespace {
    let given = options.namespace.as_deref();
    given.map_or_else(Namespace::default, |name| Namespace::new(name).expect("it was checked"))
}

fn policy(options: &Options) -> Policy {
    let mut policy = Policy::default();
    policy.ttl = options.ttl.map_or(policy.ttl, |ttl| Ttl::new(ttl).expect("it was checked"));
    policy.jitter = options.jitter.map_or(policy.jitter, Jitter::part);
    policy.patience = options.patience.unwrap_or(policy.patience);
    policy.lease = options.lease.unwrap_or(policy.lease);
    policy
}

fn packing(options: &Options) -> Packing {
    let value_limit = options.value_limit.unwrap_or(DEFAULT_VALUE_LIMIT);
    Packing {
        codec: options.codec.unwrap_or_default(),
        compression: options.compression.unwrap_or_default(),
        max_bytes: usize::try_from(value_limit).unwrap_or(usize::MAX),
    }
}

impl<M: Mode> fmt::Debug for Builder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, given, .. } = self;
        f.debug_struct("Builder").field("place", place).field("given", given).finish_non_exhaustive()
    }
}
