//! The canonical bytes of a few numbers, kept in registers: the same bytes and hash as `encode` gives, sooner.
//! Leaves everything that could be long to `encode`.

use crate::{encode::mark, hash::RunningHash};

/// A number or its like, as part of a short key.
pub trait ShortArgument: Copy {
    /// How many bytes its encoding takes.
    const LEN_BYTES: usize;

    /// Its mark, and its bits.
    #[doc(hidden)]
    fn encoded(self) -> (u8, u64);
}

macro_rules! short_arguments {
    ($($type:ty => $mark:ident, $to_bits:expr;)*) => {
        $(
            impl ShortArgument for $type {
                const LEN_BYTES: usize = 1 + size_of::<$type>();

                #[inline(always)]
                fn encoded(self) -> (u8, u64) {
                    let to_bits: fn($type) -> u64 = $to_bits;
                    (mark::$mark, to_bits(self))
                }
            }
        )*
    };
}

short_arguments! {
    u8 => U8, u64::from;
    u16 => U16, u64::from;
    u32 => U32, u64::from;
    u64 => U64, |value| value;
    usize => U64, |value| value as u64;
    i8 => I8, |value| u64::from(value as u8);
    i16 => I16, |value| u64::from(value as u16);
    i32 => I32, |value| u64::from(value as u32);
    i64 => I64, |value| value as u64;
    isize => I64, |value| value as i64 as u64;
    char => CHAR, u64::from;
}

/// The arguments of a call that takes up to 18 encoded bytes of numbers: two of 64 bits, or more of less.
///
/// ```
/// use hermescache_protocol::{Arguments, ShortArguments};
///
/// let mut short = ShortArguments::new();
/// short.push(7_u64);
/// let mut arguments = Arguments::seeded(1);
/// arguments.push(&7_u64)?;
/// assert_eq!(short.hash(1), arguments.hash());
/// # Ok::<(), hermescache_protocol::EncodeError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ShortArguments {
    /// The first 16 bytes, little-endian: numbers, not arrays, because only these stay in registers.
    low: u128,
    high: u64,
    len: u32,
}

impl ShortArguments {
    /// The most bytes there is room for.
    pub const MAX_BYTES: usize = 18;

    /// No arguments yet.
    #[inline(always)]
    #[must_use]
    pub const fn new() -> Self {
        Self { low: 0, high: 0, len: 0 }
    }

    /// Adds one argument.
    ///
    /// # Panics
    /// In a debug build, if there is no room for it.
    #[inline(always)]
    pub fn push<T: ShortArgument>(&mut self, argument: T) {
        debug_assert!(self.len() + T::LEN_BYTES <= Self::MAX_BYTES, "too many arguments for a short key");
        let (mark, bits) = argument.encoded();
        self.put(u64::from(mark), 1);
        self.put(bits, T::LEN_BYTES as u32 - 1);
    }

    #[inline(always)]
    fn put(&mut self, bits: u64, len: u32) {
        let shift = 8 * self.len;
        if shift < 128 {
            self.low |= u128::from(bits) << shift;
            self.high |= bits.checked_shr(128 - shift).unwrap_or(0);
        } else {
            self.high |= bits << (shift - 128);
        }
        self.len += len;
    }

    /// How many bytes there are.
    #[inline(always)]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is no argument.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes as words, little-endian, filled up with zeroes.
    #[inline(always)]
    #[must_use]
    pub const fn words(&self) -> [u64; 3] {
        [self.low as u64, (self.low >> 64) as u64, self.high]
    }

    /// The hash of the bytes under a seed: what [`Arguments::hash`](crate::Arguments::hash) gives.
    #[inline(always)]
    #[must_use]
    pub const fn hash(&self, seed: u64) -> u64 {
        let [first, second, third] = self.words();
        let hash = RunningHash::new(seed);
        match self.len() {
            len @ 0..8 => hash.finish_with(first, len),
            len @ 8..16 => hash.with_word(first).finish_with(second, len),
            len => hash.with_word(first).with_word(second).finish_with(third, len),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Arguments;

    #[track_caller]
    fn alike(short: ShortArguments, arguments: &Arguments) {
        let bytes = arguments.as_bytes();
        let words = short.words().map(u64::to_le_bytes);
        assert_eq!(short.len(), bytes.len());
        assert_eq!(words.as_flattened()[..bytes.len()], *bytes);
        assert!(words.as_flattened()[bytes.len()..].iter().all(|byte| *byte == 0));
        assert_eq!(short.hash(5), arguments.hash());
    }

    macro_rules! alike {
        ($($argument:expr),+) => {{
            let (mut short, mut arguments) = (ShortArguments::new(), Arguments::seeded(5));
            $(
                short.push($argument);
                arguments.push(&$argument).expect("numbers encode");
            )+
            alike(short, &arguments);
        }};
    }

    #[test]
    fn short_arguments_have_the_bytes_and_the_hash_of_long_ones() {
        alike(ShortArguments::new(), &Arguments::seeded(5));
        alike!(u8::MAX);
        alike!(i8::MIN);
        alike!(u16::MAX, i16::MIN);
        alike!(u32::MAX, i32::MIN, 'ü');
        alike!(u64::MAX);
        alike!(i64::MIN, u64::MAX);
        alike!(usize::MAX, isize::MIN);
        alike!(1_u32, 2_u64, 3_u16);
        alike!(1_u8, 2_u8, 3_u8, u64::MAX);
        alike!(u64::MAX, -1_i8, -1_i16, -1_i8);
        alike!(1_u16, 2_u16, 3_u16, 4_u16, 5_u16, -1_i16);
    }
}
