//! How long a value is kept, as Python says it: seconds, None, or a function that sees the value.
//! Leaves the default to whoever asks.

use std::time::Duration;

use hermes::binding::Keep;
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyBool, PyFloat, PyInt},
};

/// The longest that the engine keeps anything.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

#[derive(Debug)]
pub(crate) enum Ttl {
    Fixed(Kept),
    /// Asked after each computation, as `ttl(value, function, *args, **kwargs)`.
    Asked(Py<PyAny>),
}

/// What a number of seconds says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    NotAtAll,
    For(Duration),
}

impl Ttl {
    /// # Errors
    /// TypeError for what is no number, None or callable; ValueError for NaN.
    pub(crate) fn new(given: &Bound<'_, PyAny>) -> PyResult<Self> {
        if given.is_callable() {
            Ok(Self::Asked(given.clone().unbind()))
        } else {
            Kept::new(given).map(Self::Fixed)
        }
    }
}

impl Kept {
    /// # Errors
    /// As for [`Ttl::new`].
    pub(crate) fn new(seconds: &Bound<'_, PyAny>) -> PyResult<Self> {
        if seconds.is_none() {
            return Ok(Self::For(FOREVER));
        }
        let is_number = seconds.is_instance_of::<PyInt>() || seconds.is_instance_of::<PyFloat>();
        if !is_number || seconds.is_instance_of::<PyBool>() {
            let text = format!("a ttl is a number of seconds, None or a callable, not {}", seconds.repr()?);
            return Err(PyTypeError::new_err(text));
        }
        // An int beyond all floats is for ever, or never.
        let seconds = match seconds.extract::<f64>() {
            Ok(seconds) => seconds,
            Err(_) if seconds.gt(0)? => f64::INFINITY,
            Err(_) => f64::NEG_INFINITY,
        };
        if seconds.is_nan() {
            return Err(PyValueError::new_err("a ttl is a number of seconds, and NaN is none"));
        }
        if seconds <= 0.0 {
            return Ok(Self::NotAtAll);
        }
        let ttl = Duration::try_from_secs_f64(seconds).unwrap_or(FOREVER);
        Ok(Self::For(ttl.clamp(Duration::from_millis(1), FOREVER)))
    }

    pub(crate) fn keep(self) -> Keep {
        match self {
            Self::NotAtAll => Keep::no(),
            Self::For(ttl) => Keep::yes().ttl(ttl),
        }
    }
}
