//! The habits of this project, as verbs: `cargo xtask` lists them.
//! Only finds the verb; each family of verbs has a file of its own.
#![allow(clippy::print_stdout, reason = "this is a program for people at a terminal")]

mod bench;
mod cargo;
mod check;
mod criterion;
mod install;
mod instructions;
mod metadata;
mod plot;
mod python;
mod report;
mod setting;
mod tally;
mod test;

use std::{env, process::ExitCode};

/// One thing that `cargo xtask` can do.
struct Verb {
    name: &'static str,
    takes: Takes,
    does: &'static str,
    run: fn(&[&str]) -> Result<(), String>,
}

/// What may stand after a verb.
enum Takes {
    Nothing,
    /// One of these words, or nothing.
    Part(&'static [&'static str]),
    /// What another program reads and explains.
    Words,
}

const VERBS: [Verb; 11] = [
    Verb {
        name: "check",
        takes: Takes::Nothing,
        does: "formatting, lints, tests that need no server, doc tests: the minutes before a push",
        run: |_| check::check(),
    },
    Verb {
        name: "test",
        takes: Takes::Nothing,
        does: "everything, from a bare machine with Rust: installs what is missing, runs every test and example",
        run: |_| test::everything(),
    },
    Verb {
        name: "features",
        takes: Takes::Nothing,
        does: "lints and tests hermescache with no feature, and with each one alone",
        run: |_| test::features(),
    },
    Verb {
        name: "python",
        takes: Takes::Nothing,
        does: "builds, lints and tests the Python package",
        run: |_| test::python(),
    },
    Verb {
        name: "doc",
        takes: Takes::Nothing,
        does: "the documentation; a warning is an error",
        run: |_| check::doc(),
    },
    Verb {
        name: "bench",
        takes: Takes::Part(&bench::NAMES),
        does: "measures Hermes beside its peers and writes docs/benchmarks.md; with a part, only prints that part",
        run: |part| bench::bench(part.first().copied()),
    },
    Verb {
        name: "instructions",
        takes: Takes::Part(&["renew"]),
        does: "counts the instructions of a hit and compares them with the committed ones; or writes these anew",
        run: |word| instructions::instructions(word.first().copied()),
    },
    Verb {
        name: "torture",
        takes: Takes::Words,
        does: "several processes use one cache, its servers are tormented, and a checker reads what everybody saw",
        run: test::torture,
    },
    Verb {
        name: "leaks",
        takes: Takes::Nothing,
        does: "uses a million keys and tags once, and weighs servers and process before and after",
        run: |_| test::leaks(),
    },
    Verb {
        name: "fuzz",
        takes: Takes::Words,
        does: "gives whatever reads bytes those that nobody should say, for so many seconds (60) each",
        run: test::fuzz,
    },
    Verb {
        name: "golden",
        takes: Takes::Nothing,
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
    if !verb.takes.allows(rest) {
        eprintln!("xtask: `{name}` does not take {:?}; it is called as `{}`", rest.join(" "), verb.usage());
        return ExitCode::from(MISUSED);
    }
    match (verb.run)(rest) {
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
            Takes::Nothing => format!("cargo xtask {}", self.name),
            Takes::Part(parts) => format!("cargo xtask {} [{}]", self.name, parts.join("|")),
            Takes::Words => format!("cargo xtask {} …", self.name),
        }
    }
}

impl Takes {
    fn allows(&self, words: &[&str]) -> bool {
        match (self, words) {
            (_, []) | (Self::Words, _) => true,
            (Self::Part(parts), [part]) => parts.contains(part),
            _ => false,
        }
    }
}
