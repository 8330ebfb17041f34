//! What a forked child begins anew, alone in its process: other tests would count in lanes that it takes.
#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(feature = "async")]

use std::{
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use hermes::{Cache, binding};

#[test]
fn in_a_child_waits_come_to_their_end() {
    // As a child has it: who leads and who waits already are the parent's, and so is the thread that serves their alarms.
    let patience = Duration::from_millis(50);
    let cache = Cache::builder().patience(patience).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let entry = cache.entry("k");
    let mut leads = pin!(entry.get_or_compute_async(std::future::pending::<u64>));
    assert!(leads.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let mut waits = pin!(entry.get_or_compute_async(async || 1));
    assert!(waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());

    binding::begin_in_forked_child();
    assert_eq!(runtime.block_on(entry.get_or_compute_async(async || 2)), 2);
}
