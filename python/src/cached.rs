//! A cached function: what a call of it, and each of its verbs, does.
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
    IntoPyObjectExt, PyTraverseError, PyVisit,
    exceptions::{PyAttributeError, PyRuntimeError},
    intern,
    prelude::*,
    types::{PyDict, PyInt, PyString, PyTuple, PyType},
};

use crate::{
    call::{Fits, Given},
    coro::{self, CachedCoro},
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

/// A cached function. Through an instance or a class it gives an object of its own class, bound to it.
#[pyclass(frozen, subclass, dict, weakref, generic, module = "hermes")]
#[derive(Debug)]
pub(crate) struct Cached {
    core: OnceLock<Box<Core>>,
    bound: OnceLock<Binding>,
}

/// A method, on its way to be called.
#[derive(Debug)]
struct Binding {
    of: Py<Cached>,
    receiver: Py<PyAny>,
}

/// What was decorated, and how.
#[derive(Debug)]
pub(crate) struct Core {
    frontend: Py<Frontend>,
    /// As it was given.
    callable: Py<PyAny>,
    /// What computes: without the `classmethod` or `staticmethod` around it.
    pub(crate) function: Py<PyAny>,
    kind: Kind,
    pub(crate) signature: Signature,
    /// What it is to the engine. None: another function has its name, so it is never cached.
    pub(crate) id: Option<Function>,
    pub(crate) key: Option<Py<PyAny>>,
    pub(crate) tags: Tags,
    ttl: Option<Ttl>,
    ttl_given: Option<Py<PyAny>>,
    /// The class whose method it is, weakly.
    owner: OnceLock<Py<PyAny>>,
    has_warned: AtomicBool,
}

/// What becomes of a callable through an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
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
    fn new(
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
    fn read<'py>(&self, py: Python<'py>, given: &Given, verb: Verb) -> PyResult<Bound<'py, PyAny>> {
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
    fn peek<'py>(&self, py: Python<'py>, given: &Given) -> PyResult<Option<Bound<'py, PyAny>>> {
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
    fn invalidate<'py>(&self, py: Python<'py>, given: &Given) -> PyResult<Bound<'py, PyAny>> {
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
    fn key<'py>(&self, py: Python<'py>, given: &Given) -> PyResult<Bound<'py, PyAny>> {
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

    fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
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
fn qualified_name(function: &Bound<'_, PyAny>) -> PyResult<String> {
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
        None => python::class_name(&function.get_type()),
    }
}

impl Cached {
    pub(crate) fn empty() -> Self {
        Self { core: OnceLock::new(), bound: OnceLock::new() }
    }

    /// What was decorated, and who it is bound to.
    #[inline]
    pub(crate) fn parts(&self) -> PyResult<(&Core, Option<&Py<PyAny>>)> {
        let (core, receiver) = match self.bound.get() {
            None => (&self.core, None),
            Some(binding) => (&binding.of.get().core, Some(&binding.receiver)),
        };
        match core.get() {
            Some(core) => Ok((core, receiver)),
            None => Err(PyRuntimeError::new_err("Cached.__init__ was not called")),
        }
    }

    /// Who holds what was decorated.
    pub(crate) fn root<'py>(slf: &Bound<'py, Self>) -> Bound<'py, Self> {
        match slf.get().bound.get() {
            None => slf.clone(),
            Some(binding) => binding.of.bind(slf.py()).clone(),
        }
    }

    /// What a call was given, the receiver apart.
    pub(crate) fn given<'a>(
        &'a self,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<(&'a Core, Given)> {
        let py = args.py();
        let (core, receiver) = self.parts()?;
        if let Some(receiver) = receiver {
            return Ok((core, Given::new(Some(receiver.bind(py)), args, kwargs)));
        }
        // `Example.method(example, 2)` is `example.method(2)`.
        if let (Some(owner), Ok(first)) = (core.owner.get(), args.get_item(0)) {
            let owner = owner.bind(py).call0()?;
            if !owner.is_none() && first.is_instance(&owner)? {
                return Ok((core, Given::new(Some(&first), &args.get_slice(1, args.len()), kwargs)));
            }
        }
        Ok((core, Given::new(None, args, kwargs)))
    }
}

