//! A hash of a state of the world that does not see how random values are spelt, only which are equal.
//!
//! The world's random values begin with a mark. They are hashed as the number of their first appearance, so two
//! states that differ only in the order in which values were drawn are one.

use std::hash::{Hash, Hasher};

pub(crate) const MARK: [u8; 4] = *b"rnd:";

pub(crate) fn canonical(state: &impl Hash) -> u128 {
    let mut canon =
        Canon { low: 0x9e37_79b9_7f4a_7c15, high: 0xc2b2_ae3d_27d4_eb4f, seen: Vec::with_capacity(32) };
    state.hash(&mut canon);
    u128::from(canon.high) << 64 | u128::from(canon.low)
}

struct Canon {
    low: u64,
    high: u64,
    seen: Vec<[u8; 4]>,
}

impl Canon {
    fn mix(&mut self, word: u64) {
        let fold = |a: u64, b: u64| {
            let product = u128::from(a) * u128::from(b);
            (product >> 64) as u64 ^ product as u64
        };
        self.low = fold(self.low ^ word, 0xa076_1d64_78bd_642f).wrapping_add(0x1656_67b1_9e37_79f9);
        self.high = fold(self.high ^ word.rotate_left(32), 0xe703_7ed1_a0b4_28db).rotate_left(17) ^ word;
    }
}

impl Hasher for Canon {
    fn write(&mut self, bytes: &[u8]) {
        if let Some((drawn, _)) = bytes.strip_prefix(&MARK).and_then(<[u8]>::split_first_chunk) {
            let number = self.seen.iter().position(|seen| seen == drawn).unwrap_or_else(|| {
                self.seen.push(*drawn);
                self.seen.len() - 1
            });
            return self.mix(number as u64);
        }
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }

    fn finish(&self) -> u64 {
        self.low
    }
}
