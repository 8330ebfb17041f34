//! Which function goes by a name: two that live at once under one would take each other's entries for their own.
//! Knows nothing of calls.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use pyo3::{intern, prelude::*};

use crate::python;

/// The functions of one frontend, by name and version.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    known: Mutex<HashMap<(String, Option<String>), Identity>>,
}

/// What is known of a function.
#[derive(Debug)]
struct Identity {
    /// Weakly: it may leave.
    function: Py<PyAny>,
}

/// How a function stands to the one that had its name before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has the name alone, or is the same function, made again.
    Owner,
    /// The same code with other variables of the functions around it.
    Sibling,
    /// Another function that lives has it.
    Stranger,
}

impl Identities {
    /// Gives a function its name.
    pub(crate) fn claim(
        &self,
        name: &str,
        version: Option<&str>,
        function: &Bound<'_, PyAny>,
    ) -> PyResult<Standing> {
        // What cannot be referred to weakly is built in, and made once.
        let Ok(weak) = python::weak_reference(function.py())?.call1((function,)) else {
            return Ok(Standing::Owner);
        };
        let place = (name.to_owned(), version.map(str::to_owned));
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = lock().get(&place).map(|identity| identity.function.clone_ref(function.py()));
        let standing = match before {
            Some(before) => {
                let before = before.bind(function.py()).call0()?;
                if before.is_none() { Standing::Owner } else { standing(&before, function)? }
            }
            None => Standing::Owner,
        };
        if standing == Standing::Owner {
            let left = lock().insert(place, Identity { function: weak.unbind() });
            drop(left);
        }
        Ok(standing)
    }
}

fn standing(before: &Bound<'_, PyAny>, function: &Bound<'_, PyAny>) -> PyResult<Standing> {
    let py = function.py();
    if before.is(function) {
        return Ok(Standing::Owner);
    }
    let code = intern!(py, "__code__");
    let (Some(old), Some(new)) = (before.getattr_opt(code)?, function.getattr_opt(code)?) else {
        return Ok(Standing::Stranger);
    };
    let same = |name| -> PyResult<bool> { old.getattr(name)?.eq(new.getattr(name)?) };
    let is_lambda = function.getattr(intern!(py, "__name__"))?.eq("<lambda>")?;
    // A line can hold two lambdas. Of a function with a name, the line is enough: it may have been edited and loaded again.
    let is_same_place = same("co_filename")? && same("co_firstlineno")? && (!is_lambda || old.eq(&new)?);
    if !is_same_place {
        return Ok(Standing::Stranger);
    }
    Ok(if old.eq(&new)? && !shares_cells(before, function)? { Standing::Sibling } else { Standing::Owner })
}

/// Whether two closures of one code see the same variables around them.
fn shares_cells(before: &Bound<'_, PyAny>, function: &Bound<'_, PyAny>) -> PyResult<bool> {
    let closure = intern!(function.py(), "__closure__");
    let (Some(old), Some(new)) = (before.getattr_opt(closure)?, function.getattr_opt(closure)?) else {
        return Ok(true);
    };
    if old.is_none() || new.is_none() {
        return Ok(old.is_none() == new.is_none());
    }
    for (old, new) in old.try_iter()?.zip(new.try_iter()?) {
        // A cell that is still empty raises.
        let contents = intern!(function.py(), "cell_contents");
        match (old?.getattr_opt(contents), new?.getattr_opt(contents)) {
            (Ok(Some(old)), Ok(Some(new))) if !old.is(&new) => return Ok(false),
            _ => {}
        }
    }
    Ok(true)
}
