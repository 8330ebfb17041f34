//! Python's objects as parts of a key: equal arguments give equal bytes, distinct ones distinct bytes.
//! The format is docs/formats/keys.md; the bytes themselves are the engine's.

use std::{cell::RefCell, sync::LazyLock};

use hermes::{Cache, binding::Function};
use pyo3::{
    exceptions::PyException,
    intern,
    prelude::*,
    types::{
        PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple,
        PyType,
    },
};
use serde::{
    Serialize, Serializer,
    ser::{Error, SerializeMap, SerializeSeq, SerializeTuple},
};

use crate::{classes, errors, parts, python};

/// How deep objects may be nested. The stack has an end.
const DEPTH: u8 = 127;

/// Why the arguments of a call cannot be part of a key, if they cannot.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    said: RefCell<Option<String>>,
    /// What is nobody's to keep from the caller: an interruption, or the interpreter's end.
    last: RefCell<Option<PyErr>>,
}

impl Trouble {
    /// # Errors
    /// What the arguments raised, if it is no mere exception.
    pub(crate) fn take(&self) -> PyResult<Option<String>> {
        self.last.take().map_or_else(|| Ok(self.said.take()), Err)
    }

    /// What serde is told of something that an object raised.
    fn raised<E: Error>(&self, why: impl Into<PyErr>) -> E {
        let why = why.into();
        let said = E::custom(&why);
        if Python::attach(|py| !why.is_instance_of::<PyException>(py)) {
            *self.last.borrow_mut() = Some(why);
        }
        said
    }
}

/// An argument on its way into a key.
pub(crate) struct Argument<'a, 'py> {
    object: &'a Bound<'py, PyAny>,
    trouble: &'a Trouble,
}

impl<'a, 'py> Argument<'a, 'py> {
    pub(crate) fn new(object: &'a Bound<'py, PyAny>, trouble: &'a Trouble) -> Self {
        Self { object, trouble }
    }
}

impl Serialize for Argument<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object { object: self.object, depth: DEPTH, trouble: self.trouble }.serialize(serializer).inspect_err(
            |why| {
                *self.trouble.said.borrow_mut() = Some(why.to_string());
            },
        )
    }
}

/// Bytes for arguments, from which nothing can be read: of equal ones, however their names are ordered, they are equal.
#[pyfunction]
pub(crate) fn encode<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyBytes>> {
    /// What a key is asked of.
    static NOWHERE: LazyLock<Cache> =
        LazyLock::new(|| Cache::from_url("noop://").expect("it says all there is"));
    let py = args.py();
    let mut call = Function::of_entries().call(&NOWHERE);
    let trouble = Trouble::default();
    call.arg(&Argument::new(args, &trouble));
    call.arg(&Argument::new(kwargs, &trouble));
    match call.key() {
        Ok(key) => Ok(PyBytes::new(py, key.to_string().as_bytes())),
        Err(why) => Err(errors::error(py, &trouble.take()?.unwrap_or_else(|| why.to_string()))),
    }
}

/// The receiver of a method: what tells classes apart, but not their objects, unless they say how.
pub(crate) struct Receiver<'a, 'py>(pub(crate) &'a Bound<'py, PyAny>, pub(crate) &'a Trouble);

impl Serialize for Receiver<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(object, trouble) = self;
        if object.is_instance_of::<PyType>()
            || parts::own_key(object).map_err(|why| trouble.raised(why))?.is_some()
        {
            return Argument::new(object, trouble).serialize(serializer);
        }
        let class = classes::name(&object.get_type()).map_err(|why| trouble.raised(why))?;
        serializer.serialize_newtype_variant("", 0, "receiver", &class)
    }
}

/// What a partial function has already: tuples and dicts. Nothing else that is an argument looks like it.
pub(crate) struct Partial<'a, 'py>(pub(crate) &'a [Bound<'py, PyAny>], pub(crate) &'a Trouble);

impl Serialize for Partial<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_variant("", 0, "partial", &Row(self.0, self.1))
    }
}

/// Arguments that a function takes under no name of their own: `*args`, as a list.
pub(crate) struct Row<'a, 'py>(pub(crate) &'a [Bound<'py, PyAny>], pub(crate) &'a Trouble);

impl Serialize for Row<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|object| Argument::new(object, self.1)))
    }
}

struct Object<'a, 'py> {
    object: &'a Bound<'py, PyAny>,
    depth: u8,
    trouble: &'a Trouble,
}

impl<'a, 'py> Object<'a, 'py> {
    fn inside<'b>(&self, object: &'b Bound<'py, PyAny>) -> Object<'b, 'py>
    where
        'a: 'b,
    {
        Object { object, depth: self.depth.saturating_sub(1), trouble: self.trouble }
    }

    fn inside_class<'b>(&self, value: &'b Bound<'py, PyAny>) -> PyResult<OfClass<'b, 'py>>
    where
        'a: 'b,
    {
        Ok(OfClass { class: classes::sole_name(&self.object.get_type())?, value: self.inside(value) })
    }

    fn set<S: Serializer>(&self, name: &'static str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_variant("", 0, name, &Elements(self))
    }

