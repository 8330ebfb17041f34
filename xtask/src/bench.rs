//! The verb that measures: runs the benches and gathers their figures.
//! Leaves what is told of them to `report`.

use std::{env, fs, path::Path, process::Command, time::Instant};

use crate::{
    cargo::{cargo, root, run, run_reading},
    criterion::{Estimate, estimates},
    install, instructions,
    metadata::Metadata,
    python,
    report::{self, Lines, Section},
    setting::Setting,
};

/// How often all hits are measured, one subject after the other. A disturbance seldom meets the same subject twice.
const ROUNDS: usize = 3;

const PAGE: &str = "benchmarks.md";

/// One part of the page: what measures it, and what is told of it.
struct Part {
    name: &'static str,
    measure: fn() -> Result<Lines, String>,
    report: fn(&Lines) -> Section,
}

/// In the order of the page.
const PARTS: [Part; 11] = [
    Part { name: "hit", measure: hits, report: report::hit },
    Part { name: "instructions", measure: instructions_of_hits, report: report::instructions },
    Part { name: "miss", measure: || lines("miss", &["miss"]), report: report::miss },
    Part { name: "ratio", measure: || lines("ratio", &["ratio"]), report: report::ratio },
    Part { name: "memory", measure: || lines("memory", &["memory"]), report: report::memory },
    Part { name: "clean", measure: || lines("clean", &["clean"]), report: report::clean },
    Part {
        name: "growth",
        measure: || lines("growth", &["entries", "callers", "tags"]),
        report: report::growth,
    },
    Part { name: "stampede", measure: || lines("stampede", &["stampede"]), report: report::stampede },
    Part { name: "redis", measure: || lines("redis", &["redis"]), report: report::redis },
    Part { name: "memcached", measure: || lines("memcached", &["memcached"]), report: report::memcached },
    Part { name: "python", measure: beside_python, report: report::python },
];

/// What the parts are called.
pub(crate) const NAMES: [&str; PARTS.len()] = {
    let mut names = [""; PARTS.len()];
    let mut place = 0;
    while place < PARTS.len() {
        names[place] = PARTS[place].name;
        place += 1;
    }
    names
};

/// Measures everything and writes the page, or prints one part. With `HERMES_BENCH_BRIEFLY` set, everything takes a moment only,
/// the figures mean nothing, and the page goes where builds go.
pub(crate) fn bench(part: Option<&str>) -> Result<(), String> {
    install::what_is_missing()?;
    let beside_builds = Metadata::read()?.target_folder().join("benchmarks");
    let Some(name) = part else {
        let setting = Setting::here_and_now()?;
        let sections: Vec<_> = PARTS.iter().map(measured).collect::<Result<_, _>>()?;
        let folder = if briefly() { beside_builds } else { root().join("docs") };
        draw(&folder, &sections)?;
        return write(&folder.join(PAGE), &report::page(&setting, &sections));
    };
    let part = PARTS.iter().find(|part| part.name == name).expect("the verb takes no other words");
    let section = measured(part)?;
    println!("\n{}", section.text);
    draw(&beside_builds, &[section])
}

fn briefly() -> bool {
    env::var_os("HERMES_BENCH_BRIEFLY").is_some()
}

#[expect(clippy::disallowed_methods, reason = "whoever waits wants to know for how long the next time")]
fn measured(part: &Part) -> Result<Section, String> {
    let begin = Instant::now();
    let lines = (part.measure)()?;
    println!("\n{} took {} s", part.name, begin.elapsed().as_secs());
    Ok((part.report)(&lines))
}

fn draw(folder: &Path, sections: &[Section]) -> Result<(), String> {
    let mut plots = sections.iter().flat_map(|section| &section.plots);
    plots.try_for_each(|plot| write(&folder.join(format!("plots/{}.svg", plot.file)), &plot.svg()?))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    println!("writing {}", file.display());
    fs::create_dir_all(file.parent().expect("it is in a folder"))
        .and_then(|()| fs::write(file, text))
        .map_err(|why| format!("writing {}: {why}", file.display()))
}

/// Runs the bench `hit` several times and puts together what each subject took.
fn hits() -> Result<Lines, String> {
    let results = Metadata::read()?.target_folder().join("side-by-side");
    let mut hits: Vec<(String, String, Vec<f64>)> = Vec::new();
    for _ in 0..if briefly() { 1 } else { ROUNDS } {
        // Without those of an earlier run, whose subjects may be gone.
        drop(fs::remove_dir_all(&results));
        run(benched("hit", &["--noplot"]).env("CRITERION_HOME", &results))?;
        for Estimate { workload, subject, ns_per_call } in estimates(&results)? {
            match hits.iter_mut().find(|hit| hit.0 == workload && hit.1 == subject) {
                Some((.., rounds)) => rounds.push(ns_per_call),
                None => hits.push((workload, subject, vec![ns_per_call])),
            }
        }
    }
    let line = |(workload, subject, mut rounds): (String, String, Vec<f64>)| {
        rounds.sort_by(f64::total_cmp);
        let [median, fastest, slowest] =
            [rounds.len() / 2, 0, rounds.len() - 1].map(|it| rounds[it].to_string());
        vec![workload, subject, median, fastest, slowest]
    };
    Ok(hits.into_iter().map(line).collect())
}

fn instructions_of_hits() -> Result<Lines, String> {
    let counts = instructions::count()?;
    Ok(counts.into_iter().map(|(subject, count)| vec![subject, format!("{count:.1}")]).collect())
}

/// Runs the bench of the Python package.
fn beside_python() -> Result<Lines, String> {
    lines_of("python", &mut python::side_by_side(&Metadata::read()?)?)
}

/// Runs benches and reads the figures that they print under this name.
fn lines(name: &str, benches: &[&str]) -> Result<Lines, String> {
    let lines: Vec<Lines> =
        benches.iter().map(|bench| lines_of(name, &mut benched(bench, &[]))).collect::<Result<_, _>>()?;
    Ok(lines.concat())
}

/// Runs what prints its figures as lines of this name and columns with tabs between them.
fn lines_of(name: &str, command: &mut Command) -> Result<Lines, String> {
    let mut lines = Lines::new();
    run_reading(command, |line| {
        let mut columns = line.split('\t').map(str::to_owned);
        if columns.next().is_some_and(|first| first == name) {
            lines.push(columns.collect());
        }
    })?;
    Ok(lines)
}

fn benched(bench: &str, arguments: &[&str]) -> Command {
    let base = ["bench", "--package", "hermescache-bench", "--bench", bench, "--"];
    cargo(&[&base, arguments].concat())
}
