//! What cached functions ask at each call: where they are kept, and how long.
//! Leaves what that means to `cached`.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::{
    PyTraverseError, PyVisit,
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    engine::{Engine, Place},
    fork,
    identity::Identities,
    ttl::Ttl,
};

/// How long entries live if nobody says it.
const DEFAULT_TTL_SECONDS: u32 = 3600;

/// Where calls go.
#[derive(Debug)]
pub(crate) enum Way {
    /// Nowhere: each computes.
    Uncached,
    /// To the engine.
    Engine(Arc<Place>),
    /// To a backend that is written in Python, by its driver.
    Driver(Py<PyAny>),
}

/// All that can be assigned, whole: each call sees one moment of it.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) way: Way,
    pub(crate) ttl: Ttl,
    pub(crate) cache_none: bool,
    /// Names the entries of functions without a key of their own.
    pub(crate) namer: Option<Py<PyAny>>,
    /// The engine and the ttl, as they were given.
    engine_given: Option<Py<PyAny>>,
    ttl_given: Option<Py<PyAny>>,
}

impl Settings {
    pub(crate) fn ttl_given(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.ttl_given.as_ref().map(|given| given.clone_ref(py))
    }

    fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.engine_given)?;
        visit.call(&self.ttl_given)?;
        visit.call(&self.namer)?;
        match &self.way {
            Way::Driver(driver) => visit.call(driver)?,
            Way::Uncached | Way::Engine(_) => {}
        }
        match &self.ttl {
            Ttl::Asked(ask) => visit.call(ask),
            Ttl::Fixed(_) => Ok(()),
        }
    }
}

/// What cached functions ask at each call where they are kept and how long. The base of `Hermes`.
#[pyclass(frozen, subclass, dict, weakref, module = "hermes._core")]
#[derive(Debug)]
pub(crate) struct Frontend {
    settings: Mutex<Arc<Settings>>,
    pub(crate) identities: Identities,
}

impl Frontend {
    /// What holds now.
    #[inline]
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on with its engine where that has been opened anew.
    pub(crate) fn renew(&self, py: Python<'_>) {
        self.change(py, |settings| {
            let engine =
                settings.engine_given.as_ref().and_then(|given| given.bind(py).cast::<Engine>().ok());
            if let Some(engine) = engine {
                settings.way = Way::Engine(engine.get().place());
            }
        });
    }

    /// Assigns one of the settings. What leaves is dropped outside of the lock: it may run anybody's code.
    fn change(&self, py: Python<'_>, change: impl FnOnce(&mut Settings)) {
        let now = self.settings();
        let mut next = Settings {
            way: match &now.way {
                Way::Uncached => Way::Uncached,
                Way::Engine(place) => Way::Engine(Arc::clone(place)),
                Way::Driver(driver) => Way::Driver(driver.clone_ref(py)),
            },
            ttl: match &now.ttl {
                Ttl::Fixed(kept) => Ttl::Fixed(*kept),
                Ttl::Asked(ask) => Ttl::Asked(ask.clone_ref(py)),
            },
            cache_none: now.cache_none,
            namer: now.namer.as_ref().map(|namer| namer.clone_ref(py)),
            engine_given: now.engine_given.as_ref().map(|given| given.clone_ref(py)),
            ttl_given: now.ttl_given.as_ref().map(|given| given.clone_ref(py)),
        };
        change(&mut next);
        let mut next = Arc::new(next);
        std::mem::swap(&mut *self.settings.lock().unwrap_or_else(PoisonError::into_inner), &mut next);
    }
}

#[pymethods]
impl Frontend {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(
        py: Python<'_>,
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let ttl = DEFAULT_TTL_SECONDS.into_pyobject(py)?.into_any();
        let settings = Settings {
            way: Way::Uncached,
            ttl: Ttl::new(&ttl)?,
            cache_none: true,
            namer: None,
            engine_given: None,
            ttl_given: Some(ttl.unbind()),
        };
        Ok(Self { settings: Mutex::new(Arc::new(settings)), identities: Identities::default() })
    }

    /// Does nothing, whatever it is given: a subclass may leave it out.
    #[pyo3(signature = (*_args, **_kwargs))]
    #[expect(clippy::unused_self, reason = "a method of Python's")]
    fn __init__(&self, _args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) {}

    /// What serves the calls; None: every call computes.
    #[getter]
    fn engine(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.settings().engine_given.as_ref().map(|given| given.clone_ref(py))
    }

    #[setter]
    fn set_engine(slf: &Bound<'_, Self>, given: &Bound<'_, PyAny>) -> PyResult<()> {
        let way = if given.is_none() {
            Way::Uncached
        } else if let Ok(engine) = given.cast::<Engine>() {
            Way::Engine(engine.get().place())
        } else {
            Way::Driver(given.clone().unbind())
        };
        let given = (!given.is_none()).then(|| given.clone().unbind());
        slf.get().change(slf.py(), |settings| {
            settings.way = way;
            settings.engine_given = given;
        });
        fork::watch(slf.as_any())
    }

    /// Seconds that entries live whose function does not say it; a callable is asked after each computation; None: 100 years.
    #[getter]
    fn ttl(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.settings().ttl_given(py)
    }

    #[setter]
    fn set_ttl(&self, given: &Bound<'_, PyAny>) -> PyResult<()> {
        let ttl = Ttl::new(given)?;
        self.change(given.py(), |settings| {
            settings.ttl = ttl;
            settings.ttl_given = (!given.is_none()).then(|| given.clone().unbind());
        });
        Ok(())
    }

    /// Whether a result of None is kept.
    #[getter]
    fn cache_none(&self) -> bool {
        self.settings().cache_none
    }

    #[setter]
    fn set_cache_none(&self, py: Python<'_>, yes: bool) {
        self.change(py, |settings| settings.cache_none = yes);
    }

    /// The key of calls whose function has no `key`: an overridden `Mangler.nameEntry`, or None.
    #[getter]
    fn namer(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.settings().namer.as_ref().map(|namer| namer.clone_ref(py))
    }

    #[setter]
    fn set_namer(&self, py: Python<'_>, namer: Option<Py<PyAny>>) {
        self.change(py, |settings| settings.namer = namer);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.settings.try_lock() {
            // A call has it: whoever asks will ask again.
            Ok(settings) if Arc::strong_count(&settings) == 1 => settings.visit(&visit),
            _ => Ok(()),
        }
    }
}
