//! The compiled part of the Python package `hermes`: everything on the way of a call.
//! Leaves construction, names of options and backends written in Python to `hermes/*.py`.
//!
//! Whoever waits is detached from the interpreter, and whoever runs Python code holds no lock.

mod cached;
mod call;
mod classes;
mod core;
mod coro;
mod engine;
mod errors;
mod flight;
mod fork;
mod frontend;
mod held;
mod hub;
mod identity;
mod keys;
mod loader;
mod objects;
mod packer;
mod parts;
mod python;
mod runtime;
mod signals;
mod signature;
mod tags;
mod ttl;
mod verbs;

use pyo3::prelude::*;

/// The compiled part of `hermes`. Private: `hermes` re-exports what is public.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<engine::Engine>()?;
    module.add_class::<frontend::Frontend>()?;
    module.add_class::<cached::Cached>()?;
    module.add_class::<coro::CachedCoro>()?;
    module.add_class::<call::Call>()?;
    module.add_class::<flight::Flight>()?;
    module.add_class::<hub::Hub>()?;
    module.add_function(wrap_pyfunction!(keys::encode, module)?)?;
    fork::register(module)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
