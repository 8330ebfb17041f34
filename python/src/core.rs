//! What was decorated, and how.
//! Leaves to `call` what a call of it is, and to `verbs` what becomes of one.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hermes::binding::{self, Foreign, Function};
use pyo3::{
    PyTraverseError, PyVisit, intern,
    prelude::*,
    types::{PyInt, PyString, PyTuple, PyType},
};

use crate::{
    call::{Fits, Given},
    classes,
    engine::Place,
    errors,
    frontend::{Frontend, Settings, Way},
    held::Held,
    identity::Standing,
    keys::{Argument, Trouble},
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
    /// What it has already, if it is a partial function: tuples and dicts.
    pub(crate) partial: Vec<Py<PyAny>>,
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
        let (whole, partial) = completed(&function)?;
        let name = match name {
            Some(name) => name.to_owned(),
            None => qualified_name(&whole)?,
        };
        let id = match key {
            Some(_) => Some(Function::named(&name, version)),
            None => claimed(frontend.get(), &name, version, &whole)?,
        };
        Ok(Self {
            frontend: frontend.clone().unbind(),
            callable: callable.clone().unbind(),
            tags: Tags::new(tags, &signature)?,
            function: function.unbind(),
            partial,
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
    pub(crate) fn static_ttl(&self, settings: &Settings) -> Option<Duration> {
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
        if self.signature.plain_len() != Some(args.len()) || !self.partial.is_empty() {
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
        name: Option<&Py<PyString>>,
        id: Function,
    ) -> PyResult<Option<binding::Call<'p, Foreign<Held>>>> {
        let trouble = Trouble::default();
        if let Some(name) = name {
            let mut call = Function::of_entries().call(&place.cache);
            call.arg(&Argument::new(name.bind(py), &trouble));
            return Ok(Some(call));
        }
        let mut call = id.call(&place.cache);
        if given.push(py, self, &mut call, &trouble)? == Fits::No {
            return Ok(None);
        }
        if let Some(why) = trouble.take()? {
            self.warn_once(
                py,
                &format!("a call is not cached, because an argument cannot be part of a key: {why}"),
            )?;
        }
        Ok(Some(call))
    }

    /// Once for each function is enough.
    pub(crate) fn warn_once(&self, py: Python<'_>, text: &str) -> PyResult<()> {
        if self.has_warned.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        python::warn(py, &format!("{}: {text}", qualified_name(self.function.bind(py))?))
    }

    pub(crate) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.frontend)?;
        visit.call(&self.callable)?;
        visit.call(&self.function)?;
        for known in &self.partial {
            visit.call(known)?;
        }
        visit.call(&self.key)?;
        visit.call(&self.ttl_given)?;
        self.tags.visit(visit)
    }
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

/// What a function of this name is to the engine. None: another one has the name.
fn claimed(
    frontend: &Frontend,
    name: &str,
    version: Option<&str>,
    whole: &Bound<'_, PyAny>,
) -> PyResult<Option<Function>> {
    let py = whole.py();
    let id = Function::named(name, version);
    match frontend.identities.claim(name, version, whole)? {
        Standing::Owner => Ok(Some(id)),
        Standing::Sibling => {
            let said = format!(
                "the functions made as {name} see different variables around them, and share their entries all the same; \
                 make these variables parameters, or tell the functions apart by `name=`"
            );
            python::warn(py, &said)?;
            Ok(Some(id))
        }
        Standing::Stranger => {
            let said = format!(
                "another cached function goes by the name {name}, so this one is never cached; tell it apart by `name=`"
            );
            python::warn(py, &said)?;
            Ok(None)
        }
    }
}

/// What a partial function completes, and with what; any other function completes nothing.
fn completed<'py>(function: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, Vec<Py<PyAny>>)> {
    let py = function.py();
    let (mut whole, mut known) = (function.clone(), Vec::new());
    while whole.is_instance(python::partial(py)?)? {
        known.push(whole.getattr(intern!(py, "args"))?.unbind());
        known.push(whole.getattr(intern!(py, "keywords"))?.unbind());
        whole = whole.getattr(intern!(py, "func"))?;
    }
    Ok((whole, known))
}

/// What names a function in keys: `module:Qual.name`; a partial one by what it completes, another object by its class.
pub(crate) fn qualified_name(function: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = function.py();
    let (function, _) = completed(function)?;
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
