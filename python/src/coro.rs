//! A cached coroutine function: the verbs of `cached`, for tasks.
//! Leaves waiting to `flight`.

use std::sync::{Arc, Mutex, PoisonError};

use hermes::binding::{Function, Keep, rules};
use pyo3::{
    intern,
    prelude::*,
    types::{PyDict, PyString, PyTuple},
};

use crate::{
    cached::Cached,
    call::Given,
    core::Core,
    engine::Place,
    errors,
    flight::{Exchange, Flight},
    frontend::{Settings, Way},
    held::Held,
    loader::{Loaded, Stop},
    python,
    verbs::Verb,
};

/// A cached coroutine function: a `Cached` whose call and verbs, all but `key`, are awaited.
///
/// Tasks that await the same missing value share one computation, and none of them blocks its event loop.
#[pyclass(frozen, subclass, generic, extends = Cached, module = "hermes")]
#[derive(Debug)]
pub(crate) struct CachedCoro;

/// Shows to those who ask that an object is a coroutine function.
///
/// `known` gives the object, and does not keep it alive.
pub(crate) fn mark<'py>(cached: &Bound<'py, PyAny>, known: &Bound<'py, PyAny>) -> PyResult<()> {
    let py = cached.py();
    let twin = python::twin(py)?.call1((known,))?;
    cached.getattr(intern!(py, "__dict__"))?.set_item(intern!(py, "__call__"), twin)?;
    // Python 3.12 has a mark for what is no function itself.
    if let Some(mark) =
        py.import(intern!(py, "inspect"))?.getattr_opt(intern!(py, "markcoroutinefunction"))?
    {
        mark.call1((cached,))?;
    }
    Ok(())
}

/// A call that goes to the engine, with all that it needs while it waits.
struct Trip {
    root: Py<Cached>,
    settings: Arc<Settings>,
    place: Arc<Place>,
    given: Given,
    /// The whole key, if somebody named it.
    name: Option<Py<PyString>>,
    id: Function,
}

/// Where a call goes.
enum Route<'py> {
    /// To the engine.
    Engine(Trip),
    /// It has gone: this is to be awaited, or is nothing.
    Taken(Option<Bound<'py, PyAny>>),
}

type Args<'a, 'py> = (&'a Bound<'py, PyTuple>, Option<&'a Bound<'py, PyDict>>);

impl Trip {
    fn begin<'py>(
        cached: &Bound<'py, Cached>,
        (args, kwargs): Args<'_, 'py>,
        verb: &str,
    ) -> PyResult<Route<'py>> {
        let py = cached.py();
        let (core, given) = cached.get().given(args, kwargs)?;
        let Some(id) = core.id else { return Ok(Route::Taken(None)) };
        let settings = core.settings();
        let place = match &settings.way {
            Way::Uncached => return Ok(Route::Taken(None)),
            Way::Driver(driver) => {
                let call = given.for_driver(py, core, &settings)?;
                return Ok(Route::Taken(Some(driver.bind(py).call_method1(verb, (call,))?)));
            }
            Way::Engine(place) => Arc::clone(place),
        };
        let name = given.name(py, core, &settings)?;
        let root = Cached::root(cached).unbind();
        Ok(Route::Engine(Self { root, settings, place, given, name, id }))
    }

    fn core(&self) -> PyResult<&Core> {
        Ok(self.root.get().parts()?.0)
    }

    /// A call for the engine. None: the function will say what is wrong with the arguments.
    fn call(&self, py: Python<'_>) -> PyResult<Option<EngineCall<'_>>> {
        self.core()?.call(py, &self.place, &self.given, self.name.as_ref(), self.id)
    }

    /// The same with its tags.
    fn tagged(&self) -> PyResult<Option<EngineCall<'_>>> {
        Python::attach(|py| {
            let Some(mut call) = self.call(py)? else { return Ok(None) };
            call.tags(self.given.tags(py, self.core()?)?);
            Ok(Some(call))
        })
    }

    /// What is at hand in this process.
    fn hit<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        if !self.place.format.in_process {
            return Ok(None);
        }
        let Some(mut call) = self.call(py)? else { return Ok(None) };
        if self.name.is_some() {
            call.tags(self.given.tags(py, self.core()?)?);
        }
        call.hit().map(|held| self.place.format.object(py, &held)).transpose()
    }

    /// Steps the function's own coroutine, and finds out what is kept of its result.
    async fn load(&self, exchange: Exchange) -> Result<Loaded, Stop> {
        let core = self.core()?;
        let coroutine = Python::attach(|py| self.given.compute(py, core).map(Bound::unbind));
        let value = exchange.load(coroutine).await?;
        Python::attach(|py| core.loaded(py, &self.place, &self.settings, &self.given, value.into_bound(py)))
    }

    async fn compute(self, verb: Verb, exchange: Exchange) -> PyResult<Py<PyAny>> {
        let Some(call) = self.tagged()? else {
            let core = self.core()?;
            let coroutine = Python::attach(|py| self.given.compute(py, core).map(Bound::unbind));
            return exchange.load(coroutine).await;
        };
        let loaded = Mutex::new(None);
        let loader = async || {
            let Loaded { held, keep, value } = self.load(exchange).await?;
            *loaded.lock().unwrap_or_else(PoisonError::into_inner) = Some((keep, value));
            Ok(held)
        };
        let keep = |_: &Held| {
            let loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner);
            loaded.as_ref().map_or_else(Keep::no, |(keep, _)| *keep)
        };
        let rules = rules(self.core()?.static_ttl(&self.settings), keep);
        let got = match verb {
            Verb::Read => call.compute_try_async(rules, loader).await,
            Verb::Refresh => call.refresh_try_async(rules, loader).await,
        };
        let own = loaded.into_inner().unwrap_or_else(PoisonError::into_inner);
        match (got, own) {
            (Ok(_), Some((_, value))) | (Err(Stop::Own(value)), _) => Ok(value),
            (Ok(held), None) => Python::attach(|py| Ok(self.place.format.object(py, &held)?.unbind())),
            (Err(Stop::Raised(raised)), _) => Err(raised),
        }
    }

    async fn peek(self) -> PyResult<Py<PyAny>> {
        let held = match self.tagged()? {
            Some(call) => call.peek_async::<Held>().await,
            None => return Python::attach(|py| Ok(self.given.compute(py, self.core()?)?.unbind())),
        };
        Python::attach(|py| match held {
            Some(held) => Ok(self.place.format.object(py, &held)?.unbind()),
            None => Ok(py.None()),
        })
    }

    async fn invalidate(self) -> PyResult<Py<PyAny>> {
        let done = match Python::attach(|py| self.call(py))? {
            Some(call) => call.invalidate_async().await,
            None => Ok(()),
        };
        nothing(done)
    }
}