    /// An int beyond 64 bits.
    fn large_int<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = || -> PyResult<Bound<'py, PyBytes>> {
            let bits =
                self.object.call_method0(intern!(self.object.py(), "bit_length"))?.extract::<usize>()?;
            let signed = PyDict::new(self.object.py());
            signed.set_item("signed", true)?;
            let bytes = self.object.call_method("to_bytes", (bits / 8 + 1, "big"), Some(&signed))?;
            Ok(bytes.cast_into::<PyBytes>()?)
        };
        serializer.serialize_newtype_variant(
            "",
            0,
            "int",
            &Raw(bytes().map_err(|why| self.trouble.raised(why))?.as_bytes()),
        )
    }

    /// A text with halves of surrogate pairs, which UTF-8 does not have.
    fn broken_text<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self
            .object
            .call_method1("encode", ("utf-8", "surrogatepass"))
            .map_err(|why| self.trouble.raised(why))?;
        let bytes = bytes.cast_into::<PyBytes>().map_err(|why| self.trouble.raised(why))?;
        serializer.serialize_newtype_variant("", 0, "str", &Raw(bytes.as_bytes()))
    }

    /// What no exact built-in type is.
    fn other<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of_class = |serializer: S, value: &Bound<'py, PyAny>| {
            serializer.serialize_newtype_variant(
                "",
                0,
                "class",
                &self.inside_class(value).map_err(|why| self.trouble.raised(why))?,
            )
        };
        let object = self.object;
        let py = object.py();
        let is = |class: PyResult<&Bound<'py, PyAny>>| object.is_instance(class?);
        if let Some(key) = parts::own_key(object).map_err(|why| self.trouble.raised(why))? {
            return of_class(serializer, &key);
        }
        if is(python::enum_class(py)).map_err(|why| self.trouble.raised(why))? {
            // Flags that are sums of others have no name of their own.
            let part = object.getattr(intern!(py, "name")).map_err(|why| self.trouble.raised(why))?;
            let part = if part.is_none() {
                object.getattr(intern!(py, "value")).map_err(|why| self.trouble.raised(why))?
            } else {
                part
            };
            return of_class(serializer, &part);
        }
        if let Ok(class) = object.cast::<PyType>() {
            let name = classes::sole_name(class).map_err(|why| self.trouble.raised(why))?;
            return serializer.serialize_newtype_variant("", 0, "type", &name);
        }
        if parts::is_told_by_repr(object).map_err(|why| self.trouble.raised(why))?
            || is(python::pure_path(py)).map_err(|why| self.trouble.raised(why))?
        {
            let text = object.repr().map_err(|why| self.trouble.raised(why))?;
            return of_class(serializer, text.as_any());
        }
        if let Some(fields) = parts::fields(object).map_err(|why| self.trouble.raised(why))? {
            return of_class(serializer, &fields);
        }
        serializer.serialize_newtype_variant(
            "",
            0,
            "pickle",
            &Raw(parts::pickled(object).map_err(|why| self.trouble.raised(why))?.as_bytes()),
        )
    }
}

impl Serialize for Object<'_, '_> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = self.object;
        if self.depth == 0 {
            return Err(S::Error::custom("an argument is nested more than 127 deep"));
        }
        if let Ok(int) = object.cast_exact::<PyInt>() {
            return match int.extract::<i64>() {
                Ok(int) => serializer.serialize_i64(int),
                Err(_) => self.large_int(serializer),
            };
        }
        if let Ok(text) = object.cast_exact::<PyString>() {
            return match text.to_str() {
                Ok(text) => serializer.serialize_str(text),
                Err(_) => self.broken_text(serializer),
            };
        }
        if object.is_none() {
            return serializer.serialize_none();
        }
        if let Ok(float) = object.cast_exact::<PyFloat>() {
            return serializer.serialize_f64(float.value());
        }
        if let Ok(yes) = object.cast_exact::<PyBool>() {
            return serializer.serialize_bool(yes.is_true());
        }
        if let Ok(bytes) = object.cast_exact::<PyBytes>() {
            return serializer.serialize_bytes(bytes.as_bytes());
        }
        if let Ok(items) = object.cast_exact::<PyTuple>() {
            let mut tuple = serializer.serialize_tuple(items.len())?;
            for item in items.iter() {
                tuple.serialize_element(&self.inside(&item))?;
            }
            return tuple.end();
        }
        // Copies of what may change: to encode a member may run anybody's code, or let others run.
        if let Ok(items) = object.cast_exact::<PyList>() {
            let items = items.to_tuple();
            let mut list = serializer.serialize_seq(Some(items.len()))?;
            for item in items.iter() {
                list.serialize_element(&self.inside(&item))?;
            }
            return list.end();
        }
        if let Ok(items) = object.cast_exact::<PyDict>() {
            let items = items.copy().map_err(|why| self.trouble.raised(why))?;
            let mut map = serializer.serialize_map(Some(items.len()))?;
            for (key, value) in items.iter() {
                map.serialize_entry(&self.inside(&key), &self.inside(&value))?;
            }
            return map.end();
        }
        if object.cast_exact::<PySet>().is_ok() {
            return self.set("set", serializer);
        }
        if object.cast_exact::<PyFrozenSet>().is_ok() {
            return self.set("frozenset", serializer);
        }
        if let Ok(bytes) = object.cast_exact::<PyByteArray>() {
            return serializer.serialize_newtype_variant("", 0, "bytearray", &Raw(&bytes.to_vec()));
        }
        self.other(serializer)
    }
}

/// The elements of a set, in the order of their bytes: a map has them so.
struct Elements<'a, 'b, 'py>(&'a Object<'b, 'py>);

impl Serialize for Elements<'_, '_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for element in self.0.object.try_iter().map_err(|why| self.0.trouble.raised(why))? {
            map.serialize_entry(&self.0.inside(&element.map_err(|why| self.0.trouble.raised(why))?), &())?;
        }
        map.end()
    }
}

/// What an object of a class is, in terms of other objects.
struct OfClass<'a, 'py> {
    class: String,
    value: Object<'a, 'py>,
}

impl Serialize for OfClass<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&self.class)?;
        pair.serialize_element(&self.value)?;
        pair.end()
    }
}

struct Raw<'a>(&'a [u8]);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}
