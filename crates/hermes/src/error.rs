//! The one error that users meet.
//! Rooms keep small errors of their own; they become this one at the cache's door.

use std::{error, fmt};

use crate::backend::BackendError;

/// What went wrong, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The cache, or the use of it, is set up wrongly: an option, a URL, two functions with one name.
    Config,
    /// A server answered with an error, or could not be reached.
    Backend,
    /// A server did not answer in time, or was not connected to in time.
    Timeout,
    /// What a call was given cannot be used: an argument that cannot be part of a key; for a `set`, a ttl that is not
    /// between 1 ms and 100 years, or a value that cannot be stored because it does not serialize or is too large.
    Argument,
}

/// What went wrong, while doing what, and why.
///
/// `Display` is for people, [`kind`](Self::kind) for programs, and
/// [`source`](error::Error::source) is the cause where there is one.
///
/// ```
/// use hermes::{Cache, ErrorKind};
///
/// let error = Cache::from_url("memory://?capacity=0").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Config);
/// assert_eq!(error.to_string(), "reading the URL \"memory://?capacity=0\": capacity is 0; it takes at least 1");
/// ```
pub struct Error {
    kind: ErrorKind,
    doing: String,
    source: Box<dyn error::Error + Send + Sync>,
}

impl Error {
    pub(crate) fn new(
        kind: ErrorKind,
        doing: impl Into<String>,
        source: impl Into<Box<dyn error::Error + Send + Sync>>,
    ) -> Self {
        Self { kind, doing: doing.into(), source: source.into() }
    }

    pub(crate) fn config(
        doing: impl Into<String>,
        source: impl Into<Box<dyn error::Error + Send + Sync>>,
    ) -> Self {
        Self::new(ErrorKind::Config, doing, source)
    }

    pub(crate) fn argument(
        doing: impl Into<String>,
        source: impl Into<Box<dyn error::Error + Send + Sync>>,
    ) -> Self {
        Self::new(ErrorKind::Argument, doing, source)
    }

    pub(crate) fn backend(doing: impl Into<String>, source: BackendError) -> Self {
        Self::new(source.kind(), doing, source)
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, self.source)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.kind)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&*self.source)
    }
}
