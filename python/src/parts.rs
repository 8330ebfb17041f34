//! What of an object tells it from others of its class.
//! Leaves to `keys` how that is written.

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex, PoisonError},
};

use pyo3::{
    intern,
    prelude::*,
    types::{PyBytes, PyComplex, PyDict, PyRange, PyString, PyTuple, PyType},
};

use crate::{classes, python};

/// Classes whose `repr` says all there is of their objects, by module and name.
const TOLD_BY_REPR: [(&str, &[&str]); 4] = [
    ("datetime", &["datetime", "date", "time", "timedelta", "timezone"]),
    ("decimal", &["Decimal"]),
    ("fractions", &["Fraction"]),
    ("uuid", &["UUID"]),
];

/// What `__hermes_key__` of an object's class returns, if it has one.
pub(crate) fn own_key<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(ask) = object.get_type().getattr_opt(intern!(object.py(), "__hermes_key__"))? else {
        return Ok(None);
    };
    if object.is_instance_of::<PyType>() { Ok(None) } else { ask.call1((object,)).map(Some) }
}

pub(crate) fn is_told_by_repr(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    if object.cast_exact::<PyComplex>().is_ok() || object.cast_exact::<PyRange>().is_ok() {
        return Ok(true);
    }
    let class = object.get_type();
    let (module, name) = (class.module()?, class.qualname()?);
    let told = TOLD_BY_REPR.iter().find(|(told, _)| module == *told);
    Ok(told.is_some_and(|(_, names)| names.iter().any(|told| name == *told)))
}

/// The fields of an object by name, where its class lists them; the items of a named tuple.
pub(crate) fn fields<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Some(names) = names_of_fields(object)? {
        let fields = PyDict::new(object.py());
        for name in names {
            fields.set_item(&name, object.getattr(name.cast::<PyString>()?)?)?;
        }
        return Ok(Some(fields.into_any()));
    }
    match object.cast::<PyTuple>() {
        Ok(items)
            if object.get_type().hasattr(intern!(object.py(), "_fields"))? && !has_attributes(object)? =>
        {
            Ok(Some(items.as_sequence().to_tuple()?.into_any()))
        }
        _ => Ok(None),
    }
}

/// Of a dataclass, a class of attrs, a model of pydantic. The class itself has to be one: what is made of one may have more
/// than fields.
fn names_of_fields<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    let py = object.py();
    let class = object.get_type();
    let own = class.getattr(intern!(py, "__dict__"))?;
    let names_in = |fields: &Bound<'py, PyAny>| -> PyResult<Vec<_>> {
        fields.try_iter()?.map(|field| field?.getattr(intern!(py, "name"))).collect()
    };
    if own.contains(intern!(py, "__dataclass_fields__"))? {
        return names_in(&python::dataclass_fields(py)?.call1((object,))?).map(Some);
    }
    if own.contains(intern!(py, "__attrs_attrs__"))? {
        return names_in(&class.getattr(intern!(py, "__attrs_attrs__"))?).map(Some);
    }
    if own.contains(intern!(py, "__pydantic_fields__"))? && !has_extra(object)? {
        let names = class.getattr(intern!(py, "__pydantic_fields__"))?;
        return names.try_iter()?.collect::<PyResult<_>>().map(Some);
    }
    Ok(None)
}

/// Whether a model of pydantic was given more than it has fields for.
fn has_extra(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    object.getattr(intern!(object.py(), "__pydantic_extra__"))?.is_truthy()
}

/// Whether it has attributes that its class does not say.
fn has_attributes(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    match object.getattr_opt(intern!(object.py(), "__dict__"))? {
        Some(attributes) => attributes.is_truthy(),
        None => Ok(false),
    }
}

/// The last resort, with a warning for each class: equal objects need not have equal pickles.
pub(crate) fn pickled<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    static WARNED: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    let bytes = python::pickled(object)?;
    let class = classes::name(&object.get_type())?;
    let is_new = WARNED.lock().unwrap_or_else(PoisonError::into_inner).insert(class.clone());
    if is_new {
        python::warn(
            object.py(),
            &format!(
                "arguments of the class {class} are told apart by their pickles, which may differ where the objects are \
                 equal; give it a method __hermes_key__ that returns what tells them apart"
            ),
        )?;
    }
    Ok(bytes)
}
