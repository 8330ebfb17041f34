//! Runs a function for the engine, and finds out what is kept of its result.
//! Leaves to the engine whether it runs.

use hermes::binding::Keep;
use pyo3::{exceptions::PyException, prelude::*};

use crate::{call::Given, core::Core, engine::Place, frontend::Settings, held::Held};

/// A result, and what is kept of it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) held: Held,
    pub(crate) keep: Keep,
    pub(crate) value: Py<PyAny>,
}

/// Why a loader gave no value to keep.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The function, or what was asked about its value, raised.
    Raised(PyErr),
    /// The value has no bytes: it is its caller's alone.
    Own(Py<PyAny>),
}

impl From<PyErr> for Stop {
    fn from(raised: PyErr) -> Self {
        Self::Raised(raised)
    }
}

impl Core {
    /// Runs the function, and finds out what is kept of its result.
    pub(crate) fn load(
        &self,
        py: Python<'_>,
        place: &Place,
        settings: &Settings,
        given: &Given,
    ) -> Result<Loaded, Stop> {
        let value = given.compute(py, self)?;
        self.loaded(py, place, settings, given, value)
    }

    /// What is kept of a result.
    pub(crate) fn loaded(
        &self,
        py: Python<'_>,
        place: &Place,
        settings: &Settings,
        given: &Given,
        value: Bound<'_, PyAny>,
    ) -> Result<Loaded, Stop> {
        let keep = if value.is_none() && !settings.cache_none {
            Keep::no()
        } else {
            given.kept(py, self, settings, &value)?.keep()
        };
        match place.format.hold(&value) {
            Ok(held) => Ok(Loaded { held, keep, value: value.unbind() }),
            Err(why) if !why.is_instance_of::<PyException>(py) => Err(Stop::Raised(why)),
            Err(why) => {
                self.warn_once(py, &format!("a result is not cached, because it has no bytes: {why}"))?;
                Err(Stop::Own(value.unbind()))
            }
        }
    }
}
