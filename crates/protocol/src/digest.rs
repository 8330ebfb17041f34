//! Digests of what an attacker may pick: arguments, and texts that cannot stand in a name as they are.
//! Knows nothing of what is digested.

/// 160 bits of blake3: finding two inputs with one digest takes about 2^80 attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Digest([u8; 20]);

impl Digest {
    /// The digest of several byte strings, each with its length, so that none can run into the next.
    pub(crate) fn of<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Self {
        let mut gathered = Gathered { hasher: None, bytes: [0; GATHERED_BYTES], len: 0 };
        for part in parts {
            gathered.put(&(part.len() as u64).to_le_bytes());
            gathered.put(part);
        }
        let mut digest = [0; 20];
        digest.copy_from_slice(&gathered.hash().as_bytes()[..20]);
        Self(digest)
    }

    /// The bytes.
    pub(crate) fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// 32 characters of lower-case base32 (RFC 4648, no padding is needed for 20 bytes).
    pub(crate) fn text(self) -> DigestText {
        let mut text = [0; 32];
        for (group, letters) in self.0.chunks_exact(5).zip(text.chunks_exact_mut(8)) {
            let bits = group.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
            for (place, letter) in letters.iter_mut().rev().enumerate() {
                *letter = ALPHABET[(bits >> (5 * place)) as usize & 31];
            }
        }
        DigestText(text)
    }

    /// A digest read back from its text.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut digest = [0; 20];
        if text.len() != 32 {
            return None;
        }
        for (group, bytes) in text.as_bytes().chunks_exact(8).zip(digest.chunks_exact_mut(5)) {
            let bits = group.iter().try_fold(0u64, |bits, letter| {
                let five = ALPHABET.iter().position(|known| known == letter)?;
                Some(bits << 5 | five as u64)
            })?;
            bytes.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        Some(Self(digest))
    }
}

/// A digest as text.
pub(crate) struct DigestText([u8; 32]);

impl DigestText {
    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("base32 is ASCII")
    }
}

/// Most of what is digested fits: to hash it in one piece costs half of what it costs in many.
const GATHERED_BYTES: usize = 256;

/// Bytes on their way into a digest.
struct Gathered {
    /// From when they were too many.
    hasher: Option<blake3::Hasher>,
    bytes: [u8; GATHERED_BYTES],
    len: usize,
}

impl Gathered {
    fn put(&mut self, part: &[u8]) {
        let end = self.len + part.len();
        match (&mut self.hasher, self.bytes.get_mut(self.len..end)) {
            (None, Some(place)) => {
                place.copy_from_slice(part);
                self.len = end;
            }
            (hasher, _) => {
                let hasher = hasher.get_or_insert_with(blake3::Hasher::new);
                hasher.update(&self.bytes[..self.len]).update(part);
                self.len = 0;
            }
        }
    }

    fn hash(&self) -> blake3::Hash {
        match &self.hasher {
            None => blake3::hash(&self.bytes[..self.len]),
            Some(hasher) => hasher.clone().update(&self.bytes[..self.len]).finalize(),
        }
    }
}

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
