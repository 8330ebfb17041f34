//! Whatever reads bytes that others wrote, as functions of bytes: each must come back without a panic, and take no more memory than
//! is in proportion to what it was given.
//!
//! `cargo test` gives them the corpus and mutations of it for a moment, `cargo xtask fuzz 60` for longer, and libFuzzer, which sees which
//! branches are taken, for as long as one likes:
//!
//! ```sh
//! cargo install cargo-fuzz
//! cargo +nightly fuzz run --fuzz-dir fuzz/libfuzzer entry fuzz/corpus/entry
//! ```

mod entry;
mod memcached;
mod names;
mod redis;
mod url;
mod values;

use allocation_counter::measure;

/// One that reads.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "finished: it is used by this crate's programs")]
pub struct Target {
    /// Also that of the folder of its corpus.
    pub name: &'static str,
    /// How many bytes it may take at once for each byte that it is given, beside [`SPARE_BYTES`].
    pub bytes_per_byte: u64,
    /// Reads.
    pub read: fn(&[u8]),
}

/// What anything may take, however little it was given.
pub const SPARE_BYTES: u64 = 256 * 1024;

/// All of them.
pub const TARGETS: [Target; 6] = [
    Target { name: "entry", bytes_per_byte: 16, read: entry::read },
    Target { name: "memcached", bytes_per_byte: 64, read: memcached::read },
    Target { name: "names", bytes_per_byte: 64, read: names::read },
    // A nothing takes two bytes, and 56 in memory, up to three times while the list grows, and in each of the answers.
    Target { name: "redis", bytes_per_byte: 512, read: redis::read },
    Target { name: "url", bytes_per_byte: 256, read: url::read },
    // An empty text is a byte, and 24 in memory, up to three times while a list grows; in a map four times that.
    Target { name: "values", bytes_per_byte: 512, read: values::read },
];

impl Target {
    /// The one of this name.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn named(name: &str) -> Self {
        *TARGETS.iter().find(|target| target.name == name).expect("the target is one of the table")
    }

    /// Lets it read.
    ///
    /// # Panics
    /// If it takes too much memory.
    pub fn run(&self, bytes: &[u8]) {
        let took = measure(|| (self.read)(bytes)).bytes_max;
        let allowed = SPARE_BYTES + self.bytes_per_byte * bytes.len() as u64;
        assert!(took <= allowed, "{} took {took} bytes of memory for {}", self.name, bytes.len());
    }
}
