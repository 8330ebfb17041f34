//! Makes bytes smaller where that is worth it, and large again.
//! Leaves how to the file of each compression.

use std::borrow::Cow;

use super::{Compression, error::UnpackError};

/// Less than this is one packet of the network or so, whether it is compressed or not.
const WORTH_BYTES: usize = 1024;

impl Compression {
    /// Fewer bytes that [`expand`](Self::expand) to these; None where that is not worth it.
    pub(super) fn shrink(self, plain: &[u8]) -> Option<Vec<u8>> {
        if plain.len() < WORTH_BYTES {
            return None;
        }
        let small: Option<Vec<u8>> = match self {
            Self::None => None,
            #[cfg(feature = "zstd")]
            Self::Zstd => super::zstd::shrink(plain),
            #[cfg(feature = "lz4")]
            Self::Lz4 => super::lz4::shrink(plain),
        };
        small.filter(|small| small.len() < plain.len())
    }

    /// The bytes that were made smaller.
    ///
    /// # Errors
    /// Bytes that this compression does not write, or that are or expand to more than `limit_bytes`.
    pub(super) fn expand(self, bytes: &[u8], limit_bytes: usize) -> Result<Cow<'_, [u8]>, UnpackError> {
        match self {
            // They are here already, but whether a value is read does not hang on how it was packed.
            Self::None if bytes.len() > limit_bytes => Err(UnpackError::TooLarge { limit_bytes }),
            Self::None => Ok(Cow::Borrowed(bytes)),
            #[cfg(feature = "zstd")]
            Self::Zstd => super::zstd::expand(bytes, limit_bytes).map(Cow::Owned),
            #[cfg(feature = "lz4")]
            Self::Lz4 => super::lz4::expand(bytes, limit_bytes).map(Cow::Owned),
        }
    }
}
