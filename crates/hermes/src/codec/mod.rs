//! How a value becomes bytes for a server, and comes back.
//! Knows nothing of keys, entries or servers; leaves each codec and compression to its own crate.

mod bounded;
mod compression;
mod error;
mod faithful;
mod foreign;
mod limited;
#[cfg(feature = "lz4")]
mod lz4;
mod serial;
mod table;
#[cfg(test)]
mod tests;
#[cfg(feature = "zstd")]
mod zstd;

use hermescache_protocol::{CodecId, Codecs};
use serde::{Serialize, de::DeserializeOwned};

use self::limited::Limited;

pub(crate) use self::foreign::{AnyPacker, Packers};
pub use self::{
    error::{Cause, PackError, UnpackError},
    foreign::Packer,
};

/// How values are written for a server. Whatever this says, all codecs that are built in are read.
///
/// What is read is what was written, to the bit of a float, if `Serialize` and `Deserialize` of its type agree with each
/// other; where they do not (`skip_serializing` without a default, `untagged` variants that look alike), that is the type's
/// affair. A value of which a codec cannot keep every part is not stored: each call computes it.
///
/// | codec | does not keep |
/// |---|---|
/// | `MessagePack` | `Some(None)`, `Some(())`: they would be read as `None` |
/// | `Json` | the same, and unit structs in a `Some`; NaN, infinities; maps whose keys are no texts, numbers or the like |
/// | `Postcard` | structs with a field left out by `skip_serializing_if`; `flatten` |
///
/// None of them keeps values nested more than 127 deep, and those that others wrote deeper are misses: the reader's
/// stack has an end. A `Some`, a newtype and a variant of an enum count as a level each, as a list, map or struct does.
///
/// Without names or types in its bytes, postcard cannot tell when a type has changed: give a function another `version`
/// whenever its result's type changes, also where a field is merely added or moved. It also cannot read types that
/// ask the bytes what they are (`untagged`, internally tagged enums, `serde_json::Value`): they are misses.
///
/// A `Vec<u8>` is a list of numbers to serde, and so to MessagePack and JSON: the crate `serde_bytes` makes it bytes.
///
/// ```
/// use hermes::Codec;
///
/// assert_eq!(Codec::default(), Codec::MessagePack);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Codec {
    /// MessagePack, structs as maps with the names of their fields: these may be moved, and added with a default.
    #[default]
    MessagePack,
    /// JSON, readable for people and programs of any language.
    #[cfg(feature = "json")]
    Json,
    /// Postcard, the smallest and fastest: values only, no names and no types.
    #[cfg(feature = "postcard")]
    Postcard,
}

impl Codec {
    /// The codec of this name in a URL.
    ///
    /// # Errors
    /// A sentence that says which feature to switch on, or which names there are.
    pub(crate) fn named(text: &str) -> Result<Self, String> {
        table::named(&table::CODECS, text)
    }
}

/// How what a codec wrote is made smaller, from 1 KiB up and where that helps. Whatever this says, all that are built in
/// are read.
///
/// ```
/// use hermes::Compression;
///
/// assert_eq!(Compression::default(), Compression::None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Compression {
    /// As it is.
    #[default]
    None,
    /// Zstandard: smaller than lz4, at some hundred megabytes a second. Compiles a C library.
    #[cfg(feature = "zstd")]
    Zstd,
    /// LZ4: fast, in safe Rust.
    #[cfg(feature = "lz4")]
    Lz4,
}

impl Compression {
    /// The compression of this name in a URL.
    ///
    /// # Errors
    /// A sentence that says which feature to switch on, or which names there are.
    pub(crate) fn named(text: &str) -> Result<Self, String> {
        table::named(&table::COMPRESSIONS, text)
    }
}

/// The most that a value may take in a cache that says nothing of it.
pub(crate) const DEFAULT_VALUE_LIMIT: u64 = 8 * 1024 * 1024;

/// How a cache writes values that serialize: for a [`Packer`] that leaves some of its values to the codecs.
///
/// ```
/// use hermes::binding::Packing;
///
/// let packing = Packing::default();
/// let (codec, bytes) = packing.pack("seven")?;
/// assert_eq!(packing.unpack::<String>(codec, &bytes)?, "seven");
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packing {
    pub(crate) codec: Codec,
    pub(crate) compression: Compression,
    /// The most that a value may take as its codec writes it, before compression. Nor is more than that read.
    pub(crate) max_bytes: usize,
}

impl Default for Packing {
    /// As a cache has it that says nothing of it: MessagePack without compression, up to 8 MiB.
    fn default() -> Self {
        let max_bytes = usize::try_from(DEFAULT_VALUE_LIMIT).unwrap_or(usize::MAX);
        Self { codec: Codec::default(), compression: Compression::default(), max_bytes }
    }
}

impl Packing {
    /// Writes by this codec.
    #[must_use]
    pub fn codec(self, codec: Codec) -> Self {
        Self { codec, ..self }
    }

    /// Makes what it wrote smaller by this compression.
    #[must_use]
    pub fn compression(self, compression: Compression) -> Self {
        Self { compression, ..self }
    }

    /// Writes and reads values of at most so many bytes, before compression.
    #[must_use]
    pub fn limit(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// The bytes of a value, and how to read them. Runs the value's `Serialize`.
    ///
    /// # Errors
    /// A value that is too large (it is not written to its end), or that would not come back as it is.
    pub fn pack<V: Serialize + ?Sized>(&self, value: &V) -> Result<(CodecId, Vec<u8>), PackError> {
        let mut plain = Limited::new(self.max_bytes);
        let written = serial::write(self.codec, value, &mut plain);
        // Before what the codec says: that it could not write further is no news then.
        let plain = plain.into_bytes()?;
        written.map_err(PackError::Unserializable)?;
        Ok(match self.compression.shrink(&plain) {
            Some(small) => (table::id(self.codec, self.compression), small),
            None => (table::id(self.codec, Compression::None), plain),
        })
    }

    /// The value of these bytes, whatever codec and compression this cache writes. Runs the value's `Deserialize`.
    ///
    /// # Errors
    /// Bytes that this build cannot read or that are no such value, wholly and with nothing after it. To find that out,
    /// decompression takes memory for a few times `max_bytes` at most, whatever they say.
    pub fn unpack<V: DeserializeOwned>(&self, id: CodecId, bytes: &[u8]) -> Result<V, UnpackError> {
        let (codec, compression) = table::choices(id).ok_or(UnpackError::Unknown(id))?;
        let plain = compression.expand(bytes, self.max_bytes)?;
        serial::read(codec, &plain, self.max_bytes).map_err(UnpackError::Unreadable)
    }

    /// All that this build can read.
    #[must_use]
    pub fn readable() -> Codecs {
        table::readable()
    }
}
