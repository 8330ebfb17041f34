//! Values as they are kept: what nobody can change as it is, everything else as bytes, so that no caller ever changes the
//! cache by changing what it got.
//! Leaves to `packer` what the bytes are.

use hermes::binding::CodecId;
use pyo3::{
    prelude::*,
    types::{PyBytes, PyComplex, PyFloat, PyFrozenSet, PyInt, PyString, PyTuple, PyType},
};

/// How deep a tuple is looked into, before it is taken for something that may change.
const DEPTH: u8 = 8;

/// A value in the cache.
#[derive(Debug)]
pub(crate) enum Held {
    /// It cannot change: everybody gets this very object.
    Plain(Py<PyAny>),
    /// Everybody gets an object made of these bytes.
    Packed(CodecId, Py<PyBytes>),
}

impl Clone for Held {
    fn clone(&self) -> Self {
        Python::attach(|py| match self {
            Self::Plain(value) => Self::Plain(value.clone_ref(py)),
            Self::Packed(codec, bytes) => Self::Packed(*codec, bytes.clone_ref(py)),
        })
    }
}

/// Whether an object is immutable through and through: a number, text, bytes, None, or a tuple or frozenset of such.
pub(crate) fn is_immutable(object: &Bound<'_, PyAny>) -> bool {
    is_immutable_to(object, DEPTH)
}

fn is_immutable_to(object: &Bound<'_, PyAny>, depth: u8) -> bool {
    let class = object.get_type();
    let is = |other: &Bound<'_, PyType>| class.is(other);
    let py = object.py();
    if object.is_none() || is(&py.get_type::<PyInt>()) || is(&py.get_type::<PyString>()) {
        return true;
    }
    if let Ok(items) = object.cast_exact::<PyTuple>() {
        return depth > 0 && items.iter_borrowed().all(|item| is_immutable_to(&item, depth - 1));
    }
    if let Ok(items) = object.cast_exact::<PyFrozenSet>() {
        return depth > 0 && items.iter().all(|item| is_immutable_to(&item, depth - 1));
    }
    is(&py.get_type::<PyFloat>())
        || is(&py.get_type::<PyBytes>())
        || is(&py.get_type::<pyo3::types::PyBool>())
        || is(&py.get_type::<PyComplex>())
}
