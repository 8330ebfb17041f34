//! What the protocol asks of a backend, and what a backend may answer.
//! Leaves the translation to each backend, and the decision what to ask to `read` and `invalidate`.

use alloc::{sync::Arc, vec::Vec};
use core::{fmt, time::Duration};

use crate::{
    bucket::{Bucket, Buckets},
    entry::{Entry, Lease},
    key::{Key, Namespace},
    nonce::{TagVersion, Token},
    tag::{Tag, Tags},
    versions::Reading,
    wire::WireError,
};

/// The key that a command is about, and the tags whose versions it reads.
#[derive(Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "finished: what a call names")]
pub struct Target {
    /// The key.
    pub key: Key,
    /// Its tags.
    pub tags: Tags,
}

/// One request to a backend. Everything it touches lies in one bucket.
///
/// An acquire reaches the servers once: the values drawn for it may still take effect after a time-out, so a backend
/// repeats it only after a reply that proves that nothing was done. The other commands read, delete, or do something
/// only as long as a token is the lease's; they may be repeated where an answer did not come. Where none comes at all,
/// a backend reports [`Fault::Unknown`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Command {
    /// Read entry and versions, and the lease where `purpose` needs it. Answer: [`Reply::Fetched`].
    Fetch {
        /// What to read.
        target: Arc<Target>,
        /// What the answer is for.
        purpose: Purpose,
        /// How long the lease lives without being renewed, if it is taken.
        lease: Duration,
        /// How long versions live at least, if they are created.
        tag_life: Duration,
    },
    /// In this order: create the absent versions, take the lease as `manner` allows, read entry, lease and
    /// versions. Answer: [`Reply::Acquired`].
    Acquire {
        /// What to take.
        target: Arc<Target>,
        /// The token to take it with.
        token: Token,
        /// A new version for each tag, used where the tag has none.
        fresh: Vec<TagVersion>,
        /// Which leases may be taken.
        manner: Manner,
        /// How long the lease lives without being renewed.
        lease: Duration,
        /// How long the versions live at least from now.
        tag_life: Duration,
    },
    /// If the lease is held by the token `entry.id`: write the entry and drop the lease, also where the write
    /// fails. Else nothing. Answer: [`Reply::Committed`]. One that is repeated after it took effect is
    /// [`Committed::Fenced`], whatever the first one was.
    Commit {
        /// Where to write.
        target: Arc<Target>,
        /// What to write, and under which token.
        entry: Entry,
        /// How long the versions live at least from now.
        tag_life: Duration,
    },
    /// If the lease is held by `token`: drop it. Answer: [`Reply::Done`], whether or not it was held.
    Release {
        /// What to release.
        target: Arc<Target>,
        /// Who holds it.
        token: Token,
        /// What to put in its place.
        leaving: Leaving,
    },
    /// If the lease is held by `token`: let it live for another `lease`. A lease that was lost is not taken
    /// again. Answer: [`Reply::Renewed`].
    Renew {
        /// What to renew.
        target: Arc<Target>,
        /// Who holds it.
        token: Token,
        /// How long it lives from now.
        lease: Duration,
    },
    /// Delete lease and entry, at once or in this order. Answer: [`Reply::Done`].
    Invalidate {
        /// What to delete.
        key: Key,
    },
    /// Delete one bucket's versions of these tags. Answer: [`Reply::Done`].
    Clean {
        /// Whose tags.
        namespace: Namespace,
        /// Which copy of the versions.
        bucket: Bucket,
        /// Which tags.
        tags: Arc<[Tag]>,
    },
}

impl Command {
    /// The bucket that everything it touches lies in.
    #[must_use]
    pub fn bucket(&self, buckets: Buckets) -> Bucket {
        match self {
            Self::Fetch { target, .. }
            | Self::Acquire { target, .. }
            | Self::Commit { target, .. }
            | Self::Release { target, .. }
            | Self::Renew { target, .. } => target.key.bucket(buckets),
            Self::Invalidate { key } => key.bucket(buckets),
            Self::Clean { bucket, .. } => *bucket,
        }
    }

