//! Errors of the engine as Python has them.
//! Leaves their classes to `hermes/_errors.py`.

use hermes::ErrorKind;
use pyo3::{prelude::*, sync::PyOnceLock, types::PyType};

/// A `HermesError` that says this.
pub(crate) fn error(py: Python<'_>, said: &str) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    of_class(py, &CLASS, "HermesError", said)
}

/// What a verb of the engine says.
pub(crate) fn of_engine(py: Python<'_>, why: &hermes::Error) -> PyErr {
    static BACKEND: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static TIMEOUT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let said = why.to_string();
    match why.kind() {
        ErrorKind::Backend => of_class(py, &BACKEND, "BackendError", &said),
        ErrorKind::Timeout => of_class(py, &TIMEOUT, "BackendTimeout", &said),
        _ => error(py, &said),
    }
}

fn of_class(py: Python<'_>, class: &'static PyOnceLock<Py<PyType>>, name: &str, said: &str) -> PyErr {
    match class.import(py, "hermes._errors", name) {
        Ok(class) => PyErr::from_type(class.clone(), (said.to_owned(),)),
        Err(missing) => missing,
    }
}
