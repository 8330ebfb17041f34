//! Where the caches of the first suite keep their entries, and caches that begin with nothing there.
//! Leaves to `asked` how they are spoken to.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use hermes::{Builder, Cache};

use super::{asked::AskedCache, voice::Voice};
use crate::patience::PATIENCE;

/// Where caches keep their entries: what a suite of behaviour is run on.
///
/// ```
/// use hermes_testkit::conformance::Place;
///
/// let memory = Place::private(|builder| builder.url("memory://"));
/// let server = Place::shared(|builder| builder.url("redis://127.0.0.1"));
/// ```
///
/// Each story builds its caches with namespaces of their own: what else lies in the place does no harm, and what the
/// stories leave there ends with its ttl, within an hour.
pub struct Place {
    keep_there: Box<dyn Fn(Builder) -> Builder>,
    is_shared: bool,
    voice: Voice,
}

impl Place {
    /// A place that caches share which are built alike, as a server is.
    pub fn shared(keep_there: impl Fn(Builder) -> Builder + 'static) -> Self {
        Self { keep_there: Box::new(keep_there), is_shared: true, voice: Voice::Blocking }
    }

    /// A place that each cache has for itself.
    pub fn private(keep_there: impl Fn(Builder) -> Builder + 'static) -> Self {
        Self { is_shared: false, ..Self::shared(keep_there) }
    }

    /// The same, spoken to from tasks.
    #[cfg(feature = "async")]
    #[doc(hidden)]
    #[must_use]
    pub fn in_tasks(self) -> Self {
        Self { voice: Voice::InTasks, ..self }
    }

    /// Whether two caches of one namespace have the same entries.
    pub(super) fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// A cache without entries.
    pub(super) fn cache(&self) -> AskedCache {
        self.cache_in(&fresh_namespace())
    }

    /// A cache of this namespace.
    pub(super) fn cache_in(&self, namespace: &str) -> AskedCache {
        self.cache_with(|builder| builder.namespace(namespace))
    }

    /// A cache without entries, but for what is said of it.
    pub(super) fn cache_with(&self, say: impl FnOnce(Builder) -> Builder) -> AskedCache {
        // What ends a wait in a story that goes well is never the end of patience, nor a busy machine. One that goes
        // wrong ends all the same.
        let patient = Cache::builder()
            .namespace(&fresh_namespace())
            .patience(2 * PATIENCE)
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(10));
        let cache = (self.keep_there)(say(patient)).build();
        AskedCache::new(cache.expect("the place is one for a cache"), self.voice)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keep_there: _, is_shared, voice } = self;
        f.debug_struct("Place").field("is_shared", is_shared).field("voice", voice).finish_non_exhaustive()
    }
}

/// A namespace that nobody has had.
pub(super) fn fresh_namespace() -> String {
    // The standard library draws the keys of its hash maps at random.
    format!("conformance-{:016x}", RandomState::new().hash_one(()))
}
