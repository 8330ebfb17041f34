//! The verb that measures: runs the benches and gathers their figures.
//! Leaves the page to `report`.

use std::{fs, process::Command};

use crate::{
    cargo::{cargo, root, run, run_reading},
    criterion::{Estimate, estimates},
    install,
    metadata::Metadata,
    python,
    report::{self, Figures, Hit},
    setting::Setting,
};

/// How often all hits are measured, one subject after the other. A disturbance seldom meets the same subject twice.
const ROUNDS: usize = 3;

const PAGE: &str = "docs/benchmarks.md";

/// Measures everything and writes the page, or prints one part.
pub(crate) fn bench(part: Option<&str>) -> Result<(), String> {
    let section = match part {
        Some("hit") => report::hits(&hits()?),
        Some("memory") => report::memory(&lines("memory")?),
        Some("redis") => report::redis(&on_a_server("redis")?),
        Some("memcached") => report::memcached(&on_a_server("memcached")?),
        Some("python") => report::python(&beside_python()?),
        Some(_) => report::cleans(&lines("clean")?),
        None => {
            let setting = Setting::here_and_now()?;
            let figures = Figures {
                memory: lines("memory")?,
                cleans: lines("clean")?,
                redis: on_a_server("redis")?,
                memcached: on_a_server("memcached")?,
                python: beside_python()?,
                hits: hits()?,
            };
            let page = root().join(PAGE);
            fs::create_dir_all(page.parent().expect("the page is in a folder"))
                .and_then(|()| fs::write(&page, report::page(&setting, &figures)))
                .map_err(|why| format!("writing {PAGE}: {why}"))?;
            format!("wrote {PAGE}")
        }
    };
    println!("\n{section}");
    Ok(())
}

/// Runs the bench `hit` several times and puts together what each subject took.
fn hits() -> Result<Vec<Hit>, String> {
    let results = Metadata::read()?.target_folder().join("side-by-side");
    let mut hits: Vec<Hit> = Vec::new();
    for _ in 0..ROUNDS {
        // Without those of an earlier run, whose subjects may be gone.
        drop(fs::remove_dir_all(&results));
        run(benched("hit", &["--noplot"]).env("CRITERION_HOME", &results))?;
        for Estimate { workload, subject, ns_per_call } in estimates(&results)? {
            match hits.iter_mut().find(|hit| hit.workload == workload && hit.subject == subject) {
                Some(hit) => hit.ns_per_call.push(ns_per_call),
                None => hits.push(Hit { workload, subject, ns_per_call: vec![ns_per_call] }),
            }
        }
    }
    hits.iter_mut().for_each(|hit| hit.ns_per_call.sort_by(f64::total_cmp));
    Ok(hits)
}

/// Runs a bench that needs a server.
fn on_a_server(bench: &str) -> Result<Vec<Vec<String>>, String> {
    install::what_is_missing()?;
    lines(bench)
}

/// Runs the bench of the Python package.
fn beside_python() -> Result<Vec<Vec<String>>, String> {
    install::what_is_missing()?;
    lines_of("python", &mut python::side_by_side(&Metadata::read()?)?)
}

/// Runs a bench and reads its figures.
fn lines(bench: &str) -> Result<Vec<Vec<String>>, String> {
    lines_of(bench, &mut benched(bench, &[]))
}

/// Runs what prints its figures as lines of the bench's name and columns with tabs between them.
fn lines_of(bench: &str, command: &mut Command) -> Result<Vec<Vec<String>>, String> {
    let mut lines = Vec::new();
    run_reading(command, |line| {
        let mut columns = line.split('\t').map(str::to_owned);
        if columns.next().is_some_and(|name| name == bench) {
            lines.push(columns.collect());
        }
    })?;
    Ok(lines)
}

fn benched(bench: &str, arguments: &[&str]) -> Command {
    let base = ["bench", "--package", "hermescache-bench", "--bench", bench, "--"];
    cargo(&[&base, arguments].concat())
}
