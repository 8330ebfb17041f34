//! How Python's values become bytes: by pickle, signed or not, by a user's serialiser, or by the engine's codecs.
//! Leaves which values need bytes to `held`.

use hermes::{
    Codec, Key,
    binding::{Cause, CodecId, Codecs, Packer, Packing},
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict},
};

use crate::{
    held::Held,
    objects::{Read, Written},
    python,
};

const PICKLE: CodecId = CodecId(4);
const SIGNED_PICKLE: CodecId = CodecId(5);
const MANGLER: CodecId = CodecId(6);

/// Says of a pickle that it is compressed by zlib.
const ZLIB: u8 = 3 << 4;

/// The most that a value takes, compressed or not: what the engine's own codecs allow, and as much for pickle's verbosity.
const MAX_BYTES: usize = 16 * 1024 * 1024;

const SIGNATURE_BYTES: usize = 32;

/// What the values of one cache look like.
#[derive(Debug)]
pub(crate) struct Format {
    /// Whether values stay in this process, and so only what could be changed needs bytes.
    pub(crate) in_process: bool,
    pub(crate) by: By,
}

#[derive(Debug)]
pub(crate) enum By {
    Pickle {
        /// Pickles of so many bytes are compressed.
        compress_from: Option<usize>,
        signing: Option<Signing>,
    },
    /// Bytes in a format that other languages read.
    Codec(Codec),
    /// A serialiser of the user's.
    Mangler { dumps: Py<PyAny>, loads: Py<PyAny> },
}

/// The key of signatures, made of a secret.
pub(crate) struct Signing([u8; blake3::KEY_LEN]);

impl std::fmt::Debug for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signing")
    }
}

impl Signing {
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self(blake3::derive_key("hermes 2026 signatures of pickles", secret))
    }

    /// Binds a pickle to its key, and to whether it is compressed.
    fn signature(&self, key: &Key, codec: CodecId, bytes: &[u8]) -> blake3::Hash {
        let name = key.to_string();
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes()).update(&[codec.0]).update(bytes);
        hasher.finalize()
    }
}

impl Format {
    /// An object as it is kept.
    ///
    /// # Errors
    /// What a serialiser says of an object that it cannot write.
    pub(crate) fn hold(&self, object: &Bound<'_, PyAny>) -> PyResult<Held> {
        if self.in_process
            && let Some(held) = Held::without_bytes(object)?
        {
            return Ok(held);
        }
        let (codec, bytes) = match &self.by {
            // Nobody else reads them, and nothing is faster.
            By::Pickle { .. } | By::Codec(_) if self.in_process => (PICKLE, python::pickled(object)?),
            _ => self.written(object)?,
        };
        Ok(Held::Packed(codec, bytes.unbind()))
    }

    /// The object of a value, to be handed to one caller.
    ///
    /// # Errors
    /// What a serialiser says of bytes that it cannot read.
    pub(crate) fn object<'py>(&self, py: Python<'py>, held: &Held) -> PyResult<Bound<'py, PyAny>> {
        match held {
            Held::Plain(object) => Ok(object.bind(py).clone()),
            Held::Flat(container) => container.copy(py),
            Held::Packed(codec, bytes) => self.read(*codec, bytes.bind(py)),
        }
    }

    fn written<'py>(&self, object: &Bound<'py, PyAny>) -> PyResult<(CodecId, Bound<'py, PyBytes>)> {
        let py = object.py();
        match &self.by {
            By::Pickle { compress_from, .. } => {
                let bytes = python::pickled(object)?;
                if compress_from.is_none_or(|from| bytes.as_bytes().len() < from) {
                    return Ok((PICKLE, bytes));
                }
                let small = python::zlib_compress(py)?.call1((&bytes,))?.cast_into::<PyBytes>()?;
                let is_smaller = small.as_bytes().len() < bytes.as_bytes().len();
                Ok(if is_smaller { (CodecId(PICKLE.0 | ZLIB), small) } else { (PICKLE, bytes) })
            }
            By::Codec(codec) => {
                let written = Packing::default().codec(*codec).pack(&Written(object));
                let (codec, bytes) =
                    written.map_err(|why| pyo3::exceptions::PyValueError::new_err(why.to_string()))?;
                Ok((codec, PyBytes::new(py, &bytes)))
            }
            By::Mangler { dumps, .. } => {
                let bytes = dumps.bind(py).call1((object,))?;
                Ok((MANGLER, bytes.cast_into::<PyBytes>()?))
            }
        }
    }

    fn read<'py>(&self, codec: CodecId, bytes: &Bound<'py, PyBytes>) -> PyResult<Bound<'py, PyAny>> {
        let py = bytes.py();
        match (&self.by, codec) {
            (By::Mangler { loads, .. }, MANGLER) => loads.bind(py).call1((bytes,)),
            (_, PICKLE) => python::pickle_loads(py)?.call1((bytes,)),
            (_, CodecId(id)) if id == PICKLE.0 | ZLIB => python::pickle_loads(py)?.call1((expanded(bytes)?,)),
            _ => {
                let read = Packing::default().unpack::<Read>(codec, bytes.as_bytes());
                let read = read.map_err(|why| pyo3::exceptions::PyValueError::new_err(why.to_string()))?;
                Ok(read.0.into_bound(py))
            }
        }
    }
}

