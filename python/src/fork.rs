//! Caches that were made before a fork, as servers make them that fork their workers.
//! Leaves connections to the engine, which sees by itself whose they are.
//!
//! Who forks holds the interpreter, so all other threads are either out of the engine or detached in it, and those are
//! counted. In the child a cache of this process stays as it is, warm, if none was; any other is opened anew.

use std::sync::atomic::{AtomicIsize, Ordering};

use hermes::binding::begin_in_forked_child;
use pyo3::{
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyModule},
};

use crate::{engine::Engine, frontend::Frontend, python, signals};

/// How many calls are in the engine while others may fork.
static UNDER_WAY: AtomicIsize = AtomicIsize::new(0);

/// A call in the engine.
#[derive(Debug)]
pub(crate) struct UnderWay(());

impl UnderWay {
    pub(crate) fn begin() -> Self {
        UNDER_WAY.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Gives up the interpreter around something that may wait.
pub(crate) fn detached<T: Send>(py: Python<'_>, wait: impl FnOnce() -> T + Send) -> T {
    let _under_way = UnderWay::begin();
    py.detach(wait)
}

/// All engines and frontends that live.
fn living(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static LIVING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let living = LIVING.get_or_try_init(py, || Ok::<_, PyErr>(python::weak_set(py)?.call0()?.unbind()))?;
    Ok(living.bind(py))
}

/// Sees to it that a child can use an engine or a frontend.
pub(crate) fn watch(object: &Bound<'_, PyAny>) -> PyResult<()> {
    living(object.py())?.call_method1("add", (object,)).map(drop)
}

#[pyfunction]
fn in_child(py: Python<'_>) -> PyResult<()> {
    begin_in_forked_child();
    signals::begin_in_forked_child();
    let was_busy = UNDER_WAY.swap(0, Ordering::Relaxed) != 0;
    let living: Vec<_> = living(py)?.try_iter()?.collect::<PyResult<_>>()?;
    let engines = || living.iter().filter_map(|object| object.cast::<Engine>().ok());
    for engine in engines() {
        engine.get().renew(py, was_busy)?;
    }
    for frontend in living.iter().filter_map(|object| object.cast::<Frontend>().ok()) {
        frontend.get().renew(py);
    }
    Ok(())
}

/// Has the interpreter begin anew in each child.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let os = py.import("os")?;
    let Some(register) = os.getattr_opt("register_at_fork")? else { return Ok(()) };
    let hooks = PyDict::new(py);
    hooks.set_item("after_in_child", wrap_pyfunction!(in_child, module)?)?;
    register.call((), Some(&hooks)).map(drop)
}
