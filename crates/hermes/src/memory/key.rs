//! Keys in process: found by a hash, compared byte for byte, never by digest.
//! Leaves the encoding of arguments to the protocol.

use std::{
    fmt,
    hash::{BuildHasher, Hash, Hasher},
    sync::Arc,
};

use hermescache_protocol::{Arguments, RunningHash, ShortArguments};
use quick_cache::Equivalent;

use crate::site::SiteId;

/// Encoded arguments of up to this many bytes are stored without an allocation: two integers of 64 bits, or one
/// and a string of 15 bytes. It is what fits into 32 bytes beside the rest.
const INLINE_BYTES: usize = 26;

const _: () = assert!(ShortArguments::MAX_BYTES <= INLINE_BYTES);

/// Whatever says which function is called with which arguments.
pub(crate) trait FindsEntry: Hash + Equivalent<StoreKey> {}

impl FindsEntry for Lookup<'_> {}
impl FindsEntry for ShortLookup {}
impl FindsEntry for HashedKey {}
impl FindsEntry for StoreKey {}

/// What a call looks up. The arguments were hashed as they were encoded, under the seed of the function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup<'a> {
    pub(crate) site: SiteId,
    pub(crate) arguments: &'a Arguments,
}

/// What is kept: the same, owned. Which of the two it is follows from the length, so equality can be derived.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum StoreKey {
    Inline { site: SiteId, len: u8, padded: [u8; INLINE_BYTES] },
    Shared { site: SiteId, bytes: Arc<[u8]> },
}

impl StoreKey {
    pub(crate) fn site(&self) -> SiteId {
        match self {
            Self::Inline { site, .. } | Self::Shared { site, .. } => *site,
        }
    }

    pub(crate) fn arguments(&self) -> &[u8] {
        match self {
            Self::Inline { len, padded, .. } => &padded[..usize::from(*len)],
            Self::Shared { bytes, .. } => bytes,
        }
    }
}

impl From<Lookup<'_>> for StoreKey {
    fn from(Lookup { site, arguments }: Lookup<'_>) -> Self {
        let bytes = arguments.as_bytes();
        match arguments.padded() {
            Some(padded) => Self::Inline { site, len: bytes.len() as u8, padded: *padded },
            None => Self::Shared { site, bytes: Arc::from(bytes) },
        }
    }
}

impl Equivalent<StoreKey> for Lookup<'_> {
    #[inline]
    fn equivalent(&self, key: &StoreKey) -> bool {
        match key {
            // Arrays of known length are compared in registers.
            StoreKey::Inline { site, len, padded } => {
                self.site == *site
                    && self.arguments.len() == usize::from(*len)
                    && self.arguments.padded() == Some(padded)
            }
            StoreKey::Shared { site, bytes } => self.site == *site && *self.arguments.as_bytes() == **bytes,
        }
    }
}

/// What a call with a few numbers looks up: the same as a [`Lookup`], by value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShortLookup {
    hash: u64,
    site: SiteId,
    len: u8,
    words: [u64; 3],
}

impl ShortLookup {
    #[inline(always)]
    pub(crate) fn new(site: SiteId, arguments: &ShortArguments, seed: u64) -> Self {
        Self { hash: arguments.hash(seed), site, len: arguments.len() as u8, words: arguments.words() }
    }
}

impl Equivalent<StoreKey> for ShortLookup {
    #[inline(always)]
    fn equivalent(&self, key: &StoreKey) -> bool {
        let StoreKey::Inline { site, len, padded } = key else { return false };
        // What lies behind the words is zero in both, since the lengths are equal.
        let (words, _) = padded.as_chunks::<8>();
        self.site == *site
            && self.len == *len
            && words.iter().zip(self.words).all(|(bytes, word)| u64::from_le_bytes(*bytes) == word)
    }
}

impl Hash for ShortLookup {
    #[inline(always)]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Hash for Lookup<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.arguments.hash());
    }
}

impl Hash for StoreKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.site().hash(state);
        state.write(self.arguments());
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreKey({:?}, {} bytes)", self.site(), self.arguments().len())
    }
}

/// A key on its way through the tables of a store, each of which asks for its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HashedKey {
    hash: u64,
    key: StoreKey,
}

impl HashedKey {
    /// Which of so many shards it belongs to. Not by the bits that find its place in one.
    pub(crate) fn shard(&self, shards: usize) -> usize {
        (self.hash >> 32) as usize % shards
    }

    pub(crate) fn key(&self) -> &StoreKey {
        &self.key
    }
}

impl From<Lookup<'_>> for HashedKey {
    fn from(lookup: Lookup<'_>) -> Self {
        Self { hash: lookup.arguments.hash(), key: StoreKey::from(lookup) }
    }
}

impl Equivalent<StoreKey> for HashedKey {
    fn equivalent(&self, key: &StoreKey) -> bool {
        self.key == *key
    }
}

impl Hash for HashedKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Hashes the keys of one store, under a seed that nobody outside can know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyHasher {
    seed: u64,
}

impl KeyHasher {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed for the arguments of one function.
    #[inline]
    pub(crate) fn seed(self, site: SiteId) -> u64 {
        self.seed ^ u64::from(site.number()) << 32
    }
}

impl BuildHasher for KeyHasher {
    type Hasher = KeyHash;

    #[inline]
    fn build_hasher(&self) -> KeyHash {
        KeyHash { hasher: *self, hash: 0 }
    }
}

/// The hash of a key, whether it comes from a [`Lookup`] ready made or is made from a [`StoreKey`].
#[derive(Debug)]
pub(crate) struct KeyHash {
    hasher: KeyHasher,
    hash: u64,
}

impl Hasher for KeyHash {
    #[inline]
    fn write_u64(&mut self, hash: u64) {
        self.hash = hash;
    }

    fn write_u32(&mut self, site: u32) {
        self.hash = self.hasher.seed(SiteId::from(site));
    }

    fn write(&mut self, arguments: &[u8]) {
        let mut hash = RunningHash::new(self.hash);
        hash.write(arguments);
        self.hash = hash.finish();
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_takes_32_bytes() {
        assert_eq!(size_of::<StoreKey>(), 32);
    }

    #[test]
    fn a_key_equals_its_own_lookup_only_and_has_its_hash() {
        let hasher = KeyHasher::new(0x5eed);
        let texts =
            [String::new(), "short".into(), "s".repeat(14), "s".repeat(24), "s".repeat(25), "s".repeat(1000)];
        for text in texts {
            let encode = |site: SiteId, text: &str| {
                let mut arguments = Arguments::seeded(hasher.seed(site));
                arguments.push(text).unwrap();
                arguments
            };
            let (site, other_site) = (SiteId::from(3), SiteId::from(4));
            let (arguments, others) = (encode(site, &text), encode(site, "other"));
            let lookup = Lookup { site, arguments: &arguments };
            let key = StoreKey::from(lookup);
            let hashed = HashedKey::from(lookup);

            assert_eq!(hasher.hash_one(lookup), hasher.hash_one(&key));
            assert_eq!(hasher.hash_one(lookup), hasher.hash_one(&hashed));
            assert!(hashed.equivalent(&key));
            assert!(lookup.equivalent(&key));
            assert!(!Lookup { site: other_site, ..lookup }.equivalent(&key));
            assert!(!Lookup { arguments: &others, ..lookup }.equivalent(&key));
        }
    }
}
