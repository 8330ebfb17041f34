//! What a cache asks of a place outside this process that keeps entries: for those who write one.
//! Leaves what is asked, and when, to the protocol.

#[cfg(any(feature = "redis", feature = "memcached"))]
pub(crate) mod breaker;
#[cfg(any(feature = "redis", feature = "memcached"))]
pub(crate) mod idle;
#[cfg(all(any(feature = "redis", feature = "memcached"), feature = "async"))]
pub(crate) mod runtimes;
#[cfg(any(feature = "redis", feature = "memcached"))]
pub(crate) mod settings;

use std::{error, fmt, future::Future, pin::Pin, sync::Arc};

pub use hermescache_protocol::{
    Arguments, Bucket, Buckets, CodecId, Codecs, Command, Committed, Entry, Fault, Flags, History, Key,
    Lease, LeaseRecord, Leaving, Manner, Match, NamesDigest, Namespace, Payload, Point, Purpose, Reading,
    Reply, Sight, Tag, TagVersion, Tags, Target, Token, Ttl, Value, Verdict, Versions, View, WireError,
    decode_entry, decode_entry_head, decode_lease, encode_entry, encode_lease,
};

use crate::error::ErrorKind;

/// A future that a [`Backend`] answers with.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A place that keeps entries, leases and tag versions: it carries out commands, one by one and atomically, and
/// decides nothing.
///
/// What each [`Command`] means, and which of its parts have to happen in which order, is said there. A
/// backend holds the rules that keep the cache's promises:
///
/// - An acquire reaches the servers **once**. What timed out may still take effect, so it is not sent again, unless a
///   reply proves that nothing was done. What only compares a token (commit, release, renew), reads or deletes may be
///   repeated.
/// - Nothing is read from a replica.
/// - The [`History`] that a reply tells changes whenever the server may have lost something that it acknowledged.
/// - Waiting is bounded: no answer in time is [`BackendError::timeout`].
///
/// `hermescache-testkit` checks an implementation against these, and its `ModelBackend` is the shortest one there is. One that counts
/// what it hands on to another:
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
/// use hermes::{Cache, backend::{Backend, BackendError, Buckets, Command, Listed, Namespace, Reply}};
/// use hermes_testkit::ModelBackend;
///
/// #[derive(Debug)]
/// struct Counted<B> {
///     inner: B,
///     asked: Arc<AtomicU64>,
/// }
///
/// impl<B: Backend> Backend for Counted<B> {
///     fn buckets(&self) -> Buckets {
///         self.inner.buckets()
///     }
///
///     fn execute(&self, command: &Command) -> Result<Reply, BackendError> {
///         self.asked.fetch_add(1, Ordering::Relaxed);
///         self.inner.execute(command)
///     }
///
///     fn list(&self, namespace: &Namespace) -> Result<Vec<Listed>, BackendError> {
///         self.inner.list(namespace)
///     }
/// }
///
/// let asked = Arc::new(AtomicU64::new(0));
/// let counted = Counted { inner: ModelBackend::new(), asked: Arc::clone(&asked) };
/// let cache = Cache::builder().backend(counted).build()?;
///
/// cache.entry("k").get_or_compute(|| 1);
/// assert_eq!(asked.swap(0, Ordering::Relaxed), 3); // fetch, acquire, commit
/// cache.entry("k").get_or_compute(|| 2);
/// assert_eq!(asked.swap(0, Ordering::Relaxed), 1); // fetch
/// # Ok::<(), hermes::Error>(())
/// ```
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// How many buckets keys are spread over. It is part of the stored format, and never changes.
    fn buckets(&self) -> Buckets {
        Buckets::One
    }

    /// Carries out one command, and blocks until it is answered. Needs no runtime.
    ///
    /// # Errors
    /// [`BackendError`] says whether the command may have taken effect.
    fn execute(&self, command: &Command) -> Result<Reply, BackendError>;

    /// Carries out several commands that need no order: at once, where that is possible.
    ///
    /// There is one answer to each, in the order of the commands. Each is carried out by itself, whatever becomes of
    /// the others: together they are not atomic. Unless it is overridden, it carries out one after the other, so that
    /// a clean takes as many round trips as there are [`buckets`](Self::buckets).
    ///
    /// # Errors
    /// Each command has its own, as for [`execute`](Self::execute).
    fn execute_all(&self, commands: &[Command]) -> Vec<Result<Reply, BackendError>> {
        commands.iter().map(|command| self.execute(command)).collect()
    }

    /// [`execute`](Self::execute) for a task. Unless it is overridden, it blocks the task's thread.
    ///
    /// # Errors
    /// As for [`execute`](Self::execute).
    fn execute_async<'a>(&'a self, command: &'a Command) -> Answer<'a, Result<Reply, BackendError>> {
        Box::pin(async move { self.execute(command) })
    }

    /// [`execute_all`](Self::execute_all) for a task. Unless it is overridden, it carries out one after the other by
    /// [`execute_async`](Self::execute_async).
    ///
    /// # Errors
    /// Each command has its own, as for [`execute`](Self::execute).
    fn execute_all_async<'a>(
        &'a self,
        commands: &'a [Command],
    ) -> Answer<'a, Vec<Result<Reply, BackendError>>> {
        Box::pin(async move {
            let mut answers = Vec::with_capacity(commands.len());
            for command in commands {
                answers.push(self.execute_async(command).await);
            }
            answers
        })
    }

    /// Lists the entries and the tag versions of a namespace, for people: it may be slow, and what comes or goes
    /// meanwhile may be listed or not.
    ///
    /// # Errors
    /// [`BackendError`] where a server could not be asked.
    fn list(&self, namespace: &Namespace) -> Result<Vec<Listed>, BackendError>;

    /// [`list`](Self::list) for a task. Unless it is overridden, it blocks the task's thread.
    ///
    /// # Errors
    /// As for [`list`](Self::list).
    fn list_async<'a>(&'a self, namespace: &'a Namespace) -> Answer<'a, Result<Vec<Listed>, BackendError>> {
        Box::pin(async move { self.list(namespace) })
    }
}

