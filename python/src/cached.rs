//! A cached function as Python has it: called, bound, pickled by name.
//! Leaves what was decorated to `core`, and what each verb does to `verbs`.

use std::sync::OnceLock;

use pyo3::{
    IntoPyObjectExt, PyTraverseError, PyVisit,
    exceptions::{PyAttributeError, PyRuntimeError},
    intern,
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    call::Given,
    core::{Core, Kind, qualified_name},
    coro::{self, CachedCoro},
    frontend::{Frontend, Way},
    held::Held,
    python,
    verbs::Verb,
};

/// A cached function: what `@cache` makes. Called, it answers from the cache, or computes and keeps what it returns.
///
/// Beside the call: `invalidate`, `refresh`, `peek`, `uncached` and `key`, each with the arguments of the function, and `clear`.
/// Only `invalidate`, `clear` and `key` raise an error of the cache, a `HermesError`; a call whose server does not answer computes.
///
/// Through an instance or a class it gives an object of its own class, bound to it.
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

    /// Drops the entry of these arguments. Once it has returned, no later call gets a value whose computation began before.
    ///
    /// One round trip to a server. HermesError if it did not confirm, or if an argument cannot be part of a key.
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

    /// Computes now, replaces what is kept, and returns it. If the function raises, what is kept stays.
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

    /// The value that is kept, or None. Never computes. One round trip to a server.
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

    /// Calls the function itself, and leaves the cache alone.
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

    /// The key of these arguments, as `dump` shows it. Asks no server.
    ///
    /// HermesError if an argument cannot be part of a key.
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

    /// Drops all entries of this function, at the cost of one. HermesError if a server did not confirm.
    fn clear<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.get().parts()?.0.clear(slf)
    }

    /// The `Hermes` that decorated it.
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
