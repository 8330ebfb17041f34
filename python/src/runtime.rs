//! The one thread that waits for servers on behalf of all tasks of this process, whatever their event loops.
//! Leaves what is asked to whoever asks.

use std::{
    io, mem,
    pin::Pin,
    process,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use hermes::{
    Backend,
    backend::{Answer, BackendError, Buckets, Command, Listed, Namespace, Reply},
};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::JoinHandle,
};

static RUNTIME: Mutex<Option<Here>> = Mutex::new(None);

/// A runtime, and the process whose thread runs it.
struct Here {
    runtime: Runtime,
    process: u32,
}

/// The runtime of this process, started when it is first asked for. A forked child starts its own.
fn handle() -> io::Result<Handle> {
    let mut here = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let process = process::id();
    if let Some(here) = here.as_ref().filter(|here| here.process == process) {
        return Ok(here.runtime.handle().clone());
    }
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("hermes").enable_all().build()?;
    let handle = runtime.handle().clone();
    // Its thread stayed in the parent, and to wait for its end would be to wait for ever.
    mem::forget(here.replace(Here { runtime, process }));
    Ok(handle)
}

/// A backend whose tasks' commands run there. Threads ask it as they would without.
#[derive(Debug)]
pub(crate) struct Carried(Arc<dyn Backend>);

impl Carried {
    pub(crate) fn new(backend: Box<dyn Backend>) -> Self {
        Self(backend.into())
    }
}

impl Backend for Carried {
    fn buckets(&self) -> Buckets {
        self.0.buckets()
    }

    fn execute(&self, command: &Command) -> Result<Reply, BackendError> {
        self.0.execute(command)
    }

    fn execute_all(&self, commands: &[Command]) -> Vec<Result<Reply, BackendError>> {
        self.0.execute_all(commands)
    }

    fn execute_async<'a>(&'a self, command: &'a Command) -> Answer<'a, Result<Reply, BackendError>> {
        let (backend, command) = (Arc::clone(&self.0), command.clone());
        Box::pin(async move { carried(async move { backend.execute_async(&command).await }).await? })
    }

    fn execute_all_async<'a>(
        &'a self,
        commands: &'a [Command],
    ) -> Answer<'a, Vec<Result<Reply, BackendError>>> {
        let (backend, own) = (Arc::clone(&self.0), commands.to_vec());
        Box::pin(async move {
            let answers = carried(async move { backend.execute_all_async(&own).await }).await;
            answers.unwrap_or_else(|why| commands.iter().map(|_| Err(why.clone())).collect())
        })
    }

    fn list(&self, namespace: &Namespace) -> Result<Vec<Listed>, BackendError> {
        self.0.list(namespace)
    }

    fn list_async<'a>(&'a self, namespace: &'a Namespace) -> Answer<'a, Result<Vec<Listed>, BackendError>> {
        let (backend, namespace) = (Arc::clone(&self.0), namespace.clone());
        Box::pin(async move { carried(async move { backend.list_async(&namespace).await }).await? })
    }
}

/// What a future gives that runs there. Who no longer waits for it takes it back.
async fn carried<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T, BackendError> {
    let handle = handle().map_err(BackendError::not_done)?;
    Waiting(handle.spawn(future)).await
}

struct Waiting<T>(JoinHandle<T>);

impl<T> Future for Waiting<T> {
    type Output = Result<T, BackendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(BackendError::unknown)
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
