//! What an explanation of a hit or a miss says, to programs and to people.
//! Leaves the finding out to `call`.

use std::{fmt, time::Duration};

pub use hermescache_protocol::Leader;
use hermescache_protocol::{Point, Reason, Tag, WireError};

use crate::error::Error;

/// What a call would get from the cache now, and why: from [`Entry::explain`](crate::Entry::explain) or the companion
/// `explain` of a cached function. `Display` is a sentence.
///
/// ```
/// use hermes::{Cache, Cleaned, Explanation, Leader, Why};
///
/// let cache = Cache::from_url("memory://")?;
/// let price = cache.entry("price").tags(["book:7", "prices"]);
/// assert_eq!(
///     price.explain::<u64>().to_string(),
///     "a miss: nothing is stored, as it never was, or was invalidated, evicted, or taken out after it was cleaned or expired; \
///      nobody computes it now"
/// );
///
/// price.set(9_u64)?;
/// assert!(matches!(price.explain::<u64>(), Explanation::Hit { .. }));
///
/// cache.clean(["book:7"])?;
/// let Explanation::Miss { why, leader } = price.explain::<u64>() else { panic!("it was cleaned") };
/// assert_eq!((&why, leader), (&Why::Cleaned(vec![Cleaned::Tag("book:7".into())]), Leader::Nobody));
/// assert_eq!(why.to_string(), "the tag \"book:7\" was cleaned since the value was computed");
/// # Ok::<(), hermes::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Explanation {
    /// The stored value.
    Hit {
        /// How long it will live, unless it is cleaned, invalidated or evicted before.
        ttl_left: Duration,
    },
    /// A computed value.
    Miss {
        /// Why no stored value is served: the first of the reasons that holds.
        why: Why,
        /// Who computes one now.
        leader: Leader,
    },
    /// A value that it computes for itself, for the cache cannot take part: the server gave no answer, an argument cannot be
    /// part of a key, two functions have one name, or the cache is `noop://`.
    Uncached(Error),
}

/// Why a stored value is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// Nothing is stored: it never was, or it was invalidated, evicted, or taken out after it was cleaned or expired, by whoever
    /// came by.
    Absent,
    /// It was stored by a version of Hermes that writes this other format.
    OtherFormat(u8),
    /// It cannot be decoded, as this text says: bytes of something else, a codec that this build lacks, another type. The
    /// words are the codec's, which may quote the value: JSON's do.
    Undecodable(String),
    /// It was stored under other tags than the call's: by code of before or after a deploy, or under another entry's tags.
    OtherTags,
    /// It was stored before the server restarted or another took over, and is not trusted: an invalidation may have been lost.
    OtherHistory,
    /// These were cleaned since the value was computed. On a server, one whose version was evicted counts as cleaned.
    Cleaned(Vec<Cleaned>),
    /// Its ttl ended so long ago. A server has mostly dropped it by then.
    Expired(Duration),
}

/// What was cleaned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cleaned {
    /// The whole cache, by `clean_all`.
    Everything,
    /// The function, by `clear`.
    Function,
    /// This tag. On a server, a text that cannot stand in a name (long, or with blanks) is told by its digest, as in
    /// [`Cache::dump`](crate::Cache::dump).
    Tag(String),
}

impl Cleaned {
    /// A tag of a call of this function.
    fn of(tag: &Tag, function: &Point) -> Self {
        match tag.user_text() {
            // Its text may be a digest, as a user's.
            _ if *tag == Tag::point(function) => Self::Function,
            Some(text) => Self::Tag(text.to_owned()),
            None => Self::Everything,
        }
    }
}

impl Why {
    /// Why a call of this function is a miss.
    pub(crate) fn of(reason: Reason, function: &Point) -> Self {
        match reason {
            Reason::Unreadable(WireError::Format(format)) => Self::OtherFormat(format),
            Reason::Unreadable(why) => Self::Undecodable(why.to_string()),
            Reason::OtherCodec(codec) => {
                Self::Undecodable(format!("this build cannot read the codec {}", codec.0))
            }
            Reason::OtherTags => Self::OtherTags,
            Reason::OtherHistory => Self::OtherHistory,
            Reason::Cleaned(tags) => {
                Self::Cleaned(tags.iter().map(|tag| Cleaned::of(tag, function)).collect())
            }
            Reason::Expired(since) => Self::Expired(since),
            // What else there may be one day leaves nothing to serve.
            _ => Self::Absent,
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hit { ttl_left } => write!(f, "a hit: it lives for another {ttl_left:.1?}"),
            Self::Miss { why, leader } => write!(f, "a miss: {why}; {leader}"),
            Self::Uncached(error) => write!(f, "computed without the cache: {error}"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str(
                "nothing is stored, as it never was, or was invalidated, evicted, or taken out after it was cleaned or expired",
            ),
            Self::OtherFormat(format) => {
                write!(f, "what is stored has the format {format} of another version of Hermes")
            }
            Self::Undecodable(why) => write!(f, "what is stored cannot be decoded: {why}"),
            Self::OtherTags => f.write_str("it was stored under other tags than this call's"),
            Self::OtherHistory => {
                f.write_str("it was stored before the server restarted or another took over")
            }
            Self::Cleaned(cleaned) => {
                let what = cleaned.iter().map(Cleaned::to_string).collect::<Vec<_>>().join(" and ");
                let were = if cleaned.len() == 1 { "was" } else { "were" };
                write!(f, "{what} {were} cleaned since the value was computed")
            }
            Self::Expired(since) => write!(f, "its ttl ended {since:.1?} ago"),
        }
    }
}

impl fmt::Display for Cleaned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("the whole cache"),
            Self::Function => f.write_str("the function"),
            Self::Tag(text) => write!(f, "the tag {text:?}"),
        }
    }
}
