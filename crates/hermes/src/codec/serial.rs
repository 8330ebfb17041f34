//! Hands a value to its codec, and bytes back to it.
//! Leaves to `faithful` what may be written, and to `bounded` how far bytes are followed.

use std::io::Write;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Codec, bounded::Bounds, error::Cause, faithful::Faithful};

/// # Errors
/// What the codec, the value or `out` says against it, or that the value would not come back as it is.
pub(super) fn write<V: Serialize + ?Sized>(
    codec: Codec,
    value: &V,
    out: &mut impl Write,
) -> Result<(), Cause> {
    let value = Faithful::new(codec, value);
    match codec {
        Codec::MessagePack => value.serialize(&mut rmp_serde::Serializer::new(out).with_struct_map())?,
        #[cfg(feature = "json")]
        Codec::Json => serde_json::to_writer(out, &value)?,
        #[cfg(feature = "postcard")]
        Codec::Postcard => postcard::to_io(&value, out).map(drop)?,
    }
    Ok(())
}

/// The one value in these bytes, made of at most `max_values` values.
///
/// # Errors
/// What the codec or the type says against it, or that something follows the value.
pub(super) fn read<V: DeserializeOwned>(codec: Codec, bytes: &[u8], max_values: usize) -> Result<V, Cause> {
    let bounds = Bounds::new(max_values, bytes.len());
    match codec {
        Codec::MessagePack => {
            let mut input = rmp_serde::Deserializer::from_read_ref(bytes);
            let value = V::deserialize(bounds.on(&mut input))?;
            ended(&mut input)?;
            Ok(value)
        }
        #[cfg(feature = "json")]
        Codec::Json => {
            let mut input = serde_json::Deserializer::from_slice(bytes);
            let value = V::deserialize(bounds.on(&mut input))?;
            input.end()?;
            Ok(value)
        }
        #[cfg(feature = "postcard")]
        Codec::Postcard => {
            let mut input = postcard::Deserializer::from_bytes(bytes);
            let value = V::deserialize(bounds.on(&mut input))?;
            if input.finalize()?.is_empty() { Ok(value) } else { Err(TRAILING.into()) }
        }
    }
}

const TRAILING: &str = "something follows the value";

/// rmp-serde does not say how far it has read. At the end there is not even the first byte of another value.
fn ended(
    input: &mut rmp_serde::Deserializer<rmp_serde::decode::ReadRefReader<'_, [u8]>>,
) -> Result<(), Cause> {
    match bool::deserialize(input) {
        Err(rmp_serde::decode::Error::InvalidMarkerRead(_)) => Ok(()),
        _ => Err(TRAILING.into()),
    }
}
