//! What a cache can keep: values that can be stored anywhere, or any value in process.
//! Leaves bytes to codecs.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

/// Keeps values that serialize, and so can move to a server by a change of the URL. The default.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Stored;

/// Keeps any value that can be cloned and shared between threads, in process only: `Cache<Live>`, from
/// [`Builder::live`](crate::Builder::live).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Live;

/// Keeps values of one type: in process as they are, on a server by the packer that the builder was given.
#[derive(Debug, Clone, Copy)]
pub struct Foreign<V>(PhantomData<fn() -> V>);

/// How a cache keeps its values: [`Stored`], [`Live`] or, for those who bring Hermes to another language,
/// [`Foreign`](crate::binding::Foreign).
pub trait Mode: sealed::Mode + Send + Sync + 'static {}

impl Mode for Stored {}
impl Mode for Live {}
impl<V: Value> Mode for Foreign<V> {}

/// A value that can be handed out again and again: any `Clone + Send + Sync + 'static`. Each hit in process costs a `clone`; an
/// [`Arc`](std::sync::Arc) makes that cheap.
pub trait Value: Clone + Send + Sync + 'static {}

impl<V: Clone + Send + Sync + 'static> Value for V {}

/// Says which values a mode keeps: [`Stored`] those that serde knows as well, [`Live`] all. It is there for bounds of generic code.
#[diagnostic::on_unimplemented(
    message = "a cache cannot keep a `{V}`",
    label = "this value cannot be cached",
    note = "`Cache` keeps values that are `Clone + Send + Sync + 'static + serde::Serialize + serde::Deserialize`",
    note = "`Cache<Live>`, from `Cache::builder().live()`, keeps any `Clone + Send + Sync + 'static`, in process"
)]
pub trait Keeps<V>: Mode + sealed::Packs<V> {}

#[diagnostic::do_not_recommend]
impl<V: Value + Serialize + DeserializeOwned> Keeps<V> for Stored {}
#[diagnostic::do_not_recommend]
impl<V: Value> Keeps<V> for Live {}
#[diagnostic::do_not_recommend]
impl<V: Value> Keeps<V> for Foreign<V> {}

mod sealed {
    use hermescache_protocol::{CodecId, Key};
    use serde::{Serialize, de::DeserializeOwned};

    use super::{Foreign, Live, Stored, Value};
    use crate::codec::{PackError, Packers, UnpackError};

    #[expect(unnameable_types, reason = "what cannot be named cannot be implemented by others")]
    pub trait Mode {
        /// Whether values may have no bytes.
        const IN_PROCESS_ONLY: bool;
    }

    impl Mode for Stored {
        const IN_PROCESS_ONLY: bool = false;
    }

    impl Mode for Live {
        const IN_PROCESS_ONLY: bool = true;
    }

    impl<V: Value> Mode for Foreign<V> {
        const IN_PROCESS_ONLY: bool = false;
    }

    /// How a mode makes bytes of a value, and a value of bytes.
    #[expect(unnameable_types, reason = "what cannot be named cannot be implemented by others")]
    pub trait Packs<V> {
        fn pack(packers: &Packers, key: &Key, value: &V) -> Result<(CodecId, Vec<u8>), PackError>;
        fn unpack(packers: &Packers, key: &Key, codec: CodecId, bytes: &[u8]) -> Result<V, UnpackError>;
    }

    impl<V: Serialize + DeserializeOwned> Packs<V> for Stored {
        fn pack(packers: &Packers, _: &Key, value: &V) -> Result<(CodecId, Vec<u8>), PackError> {
            packers.packing.pack(value)
        }

        fn unpack(packers: &Packers, _: &Key, codec: CodecId, bytes: &[u8]) -> Result<V, UnpackError> {
            packers.packing.unpack(codec, bytes)
        }
    }

    impl<V: Value> Packs<V> for Foreign<V> {
        fn pack(packers: &Packers, key: &Key, value: &V) -> Result<(CodecId, Vec<u8>), PackError> {
            packers.pack(key, value)
        }

        fn unpack(packers: &Packers, key: &Key, codec: CodecId, bytes: &[u8]) -> Result<V, UnpackError> {
            packers.unpack(key, codec, bytes)
        }
    }

    /// Its values never leave the process: a cache of them is not built in front of a server.
    impl<V: Value> Packs<V> for Live {
        fn pack(_: &Packers, _: &Key, _: &V) -> Result<(CodecId, Vec<u8>), PackError> {
            Err(PackError::Unserializable("a value that is kept live has no bytes".into()))
        }

        fn unpack(_: &Packers, _: &Key, codec: CodecId, _: &[u8]) -> Result<V, UnpackError> {
            Err(UnpackError::Unknown(codec))
        }
    }
}
