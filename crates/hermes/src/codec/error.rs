//! Why a value could not be packed, or bytes not unpacked.
//! Leaves it to callers what becomes of either: a value that is not stored, a miss.

use std::{error::Error, fmt};

use hermescache_protocol::CodecId;

/// What a codec, a compression or a user's type says is wrong.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why a value has no bytes.
#[derive(Debug)]
#[non_exhaustive]
pub enum PackError {
    /// It is too large: what would have come after these bytes was not written.
    TooLarge {
        /// How many it takes at least.
        len_bytes: usize,
        /// The most that it may take.
        limit_bytes: usize,
    },
    /// It cannot be written, or would not come back as it is.
    Unserializable(Cause),
}

/// Why bytes are no value.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnpackError {
    /// This build cannot read the codec or the compression.
    Unknown(CodecId),
    /// They are more, or expand to more, or say so.
    TooLarge {
        /// The most that it may take.
        limit_bytes: usize,
    },
    /// They are not what the codec writes for such a value.
    Unreadable(Cause),
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { len_bytes, limit_bytes } => {
                write!(f, "the value takes at least {len_bytes} bytes, and {limit_bytes} are the most")
            }
            Self::Unserializable(why) => write!(f, "the value cannot be stored: {why}"),
        }
    }
}

impl fmt::Display for UnpackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(CodecId(id)) => write!(f, "this build cannot read the codec {id}"),
            Self::TooLarge { limit_bytes } => write!(f, "it takes more than {limit_bytes} bytes"),
            Self::Unreadable(why) => write!(f, "it is no such value: {why}"),
        }
    }
}

impl Error for PackError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TooLarge { .. } => None,
            Self::Unserializable(why) => Some(&**why),
        }
    }
}

impl Error for UnpackError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unknown(_) | Self::TooLarge { .. } => None,
            Self::Unreadable(why) => Some(&**why),
        }
    }
}
