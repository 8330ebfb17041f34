//! The two voices in which a story is told: with blocking verbs, or with their twins for tasks.
//! Leaves the verbs to whoever has them.

/// How a story speaks to what it tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// By blocking verbs.
    Blocking,
    /// By their twins, each thread in a runtime of its own.
    #[cfg(feature = "async")]
    InTasks,
}

/// The one or the other of two expressions that mean the same.
macro_rules! in_voice {
    ($voice:expr, $blocking:expr, $twin:expr) => {
        match $voice {
            $crate::conformance::voice::Voice::Blocking => $blocking,
            #[cfg(feature = "async")]
            $crate::conformance::voice::Voice::InTasks => $crate::conformance::voice::block_on($twin),
        }
    };
}

pub(super) use in_voice;

/// Runs a future in this thread's runtime.
#[cfg(feature = "async")]
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = runtime();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// A runtime that lives in one thread.
#[cfg(feature = "async")]
pub(super) fn runtime() -> tokio::runtime::Runtime {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.expect("the system has what a runtime needs")
}
