//! Keys in process: compared byte for byte, never by digest.
//! Leaves the encoding of arguments to the protocol.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use quick_cache::Equivalent;

use crate::site::SiteId;

/// Encoded arguments of up to this many bytes are stored without an allocation: two integers of 64 bits, or one
/// and a short string. It is what fits into 24 bytes beside the rest.
const INLINE_BYTES: usize = 18;

/// What is looked up: a function and its encoded arguments, borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup<'a> {
    pub(crate) site: SiteId,
    pub(crate) arguments: &'a [u8],
}

/// What is kept: the same, owned. Which of the two it is follows from the length, so equality can be derived.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum StoreKey {
    Inline { site: SiteId, len: u8, bytes: [u8; INLINE_BYTES] },
    Shared { site: SiteId, bytes: Arc<[u8]> },
}

impl StoreKey {
    #[inline]
    pub(crate) fn as_lookup(&self) -> Lookup<'_> {
        match self {
            Self::Inline { site, len, bytes } => {
                Lookup { site: *site, arguments: &bytes[..usize::from(*len)] }
            }
            Self::Shared { site, bytes } => Lookup { site: *site, arguments: bytes },
        }
    }
}

impl From<Lookup<'_>> for StoreKey {
    fn from(Lookup { site, arguments }: Lookup<'_>) -> Self {
        if arguments.len() <= INLINE_BYTES {
            let mut bytes = [0; INLINE_BYTES];
            bytes[..arguments.len()].copy_from_slice(arguments);
            Self::Inline { site, len: arguments.len() as u8, bytes }
        } else {
            Self::Shared { site, bytes: Arc::from(arguments) }
        }
    }
}

impl Hash for Lookup<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.site.hash(state);
        state.write(self.arguments);
    }
}

impl Hash for StoreKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_lookup().hash(state);
    }
}

impl Equivalent<StoreKey> for Lookup<'_> {
    #[inline]
    fn equivalent(&self, key: &StoreKey) -> bool {
        let other = key.as_lookup();
        self.site == other.site && self.arguments == other.arguments
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_lookup().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_takes_24_bytes() {
        assert_eq!(size_of::<StoreKey>(), 24);
    }

    #[test]
    fn short_and_long_keys_equal_their_lookups_only() {
        let texts: [&[u8]; 4] = [b"", b"short", &[7; INLINE_BYTES], &[7; INLINE_BYTES + 1]];
        for text in texts {
            let lookup = Lookup { site: SiteId::from(3), arguments: text };
            let key = StoreKey::from(lookup);
            assert!(lookup.equivalent(&key));
            assert!(!Lookup { site: SiteId::from(4), ..lookup }.equivalent(&key));
            assert!(!Lookup { arguments: b"other", ..lookup }.equivalent(&key));
        }
    }
}