    /// What it is called in metrics and traces: `fetch`, `acquire`, `commit`, `release`, `renew`, `invalidate` or `clean`.
    ///
    /// ```
    /// use hermescache_protocol::{Arguments, Command, Key, Namespace, Point};
    ///
    /// let key = Key::new(&Namespace::default(), &Point::entry(), &Arguments::new());
    /// assert_eq!(Command::Invalidate { key }.name(), "invalidate");
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fetch { .. } => "fetch",
            Self::Acquire { .. } => "acquire",
            Self::Commit { .. } => "commit",
            Self::Release { .. } => "release",
            Self::Renew { .. } => "renew",
            Self::Invalidate { .. } => "invalidate",
            Self::Clean { .. } => "clean",
        }
    }

    /// The key that it is about; none of a clean.
    ///
    /// ```
    /// use hermescache_protocol::{Arguments, Command, Key, Namespace, Point};
    ///
    /// let key = Key::new(&Namespace::default(), &Point::entry(), &Arguments::new());
    /// assert_eq!(Command::Invalidate { key: key.clone() }.key(), Some(&key));
    /// ```
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Fetch { target, .. }
            | Self::Acquire { target, .. }
            | Self::Commit { target, .. }
            | Self::Release { target, .. }
            | Self::Renew { target, .. } => Some(&target.key),
            Self::Invalidate { key } => Some(key),
            Self::Clean { .. } => None,
        }
    }

    /// Whether it may be sent again when nobody knows what became of it. An acquire may not: the first one may yet take
    /// effect, and would take the lease for the same token once more.
    #[must_use]
    pub fn may_be_sent_again(&self) -> bool {
        !matches!(self, Self::Acquire { .. })
    }

    /// Whether it passes an open breaker: an invalidation that did not happen must not look as if it had.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        matches!(self, Self::Invalidate { .. } | Self::Clean { .. })
    }
}

/// What a fetch is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "finished: a fetch may claim, must tell the lease, or neither")]
pub enum Purpose {
    /// To look only. It never takes a lease, and the lease is not asked for.
    Peek,
    /// To serve a call. Where there is neither a lease nor an entry under versions that live, it may take the lease
    /// ([`Sight::Won`]) and create the versions that are absent; the lease need not be told.
    Read,
    /// To serve those who wait, and people who ask. It never takes a lease, and the lease must be told.
    Follow,
}

/// Which leases an acquire may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "finished: all ways to come to a lease")]
pub enum Manner {
    /// One that nobody has, or that was taken for the same tags under versions that are gone.
    Polite,
    /// Any: whoever computes now is fenced.
    Forced,
    /// The one that a fetch has won with this token; only the versions are missing. If it was lost since: as polite.
    Held,
}

/// What a release puts in the place of the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "finished: part of the stored format")]
pub enum Leaving {
    /// Nothing.
    Nothing,
    /// For this long, the word that waiting is of no use: the value cannot be stored.
    Pass(Duration),
}

/// A backend's answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reply {
    /// To [`Command::Fetch`].
    Fetched(View),
    /// To [`Command::Acquire`]; the lease of its view says who has it now.
    Acquired(View),
    /// To [`Command::Commit`].
    Committed(Committed),
    /// To [`Command::Renew`]: the token that holds the lease from now on (the same, where tokens are the
    /// protocol's own), or `None` where the lease was lost.
    Renewed(Option<Token>),
    /// To every other command.
    Done,
}

/// What lies in the place of a key, read at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "finished: all that a key has")]
pub struct View {
    /// The entry, if one could be decoded. Bytes that cannot are no entry.
    pub entry: Option<Entry>,
    /// Why the bytes that lie in its place are none, if there are such: for people, no call asks.
    pub unreadable: Option<WireError>,
    /// The lease.
    pub lease: Sight,
    /// The versions of the tags, in their order.
    pub versions: Reading,
}

/// What a reply says of the lease.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "finished: all that a lease can be")]
pub enum Sight {
    /// It was not read.
    NotAsked,
    /// Nobody holds it.
    Free,
    /// It holds the word that waiting is of no use.
    Pass,
    /// Another holds it, or held it when this was read.
    Held(Lease),
    /// The caller itself has just won it, under this token.
    Won(Token),
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "finished: all that a commit can do")]
pub enum Committed {
    /// The entry is stored and the lease dropped.
    Stored,
    /// Another holds the lease, or nobody: nothing was written.
    Fenced,
    /// The server refused to write (full, too large); the lease is dropped.
    Refused,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "finished: it was done, it was not, or nobody knows")]
pub enum Fault {
    /// No answer came, or one that makes no sense. The command may have taken effect, and may yet.
    Unknown,
    /// The command has not taken effect and never will: it was not sent, or a server refused it.
    NotDone,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no answer: the command may have taken effect",
            Self::NotDone => "the command was not carried out",
        })
    }
}

impl core::error::Error for Fault {}
