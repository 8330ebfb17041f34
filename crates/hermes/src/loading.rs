//! A task's loader: polled under the mark of what it computes and in the span of its computation, and dropped there as well.
//! Decides nothing.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll},
};

use crate::{
    leading::{FlightId, Mark},
    observe::Span,
};

/// Runs a loader to its end, for a flight if it computes for one.
pub(crate) async fn load<L: Future>(
    span: &Span,
    flight: Option<FlightId>,
    loader: impl FnOnce() -> L,
) -> L::Output {
    // Called when it is polled: what makes a future may ask for the key as well.
    let loader = pin!(Some(async { loader().await }));
    Loading { span, flight, loader }.await
}

struct Loading<'l, F> {
    span: &'l Span,
    flight: Option<FlightId>,
    /// None where it has ended.
    loader: Pin<&'l mut Option<F>>,
}

impl<F> Loading<'_, F> {
    fn within<T>(&mut self, act: impl FnOnce(Pin<&mut Option<F>>) -> T) -> T {
        let Self { span, flight, loader } = self;
        span.run(|| {
            let _mark = flight.map(Mark::set);
            act(loader.as_mut())
        })
    }
}

impl<F: Future> Future for Loading<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.within(|mut loader| {
            let running = loader.as_mut().as_pin_mut().expect("who has ended is not polled again");
            let result = running.poll(context);
            if result.is_ready() {
                loader.set(None);
            }
            result
        })
    }
}

/// What a call that goes away leaves of its loader is the user's code as much as the rest of it.
impl<F> Drop for Loading<'_, F> {
    fn drop(&mut self) {
        if self.loader.is_some() {
            self.within(|mut loader| loader.set(None));
        }
    }
}
