//! A keyed hash of bytes as they come, for the tables of one process.
//! Decides nothing about equality: whoever finds a key by its hash compares it.

/// Odd, with evenly spread bits: the fraction of pi, as in Blowfish and foldhash.
const MULTIPLIER: u64 = 0x243f_6a88_85a3_08d3;
const LAST_MULTIPLIER: u64 = 0x1319_8a2e_0370_7345;

/// A running hash: the same for the same bytes under the same seed, however they were cut.
///
/// Words are mixed by a folded multiplication (wyhash; Wang Yi, 2019), while they are still in a register:
/// hashing an encoded argument from memory, right after it was written, would cost more than all the rest.
///
/// ```
/// use hermescache_protocol::RunningHash;
///
/// let mut at_once = RunningHash::new(7);
/// at_once.write(b"abcdefghijkl");
/// let mut in_parts = RunningHash::new(7);
/// in_parts.write(b"abc");
/// in_parts.write(b"defghijkl");
/// assert_eq!(at_once.finish(), in_parts.finish());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RunningHash {
    state: u64,
    word: u64,
    word_bits: u32,
    len: u64,
}

impl RunningHash {
    /// A hash of nothing yet. The seed makes collisions hard to choose; whoever finds a key compares it all the same.
    #[inline(always)]
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed, word: 0, word_bits: 0, len: 0 }
    }

    /// Takes in bytes of any number.
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.take_in(u64::from_le_bytes(*word), 64);
        }
        self.take_in(last_word(rest), 8 * rest.len() as u32);
        self.len += bytes.len() as u64;
    }

    /// Takes in up to eight bytes, whose number is known when the code is compiled.
    #[inline(always)]
    pub fn write_few<const N: usize>(&mut self, bytes: [u8; N]) {
        const { assert!(N <= 8) }
        let mut padded = [0; 8];
        padded[..N].copy_from_slice(&bytes);
        self.take_in(u64::from_le_bytes(padded), 8 * N as u32);
        self.len += N as u64;
    }

    #[inline(always)]
    fn take_in(&mut self, new: u64, new_bits: u32) {
        self.word |= new << self.word_bits;
        let bits = self.word_bits + new_bits;
        if bits < 64 {
            self.word_bits = bits;
        } else {
            self.state = self.with_word(self.word).state;
            self.word = new.checked_shr(64 - self.word_bits).unwrap_or(0);
            self.word_bits = bits - 64;
        }
    }

    /// The hash of all that was taken in.
    #[inline(always)]
    #[must_use]
    pub const fn finish(&self) -> u64 {
        self.finish_with(self.word, self.len as usize)
    }

    /// The hash with one more whole word, where none is begun.
    #[inline(always)]
    pub(crate) const fn with_word(self, word: u64) -> Self {
        Self { state: folded(self.state ^ word, MULTIPLIER), ..self }
    }

    /// The hash of the whole words that were taken in, of a last one that is not whole, and of the number of bytes.
    #[inline(always)]
    pub(crate) const fn finish_with(&self, last: u64, len: usize) -> u64 {
        folded(folded(self.state ^ last, MULTIPLIER) ^ len as u64, LAST_MULTIPLIER)
    }
}

/// Up to seven bytes as a number, little-endian.
#[inline]
fn last_word(mut rest: &[u8]) -> u64 {
    let (mut word, mut bits) = (0, 0);
    if let Some((four, more)) = rest.split_first_chunk() {
        (word, bits, rest) = (u64::from(u32::from_le_bytes(*four)), 32, more);
    }
    if let Some((two, more)) = rest.split_first_chunk() {
        word |= u64::from(u16::from_le_bytes(*two)) << bits;
        (bits, rest) = (bits + 16, more);
    }
    if let Some(one) = rest.first() {
        word |= u64::from(*one) << bits;
    }
    word
}

#[inline]
const fn folded(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}
