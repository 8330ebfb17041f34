//! Wakes the tasks of one event loop from any thread, without asking for the interpreter there.
//! Leaves what they wait for to `flight`.
//!
//! Whoever wakes a task puts its future into a queue, and a byte into a socket that the loop watches; one byte for as many
//! as are woken until the loop looks.

use std::{
    io::{self, Read, Write},
    mem,
    os::{fd::AsRawFd, unix::net::UnixStream},
    sync::{Arc, Mutex, PoisonError},
    task::Wake,
};

use pyo3::{intern, prelude::*, sync::PyOnceLock};

use crate::python;

/// What one loop watches.
#[pyclass(frozen, module = "hermes._core")]
#[derive(Debug)]
pub(crate) struct Hub {
    woken: Arc<Woken>,
    watched: UnixStream,
}

/// The futures of tasks that shall go on.
#[derive(Debug)]
struct Woken {
    queue: Mutex<Vec<Py<PyAny>>>,
    bell: UnixStream,
}

impl Woken {
    fn push(&self, future: Py<PyAny>) {
        let is_first = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.push(future);
            queue.len() == 1
        };
        if is_first {
            // It fails if the loop is gone, and its tasks with it. A full socket has rung.
            let _ = (&self.bell).write(&[1]);
        }
    }
}

impl Hub {
    /// The hub of the loop that runs in this thread; made when it is first asked for.
    ///
    /// # Errors
    /// RuntimeError if none runs.
    pub(crate) fn here(py: Python<'_>) -> PyResult<(Bound<'_, PyAny>, Py<Self>)> {
        static HUBS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let event_loop = python::running_loop(py)?.call0()?;
        let hubs =
            HUBS.get_or_try_init(py, || Ok::<_, PyErr>(python::weak_key_dictionary(py)?.call0()?.unbind()))?;
        let hubs = hubs.bind(py);
        let known = hubs.call_method1(intern!(py, "get"), (&event_loop,))?;
        if let Ok(hub) = known.cast_into::<Self>() {
            return Ok((event_loop, hub.unbind()));
        }
        let hub = Bound::new(py, Self::open()?)?;
        let look = hub.getattr(intern!(py, "look"))?;
        event_loop.call_method1(intern!(py, "add_reader"), (hub.get().watched.as_raw_fd(), look))?;
        hubs.set_item(&event_loop, &hub)?;
        Ok((event_loop, hub.unbind()))
    }

    fn open() -> io::Result<Self> {
        let (watched, bell) = UnixStream::pair()?;
        watched.set_nonblocking(true)?;
        bell.set_nonblocking(true)?;
        Ok(Self { woken: Arc::new(Woken { queue: Mutex::default(), bell }), watched })
    }
}

#[pymethods]
impl Hub {
    /// Lets all go on that were woken.
    fn look(&self, py: Python<'_>) -> PyResult<()> {
        // All that is there: whoever wakes from now on rings again.
        let mut bytes = [0; 64];
        while matches!((&self.watched).read(&mut bytes), Ok(read) if read == bytes.len()) {}
        let woken = mem::take(&mut *self.woken.queue.lock().unwrap_or_else(PoisonError::into_inner));
        for future in woken {
            let future = future.bind(py);
            if !future.call_method0(intern!(py, "done"))?.is_truthy()? {
                future.call_method1(intern!(py, "set_result"), (py.None(),))?;
            }
        }
        Ok(())
    }
}

/// Wakes one task.
#[derive(Debug)]
pub(crate) struct Alarm {
    woken: Arc<Woken>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Its task runs.
    Awake,
    /// Its task runs, and shall look again before it waits.
    Rung,
    /// Its task waits for this future.
    Waiting(Py<PyAny>),
}

impl Alarm {
    pub(crate) fn new(hub: &Hub) -> Arc<Self> {
        Arc::new(Self { woken: Arc::clone(&hub.woken), state: Mutex::new(State::Awake) })
    }

    /// Its task is about to look.
    pub(crate) fn set(&self) {
        self.change(State::Awake);
    }

    /// Its task is about to wait for this future, unless something has happened since it looked.
    pub(crate) fn wait(&self, future: Py<PyAny>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = !matches!(*state, State::Rung);
        if waits {
            *state = State::Waiting(future);
        }
        waits
    }

    fn change(&self, to: State) -> State {
        mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), to)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let State::Waiting(future) = self.change(State::Rung) {
            self.woken.push(future);
        }
    }
}
