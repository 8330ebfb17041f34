//! One call of a cached function, in Python's terms: what computes, and with what.
//! Leaves to `cached` what becomes of it.

use hermes::binding::{self, Foreign};
use pyo3::{
    intern,
    prelude::*,
    types::{PyDict, PyString, PyTuple},
};

use crate::{
    core::Core,
    errors,
    frontend::Settings,
    held::Held,
    keys::{Argument, Partial, Receiver, Row, Trouble},
    python,
    signature::Bindings,
    tags,
    ttl::{Kept, Ttl},
};

/// What a call was given. Its own references, so that it can wait detached.
#[derive(Debug)]
pub(crate) struct Given {
    receiver: Option<Py<PyAny>>,
    /// Without the receiver.
    args: Py<PyTuple>,
    kwargs: Option<Py<PyDict>>,
}

/// Whether a function takes what it was given.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fits {
    Yes,
    /// It will say why.
    No,
}

impl Given {
    pub(crate) fn new(
        receiver: Option<&Bound<'_, PyAny>>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> Self {
        Self {
            receiver: receiver.map(|receiver| receiver.clone().unbind()),
            args: args.clone().unbind(),
            kwargs: kwargs.filter(|kwargs| !kwargs.is_empty()).map(|kwargs| kwargs.clone().unbind()),
        }
    }

