//! Which class goes by a name: objects of two that live at once under one would be taken for each other in keys.
//! Knows nothing of keys.

use pyo3::{
    intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyString, PyType},
};

use crate::{errors, python};

/// `module:Qual.name`.
pub(crate) fn name(class: &Bound<'_, PyType>) -> PyResult<String> {
    Ok(format!("{}:{}", class.module()?.to_str()?, class.qualname()?.to_str()?))
}

/// The same, of a class that has it alone.
///
/// # Errors
/// HermesError if another class that lives goes by it.
pub(crate) fn sole_name(class: &Bound<'_, PyType>) -> PyResult<String> {
    static KNOWN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = class.py();
    let name = name(class)?;
    let known =
        KNOWN.get_or_try_init(py, || Ok::<_, PyErr>(python::weak_value_dictionary(py)?.call0()?.unbind()))?;
    let known = known.bind(py);
    let before = known.call_method1(intern!(py, "get"), (&name,))?;
    if before.is(class) {
        return Ok(name);
    }
    if !before.is_none() && !is_found_by_name(class)? {
        return Err(errors::error(
            py,
            &format!(
                "two classes go by the name {name}, and their objects cannot be told apart; define the class at the top of a \
                 module, or give it a __qualname__ of its own"
            ),
        ));
    }
    known.set_item(&name, class)?;
    Ok(name)
}

/// Whether its module has it by its name: then it is the one, and its predecessor was there before the module was loaded again.
fn is_found_by_name(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let mut found = python::loaded_modules(class.py())?.call_method1("get", (class.module()?,))?;
    for part in class.qualname()?.to_str()?.split('.') {
        match found.getattr_opt(PyString::new(class.py(), part))? {
            Some(next) => found = next,
            None => return Ok(false),
        }
    }
    Ok(found.is(class))
}
