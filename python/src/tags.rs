//! The tags of a function's entries, as it was given them: texts, templates that see arguments, or a callable.
//! Leaves what a tag means to the engine.

use pyo3::{
    exceptions::PyTypeError,
    intern,
    prelude::*,
    types::{PyBytes, PyDict, PyString, PyTuple},
};

use crate::{errors, python, signature::Signature};

#[derive(Debug)]
pub(crate) enum Tags {
    Fixed(Vec<String>),
    /// Some of them see arguments.
    Templates(Vec<Tag>),
    /// Asked as `tags(function, *args, **kwargs)`.
    Asked(Py<PyAny>),
}

#[derive(Debug)]
pub(crate) enum Tag {
    Text(String),
    Template(Py<PyString>),
}

impl Tags {
    /// # Errors
    /// TypeError for what is no tag; HermesError for a template of which some names are parameters and others are not.
    pub(crate) fn new(given: Option<&Bound<'_, PyAny>>, signature: &Signature) -> PyResult<Self> {
        let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(Self::Fixed(Vec::new())) };
        if given.is_callable() {
            return Ok(Self::Asked(given.clone().unbind()));
        }
        let tags = each(given)?.iter().map(|text| Tag::new(text, signature)).collect::<PyResult<Vec<_>>>()?;
        let text = |tag: &Tag| match tag {
            Tag::Text(text) => Some(text.clone()),
            Tag::Template(_) => None,
        };
        Ok(tags.iter().map(text).collect::<Option<Vec<_>>>().map_or(Self::Templates(tags), Self::Fixed))
    }

    /// The tags of a call. `named` gives its arguments by name, `ask` calls back with them.
    pub(crate) fn of_call<'py>(
        &self,
        py: Python<'py>,
        named: impl FnOnce() -> PyResult<Bound<'py, PyDict>>,
        ask: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Vec<String>> {
        match self {
            Self::Fixed(tags) => Ok(tags.clone()),
            Self::Asked(tags) => each(&ask(tags.bind(py))?)?.iter().map(in_utf8).collect(),
            Self::Templates(tags) => {
                let named = named()?;
                tags.iter().map(|tag| tag.filled_in(py, &named)).collect()
            }
        }
    }

    pub(crate) fn visit(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        match self {
            Self::Asked(ask) => visit.call(ask),
            Self::Fixed(_) | Self::Templates(_) => Ok(()),
        }
    }
}

impl Tag {
    fn new(text: &Bound<'_, PyString>, signature: &Signature) -> PyResult<Self> {
        let py = text.py();
        let literal = || Ok(Self::Text(in_utf8(text)?));
        // What does not parse is no template: braces may mean anything to whoever wrote it.
        let Ok(parts) = python::formatter(py)?
            .call0()?
            .call_method1("parse", (text,))?
            .try_iter()?
            .collect::<PyResult<Vec<_>>>()
        else {
            return literal();
        };
        let mut fields = 0;
        let mut strangers = Vec::new();
        for part in parts {
            let field = part.get_item(1)?;
            if field.is_none() {
                continue;
            }
            fields += 1;
            let field = field.cast_into::<PyString>()?;
            let field = field.to_str()?;
            let root = field.split(['.', '[']).next().unwrap_or(field);
            if !signature.has(py, root)? {
                strangers.push(root.to_owned());
            }
        }
        match strangers.first() {
            None if fields > 0 => Ok(Self::Template(text.clone().unbind())),
            Some(stranger) if strangers.len() < fields => {
                Err(errors::error(py, &format!("the tag {text:?} names {stranger:?}, which is no parameter")))
            }
            _ => literal(),
        }
    }

    fn filled_in(&self, py: Python<'_>, named: &Bound<'_, PyDict>) -> PyResult<String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Template(template) => {
                let text = template.bind(py).call_method1(intern!(py, "format_map"), (named,))?;
                in_utf8(&text.cast_into::<PyString>()?)
            }
        }
    }
}

/// A tag as the engine takes it. Halves of surrogate pairs, which UTF-8 does not have, are written out, as `clean` does.
fn in_utf8(tag: &Bound<'_, PyString>) -> PyResult<String> {
    match tag.to_str() {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => {
            let bytes = tag.call_method1("encode", ("utf-8", "backslashreplace"))?;
            Ok(String::from_utf8_lossy(bytes.cast_into::<PyBytes>()?.as_bytes()).into_owned())
        }
    }
}

/// Each of some tags. A text is one tag, not one for each letter.
fn each<'py>(tags: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyString>>> {
    if let Ok(tag) = tags.cast::<PyString>() {
        return Ok(vec![tag.clone()]);
    }
    let text = |tag: PyResult<Bound<'py, PyAny>>| {
        let tag = tag?;
        tag.cast_into::<PyString>().map_err(|error| {
            PyTypeError::new_err(format!("a tag is a str, not {}", error.into_inner().get_type()))
        })
    };
    tags.try_iter()?.map(text).collect()
}

/// As Python has them.
pub(crate) fn as_tuple<'py>(py: Python<'py>, tags: &[String]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, tags)
}
