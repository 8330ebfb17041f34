//! Proves the promises of Hermes on what really runs: several processes, threads and tasks use one cache, its servers and the way to
//! them are tormented, and a checker reads what everybody saw.
//!
//! A [`Run`] is made of a place to keep entries, faults and a seed, and comes to a [`Report`]; `cargo xtask torture` is its command
//! line. The words of the log are in [`history`], and what they have to fulfil in [`check`], which is pure.

mod actor;
pub mod check;
mod clock;
pub mod command_line;
mod course;
mod crew;
mod database;
mod deed;
pub mod history;
mod log;
mod planted;
mod report;
mod run;
mod stage;
mod subject;
mod witness;
mod worker;

use std::{io, net::SocketAddr, thread};

pub use crate::{
    clock::At,
    deed::Pace,
    planted::Bug,
    report::{Report, count},
    run::{Faults, Run},
};

/// Serves as the database of a run, until standard input ends.
///
/// # Errors
/// Where no port is free.
pub fn become_database(opened: impl FnOnce(SocketAddr) + Send + 'static) -> Result<(), String> {
    thread::spawn(move || database::serve(opened).expect("a port is free"));
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop).map_err(|why| format!("waiting for the end: {why}"))
}

/// Works as a plan says, until standard input ends.
///
/// # Errors
/// Where the plan cannot be read, or its cache not be built.
pub fn become_worker(plan: &str) -> Result<(), String> {
    let plan = serde_json::from_str(plan).map_err(|why| format!("reading the plan: {why}"))?;
    worker::work(&plan).map_err(|why| why.to_string())
}
