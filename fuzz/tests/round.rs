//! A round of each target on stable Rust: its corpus, and mutations of it that a seed repeats.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "where the figures go")]

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    time::{Duration, Instant},
};

use hermes_fuzz::{TARGETS, Target};

/// No input grows longer.
const LONGEST_BYTES: usize = 4096;

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// How long a round lasts, in seconds: `HERMES_FUZZ_SECONDS`, or a moment.
fn lasts() -> Duration {
    env::var("HERMES_FUZZ_SECONDS").map_or(Duration::from_secs(1), |said| {
        Duration::from_secs(said.parse().expect("HERMES_FUZZ_SECONDS is a number"))
    })
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize % end.max(1)
    }

    /// What fuzzers do to bytes: flip, set, repeat, cut, insert, splice.
    fn mutate(&mut self, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
        const ODD: [u8; 10] = [0, 1, 0x7f, 0x80, 0xc1, 0xdd, 0xdf, 0xff, b'\n', b' '];
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match (self.below(6), bytes.get_mut(at)) {
                (0, Some(byte)) => *byte ^= 1 << self.below(8),
                (1, Some(byte)) => *byte = ODD[self.below(ODD.len())],
                (2, _) => bytes.insert(at, ODD[self.below(ODD.len())]),
                (3, _) => bytes.truncate(at),
                (4, _) => {
                    let part = bytes[at..at + self.below(bytes.len() - at + 1)].to_vec();
                    bytes.splice(at..at, part.repeat(1 + self.below(8)));
                }
                _ => {
                    let other = &others[self.below(others.len())];
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[self.below(other.len() + 1)..]);
                }
            }
        }
        bytes.truncate(LONGEST_BYTES);
    }
}

#[track_caller]
fn survives(target: &Target, bytes: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target.run(bytes))) {
        println!("{} does not survive {bytes:?}", target.name);
        resume_unwind(panic);
    }
}

#[expect(clippy::disallowed_methods, reason = "a round lasts so long")]
fn round(name: &str) {
    let target = Target::named(name);
    let corpus = corpus(&target);
    corpus.iter().for_each(|bytes| survives(&target, bytes));
    let (began, lasts) = (Instant::now(), lasts());
    let (mut dice, mut inputs) = (Dice(lasts.as_secs()), 0_u64);
    while began.elapsed() < lasts {
        let mut bytes = corpus[dice.below(corpus.len())].clone();
        dice.mutate(&mut bytes, &corpus);
        survives(&target, &bytes);
        inputs += 1;
    }
    println!("{name}: {} of the corpus and {inputs} others", corpus.len());
}

#[test]
fn entries_of_any_bytes_are_read_or_refused() {
    round("entry");
}

#[test]
fn answers_of_memcached_of_any_bytes_are_read_or_refused() {
    round("memcached");
}

#[test]
fn names_of_any_bytes_are_read_or_refused() {
    round("names");
}

#[test]
fn answers_of_redis_of_any_bytes_are_read_or_refused() {
    round("redis");
}

#[test]
fn urls_of_any_bytes_are_read_or_refused() {
    round("url");
}

#[test]
fn values_of_any_bytes_are_read_or_refused() {
    round("values");
}

#[test]
fn each_target_has_a_corpus() {
    TARGETS.iter().for_each(|target| assert!(!corpus(target).is_empty(), "{}", target.name));
}
