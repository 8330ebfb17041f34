//! Every place that entries are kept in, for some seconds of everything that can happen to it and to the processes that use it, and for
//! some without any of it, when the checker allows nothing. `cargo xtask torture` does the same for longer, with other seeds.
#![allow(clippy::print_stdout, reason = "where the figures go")]

use std::time::Duration;

use hermes_torture::{Faults, Pace, Report, Run, count};

const PROGRAM: &str = env!("CARGO_BIN_EXE_torture");

fn tortured(backend: &str) {
    let lasts = Duration::from_secs(20);
    well(&Run { faults: Faults::All, lasts, ..Run::on(backend, PROGRAM) });
}

fn left_alone(backend: &str) {
    let report = well(&Run { lasts: Duration::from_secs(5), pace: Pace::Calm, ..Run::on(backend, PROGRAM) });
    for did in ["hit", "waited"] {
        assert!(report.calls_that(did) > 0, "nobody {did}");
    }
}

#[track_caller]
fn well(run: &Run) -> Report {
    let report = run.go().expect("the run can be run");
    println!("{report}");
    assert!(report.violations.is_empty(), "{} violations", report.violations.len());
    for done in [count::CALLS, count::COMPUTATIONS, count::INVALIDATIONS] {
        assert!(report.counted(done) > 0, "there were no {done}");
    }
    report
}

#[test]
fn memory_keeps_its_promises_under_faults() {
    tortured("memory");
}

#[test]
fn redis_keeps_its_promises_under_faults() {
    tortured("redis");
}

#[test]
fn a_cluster_keeps_its_promises_under_faults() {
    tortured("cluster");
}

#[test]
fn memcached_keeps_its_promises_under_faults() {
    tortured("memcached");
}

#[test]
fn memory_does_nothing_twice_without_faults() {
    left_alone("memory");
}

#[test]
fn redis_does_nothing_twice_without_faults() {
    left_alone("redis");
}

#[test]
fn a_cluster_does_nothing_twice_without_faults() {
    left_alone("cluster");
}

#[test]
fn memcached_does_nothing_twice_without_faults() {
    left_alone("memcached");
}
