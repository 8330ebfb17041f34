//! Values as they are kept: what nobody can change as it is, everything else so that each caller gets a copy of its own, and
//! never changes the cache by changing what it got.
//! Leaves to `packer` what the bytes are.

use hermes::binding::CodecId;
use pyo3::{
    intern,
    prelude::*,
    types::{
        PyBytes, PyComplex, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple, PyType,
    },
};

/// How deep a tuple is looked into, before it is taken for something that may change.
const DEPTH: u8 = 8;

/// A value in the cache.
#[derive(Debug)]
pub(crate) enum Held {
    /// It cannot change: everybody gets this very object.
    Plain(Py<PyAny>),
    /// Only it can change, and none of its members: everybody gets a container with the same members.
    Flat(Flat),
    /// Everybody gets an object made of these bytes.
    Packed(CodecId, Py<PyBytes>),
}

impl Clone for Held {
    fn clone(&self) -> Self {
        Python::attach(|py| match self {
            Self::Plain(value) => Self::Plain(value.clone_ref(py)),
            Self::Flat(container) => Self::Flat(container.clone_ref(py)),
            Self::Packed(codec, bytes) => Self::Packed(*codec, bytes.clone_ref(py)),
        })
    }
}

impl Held {
    /// An object that can be kept without bytes.
    pub(crate) fn without_bytes(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if is_immutable(object, DEPTH) {
            return Ok(Some(Self::Plain(object.clone().unbind())));
        }
        Ok(Flat::copied(object)?.map(Self::Flat))
    }
}

/// A container that nobody else holds, of immutable members.
#[derive(Debug)]
pub(crate) enum Flat {
    Dict(Py<PyDict>),
    List(Py<PyList>),
    Set(Py<PySet>),
}

impl Flat {
    /// A copy of an object of exactly one of these classes: those made of them may copy by code of their own.
    fn copied(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let is_immutable = |member: Bound<'_, PyAny>| is_immutable(&member, DEPTH);
        Ok(if let Ok(dict) = object.cast_exact::<PyDict>() {
            let copy = dict.copy()?;
            let is_flat = copy.iter().all(|(key, value)| is_immutable(key) && is_immutable(value));
            is_flat.then(|| Self::Dict(copy.unbind()))
        } else if let Ok(list) = object.cast_exact::<PyList>() {
            let copy = copied_list(list);
            copy.iter().all(is_immutable).then(|| Self::List(copy.unbind()))
        } else if let Ok(set) = object.cast_exact::<PySet>() {
            let copy = copied_set(set)?;
            copy.iter().all(is_immutable).then(|| Self::Set(copy.unbind()))
        } else {
            None
        })
    }

    /// One for a caller.
    pub(crate) fn copy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(match self {
            Self::Dict(dict) => dict.bind(py).copy()?.into_any(),
            Self::List(list) => copied_list(list.bind(py)).into_any(),
            Self::Set(set) => copied_set(set.bind(py))?.into_any(),
        })
    }

    fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Dict(dict) => Self::Dict(dict.clone_ref(py)),
            Self::List(list) => Self::List(list.clone_ref(py)),
            Self::Set(set) => Self::Set(set.clone_ref(py)),
        }
    }
}

fn copied_list<'py>(list: &Bound<'py, PyList>) -> Bound<'py, PyList> {
    list.get_slice(0, list.len())
}

fn copied_set<'py>(set: &Bound<'py, PySet>) -> PyResult<Bound<'py, PySet>> {
    Ok(set.call_method0(intern!(set.py(), "copy"))?.cast_into()?)
}

/// Whether an object is immutable through and through: a number, text, bytes, None, or a tuple or frozenset of such.
fn is_immutable(object: &Bound<'_, PyAny>, depth: u8) -> bool {
    let class = object.get_type();
    let is = |other: &Bound<'_, PyType>| class.is(other);
    let py = object.py();
    if object.is_none() || is(&py.get_type::<PyInt>()) || is(&py.get_type::<PyString>()) {
        return true;
    }
    if let Ok(items) = object.cast_exact::<PyTuple>() {
        return depth > 0 && items.iter_borrowed().all(|item| is_immutable(&item, depth - 1));
    }
    if let Ok(items) = object.cast_exact::<PyFrozenSet>() {
        return depth > 0 && items.iter().all(|item| is_immutable(&item, depth - 1));
    }
    is(&py.get_type::<PyFloat>())
        || is(&py.get_type::<PyBytes>())
        || is(&py.get_type::<pyo3::types::PyBool>())
        || is(&py.get_type::<PyComplex>())
}