type EngineCall<'p> = hermes::binding::Call<'p, hermes::binding::Foreign<Held>>;

/// What a verb without a value returns.
pub(crate) fn nothing(done: Result<(), hermes::Error>) -> PyResult<Py<PyAny>> {
    Python::attach(|py| match done {
        Ok(()) => Ok(py.None()),
        Err(why) => Err(errors::of_engine(py, &why)),
    })
}

/// A coroutine that waits for some work of the engine.
pub(crate) fn driven<'py, W>(py: Python<'py>, work: impl FnOnce(Exchange) -> W) -> PyResult<Bound<'py, PyAny>>
where
    W: Future<Output = PyResult<Py<PyAny>>> + Send + 'static,
{
    python::drive(py)?.call1((Flight::new(work),))
}

/// A coroutine that has its value.
fn done<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    python::done(value.py())?.call1((value,))
}

#[pymethods]
impl CachedCoro {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> PyClassInitializer<Self> {
        PyClassInitializer::from(Cached::empty()).add_subclass(Self)
    }

    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let cached = slf.as_super();
        if kwargs.is_none()
            && let (core, None) = cached.get().parts()?
        {
            let settings = core.settings();
            if let (Some(held), Way::Engine(place)) = (core.hit_by_ints(&settings, args), &settings.way) {
                return done(&place.format.object(py, &held)?);
            }
        }
        match Trip::begin(cached, (args, kwargs), "get_async")? {
            Route::Taken(Some(awaitable)) => Ok(awaitable),
            Route::Taken(None) => computed(cached, (args, kwargs)),
            Route::Engine(trip) => match trip.hit(py)? {
                Some(value) => done(&value),
                None => driven(py, |exchange| trip.compute(Verb::Read, exchange)),
            },
        }
    }

    /// Drops the entry of these arguments: `Cached.invalidate`, to be awaited.
    #[pyo3(signature = (*args, **kwargs))]
    fn invalidate<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match Trip::begin(slf.as_super(), (args, kwargs), "invalidate_async")? {
            Route::Taken(awaitable) => awaitable.map_or_else(|| done_with_none(slf.py()), Ok),
            Route::Engine(trip) => driven(slf.py(), |_| trip.invalidate()),
        }
    }

    /// Computes now, replaces what is kept, and returns it: `Cached.refresh`, to be awaited.
    #[pyo3(signature = (*args, **kwargs))]
    fn refresh<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match Trip::begin(slf.as_super(), (args, kwargs), "refresh_async")? {
            Route::Taken(Some(awaitable)) => Ok(awaitable),
            Route::Taken(None) => computed(slf.as_super(), (args, kwargs)),
            Route::Engine(trip) => driven(slf.py(), |exchange| trip.compute(Verb::Refresh, exchange)),
        }
    }

    /// The value that is kept, or None: `Cached.peek`, to be awaited.
    #[pyo3(signature = (*args, **kwargs))]
    fn peek<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match Trip::begin(slf.as_super(), (args, kwargs), "peek_async")? {
            Route::Taken(awaitable) => awaitable.map_or_else(|| done_with_none(slf.py()), Ok),
            Route::Engine(trip) => driven(slf.py(), |_| trip.peek()),
        }
    }

    /// Drops all entries of this function: `Cached.clear`, to be awaited.
    fn clear<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let root = Cached::root(slf.as_super());
        let (core, _) = root.get().parts()?;
        let settings = core.settings();
        let (place, id) = match (&settings.way, core.id) {
            (Way::Driver(driver), _) => {
                return driver.bind(py).call_method1(intern!(py, "clear_async"), (slf,));
            }
            (Way::Engine(place), Some(id)) => (Arc::clone(place), id),
            (Way::Uncached, _) | (_, None) => return done_with_none(py),
        };
        core.check_clearable(py, &settings)?;
        driven(py, |_| async move { nothing(id.clear_async(&place.cache).await) })
    }
}

/// What the function itself returns, uncached.
fn computed<'py>(cached: &Bound<'py, Cached>, (args, kwargs): Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let (core, given) = cached.get().given(args, kwargs)?;
    given.compute(cached.py(), core)
}

fn done_with_none(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    done(&py.None().into_bound(py))
}
