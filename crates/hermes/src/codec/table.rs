//! The table of codecs and compressions: what stands for them in stored entries and in URLs.
//! Leaves what they do to `serial` and `compression`.

use hermescache_protocol::{CodecId, Codecs};

use super::{Codec, Compression};

macro_rules! with_feature {
    ($feature:literal, $choice:expr) => {{
        #[cfg(feature = $feature)]
        {
            Some($choice)
        }
        #[cfg(not(feature = $feature))]
        {
            None
        }
    }};
}

/// One choice: its number in a [`CodecId`], and its name in a URL, which is that of its feature too.
pub(super) struct Row<T> {
    number: u8,
    name: &'static str,
    /// None where its feature is off.
    choice: Option<T>,
}

/// Numbers are the low four bits of a [`CodecId`]. 4 and 5 are pickle and signed pickle, Python's; 6 is whatever a
/// serialiser of a Python program makes.
pub(super) const CODECS: [Row<Codec>; 3] = [
    Row { number: 1, name: "messagepack", choice: Some(Codec::MessagePack) },
    Row { number: 2, name: "json", choice: with_feature!("json", Codec::Json) },
    Row { number: 3, name: "postcard", choice: with_feature!("postcard", Codec::Postcard) },
];

/// Numbers are the bits above those. 3 is zlib, Python's.
pub(super) const COMPRESSIONS: [Row<Compression>; 3] = [
    Row { number: 0, name: "none", choice: Some(Compression::None) },
    Row { number: 1, name: "zstd", choice: with_feature!("zstd", Compression::Zstd) },
    Row { number: 2, name: "lz4", choice: with_feature!("lz4", Compression::Lz4) },
];

const CODEC_BITS: u32 = 4;

/// What stands for a codec and a compression in an entry.
pub(super) fn id(codec: Codec, compression: Compression) -> CodecId {
    CodecId(number(&CODECS, codec) | number(&COMPRESSIONS, compression) << CODEC_BITS)
}

/// What an entry says it was written by, if this build can read it.
pub(super) fn choices(id: CodecId) -> Option<(Codec, Compression)> {
    let codec_mask = (1 << CODEC_BITS) - 1;
    Some((numbered(&CODECS, id.0 & codec_mask)?, numbered(&COMPRESSIONS, id.0 >> CODEC_BITS)?))
}

/// All that this build can read.
pub(super) fn readable() -> Codecs {
    let ids = (0..=u8::MAX).map(CodecId).filter(|id| choices(*id).is_some());
    ids.fold(Codecs::none(), Codecs::with)
}

/// # Errors
/// A sentence that says which feature to switch on, or which names there are.
pub(super) fn named<T: Copy>(rows: &[Row<T>], text: &str) -> Result<T, String> {
    let Some(row) = rows.iter().find(|row| row.name == text) else {
        let names: Vec<_> = rows.iter().map(|row| row.name).collect();
        return Err(format!("there is no {text:?}; there are {}", names.join(", ")));
    };
    row.choice.ok_or_else(|| format!("{text} needs the feature {text:?} of the crate hermescache"))
}

fn number<T: Copy + PartialEq>(rows: &[Row<T>], choice: T) -> u8 {
    let row = rows.iter().find(|row| row.choice == Some(choice));
    row.expect("each choice has its row").number
}

fn numbered<T: Copy>(rows: &[Row<T>], number: u8) -> Option<T> {
    rows.iter().find(|row| row.number == number)?.choice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_for_what_wrote_the_bytes() {
        for (codec, codec_number) in [("messagepack", 1), ("json", 2), ("postcard", 3)] {
            for (compression, number) in [("none", 0), ("zstd", 16), ("lz4", 32)] {
                let of = |codec, compression| (Codec::named(codec), Compression::named(compression));
                let expected = CodecId(codec_number + number);
                if let (Ok(codec), Ok(compression)) = of(codec, compression) {
                    assert_eq!(id(codec, compression), expected);
                    assert_eq!(choices(expected), Some((codec, compression)));
                    assert!(readable().contains(expected));
                } else {
                    assert_eq!(choices(expected), None);
                    assert!(!readable().contains(expected));
                }
            }
        }
    }

    #[test]
    fn what_others_write_is_not_read() {
        for other in [0, 4, 5, 6, 15, 16, 32, 48, 49, 50, 51, 64, 65, 129, 193, 255] {
            assert_eq!(choices(CodecId(other)), None, "{other}");
        }
    }

    #[test]
    fn a_name_that_is_not_there_is_told_why() {
        let said = Codec::named("cbor").unwrap_err();
        assert_eq!(said, "there is no \"cbor\"; there are messagepack, json, postcard");
        let said = Compression::named("").unwrap_err();
        assert_eq!(said, "there is no \"\"; there are none, zstd, lz4");
        for name in ["json", "postcard"] {
            if let Err(said) = Codec::named(name) {
                assert_eq!(said, format!("{name} needs the feature {name:?} of the crate hermescache"));
            }
        }
    }
}
