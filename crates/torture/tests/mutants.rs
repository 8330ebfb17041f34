//! The checker is worth what it finds: each planted bug within a minute, by the promise that it breaks.
#![allow(clippy::print_stdout, reason = "where the stories go")]

use std::time::Duration;

use hermes_torture::{Bug, Pace, Run, check::Promise};

const PROGRAM: &str = env!("CARGO_BIN_EXE_torture");

/// Together a minute, and hardly ever more than one is needed.
const ROUNDS: u64 = 20;
const ROUND: Duration = Duration::from_secs(3);

#[track_caller]
fn is_found(bug: Bug, pace: Pace, broken: Promise) {
    for seed in 1..=ROUNDS {
        let run = Run { lasts: ROUND, seed, pace, bug: Some(bug), ..Run::on("redis", PROGRAM) };
        let report = run.go().expect("the run can be run");
        if let Some(violation) = report.violations.first() {
            println!("{bug:?}, round {seed}: {violation}");
            assert_eq!(violation.promise, broken);
            return;
        }
    }
    panic!("{bug:?} was not found");
}

#[test]
fn versions_that_are_read_late_are_found() {
    is_found(Bug::VersionsReadLate, Pace::Hot, Promise::Fresh);
}

#[test]
fn a_commit_without_a_fence_is_found() {
    is_found(Bug::UnfencedCommit, Pace::Hot, Promise::Fresh);
}

#[test]
fn a_commit_that_is_delayed_and_accepted_is_found() {
    is_found(Bug::DelayedCommit, Pace::Hot, Promise::Fresh);
}

#[test]
fn an_invalidation_that_forgets_the_lease_is_found() {
    is_found(Bug::LeaseForgotten, Pace::Hot, Promise::Fresh);
}

#[test]
fn an_acquire_that_arrives_twice_is_found() {
    is_found(Bug::AcquireTwice, Pace::Hot, Promise::Fresh);
}

#[test]
fn an_acquire_that_always_wins_is_found() {
    is_found(Bug::AcquireAlwaysWins, Pace::Calm, Promise::Alone);
}

#[test]
fn a_stampede_after_an_invalidation_is_found() {
    is_found(Bug::StampedeAfterInvalidation, Pace::Hot, Promise::Alone);
}
