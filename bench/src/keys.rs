//! The keys that are asked for, in an order that is the same in every run.

/// How many distinct keys there are.
pub const KEYS: u64 = 100_000;

/// How often keys are asked for before the order repeats.
pub const CALLS: usize = 1 << 20;

/// Keys by Zipf's law with exponent 0.99 over [`KEYS`] keys, as YCSB draws them: the most wanted one is asked for
/// in about 8 % of all calls.
#[must_use]
pub fn zipf() -> Vec<u64> {
    const EXPONENT: f64 = 0.99;
    let weight = |rank: u64| (rank as f64).powf(-EXPONENT);
    let shares: Vec<f64> = (1..=KEYS)
        .scan(0.0, |sum, rank| {
            *sum += weight(rank);
            Some(*sum)
        })
        .collect();
    let total = shares[shares.len() - 1];
    let mut random = Random(SEED);
    (0..CALLS)
        .map(|_| {
            let wanted = random.fraction() * total;
            let rank = shares.partition_point(|share| *share < wanted);
            // Ranks are spread over the keys, so that neighbours in rank are no neighbours in memory.
            (rank as u64).wrapping_mul(SEED) >> 20
        })
        .collect()
}

/// Keys below `keys`, each as likely as any other.
#[must_use]
pub fn uniform(keys: u64) -> Vec<u64> {
    let mut random = Random(SEED);
    (0..CALLS).map(|_| (random.fraction() * keys as f64) as u64).collect()
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// Steele, Lea and Flood's SplitMix64 (2014): enough to draw keys.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(SEED);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
