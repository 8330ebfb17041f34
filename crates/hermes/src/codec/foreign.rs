//! Values whose bytes are made by a packer of the user's own.
//! Leaves what becomes of what it refuses to callers, as for the codecs.

use std::{any::Any, fmt, sync::Arc};

use hermescache_protocol::{CodecId, Codecs, Key};

use super::{PackError, Packing, UnpackError, error::Cause};

/// Makes bytes of values for a server, and values of such bytes: what a codec is for values that serde does not know.
///
/// It is called in the thread or task of the call, without a lock, and never for a hit in process. What it says of a value or
/// of bytes is counted in [`Stats::errors`](crate::Stats::errors), and costs a computation at most. A panic of it is the
/// call's, as a panic of the loader.
///
/// Entries say by a number what wrote them. 1 to 3, plain or with a compression in the upper four bits, are
/// [`Packing`]'s; Hermes for Python has 4 to 6. For a packer of your own take another number below 16.
///
/// ```
/// use hermes::{Cache, Key, binding::{Cause, CodecId, Codecs, Packer}};
///
/// /// Texts, as they are.
/// #[derive(Debug)]
/// struct Plain;
///
/// const PLAIN: CodecId = CodecId(9);
///
/// impl Packer<String> for Plain {
///     fn readable(&self) -> Codecs {
///         Codecs::none().with(PLAIN)
///     }
///
///     fn pack(&self, _: &Key, text: &String) -> Result<(CodecId, Vec<u8>), Cause> {
///         Ok((PLAIN, text.clone().into_bytes()))
///     }
///
///     fn unpack(&self, _: &Key, _: CodecId, bytes: &[u8]) -> Result<String, Cause> {
///         Ok(String::from_utf8(bytes.to_vec())?)
///     }
/// }
///
/// let cache = Cache::builder().url("memory://").packed_by(Plain).build()?;
/// assert_eq!(cache.entry("greeting").get_or_compute(|| "hello".to_owned()), "hello");
/// # Ok::<(), hermes::Error>(())
/// ```
pub trait Packer<V>: fmt::Debug + Send + Sync + 'static {
    /// All that it can read. Entries in any other codec are misses, and it never sees their bytes.
    fn readable(&self) -> Codecs;

    /// The bytes of a value, and what wrote them. The key is that of the entry, so that a signature may bind the two.
    ///
    /// # Errors
    /// Why there are none: the value goes to those who asked for it, and is not stored.
    fn pack(&self, key: &Key, value: &V) -> Result<(CodecId, Vec<u8>), Cause>;

    /// The value of bytes that a server had under this key, written by one of [`readable`](Self::readable).
    ///
    /// They may come from anybody who can write to the server.
    ///
    /// # Errors
    /// Why they are none: the entry is a miss, and is computed anew.
    fn unpack(&self, key: &Key, codec: CodecId, bytes: &[u8]) -> Result<V, Cause>;
}

/// How one cache makes bytes of its values: by codec, or by a packer in its place.
#[derive(Debug)]
#[expect(unnameable_types, reason = "only the sealed half of `Mode` names it")]
pub struct Packers {
    pub(crate) packing: Packing,
    pub(crate) foreign: Option<AnyPacker>,
}

impl Packers {
    /// All that the cache can read.
    pub(crate) fn readable(&self) -> Codecs {
        self.foreign.as_ref().map_or_else(Packing::readable, |packer| packer.0.readable())
    }

    /// The bytes of a value by the packer.
    ///
    /// # Errors
    /// The packer's, or the value is too large.
    pub(crate) fn pack<V: 'static>(&self, key: &Key, value: &V) -> Result<(CodecId, Vec<u8>), PackError> {
        let packed = self.packer::<V>().pack(key, value).map_err(PackError::Unserializable)?;
        let (len_bytes, limit_bytes) = (packed.1.len(), self.packing.max_bytes);
        if len_bytes > limit_bytes {
            return Err(PackError::TooLarge { len_bytes, limit_bytes });
        }
        Ok(packed)
    }

    /// The value of bytes by the packer.
    ///
    /// # Errors
    /// The packer's, or there are too many.
    pub(crate) fn unpack<V: 'static>(
        &self,
        key: &Key,
        codec: CodecId,
        bytes: &[u8],
    ) -> Result<V, UnpackError> {
        let limit_bytes = self.packing.max_bytes;
        if bytes.len() > limit_bytes {
            return Err(UnpackError::TooLarge { limit_bytes });
        }
        self.packer::<V>().unpack(key, codec, bytes).map_err(UnpackError::Unreadable)
    }

    fn packer<V: 'static>(&self) -> &dyn Packer<V> {
        let packer = self.foreign.as_ref().and_then(AnyPacker::of);
        packer.expect("a cache of foreign values is built by `packed_by` only")
    }
}

/// A packer, whatever its values: the rooms between the builder and a call know nothing of their type.
#[derive(Clone)]
pub(crate) struct AnyPacker(Arc<dyn Erased>);

impl AnyPacker {
    pub(crate) fn new<V: 'static>(packer: impl Packer<V>) -> Self {
        Self(Arc::new(Typed::<V>(Box::new(packer))))
    }

    fn of<V: 'static>(&self) -> Option<&dyn Packer<V>> {
        let typed: &dyn Any = &*self.0;
        typed.downcast_ref::<Typed<V>>().map(|typed| &*typed.0)
    }
}

trait Erased: Any + Send + Sync {
    fn readable(&self) -> Codecs;
    fn debug(&self) -> &dyn fmt::Debug;
}

struct Typed<V>(Box<dyn Packer<V>>);

impl<V: 'static> Erased for Typed<V> {
    fn readable(&self) -> Codecs {
        self.0.readable()
    }

    fn debug(&self) -> &dyn fmt::Debug {
        &self.0
    }
}

impl fmt::Debug for AnyPacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug().fmt(f)
    }
}
