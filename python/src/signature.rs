//! A function's parameters, and the one order in which the arguments of a call are theirs, however they were passed.
//! Leaves what is wrong with a call to the function itself: it says it better.

use pyo3::{
    prelude::*,
    types::{PyDict, PyString, PyTuple},
};

use crate::python;

/// The parameters of a function.
#[derive(Debug)]
pub(crate) struct Signature {
    /// All but `*args` and `**kwargs`: those that go by position come first.
    parameters: Vec<Parameter>,
    by_position: usize,
    /// The name of `*args`.
    rest: Option<Py<PyString>>,
    /// The name of `**kwargs`.
    named_rest: Option<Py<PyString>>,
}

#[derive(Debug)]
struct Parameter {
    name: Py<PyString>,
    goes_by_name: bool,
    default: Option<Py<PyAny>>,
}

/// The arguments of a call, as its function's parameters get them.
#[derive(Debug)]
pub(crate) struct Bindings<'py> {
    pub(crate) values: Vec<Bound<'py, PyAny>>,
    pub(crate) rest: Option<Vec<Bound<'py, PyAny>>>,
    pub(crate) named_rest: Option<Bound<'py, PyDict>>,
}

impl Signature {
    /// What `inspect` says; if it knows nothing, any arguments.
    pub(crate) fn of(function: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = function.py();
        let mut signature = Self { parameters: Vec::new(), by_position: 0, rest: None, named_rest: None };
        let Ok(found) = python::inspect_signature(py)?.call1((function,)) else {
            signature.rest = Some(PyString::new(py, "args").unbind());
            signature.named_rest = Some(PyString::new(py, "kwargs").unbind());
            return Ok(signature);
        };
        for parameter in found.getattr("parameters")?.call_method0("values")?.try_iter()? {
            let parameter = parameter?;
            let name = parameter.getattr("name")?.cast_into::<PyString>()?.unbind();
            let kind = parameter.getattr("kind")?.getattr("name")?;
            let default = parameter.getattr("default")?;
            let default = (!default.is(parameter.getattr("empty")?)).then(|| default.unbind());
            let goes_by_name = match kind.cast::<PyString>()?.to_str()? {
                "VAR_POSITIONAL" => {
                    signature.rest = Some(name);
                    continue;
                }
                "VAR_KEYWORD" => {
                    signature.named_rest = Some(name);
                    continue;
                }
                "POSITIONAL_ONLY" => false,
                _ => true,
            };
            if kind.ne("KEYWORD_ONLY")? {
                signature.by_position += 1;
            }
            signature.parameters.push(Parameter { name, goes_by_name, default });
        }
        Ok(signature)
    }

    /// How many arguments a call has that are all passed by position, if every parameter can be.
    pub(crate) fn plain_len(&self) -> Option<usize> {
        let is_plain =
            self.by_position == self.parameters.len() && self.rest.is_none() && self.named_rest.is_none();
        is_plain.then_some(self.by_position)
    }

    /// Whether it has a parameter of this name.
    pub(crate) fn has(&self, py: Python<'_>, name: &str) -> PyResult<bool> {
        let rests = self.rest.iter().chain(&self.named_rest);
        for known in self.parameters.iter().map(|parameter| &parameter.name).chain(rests) {
            if known.bind(py) == name {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The arguments in the parameters' order, defaults filled in. None: the function does not take them.
    pub(crate) fn bind<'py>(
        &self,
        py: Python<'py>,
        receiver: Option<&Bound<'py, PyAny>>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Option<Bindings<'py>>> {
        let mut positional = receiver.cloned().into_iter().chain(args.iter());
        let mut values = Vec::with_capacity(self.parameters.len());
        let mut named = 0;
        for (place, parameter) in self.parameters.iter().enumerate() {
            if place < self.by_position
                && let Some(value) = positional.next()
            {
                values.push(value);
                continue;
            }
            let by_name = match kwargs {
                Some(kwargs) if parameter.goes_by_name => kwargs.get_item(parameter.name.bind(py))?,
                _ => None,
            };
            match (by_name, &parameter.default) {
                (Some(value), _) => {
                    named += 1;
                    values.push(value);
                }
                (None, Some(default)) => values.push(default.bind(py).clone()),
                (None, None) => return Ok(None),
            }
        }
        let rest: Vec<_> = positional.collect();
        if !rest.is_empty() && self.rest.is_none() {
            return Ok(None);
        }
        let named_rest = match kwargs {
            Some(kwargs) if kwargs.len() > named => {
                if self.named_rest.is_none() {
                    return Ok(None);
                }
                match self.unnamed(py, kwargs)? {
                    rest if rest.len() + named == kwargs.len() => Some(rest),
                    // One that was given by position and by name.
                    _ => return Ok(None),
                }
            }
            _ => None,
        };
        let named_rest = match (&self.named_rest, named_rest) {
            (Some(_), rest) => Some(rest.unwrap_or_else(|| PyDict::new(py))),
            (None, _) => None,
        };
        Ok(Some(Bindings { values, rest: self.rest.as_ref().map(|_| rest), named_rest }))
    }

    /// What is passed under names that no parameter has.
    fn unnamed<'py>(&self, py: Python<'py>, kwargs: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
        let rest = kwargs.copy()?;
        for parameter in self.parameters.iter().filter(|parameter| parameter.goes_by_name) {
            if rest.contains(parameter.name.bind(py))? {
                rest.del_item(parameter.name.bind(py))?;
            }
        }
        Ok(rest)
    }

    /// The arguments by the names of their parameters.
    pub(crate) fn by_name<'py>(
        &self,
        py: Python<'py>,
        bindings: &Bindings<'py>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let named = PyDict::new(py);
        for (parameter, value) in self.parameters.iter().zip(&bindings.values) {
            named.set_item(parameter.name.bind(py), value)?;
        }
        if let (Some(name), Some(rest)) = (&self.rest, &bindings.rest) {
            named.set_item(name.bind(py), PyTuple::new(py, rest)?)?;
        }
        if let (Some(name), Some(rest)) = (&self.named_rest, &bindings.named_rest) {
            named.set_item(name.bind(py), rest)?;
        }
        Ok(named)
    }
}