/// What zlib made smaller, unless it is more than there can be.
fn expanded<'py>(bytes: &Bound<'py, PyBytes>) -> PyResult<Bound<'py, PyAny>> {
    let py = bytes.py();
    let expanding = python::zlib_decompressobj(py)?.call0()?;
    let limit = PyDict::new(py);
    limit.set_item("max_length", MAX_BYTES)?;
    let plain = expanding.call_method("decompress", (bytes,), Some(&limit))?;
    if expanding.getattr("eof")?.is_truthy()? {
        Ok(plain)
    } else {
        Err(pyo3::exceptions::PyValueError::new_err("it is cut off, or expands to more than 16 MiB"))
    }
}

/// A format as the engine asks it, for a server.
#[derive(Debug)]
pub(crate) struct OnServers(pub(crate) std::sync::Arc<Format>);

impl OnServers {
    fn signing(&self) -> Option<&Signing> {
        match &self.0.by {
            By::Pickle { signing, .. } => signing.as_ref(),
            By::Codec(_) | By::Mangler { .. } => None,
        }
    }
}

impl Packer<Held> for OnServers {
    fn readable(&self) -> Codecs {
        let pickles = |id: CodecId| Codecs::none().with(id).with(CodecId(id.0 | ZLIB));
        match &self.0.by {
            // With a secret, whatever is not signed may be anybody's.
            By::Pickle { signing: Some(_), .. } => pickles(SIGNED_PICKLE),
            // What Rust wrote is read, too.
            By::Pickle { signing: None, .. } => (0..64)
                .map(CodecId)
                .filter(|id| Packing::readable().contains(*id))
                .fold(pickles(PICKLE), Codecs::with),
            // Bytes of pickle can run any code: who chose another format is spared them.
            By::Codec(_) => Packing::readable(),
            By::Mangler { .. } => Codecs::none().with(MANGLER),
        }
    }

    fn pack(&self, key: &Key, value: &Held) -> Result<(CodecId, Vec<u8>), Cause> {
        Python::attach(|py| {
            let Held::Packed(codec, bytes) = value else { return Err("it has no bytes".into()) };
            let bytes = bytes.bind(py).as_bytes();
            let Some(signing) = self.signing() else { return Ok((*codec, bytes.to_vec())) };
            // 4, with whatever says how it is compressed, becomes 5.
            let codec = CodecId(codec.0 ^ PICKLE.0 ^ SIGNED_PICKLE.0);
            let signature = signing.signature(key, codec, bytes);
            Ok((codec, [signature.as_bytes(), bytes].concat()))
        })
    }

    fn unpack(&self, key: &Key, codec: CodecId, bytes: &[u8]) -> Result<Held, Cause> {
        let (codec, bytes) = match self.signing() {
            None => (codec, bytes),
            Some(signing) => {
                let (signature, bytes) =
                    bytes.split_first_chunk::<SIGNATURE_BYTES>().ok_or("it is too short for a signature")?;
                // In constant time.
                if signing.signature(key, codec, bytes) != *signature {
                    return Err("its signature is not ours".into());
                }
                (CodecId(codec.0 ^ PICKLE.0 ^ SIGNED_PICKLE.0), bytes)
            }
        };
        // Now, and not when the value is handed out: what cannot be read is a miss.
        let read =
            Python::attach(|py| Ok(Held::Plain(self.0.read(codec, &PyBytes::new(py, bytes))?.unbind())));
        read.map_err(|why: PyErr| why.to_string().into())
    }
}