    /// Runs the function.
    pub(crate) fn compute<'py>(&self, py: Python<'py>, core: &Core) -> PyResult<Bound<'py, PyAny>> {
        let function = core.function.bind(py);
        let kwargs = self.kwargs(py);
        match &self.receiver {
            None => function.call(self.args.bind(py), kwargs),
            Some(receiver) => function.call(after(receiver.bind(py), self.args.bind(py))?, kwargs),
        }
    }

    /// Asks a callable of the user's what it makes of this call: `ask([value,] function, *args, **kwargs)`.
    pub(crate) fn ask<'py>(
        &self,
        py: Python<'py>,
        core: &Core,
        ask: &Bound<'py, PyAny>,
        value: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut args = after(&self.function(py, core)?, self.args.bind(py))?;
        if let Some(value) = value {
            args = after(value, &args)?;
        }
        ask.call(args, self.kwargs(py))
    }

    /// What computes, as a user knows it: of a method, the bound one.
    pub(crate) fn function<'py>(&self, py: Python<'py>, core: &Core) -> PyResult<Bound<'py, PyAny>> {
        let function = core.function.bind(py);
        match &self.receiver {
            None => Ok(function.clone()),
            Some(receiver) => python::method(py)?.call1((function, receiver)),
        }
    }

    /// The whole key of this call, if somebody names it.
    pub(crate) fn name(
        &self,
        py: Python<'_>,
        core: &Core,
        settings: &Settings,
    ) -> PyResult<Option<Py<PyString>>> {
        let Some(namer) = core.key.as_ref().or(settings.namer.as_ref()) else { return Ok(None) };
        let name = self.ask(py, core, namer.bind(py), None)?;
        if !name.is_instance_of::<PyString>() {
            return Err(errors::error(py, &format!("a key is a str, not {}", name.get_type())));
        }
        // Of a class made of str only its text counts.
        let text = intern!(py, "").call_method1(intern!(py, "join"), ((name,),))?;
        Ok(Some(text.cast_into::<PyString>()?.unbind()))
    }

    /// The tags of this call.
    pub(crate) fn tags(&self, py: Python<'_>, core: &Core) -> PyResult<Vec<String>> {
        let named = || match self.bindings(py, core)? {
            Some(bindings) => core.signature.by_name(py, &bindings),
            // The function will say what is wrong.
            None => Ok(PyDict::new(py)),
        };
        core.tags.of_call(py, named, |tags| self.ask(py, core, tags, None))
    }

    /// How long a value is kept.
    pub(crate) fn kept(
        &self,
        py: Python<'_>,
        core: &Core,
        settings: &Settings,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<Kept> {
        match core.ttl(settings) {
            Ttl::Fixed(kept) => Ok(*kept),
            Ttl::Asked(ask) => Kept::new(&self.ask(py, core, ask.bind(py), Some(value))?),
        }
    }

    /// Makes the arguments part of a call's key.
    pub(crate) fn push(
        &self,
        py: Python<'_>,
        core: &Core,
        call: &mut binding::Call<'_, Foreign<Held>>,
        trouble: &Trouble,
    ) -> PyResult<Fits> {
        if !core.partial.is_empty() {
            let known: Vec<_> = core.partial.iter().map(|known| known.bind(py).clone()).collect();
            call.arg(&Partial(&known, trouble));
        }
        let args = self.args.bind(py);
        let receiver = self.receiver.as_ref().map(|receiver| receiver.bind(py));
        if self.kwargs.is_none()
            && core.signature.plain_len() == Some(args.len() + usize::from(receiver.is_some()))
        {
            if let Some(receiver) = receiver {
                call.arg(&Receiver(receiver, trouble));
            }
            for argument in args.iter_borrowed() {
                call.arg(&Argument::new(&argument, trouble));
            }
            return Ok(Fits::Yes);
        }
        let Some(bindings) = self.bindings(py, core)? else { return Ok(Fits::No) };
        let mut values = bindings.values.iter();
        if receiver.is_some()
            && let Some(receiver) = values.next()
        {
            call.arg(&Receiver(receiver, trouble));
        }
        for value in values {
            call.arg(&Argument::new(value, trouble));
        }
        if let Some(rest) = &bindings.rest {
            call.arg(&Row(rest, trouble));
        }
        if let Some(rest) = &bindings.named_rest {
            call.arg(&Argument::new(rest.as_any(), trouble));
        }
        Ok(Fits::Yes)
    }

    fn bindings<'py>(&self, py: Python<'py>, core: &Core) -> PyResult<Option<Bindings<'py>>> {
        let receiver = self.receiver.as_ref().map(|receiver| receiver.bind(py));
        core.signature.bind(py, receiver, self.args.bind(py), self.kwargs(py))
    }

    fn kwargs<'py>(&self, py: Python<'py>) -> Option<&Bound<'py, PyDict>> {
        self.kwargs.as_ref().map(|kwargs| kwargs.bind(py))
    }

    /// The same for the driver of a backend that is written in Python.
    pub(crate) fn for_driver(&self, py: Python<'_>, core: &Core, settings: &Settings) -> PyResult<Call> {
        Ok(Call {
            function: self.function(py, core)?.unbind(),
            args: self.args.clone_ref(py),
            kwargs: match &self.kwargs {
                Some(kwargs) => kwargs.clone_ref(py),
                None => PyDict::new(py).unbind(),
            },
            name: match &core.key {
                Some(_) => self.name(py, core, settings)?,
                None => None,
            },
            tags: tags::as_tuple(py, &self.tags(py, core)?)?.unbind(),
            ttl: core.ttl_given(py),
        })
    }
}

fn after<'py>(first: &Bound<'py, PyAny>, rest: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyTuple>> {
    let mut all = Vec::with_capacity(rest.len() + 1);
    all.push(first.clone());
    all.extend(rest.iter());
    PyTuple::new(first.py(), all)
}

/// One call, as the driver of a custom backend is told of it.
#[pyclass(frozen, module = "hermes._core")]
#[derive(Debug)]
pub(crate) struct Call {
    /// What computes; bound where it is a method.
    #[pyo3(get)]
    function: Py<PyAny>,
    /// Without the receiver.
    #[pyo3(get)]
    args: Py<PyTuple>,
    #[pyo3(get)]
    kwargs: Py<PyDict>,
    /// What `key=` gave.
    #[pyo3(get)]
    name: Option<Py<PyString>>,
    /// Templates filled in, callables asked.
    #[pyo3(get)]
    tags: Py<PyTuple>,
    /// The function's, else the frontend's.
    #[pyo3(get)]
    ttl: Option<Py<PyAny>>,
}
