//! Something of the engine that a task waits for, as asyncio has it: an iterator of what to wait for next.
//! Leaves what it computes to `cached`, and who wakes it to `hub`.
//!
//! The task itself polls it, and a loader's coroutine is stepped inside: it runs in its caller's task and context, and a
//! cancellation reaches it. What is dropped frees its lease.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use pyo3::{
    exceptions::{PyException, PyRuntimeError, PyStopIteration},
    intern,
    prelude::*,
    types::PyType,
};

use crate::{
    fork::UnderWay,
    hub::{Alarm, Hub},
};

/// What the engine does for a task.
type Work = Pin<Box<dyn Future<Output = PyResult<Py<PyAny>>> + Send>>;

/// What a task awaits.
#[pyclass(frozen, module = "hermes._core")]
pub(crate) struct Flight {
    /// None while it is polled, and when it is over.
    work: Mutex<Option<Work>>,
    exchange: Exchange,
    /// Made when it is first polled: it may be made outside of its loop.
    alarm: Mutex<Option<Arc<Alarm>>>,
}

impl std::fmt::Debug for Flight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flight")
    }
}

impl Flight {
    pub(crate) fn new<W>(work: impl FnOnce(Exchange) -> W) -> Self
    where
        W: Future<Output = PyResult<Py<PyAny>>> + Send + 'static,
    {
        let exchange = Exchange::default();
        let work = work(exchange.clone());
        let under_way = UnderWay::begin();
        let work: Work = Box::pin(async move {
            let _under_way = under_way;
            work.await
        });
        Self { work: Mutex::new(Some(work)), exchange, alarm: Mutex::new(None) }
    }

    /// What to wait for next; what it has in the end is raised, as iterators do.
    fn step(&self, py: Python<'_>, thrown: Option<PyErr>) -> PyResult<Py<PyAny>> {
        // Taken out: who awaits it a second time, from another task or from within, gets an error and no deadlock.
        let Some(mut work) = locked(&self.work).take() else {
            return Err(PyRuntimeError::new_err("it is awaited already, or was"));
        };
        if let Some(thrown) = thrown {
            if !self.exchange.is_loading() {
                return Err(thrown);
            }
            self.exchange.throw(thrown);
        }
        let mut watch = None;
        loop {
            let alarm = locked(&self.alarm).clone();
            let alarm = match alarm {
                Some(alarm) => alarm,
                None => {
                    let (event_loop, hub) = Hub::here(py)?;
                    let alarm = Alarm::new(hub.get());
                    *locked(&self.alarm) = Some(Arc::clone(&alarm));
                    watch = Some(event_loop);
                    alarm
                }
            };
            alarm.set();
            match work.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&alarm)))) {
                Poll::Ready(Ok(value)) => return Err(PyStopIteration::new_err((value,))),
                Poll::Ready(Err(raised)) => return Err(raised),
                Poll::Pending => {}
            }
            if let Some(raised) = self.exchange.take_last() {
                return Err(raised);
            }
            if let Some(yielded) = self.exchange.take_yielded() {
                *locked(&self.work) = Some(work);
                return Ok(yielded);
            }
            let event_loop = match &watch {
                Some(event_loop) => event_loop.clone(),
                None => Hub::here(py)?.0,
            };
            let future = event_loop.call_method0(intern!(py, "create_future"))?;
            if alarm.wait(future.clone().unbind()) {
                // What tells a task that it is to wait, and not merely to let others run.
                future.setattr(intern!(py, "_asyncio_future_blocking"), true)?;
                *locked(&self.work) = Some(work);
                return Ok(future.unbind());
            }
        }
    }
}

#[pymethods]
impl Flight {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.step(py, None)
    }

    fn send(&self, py: Python<'_>, _value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.step(py, None)
    }

    #[pyo3(signature = (kind, value = None, _traceback = None))]
    fn throw(
        &self,
        py: Python<'_>,
        kind: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        _traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let thrown = match (value, kind.cast::<PyType>()) {
            (Some(value), _) if value.is_instance_of::<pyo3::exceptions::PyBaseException>() => {
                PyErr::from_value(value)
            }
            (Some(value), Ok(kind)) => PyErr::from_type(kind.clone(), (value.unbind(),)),
            (None, Ok(kind)) => PyErr::from_type(kind.clone(), ()),
            (_, Err(_)) => PyErr::from_value(kind),
        };
        self.step(py, Some(thrown))
    }

    /// Nobody waits any more.
    fn close(&self) {
        let left = locked(&self.work).take();
        drop(left);
    }
}

/// What a flight and the coroutine inside of it have to tell each other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exchange(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    is_loading: bool,
    /// From the coroutine: what it waits for.
    yielded: Option<Py<PyAny>>,
    /// To the coroutine.
    thrown: Option<PyErr>,
    /// From the coroutine: what ends the task, and so the flight at once.
    last: Option<PyErr>,
}

impl Exchange {
    fn is_loading(&self) -> bool {
        locked(&self.0).is_loading
    }

    fn throw(&self, thrown: PyErr) {
        locked(&self.0).thrown = Some(thrown);
    }

    fn take_yielded(&self) -> Option<Py<PyAny>> {
        locked(&self.0).yielded.take()
    }

    fn take_last(&self) -> Option<PyErr> {
        locked(&self.0).last.take()
    }

    /// Steps a coroutine to its end.
    pub(crate) fn load(self, coroutine: PyResult<Py<PyAny>>) -> Loader {
        Loader { exchange: self, coroutine: Some(coroutine) }
    }
}

/// A coroutine, stepped whenever it is polled.
#[derive(Debug)]
pub(crate) struct Loader {
    exchange: Exchange,
    coroutine: Option<PyResult<Py<PyAny>>>,
}

impl Future for Loader {
    type Output = PyResult<Py<PyAny>>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let coroutine = match this.coroutine.take() {
            Some(Ok(coroutine)) => coroutine,
            Some(Err(raised)) => return Poll::Ready(Err(raised)),
            None => return Poll::Pending,
        };
        let thrown = {
            let mut told = locked(&this.exchange.0);
            told.is_loading = true;
            told.thrown.take()
        };
        Python::attach(|py| {
            let stepped = match thrown {
                None => coroutine.call_method1(py, intern!(py, "send"), (py.None(),)),
                Some(thrown) => coroutine.call_method1(py, intern!(py, "throw"), (thrown.into_value(py),)),
            };
            let raised = match stepped {
                Ok(yielded) => {
                    locked(&this.exchange.0).yielded = Some(yielded);
                    this.coroutine = Some(Ok(coroutine));
                    return Poll::Pending;
                }
                Err(raised) => raised,
            };
            locked(&this.exchange.0).is_loading = false;
            if raised.is_instance_of::<PyStopIteration>(py) {
                return Poll::Ready(raised.value(py).getattr(intern!(py, "value")).map(Bound::unbind));
            }
            if raised.is_instance_of::<PyException>(py) {
                return Poll::Ready(Err(raised));
            }
            // Cancelled, or worse: there is no time to tell others.
            locked(&this.exchange.0).last = Some(raised);
            Poll::Pending
        })
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
