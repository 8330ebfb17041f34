//! The compiled part of the Python package `hermes`: everything on the way of a call.
//! Leaves construction, names of options and backends written in Python to `hermes/*.py`.

use pyo3::prelude::*;

/// The compiled part of `hermes`. Private: `hermes` re-exports what is public.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
