//! What was decorated, and how: what each verb of a cached function does with a call.
//! Leaves to `call` what a call is, and to the engine who computes.

use std::{
    cell::Cell,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use hermes::binding::{self, Foreign, Function, Keep, rules};
use pyo3::{
    PyTraverseError, PyVisit, intern,
    prelude::*,
    types::{PyInt, PyString, PyTuple, PyType},
};

use crate::{
    cached::Cached,
    call::{Fits, Given},
    classes,
    engine::Place,
    errors, fork,
    frontend::{Frontend, Settings, Way},
    held::Held,
    identity::Standing,
    keys::Trouble,
    python,
    signature::Signature,
    tags::Tags,
    ttl::{Kept, Ttl},
};

/// What was decorated, and how.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) frontend: Py<Frontend>,
    /// As it was given.
    callable: Py<PyAny>,
    /// What computes: without the `classmethod` or `staticmethod` around it.
    pub(crate) function: Py<PyAny>,
    pub(crate) kind: Kind,
    pub(crate) signature: Signature,
    /// What it is to the engine. None: another function has its name, so it is never cached.
    pub(crate) id: Option<Function>,
    pub(crate) key: Option<Py<PyAny>>,
    pub(crate) tags: Tags,
    ttl: Option<Ttl>,
    ttl_given: Option<Py<PyAny>>,
    /// The class whose method it is, weakly.
    pub(crate) owner: OnceLock<Py<PyAny>>,
    has_warned: AtomicBool,
}

