//! What is stored: an entry with its payload, and the lease that gives the right to store one.
//! Leaves their bytes to `wire`.

use alloc::{sync::Arc, vec::Vec};
use core::{fmt, ops::Deref, time::Duration};

use crate::{
    moment::Moment,
    nonce::Token,
    policy::Ttl,
    tag::Tags,
    versions::{Match, Reading, Versions},
};

/// Encoded bytes of a value. Cheap to clone; `Debug` shows the size only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Payload(Arc<[u8]>);

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::from(bytes))
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        Self(Arc::from(bytes))
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Says by which codec a payload was written. The numbers are the driver's, and part of the stored format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "finished: a number")]
pub struct CodecId(pub u8);

/// The codecs whose entries a reader understands: a set of the numbers 0 to 63.
///
/// ```
/// use hermescache_protocol::{CodecId, Codecs};
///
/// let known = Codecs::none().with(CodecId(1)).with(CodecId(17));
/// assert!(known.contains(CodecId(17)));
/// assert!(!known.contains(CodecId(2)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Codecs(u64);

impl Codecs {
    /// No codec.
    #[must_use]
    pub const fn none() -> Self {
        Self(0)
    }

    /// These and one more. A number above 63 is not added: no reader can say that it understands it.
    #[must_use]
    pub const fn with(self, codec: CodecId) -> Self {
        Self(self.0 | Self::bit(codec))
    }

    /// Whether an entry of this codec is understood.
    #[must_use]
    pub const fn contains(self, codec: CodecId) -> bool {
        self.0 & Self::bit(codec) != 0
    }

    const fn bit(codec: CodecId) -> u64 {
        if codec.0 < 64 { 1 << codec.0 } else { 0 }
    }
}

/// Properties of an entry that later versions of this crate may set.
///
/// The low eight may be ignored by a reader who does not know them. The high eight may not: such an entry is a miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u16);

impl Flags {
    const MUST_KNOW: u16 = 0xff00;

    /// Flags read back from a server, or `None` where a reader must know one that this crate does not.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Option<Self> {
        if bits & Self::MUST_KNOW == 0 { Some(Self(bits)) } else { None }
    }

    /// The bits to store.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }
}

/// A stored value and what says whether it may be served.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Entry {
    /// The token under which it was committed: tells one entry of a key from the next.
    pub id: Token,
    /// By which codec the payload was written.
    pub codec: CodecId,
    /// Properties.
    pub flags: Flags,
    /// The versions read before the value was computed.
    pub versions: Versions,
    /// When it was stored, by its writer's clock; whole milliseconds once stored.
    pub created: Moment,
    /// How long it may be served; whole milliseconds once stored.
    pub ttl: Ttl,
    /// How long the computation took; whole microseconds once stored.
    pub compute: Duration,
    /// The value.
    pub payload: Payload,
}

impl Entry {
    /// An entry, to be committed under `id`.
    #[must_use]
    pub fn new(id: Token, versions: Versions, value: Value, created: Moment, compute: Duration) -> Self {
        let Value { codec, payload, ttl } = value;
        Self { id, codec, flags: Flags::default(), versions, created, ttl, compute, payload }
    }

    /// Whether a caller with these tags, who reads these codecs, may be served, at `now` and by a server that told `reading`.
    #[must_use]
    pub fn verdict(&self, now: Moment, tags: &Tags, readable: Codecs, reading: &Reading) -> Verdict {
        if !readable.contains(self.codec) {
            return Verdict::OtherCodec;
        }
        match self.versions.compare(tags, reading) {
            Match::OtherNames => Verdict::OtherTags,
            Match::Gone => Verdict::Gone,
            Match::Alive if now.since(self.created) >= self.ttl.get() => Verdict::Expired,
            Match::Alive => Verdict::Hit,
        }
    }
}

/// Whether an entry may be served, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It may be served.
    Hit,
    /// It was written by a codec that the caller cannot read.
    OtherCodec,
    /// It carries other tags than the caller's.
    OtherTags,
    /// A tag that it carries was cleaned, or its version lost, or the server's history is another. It is never served again.
    Gone,
    /// Its ttl has ended.
    Expired,
}

/// A value that may be stored: what a loader gives for an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "finished: a value, how to read it and how long it lasts")]
pub struct Value {
    /// By which codec the payload was written.
    pub codec: CodecId,
    /// The encoded value.
    pub payload: Payload,
    /// How long it may be served.
    pub ttl: Ttl,
}

/// The right to compute and store the value of one key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "finished: part of the stored format")]
pub struct Lease {
    /// Who holds it.
    pub token: Token,
    /// The versions it was taken under. When they are gone, so is the use of its holder's computation.
    pub versions: Versions,
}
