//! The habits of this project, as verbs: `cargo xtask` lists them.
//! Only finds the verb; each family of verbs has a file of its own.
#![allow(clippy::print_stdout, reason = "this is a program for people at a terminal")]

mod bench;
mod cargo;
mod check;
mod criterion;
mod install;
mod metadata;
mod report;
mod setting;
mod tally;
mod test;

use std::{env, process::ExitCode};

/// One thing that `cargo xtask` can do.
struct Verb {
    name: &'static str,
    takes: &'static [&'static str],
    does: &'static str,
    run: fn(Option<&str>) -> Result<(), String>,
}

const VERBS: [Verb; 6] = [
    Verb {
        name: "check",
        takes: &[],
        does: "formatting, lints, tests that need no server, doc tests: the minute before a push",
        run: |_| check::check(),
    },
    Verb {
        name: "test",
        takes: &[],
        does: "everything, from a bare machine with Rust: installs what is missing, runs every test and example",
        run: |_| test::everything(),
    },
    Verb {
        name: "features",
        takes: &[],
        does: "lints and tests hermescache with no feature, and with each one alone",
        run: |_| test::features(),
    },
    Verb { name: "doc", takes: &[], does: "the documentation; a warning is an error", run: |_| check::doc() },
    Verb {
        name: "bench",
        takes: &["hit", "memory", "clean", "redis"],
        does: "measures Hermes beside its peers and writes docs/benchmarks.md; with a part, only prints that part",
        run: bench::bench,
    },
    Verb {
        name: "golden",
        takes: &[],
        does: "rewrites the golden files; their diff is what there is to review",
        run: |_| check::golden(),
    },
];

/// Exit code of a command line that makes no sense.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let said: Vec<String> = env::args().skip(1).collect();
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let Some((name, rest)) = said.split_first() else {
        list();
        return ExitCode::SUCCESS;
    };
    let Some(verb) = VERBS.iter().find(|verb| verb.name == *name) else {
        eprintln!("xtask: there is no verb {name:?}; `cargo xtask` lists them");
        return ExitCode::from(MISUSED);
    };
    let part = match rest {
        [] => None,
        [part] if verb.takes.contains(part) => Some(*part),
        _ => {
            eprintln!(
                "xtask: `{name}` does not take {:?}; it is called as `{}`",
                rest.join(" "),
                verb.usage()
            );
            return ExitCode::from(MISUSED);
        }
    };
    match (verb.run)(part) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn list() {
    let width = VERBS.iter().map(|verb| verb.usage().len()).max().unwrap_or(0);
    for verb in &VERBS {
        println!("{:width$}  {}", verb.usage(), verb.does);
    }
}

impl Verb {
    fn usage(&self) -> String {
        match self.takes {
            [] => format!("cargo xtask {}", self.name),
            parts => format!("cargo xtask {} [{}]", self.name, parts.join("|")),
        }
    }
}
