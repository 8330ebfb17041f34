//! What each verb of a cached function does with a call, for a thread.
//! Leaves to `coro` the same for a task, and to the engine who computes.

use std::cell::Cell;

use hermes::binding::{Keep, rules};
use pyo3::{intern, prelude::*, types::PyString};

use crate::{
    cached::Cached,
    call::Given,
    core::Core,
    errors, fork,
    frontend::{Settings, Way},
    held::Held,
    loader::Stop,
    signals,
};

/// Whether what is kept will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Read,
    Refresh,
}

impl Core {
    /// The value of a call, from the cache or computed.
    pub(crate) fn read<'py>(
        &self,
        py: Python<'py>,
        given: &Given,
        verb: Verb,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Some(id) = self.id else { return given.compute(py, self) };
        let settings = self.settings();
        let place = match &settings.way {
            Way::Uncached => return given.compute(py, self),
            Way::Driver(driver) => {
                let call = given.for_driver(py, self, &settings)?;
                let name = if verb == Verb::Read { intern!(py, "get") } else { intern!(py, "refresh") };
                return driver.bind(py).call_method1(name, (call,));
            }
            Way::Engine(place) => place,
        };
        let name = given.name(py, self, &settings)?;
        let Some(mut call) = self.call(py, place, given, name.as_ref(), id)? else {
            return given.compute(py, self);
        };
        if name.is_some() {
            // Functions that share a name need not share their tags.
            call.tags(given.tags(py, self)?);
        }
        if verb == Verb::Read
            && let Some(held) = call.hit()
        {
            return place.format.object(py, &held);
        }
        if name.is_none() {
            call.tags(given.tags(py, self)?);
        }
        let ttl = self.static_ttl(&settings);
        let mut own = None;
        let got = signals::detached(py, || {
            let keep = Cell::new(Keep::no());
            let loader = || {
                if let Some(raised) = signals::take() {
                    return Err(Stop::Raised(raised));
                }
                Python::attach(|py| {
                    let loaded = self.load(py, place, &settings, given)?;
                    keep.set(loaded.keep);
                    own = Some(loaded.value);
                    Ok(loaded.held)
                })
            };
            let rules = rules(ttl, |_: &Held| keep.get());
            match verb {
                Verb::Read => call.compute_try(rules, loader),
                Verb::Refresh => call.refresh_try(rules, loader),
            }
        })?;
        match (got, own) {
            (Ok(_), Some(value)) | (Err(Stop::Own(value)), _) => Ok(value.into_bound(py)),
            (Ok(held), None) => place.format.object(py, &held),
            (Err(Stop::Raised(raised)), _) => Err(raised),
        }
    }

    /// The value that is kept, if there is one.
    pub(crate) fn peek<'py>(&self, py: Python<'py>, given: &Given) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(id) = self.id else { return Ok(None) };
        let settings = self.settings();
        let place = match &settings.way {
            Way::Uncached => return Ok(None),
            Way::Driver(driver) => {
                let call = given.for_driver(py, self, &settings)?;
                return driver.bind(py).call_method1(intern!(py, "peek"), (call,)).map(Some);
            }
            Way::Engine(place) => place,
        };
        let name = given.name(py, self, &settings)?;
        let Some(mut call) = self.call(py, place, given, name.as_ref(), id)? else {
            return given.compute(py, self).map(Some);
        };
        call.tags(given.tags(py, self)?);
        fork::detached(py, || call.peek::<Held>()).map(|held| place.format.object(py, &held)).transpose()
    }

    /// Takes an entry out.
    pub(crate) fn invalidate<'py>(&self, py: Python<'py>, given: &Given) -> PyResult<Bound<'py, PyAny>> {
        let nothing = || Ok(py.None().into_bound(py));
        let Some(id) = self.id else { return nothing() };
        let settings = self.settings();
        let place = match &settings.way {
            Way::Uncached => return nothing(),
            Way::Driver(driver) => {
                let call = given.for_driver(py, self, &settings)?;
                return driver.bind(py).call_method1(intern!(py, "invalidate"), (call,));
            }
            Way::Engine(place) => place,
        };
        let name = given.name(py, self, &settings)?;
        // Of arguments that the function does not take nothing can be kept.
        let Some(call) = self.call(py, place, given, name.as_ref(), id)? else { return nothing() };
        fork::detached(py, || call.invalidate()).map_err(|why| errors::of_engine(py, &why))?;
        nothing()
    }

    /// The key of a call, as it is listed.
    pub(crate) fn key<'py>(&self, py: Python<'py>, given: &Given) -> PyResult<Bound<'py, PyAny>> {
        let id = self.id.ok_or_else(|| errors::error(py, "another function has the name of this one"))?;
        let settings = self.settings();
        let place = match &settings.way {
            Way::Uncached => return Err(errors::error(py, "without a backend there are no keys")),
            Way::Driver(driver) => {
                let call = given.for_driver(py, self, &settings)?;
                return driver.bind(py).call_method1(intern!(py, "key"), (call,));
            }
            Way::Engine(place) => place,
        };
        let name = given.name(py, self, &settings)?;
        let Some(call) = self.call(py, place, given, name.as_ref(), id)? else {
            return given.compute(py, self);
        };
        let key = call.key().map_err(|why| errors::of_engine(py, &why))?;
        Ok(PyString::new(py, &key.to_string()).into_any())
    }

    /// # Errors
    /// HermesError if its entries cannot be told from others.
    pub(crate) fn check_clearable(&self, py: Python<'_>, settings: &Settings) -> PyResult<()> {
        if self.key.is_some() || settings.namer.is_some() {
            let said =
                "entries whose key is given by hand belong to no function; give them a tag, and clean that";
            return Err(errors::error(py, said));
        }
        Ok(())
    }

    /// Takes all entries out.
    pub(crate) fn clear<'py>(&self, cached: &Bound<'py, Cached>) -> PyResult<Bound<'py, PyAny>> {
        let py = cached.py();
        let settings = self.settings();
        let nothing = || Ok(py.None().into_bound(py));
        let place = match &settings.way {
            Way::Uncached => return nothing(),
            Way::Driver(driver) => return driver.bind(py).call_method1(intern!(py, "clear"), (cached,)),
            Way::Engine(place) => place,
        };
        self.check_clearable(py, &settings)?;
        let Some(id) = self.id else { return nothing() };
        fork::detached(py, || id.clear(&place.cache)).map_err(|why| errors::of_engine(py, &why))?;
        nothing()
    }
}
