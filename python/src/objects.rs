//! Python's objects as serde has values: for MessagePack and JSON, which other languages read.
//! Knows nothing of codecs.

use std::fmt;

use pyo3::{
    IntoPyObjectExt,
    prelude::*,
    types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple},
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
    ser::{Error as _, SerializeMap, SerializeSeq},
};

/// An object to be written. None, bool, int of 64 bits, float, str, bytes, list, tuple (a list to its readers) and dict.
pub(crate) struct Written<'a, 'py>(pub(crate) &'a Bound<'py, PyAny>);

impl Serialize for Written<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = self.0;
        if object.is_none() {
            return serializer.serialize_none();
        }
        if let Ok(yes) = object.cast_exact::<PyBool>() {
            return serializer.serialize_bool(yes.is_true());
        }
        if let Ok(int) = object.cast_exact::<PyInt>() {
            return match (int.extract::<i64>(), int.extract::<u64>()) {
                (Ok(int), _) => serializer.serialize_i64(int),
                (_, Ok(int)) => serializer.serialize_u64(int),
                _ => Err(S::Error::custom("an int of more than 64 bits")),
            };
        }
        if let Ok(float) = object.cast_exact::<PyFloat>() {
            return serializer.serialize_f64(float.value());
        }
        if let Ok(text) = object.cast_exact::<PyString>() {
            return serializer.serialize_str(text.to_str().map_err(S::Error::custom)?);
        }
        if let Ok(bytes) = object.cast_exact::<PyBytes>() {
            return serializer.serialize_bytes(bytes.as_bytes());
        }
        if let Ok(items) = object.cast_exact::<PyDict>() {
            let mut map = serializer.serialize_map(Some(items.len()))?;
            for (key, value) in items.iter() {
                map.serialize_entry(&Written(&key), &Written(&value))?;
            }
            return map.end();
        }
        let items = match (object.cast_exact::<PyList>(), object.cast_exact::<PyTuple>()) {
            (Ok(list), _) => list.to_tuple(),
            (_, Ok(tuple)) => tuple.clone(),
            _ => return Err(S::Error::custom(format!("an object of the class {}", object.get_type()))),
        };
        let mut list = serializer.serialize_seq(Some(items.len()))?;
        for item in items.iter() {
            list.serialize_element(&Written(&item))?;
        }
        list.end()
    }
}

/// An object that was read.
pub(crate) struct Read(pub(crate) Py<PyAny>);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Python::attach(|py| Ok(Self(Reader(py).deserialize(deserializer)?.unbind())))
    }
}

#[derive(Clone, Copy)]
struct Reader<'py>(Python<'py>);

impl<'de, 'py> DeserializeSeed<'de> for Reader<'py> {
    type Value = Bound<'py, PyAny>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'py> Reader<'py> {
    fn made<E: serde::de::Error>(self, object: impl IntoPyObjectExt<'py>) -> Result<Bound<'py, PyAny>, E> {
        object.into_bound_py_any(self.0).map_err(E::custom)
    }
}

impl<'de, 'py> Visitor<'de> for Reader<'py> {
    type Value = Bound<'py, PyAny>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what Python has an object for")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(self.0.None().into_bound(self.0))
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E: serde::de::Error>(self, yes: bool) -> Result<Self::Value, E> {
        self.made(yes)
    }

    fn visit_i64<E: serde::de::Error>(self, int: i64) -> Result<Self::Value, E> {
        self.made(int)
    }

    fn visit_u64<E: serde::de::Error>(self, int: u64) -> Result<Self::Value, E> {
        self.made(int)
    }

    fn visit_f64<E: serde::de::Error>(self, float: f64) -> Result<Self::Value, E> {
        self.made(float)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        self.made(text)
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(PyBytes::new(self.0, bytes).into_any())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let list = PyList::empty(self.0);
        while let Some(item) = items.next_element_seed(self)? {
            list.append(item).map_err(serde::de::Error::custom)?;
        }
        Ok(list.into_any())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let dict = PyDict::new(self.0);
        while let Some((key, value)) = items.next_entry_seed(self, self)? {
            // A key that Python cannot hash, as a list.
            dict.set_item(key, value).map_err(serde::de::Error::custom)?;
        }
        Ok(dict.into_any())
    }
}
