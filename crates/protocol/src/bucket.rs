//! Spreads keys over a fixed number of buckets, each of which a server keeps in one place.
//! Knows neither keys nor tags: they ask for a prefix and put it into their names.
//!
//! An entry, its lease and its own copy of every tag version share a bucket, so that all one call
//! touches lies on one node. The names and their number are part of the stored format: two processes
//! that disagreed on them would not see each other's invalidations.

use core::fmt;

/// How many buckets a backend has. No option: it follows from the kind of backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a third kind would be another stored format")]
pub enum Buckets {
    /// A single server: one bucket, which leaves no trace in a name.
    #[default]
    One,
    /// A cluster, or several servers: 256 buckets.
    Many,
}

impl Buckets {
    /// The bucket of a key, picked by the first byte of the key's digest.
    ///
    /// ```
    /// use hermescache_protocol::Buckets;
    ///
    /// assert_eq!(Buckets::One.of(7).prefix(), "");
    /// assert_eq!(Buckets::Many.of(7).prefix(), "{18}:");
    /// ```
    #[must_use]
    pub fn of(self, byte: u8) -> Bucket {
        match self {
            Self::One => Bucket(None),
            Self::Many => Bucket(Some(byte)),
        }
    }

    /// Every bucket: what a clean has to visit.
    pub fn all(self) -> impl ExactSizeIterator<Item = Bucket> {
        let count: u16 = match self {
            Self::One => 1,
            Self::Many => 256,
        };
        (0..count).map(move |n| self.of(n.to_le_bytes()[0]))
    }
}

/// One bucket. `Display` is its [prefix](Self::prefix).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bucket(Option<u8>);

impl Bucket {
    /// What a name carries for this bucket: `""`, or two letters in braces and a colon (`"{18}:"`).
    ///
    /// A Redis Cluster takes what stands between the first braces of a name to find its slot.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        self.0.map_or("", |n| PREFIXES[usize::from(n)])
    }

    /// The bucket's number among the 256, or `None` where there is only one.
    #[must_use]
    pub fn number(self) -> Option<u8> {
        self.0
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix())
    }
}

/// What follows the namespace in a name, and the bucket that the name says it lies in.
pub(crate) fn split_name<'n>(namespace: &str, name: &'n str) -> Option<(Bucket, &'n str)> {
    let rest = name.strip_prefix(namespace)?.strip_prefix(':')?;
    let Some((prefix, rest)) = rest.split_at_checked(PREFIX_BYTES).filter(|_| rest.starts_with('{')) else {
        return Some((Bucket(None), rest));
    };
    let n = PREFIXES.iter().position(|known| *known == prefix)?;
    Some((Buckets::Many.of(n.to_le_bytes()[0]), rest))
}

const PREFIX_BYTES: usize = "{18}:".len();