/// What becomes of a callable through an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Method,
    ClassMethod,
    /// Nothing.
    Static,
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
    pub(crate) fn new(
        frontend: &Bound<'_, Frontend>,
        callable: &Bound<'_, PyAny>,
        ttl: Option<&Bound<'_, PyAny>>,
        key: Option<&Bound<'_, PyAny>>,
        tags: Option<&Bound<'_, PyAny>>,
        name: Option<&str>,
        version: Option<&str>,
    ) -> PyResult<Self> {
        let py = callable.py();
        let (function, kind) = computing(callable)?;
        if python::is_async_generator_function(py)?.call1((&function,))?.is_truthy()? {
            return Err(errors::error(
                py,
                "an async generator function cannot be cached: its result is not a value",
            ));
        }
        let signature = Signature::of(&function)?;
        let name = match name {
            Some(name) => name.to_owned(),
            None => qualified_name(&function)?,
        };
        let id = Function::named(&name, version);
        let id = match key {
            Some(_) => Some(id),
            None => match frontend.get().identities.claim(&name, version, &function)? {
                Standing::Owner => Some(id),
                Standing::Sibling => {
                    python::warn(
                        py,
                        &format!(
                            "the functions made as {name} see different variables around them, and share their entries all \
                             the same; make these variables parameters, or tell the functions apart by `name=`"
                        ),
                    )?;
                    Some(id)
                }
                Standing::Stranger => {
                    python::warn(
                        py,
                        &format!(
                            "another cached function goes by the name {name}, so this one is never cached; tell it apart by \
                             `name=`"
                        ),
                    )?;
                    None
                }
            },
        };
        Ok(Self {
            frontend: frontend.clone().unbind(),
            callable: callable.clone().unbind(),
            tags: Tags::new(tags, &signature)?,
            function: function.unbind(),
            kind,
            signature,
            id,
            key: key.map(|key| key.clone().unbind()),
            ttl: ttl.map(Ttl::new).transpose()?,
            ttl_given: ttl.map(|ttl| ttl.clone().unbind()),
            owner: OnceLock::new(),
            has_warned: AtomicBool::new(false),
        })
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.frontend.get().settings()
    }

    pub(crate) fn ttl<'a>(&'a self, settings: &'a Settings) -> &'a Ttl {
        self.ttl.as_ref().unwrap_or(&settings.ttl)
    }

    pub(crate) fn ttl_given(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        match &self.ttl_given {
            Some(given) => Some(given.clone_ref(py)),
            None => self.settings().ttl_given(py),
        }
    }

    /// The ttl that is known before the value.
    pub(crate) fn static_ttl(&self, settings: &Settings) -> Option<std::time::Duration> {
        match self.ttl(settings) {
            Ttl::Fixed(Kept::For(ttl)) => Some(*ttl),
            Ttl::Fixed(Kept::NotAtAll) | Ttl::Asked(_) => None,
        }
    }

    /// The value of a call with one or two small ints and nothing else, if it is at hand in this process.
    #[inline]
    pub(crate) fn hit_by_ints(&self, settings: &Settings, args: &Bound<'_, PyTuple>) -> Option<Held> {
        let (Way::Engine(place), None, None) = (&settings.way, &self.key, &settings.namer) else {
            return None;
        };
        if self.signature.plain_len() != Some(args.len()) {
            return None;
        }
        let int = |at| args.get_borrowed_item(at).ok()?.cast_exact::<PyInt>().ok()?.extract::<i64>().ok();
        match args.len() {
            1 => self.id?.hit(&place.cache, [int(0)?]),
            2 => self.id?.hit(&place.cache, [int(0)?, int(1)?]),
            _ => None,
        }
    }

    /// A call for the engine, with its key but without its tags. None: the function will say what is wrong with the arguments.
    pub(crate) fn call<'p>(
        &self,
        py: Python<'_>,
        place: &'p Place,
        given: &Given,
        name: Option<&str>,
        id: Function,
    ) -> PyResult<Option<binding::Call<'p, Foreign<Held>>>> {
        if let Some(name) = name {
            let mut call = Function::of_entries().call(&place.cache);
            call.arg(name);
            return Ok(Some(call));
        }
        let mut call = id.call(&place.cache);
        let trouble = Trouble::default();
        if given.push(py, self, &mut call, &trouble)? == Fits::No {
            return Ok(None);
        }
        if let Some(why) = trouble.take() {
            self.warn_once(
                py,
                &format!("a call is not cached, because an argument cannot be part of a key: {why}"),
            )?;
        }
        Ok(Some(call))
    }

    /// Runs the function, and finds out what is kept of its result.
    fn load(
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
            Err(why) => {
                self.warn_once(py, &format!("a result is not cached, because it has no bytes: {why}"))?;
                Err(Stop::Own(value.unbind()))
            }
        }
    }

    /// Once for each function is enough.
    fn warn_once(&self, py: Python<'_>, text: &str) -> PyResult<()> {
        if self.has_warned.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        python::warn(py, &format!("{}: {text}", qualified_name(self.function.bind(py))?))
    }

    /// The value of a call, from the cache or computed.
    pub(crate) fn read<'py>(
        &self,
        py: Python<'py>,
        given: &Given,
        verb: Verb,
    ) -> PyResult<Bound<'py, PyAny>> {
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
        let Some(id) = self.id else { return given.compute(py, self) };
        let name = given.name(py, self, &settings)?;
        let Some(mut call) = self.call(py, place, given, name.as_deref(), id)? else {
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
        let got = fork::detached(py, || {
            let keep = Cell::new(Keep::no());
            let loader = || {
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
        });
        match (got, own) {
            (Ok(_), Some(value)) | (Err(Stop::Own(value)), _) => Ok(value.into_bound(py)),
            (Ok(held), None) => place.format.object(py, &held),
            (Err(Stop::Raised(raised)), _) => Err(raised),
        }
    }

    /// The value that is kept, if there is one.
    pub(crate) fn peek<'py>(&self, py: Python<'py>, given: &Given) -> PyResult<Option<Bound<'py, PyAny>>> {
        let settings = self.settings();
        let place = match &settings.way {
            Way::Uncached => return Ok(None),
            Way::Driver(driver) => {
                let call = given.for_driver(py, self, &settings)?;
                return driver.bind(py).call_method1(intern!(py, "peek"), (call,)).map(Some);
            }
            Way::Engine(place) => place,
        };
        let Some(id) = self.id else { return Ok(None) };
        let name = given.name(py, self, &settings)?;
        let Some(mut call) = self.call(py, place, given, name.as_deref(), id)? else {
            return given.compute(py, self).map(Some);
        };
        call.tags(given.tags(py, self)?);
        fork::detached(py, || call.peek::<Held>()).map(|held| place.format.object(py, &held)).transpose()
    }

    /// Takes an entry out.
    pub(crate) fn invalidate<'py>(&self, py: Python<'py>, given: &Given) -> PyResult<Bound<'py, PyAny>> {
        let settings = self.settings();
        let nothing = || Ok(py.None().into_bound(py));
        let place = match &settings.way {
            Way::Uncached => return nothing(),
            Way::Driver(driver) => {
                let call = given.for_driver(py, self, &settings)?;
                return driver.bind(py).call_method1(intern!(py, "invalidate"), (call,));
            }
            Way::Engine(place) => place,
        };
        let Some(id) = self.id else { return nothing() };
        let name = given.name(py, self, &settings)?;
        // Of arguments that the function does not take nothing can be kept.
        let Some(call) = self.call(py, place, given, name.as_deref(), id)? else { return nothing() };
        fork::detached(py, || call.invalidate()).map_err(|why| errors::of_engine(py, &why))?;
        nothing()
    }

    /// The key of a call, as it is listed.
    pub(crate) fn key<'py>(&self, py: Python<'py>, given: &Given) -> PyResult<Bound<'py, PyAny>> {
        let settings = self.settings();
        let place = match &settings.way {
            Way::Uncached => return Err(errors::error(py, "without a backend there are no keys")),
            Way::Driver(driver) => {
                let call = given.for_driver(py, self, &settings)?;
                return driver.bind(py).call_method1(intern!(py, "key"), (call,));
            }
            Way::Engine(place) => place,
        };
        let id = self.id.ok_or_else(|| errors::error(py, "another function has the name of this one"))?;
        let name = given.name(py, self, &settings)?;
        let Some(call) = self.call(py, place, given, name.as_deref(), id)? else {
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

    pub(crate) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.frontend)?;
        visit.call(&self.callable)?;
        visit.call(&self.function)?;
        visit.call(&self.key)?;
        visit.call(&self.ttl_given)?;
        self.tags.visit(visit)
    }
}