/// A backend that was chosen at run time, such as one from [`Builder::open_backend`](crate::Builder::open_backend).
impl<B: Backend + ?Sized> Backend for Box<B> {
    fn buckets(&self) -> Buckets {
        (**self).buckets()
    }

    fn execute(&self, command: &Command) -> Result<Reply, BackendError> {
        (**self).execute(command)
    }

    fn execute_all(&self, commands: &[Command]) -> Vec<Result<Reply, BackendError>> {
        (**self).execute_all(commands)
    }

    fn execute_async<'a>(&'a self, command: &'a Command) -> Answer<'a, Result<Reply, BackendError>> {
        (**self).execute_async(command)
    }

    fn execute_all_async<'a>(
        &'a self,
        commands: &'a [Command],
    ) -> Answer<'a, Vec<Result<Reply, BackendError>>> {
        (**self).execute_all_async(commands)
    }

    fn list(&self, namespace: &Namespace) -> Result<Vec<Listed>, BackendError> {
        (**self).list(namespace)
    }

    fn list_async<'a>(&'a self, namespace: &'a Namespace) -> Answer<'a, Result<Vec<Listed>, BackendError>> {
        (**self).list_async(namespace)
    }
}

/// An entry or a tag version as a backend lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "backends outside of this crate build it")]
pub struct Listed {
    /// What the backend calls it.
    pub name: String,
    /// Its bytes, or the first of them: a tag's version, or at least the head of an entry.
    pub head: Vec<u8>,
    /// How many bytes it has.
    pub len_bytes: u64,
    /// The history of the server that told it.
    pub history: History,
}

/// Why a backend has no answer. A clone is for another command that met the same fate.
///
/// ```
/// use hermes::{ErrorKind, backend::{BackendError, Fault}};
///
/// let refused = BackendError::not_done("the server is read-only");
/// assert_eq!((refused.fault(), refused.kind()), (Fault::NotDone, ErrorKind::Backend));
///
/// let silent = BackendError::timeout("no answer in 250 ms");
/// assert_eq!((silent.fault(), silent.kind()), (Fault::Unknown, ErrorKind::Timeout));
/// ```
#[derive(Debug, Clone)]
pub struct BackendError {
    fault: Fault,
    kind: ErrorKind,
    source: Arc<dyn error::Error + Send + Sync>,
}

impl BackendError {
    /// The command has not taken effect and never will: it was not sent, or a server refused it.
    pub fn not_done(source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self { fault: Fault::NotDone, kind: ErrorKind::Backend, source: source.into().into() }
    }

    /// The command may have taken effect, and may yet.
    pub fn unknown(source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self { fault: Fault::Unknown, kind: ErrorKind::Backend, source: source.into().into() }
    }

    /// No answer came in time. The command may have taken effect, and may yet.
    pub fn timeout(source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self { fault: Fault::Unknown, kind: ErrorKind::Timeout, source: source.into().into() }
    }

    /// The command could not be sent in time, for want of a connection. It has not taken effect and never will.
    pub fn not_sent_in_time(source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self { fault: Fault::NotDone, kind: ErrorKind::Timeout, source: source.into().into() }
    }

    /// The same for a command that was not sent on account of it.
    #[cfg(feature = "redis")]
    pub(crate) fn before_sending(self) -> Self {
        Self { fault: Fault::NotDone, ..self }
    }

    /// The same for a command that was sent before this was known.
    #[cfg(feature = "redis")]
    pub(crate) fn after_sending(self) -> Self {
        Self { fault: Fault::Unknown, ..self }
    }

    /// Whether the command may have taken effect.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// [`ErrorKind::Timeout`] or [`ErrorKind::Backend`].
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl error::Error for BackendError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.source()
    }
}