/// Bucket `n` owns the `n`-th 64 of a cluster's 16,384 slots: its name is the first of `00`, `01`, …
/// `zz` (digits before letters) whose slot, CRC16 (XMODEM) modulo 16,384, lies there.
/// <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>
#[rustfmt::skip]
const PREFIXES: [&str; 256] = [
    "{cv}:", "{14}:", "{6y}:", "{10}:", "{6u}:", "{7o}:", "{6q}:", "{18}:", "{6l}:", "{7v}:", "{6h}:", "{7r}:",
    "{07}:", "{bu}:", "{03}:", "{7z}:", "{4n}:", "{5t}:", "{29}:", "{5p}:", "{25}:", "{ov}:", "{21}:", "{5x}:",
    "{at}:", "{36}:", "{ap}:", "{32}:", "{4w}:", "{5m}:", "{4s}:", "{5i}:", "{1p}:", "{0j}:", "{1t}:", "{0n}:",
    "{1x}:", "{0b}:", "{dw}:", "{0f}:", "{1a}:", "{ep}:", "{1e}:", "{et}:", "{1i}:", "{0s}:", "{1m}:", "{0w}:",
    "{3c}:", "{2y}:", "{3g}:", "{gv}:", "{3k}:", "{2q}:", "{3o}:", "{2u}:", "{3r}:", "{2h}:", "{3v}:", "{2l}:",
    "{3z}:", "{43}:", "{fu}:", "{2d}:", "{cw}:", "{15}:", "{6x}:", "{11}:", "{6t}:", "{7n}:", "{6p}:", "{19}:",
    "{6m}:", "{7w}:", "{6i}:", "{7s}:", "{06}:", "{bt}:", "{02}:", "{8z}:", "{4o}:", "{5u}:", "{28}:", "{5q}:",
    "{24}:", "{ow}:", "{20}:", "{5y}:", "{au}:", "{37}:", "{4z}:", "{33}:", "{4v}:", "{5l}:", "{4r}:", "{5h}:",
    "{1q}:", "{0k}:", "{1u}:", "{0o}:", "{1y}:", "{0c}:", "{dv}:", "{0g}:", "{73}:", "{0z}:", "{1d}:", "{eu}:",
    "{1h}:", "{0r}:", "{1l}:", "{0v}:", "{3b}:", "{2x}:", "{3f}:", "{gw}:", "{3j}:", "{2p}:", "{3n}:", "{2t}:",
    "{3s}:", "{2i}:", "{3w}:", "{2m}:", "{fp}:", "{2a}:", "{ft}:", "{2e}:", "{16}:", "{ct}:", "{12}:", "{9z}:",
    "{7m}:", "{6w}:", "{7i}:", "{6s}:", "{7t}:", "{6n}:", "{7p}:", "{09}:", "{bw}:", "{05}:", "{7x}:", "{01}:",
    "{5v}:", "{4l}:", "{5r}:", "{4h}:", "{ot}:", "{27}:", "{5z}:", "{23}:", "{34}:", "{av}:", "{30}:", "{4y}:",
    "{5o}:", "{4u}:", "{38}:", "{4q}:", "{0h}:", "{1r}:", "{0l}:", "{1v}:", "{63}:", "{1z}:", "{0d}:", "{du}:",
    "{0y}:", "{1c}:", "{ev}:", "{1g}:", "{0q}:", "{1k}:", "{0u}:", "{1o}:", "{gp}:", "{3a}:", "{gt}:", "{3e}:",
    "{2s}:", "{3i}:", "{2w}:", "{3m}:", "{2j}:", "{3p}:", "{2n}:", "{3t}:", "{2b}:", "{3x}:", "{2f}:", "{fw}:",
    "{17}:", "{cu}:", "{13}:", "{6z}:", "{7l}:", "{6v}:", "{7h}:", "{6r}:", "{7u}:", "{6o}:", "{7q}:", "{08}:",
    "{bv}:", "{04}:", "{7y}:", "{00}:", "{5w}:", "{4m}:", "{5s}:", "{4i}:", "{ou}:", "{26}:", "{oq}:", "{22}:",
    "{35}:", "{aw}:", "{31}:", "{4x}:", "{5n}:", "{4t}:", "{39}:", "{4p}:", "{0i}:", "{1s}:", "{0m}:", "{1w}:",
    "{0a}:", "{dp}:", "{0e}:", "{dt}:", "{0x}:", "{1b}:", "{ew}:", "{1f}:", "{0p}:", "{1j}:", "{0t}:", "{1n}:",
    "{2z}:", "{53}:", "{gu}:", "{3d}:", "{2r}:", "{3h}:", "{2v}:", "{3l}:", "{2k}:", "{3q}:", "{2o}:", "{3u}:",
    "{2c}:", "{3y}:", "{2g}:", "{fv}:",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// CRC16 as the cluster specification has it (polynomial 0x1021, from zero).
    fn crc16(bytes: &[u8]) -> u16 {
        bytes.iter().fold(0, |crc, byte| {
            (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| match crc & 0x8000 {
                0 => crc << 1,
                _ => (crc << 1) ^ 0x1021,
            })
        })
    }

    fn range_of(name: &[u8; 2]) -> u16 {
        crc16(name) % 16_384 / 64
    }

    #[test]
    fn crc_is_the_one_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
    }

    #[test]
    fn each_name_is_the_first_in_its_range_of_slots() {
        let letters = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let names = || letters.iter().flat_map(|a| letters.iter().map(move |b| [*a, *b]));
        for (range, bucket) in (0..256).zip(Buckets::Many.all()) {
            let first = names().find(|name| range_of(name) == range).unwrap();
            let text = core::str::from_utf8(&first).unwrap();
            assert_eq!(bucket.prefix(), std::format!("{{{text}}}:"));
        }
    }

    #[test]
    fn one_bucket_leaves_no_trace() {
        assert_eq!(Buckets::One.all().map(Bucket::prefix).collect::<std::vec::Vec<_>>(), [""]);
        assert_eq!(Buckets::Many.all().len(), 256);
    }
}
