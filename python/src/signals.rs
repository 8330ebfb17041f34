//! Lets the main thread see to its signals while it waits for another's computation: Ctrl-C is not to wait with it.
//! Knows nothing of what is computed.

use std::cell::{Cell, RefCell};

use hermes::binding::interruptible;
use pyo3::{intern, prelude::*};

use crate::{fork, python};

thread_local! {
    /// What a signal's handler raised while this thread waited.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
    /// Whether this is the main thread, once that was asked: to ask takes 7 % of the instructions of a hit on a server.
    static IS_MAIN_THREAD: Cell<Option<bool>> = const { Cell::new(None) };
}

/// Gives up the interpreter around a call of the engine that may wait for another's computation.
///
/// # Errors
/// What a signal's handler raised meanwhile.
pub(crate) fn detached<T: Send>(py: Python<'_>, call: impl FnOnce() -> T + Send) -> PyResult<T> {
    if !is_main_thread(py)? {
        return Ok(fork::detached(py, call));
    }
    let got = fork::detached(py, || interruptible(has_raised, call));
    take().map_or(Ok(got), Err)
}

/// What a loader has to return at once, because its call was called away.
pub(crate) fn take() -> Option<PyErr> {
    RAISED.take()
}

/// The only thread of a forked child is its main thread, whichever it was.
pub(crate) fn begin_in_forked_child() {
    IS_MAIN_THREAD.set(None);
}

fn has_raised() -> bool {
    if RAISED.with_borrow(Option::is_none) {
        RAISED.set(Python::attach(|py| py.check_signals()).err());
    }
    RAISED.with_borrow(Option::is_some)
}

/// Python runs the handlers of signals there, and nowhere else.
fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    if let Some(known) = IS_MAIN_THREAD.get() {
        return Ok(known);
    }
    let main = python::main_thread(py)?.call0()?.getattr(intern!(py, "ident"))?;
    let is_main_thread = python::thread_number(py)?.call0()?.eq(main)?;
    IS_MAIN_THREAD.set(Some(is_main_thread));
    Ok(is_main_thread)
}
