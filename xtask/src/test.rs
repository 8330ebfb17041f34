//! The verbs that run tests: all there are, those of features or of Python alone, and those that last as long as one likes.
//! Leaves what they need on the machine to `install`.

use std::process::{Command, Stdio};

use crate::{
    cargo::{cargo, run, run_reading},
    install, instructions,
    metadata::Metadata,
    python::Package,
    tally::Tally,
};

/// The package that users depend on.
const USERS: &str = "hermescache";

/// An example of theirs that the Python package is tested beside.
const NEIGHBOUR: &str = "neighbour";

/// What tells most of a feature in the least time: the tests inside, and the stories of all places. The others are told with all
/// features, and compiled with each by its lints.
const BRIEFLY: [&str; 3] = ["--lib", "--test", "conformance"];

/// Runs every test and every example, and closes on how many passed.
///
/// # Errors
/// A failed test, example or build is one, after everything else has run too.
pub(crate) fn everything() -> Result<(), String> {
    install::what_is_missing()?;
    let metadata = Metadata::read()?;
    let mut tally = Tally::default();
    tested(&mut tally, &["--workspace", "--all-features"]);
    each_feature_alone(&metadata, &mut tally)?;
    for example in metadata.examples(USERS)? {
        let example = ["run", "--package", USERS, "--all-features", "--example", &example];
        // One of them would do what it is told.
        tally.count(run(cargo(&example).stdin(Stdio::null())));
    }
    tally.count(instructions::instructions(None));
    python_tested(&metadata, &mut tally)?;
    close(&tally)
}

/// Builds, lints and tests the Python package.
///
/// # Errors
/// A failed test, lint or build is one, after everything else has run too.
pub(crate) fn python() -> Result<(), String> {
    install::what_is_missing()?;
    let mut tally = Tally::default();
    python_tested(&Metadata::read()?, &mut tally)?;
    close(&tally)
}

/// Lints and tests the users' crate without any feature, and with each one alone.
///
/// # Errors
/// A failed test, lint or build is one, after everything else has run too.
pub(crate) fn features() -> Result<(), String> {
    let mut tally = Tally::default();
    each_feature_alone(&Metadata::read()?, &mut tally)?;
    close(&tally)
}

/// Torments servers and processes, for as long and as its words say.
///
/// # Errors
/// A broken promise is one.
pub(crate) fn torture(words: &[&str]) -> Result<(), String> {
    install::what_is_missing()?;
    let program = ["run", "--release", "--package", "hermescache-torture", "--bin", "torture", "--"];
    run(&mut cargo(&[&program, words].concat()))
}

/// Weighs servers and process after a million keys and tags that are used once.
///
/// # Errors
/// What was left behind is one.
pub(crate) fn leaks() -> Result<(), String> {
    install::what_is_missing()?;
    let tests = ["--package", "hermescache-torture", "--test", "leaks", "--", "--nocapture"];
    let mut command = cargo(&[&["test", "--release"], &tests[..]].concat());
    run(command.env("HERMES_LEAKS", "1000000"))
}

/// Fuzzes on stable Rust, for so many seconds.
///
/// # Errors
/// Bytes that were not survived are one; it prints them.
pub(crate) fn fuzz(words: &[&str]) -> Result<(), String> {
    let seconds = words.first().copied().unwrap_or("60");
    let mut command = cargo(&["test", "--release", "--package", "hermescache-fuzz", "--", "--nocapture"]);
    run(command.env("HERMES_FUZZ_SECONDS", seconds))
}

fn each_feature_alone(metadata: &Metadata, tally: &mut Tally) -> Result<(), String> {
    let (features, defaults) = (metadata.features(USERS)?, metadata.default_features(USERS)?);
    let alone = features.iter().map(|feature| vec!["--features", feature]);
    for feature in [vec![]].into_iter().chain(alone) {
        let only = [&["--package", USERS, "--no-default-features"], &feature[..]].concat();
        let lints = [&["clippy", "--all-targets"], &only[..], &["--", "-D", "warnings"]].concat();
        tally.count(run(&mut cargo(&lints)));
        let is_default = feature.last().is_none_or(|name| defaults.iter().any(|default| default == name));
        // Not the doc tests: what they show are the default features.
        let which = if is_default { &["--tests"][..] } else { &BRIEFLY };
        tested(tally, &[&only[..], which].concat());
    }
    Ok(())
}

/// Runs tests and counts them.
fn tested(tally: &mut Tally, which: &[&str]) {
    let arguments = [&["test", "--no-fail-fast"], which].concat();
    counted(tally, &mut cargo(&arguments), Tally::read);
}

/// Lints, types and tests of the Python package, counted.
fn python_tested(metadata: &Metadata, tally: &mut Tally) -> Result<(), String> {
    let package = Package::installed(metadata)?;
    run(&mut cargo(&["build", "--package", USERS, "--all-features", "--example", NEIGHBOUR]))?;
    let neighbour = metadata.target_folder().join("debug/examples").join(NEIGHBOUR);
    for mut lints in package.lints() {
        tally.count(run(&mut lints));
    }
    counted(tally, package.tests().env("HERMES_NEIGHBOUR", neighbour), Tally::read_pytest);
    Ok(())
}

/// Runs tests and counts what they say. A run that fails without a failed test, as a build does, counts as one.
fn counted(tally: &mut Tally, tests: &mut Command, read: fn(&mut Tally, &str)) {
    let failed_before = tally.failed();
    let run = run_reading(tests, |line| read(tally, line));
    if run.is_err() && tally.failed() == failed_before {
        tally.count(run);
    }
}

fn close(tally: &Tally) -> Result<(), String> {
    println!("\n{tally}");
    match tally.failed() {
        0 => Ok(()),
        failed => Err(format!("{failed} failed; what they said is right above")),
    }
}