/// A result, and what is kept of it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) held: Held,
    pub(crate) keep: Keep,
    pub(crate) value: Py<PyAny>,
}

/// Whether what is kept will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Read,
    Refresh,
}

/// What computes, and what becomes of it through an instance.
fn computing<'py>(callable: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, Kind)> {
    let py = callable.py();
    let builtins = py.import(intern!(py, "builtins"))?;
    let inner = || callable.getattr(intern!(py, "__func__"));
    if callable.is_instance(&builtins.getattr(intern!(py, "classmethod"))?)? {
        return Ok((inner()?, Kind::ClassMethod));
    }
    if callable.is_instance(&builtins.getattr(intern!(py, "staticmethod"))?)? {
        return Ok((inner()?, Kind::Static));
    }
    if !callable.is_callable() {
        let said = format!("what is cached is a function, a method or the like, not {}", callable.repr()?);
        return Err(errors::error(py, &said));
    }
    let binds =
        !callable.is_instance_of::<PyType>() && callable.get_type().hasattr(intern!(py, "__get__"))?;
    Ok((callable.clone(), if binds { Kind::Method } else { Kind::Static }))
}

/// What names a function in keys: `module:Qual.name`; a partial one by what it completes, another object by its class.
pub(crate) fn qualified_name(function: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = function.py();
    if function.is_instance(python::partial(py)?)? {
        return qualified_name(&function.getattr(intern!(py, "func"))?);
    }
    match function.getattr_opt(intern!(py, "__qualname__"))? {
        Some(name) => {
            let module = function.getattr_opt(intern!(py, "__module__"))?.filter(|module| !module.is_none());
            let module =
                module.map_or_else(|| Ok("builtins".to_owned()), |module| module.extract::<String>())?;
            Ok(format!("{module}:{}", name.extract::<String>()?))
        }
        None => classes::name(&function.get_type()),
    }
}