#[pymethods]
impl Cached {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self::empty()
    }

    #[pyo3(signature = (frontend, callable, *, ttl = None, key = None, tags = None, name = None, version = None))]
    #[expect(clippy::too_many_arguments, reason = "each has its name where it is called")]
    fn __init__(
        slf: &Bound<'_, Self>,
        frontend: &Bound<'_, Frontend>,
        callable: &Bound<'_, PyAny>,
        ttl: Option<&Bound<'_, PyAny>>,
        key: Option<&Bound<'_, PyAny>>,
        tags: Option<&Bound<'_, PyAny>>,
        name: Option<&str>,
        version: Option<&str>,
    ) -> PyResult<()> {
        let core = Core::new(frontend, callable, ttl, key, tags, name, version)?;
        python::update_wrapper(slf.py())?.call1((slf, callable))?;
        if slf.is_instance_of::<CachedCoro>() {
            coro::mark(slf.as_any(), &python::weak_reference(slf.py())?.call1((slf,))?)?;
        }
        match slf.get().core.set(Box::new(core)) {
            Ok(()) => Ok(()),
            Err(_) => Err(PyRuntimeError::new_err("Cached.__init__ was called twice")),
        }
    }

    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if kwargs.is_none()
            && let (core, None) = self.parts()?
        {
            let settings = core.settings();
            if let Some(held) = core.hit_by_ints(&settings, args) {
                return match (held, &settings.way) {
                    (Held::Plain(value), _) => Ok(value.into_bound(py)),
                    (held, Way::Engine(place)) => place.format.object(py, &held),
                    (_, Way::Uncached | Way::Driver(_)) => unreachable!("only the engine has hits"),
                };
            }
        }
        let (core, given) = self.given(args, kwargs)?;
        core.read(py, &given, Verb::Read)
    }

    /// Takes the entry of these arguments out.
    #[pyo3(signature = (*args, **kwargs))]
    fn invalidate<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (core, given) = self.given(args, kwargs)?;
        core.invalidate(py, &given)
    }

    /// Computes now, and replaces what is kept.
    #[pyo3(signature = (*args, **kwargs))]
    fn refresh<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (core, given) = self.given(args, kwargs)?;
        core.read(py, &given, Verb::Refresh)
    }

    /// The value that is kept, or None. Never computes.
    #[pyo3(signature = (*args, **kwargs))]
    fn peek<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (core, given) = self.given(args, kwargs)?;
        core.peek(py, &given)
    }

    /// Computes, and leaves the cache alone.
    #[pyo3(signature = (*args, **kwargs))]
    fn uncached<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (core, given) = self.given(args, kwargs)?;
        given.compute(py, core)
    }

    /// The key of these arguments, as `dump` shows it.
    #[pyo3(signature = (*args, **kwargs))]
    fn key<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (core, given) = self.given(args, kwargs)?;
        core.key(py, &given)
    }

    /// Drops all entries of this function.
    fn clear<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.get().parts()?.0.clear(slf)
    }

    /// Where it asks what holds.
    #[getter]
    fn frontend(&self, py: Python<'_>) -> PyResult<Py<Frontend>> {
        Ok(self.parts()?.0.frontend.clone_ref(py))
    }

    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        instance: Option<Bound<'py, PyAny>>,
        owner: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (core, receiver) = slf.get().parts()?;
        let receiver = match (core.kind, instance) {
            _ if receiver.is_some() => None,
            (Kind::Method, instance) => instance,
            (Kind::ClassMethod, Some(instance)) => {
                Some(owner.unwrap_or_else(|| instance.get_type().into_any()))
            }
            (Kind::ClassMethod, None) => owner,
            (Kind::Static, _) => None,
        };
        match receiver {
            None => Ok(slf.clone().into_any()),
            Some(receiver) => bound(slf, receiver),
        }
    }

    fn __set_name__(&self, owner: &Bound<'_, PyAny>, _name: &str) -> PyResult<()> {
        if let Some(core) = self.core.get()
            && core.kind == Kind::Method
        {
            let weak = python::weak_reference(owner.py())?.call1((owner,))?;
            let _ = core.owner.set(weak.unbind());
        }
        Ok(())
    }

    /// Who it is bound to.
    #[getter]
    fn __self__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.bound.get() {
            Some(binding) => Ok(binding.receiver.clone_ref(py)),
            None => Err(PyAttributeError::new_err("it is not bound")),
        }
    }

    /// Of a bound one, without the receiver.
    #[getter]
    fn __signature__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.parts()? {
            (core, Some(receiver)) => {
                let method = python::method(py)?.call1((&core.function, receiver))?;
                python::inspect_signature(py)?.call1((method,))
            }
            (_, None) => Err(PyAttributeError::new_err("it is that of the function")),
        }
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let (core, receiver) = slf.get().parts()?;
        let name = qualified_name(core.function.bind(slf.py()))?;
        let class = slf.get_type().name()?;
        Ok(match receiver {
            None => format!("<{class} {name}>"),
            Some(receiver) => format!("<{class} {name} of {}>", receiver.bind(slf.py()).repr()?),
        })
    }

    /// By name, as a function.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let name = slf.getattr(intern!(py, "__qualname__"))?;
        match slf.get().parts()?.1 {
            None => Ok(name),
            Some(receiver) => {
                let getattr = py.import(intern!(py, "builtins"))?.getattr(intern!(py, "getattr"))?;
                let name = slf.getattr(intern!(py, "__name__"))?;
                (getattr, (receiver, name)).into_bound_py_any(py)
            }
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Some(core) = self.core.get() {
            core.visit(&visit)?;
        }
        match self.bound.get() {
            None => Ok(()),
            Some(binding) => {
                visit.call(&binding.of)?;
                visit.call(&binding.receiver)
            }
        }
    }
}

/// An object of the same class that is bound, with the metadata of what it is bound of.
fn bound<'py>(of: &Bound<'py, Cached>, receiver: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = of.py();
    let class = of.get_type();
    let made = if class.is(py.get_type::<Cached>()) {
        Bound::new(py, Cached::empty())?
    } else {
        class.call_method1(intern!(py, "__new__"), (&class,))?.cast_into::<Cached>()?
    };
    let binding = Binding { of: of.clone().unbind(), receiver: receiver.clone().unbind() };
    let _ = made.get().bound.set(binding);
    let metadata = intern!(py, "__dict__");
    if made.is_instance_of::<CachedCoro>() {
        made.setattr(metadata, of.getattr(metadata)?.call_method0(intern!(py, "copy"))?)?;
        let bind = of.getattr(intern!(py, "__get__"))?;
        let known = match of.get().parts()?.0.kind {
            Kind::ClassMethod => python::partial(py)?.call1((bind, py.None(), receiver)),
            Kind::Method | Kind::Static => python::partial(py)?.call1((bind, receiver)),
        }?;
        coro::mark(made.as_any(), &known)?;
    } else {
        made.setattr(metadata, of.getattr(metadata)?)?;
    }
    Ok(made.into_any())
}
